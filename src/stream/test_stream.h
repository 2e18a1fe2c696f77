/* test_stream.h: for tests: streams over a catalog in a simulated world. */
#pragma once

#include "catalog/test_catalog.h"
#include "stream/keyring.h"
#include "stream/stream.h"

struct stage {
    struct bench bench;
    struct keyring *keyring;
    struct streams *streams;
    struct stream_limits limits;
    struct count_stream total;
    uint32_t epoch;
    size_t waiting_max;
    int64_t waiting_ms_max;
};

static inline void stage_keys_changed(void *ctx)
{
    struct stage *stage = ctx;

    if (stage->streams)
        streams_keys_changed(stage->streams);
}

static inline void stage_event(void *ctx, enum catalog_event event, struct stream *stream, void *object)
{
    struct stage *stage = ctx;

    if (stage->streams)
        streams_event(stage->streams, event, stream, object);
}

static inline void stage_stop(void *ctx)
{
    struct stage *stage = ctx;

    streams_stop(stage->streams);
    bench_stop(&stage->bench);
}

static inline bool stage_open(struct stage *stage)
{
    char why[256];

    if (!CHECK(bench_open(&stage->bench)))
        return false;
    struct world *world = stage->bench.world;
    struct keyring_config keys = { .os = world->os,
                                   .loop = world->loop,
                                   .worker = world->worker,
                                   .dir = world->kind == WORLD_LOCAL ? "/data" : NULL,
                                   .create_missing = true,
                                   .epoch = ++stage->epoch,
                                   .changed = stage_keys_changed,
                                   .ctx = stage };

    if (!CHECK_INT(keyring_open(&keys, &stage->keyring, why), OK))
        return false;
    struct streams_config config = { .os = world->os,
                                     .loop = world->loop,
                                     .log = world->log,
                                     .catalog = stage->bench.catalog,
                                     .keyring = stage->keyring,
                                     .limits = &stage->limits,
                                     .total = &stage->total,
                                     .waiting_max = stage->waiting_max,
                                     .waiting_ms_max = stage->waiting_ms_max };

    world->stop = stage_stop;
    world->stop_ctx = stage;
    return CHECK_INT(streams_create(&config, &stage->streams), OK);
}

static inline void stage_create(struct stage *stage, enum world_kind kind, uint64_t seed)
{
    *stage = (struct stage){ .waiting_max = 1000,
                             .waiting_ms_max = 10000,
                             .limits = { .write_bytes = 1 << 20,
                                         .write_records = 1000,
                                         .write_burst_bytes = 10 << 20,
                                         .read_bytes = 2 << 20,
                                         .read_calls = 5,
                                         .iterator_calls = 5,
                                         .fanout_bytes = 2 << 20,
                                         .hot_shard_bytes = 1 << 20 } };
    bench_create(&stage->bench, kind, seed);
    stage->bench.event = stage_event;
    stage->bench.event_ctx = stage;
}

static inline void stage_close(struct stage *stage)
{
    world_close(stage->bench.world);
    streams_destroy(stage->streams);
    stage->streams = NULL;
    catalog_close(stage->bench.catalog);
    stage->bench.catalog = NULL;
    keyring_close(stage->keyring);
    stage->keyring = NULL;
    world_end(stage->bench.world);
}

static inline void stage_destroy(struct stage *stage)
{
    stage_close(stage);
    world_destroy(stage->bench.world);
}

/* A put of one record, waited for. */
struct stage_put {
    struct put put;
    struct put_entry entry;
    struct arena arena;
    bool done;
    enum err err;
};

static inline void stage_put_done(struct put *put, enum err err)
{
    struct stage_put *one = container_of(put, struct stage_put, put);

    one->done = true;
    one->err = err;
    arena_deinit(&one->arena);
}

static inline void stage_put_start(struct stage *stage, struct stage_put *one, str key, str data)
{
    *one = (struct stage_put){ 0 };
    arena_init(&one->arena, 1 << 20);
    one->entry = (struct put_entry){ .key = key, .data = data };
    one->put = (struct put){ .stream_id = bench_stream(&stage->bench)->id,
                             .entries = &one->entry,
                             .count = 1,
                             .arena = &one->arena,
                             .done = stage_put_done };
    put_start(stage->streams, &one->put);
}

/* What became of it: the call's error, or else the entry's. */
static inline enum err stage_put(struct stage *stage, struct stage_put *one, str key, str data)
{
    stage_put_start(stage, one, key, data);
    CHECK(world_until(stage->bench.world, &one->done));
    return one->err != OK ? one->err : one->entry.err;
}

/* A read, waited for; after OK stream_read_release is owed. */
struct stage_read {
    struct stream_read read;
    bool done;
    enum err err;
};

static inline void stage_read_done(struct stream_read *read, enum err err)
{
    struct stage_read *entry = container_of(read, struct stage_read, read);

    entry->done = true;
    entry->err = err;
}

static inline enum err stage_read(struct stage *stage, struct stage_read *entry)
{
    entry->done = false;
    entry->read.done = stage_read_done;
    entry->err = stream_read_start(stage->streams, &entry->read);
    if (entry->err == ERR_PENDING)
        CHECK(world_until(stage->bench.world, &entry->done));
    return entry->err;
}

/* Encrypt the stream under the key, or (absent) no more. */
static inline enum err stage_encrypt(struct stage *stage, str key_arn)
{
    struct bench_job job = { .job = { .kind = int_of(JOB_ENCRYPT),
                                      .encrypt = bool_of(str_present(key_arn)),
                                      .key_arn = key_arn,
                                      .key_name = key_arn } };

    return bench_commit(&stage->bench, bench_stage_job, &job);
}
