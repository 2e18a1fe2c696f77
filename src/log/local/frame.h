/* frame.h: one commit on disk, the unit that is durable or is not there; and the segment it lies in.
 *
 * A commit segment (commit-<number>.log) is a file of fixed size, recycled when all of it is settled. All numbers are
 * little-endian. `crc` is CRC-32C. Magic, version and header crc stay where they are in every version to come.
 *
 *   segment header, 4096 bytes (64 used, then zeros), so that no frame shares its page
 *      0  u64  magic "LEATSEGM"          32  u64  size of the file
 *      8  u32  version (1)               40  u64  number of the first frame that belongs here
 *     12  u32  crc of bytes 0-11, 16-63  48  u32  crc of the frame before that one
 *     16  u64  number of the segment     52  u32  boot epoch
 *     24  u64  generation                56  u64  control, as in its first frame
 *
 *   frames, back to back, each at a multiple of 8
 *      0  u32  magic "LFRM"              40  u32  length of the body
 *      4  u16  version (1), u16 zero     44  u32  number of batches
 *      8  u64  generation                48  u32  header crc of the previous frame
 *     16  u64  number of the frame       52  u32  crc of the batch headers, one after the other
 *     24  u64  vouched                   56  u32  control
 *     32  i64  time, ms                  60  u32  crc of the generation of the segment, then bytes 0-59
 *
 *   batches, the body of the frame, back to back; in settled files they look the same
 *      0  u64  log                       28  u32  flags
 *      8  u64  first position            32  u32  size of the body
 *     16  i64  time, ms                  36  u64  zero
 *     24  u32  count of records          44  u32  crc of bytes 0-43, then body and padding
 *     48  the body, padded with zeros to a multiple of 8
 *
 * Invariants
 *   (1) A frame counts entirely or not at all: every crc matches and it chains to its predecessor.
 *   (2) The generation of the segment salts the crc, so what a recycled segment held before can never look valid.
 *   (3) `vouched` is the number of a frame up to which everything was synced when this one was laid out. A segment
 *       header vouches for every frame before its first.
 *   (4) A frame never crosses a segment and never exceeds FRAME_BYTES_MAX.
 *   (5) `control` says how many frames back the latest one before this stands that holds a batch of the control log: the
 *       log of which every loss must be known. So the first whole frame behind a broken place proves whether the log was
 *       hit there. CONTROL_FAR: so many or more. 0: unknown, which proves nothing.
 *   (6) A batch occupies max(count, 1) positions, so even an empty seal has a place of its own. */
#pragma once

#include "log/log.h"

enum {
    FRAME_VERSION = 1,
    SEGMENT_HEADER_BYTES = 4096,
    FRAME_HEADER_BYTES = 64,
    BATCH_HEADER_BYTES = 48,
    FRAME_BYTES_MAX = 16 << 20, /* with its header */
};

#define CONTROL_FAR UINT32_MAX

#define SEGMENT_MAGIC 0x4d4745535441454cu
#define FRAME_MAGIC 0x4d52464cu

struct segment_head {
    uint64_t number, generation, size, first_frame;
    uint32_t previous_crc, epoch, control;
};

struct frame_head {
    uint64_t generation, number, vouched;
    ms time;
    uint32_t length, batch_count, previous_crc, body_crc, control, crc;
};

struct batch_head {
    log_id log;
    log_pos first;
    ms time;
    uint32_t count, flags, size, crc;
};

void segment_encode(const struct segment_head *head, char ret_bytes[static SEGMENT_HEADER_BYTES]);

/* CORRUPT, or NEWER when a later version wrote it. Reads the first 64 bytes. */
must_use enum err segment_decode(const char *bytes, struct segment_head *ret_head);

/* Sets head->crc. */
void frame_encode(struct frame_head *head, char ret_bytes[static FRAME_HEADER_BYTES]);

/* The header alone, which must carry `generation`; CORRUPT otherwise. */
must_use enum err frame_decode(const char *bytes, uint64_t generation, struct frame_head *ret_head);

/* Every batch behind the header and the crc over them; `frame` holds FRAME_HEADER_BYTES + head->length bytes. */
must_use enum err frame_check(const char *frame, const struct frame_head *head);

/* Bytes of a batch with header and padding. */
static inline uint32_t batch_span(uint32_t size)
{
    return BATCH_HEADER_BYTES + ((size + 7u) & ~7u);
}

/* The position behind a batch. */
static inline log_pos batch_end(log_pos first, uint32_t count)
{
    return first + (count ? count : 1);
}

/* Zeroes the padding, sets head->crc and writes the header before the body, which is already at `at` + 48. */
void batch_seal(struct batch_head *head, char *at);

/* The header of the batch at `at`; CORRUPT if it cannot lie within `room` bytes. Does not look at the crc. */
must_use enum err batch_decode(const char *at, size_t room, struct batch_head *ret_head);

/* Does the crc of a decoded batch match? */
bool batch_check(const char *at, const struct batch_head *head);
