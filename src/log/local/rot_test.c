/* rot_test.c: any flipped bit is harmless, or it is said. Nothing wrong is ever handed to a reader, nothing
 * acknowledged is missing in silence. Also: bad sectors, missing files, files of a later version. */
#include "log/log_harness.h"

#include "base/crc32c.h"
#include "log/local/frame.h"
#include "log/local/manifest.h"

enum { LOGS = 4, FILES_MAX = 64, FLIPS_PER_FILE = 60 };

struct listing {
    char names[FILES_MAX][64];
    unsigned count;
};

static enum err list_name(void *ctx, const char *name)
{
    struct listing *listing = ctx;

    if (listing->count < FILES_MAX)
        snprintf(listing->names[listing->count++], 64, "/log/%s", name);
    return OK;
}

/* A directory with settled files, a backlog of several segments and a manifest; the same one for the same seed. */
static struct harness *make(uint64_t seed, struct listing *listing)
{
    struct harness *h = harness_create(seed, LOG_SYNC);

    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 128 << 10;
    h->config.settled_bytes_max = 64 << 10;
    h->config.tail_bytes_max = 8 << 10;
    CHECK(harness_open(h) == OK);
    for (unsigned i = 0; i < 140; i++) {
        while (harness_append(h, 1 + i % LOGS, 1 + i % 3, 8 + (uint32_t)harness_below(h, 3000), 0) == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
        CHECK(harness_drain(h));
    }
    CHECK(h->count.settled_files > 0 && h->count.commit_segments > 1);
    harness_close(h);
    listing->count = 0;
    CHECK(os_list(h->os, "/log", list_name, listing) == OK);
    h->reports = h->errors = 0;
    return h;
}

/* Read everything. True if something acknowledged is missing; `said` if somebody was told. */
static bool anything_missing(struct harness *h, bool *said)
{
    static uint8_t seen[HARNESS_APPENDS_MAX];
    struct harness_read entry = { 0 };
    bool missing = false;

    memset(seen, 0, sizeof(seen));
    for (log_id id = 1; id <= LOGS; id++) {
        log_pos from = 0;

        do {
            if (!CHECK(harness_read(h, &entry, id, from, 50, 9000) == OK))
                return false;
            for (uint32_t i = 0; i < entry.read.batch_count; i++) {
                const struct log_batch *batch = &entry.read.batches[i];
                struct fact *fact = harness_identify(h, batch);

                if (CHECK(fact && fact->first == batch->first && fact->time == batch->time))
                    CHECK_INT(++seen[fact->number - 1], 1);
            }
            *said |= entry.read.damaged;
            from = entry.read.next;
            log_read_release(h->log, &entry.read);
        } while (!entry.read.at_end);
    }
    for (uint32_t i = 0; i < h->fact_count; i++)
        missing |= h->facts[i].fate == FATE_OK && !seen[i];
    return missing;
}

/* `last`: it is the last segment, where rot cannot be told from a torn tail; the cut is said, but not as damage. */
static void verdict(struct harness *h, const char *what, bool last, uint64_t offset, unsigned *told)
{
    enum err err = harness_open(h);
    bool said = false, missing = false;

    if (err == OK) {
        missing = anything_missing(h, &said);
        if (missing && !CHECK((said && h->errors > 0) || (last && h->reports > 0)))
            fprintf(stderr, "%s at %llu: missing in silence\n", what, (unsigned long long)offset);
        if (missing && said) { /* it stays said after another start */
            harness_close(h);
            CHECK(harness_open(h) == OK);
            said = false;
            CHECK(anything_missing(h, &said) && said);
        }
    } else {
        CHECK(err == ERR_CORRUPT && h->errors > 0);
    }
    *told += err != OK || missing;
    harness_close(h);
    harness_destroy(h);
}

/* The names are in order; the last segment is the last that begins with commit. */
static bool is_last(const struct listing *listing, unsigned f)
{
    return strstr(listing->names[f], "commit") && (f + 1 == listing->count || !strstr(listing->names[f + 1], "commit"));
}

TEST("a flipped bit anywhere is found or harmless")
{
    struct listing listing;
    unsigned told = 0, flips = 0;
    uint64_t random = 77;

    harness_destroy(make(5, &listing));
    for (unsigned f = 0; f < listing.count; f++) {
        for (unsigned i = 0; i < FLIPS_PER_FILE; i++, flips++) {
            struct harness *h = make(5, &listing);
            struct os_stat stat;
            uint64_t offset;

            CHECK(os_stat(h->os, listing.names[f], &stat) == OK);
            offset = (unit_random(&random) >> 8) % stat.size;
            CHECK(sim_flip(h->os, listing.names[f], offset, i % 8) == OK);
            verdict(h, listing.names[f], is_last(&listing, f), offset, &told);
        }
    }
    CHECK(told > flips / 10);
}

TEST("a flipped bit in the header of the first frame, of a segment or of the manifest is found")
{
    struct listing listing;
    unsigned told = 0;

    harness_destroy(make(5, &listing));
    for (unsigned f = 0; f < listing.count; f++) {
        uint64_t start = strstr(listing.names[f], "commit") ? SEGMENT_HEADER_BYTES : 0;

        for (uint64_t offset = start; offset < start + 112; offset += 3) {
            struct harness *h = make(5, &listing);

            CHECK(sim_flip(h->os, listing.names[f], offset, offset % 8) == OK);
            verdict(h, listing.names[f], is_last(&listing, f), offset, &told);
        }
    }
    CHECK(told > 20);
}

TEST("a bad sector costs what lies on it")
{
    struct listing listing;
    unsigned told = 0;

    harness_destroy(make(5, &listing));
    for (unsigned f = 0; f < listing.count; f++) {
        if (strstr(listing.names[f], "manifest"))
            continue;
        for (uint64_t offset = 0; offset < 64 << 10; offset += 12288) {
            struct harness *h = make(5, &listing);

            CHECK(sim_break(h->os, listing.names[f], offset, 512) == OK);
            verdict(h, listing.names[f], is_last(&listing, f), offset, &told);
        }
    }
    CHECK(told > 3);
}

/* Read the log in pieces; where a piece fails, from the same place again. */
static unsigned read_patiently(struct harness *h, log_id id, unsigned *failures)
{
    struct harness_read entry = { 0 };
    unsigned count = 0, tries = 0;
    log_pos from = 0;

    do {
        enum err err = harness_read(h, &entry, id, from, 5, 3000);

        if (err != OK) {
            CHECK_INT(err, ERR_IO);
            ++*failures;
            if (!CHECK(++tries < 10))
                return 0;
            entry.read.at_end = false;
            continue;
        }
        count += entry.read.batch_count;
        CHECK(!entry.read.damaged);
        from = entry.read.next;
        log_read_release(h->log, &entry.read);
    } while (!entry.read.at_end);
    return count;
}

TEST("a disk that answers nothing for a moment costs readers no record, and nothing is called damaged")
{
    struct listing listing;
    unsigned failures = 0;

    for (unsigned at = 0; at < 60; at++) {
        struct harness *h = make(5, &listing);
        unsigned whole, none = 0;

        CHECK(harness_open(h) == OK);
        whole = read_patiently(h, 1 + at % LOGS, &none);
        CHECK(none == 0 && whole > 0);
        sim_fail_at(h->os, SIM_READ | SIM_META, 1 + at / 2, 1 + at % 3, ERR_IO);
        CHECK_INT(read_patiently(h, 1 + at % LOGS, &failures), whole);
        CHECK_INT(h->errors, 0);
        harness_close(h);
        harness_destroy(h);
    }
    CHECK(failures > 0);
}

TEST("a disk that is gone is not called damaged because the cache still answers; when it is back everything is read")
{
    struct listing listing;
    struct harness *h = make(5, &listing);
    struct harness_read entry = { 0 };
    unsigned failures = 0;

    CHECK(harness_open(h) == OK);
    sim_away(h->os, true);
    CHECK_INT(harness_read(h, &entry, 1, 0, 50, 1 << 20), ERR_IO);
    CHECK_INT(h->errors, 0);
    sim_away(h->os, false);
    CHECK(read_patiently(h, 1, &failures) > 0 && failures == 0);
    harness_close(h);
    sim_away(h->os, true); /* a start refuses, and judges nothing */
    CHECK(harness_open(h) == ERR_IO);
    CHECK_INT(h->count.damaged_frames, 0);
    harness_close(h);
    sim_away(h->os, false);
    CHECK(harness_open(h) == OK);
    CHECK(read_patiently(h, 1, &failures) > 0 && failures == 0);
    harness_close(h);
    harness_destroy(h);
}

TEST("what rots after the start and before it is settled is said to whoever reads across it, also after another start")
{
    unsigned lost = 0;

    for (uint64_t offset = SEGMENT_HEADER_BYTES + 200; offset < 28 << 10; offset += 1500) {
        struct harness *h = harness_create(5, LOG_SYNC);
        bool said = false, missing;

        h->config.segment_bytes_max = 32 << 10;
        h->config.backlog_bytes_max = 256 << 10;
        h->config.settled_bytes_max = 64 << 10;
        h->config.tail_bytes_max = 8 << 10;
        CHECK(harness_open(h) == OK);
        for (unsigned i = 0; i < 300; i++) {
            while (harness_append(h, 1 + i % LOGS, 1 + i % 3, 8 + (uint32_t)harness_below(h, 3000), 0) == ERR_FULL)
                sim_run_until(h->os, 10000, NULL, NULL);
            CHECK(harness_drain(h));
            if (i == 25)
                CHECK(sim_flip(h->os, "/log/commit-0000000000000001.log", offset, 3) == OK);
        }
        CHECK(h->count.settled_files > 0);
        missing = anything_missing(h, &said);
        CHECK(!missing || (said && h->errors > 0));
        harness_close(h);
        CHECK(harness_open(h) == OK);
        said = false;
        CHECK(anything_missing(h, &said) == missing && (!missing || said));
        lost += missing;
        harness_close(h);
        harness_destroy(h);
    }
    CHECK(lost > 5);
}

TEST("a missing segment or settled file is said")
{
    struct listing listing;
    unsigned told = 0;

    harness_destroy(make(5, &listing));
    for (unsigned f = 0; f < listing.count; f++) {
        struct harness *h = make(5, &listing);

        if (strstr(listing.names[f], "spare") || is_last(&listing, f)) {
            harness_destroy(h);
            continue;
        }
        CHECK(os_unlink(h->os, listing.names[f]) == OK);
        verdict(h, listing.names[f], false, 0, &told);
    }
    CHECK(told > 3);
}

TEST("a manifest of a later version is refused")
{
    struct listing listing;
    struct harness *h = make(5, &listing);
    struct manifest manifest;
    struct buf buf;
    char *at;
    size_t size;

    CHECK(os_read_file(h->os, "/log/manifest", 1 << 20, &at, &size) == OK);
    CHECK(manifest_decode(str_bytes(at, size), &manifest) == OK);
    free(at);
    buf_init(&buf, 1 << 20);
    manifest_encode(&manifest, &buf);
    store_le32(buf.at + 8, 99);
    store_le32(buf.at + 12, crc32c(crc32c(0, buf.at, 12), buf.at + 16, 112));
    CHECK(os_replace_file(h->os, "/log/manifest", buf_str(&buf)) == OK);
    buf_deinit(&buf);
    manifest_deinit(&manifest);
    CHECK(harness_open(h) == ERR_NEWER);
    CHECK(strstr(h->last_report, "newer") != NULL);
    harness_close(h);
    harness_destroy(h);
}

UNIT_MAIN
