/* test_world.h: for tests: a simulated world with a worker and a log, which may be closed, crashed and opened again.
 *
 *   WORLD_LOCAL    the embedded engine on the simulated disk
 *   WORLD_HOSTILE  the hostile engine, in memory
 *   WORLD_LATE     the same, and whoever committed hears of it after others have read it */
#pragma once

#include <stdlib.h>

#include "count/log.h"
#include "log/hostile/hostile.h"
#include "log/local/local.h"
#include "os/sim/sim.h"
#include "unit.h"

enum world_kind { WORLD_LOCAL, WORLD_HOSTILE, WORLD_LATE };

enum { WORLD_LATE_US_MAX = 20000 };

struct world {
    enum world_kind kind;
    uint64_t random;
    struct os *os;
    struct os_loop *loop;
    struct os_worker *worker;
    struct log *log; /* what the room under test gets */
    struct log late; /* before `inner` */
    struct log *inner;
    bool opened, closed, log_failed;
    enum err opened_err;
    const char *log_dir; /* "/log" */
    uint64_t segment_bytes, backlog_bytes;
    struct count_log count;
    struct log_horizon (*horizon)(void *ctx, log_id id);
    void *horizon_ctx;
    void (*stop)(void *ctx); /* the rooms hear that the log is closed */
    void *stop_ctx;
};

static inline uint64_t world_below(struct world *world, uint64_t bound)
{
    return (unit_random(&world->random) >> 11) % bound;
}

static inline void world_run(struct world *world, int64_t within_us)
{
    sim_run_until(world->os, within_us, NULL, NULL);
}

static inline bool world_is_set(void *ctx)
{
    return *(bool *)ctx;
}

/* Run until `*flag`; at most ten minutes. */
static inline bool world_until(struct world *world, bool *flag)
{
    return *flag || sim_run_until(world->os, 600ll * 1000000, world_is_set, flag);
}

/* ---- an engine whose `done` is late ------------------------------------------------------------------------------ */

struct late_commit {
    struct log_commit commit;
    struct log_commit *outer;
    struct world *world;
    struct os_timer timer;
    enum err err;
};

static inline struct world *late_world(struct log *log)
{
    return container_of(log, struct world, late);
}

static inline void late_fire(struct os_timer *timer)
{
    struct late_commit *late = container_of(timer, struct late_commit, timer);
    struct log_commit *outer = late->outer;
    enum err err = late->err;

    outer->time = late->commit.time;
    free(late);
    outer->done(outer, err);
}

static inline void late_done(struct log_commit *commit, enum err err)
{
    struct late_commit *late = container_of(commit, struct late_commit, commit);

    late->err = err;
    late->timer.fire = late_fire;
    os_timer_start(late->world->loop, &late->timer, (int64_t)world_below(late->world, WORLD_LATE_US_MAX));
}

static inline enum err late_submit(struct log *log, struct log_commit *commit)
{
    struct late_commit *late = calloc(1, sizeof(*late));
    enum err err;

    late->commit = *commit;
    late->commit.done = late_done;
    late->outer = commit;
    late->world = late_world(log);
    err = log_submit(late_world(log)->inner, &late->commit);
    if (err != OK)
        free(late);
    return err;
}

static inline enum err late_read(struct log *log, struct log_read *read)
{
    return log_read(late_world(log)->inner, read);
}

static inline void late_release(struct log *log, struct log_read *read)
{
    log_read_release(late_world(log)->inner, read);
}

static inline void late_cancel(struct log *log, struct log_read *read)
{
    log_read_cancel(late_world(log)->inner, read);
}

static inline log_pos late_end(struct log *log, log_id id)
{
    return log_end(late_world(log)->inner, id);
}

static inline void late_watch(struct log *log, struct log_watch *watch)
{
    log_watch(late_world(log)->inner, watch);
}

static inline void late_unwatch(struct log *log, struct log_watch *watch)
{
    log_unwatch(late_world(log)->inner, watch);
}

static inline void late_close(struct log *log, void (*closed)(void *ctx), void *ctx)
{
    log_close(late_world(log)->inner, closed, ctx);
}

static const struct log_engine world_late_engine = {
    .submit = late_submit,
    .read = late_read,
    .release = late_release,
    .cancel = late_cancel,
    .end = late_end,
    .watch = late_watch,
    .unwatch = late_unwatch,
    .close = late_close,
};

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static inline struct log_horizon world_horizon(void *ctx, log_id id)
{
    struct world *world = ctx;

    return world->horizon ? world->horizon(world->horizon_ctx, id) : (struct log_horizon){ 0 };
}

static inline void world_report(void *ctx, int level, str sentence)
{
    (void)ctx;
    if (getenv("WORLD_VERBOSE"))
        fprintf(stderr, "  log %d: %.*s\n", level, STR_ARG(sentence));
}

static inline void world_failed(void *ctx, enum err err, str sentence)
{
    (void)err;
    world_report(ctx, 0, sentence);
    ((struct world *)ctx)->log_failed = true;
}

static inline void world_opened(void *ctx, enum err err, struct log *log)
{
    struct world *world = ctx;

    world->opened = true;
    world->opened_err = err;
    world->log = world->inner = log;
}

static inline enum err world_open(struct world *world)
{
    struct log_local_config local = {
        .os = world->os,
        .dir = world->log_dir,
        .control_log = 1,
        .durability = LOG_SYNC,
        .tail_bytes_max = 1 << 20,
        .backlog_bytes_max = world->backlog_bytes,
        .queue_bytes_max = 16 << 20,
        .segment_bytes_max = world->segment_bytes,
        .settled_bytes_max = 1 << 20,
        .bucket_ms = 3600 * 1000,
        .index_cache_bytes = 64 << 10,
        .user = { .horizon = world_horizon, .report = world_report, .failed = world_failed, .ctx = world },
        .count = &world->count,
    };
    struct log_hostile_config hostile = {
        .os = world->os,
        .seed = world_below(world, 1u << 30),
        .delay_us_max = 3000,
        .full_per_mille = 30,
    };

    TRY(os_loop_create(world->os, &world->loop));
    TRY(os_worker_create(world->os, "test", 1, &world->worker));
    world->opened = world->closed = world->log_failed = false;
    world->log = world->inner = NULL;
    local.loop = hostile.loop = world->loop;
    if (world->kind == WORLD_LOCAL) {
        TRY(log_local_open(&local, world_opened, world));
        return world_until(world, &world->opened) ? world->opened_err : ERR_TIMEOUT;
    }
    TRY(log_hostile_open(&hostile, &world->inner));
    world->late.engine = &world_late_engine;
    world->log = world->kind == WORLD_LATE ? &world->late : world->inner;
    return OK;
}

static inline void world_on_closed(void *ctx)
{
    struct world *world = ctx;

    world->closed = true;
    if (world->stop)
        world->stop(world->stop_ctx);
}

/* Close the log and end what jobs there are; then the rooms are closed, then world_end. */
static inline void world_close(struct world *world)
{
    if (world->log) {
        log_close(world->log, world_on_closed, world);
        CHECK(world_until(world, &world->closed));
    }
    world->log = NULL;
    world_run(world, WORLD_LATE_US_MAX);
    os_worker_destroy(world->worker);
    world_run(world, 1000);
}

static inline void world_end(struct world *world)
{
    os_loop_destroy(world->loop);
    world->log = NULL;
}

static inline struct world *world_create(enum world_kind kind, uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));

    world->kind = kind;
    world->log_dir = "/log";
    world->segment_bytes = 16 << 20;
    world->backlog_bytes = 8 << 20;
    world->random = seed * 0x9e3779b97f4a7c15u | 1;
    if (sim_create(seed, &world->os) != OK || os_mkdir(world->os, "/log") != OK || os_mkdir(world->os, "/data") != OK ||
        os_sync_dir(world->os, "/") != OK)
        abort();
    return world;
}

static inline void world_destroy(struct world *world)
{
    os_destroy(world->os);
    free(world);
}
