/* record.h: records inside the body of a batch; where the log looks no further, this does.
 *
 *   u32 data size | u16 key size (KEY_ABSENT: the record was put without a key) | key | data      ... and again
 *
 * Little-endian. The record's position is the batch's first plus its index, its time is the batch's. */
#pragma once

#include "base/str.h"

enum { RECORD_HEAD_BYTES = 6 };

#define KEY_ABSENT 0xffffu

/* What a record of the stream takes in a batch. */
static inline size_t stream_record_size(str key, str data)
{
    return RECORD_HEAD_BYTES + key.size + data.size;
}

char *stream_record_encode(str key, str data, char *to); /* returns what follows */

/* Cut the first record off `*body`: CORRUPT if it does not fit. */
must_use enum err stream_record_next(str *body, str *ret_key, str *ret_data);
