/* log_harness.h: for tests: an engine in a simulated world, and a naive model of what it should hold.
 *
 * The model is one plain array of appends. Every body begins with the number of its commit and append, and goes on with
 * bytes that follow from them, so whatever comes back says where it came from. */
#pragma once

#include <stdlib.h>

#include "base/bytes.h"
#include "count/log.h"
#include "log/hostile/hostile.h"
#include "log/local/local.h"
#include "os/sim/sim.h"
#include "unit.h"

enum { HARNESS_APPENDS_MAX = 20000, HARNESS_COMMIT_APPENDS_MAX = 8, HARNESS_COMMITS_MAX = 8000 };

enum fate { FATE_WAITING, FATE_OK, FATE_SEALED, FATE_CANCELLED, FATE_FAILED };

struct fact {
    uint64_t number;    /* of the append, from 1 */
    uint32_t commit;
    log_id log;
    log_pos first;
    uint32_t count, flags, size;
    ms time;
    enum fate fate;
};

struct harness {
    struct os *os;
    struct os_loop *loop;
    struct log *log;
    struct count_log count;
    struct log_local_config config;
    bool hostile;
    uint64_t seed, random;
    bool opened, closed, failed;
    enum err open_err;
    unsigned reports, errors;
    char last_report[300];
    bool (*gone)(log_id id);
    ms retention;            /* 0: for ever */
    struct fact facts[HARNESS_APPENDS_MAX];
    uint32_t fact_count, commit_count, waiting;
    bool atomic[HARNESS_COMMITS_MAX];
    log_pos greatest;
    enum err last_err;       /* of a commit */
};

/* ---- the user of the engine -------------------------------------------------------------------------------------- */

static struct log_horizon harness_horizon(void *ctx, log_id id)
{
    struct harness *h = ctx;
    struct log_horizon horizon = { .retention_class = (uint8_t)(id % 3) };

    if (h->gone)
        horizon.gone = h->gone(id);
    if (h->retention)
        horizon.before_time = os_wall_ms(h->os) - h->retention;
    return horizon;
}

static void harness_report(void *ctx, int level, str sentence)
{
    struct harness *h = ctx;

    h->reports++;
    h->errors += level == 3;
    snprintf(h->last_report, sizeof(h->last_report), "%.*s", STR_ARG(sentence));
    if (getenv("HARNESS_VERBOSE"))
        fprintf(stderr, "  report %d: %.*s\n", level, STR_ARG(sentence));
}

static void harness_failed(void *ctx, enum err err, str sentence)
{
    ((struct harness *)ctx)->failed = true;
}

static void harness_opened(void *ctx, enum err err, struct log *log)
{
    struct harness *h = ctx;

    h->opened = true;
    h->open_err = err;
    h->log = log;
}

static void harness_closed(void *ctx)
{
    ((struct harness *)ctx)->closed = true;
}

static bool harness_is_true(void *ctx)
{
    return *(bool *)ctx;
}

static bool harness_idle(void *ctx)
{
    return ((struct harness *)ctx)->waiting == 0;
}

static inline struct harness *harness_create(uint64_t seed, enum log_durability durability)
{
    struct harness *h = calloc(1, sizeof(*h));

    h->seed = seed;
    h->random = seed * 0x9e3779b97f4a7c15u | 1;
    if (sim_create(seed, &h->os) != OK || os_mkdir(h->os, "/log") != OK || os_sync_dir(h->os, "/") != OK)
        abort();
    h->config = (struct log_local_config){
        .os = h->os, .dir = "/log", .durability = durability, .tail_bytes_max = 64 << 10,
        .backlog_bytes_max = 512 << 10, .queue_bytes_max = 1 << 20, .segment_bytes_max = 64 << 10,
        .settled_bytes_max = 256 << 10, .bucket_ms = 3600 * 1000, .index_cache_bytes = 64 << 10,
        .user = { .horizon = harness_horizon, .report = harness_report, .failed = harness_failed, .ctx = h },
        .count = &h->count,
    };
    return h;
}

/* What opening answered. */
static inline enum err harness_open(struct harness *h)
{
    if (os_loop_create(h->os, &h->loop) != OK)
        return ERR_IO;
    h->config.loop = h->loop;
    h->opened = h->failed = h->closed = false;
    h->log = NULL;
    if (h->hostile) {
        struct log_hostile_config config = {
            .os = h->os, .loop = h->loop, .seed = h->seed, .delay_us_max = 3000, .full_per_mille = 50,
        };

        return log_hostile_open(&config, &h->log);
    }
    TRY(log_local_open(&h->config, harness_opened, h));
    sim_run_until(h->os, (int64_t)600 * 1000 * 1000, harness_is_true, &h->opened);
    if (!h->opened)
        return ERR_TIMEOUT;
    return h->open_err;
}

static inline void harness_close(struct harness *h)
{
    if (h->log) {
        h->closed = false;
        log_close(h->log, harness_closed, h);
        sim_run_until(h->os, (int64_t)600 * 1000 * 1000, harness_is_true, &h->closed);
        CHECK(h->closed);
    }
    h->log = NULL;
    os_loop_destroy(h->loop);
}

static inline void harness_destroy(struct harness *h)
{
    os_destroy(h->os);
    free(h);
}

static inline uint64_t harness_below(struct harness *h, uint64_t bound)
{
    return (unit_random(&h->random) >> 11) % bound;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

struct harness_commit {
    struct log_commit commit;
    struct harness *h;
    struct log_append appends[HARNESS_COMMIT_APPENDS_MAX];
    struct fact *facts[HARNESS_COMMIT_APPENDS_MAX];
};

static inline char harness_byte(uint64_t number, uint32_t at)
{
    return (char)((number * 31 + at * 7) >> 1);
}

static void harness_fill(const struct log_append *append, char *to)
{
    const struct fact *fact = append->ctx;

    for (uint32_t i = 0; i < append->size; i++)
        to[i] = harness_byte(fact->number, i);
    if (append->size >= 8)
        store_le64(to, fact->number);
}

static void harness_done(struct log_commit *commit, enum err err)
{
    struct harness_commit *entry = container_of(commit, struct harness_commit, commit);
    struct harness *h = entry->h;

    h->last_err = err;
    for (uint32_t i = 0; i < commit->append_count; i++) {
        struct fact *fact = entry->facts[i];
        const struct log_append *append = &entry->appends[i];

        if (err != OK) {
            fact->fate = FATE_FAILED;
            continue;
        }
        fact->fate = append->err == OK ? FATE_OK : append->err == ERR_SEALED ? FATE_SEALED : FATE_CANCELLED;
        fact->first = append->first;
        fact->time = commit->time;
        if (append->err == OK && append->first > h->greatest)
            h->greatest = append->first;
    }
    h->waiting--;
    free(entry);
}

/* Submit one commit of `count` appends made by `make`; what submit answered. */
static inline enum err harness_submit(struct harness *h, uint32_t count, bool atomic, const struct fact *facts)
{
    struct harness_commit *entry = calloc(1, sizeof(*entry));
    enum err err;

    if (h->fact_count + count > HARNESS_APPENDS_MAX || h->commit_count == HARNESS_COMMITS_MAX)
        abort();
    entry->h = h;
    entry->commit = (struct log_commit){
        .appends = entry->appends, .append_count = count, .atomic = atomic, .done = harness_done,
    };
    for (uint32_t i = 0; i < count; i++) {
        struct fact *fact = &h->facts[h->fact_count + i];

        *fact = facts[i];
        fact->number = h->fact_count + i + 1;
        fact->commit = h->commit_count;
        fact->fate = FATE_WAITING;
        entry->facts[i] = fact;
        entry->appends[i] = (struct log_append){
            .log = fact->log, .count = fact->count, .flags = fact->flags, .size = fact->size, .fill = harness_fill,
            .ctx = fact,
        };
    }
    err = log_submit(h->log, &entry->commit);
    if (err != OK) {
        free(entry);
        return err;
    }
    h->atomic[h->commit_count++] = atomic;
    h->fact_count += count;
    h->waiting++;
    return OK;
}

static inline enum err harness_append(struct harness *h, log_id log, uint32_t count, uint32_t size, uint32_t flags)
{
    return harness_submit(h, 1, false, &(struct fact){ .log = log, .count = count, .size = size, .flags = flags });
}

static inline bool harness_drain(struct harness *h)
{
    return sim_run_until(h->os, (int64_t)600 * 1000 * 1000, harness_idle, h) || h->waiting == 0;
}

/* ---- reading and comparing --------------------------------------------------------------------------------------- */

struct harness_read {
    struct log_read read;
    bool finished;
    enum err err;
};

static void harness_read_done(struct log_read *read, enum err err)
{
    struct harness_read *entry = container_of(read, struct harness_read, read);

    entry->finished = true;
    entry->err = err;
}

static inline enum err harness_read(struct harness *h, struct harness_read *entry, log_id log, log_pos from,
                                    uint32_t batches_max, size_t bytes_max)
{
    ms not_before = entry->read.not_before;

    *entry = (struct harness_read){ .read = {
        .log = log, .from = from, .not_before = not_before, .bytes_max = bytes_max, .batches_max = batches_max,
        .done = harness_read_done,
    } };
    entry->err = log_read(h->log, &entry->read);
    if (entry->err == ERR_PENDING) {
        sim_run_until(h->os, (int64_t)600 * 1000 * 1000, harness_is_true, &entry->finished);
        CHECK(entry->finished);
    }
    return entry->err;
}

/* Is the batch what was appended? Returns its fact, or NULL. Bodies under 8 bytes are looked up by position. */
static inline struct fact *harness_identify(struct harness *h, const struct log_batch *batch)
{
    struct fact *fact = NULL;

    if (batch->body.size >= 8) {
        uint64_t number = load_le64(batch->body.at);

        if (number > 0 && number <= h->fact_count)
            fact = &h->facts[number - 1];
    } else {
        for (uint32_t i = 0; i < h->fact_count && !fact; i++) {
            if (h->facts[i].log == batch->log && h->facts[i].first == batch->first && h->facts[i].fate == FATE_OK)
                fact = &h->facts[i];
        }
    }
    if (!fact || fact->log != batch->log || fact->count != batch->count || fact->flags != batch->flags ||
        fact->size != batch->body.size)
        return NULL;
    for (uint32_t i = 8; i < fact->size; i++) {
        if (batch->body.at[i] != harness_byte(fact->number, i))
            return NULL;
    }
    return fact;
}
