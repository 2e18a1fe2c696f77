/* oom_test.c: while a request is served the first allocation fails, then the second, and so on until none is left to
 * fail: it is answered or its connection ends, nothing leaks, and the next request is served as if nothing had been.
 * The linker sends our allocations here; those of libcrypto stay real. */
#include <stdlib.h>

#include "api/api.h"
#include "kinesis_model.h"
#include "oom.h"
#include "stream/test_stream.h"

extern operation_call *const kinesis_calls[];

enum { ANSWER_MAX = 4096, ALLOCATIONS_MAX = 400 };

struct play {
    struct stage stage;
    struct api *api;
    struct sigv4 *sigv4;
    struct iter_sealer *sealer;
    struct count_api count;
    unsigned failed, refused;
};

static void on_request(void *ctx, struct http_request *request)
{
    api_request(((struct play *)ctx)->api, request, STR("127.0.0.1"));
}

static void on_cancelled(void *ctx, struct http_request *request)
{
    api_cancelled(((struct play *)ctx)->api, request);
}

static void on_room(void *ctx, struct http_request *request)
{
    api_room(((struct play *)ctx)->api, request);
}

static void on_access(void *ctx, const struct rq *rq, int status, str error, size_t bytes_out, int64_t micros)
{
    (void)ctx;
}

static void on_answered(void *ctx, struct http_conn *conn)
{
    (void)ctx;
}

static bool is_idle(void *ctx)
{
    return api_live(((struct play *)ctx)->api) == 0;
}

static bool open_play(struct play *play)
{
    static const struct api_service services[] = { { &kinesis_service, kinesis_calls } };
    static const uint8_t key[SEAL_KEY_BYTES] = { 1 };
    struct api_config config = { .services = services,
                                 .service_count = 1,
                                 .account = STR("123456789012"),
                                 .region = STR("here"),
                                 .limits = &play->stage.limits,
                                 .quotas = { .shards = 100, .on_demand_streams = 10, .streams_in_transition = 5 },
                                 .body_bytes_max = 1 << 20,
                                 .arena_bytes_max = 8 << 20,
                                 .requests_max = 10,
                                 .answer_bytes_max = 8 << 20,
                                 .seed = 1,
                                 .count = &play->count,
                                 .access = on_access,
                                 .answered = on_answered,
                                 .ctx = play };

    stage_create(&play->stage, WORLD_HOSTILE, 1);
    if (!stage_open(&play->stage) ||
        sigv4_create((struct sigv4_bounds){ 10, 1 << 16 }, 1, &play->sigv4) != OK ||
        iter_sealer_create(key, 1, &play->sealer) != OK)
        return false;
    config.os = play->stage.bench.world->os;
    config.loop = play->stage.bench.world->loop;
    config.catalog = play->stage.bench.catalog;
    config.streams = play->stage.streams;
    config.log = play->stage.bench.world->log;
    config.keyring = play->stage.keyring;
    config.sealer = play->sealer;
    config.sigv4 = play->sigv4;
    return api_create(&config, &play->api) == OK;
}

static void close_play(struct play *play)
{
    api_destroy(play->api);
    stage_destroy(&play->stage);
    iter_sealer_destroy(play->sealer);
    sigv4_destroy(play->sigv4);
}

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

static void take_answer(struct http_conn *conn, struct buf *answer)
{
    struct http_iov iov[8];
    size_t count;

    while ((count = http_output(conn, iov, 8)) > 0) {
        size_t bytes = 0;

        for (size_t i = 0; i < count; i++) {
            buf_append(answer, str_bytes(iov[i].at, iov[i].size));
            bytes += iov[i].size;
        }
        http_output_done(conn, bytes, 0);
    }
}

/* The status of the answer, 0 if the connection was given up; `allocations` succeed before one fails. */
static int ask(struct play *play, str input, long allocations, bool *ret_failed)
{
    static const struct http_config bounds = {
        .body_bytes_max = 1 << 20, .swallow_bytes_max = 1 << 20, .streams_max = 100, .window_bytes = 65535,
        .pipeline_max = 4, .header_timeout_ms = 1000, .body_timeout_ms = 1000, .idle_timeout_ms = 1000,
        .write_timeout_ms = 1000, .request = on_request, .cancelled = on_cancelled, .room = on_room,
    };
    struct http_conn *conn;
    struct buf answer;
    int status = 0;

    buf_init(&answer, 1 << 20);
    CHECK_INT(http_conn_create(&bounds, play, 0, &conn), OK);
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

static void sweep(struct play *play, const char *operation, const char *body)
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
        play->failed += failed;
        play->refused += status >= 500;
        if (!CHECK_INT(ask_again(play, input), 200))
            return;
    }
    CHECK(allocations > 1 && allocations < ALLOCATIONS_MAX);
}

TEST("whatever allocation fails, a request is answered or its connection ends, and the next one is served")
{
    struct play play = { .failed = 0 };

    if (!CHECK(open_play(&play)))
        return;
    make_stream(&play);
    sweep(&play, "PutRecord", "{\"StreamName\":\"s\",\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"k\"}");
    sweep(&play, "PutRecords",
          "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"aGVsbG8=\",\"PartitionKey\":\"a\"},"
          "{\"Data\":\"\",\"PartitionKey\":\"b\"},{\"Data\":\"eA==\",\"PartitionKey\":\"c\"}]}");
    sweep(&play, "DescribeStream", "{\"StreamName\":\"s\"}");
    sweep(&play, "ListShards", "{\"StreamName\":\"s\"}");
    sweep(&play, "GetShardIterator",
          "{\"StreamName\":\"s\",\"ShardId\":\"shardId-000000000000\",\"ShardIteratorType\":\"TRIM_HORIZON\"}");
    sweep(&play, "DescribeLimits", "{}");
    CHECK(play.failed > 20 && play.refused > 10);
    close_play(&play);
}

UNIT_MAIN
