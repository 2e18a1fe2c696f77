/* snapshot.h: the state of a store in one file, so that a start need not fold its log from the beginning.
 *
 *   offset 0   "leatsnap" | u32 version (1) | u32 zero | u64 position (the fold up to here, exclusive) | u64 entries
 *   entries    u16 key length | u64 version | u32 value length | key | value, in the order of keys
 *   end        u32 crc32c of everything before
 *
 * Written whole to a new name, synced and renamed; a snapshot that does not check is passed over for the older one.
 * Magic, version and the checksum at the end stay where they are in every version, so that rot is not taken for one. */
#pragma once

#include "base/buf.h"
#include "store/store.h"

enum { SNAPSHOT_VERSION = 1, SNAPSHOT_HEADER_BYTES = 32 };

void snapshot_encode(const struct tree *entries, log_pos position, struct buf *ret_bytes);

struct snapshot {
    log_pos position;
    uint64_t entry_count;
    str entries;
};

/* CORRUPT unless the checksum and every length are right; NEWER for a later version. */
must_use enum err snapshot_decode(str bytes, struct snapshot *ret_snapshot);
bool snapshot_next(struct snapshot *snapshot, str *ret_key, str *ret_value, log_pos *ret_version);

/* The file's name, "<name>-<16 hex digits>.snapshot", and the position in such a name (MISSING for other names). */
enum { SNAPSHOT_NAME_MAX = 96 };
void snapshot_name(const char *name, log_pos position, char ret_name[static SNAPSHOT_NAME_MAX]);
must_use enum err snapshot_name_parse(const char *name, str file, log_pos *ret_position);
