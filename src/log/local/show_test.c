/* Every file of the engine can be looked at. */
#include "log/log_harness.h"

struct text {
    unsigned lines, frames, batches, runs, files, damaged, bodies;
};

static void on_line(void *ctx, str line)
{
    struct text *text = ctx;

    text->lines++;
    text->frames += str_starts(line, STR("frame "));
    text->batches += str_starts(line, STR("  batch of log "));
    text->runs += str_starts(line, STR("  run of log "));
    text->files += str_starts(line, STR("settled file "));
    text->damaged += str_starts(line, STR("DAMAGED"));
}

static struct text text;
static struct os *world;

static void on_batch(void *ctx, log_id log, str body)
{
    struct text *into = ctx;

    into->bodies += body.size == 2000 && log >= 1 && log <= 5;
}

static const struct log_local_printer printer = { .line = on_line, .batch = on_batch, .ctx = &text };

static enum err show_one(void *ctx, const char *name)
{
    char path[100];
    enum err err;

    snprintf(path, sizeof(path), "/log/%s", name);
    err = log_local_show(world, path, &printer);
    CHECK(err == OK || (strstr(name, "spare") && err == ERR_UNSUPPORTED));
    return OK;
}

TEST("segments, settled files and the manifest are shown line by line; anything else is not ours")
{
    struct harness *h = harness_create(4, LOG_SYNC);
    struct os_file *file;

    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 128 << 10;
    h->config.settled_bytes_max = 64 << 10;
    CHECK(harness_open(h) == OK);
    for (unsigned i = 0; i < 150; i++) {
        while (harness_append(h, 1 + i % 5, 1, 2000, 0) == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
        CHECK(harness_drain(h));
    }
    CHECK(harness_append(h, 9, 0, 0, LOG_SEAL) == OK);
    harness_close(h);
    world = h->os;
    CHECK(os_list(h->os, "/log", show_one, NULL) == OK);
    CHECK(text.frames > 5 && text.batches >= text.frames - 3 && text.runs > 5 && text.files > 1 && text.damaged == 0);
    CHECK(text.bodies > 5 && text.bodies <= text.batches);
    CHECK(os_open(h->os, "/log/other", OS_WRITE | OS_CREATE, &file) == OK);
    CHECK(os_write_at(file, &(struct os_iov){ "hello, world", 12 }, 1, 0) == OK);
    os_close(file);
    CHECK(log_local_show(h->os, "/log/other", &printer) == ERR_UNSUPPORTED);
    CHECK(log_local_show(h->os, "/log/none", &printer) == ERR_MISSING);
    harness_destroy(h);
}

static enum err settled_name_of(void *ctx, const char *name)
{
    if (strstr(name, "settled-"))
        snprintf(ctx, 100, "/log/%.80s", name);
    return OK;
}

static uint64_t progress;

static void on_progress(void *ctx, uint64_t done, uint64_t size)
{
    CHECK(done >= progress && done <= size);
    progress = done;
}

TEST("each damaged batch of a settled file is a line, and the answer is CORRUPT; what was punched is not damage")
{
    struct harness *h = harness_create(4, LOG_SYNC);
    const struct log_local_printer shown = { .line = on_line, .progress = on_progress, .ctx = &text };
    char path[100] = "";
    struct os_stat stat;

    h->config.segment_bytes_max = 32 << 10;
    h->config.backlog_bytes_max = 128 << 10;
    h->config.settled_bytes_max = 64 << 10;
    CHECK(harness_open(h) == OK);
    for (unsigned i = 0; i < 150; i++) {
        while (harness_append(h, 1 + i % 5, 1, 2000, 0) == ERR_FULL)
            sim_run_until(h->os, 10000, NULL, NULL);
        CHECK(harness_drain(h));
    }
    harness_close(h);
    CHECK(os_list(h->os, "/log", settled_name_of, path) == OK);
    CHECK(path[0] && os_stat(h->os, path, &stat) == OK);
    text = (struct text){ 0 };
    progress = 0;
    CHECK(log_local_show(h->os, path, &shown) == OK && text.damaged == 0 && progress > stat.size / 2);
    CHECK(sim_flip(h->os, path, 32 + 48 + 700, 2) == OK);        /* in the first body */
    CHECK(sim_flip(h->os, path, 32 + 2 * 2048 + 9, 2) == OK);    /* in the third header */
    text = (struct text){ 0 };
    progress = 0;
    CHECK(log_local_show(h->os, path, &shown) == ERR_CORRUPT);
    CHECK_INT(text.damaged, 2);
    CHECK(text.runs > 1);
    text = (struct text){ 0 };
    progress = 0;
    CHECK(sim_break(h->os, path, 32 + 48, 8) == OK);
    CHECK(log_local_show(h->os, path, &shown) == ERR_CORRUPT);
    CHECK(text.damaged >= 1 && text.runs > 1);
    harness_destroy(h);
}

UNIT_MAIN
