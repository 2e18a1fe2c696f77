/* json.h: JSON as a pull reader over a body that we own, and as a writer into a buf.
 *
 * The reader hands out one token at a time and keeps no tree, so a table-walking decoder can be driven by it. It is
 * strict RFC 8259: a token is given only if everything up to it follows the grammar. Strings are unescaped where they
 * stand in the body, so a token's text is a view of the body and lives as long as the body does; reading destroys
 * the body. Lone surrogates, invalid UTF-8 and raw control characters are refused. */
#pragma once

#include "base/buf.h"

enum { JSON_DEPTH_MAX = 512 };

enum json_kind {
    JSON_END, /* the one value of the body is complete and nothing follows */
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_KEY,    /* text: the member's name; the next token begins its value */
    JSON_STRING, /* text: unescaped, valid UTF-8, present even when empty; may hold zero bytes */
    JSON_NUMBER, /* text: as it stands in the body; see number.h */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

struct json_token {
    enum json_kind kind;
    str text; /* of KEY, STRING and NUMBER; absent otherwise */
};

/* Fields are the reader's own. */
struct json {
    char *at, *end;
    char *token_at; /* where the last token begins */
    unsigned depth, depth_max;
    unsigned char expect;                  /* enum json_due of json.c */
    bool keep;                             /* pass over strings without unescaping them */
    enum err err;                          /* a refusal is final */
    uint64_t objects[JSON_DEPTH_MAX / 64]; /* bit n: level n is an object */
};

/* Read `size` bytes at `body`, at most `depth_max` (1 to JSON_DEPTH_MAX) containers deep. The body needs no zero byte
 * behind it; an empty or blank body is MALFORMED (a caller that takes it for {} asks first). */
void json_init(struct json *json, char *body, size_t size, unsigned depth_max);

/* The next token. MALFORMED is final: every later call gives it again, and the token then means nothing. After END every
 * call gives END. Duplicate keys are not noticed: the caller sees both. */
must_use enum err json_next(struct json *json, struct json_token *ret_token);

/* The next token, which must be of `kind`; MALFORMED otherwise. */
must_use enum err json_expect(struct json *json, enum json_kind kind, struct json_token *ret_token);

/* Pass over the next whole value, checking it. Must be called where a value may stand: at the start, behind a KEY, or
 * in an array that has another element (MALFORMED if it has none). */
must_use enum err json_skip(struct json *json);

/* The same, and give its text exactly as written: escapes stay, so it may be read again by a second reader. */
must_use enum err json_raw(struct json *json, str *ret_text);

/* Pass over the rest of the value whose first token has just been read: to its END for BEGIN tokens, nothing else. */
must_use enum err json_skip_rest(struct json *json, enum json_kind first);

/* Writes one value without any whitespace and knows when a comma is due. A failure waits in buf->err. */
struct json_writer {
    struct buf *buf;
    bool comma;
};

void json_write_init(struct json_writer *writer, struct buf *buf);
void json_write_object_begin(struct json_writer *writer);
void json_write_object_end(struct json_writer *writer);
void json_write_array_begin(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);
void json_write_key(struct json_writer *writer, str key);

/* A key that holds nothing to escape, and is not empty. */
void json_write_name(struct json_writer *writer, str name);

/* Escapes quotes, backslashes and controls and nothing else; bytes that are not UTF-8 come out as U+FFFD. */
void json_write_string(struct json_writer *writer, str text);

void json_write_int(struct json_writer *writer, int64_t number);
void json_write_uint(struct json_writer *writer, uint64_t number);
void json_write_bool(struct json_writer *writer, bool truth);
void json_write_null(struct json_writer *writer);

/* As number_write_double; "NaN", "Infinity" and "-Infinity" as strings, for JSON has no such numbers. */
void json_write_double(struct json_writer *writer, double number);

/* Milliseconds written as seconds: 1441215410.867, 1441215410.5, 1441215410. */
void json_write_seconds(struct json_writer *writer, int64_t milliseconds);

/* A string holding the base64 of `bytes`, encoded straight into the buf. */
void json_write_base64(struct json_writer *writer, str bytes);

/* One value that is JSON already. */
void json_write_raw(struct json_writer *writer, str json);

/* The escaped text of a string without its quotes, for texts that are put together from pieces. */
void json_escape(struct buf *buf, str text);
