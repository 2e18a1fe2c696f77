/* local.c: the embedded engine put together: opening, closing, failing, and the manifest. */
#include "log/local/local.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/grow.h"
#include "log/local/backup.h"
#include "log/local/engine.h"
#include "log/local/lookup.h"
#include "log/local/recover.h"
#include "log/local/settle.h"
#include "log/local/trim.h"

enum {
    SPACE_TIMER_US = 5 * 1000 * 1000,
    SPACE_RETRY_US = 500 * 1000, /* while the disk is full */
};

char local_seal_marks[2];

/* ---- small things ---------------------------------------------------------------------------------------------- */

void local_job(struct local *local, struct os_worker *worker, struct os_job *job, void (*work)(struct os_job *job),
               void (*done)(struct os_job *job))
{
    job->work = work;
    job->done = done;
    local->jobs++;
    os_job_start(worker, local->loop, job);
}

void local_job_done(struct local *local)
{
    assert(local->jobs > 0);
    local->jobs--;
    if (local->closing)
        local_close_check(local);
}

void local_report(struct local *local, int level, const char *format, ...)
{
    struct buf text;
    va_list args;

    buf_init(&text, 65536);
    va_start(args, format);
    buf_vfmt(&text, format, args);
    va_end(args);
    if (text.err != OK)
        buf_clear(&text); /* an empty line is better than half of one */
    if (local->config.user.report)
        local->config.user.report(local->config.user.ctx, level, buf_str(&text));
    buf_deinit(&text);
}

void local_fail(struct local *local, enum err err, const char *what)
{
    char sentence[200];

    if (local->failed)
        return;
    local->failed = true;
    os_timer_stop(&local->commit.sync_timer);
    snprintf(sentence, sizeof(sentence), "%s failed (%s); nothing more is acknowledged", what, err_sentence(err));
    local_report(local, REPORT_ERROR, "%s", sentence);
    commit_fail_all(local, ERR_IO);
    if (local->config.user.failed)
        local->config.user.failed(local->config.user.ctx, err, str_of(sentence));
}

void local_path(const struct local *local, const char *name, char ret_path[static PATH_BYTES_MAX])
{
    int size = snprintf(ret_path, PATH_BYTES_MAX, "%s/%s", local->dir, name);

    assert(size > 0 && size < PATH_BYTES_MAX); /* log_local_open has checked the length of dir */
}

bool local_sealed(const struct local *local, log_id log)
{
    return idmap_get(&local->sealed, log) == SEAL_DURABLE;
}

void local_hole(struct local *local, struct manifest_hole hole)
{
    struct manifest_hole *holes;

    if (hole.from >= hole.to)
        return;
    for (uint32_t i = 0; i < local->hole_count; i++) {
        struct manifest_hole *old = &local->holes[i];

        if (hole.from < old->to && hole.to > old->from) { /* known from an earlier start */
            old->spares_control &= hole.spares_control;
            old->from = hole.from < old->from ? hole.from : old->from;
            old->to = hole.to > old->to ? hole.to : old->to;
            return;
        }
        if (hole.spares_control == old->spares_control && (hole.from == old->to || hole.to == old->from)) {
            old->from = hole.from < old->from ? hole.from : old->from;
            old->to = hole.to > old->to ? hole.to : old->to;
            return;
        }
    }
    if (local->hole_count == HOLES_MAX) { /* the last one grows: better to say too much */
        holes = &local->holes[HOLES_MAX - 1];
        holes->from = hole.from < holes->from ? hole.from : holes->from;
        holes->to = hole.to > holes->to ? hole.to : holes->to;
        holes->spares_control &= hole.spares_control;
        return;
    }
    holes = realloc(local->holes, (local->hole_count + 1) * sizeof(*holes));
    if (!holes)
        return;
    local->holes = holes;
    local->holes[local->hole_count++] = hole;
}

uint32_t local_control_back(const struct local *local, uint64_t frame)
{
    uint64_t back = frame - local->commit.control;

    if (local->config.control_log == 0)
        return 0;
    return back < CONTROL_FAR ? (uint32_t)back : CONTROL_FAR;
}

/* ---- settled files --------------------------------------------------------------------------------------------- */

enum err local_file_add(struct local *local, const struct manifest_file *at)
{
    struct settled_file *file = calloc(1, sizeof(*file));

    if (!file)
        return ERR_NO_MEMORY;
    if (GROW(local->files, local->file_count, local->file_capacity, 64) != OK) {
        free(file);
        return ERR_NO_MEMORY;
    }
    file->at = *at;
    file->refs = 1;
    file->local = local;
    local->files[local->file_count++] = file;
    local->files_bytes += at->size;
    local->count->settled_files = local->file_count;
    local->count->settled_bytes = local->files_bytes;
    return OK;
}

void local_files_drop(struct local *local, uint32_t count)
{
    assert(count <= local->file_count);
    for (; count > 0; count--) {
        struct settled_file *file = local->files[--local->file_count];

        local->files_bytes -= file->at.size;
        free(file);
    }
    local->count->settled_files = local->file_count;
    local->count->settled_bytes = local->files_bytes;
}

void settled_file_release(struct settled_file *file)
{
    char name[SETTLED_NAME_MAX];

    assert(file->refs > 0);
    if (--file->refs > 0)
        return;
    if (file->dying) {
        settled_name(name, file->at.number);
        trim_remove(file->local, name);
    }
    free(file);
}

/* ---- the manifest ---------------------------------------------------------------------------------------------- */

static enum err manifest_collect(struct local *local, struct manifest *manifest)
{
    size_t cursor = 0;

    *manifest = (struct manifest){
        .version_count = ++local->manifest_count,
        .settled_segment = local->settled_segment,
        .settled_frame = local->settled_frame,
        .next_file = local->next_file,
        .boot_segment = local->boot_segment,
        .epoch = local->manifest_epoch,
        .time = local->settled_time,
        .settled = local->settled,
        .file_count = local->file_count,
        .hole_count = local->hole_count,
        .holes = local->holes,
        .files = calloc(local->file_count + 1u, sizeof(struct manifest_file)),
        .sealed = calloc(local->sealed.count + 1u, sizeof(log_id)),
    };
    if (!manifest->files || !manifest->sealed)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < local->file_count; i++)
        manifest->files[i] = local->files[i]->at;
    for (struct idmap_slot *slot; (slot = idmap_next(&local->sealed, &cursor));) {
        if (slot->value == SEAL_DURABLE)
            manifest->sealed[manifest->sealed_count++] = slot->id;
    }
    return OK;
}

enum err local_manifest_encode(struct local *local, struct buf *buf)
{
    struct manifest manifest;
    enum err err = manifest_collect(local, &manifest);

    if (err == OK) {
        manifest_encode(&manifest, buf);
        err = buf->err;
    }
    free(manifest.files);
    free(manifest.sealed);
    return err;
}

static void manifest_start(struct local *local);

static void manifest_work(struct os_job *job)
{
    struct local *local = container_of(job, struct local, manifest_job);
    char path[PATH_BYTES_MAX];

    if (local->manifest_err != OK)
        return;
    local_path(local, "manifest", path);
    local->manifest_err = os_replace_file(local->os, path, buf_str(&local->manifest_bytes));
}

static void manifest_done(struct os_job *job)
{
    struct local *local = container_of(job, struct local, manifest_job);
    struct list flight, *link;

    local->manifest_busy = false;
    buf_deinit(&local->manifest_bytes);
    if ((local->manifest_err == ERR_NO_SPACE || local->manifest_err == ERR_NO_MEMORY) && !local->closing) {
        list_take_all(&local->manifest_waits, &local->manifest_flight);
        local->manifest_retrying = true; /* nothing depends on it but that space becomes free */
        os_timer_start(local->loop, &local->manifest_timer, SPACE_RETRY_US);
        local_job_done(local);
        return;
    }
    list_init(&flight);
    list_take_all(&flight, &local->manifest_flight);
    while ((link = list_pop(&flight))) {
        struct manifest_wait *wait = container_of(link, struct manifest_wait, link);

        wait->done(wait, local->manifest_err);
    }
    if (!list_empty(&local->manifest_waits) && !local->manifest_busy)
        manifest_start(local);
    local_job_done(local);
}

static void manifest_start(struct local *local)
{
    local->manifest_busy = true;
    list_take_all(&local->manifest_flight, &local->manifest_waits);
    buf_init(&local->manifest_bytes, MANIFEST_BYTES_MAX);
    local->manifest_err = local_manifest_encode(local, &local->manifest_bytes);
    local_job(local, local->settle_worker, &local->manifest_job, manifest_work, manifest_done);
}

void local_manifest_save(struct local *local, struct manifest_wait *wait)
{
    list_init(&wait->link);
    list_push(&local->manifest_waits, &wait->link);
    if (!local->manifest_busy && !local->manifest_retrying)
        manifest_start(local);
}

static void on_manifest_timer(struct os_timer *timer)
{
    struct local *local = container_of(timer, struct local, manifest_timer);

    local->manifest_retrying = false;
    manifest_start(local);
}

/* On close: who waits for another try gets a last one. */
static void manifest_stop(struct local *local)
{
    if (!local->manifest_retrying)
        return;
    os_timer_stop(&local->manifest_timer);
    on_manifest_timer(&local->manifest_timer);
}

static void epoch_reserved(struct manifest_wait *wait, enum err err)
{
    struct local *local = container_of(wait, struct local, epoch_wait);

    local->epoch_busy = false;
    if (err != OK) {
        if (!local->closing)
            local_fail(local, err, "writing the manifest");
        return;
    }
    local->epoch_reserved = local->epoch + 1;
    commit_kick(local);
}

void local_reserve_epoch(struct local *local)
{
    if (local->epoch_busy)
        return;
    if (local->epoch == EPOCH_MAX) {
        local_fail(local, ERR_FULL, "giving positions: there are no more, which");
        return;
    }
    local->epoch_busy = true;
    local->manifest_epoch = local->epoch + 1;
    local->epoch_wait.done = epoch_reserved;
    local_manifest_save(local, &local->epoch_wait);
}

/* ---- free space ------------------------------------------------------------------------------------------------ */

static void space_work(struct os_job *job)
{
    struct local *local = container_of(job, struct local, space_job);

    if (os_disk_free(local->os, local->dir, &local->space_free) != OK)
        local->space_free = UINT64_MAX; /* unknown: the next segment will tell */
}

static void space_done(struct os_job *job)
{
    struct local *local = container_of(job, struct local, space_job);
    bool low = local->space_free < local->space_wanted;

    local->space_busy = false;
    if (low && !local->no_space)
        local_report(local, REPORT_ERROR, "the disk is nearly full: appends are refused until there is room again");
    if (!low && local->no_space)
        local_report(local, REPORT_INFO, "the disk has room again: appends are taken");
    local->no_space = low;
    settle_poke(local);
    if (!local->closing && !local->failed)
        os_timer_start(local->loop, &local->space_timer, low ? SPACE_RETRY_US : SPACE_TIMER_US);
    local_job_done(local);
}

/* Unsettled bytes and two segments must fit, or appends are refused. */
static void on_space_timer(struct os_timer *timer)
{
    struct local *local = container_of(timer, struct local, space_timer);
    struct segments *segments = &local->segments;
    uint64_t size = segments->active ? segments->active->head.size : segments->next_size;

    if (local->space_busy)
        return;
    local->space_busy = true;
    local->space_wanted = segments->bytes + 2 * size;
    local_job(local, local->read_worker, &local->space_job, space_work, space_done);
}

/* ---- closing --------------------------------------------------------------------------------------------------- */

static void engine_destroy(struct local *local)
{
    if (local->commit_worker)
        os_worker_destroy(local->commit_worker);
    if (local->sync_worker)
        os_worker_destroy(local->sync_worker);
    if (local->settle_worker)
        os_worker_destroy(local->settle_worker);
    if (local->read_worker)
        os_worker_destroy(local->read_worker);
    lane_deinit(&local->commit.lane);
    settle_destroy(local);
    trim_destroy(local);
    lookup_destroy(local->lookups);
    tail_deinit(&local->tail);
    segments_deinit(local);
    for (uint32_t i = 0; i < local->file_count; i++)
        free(local->files[i]);
    free(local->files);
    free(local->holes);
    idmap_deinit(&local->sealed);
    watches_deinit(local);
    free(local->dir);
    free(local);
}

static void on_close_check(struct os_message *message)
{
    struct local *local = container_of(message, struct local, close_check);

    local->close_posted = false;
    if (!commit_finish(local) || local->jobs > 0)
        return;

    void (*closed)(void *ctx) = local->closed;
    void *ctx = local->closed_ctx;

    engine_destroy(local);
    closed(ctx);
}

/* By message: whoever noticed is still using the engine. */
void local_close_check(struct local *local)
{
    if (local->close_posted)
        return;
    local->close_posted = true;
    os_post(local->loop, &local->close_check);
}

static void engine_close(struct log *log, void (*closed)(void *ctx), void *ctx)
{
    struct local *local = container_of(log, struct local, log);

    assert(!local->closing);
    local->closing = true;
    local->closed = closed;
    local->closed_ctx = ctx;
    os_timer_stop(&local->space_timer);
    trim_stop(local);
    settle_stop(local);
    manifest_stop(local);
    local_close_check(local);
}

static log_pos engine_end(struct log *log, log_id id)
{
    return container_of(log, struct local, log)->tail.end;
}

static const struct log_engine engine = {
    .submit = commit_submit,
    .read = read_start,
    .release = read_release,
    .cancel = read_cancel,
    .end = engine_end,
    .watch = watch_add,
    .unwatch = watch_remove,
    .close = engine_close,
};

/* ---- opening --------------------------------------------------------------------------------------------------- */

struct opening {
    struct recovery recovery;
    struct os_message at_once; /* without a disk */
    void (*opened)(void *ctx, enum err err, struct log *log);
    void *ctx;
};

static void report_lines(struct local *local, str lines)
{
    while (str_present(lines)) {
        str line = str_cut(&lines, '\n');

        if (line.size > 2)
            local_report(local, line.at[0] - '0', "%.*s", STR_ARG(str_slice(line, 2, line.size)));
    }
}

static void remove_lines(struct local *local, str lines)
{
    char name[256];

    while (str_present(lines)) {
        str line = str_cut(&lines, '\n');

        if (line.size == 0 || line.size >= sizeof(name))
            continue;
        memcpy(name, line.at, line.size);
        name[line.size] = 0;
        trim_remove(local, name);
    }
}

static void opening_end(struct opening *opening, struct local *local, enum err err)
{
    void (*opened)(void *ctx, enum err err, struct log *log) = opening->opened;
    void *ctx = opening->ctx;

    buf_deinit(&opening->recovery.report);
    buf_deinit(&opening->recovery.doomed);
    free(opening);
    if (err != OK)
        engine_destroy(local);
    opened(ctx, err, err == OK ? &local->log : NULL);
}

static void recovered(struct os_job *job)
{
    struct recovery *recovery = container_of(job, struct recovery, job);
    struct opening *opening = container_of(recovery, struct opening, recovery);
    struct local *local = recovery->local;
    struct count_log *count = local->count;
    enum err err = recovery->err;

    report_lines(local, buf_str(&recovery->report));
    count->damaged_frames += recovery->damaged_frames;
    count->cut_tails += recovery->cut_tails;
    count->backlog_bytes = local->segments.bytes;
    local->jobs--;
    if (err == OK) {
        local->manifest_epoch = local->epoch;
        remove_lines(local, buf_str(&recovery->doomed));
        os_timer_start(local->loop, &local->space_timer, local->no_space ? SPACE_RETRY_US : SPACE_TIMER_US);
        trim_start(local);
        settle_poke(local);
    }
    opening_end(opening, local, err);
}

static void opened_in_memory(struct os_message *message)
{
    struct opening *opening = container_of(message, struct opening, at_once);
    struct local *local = opening->recovery.local;

    local->epoch = local->epoch_reserved = local->manifest_epoch = 1;
    local->commit.next_frame = 1;
    local->tail.start = local->tail.end = local->commit.next = (log_pos)1 << POSITION_COUNTER_BITS;
    opening_end(opening, local, OK);
}

static enum err engine_create(const struct log_local_config *config, struct local **ret_local)
{
    struct local *local = calloc(1, sizeof(*local));
    uint64_t seed;

    if (!local)
        return ERR_NO_MEMORY;
    local->log.engine = &engine;
    local->config = *config;
    local->count = config->count;
    local->os = config->os;
    local->loop = config->loop;
    local->space_timer.fire = on_space_timer;
    local->manifest_timer.fire = on_manifest_timer;
    local->close_check.run = on_close_check;
    list_init(&local->watches_dirty);
    list_init(&local->watches_deaf);
    list_init(&local->manifest_waits);
    list_init(&local->manifest_flight);
    tail_init(&local->tail, config->tail_bytes_max);
    segments_init(local);
    *ret_local = local;
    TRY(commit_init(local));
    os_entropy(local->os, &seed, sizeof(seed));
    local->dir = strdup(config->dir ? config->dir : "");
    local->lookups = lookup_create(config->index_cache_bytes, seed);
    if (!local->dir || !local->lookups)
        return ERR_NO_MEMORY;
    TRY(settle_create(local));
    TRY(trim_create(local));
    TRY(os_worker_create(local->os, "commit", 1, &local->commit_worker));
    if (config->durability == LOG_MEMORY)
        return OK;
    if (config->durability == LOG_OS)
        TRY(os_worker_create(local->os, "sync", 1, &local->sync_worker));
    TRY(os_worker_create(local->os, "settle", 1, &local->settle_worker));
    return os_worker_create(local->os, "read", 4, &local->read_worker);
}

enum err log_local_open(const struct log_local_config *config, void (*opened)(void *ctx, enum err err, struct log *log),
                        void *ctx)
{
    struct opening *opening = calloc(1, sizeof(*opening));
    struct local *local = NULL;
    enum err err;

    assert(config->os && config->loop && config->count);
    if (!opening)
        return ERR_NO_MEMORY;
    err = config->dir && strlen(config->dir) > PATH_BYTES_MAX - 256 ? ERR_TOO_LARGE : engine_create(config, &local);
    if (err != OK) {
        if (local)
            engine_destroy(local);
        free(opening);
        return err;
    }
    opening->opened = opened;
    opening->ctx = ctx;
    opening->recovery.local = local;
    buf_init(&opening->recovery.report, 1 << 20);
    buf_init(&opening->recovery.doomed, 64 << 20);
    if (config->durability == LOG_MEMORY) {
        opening->at_once.run = opened_in_memory;
        os_post(local->loop, &opening->at_once);
    } else {
        local_job(local, local->settle_worker, &opening->recovery.job, recover_work, recovered);
    }
    return OK;
}

uint32_t log_local_epoch(const struct log *log)
{
    return container_of(log, const struct local, log)->epoch;
}
