/* lane.c: frames in whole blocks; see lane.h. */
#include "log/local/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = OS_BLOCK_BYTES };

enum err lane_init(struct lane *lane)
{
    *lane = (struct lane){ .memory = malloc(LANE_COPY_MAX + 3 * BLOCK) };
    if (!lane->memory)
        return ERR_NO_MEMORY;
    lane->stage = os_block_in(lane->memory);
    return OK;
}

void lane_deinit(struct lane *lane)
{
    free(lane->memory);
}

void lane_resume(struct lane *lane, str bytes, uint64_t end)
{
    size_t size = end % BLOCK;

    assert(bytes.size >= size);
    if (size > 0)
        memcpy(lane->edge, bytes.at + bytes.size - size, size);
}

struct chunk *lane_chunk(uint64_t offset, size_t size)
{
    return size < LANE_COPY_MAX ? chunk_create(size) : chunk_create_blocks(size, offset % BLOCK);
}

enum err lane_write(struct lane *lane, struct os_file *file, const struct chunk *frame, uint64_t offset)
{
    size_t lead = offset % BLOCK, end = lead + frame->size, whole = (end + BLOCK - 1) & ~(size_t)(BLOCK - 1);
    char *blocks = frame->at - lead;

    if (frame->size < LANE_COPY_MAX) {
        blocks = lane->stage;
        memcpy(blocks + lead, frame->at, frame->size);
    }
    memcpy(blocks, lane->edge, lead);
    memset(blocks + end, 0, whole - end);
    TRY(os_write_at(file, &(struct os_iov){ .at = blocks, .size = whole }, 1, offset - lead));
    memcpy(lane->edge, blocks + whole - BLOCK, BLOCK);
    return OK;
}
