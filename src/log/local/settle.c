/* settle.c: from arrival order to log order, in the background.
 *
 *     idle --enough is closed--> scanning (job) --> asking (loop) --> writing (a job per file) --> naming (job)
 *       ^                                                                                             |
 *       +------------------ segments are recycled <-- the manifest is durable <-----------------------+
 *
 * A pass takes some closed segments, oldest first. It notes where each batch lies, asks of every log in which class it
 * belongs and what of it is still wanted, and copies batch after batch into one file per class. Memory is bounded by
 * 32 bytes per batch and 64 per run, whatever the size of the segments. Until the manifest is durable nothing has
 * changed for anybody; a crash leaves files that the next start removes. */
#include "log/local/settle.h"

#include <assert.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "log/local/recover.h"
#include "log/local/settled.h"
#include "log/local/trim.h"

enum {
    PASS_SEGMENTS_MAX = 256,
    PASS_BATCHES_MAX = 1 << 19,
    ASK_SLICE = 1000,
    OUT_BYTES = 1 << 20,
    SYNC_STEP_BYTES = 4 << 20,
    CLASSES = 256,
};

/* Where a batch lies. */
struct ref {
    log_id log;
    log_pos first;
    uint64_t offset;
    uint32_t size;
    uint32_t segment;
};

struct pass_log {
    log_id id;
    log_pos before;
    ms before_time;
    uint32_t ref, ref_count;
    uint8_t retention_class;
    bool gone;
};

/* A file that is being written. */
struct out {
    struct os_file *file;
    struct manifest_file at;
    uint64_t offset, synced;
    char *bytes;
    size_t size, capacity;
    struct settled_entry *entries;
    uint32_t entry_count, entry_capacity;
};

struct settle {
    struct os_job job;
    struct local *local;
    bool busy;
    struct os_message ask;
    struct manifest_wait saved;
    struct segment *segments[PASS_SEGMENTS_MAX];
    uint32_t segment_count, scanned;
    struct ref *refs;
    uint32_t ref_count, ref_capacity;
    struct pass_log *logs;
    uint32_t log_count, log_asked, log_written;
    bool keep_expired;      /* the clock is not trusted at present */
    struct manifest_file files[CLASSES];
    uint32_t file_count;
    uint64_t next_file;
    log_pos together;
    struct buf report;
    uint64_t lost_frames;
    enum err err;
};

static void pass_next(struct settle *settle);

/* ---- scanning -------------------------------------------------------------------------------------------------- */

static enum err ref_push(struct settle *settle, struct ref ref)
{
    if (settle->ref_count == settle->ref_capacity) {
        uint32_t capacity = settle->ref_capacity ? settle->ref_capacity * 2 : 1024;
        struct ref *refs = realloc(settle->refs, capacity * sizeof(*refs));

        if (!refs)
            return ERR_NO_MEMORY;
        settle->refs = refs;
        settle->ref_capacity = capacity;
    }
    settle->refs[settle->ref_count++] = ref;
    return OK;
}

static enum err scan_frame_refs(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    struct settle *settle = walk->ctx;
    uint32_t at = FRAME_HEADER_BYTES;

    for (uint32_t i = 0; i < head->batch_count; i++) {
        struct batch_head batch;

        TRY(batch_decode(frame + at, FRAME_HEADER_BYTES + head->length - at, &batch));
        TRY(ref_push(settle, (struct ref){ batch.log, batch.first, offset + at, batch.size, settle->scanned }));
        at += batch_span(batch.size);
    }
    return OK;
}

static enum err scan_lost(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    struct settle *settle = walk->ctx;

    settle->lost_frames += to - from;
    if (settle->lost_frames <= settle->segments[settle->scanned]->lost_frames)
        return OK; /* told when the engine was opened */
    if (walk->scan->unreadable > 0)
        return ERR_IO; /* it may be readable another time: nothing is recycled, and the next start looks again */
    buf_fmt(&settle->report, "commit segment %llu is damaged at offset %llu: %llu acknowledged commits are lost\n",
            (unsigned long long)walk->head.number, (unsigned long long)offset, (unsigned long long)(to - from));
    return OK;
}

static enum err scan_segment(struct settle *settle, const struct segment *segment)
{
    struct scan scan;
    struct walk walk = {
        .scan = &scan, .head = segment->head, .limit = segment->last_frame + 1, .frame = scan_frame_refs,
        .lost = scan_lost, .ctx = settle,
    };
    enum err err;

    settle->lost_frames = 0;
    scan_init_file(&scan, segment->file, segment->used, segment->head.generation);
    err = walk_segment(&walk);
    scan_deinit(&scan);
    if (err == OK && settle->lost_frames > segment->lost_frames)
        settle->lost_frames -= segment->lost_frames;
    else
        settle->lost_frames = 0;
    return err;
}

static int by_log(const void *a, const void *b)
{
    const struct ref *left = a, *right = b;

    if (left->log != right->log)
        return left->log < right->log ? -1 : 1;
    return (left->first > right->first) - (left->first < right->first);
}

static enum err list_logs(struct settle *settle)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < settle->ref_count; i++)
        count += i == 0 || settle->refs[i].log != settle->refs[i - 1].log;
    settle->logs = calloc(count + 1u, sizeof(*settle->logs));
    if (!settle->logs)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < settle->ref_count; i++) {
        if (i == 0 || settle->refs[i].log != settle->refs[i - 1].log)
            settle->logs[settle->log_count++] = (struct pass_log){ .id = settle->refs[i].log, .ref = i };
        settle->logs[settle->log_count - 1].ref_count++;
    }
    return OK;
}

/* One segment, so that others get their turn with the worker; after the last, everything in order. */
static void scan_work(struct os_job *job)
{
    struct settle *settle = container_of(job, struct settle, job);

    settle->err = scan_segment(settle, settle->segments[settle->scanned]);
    settle->scanned++;
    if (settle->err != OK || settle->scanned < settle->segment_count)
        return;
    if (settle->ref_count > 0)
        qsort(settle->refs, settle->ref_count, sizeof(settle->refs[0]), by_log);
    settle->err = list_logs(settle);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static enum err out_flush(struct out *out)
{
    if (out->size == 0)
        return OK;
    TRY(os_write_at(out->file, &(struct os_iov){ .at = out->bytes, .size = out->size }, 1, out->offset));
    out->offset += out->size;
    out->size = 0;
    if (out->offset - out->synced < SYNC_STEP_BYTES)
        return OK;
    out->synced = out->offset;
    return os_sync(out->file); /* in steps, so that no commit waits behind all of it */
}

/* Room for `size` bytes in the buffer. */
static enum err out_reserve(struct out *out, size_t size, char **ret_at)
{
    if (out->size + size > out->capacity) {
        TRY(out_flush(out));
        if (size > out->capacity) {
            size_t capacity = size > OUT_BYTES ? size : OUT_BYTES;
            char *bytes = malloc(capacity);

            if (!bytes)
                return ERR_NO_MEMORY;
            free(out->bytes);
            out->bytes = bytes;
            out->capacity = capacity;
        }
    }
    *ret_at = out->bytes + out->size;
    return OK;
}

static enum err out_append(struct out *out, str bytes)
{
    char *at;

    TRY(out_reserve(out, bytes.size, &at));
    memcpy(at, bytes.at, bytes.size);
    out->size += bytes.size;
    return OK;
}

static enum err entry_begin(struct out *out, const struct batch_head *head)
{
    if (out->entry_count == out->entry_capacity) {
        uint32_t capacity = out->entry_capacity ? out->entry_capacity * 2 : 64;
        struct settled_entry *entries = realloc(out->entries, capacity * sizeof(*entries));

        if (!entries)
            return ERR_NO_MEMORY;
        out->entries = entries;
        out->entry_capacity = capacity;
    }
    out->entries[out->entry_count++] = (struct settled_entry){
        .log = head->log, .first = head->first, .time_min = head->time, .time_max = head->time,
        .offset = out->offset + out->size,
    };
    return OK;
}

static void file_note(struct manifest_file *file, const struct batch_head *head)
{
    log_pos last = batch_end(head->first, head->count) - 1;

    if (head->first < file->first)
        file->first = head->first;
    if (last > file->last)
        file->last = last;
    if (head->time < file->time_min)
        file->time_min = head->time;
    if (head->time > file->time_max)
        file->time_max = head->time;
}

/* Copy one batch. `*fresh`: it begins a run. */
static enum err copy_batch(struct settle *settle, struct out *out, const struct pass_log *log, const struct ref *ref,
                           bool *fresh)
{
    struct segment *segment = settle->segments[ref->segment];
    uint32_t span = batch_span(ref->size);
    struct batch_head head;
    size_t got;
    char *at;

    TRY(out_reserve(out, span, &at));
    TRY(os_read_at(segment->file, at, span, ref->offset, &got));
    if (got != span || batch_decode(at, span, &head) != OK || head.log != ref->log || head.first != ref->first ||
        head.size != ref->size || !batch_check(at, &head)) {
        buf_fmt(&settle->report, "commit segment %llu is damaged at offset %llu: a batch of log %llu is lost\n",
                (unsigned long long)segment->head.number, (unsigned long long)ref->offset,
                (unsigned long long)ref->log);
        settle->lost_frames++;
        return OK;
    }
    if (batch_end(head.first, head.count) <= log->before)
        return OK;
    if (head.time < log->before_time && !settle->keep_expired)
        return OK;
    if (*fresh || out->entries[out->entry_count - 1].size >= RUN_BYTES)
        TRY(entry_begin(out, &head));
    *fresh = false;

    struct settled_entry *entry = &out->entries[out->entry_count - 1];

    entry->last = batch_end(head.first, head.count) - 1;
    entry->time_max = head.time;
    entry->size += span;
    entry->batch_count++;
    entry->flags |= head.flags;
    entry->crc = crc32c(entry->crc, at, BATCH_HEADER_BYTES);
    file_note(&out->at, &head);
    out->size += span;
    return OK;
}

static enum err copy_log(struct settle *settle, struct out *out, const struct pass_log *log)
{
    bool fresh = true;

    for (uint32_t i = 0; i < log->ref_count && !log->gone; i++)
        TRY(copy_batch(settle, out, log, &settle->refs[log->ref + i], &fresh));
    return OK;
}

static enum err write_index(struct out *out)
{
    char bytes[SETTLED_BLOCK_BYTES], trailer[SETTLED_TRAILER_BYTES];

    out->at.index_offset = out->offset + out->size;
    for (uint32_t i = 0; i < out->entry_count; i += SETTLED_ENTRIES_PER_BLOCK) {
        uint32_t left = out->entry_count - i;

        settled_block_encode(&out->entries[i], left < SETTLED_ENTRIES_PER_BLOCK ? left : SETTLED_ENTRIES_PER_BLOCK,
                             out->at.block_count++, bytes);
        TRY(out_append(out, str_bytes(bytes, sizeof(bytes))));
    }
    out->at.size = out->offset + out->size + SETTLED_TRAILER_BYTES;
    settled_trailer_encode(&out->at, trailer);
    TRY(out_append(out, str_bytes(trailer, sizeof(trailer))));
    TRY(out_flush(out));
    return os_sync(out->file);
}

/* Every log of the class that comes next in the (sorted) list of logs. */
static enum err write_logs(struct settle *settle, struct out *out)
{
    uint8_t retention_class = settle->logs[settle->log_written].retention_class;
    char header[SETTLED_HEADER_BYTES];

    settled_header_encode(out->at.number, retention_class, header);
    TRY(out_append(out, str_bytes(header, sizeof(header))));
    out->at.retention_class = retention_class;
    while (settle->log_written < settle->log_count &&
           settle->logs[settle->log_written].retention_class == retention_class)
        TRY(copy_log(settle, out, &settle->logs[settle->log_written++]));
    return out->entry_count > 0 ? write_index(out) : OK;
}

static enum err write_file(struct settle *settle)
{
    struct local *local = settle->local;
    struct out out = {
        .at = { .number = settle->next_file++, .first = LOG_POS_END, .time_min = INT64_MAX, .time_max = INT64_MIN,
                .together = settle->together },
    };
    char name[SETTLED_NAME_MAX], path[PATH_BYTES_MAX];
    enum err err;

    settled_name(name, out.at.number);
    local_path(local, name, path);
    TRY(os_open(local->os, path, OS_WRITE | OS_CREATE, &out.file));
    err = write_logs(settle, &out);
    os_close(out.file);
    free(out.bytes);
    free(out.entries);
    if (err == OK && out.entry_count > 0)
        settle->files[settle->file_count++] = out.at;
    else if (os_unlink(local->os, path) != OK && err == OK)
        err = ERR_IO;
    return err;
}

static void write_work(struct os_job *job)
{
    struct settle *settle = container_of(job, struct settle, job);

    settle->err = OK;
    if (settle->log_written < settle->log_count)
        settle->err = write_file(settle);
    if (settle->err == OK && settle->log_written == settle->log_count)
        settle->err = os_sync_dir(settle->local->os, settle->local->dir);
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

static int by_class(const void *a, const void *b)
{
    const struct pass_log *left = a, *right = b;

    if (left->retention_class != right->retention_class)
        return left->retention_class < right->retention_class ? -1 : 1;
    return (left->id > right->id) - (left->id < right->id);
}

static void on_ask(struct os_message *message)
{
    struct settle *settle = container_of(message, struct settle, ask);
    struct local *local = settle->local;

    for (uint32_t i = 0; i < ASK_SLICE && settle->log_asked < settle->log_count; i++) {
        struct pass_log *log = &settle->logs[settle->log_asked++];
        struct log_horizon horizon = local->config.user.horizon(local->config.user.ctx, log->id);

        log->gone = horizon.gone;
        log->before = horizon.before;
        log->before_time = horizon.before_time;
        log->retention_class = horizon.retention_class;
    }
    if (settle->log_asked < settle->log_count) {
        os_post(local->loop, &settle->ask);
        return;
    }
    if (settle->log_count > 0)
        qsort(settle->logs, settle->log_count, sizeof(settle->logs[0]), by_class);
    pass_next(settle);
    local_job_done(local);
}

/* ---- the pass -------------------------------------------------------------------------------------------------- */

static void pass_end(struct settle *settle)
{
    for (uint32_t i = 0; i < settle->segment_count; i++) {
        settle->segments[i]->settling = false;
        segment_release(settle->segments[i]);
    }
    free(settle->refs);
    free(settle->logs);
    settle->refs = NULL;
    settle->logs = NULL;
    settle->segment_count = settle->scanned = settle->ref_count = settle->ref_capacity = 0;
    settle->log_count = settle->log_asked = settle->log_written = settle->file_count = 0;
    settle->busy = false;
}

static void pass_fail(struct settle *settle, enum err err)
{
    struct local *local = settle->local;
    char name[SETTLED_NAME_MAX];

    for (uint32_t i = 0; i < settle->file_count; i++) {
        settled_name(name, settle->files[i].number);
        trim_remove(local, name);
    }
    local->next_file = settle->next_file; /* those names are taken until they are removed */
    pass_end(settle);
    if (err == ERR_NO_SPACE) {
        if (!local->no_space)
            local_report(local, REPORT_ERROR, "the disk is full: appends are refused until there is room again");
        local->no_space = true; /* the timer of free space tries again */
    } else if (err != ERR_NO_MEMORY && err != ERR_STOPPED) {
        local_fail(local, err, "settling");
    }
}

/* The manifest is durable: the segments are free, and the tail may forget what has left memory. */
static void on_saved(struct manifest_wait *wait, enum err err)
{
    struct settle *settle = container_of(wait, struct settle, saved);
    struct local *local = settle->local;

    if (err != OK) {
        settle->file_count = 0; /* they are in our list and perhaps in the manifest */
        pass_fail(settle, local->closing ? ERR_STOPPED : err);
        return;
    }
    tail_settled(&local->tail, local->settled_frame);
    for (uint32_t i = 0; i < settle->segment_count; i++)
        segment_settled(settle->segments[i]);
    pass_end(settle);
    settle_poke(local);
    commit_kick(local); /* what waited for the backlog */
}

static enum err pass_save(struct settle *settle)
{
    struct local *local = settle->local;
    const struct segment *last = settle->segments[settle->segment_count - 1];

    for (uint32_t i = 0; i < settle->file_count; i++) {
        enum err err = local_file_add(local, &settle->files[i]);

        if (err != OK) {
            local_files_drop(local, i);
            return err;
        }
    }
    for (uint32_t i = 0; i < settle->file_count; i++) {
        if (settle->files[i].time_max > local->settled_time)
            local->settled_time = settle->files[i].time_max;
    }
    local->next_file = settle->next_file;
    local->settled_segment = last->head.number;
    local->settled_frame = last->last_frame;
    local->settled = settle->together;
    settle->saved.done = on_saved;
    local_manifest_save(local, &settle->saved);
    return OK;
}

static void tell(struct settle *settle)
{
    str lines = buf_str(&settle->report);

    settle->local->count->damaged_frames += settle->lost_frames;
    settle->lost_frames = 0;
    while (str_present(lines)) {
        str line = str_cut(&lines, '\n');

        if (line.size > 0)
            local_report(settle->local, REPORT_ERROR, "%.*s", STR_ARG(line));
    }
    buf_deinit(&settle->report);
    buf_init(&settle->report, 1 << 16);
}

static void pass_done(struct os_job *job)
{
    struct settle *settle = container_of(job, struct settle, job);
    struct local *local = settle->local;

    tell(settle);
    pass_next(settle);
    local_job_done(local);
}

/* Where the pass stands, read downwards. */
static void pass_next(struct settle *settle)
{
    struct local *local = settle->local;
    enum err err = settle->err;

    if (err == OK && (local->closing || local->failed))
        err = ERR_STOPPED;
    if (err != OK) {
        pass_fail(settle, err);
        return;
    }
    if (settle->scanned < settle->segment_count) {
        local_job(local, local->settle_worker, &settle->job, scan_work, pass_done);
        return;
    }
    if (settle->log_asked < settle->log_count) {
        local->jobs++;
        os_post(local->loop, &settle->ask);
        return;
    }
    if (settle->log_written < settle->log_count) {
        local_job(local, local->settle_worker, &settle->job, write_work, pass_done);
        return;
    }
    err = pass_save(settle);
    if (err != OK)
        pass_fail(settle, err);
}

/* Closed segments, oldest first, as many as belong into one file. */
static void pass_pick(struct settle *settle)
{
    struct local *local = settle->local;
    uint64_t bytes = 0;
    uint32_t batches = 0;
    ms from = 0;

    list_each(link, &local->segments.all) {
        struct segment *segment = container_of(link, struct segment, link);

        if (segment == local->segments.active || settle->segment_count == PASS_SEGMENTS_MAX)
            return;
        if (settle->segment_count > 0 &&
            (bytes + segment->used > local->config.settled_bytes_max ||
             batches + segment->batch_count > PASS_BATCHES_MAX ||
             (segment->batch_count > 0 && segment->time - from > local->config.bucket_ms)))
            return;
        if (batches == 0)
            from = segment->time;
        bytes += segment->used;
        batches += segment->batch_count;
        if (segment->end > settle->together)
            settle->together = segment->end;
        segment->settling = true;
        segment_hold(segment);
        settle->segments[settle->segment_count++] = segment;
    }
}

/* Half of the bound, so that who raises it can put that much at once without a settler beside him on the disk. */
static bool enough(const struct local *local)
{
    const struct segments *segments = &local->segments;
    uint64_t active = segments->active ? segments->active->used - SEGMENT_HEADER_BYTES : 0;
    uint64_t closed = segments->bytes - active;
    uint32_t count = segments->count - (segments->active ? 1 : 0);

    if (count == 0)
        return false;
    return closed * 2 >= local->config.backlog_bytes_max ||
           segments->bytes * 4 >= local->config.backlog_bytes_max * 3 || count >= SEGMENT_CLOSED_MAX;
}

bool settle_busy(const struct local *local)
{
    return local->settle->busy;
}

void settle_poke(struct local *local)
{
    struct settle *settle = local->settle;

    if (settle->busy || local->closing || local->failed || local->config.durability == LOG_MEMORY || !enough(local))
        return;
    settle->busy = true;
    settle->err = OK;
    settle->next_file = local->next_file;
    settle->together = local->settled;
    settle->keep_expired = trim_paused(local);
    pass_pick(settle);
    assert(settle->segment_count > 0);
    pass_next(settle);
}

enum err settle_create(struct local *local)
{
    local->settle = calloc(1, sizeof(*local->settle));
    if (!local->settle)
        return ERR_NO_MEMORY;
    local->settle->local = local;
    local->settle->ask.run = on_ask;
    buf_init(&local->settle->report, 1 << 16);
    return OK;
}

void settle_destroy(struct local *local)
{
    if (!local->settle)
        return;
    buf_deinit(&local->settle->report);
    free(local->settle->refs);
    free(local->settle->logs);
    free(local->settle);
}
