/* token.c: the two readers of codec behind one face. */
#include "shape/token.h"

#include <assert.h>

static_assert(offsetof(struct token, text) == offsetof(struct json_token, text) &&
                  offsetof(struct token, text) == offsetof(struct cbor_token, text) &&
                  offsetof(struct token, integer) == offsetof(struct cbor_token, integer) &&
                  offsetof(struct token, real) == offsetof(struct cbor_token, real),
              "the same members");

static const enum token_kind JSON_KINDS[] = {
    [JSON_END] = TOKEN_END,
    [JSON_OBJECT_BEGIN] = TOKEN_OBJECT,
    [JSON_OBJECT_END] = TOKEN_OBJECT_END,
    [JSON_ARRAY_BEGIN] = TOKEN_LIST,
    [JSON_ARRAY_END] = TOKEN_LIST_END,
    [JSON_KEY] = TOKEN_KEY,
    [JSON_STRING] = TOKEN_TEXT,
    [JSON_NUMBER] = TOKEN_NUMBER,
    [JSON_TRUE] = TOKEN_TRUE,
    [JSON_FALSE] = TOKEN_FALSE,
    [JSON_NULL] = TOKEN_NULL,
};

static const enum token_kind CBOR_KINDS[] = {
    [CBOR_END] = TOKEN_END,
    [CBOR_MAP_BEGIN] = TOKEN_OBJECT,
    [CBOR_MAP_END] = TOKEN_OBJECT_END,
    [CBOR_ARRAY_BEGIN] = TOKEN_LIST,
    [CBOR_ARRAY_END] = TOKEN_LIST_END,
    [CBOR_KEY] = TOKEN_KEY,
    [CBOR_TEXT] = TOKEN_TEXT,
    [CBOR_BYTES] = TOKEN_BYTES,
    [CBOR_INT] = TOKEN_INT,
    [CBOR_DOUBLE] = TOKEN_REAL,
    [CBOR_TRUE] = TOKEN_TRUE,
    [CBOR_FALSE] = TOKEN_FALSE,
    [CBOR_NULL] = TOKEN_NULL,
};

void token_init(struct token_reader *reader, enum format_wire wire, char *body, size_t size, unsigned depth_max)
{
    reader->wire = wire;
    if (wire == FORMAT_JSON)
        json_init(&reader->json, body, size, depth_max);
    else
        cbor_init(&reader->cbor, body, size, depth_max);
}

static enum err next_cbor(struct cbor *cbor, struct token *ret_token)
{
    do {
        TRY(cbor_next(cbor, &ret_token->cbor));
    } while (ret_token->cbor.kind == CBOR_TAG);
    if (ret_token->cbor.kind == CBOR_SIMPLE)
        return ERR_MALFORMED; /* nothing in our models is one */
    ret_token->kind = CBOR_KINDS[ret_token->cbor.kind];
    return OK;
}

enum err token_next(struct token_reader *reader, struct token *ret_token)
{
    if (reader->wire == FORMAT_CBOR)
        return next_cbor(&reader->cbor, ret_token);
    TRY(json_next(&reader->json, &ret_token->json));
    ret_token->kind = JSON_KINDS[ret_token->json.kind];
    return OK;
}

enum err token_skip(struct token_reader *reader)
{
    return reader->wire == FORMAT_JSON ? json_skip(&reader->json) : cbor_skip(&reader->cbor);
}

enum err token_skip_rest(struct token_reader *reader, const struct token *first)
{
    bool list = first->kind == TOKEN_LIST;

    if (!list && first->kind != TOKEN_OBJECT)
        return OK;
    if (reader->wire == FORMAT_JSON)
        return json_skip_rest(&reader->json, list ? JSON_ARRAY_BEGIN : JSON_OBJECT_BEGIN);
    return cbor_skip_rest(&reader->cbor, list ? CBOR_ARRAY_BEGIN : CBOR_MAP_BEGIN);
}
