/* lane.h: how frames get into the active segment: in whole blocks, past the cache of the system.
 *
 *     | ... frame 6 | frame 7       | frame 8 ...
 *     +-------------------+-------------------+----     blocks of the disk
 *                   ^ the edge
 *
 * The block in which the last frame ends, the edge, is written again with the next one, with the same bytes in front: what
 * is durable in it is never changed. What stands behind the last frame is zeros up to the end of its block.
 *
 * Used by the commit thread alone, once the engine is open. */
#pragma once

#include "log/local/tail.h"
#include "os/os.h"

enum { LANE_COPY_MAX = 128 << 10 };

struct lane {
    char *memory, *stage;     /* `stage`: where `memory` is aligned */
    char edge[OS_BLOCK_BYTES];
};

must_use enum err lane_init(struct lane *lane);
void lane_deinit(struct lane *lane);

/* The active segment ends at `end`, behind these bytes (the last ones of its last block, or more). */
void lane_resume(struct lane *lane, str bytes, uint64_t end);

/* Room for a frame of `size` bytes that will lie at `offset`: a large one where it can be written from, a small one (which
 * is copied) as it is. NULL without memory. */
struct chunk *lane_chunk(uint64_t offset, size_t size);

/* Write a frame made by lane_chunk. */
must_use enum err lane_write(struct lane *lane, struct os_file *file, const struct chunk *frame, uint64_t offset);
