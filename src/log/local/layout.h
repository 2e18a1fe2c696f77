/* layout.h: from the queue to a frame: who comes behind a SEAL, which positions are given, where each batch goes. */
#pragma once

#include "log/local/engine.h"

/* What was taken: bytes and number of the batches that will be written. */
struct layout {
    uint64_t bytes;
    uint32_t batches;
    bool control; /* one of them is of the control log */
};

/* Move what fits into `room` bytes from the queue to the flight, and judge each append: OK, SEALED or CANCELLED. */
struct layout layout_take(struct local *local, uint64_t room);

/* Make the frame, give positions, stage every batch in the tail. NO_MEMORY: nothing of it was done. */
must_use enum err layout_stage(struct local *local, struct layout layout);

/* Answer everybody in flight with NO_MEMORY and forget the seals they would have set. */
void layout_undo(struct local *local);

/* In the job: have every body written straight into the frame, which is what the disk and later the readers get. The
 * crc over the batch headers. */
uint32_t layout_fill(struct commit *commit, char *at);

/* commit.c: the queue; NULL when it is empty. */
struct log_commit *commit_queue_first(struct commit *commit);
void commit_queue_pop(struct local *local, struct log_commit *entry);
