/* read.c: one read over three places: settled files, then commit segments, then memory.
 *
 *     position:   0 ........ tail.start ................ tail.end
 *                 settled    | cold segments | in memory |
 *
 * A read stands at read->next and moves right. What is in memory is served at once, in the call. Otherwise a job brings
 * bytes in, and the read goes on where it stands when the job is done; if that brought nothing (the log is not in those
 * files, or all of it was damaged) it goes on to the next place without bothering the caller. */
#include <assert.h>
#include <stdlib.h>

#include "base/grow.h"
#include "log/local/fetch.h"

enum { READ_BATCHES_FIRST = 16 };

/* ---- the answer ------------------------------------------------------------------------------------------------ */

enum err read_push(struct log_read *read, struct log_batch batch, struct chunk *chunk)
{
    TRY(GROW(read->batches, read->batch_count, read->batch_capacity, READ_BATCHES_FIRST));
    if (read->batch_count == 0 || read->batches[read->batch_count - 1].frame != chunk)
        read->held_bytes += chunk->size;
    batch.frame = chunk;
    chunk->refs++;
    read->batches[read->batch_count++] = batch;
    return OK;
}

void read_release(struct log *log, struct log_read *read)
{
    for (uint32_t i = 0; i < read->batch_count; i++)
        chunk_release(read->batches[i].frame);
    free(read->batches);
    read->batches = NULL;
    read->batch_count = read->batch_capacity = 0;
}

static void set_end(struct local *local, struct log_read *read)
{
    if (read->next < local->tail.end)
        read->next = local->tail.end;
    read->at_end = true;
    read->sealed = local_sealed(local, read->log);
}

/* Did the read pass over positions that were lost? */
static void set_damaged(const struct local *local, struct log_read *read)
{
    for (uint32_t i = 0; i < local->hole_count; i++) {
        const struct manifest_hole *hole = &local->holes[i];

        if (read->from < hole->to && read->next > hole->from &&
            !(hole->spares_control && read->log == local->config.control_log))
            read->damaged = true;
    }
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static enum err serve_memory(struct local *local, struct log_read *read, const struct tail_batch *batch)
{
    uint64_t bytes = 0;

    for (; batch; batch = tail_next(&local->tail, read->log, batch)) {
        struct tail_frame *frame = batch->frame;

        if (read->batch_count >= read->batches_max || (read->batch_count > 0 && bytes >= read->bytes_max)) {
            read->next = batch->first;
            return OK;
        }
        assert(frame->bytes);
        TRY(read_push(read, (struct log_batch){
            .log = read->log, .first = batch->first, .count = batch->count, .flags = batch->flags, .time = frame->time,
            .body = str_bytes(frame->bytes->at + batch->offset + BATCH_HEADER_BYTES, batch->size),
        }, frame->bytes));
        bytes += batch->size;
    }
    set_end(local, read);
    return OK;
}

/* ---- the machine ----------------------------------------------------------------------------------------------- */

/* OK: the answer is complete. PENDING: a job is under way and will come back here. */
enum err read_advance(struct local *local, struct log_read *read)
{
    const struct tail_batch *batch;

    if (read->next < local->tail.start) {
        enum err err = fetch_settled(local, read);

        if (err != ERR_MISSING)
            return err;
    }
    batch = tail_find(&local->tail, read->log, read->next, read->not_before);
    if (!batch) {
        set_end(local, read);
        return OK;
    }
    if (!batch->frame->bytes)
        return fetch_cold(local, read, batch);
    local->count->reads_tail++;
    return serve_memory(local, read, batch);
}

enum err read_start(struct log *log, struct log_read *read)
{
    struct local *local = container_of(log, struct local, log);
    enum err err;

    read->batches = NULL;
    read->batch_count = read->batch_capacity = 0;
    read->held_bytes = 0;
    read->next = read->from;
    read->at_end = read->sealed = read->damaged = false;
    read->engine = NULL;
    if (local->closing)
        return ERR_STOPPED;
    err = read_advance(local, read);
    if (err == OK)
        set_damaged(local, read);
    else if (err != ERR_PENDING)
        read_release(log, read);
    return err;
}

void read_fetched(struct local *local, struct log_read *read, enum err err)
{
    if (err == OK && read->batch_count == 0) {
        err = read_advance(local, read);
        if (err == ERR_PENDING)
            return;
    } else if (err == OK && read->next >= local->tail.start &&
               !tail_find(&local->tail, read->log, read->next, read->not_before)) {
        set_end(local, read);
    }
    if (err == OK)
        set_damaged(local, read);
    else
        read_release(&local->log, read);
    read->done(read, err);
}
