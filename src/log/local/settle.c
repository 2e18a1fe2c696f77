/* settle.c: from arrival order to log order, in the background.
 *
 *     idle --enough is closed--> holding (loop) --> listing (jobs) --> asking (loop) --> arranging (jobs, and rests)
 *       ^                                                                                             |
 *       +---------- segments are recycled <-- the manifest is durable <-- naming (job) <--------------+
 *
 * A pass takes some closed segments, oldest first. It takes hold of their frames where they still are in memory, notes
 * where each batch lies, asks of every log in which class it belongs and what of it is still wanted, and copies batch
 * after batch into one file per class. Memory is bounded by 40 bytes per batch and 64 per run, and by the segments of a
 * pass that begins while they are in memory. Until the manifest is durable nothing has changed for anybody; a crash
 * leaves files that the next start removes.
 *
 * Whoever commits shares the disk and the processors with it. So it keeps step with them: it goes twice as fast as they
 * do, in steps, and beyond that in small ones with a rest before each. */
#include <assert.h>
#include <stdlib.h>

#include "log/local/pass.h"
#include "log/local/trim.h"

enum {
    PASS_BATCHES_MAX = 1 << 19,
    ASK_SLICE = 1000,
    RUNS_PER_FILE = 4096,
    FILES_FEW = 2048,
    STEP_BYTES = 1 << 20,
    STEP_BESIDE_BYTES = 128 << 10, /* while it is ahead */
    REST_US = 1000,
};

static void pass_next(struct settle *settle);

static void on_hold(struct os_message *message)
{
    struct settle *settle = container_of(message, struct settle, hold_more);
    struct local *local = settle->local;

    settle->err = gather_hold(settle);
    pass_next(settle);
    local_job_done(local);
}

static void list_work(struct os_job *job)
{
    struct settle *settle = container_of(job, struct settle, job);

    settle->err = gather_list(settle);
}

static void arrange_work(struct os_job *job)
{
    struct settle *settle = container_of(job, struct settle, job);

    settle->err = arrange_step(settle);
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

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
    arrange_stop(settle);
    gather_deinit(settle);
    settle->segment_count = settle->file_count = 0;
    settle->busy = settle->resting = false;
}

static void pass_fail(struct settle *settle, enum err err)
{
    struct local *local = settle->local;
    char name[SETTLED_NAME_MAX];

    for (uint32_t i = 0; i < settle->file_count; i++) {
        settled_name(name, settle->files[i].number);
        trim_remove(local, name);
    }
    if (settle->packing) {
        settled_name(name, settle->pack.at.number);
        arrange_stop(settle);
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

/* It has done more than twice of what commits meanwhile will give it to do, and nobody waits for it. Every byte is listed
 * and arranged. */
static bool ahead(const struct settle *settle)
{
    const struct local *local = settle->local;
    uint64_t committed = local->segments.bytes - settle->backlog_begun;

    return settle->through >= 2 * 2 * committed && local->segments.bytes * 2 < local->config.backlog_bytes_max;
}

static void step(struct settle *settle, void (*work)(struct os_job *job))
{
    bool beside = ahead(settle);

    if (beside && !settle->resting) {
        settle->resting = true;
        os_timer_start(settle->local->loop, &settle->rest, REST_US);
        return;
    }
    settle->resting = false;
    settle->step_bytes = beside ? STEP_BESIDE_BYTES : STEP_BYTES;
    local_job(settle->local, settle->local->settle_worker, &settle->job, work, pass_done);
}

static void on_rest(struct os_timer *timer)
{
    struct settle *settle = container_of(timer, struct settle, rest);

    pass_next(settle);
}

void settle_stop(struct local *local)
{
    struct settle *settle = local->settle;

    if (!settle->resting)
        return;
    os_timer_stop(&settle->rest);
    pass_next(settle);
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
        step(settle, list_work);
        return;
    }
    if (settle->log_asked < settle->log_count) {
        local->jobs++;
        os_post(local->loop, &settle->ask);
        return;
    }
    if (!arrange_done(settle)) {
        step(settle, arrange_work);
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
    settle->backlog_begun = local->segments.bytes;
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
    local->settle->rest.fire = on_rest;
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
    gather_deinit(local->settle);
    free(local->settle);
}
