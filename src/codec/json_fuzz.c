/* json_fuzz.c: what the reader accepts, written again by our writer, is accepted and written the same again; and
 * passing over a value accepts exactly what reading it accepts. */
#include <stdlib.h>

#include "codec/json.h"
#include "codec/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH = 32, OUTPUT_MAX = 1 << 26 };

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void rewrite_number(struct json_writer *writer, str text)
{
    need(number_check(text));
    (void)number_int(text);
    (void)number_milliseconds(text);
    (void)number_double(text);
    json_write_raw(writer, text);
}

static void rewrite_token(struct json_writer *writer, const struct json_token *token)
{
    switch (token->kind) {
    case JSON_OBJECT_BEGIN:
        json_write_object_begin(writer);
        break;
    case JSON_OBJECT_END:
        json_write_object_end(writer);
        break;
    case JSON_ARRAY_BEGIN:
        json_write_array_begin(writer);
        break;
    case JSON_ARRAY_END:
        json_write_array_end(writer);
        break;
    case JSON_KEY:
        need(str_is_utf8(token->text));
        json_write_key(writer, token->text);
        break;
    case JSON_STRING:
        need(str_is_utf8(token->text));
        json_write_string(writer, token->text);
        break;
    case JSON_NUMBER:
        rewrite_number(writer, token->text);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_write_bool(writer, token->kind == JSON_TRUE);
        break;
    case JSON_NULL:
        json_write_null(writer);
        break;
    case JSON_END:
        break;
    }
}

/* Read `body` (which it destroys) and write it again. */
static enum err rewrite(char *body, size_t size, struct buf *out)
{
    struct json_writer writer;
    struct json_token token;
    struct json json;

    json_init(&json, body, size, DEPTH);
    json_write_init(&writer, out);
    do {
        TRY(json_next(&json, &token));
        rewrite_token(&writer, &token);
    } while (token.kind != JSON_END);
    return out->err;
}

static enum err pass_over(char *body, size_t size)
{
    struct json_token token;
    struct json json;

    json_init(&json, body, size, DEPTH);
    TRY(json_skip(&json));
    return json_expect(&json, JSON_END, &token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = malloc(size ? size : 1);
    struct buf first, second;
    enum err passed, read;

    need(body != NULL);
    if (size)
        memcpy(body, data, size);
    buf_init(&first, OUTPUT_MAX);
    buf_init(&second, OUTPUT_MAX);
    passed = pass_over(body, size);
    need(size == 0 || memcmp(body, data, size) == 0);
    read = rewrite(body, size, &first);
    need(passed == read);
    if (read == OK) {
        char *again = malloc(first.size);

        need(again != NULL);
        memcpy(again, first.at, first.size);
        need(rewrite(again, first.size, &second) == OK);
        need(str_eq(buf_str(&first), buf_str(&second)));
        free(again);
    }
    buf_deinit(&first);
    buf_deinit(&second);
    free(body);
    return 0;
}
