/* manifest.h: what the directory holds besides commit segments; replaced as a whole, atomically.
 *
 *   manifest, little-endian
 *      0  u64  magic "LEATMANI"               56  i64  latest arrival time of anything settled
 *      8  u32  version (1)                    64  u64  position: everything before it is settled
 *     12  u32  crc of bytes 0-11, 16-127      72  u32  number of settled files
 *     16  u64  counts the versions written    76  u32  number of sealed logs
 *     24  u64  settled: number of a segment   80  u32  number of holes
 *     32  u64  settled: number of a frame     84  u32  crc of the body
 *     40  u64  next number of a settled file  88  u64  number of the first segment of this boot: it exists,
 *     48  u32  boot epoch, u32 zero                    unless it is settled
 *   128  body: settled files, 80 bytes each, in the order of what they settle
 *      0  u64  number of the file             40  u64  last position in it
 *      8  u64  size of the file               48  u64  position: all that was settled together lies before it
 *     16  u64  offset of its index            56  i64  earliest arrival time in it
 *     24  u32  blocks of its index            64  i64  latest
 *     28  u8   retention class, 3 zero bytes  72  u64  zero
 *     32  u64  first position in it
 *   then sealed logs, u64 each (those whose SEAL is settled; the others are found in the commit segments)
 *   then holes, u64 from, u64 to: positions that were lost to damage, until retention takes them. Bit 63 of `to` is set
 *   if the control log is known to have lost nothing there */
#pragma once

#include "base/buf.h"
#include "log/log.h"

enum { MANIFEST_VERSION = 1, MANIFEST_BYTES_MAX = 256 << 20, MANIFEST_FILE_BYTES = 80 };

struct manifest_file {
    uint64_t number, size, index_offset;
    log_pos first, last, together;
    ms time_min, time_max;
    uint32_t block_count;
    uint8_t retention_class;
};

struct manifest_hole {
    log_pos from, to;
    bool spares_control;
};

struct manifest {
    uint64_t version_count, settled_segment, settled_frame, next_file, boot_segment;
    ms time;
    log_pos settled;
    uint32_t epoch, file_count, sealed_count, hole_count;
    struct manifest_file *files; /* the arrays are the manifest's own */
    log_id *sealed;
    struct manifest_hole *holes;
};

/* One entry; the trailer of a settled file repeats it. */
void manifest_file_encode(const struct manifest_file *file, char ret_bytes[static MANIFEST_FILE_BYTES]);
struct manifest_file manifest_file_decode(const char *bytes);

void manifest_deinit(struct manifest *manifest);

/* Look at buf->err afterwards. */
void manifest_encode(const struct manifest *manifest, struct buf *buf);

/* The head alone: the counts are those of arrays that are not there. `*ret_size` is how large the whole should be. */
must_use enum err manifest_decode_head(str bytes, struct manifest *ret_manifest, size_t *ret_size);

/* CORRUPT, NEWER or NO_MEMORY; then `ret_manifest` is untouched. */
must_use enum err manifest_decode(str bytes, struct manifest *ret_manifest);
