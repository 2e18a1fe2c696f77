/* test_catalog.h: for tests: a catalog in a simulated world, and the handlers' part of its changes. */
#pragma once

#include "catalog/catalog.h"
#include "catalog/layout.h"
#include "store/test_world.h"

enum { BENCH_TRANSITION_MS = 500, BENCH_RETENTION_HOURS = 24 };

/* A world with a catalog in it. */
struct bench {
    struct world *world;
    struct catalog *catalog;
    bool opened, failed;
    enum err err;
    void (*event)(void *ctx, enum catalog_event event, struct stream *stream, void *object);
    void *event_ctx;
    uint64_t events[CONSUMER_GONE + 1];
};

static inline void bench_event(void *ctx, enum catalog_event event, struct stream *stream, void *object)
{
    struct bench *bench = ctx;

    bench->events[event]++;
    if (bench->event)
        bench->event(bench->event_ctx, event, stream, object);
}

static inline void bench_failed(void *ctx, enum err err, str sentence)
{
    (void)err;
    (void)sentence;
    ((struct bench *)ctx)->failed = true;
}

static inline void bench_opened(void *ctx, enum err err)
{
    ((struct bench *)ctx)->opened = true;
    ((struct bench *)ctx)->err = err;
}

static inline struct log_horizon bench_horizon(void *ctx, log_id id)
{
    struct bench *bench = ctx;

    return bench->catalog ? catalog_horizon(bench->catalog, id, os_wall_ms(bench->world->os))
                          : (struct log_horizon){ 0 };
}

/* The catalog on a world whose log is open. */
static inline bool bench_start(struct bench *bench)
{
    struct world *world = bench->world;
    struct catalog_config config = { .os = world->os,
                                     .loop = world->loop,
                                     .worker = world->worker,
                                     .log = world->log,
                                     .dir = world->kind == WORLD_LOCAL ? "/data" : NULL,
                                     .seed = 7,
                                     .transition_ms = BENCH_TRANSITION_MS,
                                     .snapshot_bytes_min = 4000,
                                     .event = bench_event,
                                     .failed = bench_failed,
                                     .ctx = bench };

    bench->opened = bench->failed = false;
    return CHECK_INT(catalog_open(&config, bench_opened, &bench->catalog), OK) &&
           CHECK(world_until(world, &bench->opened)) && CHECK_INT(bench->err, OK);
}

static inline void bench_stop(void *ctx)
{
    struct bench *bench = ctx;

    if (bench->catalog)
        catalog_stop(bench->catalog);
}

static inline bool bench_open(struct bench *bench)
{
    bench->world->stop = bench_stop;
    bench->world->stop_ctx = bench;
    bench->world->horizon = bench_horizon;
    bench->world->horizon_ctx = bench;
    return CHECK_INT(world_open(bench->world), OK) && bench_start(bench);
}

static inline void bench_create(struct bench *bench, enum world_kind kind, uint64_t seed)
{
    *bench = (struct bench){ .world = world_create(kind, seed) };
}

static inline void bench_close(struct bench *bench)
{
    world_close(bench->world);
    catalog_close(bench->catalog);
    bench->catalog = NULL;
    world_end(bench->world);
}

static inline void bench_destroy(struct bench *bench)
{
    bench_close(bench);
    world_destroy(bench->world);
}

/* ---- changes as handlers make them ---------------------------------------------------------------------------------
 */

static inline struct stream *bench_stream(const struct bench *bench)
{
    return catalog_stream(bench->catalog, STR("1"), STR("here"), STR("s"));
}

struct bench_change {
    struct arena arena;
    struct store_txn txn;
    bool done;
    enum err err;
};

static inline void bench_changed(struct store_txn *txn, enum err err)
{
    struct bench_change *change = container_of(txn, struct bench_change, txn);

    change->done = true;
    change->err = err;
}

/* Begin, let `stage` write, commit, wait; again on CONFLICT and FULL. */
static inline enum err bench_commit(struct bench *bench,
                                    void (*stage)(struct bench *bench, struct store_txn *txn, void *ctx), void *ctx)
{
    struct bench_change change;

    do {
        arena_init(&change.arena, 64 << 20);
        change.done = false;
        catalog_begin(bench->catalog, &change.txn, &change.arena);
        stage(bench, &change.txn, ctx);
        store_commit(&change.txn, os_wall_ms(bench->world->os), bench_changed);
        CHECK(world_until(bench->world, &change.done));
        arena_deinit(&change.arena);
    } while (change.err == ERR_CONFLICT || change.err == ERR_FULL);
    return change.err;
}

static inline void bench_stage_create(struct bench *bench, struct store_txn *txn, void *ctx)
{
    ms now = os_wall_ms(bench->world->os);
    struct catalog_job job = { .target = int_of(*(uint32_t *)ctx) };
    struct catalog_stream_record record = { .name = STR("s"),
                                            .account = STR("1"),
                                            .region = STR("here"),
                                            .created_at = ms_of(now),
                                            .status = int_of(STREAM_CREATING),
                                            .due_at = ms_of(now + BENCH_TRANSITION_MS),
                                            .job = &job,
                                            .mode = int_of(MODE_PROVISIONED),
                                            .retention_hours = int_of(BENCH_RETENTION_HOURS) };

    catalog_read_stream_name(txn, STR("1"), STR("here"), STR("s"));
    record.id = int_of((int64_t)catalog_take_id(bench->catalog, txn));
    catalog_put_stream(txn, &record);
}

struct bench_job {
    struct catalog_job job;
    u128 at;
};

static inline void bench_stage_job(struct bench *bench, struct store_txn *txn, void *ctx)
{
    struct bench_job *wanted = ctx;
    struct stream *stream = bench_stream(bench);
    struct catalog_stream_record record = *stream->record;
    uint8_t at[16];

    for (int i = 0; i < 16; i++)
        at[i] = (uint8_t)(wanted->at >> (8 * (15 - i)));
    wanted->job.at = str_bytes(at, sizeof(at));
    catalog_read_stream(txn, stream);
    catalog_begin_job(bench->catalog, &record, &wanted->job, os_wall_ms(bench->world->os));
    catalog_put_stream(txn, &record);
}

static inline void bench_stage_delete(struct bench *bench, struct store_txn *txn, void *ctx)
{
    struct stream *stream = bench_stream(bench);
    struct catalog_stream_record record = *stream->record;

    (void)ctx;
    catalog_read_stream(txn, stream);
    record.status = int_of(STREAM_DELETING);
    record.due_at = ms_of(os_wall_ms(bench->world->os) + BENCH_TRANSITION_MS);
    record.job = NULL;
    catalog_put_stream(txn, &record);
}

static inline bool bench_is_active(void *ctx)
{
    const struct stream *stream = bench_stream(ctx);

    return stream && stream->record->status.value == STREAM_ACTIVE;
}

static inline bool bench_is_deleted(void *ctx)
{
    return bench_stream(ctx) == NULL;
}

static inline bool bench_settle(struct bench *bench)
{
    return bench_is_active(bench) || sim_run_until(bench->world->os, 600ll * 1000000, bench_is_active, bench);
}

static inline bool bench_create_stream(struct bench *bench, uint32_t shards)
{
    return CHECK_INT(bench_commit(bench, bench_stage_create, &shards), OK) && CHECK(bench_settle(bench));
}

static inline enum err bench_scale(struct bench *bench, uint32_t target)
{
    struct bench_job job = { .job = { .kind = int_of(JOB_SCALE), .target = int_of(target) } };

    return bench_commit(bench, bench_stage_job, &job);
}

static inline enum err bench_split(struct bench *bench, uint32_t index, u128 at)
{
    struct bench_job job = { .job = { .kind = int_of(JOB_SPLIT), .shard = int_of(index) }, .at = at };

    return bench_commit(bench, bench_stage_job, &job);
}

static inline enum err bench_merge(struct bench *bench, uint32_t index, uint32_t adjacent)
{
    struct bench_job job = { .job = {
                                 .kind = int_of(JOB_MERGE), .shard = int_of(index), .adjacent = int_of(adjacent) } };

    return bench_commit(bench, bench_stage_job, &job);
}

/* ---- what always holds ------------------------------------------------------------------------------------------- */

/* The open shards cover the hash space once, and children are younger than their parents. */
static inline void bench_check(const struct bench *bench)
{
    struct stream *stream = bench_stream(bench);
    struct shard *const *open;
    size_t count;
    u128 next = 0;

    if (stream == NULL || stream->record->status.value == STREAM_CREATING)
        return;
    open = stream_open_shards(stream, &count);
    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        CHECK(open[i]->start == next && open[i]->end >= open[i]->start && open[i]->closed_at == 0);
        next = open[i]->end + 1;
    }
    CHECK(next == 0 && open[count - 1]->end == U128_MAX);
    for (size_t i = 0; i < stream->shard_count; i++) {
        const struct shard *shard = stream->shards[i];
        int64_t up[2] = { shard->parent, shard->adjacent };

        CHECK(i == 0 || stream->shards[i - 1]->index < shard->index);
        CHECK(shard->index < (uint32_t)stream->record->next_shard.value);
        for (int j = 0; j < 2; j++) {
            const struct shard *parent = up[j] == SHARD_NONE ? NULL : stream_shard(stream, (uint32_t)up[j]);

            if (parent)
                CHECK(parent->closed_at && shard->created_s > parent->created_s);
        }
    }
}
