/* settled.h: a settled file: the batches of one stretch of the commit log, in the order of their logs.
 *
 *   settled-<number>.log, little-endian, never changed after it was written
 *      0  u64  magic "LEATSETT"     16  u64  number of the file
 *      8  u32  version (1)          24  u8   retention class, 7 zero bytes
 *     12  u32  crc of 0-11, 16-31
 *     32  runs, back to back: batches as drawn in frame.h, of one log each, ascending, RUN_BYTES or one batch.
 *         A run that nobody wants any more reads as zeros (it was punched).
 *      -  the index: blocks of 4096 bytes, its entries ascending by log and position over all blocks
 *           0  u32  magic "LIDX"     8  u32  number of this block
 *           4  u32  crc of 0-3 and 8-4095
 *          12  u32  entries in it (1-63; only the last block holds fewer than 63)
 *          16  zeros
 *          64  entries of 64 bytes
 *                0  u64  log              40  u64  offset of the run
 *                8  u64  first position   48  u32  size of the run
 *               16  u64  last position    52  u32  batches in it
 *               24  i64  earliest time    56  u32  flags of its batches, ored
 *               32  i64  latest time      60  u32  crc of its batch headers, one after the other
 *
 * Where the index lies and how large it is stands in the manifest, with the ranges of positions and times. A copy of
 * that, for people and for a day without a manifest, is the trailer:
 *      0  u64  magic "LEATTAIL"     16  the 80 bytes of the manifest's entry
 *      8  u32  version (1)
 *     12  u32  crc of 0-11, 16-95 */
#pragma once

#include "log/local/manifest.h"
#include "os/os.h"

enum {
    SETTLED_VERSION = 1,
    SETTLED_HEADER_BYTES = 32,
    SETTLED_BLOCK_BYTES = 4096,
    SETTLED_ENTRY_BYTES = 64,
    SETTLED_ENTRIES_PER_BLOCK = 63,
    SETTLED_TRAILER_BYTES = 96,
    RUN_BYTES = 256 << 10,
};

struct settled_entry {
    log_id log;
    log_pos first, last;
    ms time_min, time_max;
    uint64_t offset;
    uint32_t size, batch_count, flags, crc;
};

void settled_header_encode(uint64_t number, uint8_t retention_class, char ret_bytes[static SETTLED_HEADER_BYTES]);
void settled_trailer_encode(const struct manifest_file *file, char ret_bytes[static SETTLED_TRAILER_BYTES]);

/* CORRUPT or NEWER. */
must_use enum err settled_header_check(const char *bytes, uint64_t number);
must_use enum err settled_trailer_decode(const char *bytes, struct manifest_file *ret_file);

/* `count` entries, at most SETTLED_ENTRIES_PER_BLOCK, as block `number`. */
void settled_block_encode(const struct settled_entry *entries, uint32_t count, uint32_t number,
                          char ret_bytes[static SETTLED_BLOCK_BYTES]);

struct settled_block {
    uint32_t count;
    struct settled_entry entries[SETTLED_ENTRIES_PER_BLOCK];
};

/* CORRUPT unless it is block `number` and every entry lies within `size_max` bytes of runs. */
must_use enum err settled_block_decode(const char *bytes, uint32_t number, uint64_t size_max,
                                       struct settled_block *ret_block);

/* Read block `number` of the file's index. For jobs. */
must_use enum err settled_block_read(struct os_file *os_file, const struct manifest_file *file, uint32_t number,
                                     struct settled_block *ret_block);

/* All entries of a log, in a fresh array (NULL when there are none). For jobs. */
must_use enum err settled_lookup(struct os_file *os_file, const struct manifest_file *file, log_id log,
                                 struct settled_entry **ret_entries, uint32_t *ret_count);

enum { SETTLED_NAME_MAX = 40 };
void settled_name(char ret_name[static SETTLED_NAME_MAX], uint64_t number);
