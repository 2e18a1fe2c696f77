/* oom_test.c: while a request is served the first allocation fails, then the second, and so on until none is left to
 * fail: it is answered or its connection ends, nothing leaks, and the next request is served as if nothing had been.
 * The linker sends our allocations here; those of libcrypto stay real. */
#include "oom.h"

#include "api/test_api.h"

enum { ANSWER_MAX = 4096, ALLOCATIONS_MAX = 400 };

struct tally {
    unsigned failed, refused;
};

static str request_text(const char *operation, const char *body, char text[static ANSWER_MAX])
{
    int size = snprintf(text, ANSWER_MAX,
                        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\n"
                        "X-Amz-Target: Kinesis_20131202.%s\r\nAuthorization: AWS4-HMAC-SHA256 "
                        "Credential=K/20200101/here/kinesis/aws4_request, SignedHeaders=host, Signature=0\r\n"
                        "X-Amz-Date: 20200101T000000Z\r\nContent-Length: %zu\r\n\r\n%s",
                        operation, strlen(body), body);

    return str_bytes(text, (size_t)size);
}

/* The status of the answer, 0 if the connection was given up; `allocations` succeed before one fails. */
static int ask(struct play *play, str input, long allocations, bool *ret_failed)
{
    struct http_conn *conn;
    struct buf answer;
    int status = 0;

    buf_init(&answer, 1 << 20);
    CHECK_INT(http_conn_create(&play_http, play, 0, &conn), OK);
    oom.countdown = allocations;
    http_input(conn, input.at, input.size, 0);
    CHECK(sim_run_until(play->stage.bench.world->os, 60000000, is_idle, play));
    *ret_failed = allocations >= 0 && oom.countdown < 0;
    oom.countdown = -1;
    take_answer(conn, &answer);
    http_conn_destroy(conn);
    CHECK_INT(api_live(play->api), 0);
    CHECK_INT(api_answer_bytes(play->api), 0);
    if (answer.size > 12 && CHECK(str_starts(buf_str(&answer), STR("HTTP/1.1 "))))
        status = atoi(answer.at + 9);
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

static void sweep(struct play *play, struct tally *tally, const char *operation, const char *body)
{
    char text[ANSWER_MAX];
    str input = request_text(operation, body, text);
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
