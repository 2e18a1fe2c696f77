/* json.c: the reader.
 *
 * Between two tokens the reader knows only what may come next (enum json_due) and, as one bit per level, whether
 * each open container is an object. Strings take the fast road when nothing in them needs a second look: one scan
 * for the quote, and the view is ready. */
#include "codec/json.h"

#include <assert.h>

#include "codec/number.h"
#include "codec/utf8.h"

enum json_due { EXPECT_VALUE, EXPECT_ELEMENT_OR_END, EXPECT_KEY, EXPECT_KEY_OR_END, EXPECT_COMMA_OR_END, EXPECT_NONE };

void json_init(struct json *json, char *body, size_t size, unsigned depth_max)
{
    assert(depth_max >= 1 && depth_max <= JSON_DEPTH_MAX);
    *json = (struct json){ .at = body, .end = body + size, .token_at = body, .depth_max = depth_max };
    json->expect = EXPECT_VALUE;
}

static void skip_blanks(struct json *json)
{
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t'))
        json->at++;
}

static bool in_object(const struct json *json)
{
    unsigned level = json->depth - 1;

    return json->objects[level / 64] >> (level % 64) & 1;
}

/* A value is complete. */
static void value_done(struct json *json)
{
    json->expect = json->depth ? EXPECT_COMMA_OR_END : EXPECT_NONE;
}

static enum err open(struct json *json, bool object, struct json_token *token)
{
    uint64_t bit = (uint64_t)1 << (json->depth % 64), *word = &json->objects[json->depth / 64];

    if (json->depth == json->depth_max)
        return ERR_MALFORMED;
    *word = object ? *word | bit : *word & ~bit;
    json->depth++;
    json->at++;
    json->expect = object ? EXPECT_KEY_OR_END : EXPECT_ELEMENT_OR_END;
    token->kind = object ? JSON_OBJECT_BEGIN : JSON_ARRAY_BEGIN;
    return OK;
}

static enum err close(struct json *json, struct json_token *token)
{
    bool object = in_object(json);

    if (*json->at != (object ? '}' : ']'))
        return ERR_MALFORMED;
    json->at++;
    json->depth--;
    value_done(json);
    token->kind = object ? JSON_OBJECT_END : JSON_ARRAY_END;
    return OK;
}

/* Four hex digits behind \u; moves `at` behind them. */
static enum err unicode_unit(char **at, const char *end, unsigned *ret_unit)
{
    uint8_t bytes[2];

    if (end - *at < 4)
        return ERR_MALFORMED;
    TRY(str_unhex(str_bytes(*at, 4), bytes));
    *at += 4;
    *ret_unit = (unsigned)bytes[0] << 8 | bytes[1];
    return OK;
}

static size_t encode_utf8(unsigned point, char *to)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 63));
        to[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 63));
    to[2] = (char)(0x80 | (point >> 6 & 63));
    to[3] = (char)(0x80 | (point & 63));
    return 4;
}

/* The code point of \uXXXX, or of the pair of them that makes one; `at` stands behind the u. */
static enum err unicode_escape(char **at, const char *end, unsigned *ret_point)
{
    unsigned high, low;

    TRY(unicode_unit(at, end, &high));
    if (high < 0xd800 || high > 0xdfff) {
        *ret_point = high;
        return OK;
    }
    if (high > 0xdbff || end - *at < 2 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return ERR_MALFORMED;
    *at += 2;
    TRY(unicode_unit(at, end, &low));
    if (low < 0xdc00 || low > 0xdfff)
        return ERR_MALFORMED;
    *ret_point = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
    return OK;
}

/* What the escape at `at` (a backslash) stands for, 1 to 4 bytes; never more than the escape itself has. */
static enum err escape(char **at, const char *end, char *to, size_t *ret_size)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter;
    unsigned point;

    if (end - *at < 2)
        return ERR_MALFORMED;
    *at += 2;
    if ((*at)[-1] == 'u') {
        TRY(unicode_escape(at, end, &point));
        *ret_size = encode_utf8(point, to);
        return OK;
    }
    letter = memchr(letters, (*at)[-1], sizeof(letters) - 1);
    if (letter == NULL)
        return ERR_MALFORMED;
    to[0] = meanings[letter - letters];
    *ret_size = 1;
    return OK;
}

/* The rest of a string, from the first byte `at` that is not plain. The output follows behind and never overtakes. */
static enum err string_slow(struct json *json, char *start, char *at, str *ret_text)
{
    char *to = at, piece[4];

    for (;;) {
        const char *plain;
        size_t size;

        if (at == json->end)
            return ERR_MALFORMED;
        if (*at == '"')
            break;
        if (*at == '\\') {
            TRY(escape(&at, json->end, piece, &size));
        } else {
            size = (uint8_t)*at < 0x80 ? 0 : utf8_sequence(at, json->end);
            if (size == 0)
                return ERR_MALFORMED;
            memcpy(piece, at, size);
            at += size;
        }
        if (!json->keep)
            memcpy(to, piece, size);
        to += size;
        plain = utf8_plain_end(at, json->end);
        if (!json->keep && to != at)
            memmove(to, at, (size_t)(plain - at));
        to += plain - at;
        at += plain - at;
    }
    json->at = at + 1;
    *ret_text = str_bytes(start, (size_t)(to - start));
    return OK;
}

static enum err string(struct json *json, str *ret_text)
{
    char *start = json->at + 1;
    char *at = start + (utf8_plain_end(start, json->end) - start);

    if (at == json->end || *at != '"')
        return string_slow(json, start, at, ret_text);
    json->at = at + 1;
    *ret_text = str_bytes(start, (size_t)(at - start));
    return OK;
}

static enum err key(struct json *json, struct json_token *token)
{
    if (*json->at != '"')
        return ERR_MALFORMED;
    TRY(string(json, &token->text));
    skip_blanks(json);
    if (json->at == json->end || *json->at != ':')
        return ERR_MALFORMED;
    json->at++;
    json->expect = EXPECT_VALUE;
    token->kind = JSON_KEY;
    return OK;
}

static enum err word(struct json *json, str spelling, enum json_kind kind, struct json_token *token)
{
    if (!str_starts(str_bytes(json->at, (size_t)(json->end - json->at)), spelling))
        return ERR_MALFORMED;
    json->at += spelling.size;
    token->kind = kind;
    return OK;
}

static enum err number(struct json *json, struct json_token *token)
{
    const char *behind = number_scan(json->at, json->end);

    if (behind == NULL)
        return ERR_MALFORMED;
    token->kind = JSON_NUMBER;
    token->text = str_bytes(json->at, (size_t)(behind - json->at));
    json->at += token->text.size;
    return OK;
}

static enum err scalar(struct json *json, struct json_token *token)
{
    switch (*json->at) {
    case '"':
        token->kind = JSON_STRING;
        return string(json, &token->text);
    case 't':
        return word(json, STR("true"), JSON_TRUE, token);
    case 'f':
        return word(json, STR("false"), JSON_FALSE, token);
    case 'n':
        return word(json, STR("null"), JSON_NULL, token);
    default:
        return number(json, token);
    }
}

static enum err value(struct json *json, struct json_token *token)
{
    if (*json->at == '{' || *json->at == '[')
        return open(json, /* object: */ *json->at == '{', token);
    TRY(scalar(json, token));
    value_done(json);
    return OK;
}

static enum err step(struct json *json, struct json_token *token)
{
    skip_blanks(json);
    if (json->expect == EXPECT_COMMA_OR_END && json->at < json->end && *json->at == ',') {
        json->at++;
        json->expect = in_object(json) ? EXPECT_KEY : EXPECT_VALUE;
        skip_blanks(json);
    }
    json->token_at = json->at;
    if (json->at == json->end)
        return json->expect == EXPECT_NONE ? OK : ERR_MALFORMED;
    switch ((enum json_due)json->expect) {
    case EXPECT_KEY_OR_END:
        return *json->at == '}' ? close(json, token) : key(json, token);
    case EXPECT_KEY:
        return key(json, token);
    case EXPECT_ELEMENT_OR_END:
        return *json->at == ']' ? close(json, token) : value(json, token);
    case EXPECT_VALUE:
        return value(json, token);
    case EXPECT_COMMA_OR_END:
        return close(json, token);
    case EXPECT_NONE:
        break;
    }
    return ERR_MALFORMED;
}

enum err json_next(struct json *json, struct json_token *ret_token)
{
    ret_token->kind = JSON_END;
    ret_token->text = (str){ 0 };
    if (json->err == OK)
        json->err = step(json, ret_token);
    return json->err;
}

static enum err refuse(struct json *json)
{
    return json->err = ERR_MALFORMED;
}

enum err json_expect(struct json *json, enum json_kind kind, struct json_token *ret_token)
{
    struct json_token token;

    TRY(json_next(json, &token));
    if (token.kind != kind)
        return refuse(json);
    *ret_token = token;
    return OK;
}

enum err json_skip_rest(struct json *json, enum json_kind first)
{
    unsigned depth = json->depth;
    struct json_token token;
    enum err err = OK;

    if (first != JSON_OBJECT_BEGIN && first != JSON_ARRAY_BEGIN)
        return OK;
    assert(depth > 0);
    json->keep = true;
    while (err == OK && json->depth >= depth)
        err = json_next(json, &token);
    json->keep = false;
    return err;
}

enum err json_raw(struct json *json, str *ret_text)
{
    struct json_token token;
    const char *start;
    enum err err;

    json->keep = true;
    err = json_next(json, &token);
    json->keep = false;
    TRY(err);
    if (token.kind == JSON_KEY || token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END ||
        token.kind == JSON_END)
        return refuse(json);
    start = json->token_at;
    TRY(json_skip_rest(json, token.kind));
    *ret_text = str_bytes(start, (size_t)(json->at - start));
    return OK;
}

enum err json_skip(struct json *json)
{
    str text;

    return json_raw(json, &text);
}
