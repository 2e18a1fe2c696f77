/* record.h: a transaction as it stands in the log.
 *
 *   offset 0   u8 version (1) | u8[3] zero | u32 read count | u32 write count | u64 id | i64 time, ms
 *   reads      u16 key length | u64 version | key
 *   writes     u16 key length | u32 value length (REMOVED: none) | key | value
 *
 * All numbers little-endian. The checksum is the log's. */
#pragma once

#include "store/store.h"

enum { RECORD_VERSION = 1, RECORD_HEADER_BYTES = 28 };

#define RECORD_REMOVED UINT32_MAX

/* Bytes that record_encode will write. */
size_t record_size(const struct store_txn *txn);
void record_encode(const struct store_txn *txn, char *to);

struct record {
    uint32_t read_count, write_count;
    uint64_t id;
    ms time;
    str reads, writes; /* what record_next_* walk */
};

/* CORRUPT unless every length fits exactly. NEWER for a later version. */
must_use enum err record_decode(str bytes, struct record *ret_record);

/* The next read or write; false at the end. The record must have been decoded without error. */
bool record_next_read(struct record *record, str *ret_key, log_pos *ret_version);
bool record_next_write(struct record *record, str *ret_key, str *ret_value); /* value absent: remove */
