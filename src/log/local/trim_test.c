/* Retention on disk: what nobody wants any more goes, and nothing else. */
#include "log/local/engine.h"
#include "log/local/trim.h"
#include "log/log_harness.h"

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

static void put(struct harness *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        while (harness_append(h, 1 + i % 6, 1, 2000, 0) == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
        CHECK(harness_drain(h));
    }
}

static void pass(struct harness *h, int64_t minutes)
{
    sim_run_until(h->os, minutes * 60 * 1000 * 1000, NULL, NULL);
}

/* How many batches of the log can be read from the beginning. */
static unsigned readable(struct harness *h, log_id id, ms not_before)
{
    struct harness_read entry = { 0 };
    unsigned count = 0;
    log_pos from = 0;

    do {
        entry.read.not_before = not_before;
        CHECK(harness_read(h, &entry, id, from, 100, 100000) == OK);
        for (uint32_t i = 0; i < entry.read.batch_count; i++)
            CHECK(harness_identify(h, &entry.read.batches[i]) != NULL);
        CHECK(!entry.read.damaged);
        count += entry.read.batch_count;
        from = entry.read.next;
        log_read_release(h->log, &entry.read);
    } while (!entry.read.at_end);
    return count;
}

static bool odd_gone(log_id id)
{
    return id % 2 == 1;
}

TEST("files in which everything has expired go, but not within ten minutes of the start")
{
    struct harness *h = make();
    uint64_t files;

    put(h, 200);
    pass(h, 1);
    files = h->count.settled_files;
    CHECK(files > 2);
    h->retention = 60 * 1000;
    pass(h, 7);
    CHECK_INT(h->count.settled_files, files);
    pass(h, 60);
    CHECK_INT(h->count.settled_files, 0);
    CHECK(h->count.trimmed_bytes > 100000);
    CHECK_INT(h->errors, 0);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    CHECK(readable(h, 1, os_wall_ms(h->os) - 1000) == 0);
    harness_close(h);
    harness_destroy(h);
}

TEST("the runs of deleted logs are punched, the others stay")
{
    struct harness *h = make();
    unsigned before;

    put(h, 300);
    before = readable(h, 2, 0);
    h->gone = odd_gone;
    pass(h, 100);
    CHECK(h->count.settled_files > 0);
    CHECK(h->count.trimmed_bytes > 50000);
    CHECK_INT(readable(h, 2, 0), before);
    CHECK(readable(h, 1, 0) < before);
    CHECK_INT(h->errors, 0);
    harness_close(h);
    harness_destroy(h);
}

TEST("a clock that steps makes trim wait")
{
    struct harness *h = make();
    uint64_t files;

    put(h, 200);
    h->retention = (ms)24 * 3600 * 1000;
    pass(h, 15);
    files = h->count.settled_files;
    sim_step_wall(h->os, (ms)48 * 3600 * 1000);
    pass(h, 9);
    CHECK_INT(h->count.settled_files, files);
    sim_step_wall(h->os, -(ms)48 * 3600 * 1000);
    pass(h, 200);
    CHECK_INT(h->count.settled_files, files);
    harness_close(h);
    harness_destroy(h);
}

TEST("sealed logs are forgotten when they are gone")
{
    struct harness *h = make();

    CHECK(harness_append(h, 1, 0, 0, LOG_SEAL) == OK);
    CHECK(harness_append(h, 2, 0, 0, LOG_SEAL) == OK);
    CHECK(harness_drain(h));
    CHECK(container_of(h->log, struct local, log)->sealed.count == 2);
    h->gone = odd_gone;
    pass(h, 15);
    CHECK(container_of(h->log, struct local, log)->sealed.count == 1);
    harness_close(h);
    harness_destroy(h);
}

TEST("segments are used again, and the directory does not grow for ever")
{
    struct harness *h = make();

    h->retention = 1000;
    pass(h, 11);
    for (unsigned i = 0; i < 30; i++) {
        put(h, 50);
        pass(h, 2);
    }
    CHECK(h->count.recycled_segments > 5);
    CHECK(h->count.settled_bytes < 300000);
    harness_close(h);
    harness_destroy(h);
}

UNIT_MAIN
