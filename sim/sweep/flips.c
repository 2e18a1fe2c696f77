/* flips.c: a data directory that has everything in it, and each time one bit of it is another.
 *
 * Either the server refuses to start and says why; or it says what is damaged and shows less; or everything it shows is
 * as it was. Only the last frame before the crash may be cut, and that is logged. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "log/local/frame.h"
#include "sweep.h"

enum { SEED = 2, FILES_MAX = 128, SHARED_BYTES = 16 << 20, HEAD_BYTES = 512, BULK_PUTS = 24, BULK_BYTES = 2400, SAID_US = 200000 };

#define THE_LAST "dGhlLWxhc3Q=" /* the record of the last put */

struct flips {
    struct sweep sweep;
    struct children children;
    char names[FILES_MAX][64];
    size_t name_count;
    str before;         /* what is read when nothing is flipped */
    size_t lines_before; /* that were said then */
    char last_name[64]; /* the segment with the last frame */
    uint64_t last_offset;
};

/* ---- the directory -------------------------------------------------------------------------------------------------- */

static void must_ask(struct sweep *sweep, const char *operation, const char *body)
{
    int status = 0;

    for (int i = 0; i < 40 && status != 200 && !is_wrong(sweep); i++) {
        status = ask(sweep, operation, body);
        if (status != 200)
            (void)world_run(sweep, 200000, NULL, NULL);
    }
    if (status != 200)
        wrong(sweep, "%s: %d %.200s", operation, status, sweep->answer.at);
}

static void put(struct sweep *sweep, const char *stream, unsigned key, size_t size)
{
    char *body = malloc(size + 256);
    int at;

    if (body == NULL)
        abort();
    at = snprintf(body, 256, "{\"StreamName\":\"%s\",\"PartitionKey\":\"%u\",\"Data\":\"", stream, key);
    for (size_t i = 0; i < size; i++)
        body[at++] = (char)('A' + (i * 7 + key) % 26);
    (void)snprintf(body + at, 8, "\"}");
    must_ask(sweep, "PutRecord", body);
    free(body);
}

static void fill(struct sweep *sweep)
{
    if (!world_start(sweep))
        wrong(sweep, "the server does not start");
    script_run(sweep, /* strict: */ true);
    must_ask(sweep, "CreateStream", "{\"StreamName\":\"big\",\"ShardCount\":2}");
    for (unsigned i = 0; i < BULK_PUTS && !is_wrong(sweep); i++)
        put(sweep, i % 5 ? "big" : "e", i, BULK_BYTES / 4 * 4);
    world_stop(sweep);
    world_end(sweep, false);
    if (!is_wrong(sweep) && !world_start(sweep))
        wrong(sweep, "the server does not start again");
    for (unsigned i = 0; i < 6 && !is_wrong(sweep); i++)
        put(sweep, i % 2 ? "big" : "a", i, 1000);
    (void)world_run(sweep, 5000000, NULL, NULL);
    must_ask(sweep, "PutRecord", "{\"StreamName\":\"a\",\"PartitionKey\":\"k\",\"Data\":\"" THE_LAST "\"}");
    world_end(sweep, false);
}

static enum err note_name(void *ctx, const char *name)
{
    struct flips *flips = ctx;

    if (flips->name_count < FILES_MAX)
        (void)snprintf(flips->names[flips->name_count++], sizeof(flips->names[0]), "%s", name);
    return OK;
}

static void path_of(const char *name, char *path, size_t size)
{
    (void)snprintf(path, size, "/data/%s", name);
}

/* Where the last frame stands: nobody vouches for it. */
static void find_last(struct flips *flips)
{
    for (size_t i = 0; i < flips->name_count; i++) {
        char path[128], *at;
        size_t size;
        struct segment_head head;
        struct frame_head frame;
        uint64_t offset = SEGMENT_HEADER_BYTES;

        path_of(flips->names[i], path, sizeof(path));
        if (strncmp(flips->names[i], "commit-", 7) != 0 ||
            os_read_file(flips->sweep.os, path, 1 << 30, &at, &size) != OK)
            continue;
        if (segment_decode(at, &head) == OK) {
            while (offset + FRAME_HEADER_BYTES <= size && frame_decode(at + offset, head.generation, &frame) == OK) {
                flips->last_offset = offset;
                offset += FRAME_HEADER_BYTES + frame.length;
            }
            (void)snprintf(flips->last_name, sizeof(flips->last_name), "%s", flips->names[i]);
        }
        free(at);
    }
}

/* ---- judging -------------------------------------------------------------------------------------------------------- */

static size_t count_lines(str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.size; i++)
        count += text.at[i] == '\n';
    return count;
}

static bool may_be_cut(const struct flips *flips, const char *name, uint64_t offset, const char *less)
{
    return strcmp(name, flips->last_name) == 0 && offset >= flips->last_offset && (!less[0] || strstr(less, THE_LAST));
}

static int judge(struct flips *flips, const char *name, uint64_t offset)
{
    struct sweep *sweep = &flips->sweep;
    char what[WHY_BYTES_MAX];
    struct buf now;
    bool told, cut;
    enum difference difference;

    if (!world_start(sweep)) {
        if (!is_wrong(sweep))
            world_stop(sweep);
        return is_wrong(sweep) ? -1 : WAY_REFUSED;
    }
    readout_take(sweep, &now);
    (void)world_run(sweep, SAID_US, NULL, NULL); /* lines come a little later */
    told = count_lines(buf_str(&sweep->said)) > flips->lines_before;
    cut = world_told(sweep, "it is cut");
    difference = readout_compare(flips->before, buf_str(&now), what);
    if (sweep->stopped)
        wrong(sweep, "the server has ended: %.300s", sweep->said.size ? sweep->said.at : "without a word");
    else if (difference == READ_OTHER)
        wrong(sweep, "it shows something else: %.300s", what);
    else if (cut && !may_be_cut(flips, name, offset, what))
        wrong(sweep, "acknowledged commits are cut: %.200s", what);
    else if (difference == READ_LESS && !told)
        wrong(sweep, "it shows less and says nothing: %.300s", what);
    if (!is_wrong(sweep))
        world_stop(sweep);
    if (is_wrong(sweep))
        return -1;
    return cut ? WAY_CUT : told ? WAY_TOLD : WAY_HARMLESS;
}

/* Another process reads what is there when nothing is flipped; it is the same for all. */
static void take_before(struct flips *flips)
{
    struct {
        size_t size, lines;
        char at[SHARED_BYTES];
    } *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        abort();
    if (children_fork(&flips->children, 0) == 0) {
        struct buf text;

        if (!world_start(&flips->sweep))
            wrong(&flips->sweep, "the server does not start: %.300s", flips->sweep.said.at);
        readout_take(&flips->sweep, &text);
        if (text.size > SHARED_BYTES)
            abort();
        memcpy(shared->at, text.at, text.size);
        shared->size = text.size;
        shared->lines = count_lines(buf_str(&flips->sweep.said));
        children_say(is_wrong(&flips->sweep) ? -1 : WAY_HARMLESS, flips->sweep.why);
    }
    children_wait(&flips->children);
    flips->before = str_bytes(shared->at, shared->size);
    flips->lines_before = shared->lines;
    flips->children.ended = flips->children.ways[WAY_HARMLESS] = 0;
}

/* ---- flipping ------------------------------------------------------------------------------------------------------- */

static void flip(struct flips *flips, const char *name, const char *path, uint64_t offset, unsigned bit)
{
    int way;

    if (children_fork(&flips->children, offset * 8 + bit))
        return;
    flips->sweep.tls = strncmp(name, "ca.", 3) == 0; /* a certificate takes as long as all the rest */
    if (sim_flip(flips->sweep.os, path, offset, bit) != OK)
        abort();
    way = judge(flips, name, offset);
    children_say(way, flips->sweep.why);
}

static uint64_t sweep_file(struct flips *flips, const struct sweep_options *options, const char *name, uint64_t size)
{
    char path[128];
    uint64_t count = 0, phase = options->first;

    path_of(name, path, sizeof(path));
    flips->children.name = name;
    for (uint64_t number = 0; number < size * 8; number++) {
        uint64_t offset = number / 8;
        unsigned bit = (unsigned)(number % 8);
        bool wanted = offset < HEAD_BYTES || bit == (offset * 5 + 3) % 8; /* heads: all bits; else one of each byte */

        if (options->only ? number != options->only - 1 : !wanted || phase++ % options->step)
            continue;
        flip(flips, name, path, offset, bit);
        count++;
    }
    children_wait(&flips->children);
    return count;
}

static void report(const struct flips *flips, const char *name, uint64_t size, uint64_t count, const struct children *before)
{
    const struct children *now = &flips->children;

    (void)printf("%-36s %7llu bytes, %7llu flips: %llu harmless, %llu told, %llu refused, %llu cut; %llu wrong\n", name,
                 (unsigned long long)size, (unsigned long long)count,
                 (unsigned long long)(now->ways[WAY_HARMLESS] - before->ways[WAY_HARMLESS]),
                 (unsigned long long)(now->ways[WAY_TOLD] - before->ways[WAY_TOLD]),
                 (unsigned long long)(now->ways[WAY_REFUSED] - before->ways[WAY_REFUSED]),
                 (unsigned long long)(now->ways[WAY_CUT] - before->ways[WAY_CUT]), (unsigned long long)(now->bad - before->bad));
    (void)fflush(stdout);
}

uint64_t flips_sweep(const struct sweep_options *options, uint64_t *good)
{
    struct flips *flips = calloc(1, sizeof(*flips));
    struct sweep_options now = *options;
    struct os_stat stats[FILES_MAX];
    uint64_t total = 0, bad;

    if (flips == NULL)
        abort();
    children_init(&flips->children, "before", options->children, options->aloud);
    sweep_init(&flips->sweep, SEED, /* tls: */ true);
    fill(&flips->sweep);
    if (is_wrong(&flips->sweep)) {
        (void)printf("flips: the directory cannot be made: %s\n", flips->sweep.why);
        return 1;
    }
    if (os_list(flips->sweep.os, "/data", note_name, flips) != OK)
        abort();
    find_last(flips);
    take_before(flips);
    for (size_t i = 0; i < flips->name_count; i++) {
        char path[128];

        path_of(flips->names[i], path, sizeof(path));
        if (os_stat(flips->sweep.os, path, &stats[i]) != OK)
            stats[i].size = 0;
        total += stats[i].size;
    }
    if (options->sample)
        now.step = total / options->sample + 1;
    for (size_t i = 0; i < flips->name_count; i++) {
        struct children before = flips->children;

        if (options->file && strcmp(options->file, flips->names[i]) != 0)
            continue;
        report(flips, flips->names[i], stats[i].size, sweep_file(flips, &now, flips->names[i], stats[i].size), &before);
    }
    bad = flips->children.bad;
    *good += flips->children.ended - (bad < flips->children.ended ? bad : flips->children.ended);
    sweep_deinit(&flips->sweep);
    children_deinit(&flips->children);
    free(flips);
    return bad;
}
