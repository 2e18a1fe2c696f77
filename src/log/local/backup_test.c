/* A copy made while appends go on holds everything that was durable when it began. */
#include "log/log_harness.h"

static bool finished;
static enum err finished_err;

static void on_done(void *ctx, enum err err)
{
    finished = true;
    finished_err = err;
}

static void put(struct harness *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        while (harness_append(h, 1 + i % 5, 1, 8 + (uint32_t)harness_below(h, 3000), 0) == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
        CHECK(harness_drain(h));
    }
}

static struct harness *make(void)
{
    struct harness *h = harness_create(4, LOG_SYNC);

    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 128 << 10;
    h->config.settled_bytes_max = 64 << 10;
    h->config.tail_bytes_max = 8 << 10;
    CHECK(harness_open(h) == OK);
    return h;
}

static bool all_there(struct harness *h, uint32_t facts)
{
    static uint8_t seen[HARNESS_APPENDS_MAX];

    memset(seen, 0, sizeof(seen));
    for (log_id id = 1; id <= 5; id++) {
        struct harness_read entry = { 0 };
        log_pos from = 0;

        do {
            CHECK(harness_read(h, &entry, id, from, 100, 100000) == OK);
            for (uint32_t i = 0; i < entry.read.batch_count; i++) {
                struct fact *fact = harness_identify(h, &entry.read.batches[i]);

                if (CHECK(fact && fact->first == entry.read.batches[i].first))
                    seen[fact->number - 1]++;
            }
            from = entry.read.next;
            log_read_release(h->log, &entry.read);
        } while (!entry.read.at_end);
    }
    for (uint32_t i = 0; i < facts; i++) {
        if (seen[i] != 1)
            return false;
    }
    return true;
}

TEST("a backup can be opened and holds everything that was acknowledged before it")
{
    struct harness *h = make();
    uint32_t facts;

    put(h, 250);
    CHECK(os_mkdir(h->os, "/copy") == OK);
    facts = h->fact_count;
    finished = false;
    CHECK(log_local_backup(h->log, "/copy", on_done, NULL) == OK);
    CHECK(log_local_backup(h->log, "/copy", on_done, NULL) == ERR_IN_USE);
    put(h, 150); /* settling and recycling go on meanwhile */
    sim_run_until(h->os, 100 * 1000 * 1000, harness_is_true, &finished);
    CHECK(finished && finished_err == OK);
    CHECK(all_there(h, h->fact_count));
    harness_close(h);
    h->config.dir = "/copy";
    CHECK(harness_open(h) == OK);
    CHECK_INT(h->errors, 0);
    CHECK(all_there(h, facts));
    harness_close(h);
    harness_destroy(h);
}

TEST("a backup that fails says so, and leaves no manifest that pretends")
{
    struct harness *h = make();
    struct os_stat stat;

    put(h, 100);
    finished = false;
    CHECK(log_local_backup(h->log, "/nowhere", on_done, NULL) == OK);
    sim_run_until(h->os, 100 * 1000 * 1000, harness_is_true, &finished);
    CHECK(finished && finished_err != OK);
    CHECK(os_stat(h->os, "/nowhere/manifest", &stat) != OK);
    put(h, 10);
    CHECK(!h->failed);
    harness_close(h);
    harness_destroy(h);
}

UNIT_MAIN
