/* tail.h: what is committed and not yet gone to rest: the index of every frame that is in memory or not yet settled.
 *
 * Frames stand in one FIFO. The newest keep their bytes in memory, under one budget for all logs; older ones that are
 * not settled yet are read from their commit segment. A log that is in no such frame costs nothing.
 *
 *     oldest ----------------- cold ------------------------ newest
 *     not settled, on disk   | in memory (settled or not)  | staged, not durable yet
 *
 * A frame leaves when it is settled and out of memory, always the oldest first. */
#pragma once

#include "log/local/idmap.h"
#include "log/log.h"

struct segment;

/* Bytes that several hold: a frame, or what a cold read brought in. Counted on the loop only. */
struct chunk {
    uint32_t refs;
    size_t size;
    char *at;
    _Alignas(16) char memory[];
};

/* One reference; NULL without memory. */
struct chunk *chunk_create(size_t size);

/* `lead` bytes behind a multiple of OS_BLOCK_BYTES in memory; what is in front of it and behind it in the same blocks is its. */
struct chunk *chunk_create_blocks(size_t size, size_t lead);
void chunk_release(struct chunk *chunk); /* NULL is nothing */

struct tail_frame {
    struct tail_frame *next;
    uint64_t number;
    log_pos end;              /* behind its last batch */
    ms time;
    struct segment *segment;  /* where it lies; NULL when settled, and without a disk */
    uint64_t offset;
    struct chunk *bytes;      /* NULL when it left memory */
    uint32_t size;            /* with its header */
    uint32_t batch_count, batch_capacity;
    struct tail_log *logs[];  /* of each batch */
};

struct tail_batch {
    log_pos first;
    struct tail_frame *frame;
    uint32_t offset;          /* of the batch header in the frame */
    uint32_t size, count, flags;
};

struct tail_log {
    log_id id;
    uint32_t start, count, capacity;
    struct tail_batch *at;    /* ascending, from `start` */
    struct tail_batch small;
};

struct tail {
    struct idmap logs;
    struct tail_frame *oldest, *newest, *cold_end; /* cold_end: the oldest in memory, or NULL */
    struct tail_frame *unsettled;                  /* the oldest that lies in a segment, or NULL */
    uint64_t bytes, bytes_max;
    uint64_t frames;
    log_pos start;            /* everything at or behind it that exists is in here; everything before is settled */
    log_pos end;              /* what is durable lies before it */
};

void tail_init(struct tail *tail, uint64_t bytes_max);
void tail_deinit(struct tail *tail);

/* A frame for up to `batch_capacity` batches, not yet in the tail. NULL without memory. */
struct tail_frame *tail_frame_create(uint32_t batch_capacity);

/* Index one more batch of `frame`; not readable before tail_publish. Batches are staged in ascending order. */
must_use enum err tail_stage(struct tail *tail, struct tail_frame *frame, log_id log, struct tail_batch batch);

/* Take back what was staged for the newest frame and free it: the commit could not be made. */
void tail_unstage(struct tail *tail, struct tail_frame *frame);

/* The frame is durable: readable from now on. Takes the reference on frame->bytes (which may be NULL), and lets
 * older frames leave memory. Every batch of it lies at or behind the present end; `end` is the new one. */
void tail_publish(struct tail *tail, struct tail_frame *frame, log_pos end);

/* Frames up to this number are settled. */
void tail_settled(struct tail *tail, uint64_t number);

/* The first batch of the log that ends behind `from`, did not arrive before `not_before` and is durable, or NULL. */
const struct tail_batch *tail_find(const struct tail *tail, log_id log, log_pos from, ms not_before);

/* The durable batch that follows, or NULL. Valid as long as nothing is staged, published or settled. */
const struct tail_batch *tail_next(const struct tail *tail, log_id log, const struct tail_batch *batch);
