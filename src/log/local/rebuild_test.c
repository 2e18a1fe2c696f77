/* rebuild_test.c: a manifest that is damaged is rebuilt and nothing is missing afterwards, or it is refused and said why:
 * for any bit of it, at any moment at which the power may have failed, and beside files that are damaged too. */
#include "log/log_harness.h"

#include "log/local/manifest.h"

enum { LOGS = 5, ROUNDS = 110, SEALED = 77 };

static void harness_small(struct harness *h)
{
    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 96 << 10;
    h->config.settled_bytes_max = 64 << 10;
    h->config.tail_bytes_max = 8 << 10;
}

static void workload(struct harness *h)
{
    for (unsigned i = 0; i < ROUNDS && !h->failed; i++) {
        enum err err;

        for (unsigned tries = 0; tries < 1000; tries++) {
            err = harness_append(h, 1 + i % LOGS, 1, 8 + (uint32_t)harness_below(h, 3000), 0);
            if (err != ERR_FULL)
                break;
            sim_run_until(h->os, 10000, NULL, NULL);
        }
        if (i == 3)
            (void)harness_append(h, SEALED, 1, 100, LOG_SEAL);
        if (err != OK || !harness_drain(h))
            return;
    }
}

/* Two boots, the second cut off at the nth operation of the disk (0: not). */
static struct harness *make(uint64_t seed, uint64_t nth, bool *ret_crashed)
{
    struct harness *h = harness_create(seed, LOG_SYNC);

    harness_small(h);
    CHECK(harness_open(h) == OK);
    workload(h);
    harness_close(h);
    if (nth)
        sim_crash_at(h->os, SIM_WRITE | SIM_SYNC | SIM_META, nth);
    if (harness_open(h) == OK)
        workload(h);
    *ret_crashed = sim_frozen(h->os);
    harness_close(h);
    if (nth)
        sim_crash(h->os);
    sim_heal(h->os);
    h->reports = h->errors = 0;
    return h;
}

static bool all_there(struct harness *h)
{
    static uint8_t seen[HARNESS_APPENDS_MAX];
    bool good = true;

    memset(seen, 0, sizeof(seen));
    for (log_id id = 1; id <= SEALED; id += id == LOGS ? SEALED - LOGS : 1) {
        struct harness_read entry = { 0 };
        log_pos from = 0;

        do {
            if (!CHECK(harness_read(h, &entry, id, from, 100, 100000) == OK))
                return false;
            for (uint32_t i = 0; i < entry.read.batch_count; i++) {
                struct fact *fact = harness_identify(h, &entry.read.batches[i]);

                if (CHECK(fact != NULL))
                    seen[fact->number - 1]++;
                if (entry.read.batches[i].first > h->greatest)
                    h->greatest = entry.read.batches[i].first;
            }
            CHECK(!entry.read.damaged);
            from = entry.read.next;
            log_read_release(h->log, &entry.read);
        } while (!entry.read.at_end);
        if (id == SEALED)
            CHECK(entry.read.sealed);
    }
    for (uint32_t i = 0; i < h->fact_count; i++)
        good &= seen[i] <= 1 && (h->facts[i].fate != FATE_OK || seen[i] == 1);
    return good;
}

/* True if it opens; then nothing is missing, also at the next start, and no position is given twice. */
static bool opens_whole(struct harness *h)
{
    log_pos before;

    if (harness_open(h) != OK) {
        CHECK(h->open_err == ERR_CORRUPT && h->errors > 0);
        harness_close(h);
        return false;
    }
    CHECK(strstr(h->last_report, "rebuilt from the trailers") || h->reports > 1);
    CHECK(all_there(h));
    before = h->greatest;
    CHECK(harness_append(h, 1, 1, 50, 0) == OK && harness_drain(h));
    CHECK(h->facts[h->fact_count - 1].first > before);
    harness_close(h);
    CHECK(harness_open(h) == OK);
    CHECK(all_there(h));
    harness_close(h);
    return true;
}

static uint64_t manifest_size(struct harness *h)
{
    struct os_stat stat;

    CHECK(os_stat(h->os, "/log/manifest", &stat) == OK);
    return stat.size;
}

static void overwrite(struct harness *h, size_t size)
{
    static const char zeros[1 << 16];

    CHECK(os_replace_file(h->os, "/log/manifest", str_bytes(zeros, size)) == OK);
}

TEST("any flipped bit of a manifest costs nothing but its rebuilding")
{
    bool crashed;
    struct harness *h = make(3, 0, &crashed);
    uint64_t size = manifest_size(h);

    CHECK(h->count.settled_files > 2);
    harness_destroy(h);
    for (uint64_t at = 0; at < size; at += 7) {
        h = make(3, 0, &crashed);
        CHECK(sim_flip(h->os, "/log/manifest", at, at % 8) == OK);
        CHECK(opens_whole(h));
        harness_destroy(h);
    }
}

TEST("so does a manifest of which nothing is left, wherever the power failed before")
{
    unsigned opened = 0, refused = 0;
    bool crashed = true;

    for (uint64_t nth = 1; crashed; nth += 3) {
        struct harness *h = make(4, nth, &crashed);

        overwrite(h, manifest_size(h));
        if (opens_whole(h))
            opened++;
        else
            refused++;
        harness_destroy(h);
    }
    CHECK(opened > 50 && refused == 0);
}

static enum err note_settled(void *ctx, const char *name)
{
    char (*names)[64] = ctx;

    for (int i = 0; strstr(name, "settled-") && i < 20; i++) {
        if (names[i][0] == 0) {
            snprintf(names[i], 64, "/log/%.50s", name);
            break;
        }
    }
    return OK;
}

TEST("a settled file that is missing or not whole as well: refused, and the directory stays as it is")
{
    char names[20][64] = { { 0 } };
    bool crashed;
    struct harness *h = make(5, 0, &crashed);
    unsigned count = 0;

    CHECK(os_list(h->os, "/log", note_settled, names) == OK);
    harness_destroy(h);
    for (int i = 0; i < 20 && names[i][0]; i++, count++) {
        for (int way = 0; way < 3; way++) {
            struct os_stat stat;

            h = make(5, 0, &crashed);
            CHECK(os_stat(h->os, names[i], &stat) == OK);
            CHECK(sim_flip(h->os, "/log/manifest", 130, 1) == OK);
            if (way == 0)
                CHECK(os_unlink(h->os, names[i]) == OK);
            else
                CHECK(sim_flip(h->os, names[i], way == 1 ? stat.size - 40 : stat.size - 96 - 2000, 3) == OK);
            CHECK(harness_open(h) == ERR_CORRUPT);
            CHECK(strstr(h->last_report, "cannot be rebuilt"));
            CHECK(manifest_size(h) > 0 && os_stat(h->os, "/log/manifest.damaged", &stat) == ERR_MISSING);
            harness_close(h);
            harness_destroy(h);
        }
    }
    CHECK(count > 2);
}

TEST("a manifest that is missing or cut short is not rebuilt: so looks a copy that was not finished")
{
    bool crashed;
    struct harness *h = make(6, 0, &crashed);
    char *at;
    size_t size;

    CHECK(os_read_file(h->os, "/log/manifest", 1 << 20, &at, &size) == OK);
    CHECK(os_replace_file(h->os, "/log/manifest", str_bytes(at, size - 30)) == OK);
    free(at);
    CHECK(harness_open(h) == ERR_CORRUPT);
    harness_close(h);
    CHECK(os_unlink(h->os, "/log/manifest") == OK);
    CHECK(harness_open(h) == ERR_CORRUPT);
    CHECK(strstr(h->last_report, "a copy that was not finished"));
    harness_close(h);
    harness_destroy(h);
}

UNIT_MAIN
