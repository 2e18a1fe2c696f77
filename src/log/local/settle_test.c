/* settle_test.c: where a pass takes its batches from; what comes of them is the matter of the other tests. */
#include "log/local/pass.h"
#include "log/log_harness.h"

enum { LOGS = 2, BODY_BYTES = 9000 };

static struct local *inside(struct harness *h)
{
    return container_of(h->log, struct local, log);
}

/* Segments small enough that some of them fit into the tail. */
static struct harness *make(void)
{
    struct harness *h = harness_create(5, LOG_SYNC);

    h->config.tail_bytes_max = 256 << 10;
    h->config.segment_bytes_max = 64 << 10;
    h->config.backlog_bytes_max = 1 << 20;
    CHECK(harness_open(h) == OK);
    return h;
}

static void put(struct harness *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK(harness_append(h, 1 + i % LOGS, 1, BODY_BYTES, 0) == OK);
        CHECK(harness_drain(h));
    }
}

static void check_all(struct harness *h)
{
    struct harness_read entry = { 0 };
    unsigned count = 0;

    for (log_id id = 1; id <= LOGS; id++) {
        log_pos from = 0;

        do {
            if (!CHECK(harness_read(h, &entry, id, from, 1000, 8 << 20) == OK))
                return;
            for (uint32_t i = 0; i < entry.read.batch_count; i++, count++)
                CHECK(harness_identify(h, &entry.read.batches[i]) != NULL);
            CHECK(!entry.read.damaged);
            from = entry.read.next;
            log_read_release(h->log, &entry.read);
        } while (!entry.read.at_end);
    }
    CHECK_INT(count, h->fact_count);
    CHECK_INT(h->errors, 0);
}

TEST("what is still in memory is settled without being read back, long before the backlog is full")
{
    struct harness *h = make();
    uint64_t reads = sim_ops(h->os, SIM_READ);

    put(h, 60);
    sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    CHECK(h->count.settled_files >= 2 && h->count.backlog_bytes < 256 << 10);
    CHECK_INT(sim_ops(h->os, SIM_READ), reads);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    check_all(h);
    harness_close(h);
    harness_destroy(h);
}

TEST("what has rotted in memory is settled from the disk")
{
    struct harness *h = make();

    put(h, 4);
    inside(h)->tail.unsettled->bytes->at[FRAME_HEADER_BYTES + 3] ^= 1;               /* a header */
    inside(h)->tail.unsettled->next->bytes->at[FRAME_HEADER_BYTES + 4000] ^= 1;      /* a body */
    put(h, 40);
    sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    CHECK(h->count.settled_files > 0 && inside(h)->tail.unsettled->number > 4);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    check_all(h);
    harness_close(h);
    harness_destroy(h);
}

static bool resting(void *ctx)
{
    struct harness *h = ctx;

    return inside(h)->settle->resting;
}

/* A pass of some steps begins, and nobody commits beside it. */
static struct harness *make_resting(void)
{
    struct harness *h = harness_create(5, LOG_SYNC);

    h->config.tail_bytes_max = 4 << 20;
    h->config.segment_bytes_max = 1 << 20;
    h->config.backlog_bytes_max = 64 << 20;
    h->config.settled_bytes_max = 16 << 20;
    CHECK(harness_open(h) == OK);
    for (unsigned i = 0; i < 400 && !settle_busy(inside(h)); i++)
        put(h, 1);
    CHECK(sim_run_until(h->os, 1000 * 1000, resting, h));
    return h;
}

TEST("a pass that is ahead rests, while nobody waits for it, and comes to its end all the same")
{
    struct harness *h = make_resting();
    int64_t start = os_mono_us(h->os);

    CHECK(settle_busy(inside(h)) && h->count.settled_files == 0);
    sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    CHECK(!settle_busy(inside(h)) && h->count.settled_files > 0);
    CHECK(os_mono_us(h->os) - start >= 8000);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    check_all(h);
    harness_close(h);
    harness_destroy(h);
}

TEST("a pass that rests does not hold up the end, nor is anything of it left")
{
    struct harness *h = make_resting();

    harness_close(h);
    CHECK(harness_open(h) == OK);
    check_all(h);
    sim_run_until(h->os, 3000 * 1000, NULL, NULL);
    check_all(h);
    harness_close(h);
    harness_destroy(h);
}

TEST("with many logs the pass waits, so that runs do not become short")
{
    struct harness *h = make();

    inside(h)->config.settled_bytes_max = 64 << 20;
    for (unsigned i = 0; i < 60; i++) {
        CHECK(harness_append(h, 1 + i, 1, BODY_BYTES, 0) == OK);
        CHECK(harness_drain(h));
    }
    sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    CHECK_INT(h->count.settled_files, 0);
    harness_close(h);
    harness_destroy(h);
}

struct most {
    const struct harness *h;
    size_t files;
};

static void count_files(void *ctx, const struct os_loop *loop)
{
    struct most *most = ctx;
    size_t files = sim_count(most->h->os, most->h->loop).files;

    (void)loop;
    if (files > most->files)
        most->files = files;
}

TEST("what is closed holds no descriptor, also after a start, and a pass that reads from the disk opens what it needs")
{
    struct harness *h = harness_create(5, LOG_SYNC);
    struct most most = { .h = h };

    h->config.tail_bytes_max = 16 << 10;
    h->config.segment_bytes_max = 64 << 10;
    h->config.backlog_bytes_max = 8 << 20;
    CHECK(harness_open(h) == OK);
    sim_on_turn(h->os, count_files, &most);
    put(h, 600);
    CHECK(h->count.settled_files > 0 && h->count.commit_segments > 20);
    sim_on_turn(h->os, NULL, NULL);
    CHECK(most.files > 0 && most.files <= 5); /* active, next, spare, one being packed, one being read */
    check_all(h);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    CHECK(h->count.commit_segments > 20 && sim_count(h->os, h->loop).files <= 2);
    check_all(h);
    harness_close(h);
    harness_destroy(h);
}

UNIT_MAIN
