/* dialect.c: what clients say and hear, as CBOR instead of JSON. Requests are written as JSON by everybody and translated
 * here; answers of both become the same tree, bytes as base64 and numbers as text. */
#include <stdlib.h>

#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "sim.h"

enum { DEPTH_MAX = 16 };

/* ---- asking -------------------------------------------------------------------------------------------------------- */

static void put_blob(struct buf *to, str text)
{
    char *data = malloc(text.size + 1);
    size_t size = 0;

    if (data == NULL || base64_decode(text, data, &size) != OK)
        abort();
    cbor_write_bytes(to, str_bytes(data, size));
    free(data);
}

/* Seconds become milliseconds under tag 1, as the SDKs write them. */
static void put_time(struct buf *to, str text)
{
    cbor_write_tag(to, 1);
    cbor_write_int(to, (int64_t)(strtod(text.at, NULL) * 1000 + 0.5));
}

static void put_number(struct buf *to, str key, str text)
{
    if (str_eq(key, STR("Timestamp")))
        put_time(to, text);
    else
        cbor_write_int(to, strtoll(text.at, NULL, 10));
}

void dialect_write(struct buf *to, char *json, size_t size)
{
    struct json reader;
    struct json_token token;
    str key = { 0 };

    json_init(&reader, json, size, DEPTH_MAX);
    while (json_next(&reader, &token) == OK && token.kind != JSON_END) {
        if (token.kind == JSON_OBJECT_BEGIN)
            cbor_write_map_begin(to);
        else if (token.kind == JSON_ARRAY_BEGIN)
            cbor_write_array_begin(to);
        else if (token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END)
            cbor_write_break(to);
        else if (token.kind == JSON_NUMBER)
            put_number(to, key, token.text);
        else if (token.kind == JSON_TRUE || token.kind == JSON_FALSE)
            cbor_write_bool(to, token.kind == JSON_TRUE);
        else if (token.kind == JSON_STRING && str_eq(key, STR("Data")))
            put_blob(to, token.text);
        else
            cbor_write_text(to, token.text);
        if (token.kind == JSON_KEY)
            key = token.text;
    }
}

/* ---- hearing ------------------------------------------------------------------------------------------------------- */

static struct node *item(struct arena *arena, struct cbor *cbor, struct cbor_token token);

/* The next token that is no tag. */
static bool next_token(struct cbor *cbor, struct cbor_token *ret_token)
{
    do {
        if (cbor_next(cbor, ret_token) != OK)
            return false;
    } while (ret_token->kind == CBOR_TAG);
    return true;
}

static struct node *container(struct arena *arena, struct cbor *cbor)
{
    struct node *node = ARENA_NEW(arena, struct node), **last;
    struct cbor_token token;

    if (node == NULL)
        return NULL;
    for (last = &node->child; next_token(cbor, &token); last = &(*last)->next) {
        str key = { 0 };

        if (token.kind == CBOR_MAP_END || token.kind == CBOR_ARRAY_END)
            return node;
        if (token.kind == CBOR_KEY) {
            key = token.text;
            if (!next_token(cbor, &token))
                return NULL;
        }
        *last = item(arena, cbor, token);
        if (*last == NULL)
            return NULL;
        (*last)->key = key;
    }
    return NULL;
}

static str text_of(struct arena *arena, struct cbor_token token)
{
    char *at;

    switch (token.kind) {
    case CBOR_TEXT:
        return token.text;
    case CBOR_BYTES:
        at = arena_bytes(arena, base64_encoded_size(token.text.size) + 1);
        if (at == NULL)
            return (str){ 0 };
        base64_encode(token.text, at);
        return str_bytes(at, base64_encoded_size(token.text.size));
    case CBOR_INT:
        return arena_fmt(arena, "%lld", (long long)token.integer);
    case CBOR_DOUBLE:
        return arena_fmt(arena, "%.3f", token.real);
    case CBOR_TRUE:
        return STR("true");
    case CBOR_FALSE:
        return STR("false");
    default:
        return (str){ 0 };
    }
}

static struct node *item(struct arena *arena, struct cbor *cbor, struct cbor_token token)
{
    struct node *node;

    if (token.kind == CBOR_MAP_BEGIN || token.kind == CBOR_ARRAY_BEGIN)
        return container(arena, cbor);
    node = ARENA_NEW(arena, struct node);
    if (node)
        node->text = text_of(arena, token);
    return node;
}

struct node *dialect_tree(struct arena *arena, char *body, size_t size)
{
    struct cbor cbor;
    struct cbor_token token;

    cbor_init(&cbor, body, size, DEPTH_MAX);
    return next_token(&cbor, &token) ? item(arena, &cbor, token) : NULL;
}
