/* show.c: every file of the engine, for people. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "log/local/engine.h"
#include "log/local/recover.h"
#include "log/local/settled.h"

struct show {
    struct os *os;
    const char *path;
    const struct log_local_printer *printer;
    struct os_file *file;
    uint64_t size;
    struct buf text;
    uint64_t damaged, batches, runs, punched;
    char *bytes;           /* of a run */
    size_t capacity;
};

static void say(struct show *show, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct show *show, const char *format, ...)
{
    va_list args;

    buf_clear(&show->text);
    va_start(args, format);
    buf_vfmt(&show->text, format, args);
    va_end(args);
    show->printer->line(show->printer->ctx, buf_str(&show->text));
}

static void progress(struct show *show, uint64_t done)
{
    if (show->printer->progress)
        show->printer->progress(show->printer->ctx, done, show->size);
}

static const char *iso(ms at, char text[static DATE_TEXT_MAX])
{
    date_format_iso(at, text);
    return text;
}

/* ---- commit segments ------------------------------------------------------------------------------------------- */

static enum err show_frame(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    struct show *show = walk->ctx;
    const char *at = frame + FRAME_HEADER_BYTES;
    char text[DATE_TEXT_MAX];

    progress(show, offset);
    say(show, "frame %" PRIu64 " at %" PRIu64 ": %u bytes, %u batches, %s, vouches for %" PRIu64, head->number, offset,
        FRAME_HEADER_BYTES + head->length, head->batch_count, iso(head->time, text), head->vouched);
    for (uint32_t i = 0; i < head->batch_count; i++) {
        struct batch_head batch;

        TRY(batch_decode(at, FRAME_BYTES_MAX, &batch));
        say(show, "  batch of log %" PRIu64 ": position %" PRIu64 ", %u records, %u bytes, flags %x%s", batch.log,
            batch.first, batch.count, batch.size, batch.flags, batch.flags & LOG_SEAL ? " (seals the log)" : "");
        if (show->printer->batch && batch.count > 0)
            show->printer->batch(show->printer->ctx, batch.log, str_bytes(at + BATCH_HEADER_BYTES, batch.size));
        at += batch_span(batch.size);
    }
    return OK;
}

static enum err show_lost(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    struct show *show = walk->ctx;

    show->damaged += to - from;
    say(show, "DAMAGED at %" PRIu64 ": frames %" PRIu64 " to %" PRIu64 " are lost", offset, from, to - 1);
    return OK;
}

static enum err show_segment(struct show *show)
{
    struct scan scan;
    struct walk walk = { .scan = &scan, .frame = show_frame, .lost = show_lost, .ctx = show };
    bool damaged;
    enum err err;

    scan_init_file(&scan, show->file, show->size, 0);
    err = walk_head(&scan, 0, &walk.head, &damaged);
    if (err == OK) {
        say(show, "commit segment: %" PRIu64 " bytes, generation %016" PRIx64 ", first frame %" PRIu64 ", epoch %u",
            show->size, walk.head.generation, walk.head.first_frame, walk.head.epoch);
        err = walk_segment(&walk);
    }
    if (err == OK)
        say(show, "end at %" PRIu64 "%s", walk.end, walk.cut ? ": what follows is no whole frame; a crash tore it, or it is damaged" : "");
    scan_deinit(&scan);
    return err == ERR_MISSING ? ERR_CORRUPT : err;
}

/* ---- settled files --------------------------------------------------------------------------------------------- */

static void show_file(struct show *show, const struct manifest_file *file)
{
    char from[DATE_TEXT_MAX], to[DATE_TEXT_MAX];

    say(show, "settled file %" PRIu64 ": class %u, %" PRIu64 " bytes, positions %" PRIu64 " to %" PRIu64
        ", %s to %s, index of %u blocks at %" PRIu64, file->number, file->retention_class, file->size, file->first,
        file->last, iso(file->time_min, from), iso(file->time_max, to), file->block_count, file->index_offset);
}

static enum err read_run(struct show *show, const struct settled_entry *entry, size_t *ret_got)
{
    enum err err;

    if (entry->size > show->capacity) {
        char *bytes = realloc(show->bytes, entry->size);

        if (!bytes)
            return ERR_NO_MEMORY;
        show->bytes = bytes;
        show->capacity = entry->size;
    }
    err = os_read_at(show->file, show->bytes, entry->size, entry->offset, ret_got);
    if (err == ERR_IO) /* the disk refuses this place */
        *ret_got = 0;
    return err == ERR_IO ? OK : err;
}

static bool is_punched(const char *at, size_t size)
{
    return size >= BATCH_HEADER_BYTES && at[0] == 0 && memcmp(at, at + 1, BATCH_HEADER_BYTES - 1) == 0;
}

/* Every batch of a run; one whose header is broken hides those behind it. */
static enum err check_run(struct show *show, const struct settled_entry *entry)
{
    struct batch_head head;
    uint32_t at = 0, found = 0;
    size_t got;

    TRY(read_run(show, entry, &got));
    show->runs++;
    if (got == entry->size && is_punched(show->bytes, got)) {
        show->punched++;
        return OK;
    }
    for (; at < got && batch_decode(show->bytes + at, got - at, &head) == OK; at += batch_span(head.size), found++) {
        if (head.log == entry->log && batch_check(show->bytes + at, &head))
            continue;
        show->damaged++;
        say(show, "DAMAGED at %" PRIu64 ": a batch of log %" PRIu64 ", position %" PRIu64, entry->offset + at, entry->log,
            head.first);
    }
    show->batches += found;
    if (at < entry->size) {
        show->damaged += entry->batch_count > found ? entry->batch_count - found : 1;
        say(show, "DAMAGED at %" PRIu64 ": the rest of a run of log %" PRIu64 ", %u of its %u batches", entry->offset + at,
            entry->log, entry->batch_count - found, entry->batch_count);
    }
    return OK;
}

static enum err show_blocks(struct show *show, const struct manifest_file *file, struct settled_block *block)
{
    char text[DATE_TEXT_MAX];

    for (uint32_t number = 0; number < file->block_count; number++) {
        TRY(settled_block_read(show->file, file, number, block));
        for (uint32_t i = 0; i < block->count; i++) {
            const struct settled_entry *entry = &block->entries[i];

            say(show, "  run of log %" PRIu64 " at %" PRIu64 ": %u bytes, %u batches, positions %" PRIu64 " to %" PRIu64
                ", from %s", entry->log, entry->offset, entry->size, entry->batch_count, entry->first, entry->last,
                iso(entry->time_min, text));
            TRY(check_run(show, entry));
            progress(show, entry->offset + entry->size);
        }
    }
    return OK;
}

static enum err show_settled(struct show *show)
{
    char bytes[SETTLED_TRAILER_BYTES];
    struct manifest_file file;
    struct settled_block *block;
    size_t got;
    enum err err;

    if (show->size < SETTLED_HEADER_BYTES + SETTLED_TRAILER_BYTES)
        return ERR_CORRUPT;
    TRY(os_read_at(show->file, bytes, SETTLED_HEADER_BYTES, 0, &got));
    TRY(settled_header_check(bytes, load_le64(bytes + 16)));
    TRY(os_read_at(show->file, bytes, sizeof(bytes), show->size - SETTLED_TRAILER_BYTES, &got));
    if (got != sizeof(bytes))
        return ERR_CORRUPT;
    TRY(settled_trailer_decode(bytes, &file));
    show_file(show, &file);
    block = malloc(sizeof(*block));
    err = block ? show_blocks(show, &file, block) : ERR_NO_MEMORY;
    free(block);
    if (err == OK)
        say(show, "%" PRIu64 " batches in %" PRIu64 " runs are checked, %" PRIu64 " are damaged; %" PRIu64
            " runs are given back", show->batches, show->runs, show->damaged, show->punched);
    return err;
}

/* ---- the manifest ---------------------------------------------------------------------------------------------- */

static enum err show_manifest(struct show *show)
{
    struct manifest manifest;
    char *bytes;
    size_t size;
    enum err err;

    TRY(os_read_file(show->os, show->path, MANIFEST_BYTES_MAX, &bytes, &size));
    err = manifest_decode(str_bytes(bytes, size), &manifest);
    free(bytes);
    TRY(err);
    say(show, "manifest: epoch %u, settled up to segment %" PRIu64 ", frame %" PRIu64 ", position %" PRIu64,
        manifest.epoch, manifest.settled_segment, manifest.settled_frame, manifest.settled);
    for (uint32_t i = 0; i < manifest.file_count; i++)
        show_file(show, &manifest.files[i]);
    for (uint32_t i = 0; i < manifest.sealed_count; i++)
        say(show, "sealed log %" PRIu64, manifest.sealed[i]);
    for (uint32_t i = 0; i < manifest.hole_count; i++)
        say(show, "lost to damage: positions %" PRIu64 " to %" PRIu64, manifest.holes[i].from,
            manifest.holes[i].to - 1);
    manifest_deinit(&manifest);
    return OK;
}

static enum err show_any(struct show *show)
{
    char magic[8] = { 0 };
    size_t got;

    TRY(os_size(show->file, &show->size));
    TRY(os_read_at(show->file, magic, sizeof(magic), 0, &got));
    if (memcmp(magic, "LEATSEGM", 8) == 0)
        return show_segment(show);
    if (memcmp(magic, "LEATSETT", 8) == 0)
        return show_settled(show);
    if (memcmp(magic, "LEATMANI", 8) == 0)
        return show_manifest(show);
    return ERR_UNSUPPORTED;
}

enum err log_local_show(struct os *os, const char *path, const struct log_local_printer *printer)
{
    struct show show = { .os = os, .path = path, .printer = printer };
    enum err err;

    TRY(os_open(os, path, OS_READ, &show.file));
    buf_init(&show.text, 4096);
    err = show_any(&show);
    if (err == OK && show.damaged > 0)
        err = ERR_CORRUPT;
    free(show.bytes);
    buf_deinit(&show.text);
    os_close(show.file);
    return err;
}
