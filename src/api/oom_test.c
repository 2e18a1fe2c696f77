/* oom_test.c: while a request is served the first allocation fails, then the second, and so on until none is left to
 * fail: it is answered or its connection ends, nothing leaks, and the next request is served as if nothing had been.
 * The linker sends our allocations here; those of libcrypto stay real. */
#include "oom.h"

#include <assert.h>

#include "api/test_api.h"

enum { ANSWER_MAX = 4096, ALLOCATIONS_MAX = 400 };

struct tally {
    unsigned failed, refused;
};

static str typed_text(const char *type, const char *operation, str body, char text[static ANSWER_MAX])
{
    int size = snprintf(text, ANSWER_MAX,
                        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-%s-1.1\r\n"
                        "X-Amz-Target: Kinesis_20131202.%s\r\nAuthorization: AWS4-HMAC-SHA256 "
                        "Credential=K/20200101/here/kinesis/aws4_request, SignedHeaders=host, Signature=0\r\n"
                        "X-Amz-Date: 20200101T000000Z\r\nContent-Length: %zu\r\n\r\n",
                        type, operation, body.size);

    assert((size_t)size + body.size <= ANSWER_MAX);
    memcpy(text + size, body.at, body.size);
    return str_bytes(text, (size_t)size + body.size);
}

static str request_text(const char *operation, const char *body, char text[static ANSWER_MAX])
{
    return typed_text("json", operation, str_of(body), text);
}

/* The status of the answer, 0 if the connection was given up; `allocations` succeed before one fails. */
static int hear(struct play *play, str input, long allocations, bool *ret_failed, struct buf *answer)
{
    struct http_conn *conn;
    int status = 0;

    buf_init(answer, 1 << 20);
    CHECK_INT(http_conn_create(&play_http, play, 0, &conn), OK);
    oom.countdown = allocations;
    http_input(conn, input.at, input.size, 0);
    CHECK(sim_run_until(play->stage.bench.world->os, 60000000, is_idle, play));
    *ret_failed = allocations >= 0 && oom.countdown < 0;
    oom.countdown = -1;
    take_answer(conn, answer);
    http_conn_destroy(conn);
    CHECK_INT(api_live(play->api), 0);
    CHECK_INT(api_answer_bytes(play->api), 0);
    if (answer->size > 12 && CHECK(str_starts(buf_str(answer), STR("HTTP/1.1 "))))
        status = atoi(answer->at + 9);
    return status;
}

static int ask(struct play *play, str input, long allocations, bool *ret_failed)
{
    struct buf answer;
    int status = hear(play, input, allocations, ret_failed, &answer);

    buf_deinit(&answer);
    return status;
}

/* Nothing fails, but that the hostile engine is full now and then, as it may be. */
static int ask_again(struct play *play, str input)
{
    int status = 503;
    bool none;

    for (int i = 0; i < 50 && status == 503; i++)
        status = ask(play, input, -1, &none);
    return status;
}

static void make_stream(struct play *play)
{
    char text[ANSWER_MAX];

    CHECK_INT(ask_again(play, request_text("CreateStream", "{\"StreamName\":\"s\",\"ShardCount\":2}", text)), 200);
    world_run(play->stage.bench.world, 5000000);
}

static void sweep_text(struct play *play, struct tally *tally, str input)
{
    bool failed = true;
    long allocations = 0;

    if (!CHECK_INT(ask_again(play, input), 200))
        return;
    for (; failed && allocations < ALLOCATIONS_MAX; allocations++) {
        int status = ask(play, input, allocations, &failed);

        if (!CHECK(status == 0 || status == 200 || status >= 500))
            return;
        tally->failed += failed;
        tally->refused += status >= 500;
        if (!CHECK_INT(ask_again(play, input), 200))
            return;
    }
    CHECK(allocations > 1 && allocations < ALLOCATIONS_MAX);
}

static void sweep(struct play *play, struct tally *tally, const char *operation, const char *body)
{
    char text[ANSWER_MAX];

    sweep_text(play, tally, request_text(operation, body, text));
}

/* An iterator of the shard, as the body of a GetRecords in CBOR. */
static str iterator_cbor(struct play *play, const char *shard, char body[static ANSWER_MAX])
{
    static const char key[] = "\"ShardIterator\":\"", head[] = "\xa1\x6dShardIterator\x79";
    char text[ANSWER_MAX], ask_for[200], *at = body;
    struct buf answer = { 0 };
    const char *from;
    size_t size;
    int status = 503;
    bool none;

    snprintf(ask_for, sizeof(ask_for),
             "{\"StreamName\":\"s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}", shard);
    for (int i = 0; i < 50 && status == 503; i++) {
        buf_deinit(&answer);
        status = hear(play, request_text("GetShardIterator", ask_for, text), -1, &none, &answer);
    }
    buf_byte(&answer, 0);
    from = answer.at ? strstr(answer.at, key) : NULL;
    if (!CHECK(status == 200 && from)) {
        buf_deinit(&answer);
        return STR("");
    }
    from += sizeof(key) - 1;
    size = strcspn(from, "\"");
    memcpy(at, head, sizeof(head) - 1);
    at += sizeof(head) - 1;
    *at++ = (char)(size >> 8);
    *at++ = (char)size;
    memcpy(at, from, size);
    buf_deinit(&answer);
    return str_bytes(body, (size_t)(at - body) + size);
}

TEST("records that are sent from where they lie are whole, and given back whatever fails")
{
    struct play play = { .api = NULL };
    struct tally tally = { 0 };
    char put[ANSWER_MAX], text[ANSWER_MAX], body[ANSWER_MAX], data[1025] = { 0 };
    struct buf answer = { 0 };
    size_t found = 0;
    bool none;

    memset(data, 'Q', 1024); /* 768 bytes, which base64 shows as 256 times "QQQQ": 0x41, 0x04, 0x10 */
    if (!CHECK(open_play(&play)))
        return;
    make_stream(&play);
    snprintf(put, sizeof(put), "{\"StreamName\":\"s\",\"Data\":\"%s\",\"PartitionKey\":\"a\"}", data);
    CHECK_INT(ask_again(&play, request_text("PutRecord", put, text)), 200);
    for (int shard = 0; shard < 2; shard++) {
        char id[] = "shardId-000000000000";
        str input;
        int status = 503;

        id[sizeof(id) - 2] = (char)('0' + shard);
        input = typed_text("cbor", "GetRecords", iterator_cbor(&play, id, body), text);
        for (int i = 0; i < 50 && status == 503; i++) {
            buf_deinit(&answer);
            status = hear(&play, input, -1, &none, &answer);
        }
        CHECK_INT(status, 200);
        for (size_t at = 0; at + 3 <= answer.size; at++) {
            bool here = memcmp(answer.at + at, "\x41\x04\x10", 3) == 0;

            found += here;
            at += here ? 2 : 0;
        }
        sweep_text(&play, &tally, input);
    }
    CHECK_INT(found, 256);
    CHECK(tally.failed > 10);
    buf_deinit(&answer);
    close_play(&play);
}

TEST("whatever allocation fails, a request is answered or its connection ends, and the next one is served")
{
    struct play play = { .api = NULL };
    struct tally tally = { 0 };

    if (!CHECK(open_play(&play)))
        return;
    make_stream(&play);
    sweep(&play, &tally, "PutRecord", "{\"StreamName\":\"s\",\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"k\"}");
    sweep(&play, &tally, "PutRecords",
          "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"a\"},"
          "{\"Data\":\"\",\"PartitionKey\":\"b\"},{\"Data\":\"eA==\",\"PartitionKey\":\"c\"}]}");
    sweep(&play, &tally, "DescribeStream", "{\"StreamName\":\"s\"}");
    sweep(&play, &tally, "ListShards", "{\"StreamName\":\"s\"}");
    sweep(&play, &tally, "GetShardIterator",
          "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\"}");
    sweep(&play, &tally, "DescribeLimits", "{}");
    CHECK(tally.failed > 20 && tally.refused > 10);
    close_play(&play);
}

UNIT_MAIN
