/* oom_test.c: the first allocation fails, then the second, until all pass. Nothing crashes, nothing acknowledged is
 * missing, and what was refused was refused with NO_MEMORY. The engine is compiled here with allocators of ours. */
#include "log/log_harness.h"

static uint64_t calls, fail_at, failures;

void *oom_malloc(size_t size);
void *oom_calloc(size_t count, size_t size);
void *oom_realloc(void *at, size_t size);
char *oom_strdup(const char *text);

static bool fails(void)
{
    bool now = ++calls == fail_at;

    failures += now;
    return now;
}

void *oom_malloc(size_t size)
{
    return fails() ? NULL : malloc(size);
}

void *oom_calloc(size_t count, size_t size)
{
    return fails() ? NULL : calloc(count, size);
}

void *oom_realloc(void *at, size_t size)
{
    return fails() ? NULL : realloc(at, size);
}

char *oom_strdup(const char *text)
{
    return fails() ? NULL : strdup(text);
}

static enum err put(struct harness *h, log_id id, uint32_t size, uint32_t flags)
{
    enum err err = ERR_FULL;

    for (unsigned i = 0; i < 100 && (err == ERR_FULL || err == ERR_NO_SPACE); i++) {
        err = harness_append(h, id, 1, size, flags);
        if (err == ERR_FULL || err == ERR_NO_SPACE)
            sim_run_until(h->os, 1000 * 1000, NULL, NULL);
    }
    return err;
}

static void write_some(struct harness *h)
{
    for (unsigned i = 0; i < 60; i++) {
        enum err err = put(h, 1 + i % 4, 100 + i * 53, i == 30 ? LOG_SEAL : 0);

        CHECK(err == OK || err == ERR_STOPPED || err == ERR_NO_MEMORY);
        CHECK(harness_drain(h));
    }
}

/* Every acknowledged append, once; a read may be refused for want of memory and is then asked again. */
static void read_all(struct harness *h)
{
    static uint8_t seen[HARNESS_APPENDS_MAX];

    memset(seen, 0, sizeof(seen));
    for (log_id id = 1; id <= 4; id++) {
        struct harness_read entry = { 0 };
        log_pos from = 0;
        bool end = false;

        while (!end) {
            enum err err = harness_read(h, &entry, id, from, 20, 20000);

            if (err == ERR_NO_MEMORY)
                continue;
            if (!CHECK(err == OK))
                return;
            for (uint32_t i = 0; i < entry.read.batch_count; i++) {
                struct fact *fact = harness_identify(h, &entry.read.batches[i]);

                if (CHECK(fact != NULL))
                    seen[fact->number - 1]++;
            }
            CHECK(!entry.read.damaged);
            from = entry.read.next;
            end = entry.read.at_end;
            log_read_release(h->log, &entry.read);
        }
    }
    for (uint32_t i = 0; i < h->fact_count; i++) {
        if (h->facts[i].fate == FATE_OK)
            CHECK_INT(seen[i], 1);
    }
}

static void run(uint64_t at)
{
    struct harness *h = harness_create(8, LOG_SYNC);
    enum err err;

    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 64 << 10;
    h->config.settled_bytes_max = 32 << 10;
    h->config.tail_bytes_max = 16 << 10;
    calls = failures = 0;
    fail_at = at;
    err = harness_open(h);
    CHECK(err == OK || err == ERR_NO_MEMORY);
    if (err == OK) {
        write_some(h);
        read_all(h);
    }
    harness_close(h);
    err = harness_open(h); /* the failure may be in here as well */
    CHECK(err == OK || err == ERR_NO_MEMORY);
    if (err == OK)
        read_all(h);
    harness_close(h);
    fail_at = 0;
    h->errors = 0;
    if (CHECK(harness_open(h) == OK))
        read_all(h);
    CHECK_INT(h->errors, 0); /* nothing is called damaged */
    harness_close(h);
    harness_destroy(h);
}

struct heard {
    struct log_watch watch;
    unsigned calls;
};

static void grown(struct log_watch *watch)
{
    container_of(watch, struct heard, watch)->calls++;
}

TEST("who begins to watch while there is no memory is told of growth all the same, and may stop")
{
    struct harness *h = harness_create(8, LOG_SYNC);
    struct heard deaf = { .watch = { .log = 1, .grown = grown } }, other = { .watch = { .log = 1, .grown = grown } };

    calls = 0;
    fail_at = 0;
    CHECK(harness_open(h) == OK);
    fail_at = calls + 1;
    log_watch(h->log, &deaf.watch);
    CHECK(failures > 0);
    fail_at = 0;
    log_watch(h->log, &other.watch);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK(put(h, 1, 10, 0) == OK && harness_drain(h));
        sim_run_until(h->os, 1000, NULL, NULL);
        CHECK(deaf.calls >= i && other.calls == i);
    }
    log_unwatch(h->log, &deaf.watch);
    log_unwatch(h->log, &deaf.watch);
    deaf.calls = 0;
    CHECK(put(h, 1, 10, 0) == OK && harness_drain(h));
    sim_run_until(h->os, 1000, NULL, NULL);
    CHECK(deaf.calls == 0 && other.calls == 4);
    log_unwatch(h->log, &other.watch);
    harness_close(h);
    harness_destroy(h);
}

TEST("any allocation may fail")
{
    uint64_t at = 1;

    do {
        run(at);
        at += at < 400 ? 1 : 7;
    } while (failures > 0);
    CHECK(at > 500);
}

UNIT_MAIN
