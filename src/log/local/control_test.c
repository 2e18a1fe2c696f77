/* control_test.c: what is lost of the log that must be whole (the catalog's) is always known, and what is not lost is not
 * called lost: every frame of a commit log damaged once, alone and with its neighbours, in segments of all ages. */
#include "log/log_harness.h"

#include "log/local/frame.h"

enum { CONTROL = 1, LOGS = 4, APPENDS = 90, FRAMES_MAX = 4096, NAMES_MAX = 32 };

struct place {
    char path[100];
    uint64_t offset;
    uint32_t size;
    uint64_t number;
};

struct places {
    struct os *os;
    struct place at[FRAMES_MAX];
    unsigned count;
};

/* The frames of a segment, by their headers alone. */
static enum err find_frames(void *ctx, const char *name)
{
    struct places *places = ctx;
    char path[100], *at;
    size_t size;
    struct segment_head head;

    snprintf(path, sizeof(path), "/log/%s", name);
    if (!strstr(name, "commit-"))
        return OK;
    CHECK(os_read_file(places->os, path, 1 << 24, &at, &size) == OK);
    CHECK(segment_decode(at, &head) == OK);
    for (uint64_t offset = SEGMENT_HEADER_BYTES; offset + FRAME_HEADER_BYTES <= size;) {
        struct frame_head frame;

        if (frame_decode(at + offset, head.generation, &frame) != OK)
            break;
        struct place *place = &places->at[places->count++];

        *place = (struct place){ .offset = offset, .size = FRAME_HEADER_BYTES + frame.length, .number = frame.number };
        snprintf(place->path, sizeof(place->path), "%s", path);
        offset += place->size;
    }
    free(at);
    return OK;
}

static void write_some(struct harness *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        log_id log = harness_below(h, 6) == 0 ? CONTROL : 2 + harness_below(h, LOGS - 1);

        while (harness_append(h, log, 1, 8 + (uint32_t)harness_below(h, 900), 0) == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
        CHECK(harness_drain(h));
    }
}

/* Three starts, so that there are segments of several boots, and nothing settled. */
static struct harness *make(uint64_t seed, struct places *places)
{
    struct harness *h = harness_create(seed, LOG_SYNC);

    h->config.control_log = CONTROL;
    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 4 << 20;
    for (int boot = 0; boot < 3; boot++) {
        CHECK(harness_open(h) == OK);
        write_some(h, APPENDS / 3);
        harness_close(h);
    }
    h->reports = h->errors = 0;
    places->count = 0;
    places->os = h->os;
    CHECK(os_list(h->os, "/log", find_frames, places) == OK);
    return h;
}

/* Read one log; how many acknowledged appends of it are missing. */
static unsigned missing(struct harness *h, log_id id, bool *ret_damaged)
{
    static uint8_t seen[HARNESS_APPENDS_MAX];
    struct harness_read entry = { 0 };
    unsigned count = 0;
    log_pos from = 0;

    memset(seen, 0, sizeof(seen));
    *ret_damaged = false;
    do {
        if (!CHECK(harness_read(h, &entry, id, from, 50, 9000) == OK))
            return 0;
        for (uint32_t i = 0; i < entry.read.batch_count; i++) {
            struct fact *fact = harness_identify(h, &entry.read.batches[i]);

            if (CHECK(fact != NULL))
                seen[fact->number - 1]++;
        }
        *ret_damaged |= entry.read.damaged;
        from = entry.read.next;
        log_read_release(h->log, &entry.read);
    } while (!entry.read.at_end);
    for (uint32_t i = 0; i < h->fact_count; i++)
        count += h->facts[i].log == id && h->facts[i].fate == FATE_OK && !seen[i];
    return count;
}

static void wipe(struct os *os, const struct place *place, uint64_t size)
{
    static const char zeros[16 << 10];
    struct os_file *file;

    CHECK(os_open(os, place->path, OS_READ | OS_WRITE, &file) == OK);
    CHECK(os_write_at(file, &(struct os_iov){ zeros, size }, 1, place->offset) == OK);
    CHECK(os_sync(file) == OK);
    os_close(file);
}

struct tally {
    unsigned hit, spared, cut;
};

static void verdict(struct harness *h, struct tally *tally)
{
    for (int start = 0; start < 3; start++) { /* what is known stays known, also when it has been settled */
        bool damaged, other;
        unsigned lost;

        CHECK(harness_open(h) == OK);
        lost = missing(h, CONTROL, &damaged);
        if (h->count.damaged_frames == 0) { /* the end of the log: a torn tail, as far as anybody can know */
            tally->cut++;
        } else {
            if (!CHECK(damaged == (lost > 0)))
                fprintf(stderr, "start %d: %u lost of the control log, damaged %d\n", start, lost, damaged);
            tally->hit += damaged;
            tally->spared += !damaged;
        }
        for (log_id id = 2; id <= LOGS; id++) {
            lost = missing(h, id, &other);
            CHECK(lost == 0 || other || h->count.damaged_frames == 0);
        }
        write_some(h, 6);
        if (start == 1) {
            h->config.backlog_bytes_max = 64 << 10;
            write_some(h, 200);
        }
        harness_close(h);
    }
}

TEST("whether a lost frame held something of the control log is known, whichever frame it is")
{
    static struct places places;
    struct tally tally = { 0 };
    unsigned count;

    harness_destroy(make(7, &places));
    count = places.count;
    CHECK(count >= APPENDS);
    for (unsigned i = 0; i < count; i++) {
        struct harness *h = make(7, &places);

        wipe(h->os, &places.at[i], places.at[i].size);
        verdict(h, &tally);
        harness_destroy(h);
    }
    CHECK(tally.hit > 10 && tally.spared > 100);
    CHECK(tally.cut < 20);
}

TEST("also for a page, which may hold many frames, and for only the first bytes of one")
{
    static struct places places;
    struct tally tally = { 0 };
    unsigned count;

    harness_destroy(make(8, &places));
    count = places.count;
    for (unsigned i = 0; i < count; i += 3) {
        struct harness *h = make(8, &places);

        wipe(h->os, &places.at[i], i % 2 ? 4096 : 8);
        verdict(h, &tally);
        harness_destroy(h);
    }
    CHECK(tally.hit > 10 && tally.spared > 20);
}

TEST("a segment that is gone: what its frames were is not known, unless a later one says it")
{
    static struct places places;
    struct tally tally = { 0 };
    char last[100] = "";

    harness_destroy(make(9, &places));
    for (unsigned i = 0; i < places.count; i++) {
        struct harness *h;

        if (strcmp(places.at[i].path, last) == 0)
            continue;
        snprintf(last, sizeof(last), "%s", places.at[i].path);
        h = make(9, &places);
        CHECK(os_unlink(h->os, last) == OK);
        verdict(h, &tally);
        harness_destroy(h);
        harness_destroy(make(9, &places));
    }
    CHECK(tally.hit > 2);
}

UNIT_MAIN
