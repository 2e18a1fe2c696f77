/* settle.c: from arrival order to log order, in the background.
 *
 *     idle --enough is closed--> holding (loop) --> listing (job) --> asking (loop) --> writing (a job per file)
 *       ^                                                                                             |
 *       +---------- segments are recycled <-- the manifest is durable <-- naming (job) <--------------+
 *
 * A pass takes some closed segments, oldest first. It takes hold of their frames where they still are in memory, notes
 * where each batch lies, asks of every log in which class it belongs and what of it is still wanted, and copies batch
 * after batch into one file per class. Memory is bounded by 40 bytes per batch and 64 per run, and by the segments of a
 * pass that begins while they are in memory. Until the manifest is durable nothing has changed for anybody; a crash
 * leaves files that the next start removes. */
#include "log/local/settle.h"

#include <assert.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "log/local/openings.h"
#include "log/local/pack.h"
#include "log/local/recover.h"
#include "log/local/trim.h"

enum {
    PASS_SEGMENTS_MAX = 256,
    PASS_BATCHES_MAX = 1 << 19,
    ASK_SLICE = 1000,
    HOLD_SLICE = 4096,
    CLASSES = 256,
    RUNS_PER_FILE = 4096,
    FILES_FEW = 2048,
};

/* Where a batch lies. */
struct ref {
    log_id log;
    log_pos first;
    uint64_t offset;
    const char *at;           /* NULL: not in memory */
    uint32_t size;
    uint32_t segment;
};

/* A frame that is still in memory, and stays there for the pass. */
struct held {
    struct chunk *chunk;
    uint64_t offset;
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

/* Found damaged: a batch of `log` at position `from`; or, without a log, the frames numbered `from` to `to` - 1. */
struct lost {
    log_id log;
    uint64_t from, to;
};

struct settle {
    struct os_job job;
    struct local *local;
    bool busy;
    struct os_message ask, hold_more;
    struct manifest_wait saved;
    struct segment *segments[PASS_SEGMENTS_MAX];
    bool hot[PASS_SEGMENTS_MAX]; /* all of the segment is in memory */
    uint32_t segment_count, scanned;
    struct tail_frame *hold; /* the next frame to be looked at; NULL: all were */
    struct held *held;
    uint32_t held_count, held_capacity, held_listed, hold_segment;
    struct ref *refs;
    uint32_t ref_count, ref_capacity;
    struct pass_log *logs;
    uint32_t log_count, log_asked, log_written;
    struct openings openings;
    bool keep_expired;      /* the clock is not trusted at present */
    struct manifest_file files[CLASSES];
    uint32_t file_count;
    uint64_t next_file;
    log_pos together;
    struct buf report;
    struct buf lost;        /* struct lost, one after the other */
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

/* The batches of a frame that lies at `offset` of the segment. `kept`: where it lies in memory it stays for the pass. CORRUPT
 * if the headers are not those that were written. */
static enum err frame_refs(struct settle *settle, const char *frame, const struct frame_head *head, uint64_t offset,
                           bool kept)
{
    uint32_t at = FRAME_HEADER_BYTES, end = FRAME_HEADER_BYTES + head->length, crc = 0;

    for (uint32_t i = 0; i < head->batch_count; i++) {
        struct batch_head batch;

        TRY(batch_decode(frame + at, end - at, &batch));
        TRY(ref_push(settle, (struct ref){
            .log = batch.log, .first = batch.first, .offset = offset + at, .at = kept ? frame + at : NULL,
            .size = batch.size, .segment = settle->scanned,
        }));
        crc = crc32c(crc, frame + at, BATCH_HEADER_BYTES);
        at += batch_span(batch.size);
    }
    return at == end && crc == head->body_crc ? OK : ERR_CORRUPT;
}

static enum err scan_frame_refs(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    return frame_refs(walk->ctx, frame, head, offset, false);
}

/* The frames held of the next segment. CORRUPT: one has rotted in memory. */
static enum err held_refs(struct settle *settle)
{
    const struct segment *segment = settle->segments[settle->scanned];

    for (; settle->held_listed < settle->held_count; settle->held_listed++) {
        const struct held *held = &settle->held[settle->held_listed];
        struct frame_head head;

        if (held->segment > settle->scanned)
            return OK;
        if (held->segment < settle->scanned || !settle->hot[held->segment])
            continue;
        TRY(frame_decode(held->chunk->at, segment->head.generation, &head));
        if (head.length + FRAME_HEADER_BYTES != held->chunk->size)
            return ERR_CORRUPT;
        TRY(frame_refs(settle, held->chunk->at, &head, held->offset, true));
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
    buf_append(&settle->lost, str_bytes(&(struct lost){ 0, from, to }, sizeof(struct lost)));
    return settle->lost.err;
}

static enum err scan_segment(struct settle *settle, const struct segment *segment)
{
    struct scan scan;
    struct walk walk = {
        .scan = &scan, .head = segment->head, .limit = segment->last_frame + 1, .frame = scan_frame_refs,
        .lost = scan_lost, .ctx = settle,
    };
    struct os_file *file;
    enum err err;

    settle->lost_frames = 0;
    TRY(segment_open(segment, &file));
    scan_init_file(&scan, file, segment->used, segment->head.generation);
    err = walk_segment(&walk);
    scan_deinit(&scan);
    os_close(file);
    if (err == OK && settle->lost_frames > segment->lost_frames)
        settle->lost_frames -= segment->lost_frames;
    else
        settle->lost_frames = 0;
    return err;
}

/* The batches of the next segment: from memory if all of it is there, else the disk says. */
static enum err list_segment(struct settle *settle)
{
    uint32_t before = settle->ref_count;
    enum err err = held_refs(settle);

    if (settle->hot[settle->scanned] && err != ERR_CORRUPT)
        return err;
    settle->ref_count = before;
    return scan_segment(settle, settle->segments[settle->scanned]);
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

    settle->err = list_segment(settle);
    settle->scanned++;
    if (settle->err != OK || settle->scanned < settle->segment_count)
        return;
    if (settle->ref_count > 0)
        qsort(settle->refs, settle->ref_count, sizeof(settle->refs[0]), by_log);
    settle->err = list_logs(settle);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static bool sound(const char *at, const struct ref *ref, struct batch_head *ret_head)
{
    return batch_decode(at, batch_span(ref->size), ret_head) == OK && ret_head->log == ref->log &&
           ret_head->first == ref->first && ret_head->size == ref->size && batch_check(at, ret_head);
}

/* Bring one batch to `to`: from memory if it is there, else (or if it has rotted there) from the segment. What is settled
 * replaces the only other copy, so nothing is passed on unchecked. CORRUPT if it is in neither place. */
static enum err fetch_batch(struct settle *settle, const struct ref *ref, char *to, struct batch_head *ret_head)
{
    uint32_t span = batch_span(ref->size);
    struct os_file *file;
    size_t got;

    if (ref->at && sound(ref->at, ref, ret_head)) {
        memcpy(to, ref->at, span);
        return OK;
    }
    TRY(openings_take(&settle->openings, settle->segments[ref->segment], &file));
    TRY(os_read_at(file, to, span, ref->offset, &got));
    return got == span && sound(to, ref, ret_head) ? OK : ERR_CORRUPT;
}

/* Copy one batch. `*fresh`: it begins a run. */
static enum err copy_batch(struct settle *settle, struct pack *pack, const struct pass_log *log, const struct ref *ref,
                           bool *fresh)
{
    struct batch_head head;
    char *to;
    enum err err;

    TRY(pack_reserve(pack, batch_span(ref->size), &to));
    err = fetch_batch(settle, ref, to, &head);
    if (err == ERR_CORRUPT) {
        buf_fmt(&settle->report, "commit segment %llu is damaged at offset %llu: a batch of log %llu is lost\n",
                (unsigned long long)settle->segments[ref->segment]->head.number, (unsigned long long)ref->offset,
                (unsigned long long)ref->log);
        settle->lost_frames++;
        buf_append(&settle->lost, str_bytes(&(struct lost){ ref->log, ref->first, 0 }, sizeof(struct lost)));
        return settle->lost.err;
    }
    TRY(err);
    if (batch_end(head.first, head.count) <= log->before)
        return OK;
    if (head.time < log->before_time && !settle->keep_expired)
        return OK;
    TRY(pack_accept(pack, &head, *fresh));
    *fresh = false;
    return OK;
}

static enum err copy_log(struct settle *settle, struct pack *pack, const struct pass_log *log)
{
    bool fresh = true;

    for (uint32_t i = 0; i < log->ref_count && !log->gone; i++)
        TRY(copy_batch(settle, pack, log, &settle->refs[log->ref + i], &fresh));
    return OK;
}

/* Every log of the class that comes next in the (sorted) list of logs. */
static enum err write_logs(struct settle *settle, struct pack *pack)
{
    while (settle->log_written < settle->log_count &&
           settle->logs[settle->log_written].retention_class == pack->at.retention_class)
        TRY(copy_log(settle, pack, &settle->logs[settle->log_written++]));
    return pack->entry_count > 0 ? pack_finish(pack) : OK;
}

static enum err write_file(struct settle *settle)
{
    struct local *local = settle->local;
    struct manifest_file at = {
        .number = settle->next_file++, .first = LOG_POS_END, .time_min = INT64_MAX, .time_max = INT64_MIN,
        .together = settle->together, .retention_class = settle->logs[settle->log_written].retention_class,
    };
    char name[SETTLED_NAME_MAX], path[PATH_BYTES_MAX];
    struct pack pack;
    enum err err;

    settled_name(name, at.number);
    local_path(local, name, path);
    TRY(pack_open(&pack, local->os, path, &at));
    err = write_logs(settle, &pack);
    pack_close(&pack);
    openings_close(&settle->openings);
    if (err == OK && pack.entry_count > 0)
        settle->files[settle->file_count++] = pack.at;
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

/* ---- holding --------------------------------------------------------------------------------------------------- */

static enum err hold(struct settle *settle, struct tail_frame *frame)
{
    if (settle->held_count == settle->held_capacity) {
        uint32_t capacity = settle->held_capacity ? settle->held_capacity * 2 : 256;
        struct held *held = realloc(settle->held, capacity * sizeof(*held));

        if (!held)
            return ERR_NO_MEMORY;
        settle->held = held;
        settle->held_capacity = capacity;
    }
    frame->bytes->refs++;
    settle->held[settle->held_count++] = (struct held){
        .chunk = frame->bytes, .offset = frame->offset, .segment = settle->hold_segment,
    };
    return OK;
}

/* Take hold of what is in memory of the segments of the pass, some frames a turn. They all are in the tail: nothing that
 * is not settled leaves it. */
static enum err hold_some(struct settle *settle)
{
    for (uint32_t i = 0; i < HOLD_SLICE && settle->hold; i++, settle->hold = settle->hold->next) {
        struct tail_frame *frame = settle->hold;

        while (settle->hold_segment < settle->segment_count && settle->segments[settle->hold_segment] != frame->segment)
            settle->hold_segment++;
        if (settle->hold_segment == settle->segment_count) {
            settle->hold = NULL;
            return OK;
        }
        if (!frame->bytes)
            settle->hot[settle->hold_segment] = false;
        else if (settle->hot[settle->hold_segment])
            TRY(hold(settle, frame));
    }
    return OK;
}

static void on_hold(struct os_message *message)
{
    struct settle *settle = container_of(message, struct settle, hold_more);
    struct local *local = settle->local;

    settle->err = hold_some(settle);
    pass_next(settle);
    local_job_done(local);
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
    for (uint32_t i = 0; i < settle->held_count; i++)
        chunk_release(settle->held[i].chunk);
    free(settle->held);
    free(settle->refs);
    free(settle->logs);
    settle->held = NULL;
    settle->refs = NULL;
    settle->logs = NULL;
    settle->hold = NULL;
    settle->held_count = settle->held_capacity = settle->held_listed = settle->hold_segment = 0;
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

static void hole_of_batch(struct local *local, const struct lost *lost)
{
    const struct tail_batch *batch = tail_find(&local->tail, lost->log, lost->from, 0);

    local_hole(local, (struct manifest_hole){
        .from = lost->from, .to = batch_end(lost->from, batch && batch->first == lost->from ? batch->count : 1),
        .spares_control = lost->log != local->config.control_log,
    });
}

static void holes_of_frames(struct local *local, const struct lost *lost)
{
    log_pos from = local->tail.start;

    for (const struct tail_frame *frame = local->tail.unsettled; frame && frame->number < lost->to; frame = frame->next) {
        struct manifest_hole hole = { .from = from, .to = frame->end, .spares_control = true };

        from = frame->end;
        if (frame->number < lost->from)
            continue;
        for (uint32_t i = 0; i < frame->batch_count; i++)
            hole.spares_control &= frame->logs[i]->id != local->config.control_log;
        local_hole(local, hole);
    }
}

/* Whoever reads across what was lost is told, for as long as the manifest remembers it. The index still knows what it was. */
static void note_lost(struct settle *settle)
{
    struct lost lost;

    for (size_t at = 0; at + sizeof(lost) <= settle->lost.size; at += sizeof(lost)) {
        memcpy(&lost, settle->lost.at + at, sizeof(lost));
        if (lost.log)
            hole_of_batch(settle->local, &lost);
        else
            holes_of_frames(settle->local, &lost);
    }
    buf_clear(&settle->lost);
}

static void tell(struct settle *settle)
{
    str lines = buf_str(&settle->report);

    settle->local->count->damaged_frames += settle->lost_frames;
    settle->lost_frames = 0;
    note_lost(settle);
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
    if (settle->hold) {
        local->jobs++;
        os_post(local->loop, &settle->hold_more);
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
        settle->hot[settle->segment_count] = segment->lost_frames == 0;
        settle->segments[settle->segment_count++] = segment;
    }
}

/* What is closed makes runs of a good length already, because it is of few logs: to take it while it is in memory saves
 * reading it back. With many files the manifest would grow long. */
static bool enough_in_memory(const struct local *local, uint64_t closed)
{
    const struct log_local_config *config = &local->config;

    return config->tail_bytes_max >= SEGMENTS_IN_TAIL * local->segments.next_size && closed * 2 >= config->tail_bytes_max &&
           local->file_count < FILES_FEW &&
           closed / (local->tail.logs.count + 1) >= config->settled_bytes_max / RUNS_PER_FILE;
}

/* Else half of the bound, so that who raises it can put that much at once without a settler beside him on the disk; or
 * whatever there is, when there was no descriptor for another segment: each that is settled gives one back. */
static bool enough(const struct local *local)
{
    const struct segments *segments = &local->segments;
    uint64_t active = segments->active ? segments->active->used - SEGMENT_HEADER_BYTES : 0;
    uint64_t closed = segments->bytes - active;
    uint32_t count = segments->count - (segments->active ? 1 : 0);

    if (count == 0)
        return false;
    return os_mono_us(local->os) < local->commit.rest_us || enough_in_memory(local, closed) || closed * 2 >= local->config.backlog_bytes_max ||
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
    settle->hold = local->tail.unsettled;
    pass_next(settle);
}

enum err settle_create(struct local *local)
{
    local->settle = calloc(1, sizeof(*local->settle));
    if (!local->settle)
        return ERR_NO_MEMORY;
    local->settle->local = local;
    local->settle->ask.run = on_ask;
    local->settle->hold_more.run = on_hold;
    buf_init(&local->settle->report, 1 << 16);
    buf_init(&local->settle->lost, 64 << 20);
    return OK;
}

void settle_destroy(struct local *local)
{
    if (!local->settle)
        return;
    buf_deinit(&local->settle->report);
    buf_deinit(&local->settle->lost);
    free(local->settle->held);
    free(local->settle->refs);
    free(local->settle->logs);
    free(local->settle);
}
