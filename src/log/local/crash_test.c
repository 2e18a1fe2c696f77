/* crash_test.c: a workload crashed at every operation of the disk; what was acknowledged is there afterwards, once, in
 * order, whole. Then the same with failing operations, a full disk, and rot. */
#include "log/log_harness.h"

enum { LOGS = 5, ROUNDS = 30 };

static void harness_small(struct harness *h)
{
    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 96 << 10;
    h->config.settled_bytes_max = 64 << 10;
    h->config.tail_bytes_max = 16 << 10;
}

/* FULL passes by itself when the settler catches up. */
static enum err submit_patiently(struct harness *h, uint32_t count, bool atomic, const struct fact *facts)
{
    enum err err = ERR_FULL;

    for (unsigned i = 0; i < 1000 && err == ERR_FULL; i++) {
        err = harness_submit(h, count, atomic, facts);
        if (err == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
    }
    return err;
}

/* A few commits per round, of one to four appends over a few logs; some large enough to need segments of their own. */
static void workload(struct harness *h, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        uint32_t commits = 1 + (uint32_t)harness_below(h, 4);

        for (uint32_t c = 0; c < commits; c++) {
            struct fact facts[HARNESS_COMMIT_APPENDS_MAX] = { 0 };
            uint32_t count = 1 + (uint32_t)harness_below(h, 4);

            for (uint32_t i = 0; i < count; i++) {
                facts[i].log = 1 + harness_below(h, LOGS);
                facts[i].count = 1 + (uint32_t)harness_below(h, 3);
                facts[i].size = 8 + (uint32_t)harness_below(h, harness_below(h, 8) ? 600 : 9000);
            }
            if (submit_patiently(h, count, harness_below(h, 2), facts) != OK)
                return;
        }
        if (!harness_drain(h) || h->failed)
            return;
    }
}

/* Read everything, count how often each append is there, check the order. */
static void look(struct harness *h, uint8_t *seen)
{
    struct harness_read entry = { 0 };

    memset(seen, 0, HARNESS_APPENDS_MAX);
    for (log_id id = 1; id <= LOGS; id++) {
        log_pos from = 0;

        do {
            if (!CHECK(harness_read(h, &entry, id, from, 100, 20000) == OK))
                return;
            for (uint32_t i = 0; i < entry.read.batch_count; i++) {
                const struct log_batch *batch = &entry.read.batches[i];
                struct fact *fact = harness_identify(h, batch);

                if (!CHECK(fact != NULL))
                    continue;
                seen[fact->number - 1]++;
                CHECK(batch->first >= from);
                if (fact->fate == FATE_OK)
                    CHECK(batch->first == fact->first && batch->time == fact->time);
                fact->first = batch->first; /* if nobody was told: where it is, it stays */
                fact->time = batch->time;
                from = batch->first + (batch->count ? batch->count : 1);
                if (batch->first > h->greatest)
                    h->greatest = batch->first;
            }
            from = entry.read.next;
            log_read_release(h->log, &entry.read);
        } while (!entry.read.at_end);
        CHECK(!entry.read.damaged);
    }
}

/* Acknowledged: there once. Refused: not there. Neither: a commit is there entirely or not at all, from now on. */
static void judge(struct harness *h, const uint8_t *seen)
{
    for (uint32_t i = 0, j; i < h->fact_count; i = j) {
        unsigned there = 0, missing = 0;

        for (j = i; j < h->fact_count && h->facts[j].commit == h->facts[i].commit; j++) {
            CHECK(seen[j] <= 1);
            there += seen[j] == 1;
            missing += seen[j] == 0;
            if (h->facts[j].fate == FATE_OK)
                CHECK(seen[j] == 1);
            if (h->facts[j].fate == FATE_SEALED || h->facts[j].fate == FATE_CANCELLED)
                CHECK(seen[j] == 0);
        }
        CHECK(there == 0 || missing == 0);
        for (uint32_t k = i; k < j; k++) {
            if (h->facts[k].fate == FATE_FAILED)
                h->facts[k].fate = there ? FATE_OK : FATE_CANCELLED;
        }
    }
}

static void check_all(struct harness *h)
{
    static uint8_t seen[HARNESS_APPENDS_MAX];

    look(h, seen);
    judge(h, seen);
}

static void crash_once(uint64_t seed, uint64_t at, bool twice)
{
    struct harness *h = harness_create(seed, LOG_SYNC);
    log_pos before;

    harness_small(h);
    sim_crash_at(h->os, SIM_WRITE | SIM_SYNC | SIM_META, at);
    if (harness_open(h) == OK)
        workload(h, ROUNDS);
    harness_close(h);
    sim_crash(h->os);
    sim_heal(h->os);
    if (twice) { /* and the recovery is interrupted too */
        sim_crash_at(h->os, SIM_WRITE | SIM_SYNC | SIM_META, 1 + at % 17);
        if (harness_open(h) == OK)
            workload(h, 1);
        harness_close(h);
        sim_crash(h->os);
        sim_heal(h->os);
    }
    if (CHECK(harness_open(h) == OK)) {
        check_all(h);
        before = h->greatest;
        for (uint32_t i = 0; i < 3; i++) {
            CHECK(submit_patiently(h, 1, false, &(struct fact){ .log = 1 + i, .count = 1, .size = 50 }) == OK);
            CHECK(harness_drain(h));
            CHECK(h->facts[h->fact_count - 1].first > before);
        }
        check_all(h);
    } else {
        fprintf(stderr, "seed %llu, crash at %llu: %s, %s\n", (unsigned long long)seed, (unsigned long long)at,
                err_name(h->open_err), h->last_report);
    }
    if (!CHECK_INT(h->count.damaged_frames, 0))
        fprintf(stderr, "seed %llu, crash at %llu\n", (unsigned long long)seed, (unsigned long long)at);
    CHECK_INT(h->count.damaged_runs, 0);
    harness_close(h);
    harness_destroy(h);
}

static uint64_t operations(uint64_t seed)
{
    struct harness *h = harness_create(seed, LOG_SYNC);
    uint64_t count;

    harness_small(h);
    CHECK(harness_open(h) == OK);
    workload(h, ROUNDS);
    CHECK(h->count.settled_files > 0);
    count = sim_ops(h->os, SIM_WRITE | SIM_SYNC | SIM_META);
    harness_close(h);
    harness_destroy(h);
    return count;
}

TEST("a crash at any write, sync or rename loses nothing that was acknowledged")
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint64_t count = operations(seed);

        CHECK(count > 100);
        for (uint64_t at = 1; at <= count; at++)
            crash_once(seed, at, false);
    }
}

TEST("nor does a second crash during recovery")
{
    uint64_t count = operations(9);

    for (uint64_t at = 1; at <= count; at += 2)
        crash_once(9, at, true);
}

/* A sync fails (the kernel takes the pages for clean all the same), the process exits, the next one starts, and then
 * the power fails: what a reader has seen in between must not be gone. */
static void fail_then_crash(uint64_t seed, uint64_t at)
{
    struct harness *h = harness_create(seed, LOG_SYNC);

    harness_small(h);
    sim_fail_at(h->os, SIM_SYNC, at, 1, ERR_IO);
    if (harness_open(h) == OK)
        workload(h, 6);
    harness_close(h);
    sim_kill(h->os);
    sim_heal(h->os);
    if (CHECK(harness_open(h) == OK))
        check_all(h);
    sim_freeze(h->os);
    harness_close(h);
    sim_crash(h->os);
    sim_heal(h->os);
    if (CHECK(harness_open(h) == OK))
        check_all(h);
    CHECK_INT(h->count.damaged_frames, 0);
    harness_close(h);
    harness_destroy(h);
}

TEST("what was readable after a sync failed and the process died is still there after the power failed too")
{
    for (uint64_t at = 1; at <= 40; at++) {
        for (uint64_t seed = 1; seed <= 4; seed++)
            fail_then_crash(seed, at);
    }
}

/* A failed write or sync of the commit log: who waits is told, the engine stops, nothing acknowledged is lost. */
TEST("a failed write or sync stops the engine and fails everybody who waits")
{
    static const unsigned kinds[] = { SIM_SYNC, SIM_WRITE, SIM_META };

    for (uint64_t at = 1; at <= 120; at++) {
        struct harness *h = harness_create(at, LOG_SYNC);
        enum err err;

        harness_small(h);
        CHECK(harness_open(h) == OK);
        sim_fail_at(h->os, kinds[at % 3], 1 + at / 3, 1, at % 2 ? ERR_IO : ERR_NO_SPACE);
        workload(h, 20);
        CHECK_INT(h->waiting, 0);
        if (h->failed) {
            err = harness_append(h, 1, 1, 10, 0);
            CHECK(err == ERR_STOPPED);
        }
        harness_close(h);
        sim_crash(h->os);
        sim_heal(h->os);
        if (CHECK(harness_open(h) == OK))
            check_all(h);
        harness_close(h);
        harness_destroy(h);
    }
}

/* Acknowledged before the sync: a power loss may take the youngest commits, but only those, and no damage is seen. */
static void crash_unsynced(uint64_t seed, uint64_t at)
{
    static uint8_t seen[HARNESS_APPENDS_MAX];
    struct harness *h = harness_create(seed, LOG_OS);
    log_pos lost = LOG_POS_END;

    harness_small(h);
    sim_crash_at(h->os, SIM_WRITE | SIM_SYNC | SIM_META, at);
    if (harness_open(h) == OK)
        workload(h, ROUNDS);
    harness_close(h);
    sim_crash(h->os);
    sim_heal(h->os);
    h->errors = 0;
    if (CHECK(harness_open(h) == OK)) {
        look(h, seen);
        CHECK_INT(h->errors, 0);
        for (uint32_t i = 0; i < h->fact_count; i++) {
            CHECK(seen[i] <= 1);
            if (h->facts[i].fate == FATE_OK && !seen[i] && h->facts[i].first < lost)
                lost = h->facts[i].first;
        }
        for (uint32_t i = 0; i < h->fact_count; i++) {
            if (seen[i])
                CHECK(h->facts[i].first < lost);
        }
        for (uint32_t i = 1; i < h->fact_count; i++) {
            if (h->facts[i].commit == h->facts[i - 1].commit)
                CHECK(seen[i] == seen[i - 1]);
        }
        CHECK(submit_patiently(h, 1, false, &(struct fact){ .log = 1, .count = 1, .size = 50 }) == OK);
        CHECK(harness_drain(h));
        CHECK(h->facts[h->fact_count - 1].first > h->greatest - 1);
    }
    harness_close(h);
    harness_destroy(h);
}

TEST("without a sync before each answer, a power loss takes the youngest only, whole, and gives no position twice")
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        for (uint64_t at = 3; at <= 220; at += 3)
            crash_unsynced(seed, at);
    }
}

TEST("a full disk refuses appends, serves reads, and resumes by itself")
{
    struct harness *h = harness_create(3, LOG_SYNC);
    enum err err = OK;
    bool refused = false;

    harness_small(h);
    CHECK(harness_open(h) == OK);
    sim_set_capacity(h->os, 700 << 10);
    for (unsigned i = 0; i < 3000 && !refused; i++) {
        err = harness_append(h, 1 + i % LOGS, 1, 2000, 0);
        refused = err == ERR_NO_SPACE;
        if (err == OK)
            CHECK(harness_drain(h));
        else
            sim_run_until(h->os, 100000, NULL, NULL);
        refused |= h->fact_count > 0 && h->facts[h->fact_count - 1].fate == FATE_FAILED;
    }
    CHECK(refused && !h->failed);
    check_all(h);
    CHECK(harness_append(h, 1, 1, 10, 0) == ERR_NO_SPACE);
    sim_set_capacity(h->os, 4 << 20);
    sim_run_until(h->os, 10 * 1000 * 1000, NULL, NULL);
    CHECK(submit_patiently(h, 1, false, &(struct fact){ .log = 1, .count = 1, .size = 50 }) == OK);
    CHECK(harness_drain(h));
    CHECK(h->facts[h->fact_count - 1].fate == FATE_OK);
    check_all(h);
    harness_close(h);
    harness_destroy(h);
}

TEST("a directory on a full disk still opens for reading")
{
    struct harness *h = harness_create(5, LOG_SYNC);

    harness_small(h);
    CHECK(harness_open(h) == OK);
    workload(h, 10);
    harness_close(h);
    sim_set_capacity(h->os, 300 << 10);
    enum err err = harness_open(h);

    CHECK(err == OK || err == ERR_NO_SPACE);
    if (err == OK)
        check_all(h);
    harness_close(h);
    sim_set_capacity(h->os, 4 << 20);
    CHECK(harness_open(h) == OK);
    check_all(h);
    harness_close(h);
    harness_destroy(h);
}

UNIT_MAIN
