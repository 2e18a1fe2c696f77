/* test_api.h: for tests: the API over streams in a simulated world, and connections to it. */
#pragma once

#include <stdlib.h>

#include "api/api.h"
#include "kinesis_model.h"
#include "stream/test_stream.h"

extern operation_call *const kinesis_calls[];

struct play {
    struct stage stage;
    struct api *api;
    struct sigv4 *sigv4;
    struct iter_sealer *sealer;
    struct count_api count;
};

static inline void on_request(void *ctx, struct http_request *request)
{
    api_request(((struct play *)ctx)->api, request, STR("127.0.0.1"));
}

static inline void on_cancelled(void *ctx, struct http_request *request)
{
    api_cancelled(((struct play *)ctx)->api, request);
}

static inline void on_room(void *ctx, struct http_request *request)
{
    api_room(((struct play *)ctx)->api, request);
}

static inline void on_access(void *ctx, const struct rq *rq, int status, str error, size_t bytes_out, int64_t micros)
{
    (void)ctx;
}

static inline void on_answered(void *ctx, struct http_conn *conn)
{
    (void)ctx;
}

static inline bool is_idle(void *ctx)
{
    return api_live(((struct play *)ctx)->api) == 0;
}

static inline bool open_play(struct play *play)
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

static inline void close_play(struct play *play)
{
    world_run(play->stage.bench.world, 1000); /* messages that are on their way arrive */
    api_destroy(play->api);
    stage_destroy(&play->stage);
    iter_sealer_destroy(play->sealer);
    sigv4_destroy(play->sigv4);
}

static const struct http_config play_http = {
    .body_bytes_max = 1 << 20, .swallow_bytes_max = 1 << 20, .streams_max = 100, .window_bytes = 65535,
    .pipeline_max = 4, .header_timeout_ms = 1000, .body_timeout_ms = 1000, .idle_timeout_ms = 1000,
    .write_timeout_ms = 1000, .request = on_request, .cancelled = on_cancelled, .room = on_room,
};

static inline void take_answer(struct http_conn *conn, struct buf *answer)
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
