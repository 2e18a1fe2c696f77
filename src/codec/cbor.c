/* cbor.c: the reader.
 *
 *   head       one byte: major type (3 bits) and info (5 bits), then the argument
 *              info 0-23: the argument itself; 24, 25, 26, 27: 1, 2, 4, 8 bytes follow, big-endian; 31: indefinite
 *   major      0 uint | 1 negative (-1 - argument) | 2 bytes | 3 text | 4 array | 5 map | 6 tag | 7 float, simple,
 * break
 *
 * Invariant: `owed` is the sum, over all open containers of definite length, of the items still to come; each takes at
 * least one byte, so owed never exceeds what is left of the body, and no sum of announced counts can exceed the body.
 */
#include "codec/cbor.h"

#include <assert.h>
#include <math.h>

#include "base/bytes.h"
#include "codec/utf8.h"

enum { MAJOR_UINT, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_OTHER };
enum { INFO_8 = 24, INFO_16, INFO_32, INFO_64, INFO_INDEFINITE = 31 };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE, SIMPLE_NULL, SIMPLE_UNDEFINED, SIMPLE_BYTE };

enum { BREAK = MAJOR_OTHER << 5 | INFO_INDEFINITE };

/* The first byte stays whole: two numbers that are stored apart and compared together make the CPU wait. */
struct head {
    unsigned first;
    uint64_t argument;
};

static unsigned major_of(struct head head)
{
    return head.first >> 5;
}

static unsigned info_of(struct head head)
{
    return head.first & 31;
}

void cbor_init(struct cbor *cbor, char *body, size_t size, unsigned depth_max)
{
    assert(depth_max >= 1 && depth_max <= CBOR_DEPTH_MAX);
    cbor->at = body;
    cbor->end = body + size;
    cbor->depth = 0;
    cbor->depth_max = depth_max;
    cbor->begun = cbor->tagged = false;
    cbor->err = OK;
    cbor->owed = 0;
}

static size_t left(const struct cbor *cbor)
{
    return (size_t)(cbor->end - cbor->at);
}

static enum err read_head(struct cbor *cbor, struct head *ret_head)
{
    unsigned first, info;
    uint64_t argument;
    size_t size;

    if (left(cbor) == 0)
        return ERR_MALFORMED;
    first = (uint8_t)*cbor->at++;
    argument = info = first & 31;
    if (info >= INFO_8 && info <= INFO_64) {
        size = (size_t)1 << (info - INFO_8);
        if (left(cbor) < size)
            return ERR_MALFORMED;
        argument = info == INFO_8    ? (uint8_t)*cbor->at
                   : info == INFO_16 ? load_be16(cbor->at)
                   : info == INFO_32 ? load_be32(cbor->at)
                                     : load_be64(cbor->at);
        cbor->at += size;
    } else if (info > INFO_64 && info != INFO_INDEFINITE) {
        return ERR_MALFORMED;
    }
    ret_head->first = first;
    ret_head->argument = argument;
    return OK;
}

static struct cbor_level *innermost(struct cbor *cbor)
{
    return cbor->depth ? &cbor->levels[cbor->depth - 1] : NULL;
}

/* An item (or key) of the innermost container has begun. */
static void count_item(struct cbor *cbor)
{
    struct cbor_level *level = innermost(cbor);

    cbor->begun = true;
    cbor->tagged = false;
    if (level == NULL)
        return;
    if (!level->indefinite) {
        level->left--;
        cbor->owed--;
    }
    if (level->map)
        level->value_due = !level->value_due;
}

static enum err open(struct cbor *cbor, struct head head, struct cbor_token *token)
{
    struct cbor_level level = { .map = major_of(head) == MAJOR_MAP, .indefinite = info_of(head) == INFO_INDEFINITE };

    if (cbor->depth == cbor->depth_max)
        return ERR_MALFORMED;
    if (!level.indefinite) {
        if (head.argument > left(cbor))
            return ERR_MALFORMED;
        level.left = level.map ? 2 * head.argument : head.argument;
        cbor->owed += level.left;
    }
    cbor->levels[cbor->depth++] = level;
    token->kind = level.map ? CBOR_MAP_BEGIN : CBOR_ARRAY_BEGIN;
    return OK;
}

static enum err close(struct cbor *cbor, struct cbor_token *token)
{
    token->kind = innermost(cbor)->map ? CBOR_MAP_END : CBOR_ARRAY_END;
    cbor->depth--;
    return OK;
}

/* Take a run of bytes whose head has just been read. */
static enum err take(struct cbor *cbor, struct head head, str *ret_text)
{
    if (left(cbor) < cbor->owed || head.argument > left(cbor) - cbor->owed)
        return ERR_MALFORMED;
    *ret_text = str_bytes(cbor->at, (size_t)head.argument);
    if (major_of(head) == MAJOR_TEXT && !utf8_valid(*ret_text))
        return ERR_MALFORMED;
    cbor->at += ret_text->size;
    return OK;
}

/* Chunks up to the break, moved together behind the first. A chunk of text is valid by itself. */
static enum err join(struct cbor *cbor, unsigned major, str *ret_text)
{
    char *start = cbor->at, *to = NULL;
    struct head head;
    str chunk;

    for (;;) {
        TRY(read_head(cbor, &head));
        if (head.first == BREAK)
            break;
        if (major_of(head) != major || info_of(head) == INFO_INDEFINITE)
            return ERR_MALFORMED;
        if (to == NULL)
            to = start = cbor->at;
        TRY(take(cbor, head, &chunk));
        memmove(to, chunk.at, chunk.size);
        to += chunk.size;
    }
    *ret_text = str_bytes(start, to ? (size_t)(to - start) : 0);
    return OK;
}

static enum err string(struct cbor *cbor, struct head head, struct cbor_token *token)
{
    token->kind = major_of(head) == MAJOR_TEXT ? CBOR_TEXT : CBOR_BYTES;
    if (info_of(head) == INFO_INDEFINITE)
        return join(cbor, major_of(head), &token->text);
    return take(cbor, head, &token->text);
}

static double half(unsigned bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double mantissa = bits & 1023, number;

    if (exponent == 0)
        number = ldexp(mantissa, -24);
    else if (exponent == 31)
        number = mantissa != 0 ? (double)NAN : (double)INFINITY;
    else
        number = ldexp(mantissa + 1024, exponent - 25);
    return bits & 0x8000 ? -number : number;
}

static double real(struct head head)
{
    uint32_t bits32 = (uint32_t)head.argument;
    float single;
    double number;

    if (info_of(head) == INFO_16)
        return half((unsigned)head.argument);
    if (info_of(head) == INFO_32) {
        memcpy(&single, &bits32, sizeof(single));
        return (double)single;
    }
    memcpy(&number, &head.argument, sizeof(number));
    return number;
}

static enum err other(struct head head, struct cbor_token *token)
{
    if (info_of(head) >= INFO_16) {
        token->kind = CBOR_DOUBLE;
        token->real = real(head);
        return OK;
    }
    if (info_of(head) == INFO_8 && head.argument < 32)
        return ERR_MALFORMED;
    switch (head.argument) {
    case SIMPLE_FALSE:
        token->kind = CBOR_FALSE;
        return OK;
    case SIMPLE_TRUE:
        token->kind = CBOR_TRUE;
        return OK;
    case SIMPLE_NULL:
    case SIMPLE_UNDEFINED:
        token->kind = CBOR_NULL;
        return OK;
    default:
        token->kind = CBOR_SIMPLE;
        token->integer = (int64_t)head.argument;
        return OK;
    }
}

static int64_t clamp(uint64_t argument)
{
    return argument > INT64_MAX ? INT64_MAX : (int64_t)argument;
}

static enum err item(struct cbor *cbor, struct head head, struct cbor_token *token)
{
    count_item(cbor);
    switch (major_of(head)) {
    case MAJOR_UINT:
    case MAJOR_NEGATIVE:
        token->kind = CBOR_INT;
        token->integer = clamp(head.argument);
        if (major_of(head) == MAJOR_NEGATIVE)
            token->integer = -1 - token->integer;
        return OK;
    case MAJOR_BYTES:
    case MAJOR_TEXT:
        return string(cbor, head, token);
    case MAJOR_ARRAY:
    case MAJOR_MAP:
        return open(cbor, head, token);
    default:
        return other(head, token);
    }
}

static enum err step(struct cbor *cbor, struct cbor_token *token)
{
    struct cbor_level *level = innermost(cbor);
    struct head head;
    bool may_close = level && !cbor->tagged && !level->value_due;

    if (level == NULL && cbor->begun && !cbor->tagged)
        return left(cbor) ? ERR_MALFORMED : OK;
    if (level && !level->indefinite && level->left == 0)
        return close(cbor, token);
    TRY(read_head(cbor, &head));
    if (head.first == BREAK)
        return may_close && level->indefinite ? close(cbor, token) : ERR_MALFORMED;
    if (info_of(head) == INFO_INDEFINITE && (major_of(head) < MAJOR_BYTES || major_of(head) > MAJOR_MAP))
        return ERR_MALFORMED;
    if (level && level->map && !level->value_due) {
        if (major_of(head) != MAJOR_TEXT)
            return ERR_MALFORMED;
        TRY(item(cbor, head, token));
        token->kind = CBOR_KEY;
        return OK;
    }
    if (major_of(head) == MAJOR_TAG) {
        cbor->begun = cbor->tagged = true;
        token->kind = CBOR_TAG;
        token->integer = clamp(head.argument);
        return OK;
    }
    return item(cbor, head, token);
}

enum err cbor_next(struct cbor *cbor, struct cbor_token *ret_token)
{
    ret_token->kind = CBOR_END;
    if (cbor->err == OK)
        cbor->err = step(cbor, ret_token);
    if (cbor->err == OK && left(cbor) < cbor->owed)
        cbor->err = ERR_MALFORMED;
    return cbor->err;
}

static enum err refuse(struct cbor *cbor)
{
    return cbor->err = ERR_MALFORMED;
}

/* The next token that is not a tag. */
static enum err next_untagged(struct cbor *cbor, struct cbor_token *ret_token)
{
    do
        TRY(cbor_next(cbor, ret_token));
    while (ret_token->kind == CBOR_TAG);
    return OK;
}

enum err cbor_expect(struct cbor *cbor, enum cbor_kind kind, struct cbor_token *ret_token)
{
    struct cbor_token token;

    TRY(next_untagged(cbor, &token));
    if (token.kind != kind)
        return refuse(cbor);
    *ret_token = token;
    return OK;
}

enum err cbor_skip(struct cbor *cbor)
{
    struct cbor_token token;

    TRY(next_untagged(cbor, &token));
    if (token.kind == CBOR_KEY || token.kind == CBOR_MAP_END || token.kind == CBOR_ARRAY_END || token.kind == CBOR_END)
        return refuse(cbor);
    return cbor_skip_rest(cbor, token.kind);
}

enum err cbor_skip_rest(struct cbor *cbor, enum cbor_kind first)
{
    unsigned depth = cbor->depth;
    struct cbor_token token;

    if (first == CBOR_TAG)
        return cbor_skip(cbor);
    if (first != CBOR_MAP_BEGIN && first != CBOR_ARRAY_BEGIN)
        return OK;
    assert(depth > 0);
    while (cbor->depth >= depth)
        TRY(cbor_next(cbor, &token));
    return OK;
}
