/* commit.c: many writers, one sync.
 *
 *     idle --submit--> kicked --turn of the loop--> [rolling] --> writing --done--> idle, or writing again
 *
 * While one frame is written and synced everything new waits in the queue; all of it makes the next frame. So the sync
 * itself is the batching window, and nothing here has a timer. Where syncs are slow, a frame waits for those whom the
 * last one has just answered, as long as some keep coming: without them it would be half a frame. What waits is decided
 * when the frame is laid out: positions, the time, and who comes behind a SEAL.
 *
 * A frame is staged in the tail before it is written and published when it is durable: publishing cannot fail. */
#include <assert.h>

#include "log/local/layout.h"
#include "log/local/settle.h"

enum {
    SLOW_SYNC_US = 2000, /* from here on a fuller frame is worth a wait, */
    WAIT_PART = 2,       /* of half a sync at most, */
    SILENCE_PART = 32,   /* and until nobody has come for a thirty-second part of one; */
    SYNC_US_MAX = 8000,  /* a sync that took longer counts as one of this */
};

static void kick_now(struct local *local);

/* False: the frame begins now. While one is written, what it takes is its job's to say. */
static bool more_is_coming(struct local *local)
{
    struct commit *commit = &local->commit;
    int64_t sync_us = commit->busy ? 0 : commit->sync_us, now;

    if (sync_us > SYNC_US_MAX)
        sync_us = SYNC_US_MAX;
    if (sync_us < SLOW_SYNC_US || commit->queued_bytes == 0 || commit->queued_bytes >= FRAME_BYTES_MAX / 2 ||
        local->closing) {
        commit->wait_until = 0;
        return false;
    }
    now = os_mono_us(local->os);
    if (commit->wait_until == 0 || commit->queued_bytes > commit->seen_bytes)
        commit->seen_us = now;
    if (commit->wait_until == 0)
        commit->wait_until = now + sync_us / WAIT_PART;
    commit->seen_bytes = commit->queued_bytes;
    if (now < commit->wait_until && now < commit->seen_us + sync_us / SILENCE_PART)
        return true;
    commit->wait_until = 0;
    return false;
}

/* The next frame, now or after another turn of the loop. */
static void kick(struct local *local)
{
    if (more_is_coming(local))
        commit_kick(local);
    else
        kick_now(local);
}

static void on_kick(struct os_message *message)
{
    struct local *local = container_of(message, struct local, commit.kick);

    local->commit.kicked = false;
    kick(local);
    local_job_done(local);
}

void commit_kick(struct local *local)
{
    struct commit *commit = &local->commit;

    if (commit->kicked)
        return;
    commit->kicked = true;
    local->jobs++;
    os_post(local->loop, &commit->kick);
}

/* ---- the queue ------------------------------------------------------------------------------------------------- */

static enum err measure(struct log_commit *commit)
{
    uint64_t bytes = 0, bodies = 0, positions = 0;

    for (uint32_t i = 0; i < commit->append_count; i++) {
        const struct log_append *append = &commit->appends[i];

        assert(append->log != 0 && (append->size == 0 || append->fill));
        if (append->size > LOG_COMMIT_BYTES_MAX)
            return ERR_TOO_LARGE;
        bodies += append->size;
        bytes += batch_span(append->size);
        positions += batch_end(0, append->count);
    }
    if (bodies > LOG_COMMIT_BYTES_MAX || bytes > FRAME_BYTES_MAX - FRAME_HEADER_BYTES)
        return ERR_TOO_LARGE;
    if (positions > POSITIONS_PER_COMMIT_MAX)
        return ERR_TOO_LARGE;
    commit->bytes = bytes;
    return OK;
}

enum err commit_submit(struct log *log, struct log_commit *entry)
{
    struct local *local = container_of(log, struct local, log);
    struct commit *commit = &local->commit;

    if (local->failed || local->closing)
        return ERR_STOPPED;
    TRY(measure(entry));
    if (local->no_space) {
        local->count->refused_no_space++;
        return ERR_NO_SPACE;
    }
    if (commit->queued_bytes > 0 && commit->queued_bytes + entry->bytes > local->config.queue_bytes_max) {
        local->count->refused_full++;
        return ERR_FULL;
    }
    entry->time = os_mono_us(local->os);
    if (entry->time < commit->rest_us) {
        local->count->refused_full++;
        return ERR_FULL;
    }
    list_push(&commit->queue, &entry->link);
    commit->queued_bytes += entry->bytes;
    local->count->queued_commits++;
    local->count->queued_bytes = commit->queued_bytes;
    if (!commit->busy)
        commit_kick(local);
    return OK;
}

struct log_commit *commit_queue_first(struct commit *commit)
{
    return list_empty(&commit->queue) ? NULL : container_of(commit->queue.next, struct log_commit, link);
}

void commit_queue_pop(struct local *local, struct log_commit *entry)
{
    list_remove(&entry->link);
    local->commit.queued_bytes -= entry->bytes;
    local->count->queued_commits--;
    local->count->queued_bytes = local->commit.queued_bytes;
}

static void answer(struct local *local, enum err err);

void commit_fail_all(struct local *local, enum err err)
{
    struct log_commit *entry;

    if (!local->commit.frame) /* what is being written is told when that has ended */
        answer(local, err);
    while ((entry = commit_queue_first(&local->commit))) {
        commit_queue_pop(local, entry);
        entry->done(entry, err);
    }
}

/* ---- writing: the job ------------------------------------------------------------------------------------------ */

static enum err write_plain(const struct tail_frame *frame)
{
    return os_write_at(frame->segment->file, &(struct os_iov){ .at = frame->bytes->at, .size = frame->size }, 1,
                       frame->offset);
}

static void write_work(struct os_job *job)
{
    struct commit *commit = container_of(job, struct commit, job);
    struct local *local = container_of(commit, struct local, commit);
    struct tail_frame *frame = commit->frame;
    struct frame_head head = {
        .generation = frame->segment ? frame->segment->head.generation : 0,
        .number = frame->number,
        .vouched = commit->vouched,
        .time = frame->time,
        .length = frame->size - FRAME_HEADER_BYTES,
        .batch_count = frame->batch_count,
        .previous_crc = commit->chain,
        .control = commit->control_back,
        .body_crc = layout_fill(commit, frame->bytes->at + FRAME_HEADER_BYTES),
    };

    frame_encode(&head, frame->bytes->at);
    commit->chain = head.crc;
    commit->err = OK;
    commit->sync_us = 0;
    if (!frame->segment)
        return;
    commit->err = commit->direct ? lane_write(&commit->lane, frame->segment->file, frame->bytes, frame->offset)
                                 : write_plain(frame);
    if (commit->err == OK && commit->syncs_in_job) {
        int64_t start = os_mono_us(local->os);

        commit->err = os_sync(frame->segment->file);
        commit->sync_us = os_mono_us(local->os) - start;
    }
}

/* ---- the timed sync of LOG_OS ---------------------------------------------------------------------------------- */

static void timed_work(struct os_job *job)
{
    struct commit *commit = container_of(job, struct commit, sync_job);

    commit->sync_err = os_sync(commit->sync_segment->file);
}

/* The number of the last frame that is written. Older segments are synced, so it stands for all before it. */
static uint64_t written(const struct commit *commit)
{
    return commit->frame ? commit->frame->number - 1 : commit->next_frame - 1;
}

static void timed_done(struct os_job *job);

/* Frames go on beside it: with a worker of its own it holds up nobody. */
static void sync_start(struct local *local)
{
    struct commit *commit = &local->commit;

    os_timer_stop(&commit->sync_timer);
    commit->sync_armed = false;
    commit->sync_busy = true;
    commit->unsynced_bytes = 0;
    commit->sync_segment = local->segments.active;
    commit->sync_number = written(commit);
    segment_hold(commit->sync_segment);
    local_job(local, local->sync_worker, &commit->sync_job, timed_work, timed_done);
}

/* After SYNC_TIMER_US, or when so much waits that a sync would keep the disk from everybody else for long. */
static void sync_arm(struct local *local)
{
    struct commit *commit = &local->commit;

    if (commit->sync_busy || local->failed || !local->segments.active || commit->synced >= written(commit))
        return;
    if (commit->unsynced_bytes >= SYNC_BYTES) {
        sync_start(local);
    } else if (!commit->sync_armed) {
        commit->sync_armed = true;
        os_timer_start(local->loop, &commit->sync_timer, SYNC_TIMER_US);
    }
}

static void timed_done(struct os_job *job)
{
    struct local *local = container_of(job, struct local, commit.sync_job);
    struct commit *commit = &local->commit;
    struct segment *segment = commit->sync_segment;

    commit->sync_busy = false;
    commit->sync_segment = NULL;
    if (segment != local->segments.active)
        segment_shut(segment);
    segment_release(segment);
    if (commit->sync_err != OK) {
        local->count->sync_failures++;
        local_fail(local, commit->sync_err, "syncing the commit log");
    } else {
        local->count->syncs++;
        if (commit->sync_number > commit->synced)
            commit->synced = commit->sync_number;
        if (!local->closing)
            sync_arm(local);
    }
    local_job_done(local);
}

static void on_sync_timer(struct os_timer *timer)
{
    struct local *local = container_of(timer, struct local, commit.sync_timer);

    local->commit.sync_armed = false;
    if (!local->failed && local->segments.active)
        sync_start(local);
}

/* ---- afterwards ------------------------------------------------------------------------------------------------ */

static void count_entry(struct local *local, const struct log_commit *entry, int64_t now_us)
{
    struct count_log *count = local->count;

    count->commits++;
    histogram_add(&count->commit_us, (uint64_t)(now_us - entry->time));
    for (uint32_t i = 0; i < entry->append_count; i++) {
        if (entry->appends[i].err == OK) {
            count->batches++;
            count->records += entry->appends[i].count;
            count->bytes += entry->appends[i].size;
        }
    }
}

/* Everybody in flight hears the result. */
static void answer(struct local *local, enum err err)
{
    struct list flight, *link;
    int64_t now_us = os_mono_us(local->os);

    list_init(&flight);
    list_take_all(&flight, &local->commit.flight);
    while ((link = list_pop(&flight))) {
        struct log_commit *entry = container_of(link, struct log_commit, link);

        if (err == OK)
            count_entry(local, entry, now_us);
        entry->time = local->commit.time;
        entry->done(entry, err);
    }
}

static void mark_seals(struct local *local)
{
    list_each(link, &local->commit.flight) {
        struct log_commit *entry = container_of(link, struct log_commit, link);

        for (uint32_t i = 0; i < entry->append_count; i++) {
            struct log_append *append = &entry->appends[i];

            if (append->err == OK && append->flags & LOG_SEAL) {
                enum err err = idmap_put(&local->sealed, append->log, SEAL_DURABLE);

                assert(err == OK); /* the slot is there */
            }
        }
    }
}

static void count_frame(struct local *local, const struct tail_frame *frame)
{
    struct count_log *count = local->count;

    count->tail_bytes = local->tail.bytes;
    count->backlog_bytes = local->segments.bytes;
    histogram_add(&count->commit_bytes, frame->size);
    if (!frame->segment)
        return;
    count->written_bytes += frame->size;
    local->commit.unsynced_bytes += frame->size;
    if (local->commit.syncs_in_job) {
        count->syncs++;
        histogram_add(&count->sync_us, (uint64_t)local->commit.sync_us);
    }
}

static void publish(struct local *local)
{
    struct commit *commit = &local->commit;
    struct tail_frame *frame = commit->frame;

    commit->frame = NULL;
    if (frame->segment) {
        frame->segment->used += frame->size;
        frame->segment->last_frame = frame->number;
        local->segments.bytes += frame->size;
    }
    if (commit->syncs_in_job || !frame->segment)
        commit->synced = frame->number;
    mark_seals(local);
    watch_grown(local, frame);
    tail_publish(&local->tail, frame, commit->next);
    if (frame->segment)
        segment_count(frame->segment, frame);
    count_frame(local, frame);
}

static void write_done(struct os_job *job)
{
    struct local *local = container_of(job, struct local, commit.job);
    struct commit *commit = &local->commit;

    commit->busy = false;
    if (commit->err != OK) {
        local->count->sync_failures++;
        tail_unstage(&local->tail, commit->frame);
        commit->frame = NULL;
        local_fail(local, commit->err, "writing the commit log");
        commit_fail_all(local, ERR_IO); /* if it had failed before */
    } else {
        publish(local);
        answer(local, OK);
        if (local->config.durability == LOG_OS)
            sync_arm(local);
        segment_prepare(local);
        kick(local);
    }
    local_job_done(local);
}

/* ---- the machine ----------------------------------------------------------------------------------------------- */

/* Positions never cross into an epoch that the manifest does not hold yet. */
static bool position_ready(struct local *local)
{
    struct commit *commit = &local->commit;
    uint64_t counter_max = (uint64_t)1 << POSITION_COUNTER_BITS;
    uint64_t most = (uint64_t)FRAME_BYTES_MAX / BATCH_HEADER_BYTES * POSITIONS_PER_COMMIT_MAX;
    uint64_t left = counter_max - (commit->next & (counter_max - 1));

    if (left > most)
        return true;
    if (local->epoch == local->epoch_reserved)
        return local_reserve_epoch(local), false;
    local->epoch++;
    commit->next = (log_pos)local->epoch << POSITION_COUNTER_BITS;
    return true;
}

/* Room in the active segment for the first in the queue; starts to roll if there is none. */
static bool room_ready(struct local *local, uint64_t *ret_room)
{
    struct segment *active = local->segments.active;
    uint64_t needed = FRAME_HEADER_BYTES + commit_queue_first(&local->commit)->bytes;

    if (local->config.durability == LOG_MEMORY) {
        *ret_room = FRAME_BYTES_MAX - FRAME_HEADER_BYTES;
        return true;
    }
    /* One segment must not hold most of the backlog: it can only be settled when it is closed. */
    bool fat =
        active && active->batch_count > 0 && active->used - SEGMENT_HEADER_BYTES >= local->config.backlog_bytes_max / 4;

    if (!active || fat || active->head.size - active->used < needed) {
        local->commit.busy = true;
        segment_roll(local, needed);
        return false;
    }
    *ret_room = active->head.size - active->used - FRAME_HEADER_BYTES;
    if (*ret_room > FRAME_BYTES_MAX - FRAME_HEADER_BYTES)
        *ret_room = FRAME_BYTES_MAX - FRAME_HEADER_BYTES;
    return true;
}

void commit_rolled(struct local *local, enum err err)
{
    local->commit.busy = false;
    if (local->failed)
        return;
    if (err == ERR_NO_SPACE && !local->no_space) {
        local->no_space = true;
        local_report(local, REPORT_ERROR, "the disk is nearly full: appends are refused until there is room again");
    }
    if (err == ERR_NO_MEMORY) { /* or a roll for each append would take the descriptors that the settler waits for */
        local->commit.rest_us = os_mono_us(local->os) + ROLL_REST_US;
        err = ERR_FULL; /* the request is good, and the same one will be taken when there is a segment for it */
    }
    if (err != OK)
        commit_fail_all(local, err);
    settle_poke(local);
    kick_now(local);
}

/* The backlog is at its bound: what is queued waits until the settler has caught up, and the queue's own bound tells
 * the callers. */
static bool backlog_full(struct local *local)
{
    if (local->config.durability == LOG_MEMORY || local->closing ||
        local->segments.bytes < local->config.backlog_bytes_max)
        return false;
    local->commit.pressed = true;
    return true;
}

/* The backlog is full: if nothing is being settled, close the active segment so that it can be. */
static void relieve(struct local *local)
{
    struct commit *commit = &local->commit;

    if (!commit->pressed || commit->busy || local->failed || local->closing)
        return;
    commit->pressed = false;
    settle_poke(local);
    if (settle_busy(local) || !local->segments.active || local->segments.active->batch_count == 0)
        return;
    commit->busy = true;
    segment_roll(local, 0);
}

static void kick_now(struct local *local)
{
    struct commit *commit = &local->commit;
    uint64_t room;

    if (commit_queue_first(commit) && backlog_full(local))
        relieve(local);
    while (!commit->busy && !local->failed && commit_queue_first(commit) && !backlog_full(local)) {
        if (!position_ready(local) || !room_ready(local, &room))
            return;

        ms wall = os_wall_ms(local->os);

        if (wall > commit->time)
            commit->time = wall;
        commit->busy = true; /* whoever is told of a failure may submit again */

        struct layout layout = layout_take(local, room);
        enum err err = layout.batches > 0 ? layout_stage(local, layout) : OK;

        if (err != OK)
            layout_undo(local);
        if (err == OK && layout.batches > 0) {
            local_job(local, local->commit_worker, &commit->job, write_work, write_done);
            return;
        }
        if (err == OK)
            answer(local, OK); /* everybody came behind a seal that is durable */
        commit->busy = false;
    }
    if (local->closing)
        local_close_check(local);
}

bool commit_idle(const struct local *local)
{
    return !local->commit.busy && list_empty(&local->commit.queue);
}

bool commit_finish(struct local *local)
{
    struct commit *commit = &local->commit;

    os_timer_stop(&commit->sync_timer);
    commit->sync_armed = false;
    if (!commit_idle(local) || commit->sync_busy)
        return false;
    if (local->failed || !local->segments.active || local->closed_frame)
        return true;
    if (local->config.durability == LOG_OS && commit->synced + 1 < commit->next_frame) {
        sync_start(local);
        return false;
    }
    local->closed_frame = true;

    /* An empty last frame vouches for everything: the next start need not copy anything. */
    struct segment *active = local->segments.active;

    if (active->last_frame < active->head.first_frame || active->head.size - active->used < FRAME_HEADER_BYTES)
        return true;
    if (layout_stage(local, (struct layout){ 0 }) != OK)
        return true;
    commit->busy = true;
    commit->syncs_in_job = true;
    local_job(local, local->commit_worker, &commit->job, write_work, write_done);
    return false;
}

enum err commit_init(struct local *local)
{
    struct commit *commit = &local->commit;

    list_init(&commit->queue);
    list_init(&commit->flight);
    commit->kick.run = on_kick;
    commit->sync_timer.fire = on_sync_timer;
    commit->syncs_in_job = commit->direct = local->config.durability == LOG_SYNC;
    return lane_init(&commit->lane);
}
