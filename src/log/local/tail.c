/* tail.c: the FIFO of frames and, per log that is in one of them, an ascending array of its batches. */
#include "log/local/tail.h"

#include <assert.h>
#include <stdlib.h>

#include "log/local/frame.h"
#include "os/os.h"

struct chunk *chunk_create(size_t size)
{
    struct chunk *chunk = malloc(sizeof(*chunk) + size);

    if (chunk)
        *chunk = (struct chunk){ .refs = 1, .size = size, .at = chunk->memory };
    return chunk;
}

struct chunk *chunk_create_blocks(size_t size, size_t lead)
{
    size_t whole = (lead + size + OS_BLOCK_BYTES - 1) / OS_BLOCK_BYTES * OS_BLOCK_BYTES;
    struct chunk *chunk = malloc(sizeof(*chunk) + whole + OS_BLOCK_BYTES);

    if (chunk) {
        *chunk = (struct chunk){ .refs = 1, .size = size };
        chunk->at = os_block_in(chunk->memory) + lead;
    }
    return chunk;
}

void chunk_release(struct chunk *chunk)
{
    if (chunk && --chunk->refs == 0)
        free(chunk);
}

void tail_init(struct tail *tail, uint64_t bytes_max)
{
    *tail = (struct tail){ .bytes_max = bytes_max };
}

static void log_destroy(struct tail *tail, struct tail_log *log)
{
    idmap_remove(&tail->logs, log->id);
    if (log->at != &log->small)
        free(log->at);
    free(log);
}

void tail_deinit(struct tail *tail)
{
    size_t cursor = 0;

    for (struct idmap_slot *slot; (slot = idmap_next(&tail->logs, &cursor));) {
        struct tail_log *log = slot->value;

        if (log->at != &log->small)
            free(log->at);
        free(log);
    }
    idmap_deinit(&tail->logs);
    while (tail->oldest) {
        struct tail_frame *frame = tail->oldest;

        tail->oldest = frame->next;
        chunk_release(frame->bytes);
        free(frame);
    }
}

struct tail_frame *tail_frame_create(uint32_t batch_capacity)
{
    struct tail_frame *frame = calloc(1, sizeof(*frame) + batch_capacity * sizeof(frame->logs[0]));

    if (frame)
        frame->batch_capacity = batch_capacity;
    return frame;
}

/* The entry of the log, made if there is none. */
static struct tail_log *log_get(struct tail *tail, log_id id)
{
    struct tail_log *log = idmap_get(&tail->logs, id);

    if (log)
        return log;
    log = calloc(1, sizeof(*log));
    if (!log)
        return NULL;
    log->id = id;
    log->at = &log->small;
    log->capacity = 1;
    if (idmap_put(&tail->logs, id, log) != OK) {
        free(log);
        return NULL;
    }
    return log;
}

/* Room for one more: by moving to the front when half of the array has been given up, else by doubling it. */
static enum err log_grow(struct tail_log *log)
{
    if (log->start + log->count < log->capacity)
        return OK;
    if (log->start > 0 && log->start >= log->capacity / 2) {
        memmove(log->at, log->at + log->start, log->count * sizeof(log->at[0]));
        log->start = 0;
        return OK;
    }

    uint32_t capacity = log->capacity < 4 ? 4 : log->capacity * 2;
    struct tail_batch *at = malloc(capacity * sizeof(*at));

    if (!at)
        return ERR_NO_MEMORY;
    memcpy(at, log->at + log->start, log->count * sizeof(*at));
    if (log->at != &log->small)
        free(log->at);
    log->at = at;
    log->start = 0;
    log->capacity = capacity;
    return OK;
}

enum err tail_stage(struct tail *tail, struct tail_frame *frame, log_id id, struct tail_batch batch)
{
    struct tail_log *log = log_get(tail, id);

    assert(frame->batch_count < frame->batch_capacity);
    if (!log)
        return ERR_NO_MEMORY;
    if (log_grow(log) != OK) {
        if (log->count == 0)
            log_destroy(tail, log);
        return ERR_NO_MEMORY;
    }
    assert(log->count == 0 || log->at[log->start + log->count - 1].first < batch.first);
    batch.frame = frame;
    log->at[log->start + log->count++] = batch;
    frame->logs[frame->batch_count++] = log;
    return OK;
}

void tail_unstage(struct tail *tail, struct tail_frame *frame)
{
    while (frame->batch_count > 0) {
        struct tail_log *log = frame->logs[--frame->batch_count];

        assert(log->count > 0 && log->at[log->start + log->count - 1].frame == frame);
        if (--log->count == 0)
            log_destroy(tail, log);
    }
    chunk_release(frame->bytes);
    free(frame);
}

/* Remove the oldest frame from the index. */
static void retire(struct tail *tail)
{
    struct tail_frame *frame = tail->oldest;

    assert(!frame->segment && !frame->bytes);
    for (uint32_t i = 0; i < frame->batch_count; i++) {
        struct tail_log *log = frame->logs[i];

        assert(log->count > 0 && log->at[log->start].frame == frame);
        log->start++;
        if (--log->count == 0)
            log_destroy(tail, log);
    }
    tail->start = frame->end;
    tail->oldest = frame->next;
    if (!tail->oldest)
        tail->newest = NULL;
    tail->frames--;
    free(frame);
}

static void retire_ready(struct tail *tail)
{
    while (tail->oldest && !tail->oldest->segment && !tail->oldest->bytes)
        retire(tail);
}

/* Give up the memory of the oldest frames until the budget is kept; the newest always stays. */
static void shrink(struct tail *tail)
{
    while (tail->bytes > tail->bytes_max && tail->cold_end && tail->cold_end != tail->newest) {
        struct tail_frame *frame = tail->cold_end;

        tail->bytes -= frame->size;
        chunk_release(frame->bytes);
        frame->bytes = NULL;
        tail->cold_end = frame->next;
    }
    retire_ready(tail);
}

void tail_publish(struct tail *tail, struct tail_frame *frame, log_pos end)
{
    assert(end >= tail->end && !frame->next);
    assert(!tail->newest || tail->newest->number < frame->number);
    frame->end = end;
    if (tail->newest)
        tail->newest->next = frame;
    else
        tail->oldest = frame;
    tail->newest = frame;
    if (frame->segment && !tail->unsettled)
        tail->unsettled = frame;
    tail->frames++;
    tail->end = end;
    if (frame->bytes) {
        tail->bytes += frame->size;
        if (!tail->cold_end)
            tail->cold_end = frame;
    }
    assert(!tail->cold_end || frame->bytes); /* memory is never followed by disk */
    shrink(tail);
}

void tail_settled(struct tail *tail, uint64_t number)
{
    for (; tail->unsettled && tail->unsettled->number <= number; tail->unsettled = tail->unsettled->next)
        tail->unsettled->segment = NULL;
    retire_ready(tail);
}

const struct tail_batch *tail_find(const struct tail *tail, log_id id, log_pos from, ms not_before)
{
    const struct tail_log *log = idmap_get(&tail->logs, id);

    if (!log)
        return NULL;

    uint32_t low = 0, high = log->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct tail_batch *batch = &log->at[log->start + middle];

        if (batch_end(batch->first, batch->count) > from && batch->frame->time >= not_before)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == log->count || log->at[log->start + low].first >= tail->end)
        return NULL;
    return &log->at[log->start + low];
}

const struct tail_batch *tail_next(const struct tail *tail, log_id id, const struct tail_batch *batch)
{
    const struct tail_log *log = idmap_get(&tail->logs, id);

    assert(log);
    batch++;
    if (batch == log->at + log->start + log->count || batch->first >= tail->end)
        return NULL;
    return batch;
}
