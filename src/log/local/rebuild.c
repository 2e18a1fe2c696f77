/* rebuild.c: a manifest that is damaged, from the trailers of the settled files; see rebuild.h for what must agree. */
#include "base/grow.h"
#include "log/local/rebuild.h"

#include <stdlib.h>

struct rebuild {
    struct recover *state;
    struct manifest manifest;
    uint32_t file_capacity, sealed_capacity;
    /* of the commit segments */
    uint64_t first_frame;      /* of the oldest */
    log_pos first;             /* the first position in any */
    uint64_t next_frame;       /* of the oldest that is not settled */
    bool unsettled;
};

/* ---- settled files --------------------------------------------------------------------------------------------- */

/* CORRUPT unless header, trailer and size agree. */
static enum err read_trailer(struct os_file *os_file, uint64_t number, struct manifest_file *ret_file)
{
    char header[SETTLED_HEADER_BYTES], trailer[SETTLED_TRAILER_BYTES];
    struct manifest_file file;
    uint64_t size;
    size_t got;

    TRY(os_size(os_file, &size));
    if (size < sizeof(header) + sizeof(trailer))
        return ERR_CORRUPT;
    TRY(os_read_at(os_file, header, sizeof(header), 0, &got));
    TRY(settled_header_check(header, number));
    TRY(os_read_at(os_file, trailer, sizeof(trailer), size - sizeof(trailer), &got));
    TRY(settled_trailer_decode(trailer, &file));
    if (file.number != number || file.size != size || file.first > file.last || file.last >= file.together ||
        file.index_offset + (uint64_t)file.block_count * SETTLED_BLOCK_BYTES + sizeof(trailer) != size)
        return ERR_CORRUPT;
    *ret_file = file;
    return OK;
}

static enum err open_settled(struct rebuild *rebuild, uint64_t number, struct os_file **ret_file)
{
    char name[SETTLED_NAME_MAX], path[PATH_BYTES_MAX];

    settled_name(name, number);
    local_path(rebuild->state->local, name, path);
    return os_open(rebuild->state->local->os, path, OS_READ, ret_file);
}

/* A file that is not whole may be one that was being written or removed; whether it is missed is judged later. */
static enum err collect_files(struct rebuild *rebuild)
{
    const struct numbers *settled = &rebuild->state->settled;
    struct manifest *manifest = &rebuild->manifest;

    for (uint32_t i = 0; i < settled->count; i++) {
        struct os_file *os_file;
        struct manifest_file file;
        enum err err;

        TRY(GROW(manifest->files, manifest->file_count, rebuild->file_capacity, 64));
        TRY(open_settled(rebuild, settled->at[i], &os_file));
        err = read_trailer(os_file, settled->at[i], &file);
        os_close(os_file);
        if (err == OK)
            manifest->files[manifest->file_count++] = file;
        else if (err != ERR_CORRUPT)
            return err;
    }
    return OK;
}

static int by_order(const void *a, const void *b)
{
    const struct manifest_file *left = a, *right = b;

    if (left->together != right->together)
        return left->together < right->together ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

/* Keep those that were settled up to `settled`. */
static void keep_files(struct manifest *manifest, log_pos settled)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < manifest->file_count; i++)
        if (manifest->files[i].together <= settled)
            manifest->files[kept++] = manifest->files[i];
    manifest->file_count = kept;
    if (kept > 0)
        qsort(manifest->files, kept, sizeof(manifest->files[0]), by_order);
}

/* The logs whose seal is settled, by the indexes. */
static enum err collect_sealed_of(struct rebuild *rebuild, struct os_file *os_file, const struct manifest_file *file)
{
    struct manifest *manifest = &rebuild->manifest;
    struct settled_block *block = malloc(sizeof(*block));
    enum err err = block ? OK : ERR_NO_MEMORY;

    for (uint32_t number = 0; number < file->block_count && err == OK; number++) {
        err = settled_block_read(os_file, file, number, block);
        for (uint32_t i = 0; err == OK && i < block->count; i++) {
            if (!(block->entries[i].flags & LOG_SEAL))
                continue;
            err = GROW(manifest->sealed, manifest->sealed_count, rebuild->sealed_capacity, 64);
            if (err == OK)
                manifest->sealed[manifest->sealed_count++] = block->entries[i].log;
        }
    }
    free(block);
    return err;
}

static enum err collect_sealed(struct rebuild *rebuild)
{
    for (uint32_t i = 0; i < rebuild->manifest.file_count; i++) {
        const struct manifest_file *file = &rebuild->manifest.files[i];
        struct os_file *os_file;
        enum err err;

        TRY(open_settled(rebuild, file->number, &os_file));
        err = collect_sealed_of(rebuild, os_file, file);
        os_close(os_file);
        TRY(err);
    }
    return OK;
}

/* ---- commit segments, when the head of the manifest is gone too ------------------------------------------------- */

static enum err first_batch(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    struct batch_head batch;

    if (head->batch_count == 0)
        return OK;
    TRY(batch_decode(frame + FRAME_HEADER_BYTES, FRAME_BYTES_MAX, &batch));
    *(log_pos *)walk->ctx = batch.first;
    return ERR_CANCELLED; /* that was all */
}

static enum err passed_over(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    return OK;
}

/* MISSING if nothing can be said of the segment. `*ret_first` is LOG_POS_END if no batch is in it. */
static enum err look_at_segment(struct rebuild *rebuild, uint64_t number, struct segment_head *ret_head, log_pos *ret_first)
{
    struct local *local = rebuild->state->local;
    char name[SEGMENT_NAME_MAX], path[PATH_BYTES_MAX];
    struct os_file *file;
    struct scan scan;
    struct walk walk = { .scan = &scan, .frame = first_batch, .lost = passed_over, .ctx = ret_first };
    uint64_t size;
    bool damaged;
    enum err err;

    segment_name(name, "commit", number);
    local_path(local, name, path);
    TRY(os_open(local->os, path, OS_READ, &file));
    *ret_first = LOG_POS_END;
    err = os_size(file, &size);
    if (err == OK) {
        scan_init_file(&scan, file, size, 0);
        err = walk_head(&scan, number, &walk.head, &damaged);
        if (err == OK)
            err = walk_segment(&walk);
        scan_deinit(&scan);
    }
    os_close(file);
    *ret_head = walk.head;
    return err == ERR_CANCELLED ? OK : err;
}

/* The oldest segment says up to where files are needed; a segment is settled as a whole. */
static enum err look_at_segments(struct rebuild *rebuild)
{
    const struct numbers *commits = &rebuild->state->commits;
    struct manifest *manifest = &rebuild->manifest;
    uint64_t seen = 0;

    rebuild->first = LOG_POS_END;
    for (uint32_t i = 0; i < commits->count; i++) {
        struct segment_head head;
        log_pos first;
        enum err err = look_at_segment(rebuild, commits->at[i], &head, &first);

        if (err == ERR_MISSING)
            continue;
        TRY(err);
        if (head.epoch > manifest->epoch)
            manifest->epoch = head.epoch;
        if (seen++ == 0) {
            rebuild->first_frame = head.first_frame;
            rebuild->first = first;
            for (uint32_t f = 0; f < manifest->file_count; f++)
                if (manifest->files[f].first < first && manifest->files[f].together > manifest->settled)
                    manifest->settled = manifest->files[f].together;
            manifest->settled_segment = commits->at[i] - 1;
        }
        if (first < manifest->settled) {
            manifest->settled_segment = commits->at[i];
        } else if (!rebuild->unsettled) {
            rebuild->unsettled = true;
            manifest->settled_frame = head.first_frame - 1;
        }
    }
    return OK;
}

static enum err head_from_segments(struct rebuild *rebuild)
{
    struct manifest *manifest = &rebuild->manifest;
    bool reaches;

    TRY(look_at_segments(rebuild));
    reaches = manifest->settled >= rebuild->first ||
              (manifest->settled > 0 && rebuild->first % ((log_pos)1 << POSITION_COUNTER_BITS) == 0);
    if (!rebuild->unsettled || (rebuild->first_frame > 1 && !reaches)) {
        recover_report(rebuild->state, REPORT_ERROR, "the settled files that are there do not reach the commit log");
        return ERR_CORRUPT;
    }
    for (uint32_t i = 0; i < manifest->file_count; i++) {
        uint32_t epoch = (uint32_t)(manifest->files[i].last >> POSITION_COUNTER_BITS);

        manifest->epoch = epoch > manifest->epoch ? epoch : manifest->epoch;
        if (manifest->files[i].time_max > manifest->time && manifest->files[i].together <= manifest->settled)
            manifest->time = manifest->files[i].time_max;
    }
    manifest->epoch++; /* one may have been reserved */
    manifest->version_count = 1;
    keep_files(manifest, manifest->settled);
    return OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* The head survived: it says what there must be. */
static enum err files_for_head(struct rebuild *rebuild, const struct manifest *head)
{
    struct manifest *manifest = &rebuild->manifest;
    struct manifest_file *files = manifest->files;
    uint32_t count = manifest->file_count;

    *manifest = *head;
    manifest->files = files;
    manifest->file_count = count;
    manifest->sealed = NULL;
    manifest->holes = NULL;
    manifest->sealed_count = manifest->hole_count = 0;
    keep_files(manifest, manifest->settled);
    if (manifest->file_count >= head->file_count)
        return OK;
    recover_report(rebuild->state, REPORT_ERROR, "it named %u settled files, and only %u are there and whole",
                   head->file_count, manifest->file_count);
    return ERR_CORRUPT;
}

static enum err rebuild_all(struct rebuild *rebuild, str bytes)
{
    struct manifest head;
    size_t size;
    enum err err = manifest_decode_head(bytes, &head, &size);

    TRY(collect_files(rebuild));
    if (err == OK && bytes.size < size) {
        recover_report(rebuild->state, REPORT_ERROR, "the file manifest is cut short, as in a copy that was not finished");
        return ERR_CORRUPT;
    }
    TRY(err == OK ? files_for_head(rebuild, &head) : head_from_segments(rebuild));
    return collect_sealed(rebuild);
}

enum err rebuild_manifest(struct recover *state, str bytes)
{
    struct rebuild rebuild = { .state = state };
    char path[PATH_BYTES_MAX];
    enum err err = rebuild_all(&rebuild, bytes);

    if (err == OK) { /* for who wants to look at it */
        local_path(state->local, "manifest.damaged", path);
        err = os_replace_file(state->local->os, path, bytes);
    }
    if (err != OK) {
        manifest_deinit(&rebuild.manifest);
        return err;
    }
    recover_report(state, REPORT_ERROR, "the file manifest was damaged and is rebuilt from the trailers of %u settled files, "
                   "which are whole; it is kept as manifest.damaged. Reads across what was lost to earlier damage, if "
                   "anything was, no longer say so", rebuild.manifest.file_count);
    state->manifest = rebuild.manifest;
    return OK;
}
