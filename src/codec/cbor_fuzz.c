/* cbor_fuzz.c: what the reader accepts, written again with indefinite lengths, gives the same again; and passing over
 * an item accepts exactly what reading it accepts. */
#include <stdlib.h>

#include "codec/cbor.h"
#include "codec/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH = 32, OUTPUT_MAX = 1 << 26 };

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void rewrite_token(struct buf *out, const struct cbor_token *token)
{
    switch (token->kind) {
    case CBOR_MAP_BEGIN:
        cbor_write_map_begin(out);
        break;
    case CBOR_ARRAY_BEGIN:
        cbor_write_array_begin(out);
        break;
    case CBOR_MAP_END:
    case CBOR_ARRAY_END:
        cbor_write_break(out);
        break;
    case CBOR_KEY:
    case CBOR_TEXT:
        need(str_is_utf8(token->text));
        cbor_write_text(out, token->text);
        break;
    case CBOR_BYTES:
        cbor_write_bytes(out, token->text);
        break;
    case CBOR_INT:
        cbor_write_int(out, token->integer);
        break;
    case CBOR_DOUBLE:
        (void)number_milliseconds_of_double(token->real);
        cbor_write_double(out, token->real);
        break;
    case CBOR_TRUE:
    case CBOR_FALSE:
        cbor_write_bool(out, token->kind == CBOR_TRUE);
        break;
    case CBOR_NULL:
    case CBOR_SIMPLE:
        cbor_write_null(out);
        break;
    case CBOR_TAG:
        need(token->integer >= 0);
        cbor_write_tag(out, (uint64_t)token->integer);
        break;
    case CBOR_END:
        break;
    }
}

/* Read `body` (which it destroys) and write it again. */
static enum err rewrite(char *body, size_t size, struct buf *out)
{
    struct cbor_token token;
    struct cbor cbor;

    cbor_init(&cbor, body, size, DEPTH);
    do {
        TRY(cbor_next(&cbor, &token));
        rewrite_token(out, &token);
    } while (token.kind != CBOR_END);
    return out->err;
}

static enum err pass_over(char *body, size_t size)
{
    struct cbor_token token;
    struct cbor cbor;

    cbor_init(&cbor, body, size, DEPTH);
    TRY(cbor_skip(&cbor));
    return cbor_expect(&cbor, CBOR_END, &token);
}

static char *copy_of(const void *data, size_t size)
{
    char *copy = malloc(size ? size : 1);

    need(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = copy_of(data, size), *passed_over = copy_of(data, size);
    struct buf first, second;
    enum err read;

    buf_init(&first, OUTPUT_MAX);
    buf_init(&second, OUTPUT_MAX);
    read = rewrite(body, size, &first);
    need(pass_over(passed_over, size) == read);
    if (read == OK) {
        char *again = copy_of(first.at, first.size);

        need(rewrite(again, first.size, &second) == OK);
        need(str_eq(buf_str(&first), buf_str(&second)));
        free(again);
    }
    buf_deinit(&first);
    buf_deinit(&second);
    free(body);
    free(passed_over);
    return 0;
}
