/* token.h: JSON and CBOR as one stream of tokens, for the decoder. */
#pragma once

#include "codec/cbor.h"
#include "codec/json.h"
#include "shape/format.h"

enum token_kind {
    TOKEN_END, /* of the body */
    TOKEN_OBJECT,
    TOKEN_OBJECT_END,
    TOKEN_LIST,
    TOKEN_LIST_END,
    TOKEN_KEY,
    TOKEN_TEXT,
    TOKEN_BYTES,
    TOKEN_NUMBER, /* text: as JSON writes it */
    TOKEN_INT,
    TOKEN_REAL,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
};

/* What a reader of codec has found is not copied, only its kind becomes ours: a copy right behind the writing would make
 * the CPU wait for that, several times per record. */
struct token {
    union {
        struct {
            enum token_kind kind;
            str text;
            int64_t integer;
            double real;
        };
        struct json_token json;
        struct cbor_token cbor;
    };
};

struct token_reader {
    enum format_wire wire;
    union {
        struct json json;
        struct cbor cbor;
    };
};

void token_init(struct token_reader *reader, enum format_wire wire, char *body, size_t size, unsigned depth_max);

/* The next token; tags are passed over. MALFORMED is final. */
must_use enum err token_next(struct token_reader *reader, struct token *ret_token);

/* Pass over the next whole value; or over the rest of the one whose first token has just been read. */
must_use enum err token_skip(struct token_reader *reader);
must_use enum err token_skip_rest(struct token_reader *reader, const struct token *first);
