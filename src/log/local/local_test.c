/* The engine as a whole: what log.h promises, one promise at a time. */
#include "log/local/engine.h"
#include "log/log_harness.h"

static struct harness *make(enum log_durability durability)
{
    struct harness *h = harness_create(11, durability);

    CHECK(harness_open(h) == OK);
    return h;
}

static void end(struct harness *h)
{
    harness_close(h);
    harness_destroy(h);
}

static struct local *inside(struct harness *h)
{
    return container_of(h->log, struct local, log);
}

TEST("everything that waits when the disk is free goes into one frame")
{
    struct harness *h = make(LOG_SYNC);

    for (unsigned i = 0; i < 100; i++)
        CHECK(harness_append(h, 1 + i, 1, 100, 0) == OK);
    CHECK(harness_drain(h));
    CHECK_INT(h->count.commits, 100);
    CHECK_INT(h->count.syncs, 1);
    end(h);
}

TEST("positions follow the order of the queue, and never decrease over starts")
{
    struct harness *h = make(LOG_SYNC);
    log_pos last = 0;

    for (unsigned start = 0; start < 3; start++) {
        for (unsigned i = 0; i < 20; i++)
            CHECK(harness_append(h, 1, 3, 10, 0) == OK);
        CHECK(harness_drain(h));
        for (uint32_t i = start * 20; i < h->fact_count; i++) {
            CHECK(h->facts[i].first > last);
            last = h->facts[i].first + 2;
        }
        CHECK(log_end(h->log, 1) == last + 1);
        CHECK_INT(last >> POSITION_COUNTER_BITS, log_local_epoch(h->log));
        harness_close(h);
        CHECK(harness_open(h) == OK);
    }
    end(h);
}

TEST("arrival times never decrease, whatever the clock does")
{
    struct harness *h = make(LOG_SYNC);
    ms last = 0;

    for (unsigned i = 0; i < 12; i++) {
        sim_step_wall(h->os, i % 2 ? -3600 * 1000 : 1800 * 1000);
        CHECK(harness_append(h, 1, 1, 10, 0) == OK);
        CHECK(harness_drain(h));
        CHECK(h->facts[i].time >= last);
        last = h->facts[i].time;
        if (i == 6) {
            harness_close(h);
            CHECK(harness_open(h) == OK);
        }
    }
    end(h);
}

TEST("behind a seal everything is SEALED, over a restart too, and an atomic commit is void")
{
    struct harness *h = make(LOG_SYNC);
    struct fact both[] = { { .log = 1, .count = 1, .size = 10 }, { .log = 2, .count = 1, .size = 10 } };
    struct harness_read entry = { 0 };

    CHECK(harness_append(h, 1, 1, 10, LOG_SEAL) == OK);
    CHECK(harness_append(h, 1, 1, 10, 0) == OK);
    CHECK(harness_submit(h, 2, true, both) == OK);
    CHECK(harness_submit(h, 2, false, both) == OK);
    CHECK(harness_drain(h));
    CHECK(h->facts[0].fate == FATE_OK && h->facts[1].fate == FATE_SEALED);
    CHECK(h->facts[2].fate == FATE_SEALED && h->facts[3].fate == FATE_CANCELLED);
    CHECK(h->facts[4].fate == FATE_SEALED && h->facts[5].fate == FATE_OK);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    CHECK(harness_append(h, 1, 1, 10, 0) == OK);
    CHECK(harness_drain(h));
    CHECK(h->facts[6].fate == FATE_SEALED);
    CHECK(harness_read(h, &entry, 1, 0, 10, 1000) == OK);
    CHECK(entry.read.batch_count == 1 && entry.read.batches[0].flags == LOG_SEAL);
    CHECK(entry.read.at_end && entry.read.sealed);
    log_read_release(h->log, &entry.read);
    CHECK(harness_read(h, &entry, 2, 0, 10, 1000) == OK && entry.read.batch_count == 1 && !entry.read.sealed);
    log_read_release(h->log, &entry.read);
    end(h);
}

TEST("too much for one commit is refused, and so is too much in the queue")
{
    struct harness *h = make(LOG_SYNC);
    unsigned full = 0;

    CHECK(harness_append(h, 1, 1, LOG_COMMIT_BYTES_MAX + 1, 0) == ERR_TOO_LARGE);
    CHECK(harness_append(h, 1, (1 << 24) + 1, 10, 0) == ERR_TOO_LARGE);
    for (unsigned i = 0; i < 200; i++)
        full += harness_append(h, 1, 1, 10000, 0) == ERR_FULL;
    CHECK(full > 0 && h->count.refused_full == full);
    CHECK(harness_drain(h));
    end(h);
}

TEST("a commit larger than a segment gets a segment of its own")
{
    struct harness *h = make(LOG_SYNC);
    struct harness_read entry = { 0 };

    CHECK(harness_append(h, 1, 1, 300000, 0) == OK);
    CHECK(harness_drain(h));
    harness_close(h);
    CHECK(harness_open(h) == OK);
    CHECK(harness_read(h, &entry, 1, 0, 10, 10) == OK);
    CHECK(entry.read.batch_count == 1 && harness_identify(h, &entry.read.batches[0]) == &h->facts[0]);
    log_read_release(h->log, &entry.read);
    end(h);
}

TEST("without a disk, what is in the tail can be read, and older things are gone")
{
    struct harness *h = make(LOG_MEMORY);
    struct harness_read entry = { 0 };

    for (unsigned i = 0; i < 100; i++)
        CHECK(harness_append(h, 1, 1, 2000, 0) == OK);
    CHECK(harness_drain(h));
    CHECK(harness_append(h, 1, 1, 20, 0) == OK);
    CHECK(harness_drain(h));
    CHECK(harness_read(h, &entry, 1, 0, 1000, 1 << 20) == OK);
    CHECK(entry.read.batch_count >= 1 && entry.read.at_end && h->count.tail_bytes <= 64 << 10);
    log_read_release(h->log, &entry.read);
    CHECK_INT(sim_ops(h->os, SIM_WRITE | SIM_SYNC), 1); /* the harness made the directory */
    end(h);
}

TEST("acknowledged after the write alone, synced within a tenth of a second")
{
    struct harness *h = make(LOG_OS);
    uint64_t syncs = h->count.syncs;

    CHECK(harness_append(h, 1, 1, 100, 0) == OK);
    CHECK(harness_drain(h));
    CHECK_INT(h->count.syncs, syncs);
    sim_run_until(h->os, 200 * 1000, NULL, NULL);
    CHECK_INT(h->count.syncs, syncs + 1);
    sim_freeze(h->os);
    harness_close(h);
    sim_crash(h->os);
    CHECK(harness_open(h) == OK);
    struct harness_read entry = { 0 };

    CHECK(harness_read(h, &entry, 1, 0, 10, 1000) == OK && entry.read.batch_count == 1);
    log_read_release(h->log, &entry.read);
    end(h);
}

TEST("while what was acknowledged is synced, later appends are acknowledged: nobody waits for that sync")
{
    struct harness *h = make(LOG_OS);

    CHECK(harness_append(h, 1, 1, 100, 0) == OK);
    CHECK(harness_drain(h));
    sim_set_sync_us(h->os, 50 * 1000, 50 * 1000);
    sim_run_until(h->os, SYNC_TIMER_US + 20 * 1000, NULL, NULL);
    CHECK(inside(h)->commit.sync_busy);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(harness_append(h, 1, 1, 100, 0) == OK);
        CHECK(harness_drain(h));
    }
    CHECK(inside(h)->commit.sync_busy);
    CHECK_INT(inside(h)->commit.sync_number, 1);
    sim_run_until(h->os, 400 * 1000, NULL, NULL);
    CHECK_INT(inside(h)->commit.synced, 6);
    end(h);
}

TEST("much that is not synced does not wait for the timer")
{
    struct harness *h = make(LOG_OS);
    uint64_t syncs = h->count.syncs;

    sim_set_sync_us(h->os, 10, 10);
    for (unsigned written = 0; written < 2 * SYNC_BYTES; written += 64 << 10) {
        CHECK(harness_append(h, 1, 1, 64 << 10, 0) == OK);
        CHECK(harness_drain(h));
    }
    sim_run_until(h->os, 1000, NULL, NULL);
    CHECK(h->count.syncs >= syncs + 2);
    end(h);
}

TEST("the next segment's file fills as the present one does")
{
    struct harness *h = harness_create(11, LOG_SYNC);
    const struct segments *segments;
    const struct fill *fill;
    uint64_t size, part;

    h->config.segment_bytes_max = 4 << 20;
    h->config.tail_bytes_max = h->config.backlog_bytes_max = 64 << 20;
    CHECK(harness_open(h) == OK);
    segments = &inside(h)->segments;
    CHECK(harness_append(h, 1, 1, 1000, 0) == OK);
    CHECK(harness_drain(h));
    size = segments->active->head.size;
    while (segments->active->used < size / 2) {
        CHECK(harness_append(h, 1, 1, (uint32_t)(size / 64), 0) == OK);
        CHECK(harness_drain(h));
    }
    sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    fill = segments->fill;
    if (!CHECK(fill))
        return;
    part = segment_filled(fill) * 100 / segments->next_size;
    CHECK(part >= 40 && part <= 70);
    while (segments->active->used < size * 4 / 5) {
        CHECK(harness_append(h, 1, 1, (uint32_t)(size / 64), 0) == OK);
        CHECK(harness_drain(h));
    }
    sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    CHECK(!segments->fill && segments->spare_count == 1);
    end(h);
}

TEST("the positions of one boot run over into the next epoch without being given twice")
{
    struct harness *h = make(LOG_SYNC);
    uint32_t epoch = log_local_epoch(h->log);

    inside(h)->commit.next += ((uint64_t)1 << POSITION_COUNTER_BITS) - 1000;
    CHECK(harness_append(h, 1, 1, 100, 0) == OK);
    CHECK(harness_drain(h));
    CHECK_INT(log_local_epoch(h->log), epoch + 1);
    CHECK_INT(h->facts[0].first >> POSITION_COUNTER_BITS, epoch + 1);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    CHECK(log_local_epoch(h->log) > epoch + 1);
    end(h);
}

struct counted {
    struct log_watch watch;
    struct harness *h;
    struct counted *other;
    unsigned calls;
    bool within; /* of a call of ours */
};

static void on_grown(struct log_watch *watch)
{
    struct counted *counted = container_of(watch, struct counted, watch);

    CHECK(!counted->within);
    counted->calls++;
    if (counted->other) {
        log_unwatch(counted->h->log, &counted->other->watch);
        log_unwatch(counted->h->log, watch);
    }
}

TEST("who watches is told of growth and seals, and may stop watching from within")
{
    struct harness *h = make(LOG_SYNC);
    struct counted a = { .watch = { .log = 1, .grown = on_grown }, .h = h };
    struct counted b = { .watch = { .log = 1, .grown = on_grown }, .h = h };
    struct counted c = { .watch = { .log = 2, .grown = on_grown }, .h = h };

    log_watch(h->log, &a.watch);
    log_watch(h->log, &b.watch);
    log_watch(h->log, &c.watch);
    a.within = b.within = true;
    CHECK(harness_append(h, 1, 1, 10, 0) == OK);
    a.within = b.within = false;
    CHECK(harness_drain(h));
    sim_run_until(h->os, 1000, NULL, NULL);
    CHECK(a.calls == 1 && b.calls == 1 && c.calls == 0);
    a.other = &b;
    CHECK(harness_append(h, 1, 0, 0, LOG_SEAL) == OK);
    CHECK(harness_append(h, 2, 1, 10, 0) == OK);
    CHECK(harness_drain(h));
    sim_run_until(h->os, 1000, NULL, NULL);
    CHECK(a.calls == 2 && b.calls == 1 && c.calls == 1);
    log_unwatch(h->log, &c.watch);
    CHECK(inside(h)->watches.count == 0);
    end(h);
}

TEST("a read given up is not answered, and what it held is free again")
{
    struct harness *h = make(LOG_SYNC);
    struct harness_read entry = {
        .read = { .log = 1, .bytes_max = 1000, .batches_max = 10, .done = harness_read_done },
    };

    for (unsigned i = 0; i < 30; i++) {
        CHECK(harness_append(h, 1, 1, 9000, 0) == OK);
        CHECK(harness_drain(h));
    }
    CHECK(log_read(h->log, &entry.read) == ERR_PENDING);
    log_read_cancel(h->log, &entry.read);
    sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    CHECK(!entry.finished);
    end(h);
}

TEST("the memory of 12,000 logs is given back when they have settled")
{
    struct harness *h = make(LOG_SYNC);

    h->config.backlog_bytes_max = 64 << 20;
    inside(h)->config.backlog_bytes_max = 16 << 20;
    inside(h)->config.queue_bytes_max = 16 << 20;
    for (unsigned i = 0; i < 6000; i++) {
        struct fact facts[8];

        for (unsigned j = 0; j < 2; j++)
            facts[j] = (struct fact){ .log = 1 + i * 2 + j, .count = 1, .size = 100 };
        while (harness_submit(h, 2, false, facts) == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
    }
    CHECK(harness_drain(h));
    CHECK(inside(h)->tail.logs.count > 1000);
    inside(h)->config.backlog_bytes_max = 1; /* so everything must settle before the next one is taken */
    CHECK(harness_append(h, 1, 1, 10, 0) == OK);
    CHECK(harness_drain(h));
    CHECK(inside(h)->tail.logs.count < 700);
    CHECK(h->count.backlog_bytes < 200);
    CHECK(inside(h)->tail.bytes <= 2 * inside(h)->config.tail_bytes_max + (1 << 20));
    CHECK_INT(h->errors, 0);
    end(h);
}

/* Appends of 9,000 bytes until one does not end well, or 100 of them. */
static enum err until_refused(struct harness *h, unsigned *ret_count)
{
    for (*ret_count = 0; *ret_count < 100; ++*ret_count) {
        TRY(harness_append(h, 1, 1, 9000, 0));
        if (!harness_drain(h) || h->facts[h->fact_count - 1].fate != FATE_OK)
            return h->last_err;
    }
    return OK;
}

TEST("without a descriptor for another segment appends are refused as when there is no room, and taken again when there is one")
{
    struct harness *h = make(LOG_SYNC);
    unsigned count;

    CHECK_INT(until_refused(h, &count), OK);
    sim_fail_at(h->os, SIM_META, 1, UINT32_MAX, ERR_NO_MEMORY); /* what the kernel means by EMFILE */
    CHECK_INT(until_refused(h, &count), ERR_FULL);
    CHECK_INT(until_refused(h, &count), ERR_FULL); /* at once: nobody tries for each of them */
    CHECK(count == 0 && h->count.refused_full > 0);
    sim_heal(h->os);
    sim_run_until(h->os, 2 * ROLL_REST_US, NULL, NULL);
    CHECK_INT(until_refused(h, &count), OK);
    CHECK(!h->failed);
    end(h);
}

UNIT_MAIN
