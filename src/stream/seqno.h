/* seqno.h: sequence numbers, the 186-bit names of records. Pure.
 *
 * As 47 hex digits, most significant first (layout "version 2" of the service):
 *
 *   0       '2'                                27-28   "00"
 *   1-9     second in which the shard was made 29-37   second of the record
 *   10      low hex digit of the shard index   38-45   shard index
 *   11-26   index: our position, doubled       46      '2'
 *
 * Numbers of one shard are ordered by index. Positions are doubled so that there is always a number behind a record
 * and before the next one: continuation numbers of subscriptions are such numbers. */
#pragma once

#include "base/str.h"
#include "catalog/catalog.h"
#include "log/log.h"

struct seqno {
    int64_t created_s; /* of the shard */
    uint64_t index;    /* top bit 0 */
    int64_t time_s;
    uint32_t shard;
};

enum { SEQNO_DIGITS = 56, SEQNO_PARTS = 7 };

#define SEQNO_INDEX_END ((uint64_t)INT64_MAX) /* of a closed shard's ending number */

/* Decimal digits, always 56 of them. No zero byte follows. */
void seqno_format(struct seqno seqno, char ret_digits[static SEQNO_DIGITS]);

/* The same for who formats many numbers of one shard: that of the next record is made from the last one by an addition.
 * `near` is zero at first; it may be given any numbers in any order. */
struct seqno_near {
    struct seqno last;
    uint32_t parts[SEQNO_PARTS]; /* eight digits each, the lowest first */
    bool known;
};

void seqno_format_near(struct seqno_near *near, struct seqno seqno, char ret_digits[static SEQNO_DIGITS]);

/* The decimal text of any layout the service ever used. MALFORMED when no layout accepts it. `version` is 0, 1 or 2;
 * "0" parses as version 0 of shard 0. */
must_use enum err seqno_parse(str digits, struct seqno *ret_seqno, int *ret_version);

static inline struct seqno seqno_of(const struct shard *shard, log_pos position, ms time)
{
    return (struct seqno){
        .created_s = shard->created_s, .index = position * 2, .time_s = time / 1000, .shard = shard->index
    };
}

/* The first and, once it is closed, the last number of a shard; no record ever has either. */
struct seqno seqno_start(const struct shard *shard);
struct seqno seqno_end(const struct shard *shard);

/* The position at which to go on reading at (or after) the number. */
log_pos seqno_at(struct seqno seqno);
log_pos seqno_after(struct seqno seqno);

/* "shardId-000000000007" */
enum { SHARD_ID_MAX = 24 };
str shard_id_format(uint32_t index, char ret_text[static SHARD_ID_MAX]);

/* Read leniently, as the service does: what follows the first '-' (or everything) must be digits up to 2147483647. */
must_use enum err shard_id_parse(str text, uint32_t *ret_index);
