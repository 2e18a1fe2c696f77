/* backup.c: a consistent copy while appends go on.
 *
 * On the loop, in one turn: note every settled file, every unsettled segment with its durable length, and encode a
 * manifest that says exactly that. References keep all of it from being recycled or trimmed. Then jobs copy, a step of
 * 4 MiB at a time; the manifest is written last, so a copy that was cut short cannot be taken for a whole one. */
#include "log/local/backup.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "log/local/settled.h"

enum { COPY_STEP_BYTES = 4 << 20 };

struct piece {
    struct settled_file *settled;
    struct segment *segment;
    uint64_t size;          /* how much of it to copy */
    uint64_t whole;         /* how long the copy is: the rest reads as zeros */
};

struct backup {
    struct os_job job;
    struct local *local;
    char *to;
    void (*done)(void *ctx, enum err err);
    void *ctx;
    struct piece *pieces;
    uint32_t piece_count, now;
    struct os_file *from_file, *to_file;
    uint64_t at;
    struct buf manifest;
    char *bytes;
    bool finished;
    enum err err;
};

static void piece_name(const struct piece *piece, char name[static SEGMENT_NAME_MAX])
{
    if (piece->settled)
        settled_name(name, piece->settled->at.number);
    else
        segment_name(name, "commit", piece->segment->head.number);
}

/* ---- copying: the job ------------------------------------------------------------------------------------------ */

static enum err piece_open(struct backup *backup, const struct piece *piece)
{
    char name[SEGMENT_NAME_MAX], path[PATH_BYTES_MAX];

    piece_name(piece, name);
    local_path(backup->local, name, path);
    TRY(os_open(backup->local->os, path, OS_READ, &backup->from_file));
    snprintf(path, sizeof(path), "%s/%s", backup->to, name);
    backup->at = 0;
    return os_open(backup->local->os, path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &backup->to_file);
}

static void piece_close(struct backup *backup)
{
    if (backup->from_file)
        os_close(backup->from_file);
    if (backup->to_file)
        os_close(backup->to_file);
    backup->from_file = backup->to_file = NULL;
}

static enum err piece_step(struct backup *backup, const struct piece *piece)
{
    uint64_t left = piece->size - backup->at;
    size_t size = left < COPY_STEP_BYTES ? (size_t)left : COPY_STEP_BYTES, got = 0;

    TRY(os_read_at(backup->from_file, backup->bytes, size, backup->at, &got));
    if (got != size)
        return ERR_CORRUPT;
    if (size > 0)
        TRY(os_write_at(backup->to_file, &(struct os_iov){ .at = backup->bytes, .size = size }, 1, backup->at));
    backup->at += size;
    if (backup->at == piece->size && piece->whole > piece->size)
        TRY(os_truncate(backup->to_file, piece->whole));
    TRY(os_sync(backup->to_file));
    if (backup->at == piece->size) {
        piece_close(backup);
        backup->now++;
    }
    return OK;
}

static enum err copy_step(struct backup *backup)
{
    char path[PATH_BYTES_MAX];

    if (backup->now < backup->piece_count) {
        const struct piece *piece = &backup->pieces[backup->now];

        if (!backup->from_file)
            TRY(piece_open(backup, piece));
        return piece_step(backup, piece);
    }
    TRY(os_sync_dir(backup->local->os, backup->to));
    snprintf(path, sizeof(path), "%s/manifest", backup->to);
    TRY(os_replace_file(backup->local->os, path, buf_str(&backup->manifest)));
    backup->finished = true;
    return OK;
}

static void copy_work(struct os_job *job)
{
    struct backup *backup = container_of(job, struct backup, job);

    backup->err = copy_step(backup);
}

/* ---- on the loop ----------------------------------------------------------------------------------------------- */

static void backup_destroy(struct backup *backup)
{
    piece_close(backup);
    for (uint32_t i = 0; i < backup->piece_count; i++) {
        if (backup->pieces[i].settled)
            settled_file_release(backup->pieces[i].settled);
        else
            segment_release(backup->pieces[i].segment);
    }
    buf_deinit(&backup->manifest);
    free(backup->pieces);
    free(backup->bytes);
    free(backup->to);
    free(backup);
}

static void copy_done(struct os_job *job)
{
    struct backup *backup = container_of(job, struct backup, job);
    struct local *local = backup->local;

    if (backup->err == OK && local->closing)
        backup->err = ERR_STOPPED;
    if (backup->err == OK && !backup->finished) {
        local_job(local, local->settle_worker, &backup->job, copy_work, copy_done);
    } else {
        void (*done)(void *ctx, enum err err) = backup->done;
        void *ctx = backup->ctx;
        enum err err = backup->err;

        local->backup = NULL;
        backup_destroy(backup);
        done(ctx, err);
    }
    local_job_done(local);
}

/* Everything durable now, held. A segment's `used` counts what is published: durable (with LOG_OS, written). */
static enum err collect(struct backup *backup)
{
    struct local *local = backup->local;

    backup->pieces = calloc(local->file_count + local->segments.count + 1u, sizeof(struct piece));
    backup->bytes = malloc(COPY_STEP_BYTES);
    if (!backup->pieces || !backup->bytes || !backup->to)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < local->file_count; i++) {
        struct settled_file *file = local->files[i];

        file->refs++;
        backup->pieces[backup->piece_count++] = (struct piece){ .settled = file, .size = file->at.size };
    }
    list_each(link, &local->segments.all) {
        struct segment *segment = container_of(link, struct segment, link);

        if (segment->head.number <= local->settled_segment)
            continue; /* settled; only its manifest is still being written */
        segment_hold(segment);
        backup->pieces[backup->piece_count++] =
            (struct piece){ .segment = segment, .size = segment->used, .whole = segment->head.size };
    }
    return local_manifest_encode(local, &backup->manifest);
}

enum err log_local_backup(struct log *log, const char *to, void (*done)(void *ctx, enum err err), void *ctx)
{
    struct local *local = container_of(log, struct local, log);
    struct backup *backup;
    enum err err;

    if (local->backup)
        return ERR_IN_USE;
    if (local->closing || local->failed)
        return ERR_STOPPED;
    if (local->config.durability == LOG_MEMORY)
        return ERR_UNSUPPORTED;
    if (strlen(to) > PATH_BYTES_MAX - 256)
        return ERR_TOO_LARGE;
    backup = calloc(1, sizeof(*backup));
    if (!backup)
        return ERR_NO_MEMORY;
    backup->local = local;
    backup->done = done;
    backup->ctx = ctx;
    backup->to = strdup(to);
    buf_init(&backup->manifest, MANIFEST_BYTES_MAX);
    err = collect(backup);
    if (err != OK) {
        backup_destroy(backup);
        return err;
    }
    local->backup = backup;
    local_job(local, local->settle_worker, &backup->job, copy_work, copy_done);
    return OK;
}
