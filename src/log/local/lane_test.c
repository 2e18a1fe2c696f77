/* lane_test.c: whatever the sizes of frames are, the file holds them back to back, also behind a start in mid-block. */
#include <stdlib.h>

#include "log/local/lane.h"
#include "os/sim/sim.h"
#include "unit.h"

enum { FILE_BYTES = 4 << 20 };

static uint32_t next_size(uint64_t *random)
{
    uint32_t size = (uint32_t)(unit_random(random) >> 20);

    return 8 + (size % 4 == 0 ? size % (2 * LANE_COPY_MAX) : size % 6000) / 8 * 8;
}

TEST("frames small and large lie back to back, and behind the last there are zeros")
{
    static char want[FILE_BYTES], got[FILE_BYTES];
    struct os *os;
    struct os_file *file;
    struct lane lane;
    uint64_t random = 7, at = 4096;
    size_t size;

    memset(want, 0, sizeof(want));
    CHECK(sim_create(1, &os) == OK && lane_init(&lane) == OK);
    CHECK(os_open(os, "/f", OS_READ | OS_WRITE | OS_CREATE | OS_DIRECT, &file) == OK);
    for (uint32_t i = 0; at + 4 * LANE_COPY_MAX < FILE_BYTES; i++) {
        struct chunk *frame = lane_chunk(at, next_size(&random));

        if (i == 20) { /* another lane goes on in the midst of a block */
            lane_deinit(&lane);
            CHECK(lane_init(&lane) == OK && at % OS_BLOCK_BYTES != 0);
            lane_resume(&lane, str_bytes(want, at), at);
        }
        for (size_t k = 0; k < frame->size; k++)
            want[at + k] = (char)(unit_random(&random) >> 40);
        memcpy(frame->at, want + at, frame->size);
        CHECK(lane_write(&lane, file, frame, at) == OK);
        CHECK(memcmp(frame->at, want + at, frame->size) == 0);
        at += frame->size;
        chunk_release(frame);
    }
    CHECK(os_read_at(file, got, sizeof(got), 0, &size) == OK);
    CHECK(size >= at && size < at + OS_BLOCK_BYTES && memcmp(got, want, size) == 0);
    lane_deinit(&lane);
    os_close(file);
    os_destroy(os);
}

UNIT_MAIN
