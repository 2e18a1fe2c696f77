/* batch.h: lines of text become records with keys, and records become the bodies of PutRecords. No I/O. */
#pragma once

#include <regex.h>

#include "base/buf.h"

enum {
    BATCH_RECORDS_MAX = 500,
    BATCH_BYTES_MAX = 4 << 20, /* data and keys; a single larger record travels alone */
    RECORD_BYTES_MAX = 10 << 20,
    KEY_BYTES_MAX = 256,
    BATCH_BODY_MAX = 32 << 20,
};

/* Where the partition key of a line comes from. If the line has no such thing, or it is not a valid key, the key is a
 * hash of the line. */
struct key_rule {
    enum { KEY_OF_HASH, KEY_OF_FIELD, KEY_OF_REGEX, KEY_OF_TEXT } kind;
    uint64_t field; /* from 1, fields separated by blanks */
    regex_t regex;  /* the first group, or the whole match */
    str text;
};

/* `line` without its end. `scratch` serves regular expressions and hashes; the key points into it or into the line. */
str key_of_line(const struct key_rule *rule, str line, struct buf *scratch);

/* The lane of a key: all records of a key go the same way, so their order is kept. */
size_t lane_of_key(str key, size_t lanes);

struct batch_record {
    size_t at, key_size, data_size; /* in bytes: key, then data */
};

struct batch {
    struct buf bytes;
    struct batch_record records[BATCH_RECORDS_MAX];
    size_t count;
};

void batch_init(struct batch *batch);
void batch_deinit(struct batch *batch);
void batch_clear(struct batch *batch);

/* Would a record of this size still fit? Always true for an empty batch. */
bool batch_fits(const struct batch *batch, size_t record_size);

/* It must fit. A failure waits in batch->bytes.err. */
void batch_add(struct batch *batch, str key, str data);

/* The body of PutRecords with every record. */
void batch_body(const struct batch *batch, str stream, struct buf *body);

/* What PutRecords answered: drop the records that were taken, keep the refused ones in their order. `ret_kind` (64
 * bytes) and `ret_sentence` (256) hold the first refusal. The answer is destroyed. MALFORMED unless there is one
 * result for each record. */
must_use enum err batch_settle(struct batch *batch, struct buf *answer, uint64_t *ret_taken, uint64_t *ret_bytes,
                               char ret_kind[static 64], char ret_sentence[static 256]);
