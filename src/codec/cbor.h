/* cbor.h: CBOR (RFC 8949) as a pull reader over a body that we own, and as a writer into a buf.
 *
 * The tokens are those of json.h, so the same decoder can walk either: an END token closes a map or array whether its
 * length was definite or not. Keys must be text. Texts and byte strings are views of the body; those of indefinite
 * length are joined in place, so reading destroys the body. No length or count is believed: at every moment the bytes
 * that all open containers still owe fit in what is left of the body, else MALFORMED. */
#pragma once

#include "base/buf.h"

enum { CBOR_DEPTH_MAX = 64 };

enum cbor_kind {
    CBOR_END, /* the one item of the body is complete and nothing follows */
    CBOR_MAP_BEGIN,
    CBOR_MAP_END,
    CBOR_ARRAY_BEGIN,
    CBOR_ARRAY_END,
    CBOR_KEY,    /* text: the member's name; the next token begins its value (perhaps with a TAG) */
    CBOR_TEXT,   /* text: valid UTF-8 */
    CBOR_BYTES,  /* text: the bytes */
    CBOR_INT,    /* integer: clamped to int64 */
    CBOR_DOUBLE, /* real: of any of the three widths */
    CBOR_TRUE,
    CBOR_FALSE,
    CBOR_NULL,  /* also undefined */
    CBOR_TAG,   /* integer: the tag (clamped); the tagged item, perhaps another tag, follows */
    CBOR_SIMPLE /* integer: any other simple value */
};

struct cbor_token {
    enum cbor_kind kind;
    str text;
    int64_t integer;
    double real;
};

struct cbor_level {
    uint64_t left; /* items still to come, keys and values apart; of no meaning if indefinite */
    bool map, indefinite, value_due;
};

/* Fields are the reader's own. */
struct cbor {
    char *at, *end;
    unsigned depth, depth_max;
    bool begun, tagged;
    enum err err;
    uint64_t owed; /* bytes that the definite containers still need at least */
    struct cbor_level levels[CBOR_DEPTH_MAX];
};

/* Read `size` bytes at `body`, at most `depth_max` (1 to CBOR_DEPTH_MAX) containers deep. An empty body is MALFORMED.
 */
void cbor_init(struct cbor *cbor, char *body, size_t size, unsigned depth_max);

/* The next token. MALFORMED is final, and means that the token has none. After END every call gives END. */
must_use enum err cbor_next(struct cbor *cbor, struct cbor_token *ret_token);

/* The next token that is not a tag, which must be of `kind`; MALFORMED otherwise. */
must_use enum err cbor_expect(struct cbor *cbor, enum cbor_kind kind, struct cbor_token *ret_token);

/* Pass over the next whole item with its tags. Called where an item may stand, else MALFORMED. */
must_use enum err cbor_skip(struct cbor *cbor);

/* Pass over the rest of the item whose first token has just been read (a TAG: the item that follows). */
must_use enum err cbor_skip_rest(struct cbor *cbor, enum cbor_kind first);

/* Writing. A failure waits in buf->err. Counts are of pairs for maps. */
void cbor_write_map(struct buf *buf, uint64_t count);
void cbor_write_array(struct buf *buf, uint64_t count);
void cbor_write_map_begin(struct buf *buf); /* of indefinite length, until cbor_write_break */
void cbor_write_array_begin(struct buf *buf);
void cbor_write_break(struct buf *buf);
void cbor_write_text(struct buf *buf, str text); /* also keys; must be valid UTF-8 */
void cbor_write_bytes(struct buf *buf, str bytes);
void cbor_write_bytes_head(struct buf *buf, uint64_t size); /* the caller appends exactly `size` bytes */
void cbor_write_int(struct buf *buf, int64_t number);
void cbor_write_uint(struct buf *buf, uint64_t number);
void cbor_write_bool(struct buf *buf, bool truth);
void cbor_write_null(struct buf *buf);
void cbor_write_double(struct buf *buf, double number);
void cbor_write_tag(struct buf *buf, uint64_t tag); /* of the item written next */
