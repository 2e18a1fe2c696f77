/* log_model_test.c: both engines against a plain array, through log.h only. */
#include "log/log_harness.h"

enum { LOGS = 9, ROUNDS = 60 };

/* The next fact of the log that a reader who stands at `from` should see; they are in order of position. */
static const struct fact *model_next(const struct harness *h, log_id log, log_pos from, ms not_before)
{
    const struct fact *best = NULL;

    for (uint32_t i = 0; i < h->fact_count; i++) {
        const struct fact *fact = &h->facts[i];

        if (fact->fate != FATE_OK || fact->log != log || fact->time < not_before)
            continue;
        if (fact->first + (fact->count ? fact->count : 1) > from && (!best || fact->first < best->first))
            best = fact;
    }
    return best;
}

static bool model_sealed(const struct harness *h, log_id log)
{
    for (uint32_t i = 0; i < h->fact_count; i++) {
        if (h->facts[i].fate == FATE_OK && h->facts[i].log == log && h->facts[i].flags & LOG_SEAL)
            return true;
    }
    return false;
}

/* Read the log from `from` to its end in pieces and compare. */
static bool compare(struct harness *h, log_id log, log_pos from, ms not_before)
{
    struct harness_read entry = { .read.not_before = not_before };

    for (unsigned step = 0; step < 100000; step++) {
        uint32_t batches_max = 1 + (uint32_t)harness_below(h, 20);
        log_pos asked = from;

        if (!CHECK(harness_read(h, &entry, log, from, batches_max, 1 + harness_below(h, 5000)) == OK))
            return false;
        CHECK(entry.read.batch_count <= batches_max);
        CHECK(!entry.read.damaged);
        for (uint32_t i = 0; i < entry.read.batch_count; i++) {
            const struct log_batch *batch = &entry.read.batches[i];
            const struct fact *expected = model_next(h, log, from, not_before);

            if (!CHECK(expected && expected->first == batch->first && expected->time == batch->time) ||
                !CHECK(harness_identify(h, batch) == expected)) {
                log_read_release(h->log, &entry.read);
                return false;
            }
            from = batch->first + (batch->count ? batch->count : 1);
        }
        CHECK(entry.read.next >= from);
        from = entry.read.next;
        if (entry.read.batch_count == 0)
            CHECK(model_next(h, log, asked, not_before) == model_next(h, log, from, not_before));
        log_read_release(h->log, &entry.read);
        if (entry.read.at_end) {
            CHECK(model_next(h, log, from, not_before) == NULL);
            CHECK(entry.read.sealed == model_sealed(h, log));
            return true;
        }
        CHECK(from > asked);
    }
    return CHECK(false); /* the read never ends */
}

static void submit_some(struct harness *h)
{
    uint32_t commits = 1 + (uint32_t)harness_below(h, 12);

    for (uint32_t c = 0; c < commits; c++) {
        struct fact facts[HARNESS_COMMIT_APPENDS_MAX] = { 0 };
        uint32_t count = 1 + (uint32_t)harness_below(h, 5);

        for (uint32_t i = 0; i < count; i++) {
            facts[i].log = 1 + harness_below(h, LOGS);
            facts[i].count = 1 + (uint32_t)harness_below(h, 5);
            facts[i].size = 8 + (uint32_t)harness_below(h, harness_below(h, 10) ? 300 : 8000);
            facts[i].flags = (uint32_t)harness_below(h, 256) << LOG_USER_SHIFT;
            if (harness_below(h, 400) == 0) {
                facts[i].flags |= LOG_SEAL;
                if (harness_below(h, 2))
                    facts[i].size = facts[i].count = 0;
            }
        }
        enum err err = harness_submit(h, count, harness_below(h, 2), facts);

        CHECK(err == OK || err == ERR_FULL);
    }
}

/* An append is SEALED exactly if a seal of its log came before it, and atomic commits are whole. */
static void check_fates(const struct harness *h)
{
    for (uint32_t i = 0, j; i < h->fact_count; i = j) {
        bool ok = false, refused = false, sealed = false;

        for (j = i; j < h->fact_count && h->facts[j].commit == h->facts[i].commit; j++) {
            ok |= h->facts[j].fate == FATE_OK;
            refused |= h->facts[j].fate == FATE_SEALED || h->facts[j].fate == FATE_CANCELLED;
            sealed |= h->facts[j].fate == FATE_SEALED;
            CHECK(h->facts[j].fate != FATE_WAITING && h->facts[j].fate != FATE_FAILED);
            if (!h->atomic[h->facts[j].commit])
                CHECK(h->facts[j].fate != FATE_CANCELLED);
        }
        if (h->atomic[h->facts[i].commit])
            CHECK(!(ok && refused) && (ok || sealed));
    }
}

struct watcher {
    struct log_watch watch;
    unsigned calls;
};

static void on_grown(struct log_watch *watch)
{
    container_of(watch, struct watcher, watch)->calls++;
}

/* Somebody else ends a log while an append to it waits: who watches is told, and the append meets SEALED. */
static void seal_from_outside(struct harness *h, log_id id)
{
    struct watcher watcher = { .watch = { .log = id, .grown = on_grown } };
    uint32_t before = h->fact_count;

    log_watch(h->log, &watcher.watch);
    log_hostile_seal(h->log, id);
    while (harness_append(h, id, 1, 8, 0) == ERR_FULL)
        sim_run_until(h->os, 1000, NULL, NULL);
    CHECK(harness_drain(h));
    CHECK(h->facts[before].fate == FATE_SEALED);
    sim_run_until(h->os, 1000, NULL, NULL);
    CHECK(watcher.calls > 0);
    log_unwatch(h->log, &watcher.watch);
}

static void run(uint64_t seed, bool hostile, enum log_durability durability)
{
    struct harness *h = harness_create(seed, durability);

    h->hostile = hostile;
    CHECK(harness_open(h) == OK);
    for (unsigned round = 0; round < ROUNDS && h->fact_count < HARNESS_APPENDS_MAX - 200; round++) {
        log_id id = 1 + harness_below(h, LOGS);

        submit_some(h);
        if (hostile && harness_below(h, 20) == 0)
            seal_from_outside(h, 1000 + round);
        if (!CHECK(harness_drain(h)))
            break;
        check_fates(h);
        compare(h, id, harness_below(h, 2) ? 0 : harness_below(h, h->greatest + 2), 0);
        if (h->fact_count > 0 && harness_below(h, 3) == 0)
            compare(h, id, 0, h->facts[harness_below(h, h->fact_count)].time);
        if (!hostile && durability != LOG_MEMORY && harness_below(h, 10) == 0) {
            uint32_t epoch = log_local_epoch(h->log);

            harness_close(h);
            CHECK(harness_open(h) == OK);
            CHECK(log_local_epoch(h->log) > epoch);
        }
        sim_run_until(h->os, (int64_t)harness_below(h, 2000000), NULL, NULL);
    }
    for (log_id id = 1; id <= LOGS; id++)
        compare(h, id, 0, 0);
    CHECK_INT(h->errors, 0);
    if (!hostile && durability == LOG_SYNC && h->fact_count > 500)
        CHECK(h->count.settled_files > 0);
    harness_close(h);
    harness_destroy(h);
}

TEST("the embedded engine answers as a plain array would, over restarts")
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        run(seed, false, LOG_SYNC);
}

TEST("also when it acknowledges before it syncs")
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        run(seed, false, LOG_OS);
}

TEST("the hostile engine does too")
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        run(seed, true, LOG_SYNC);
}

TEST("after a failure the hostile engine answers IO to who waits and STOPPED to who comes")
{
    struct harness *h = harness_create(3, LOG_SYNC);
    unsigned failed = 0;

    h->hostile = true;
    CHECK(harness_open(h) == OK);
    for (unsigned i = 0; i < 20; i++)
        failed += harness_append(h, 1, 1, 10, 0) == OK;
    log_hostile_fail(h->log);
    CHECK(harness_append(h, 1, 1, 10, 0) == ERR_STOPPED);
    CHECK(harness_drain(h));
    for (uint32_t i = 0; i < h->fact_count; i++)
        failed -= h->facts[i].fate == FATE_FAILED;
    CHECK_INT(failed, 0);
    harness_close(h);
    harness_destroy(h);
}

UNIT_MAIN
