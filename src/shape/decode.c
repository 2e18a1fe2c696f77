/* decode.c: walking a body and a table side by side.
 *
 * A member of a wrong type does not end the walk: its refusal is remembered if it is the first, the rest is still
 * read, because a body that breaks its grammar further on is refused without a text. */
#include "shape/decode.h"

#include <assert.h>
#include <limits.h>
#include <math.h>

#include "codec/base64.h"
#include "codec/number.h"
#include "shape/token.h"

enum { LIST_FIRST_CAPACITY = 8, MAP_SEARCH_MAX = 1024 };

/* What a JSON number is clamped to as well (number_milliseconds), so that every format has the same range. */
static const int64_t TIME_MAX = INT64_MAX / 1000;

struct decoder {
    struct token_reader reader;
    const struct format *format;
    struct arena *arena;
    str message; /* of the first refusal; absent: none */
};

#define BIG_NUMBER "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"

static enum err decode_value(struct decoder *decoder, const struct shape *shape, const struct token *token, void *at);

/* Refuse with the parts joined. */
static enum err refuse(struct decoder *decoder, const str *parts, size_t count)
{
    size_t size = 0;
    char *at;

    if (str_present(decoder->message))
        return OK;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    at = arena_alloc(decoder->arena, size + 1);
    if (!at)
        return ERR_NO_MEMORY;
    decoder->message = str_bytes(at, size);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size)
            memcpy(at, parts[i].at, parts[i].size);
        at += parts[i].size;
    }
    return OK;
}

#define REFUSE(decoder, ...)                                                                                           \
    refuse((decoder), (const str[]){ __VA_ARGS__ }, sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str))

/* As much of a text as a refusal may quote; never half a character. */
static str quotable(str text)
{
    size_t size = DECODE_QUOTE_MAX;

    if (text.size <= size)
        return text;
    while (((uint8_t)text.at[size] & 0xc0) == 0x80)
        size--;
    return str_slice(text, 0, size);
}

/* What the service calls a value that it cannot convert. */
static str java_class(const struct token *token)
{
    switch (token->kind) {
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        return STR("class java.lang.Boolean");
    case TOKEN_TEXT:
        return STR("class java.lang.String");
    case TOKEN_BYTES:
        return STR("class java.nio.HeapByteBuffer");
    default:
        return STR(BIG_NUMBER);
    }
}

/* A value that is not of the type its member has. `target` ends the text about a scalar: "an String". */
static enum err refuse_type(struct decoder *decoder, const struct token *token, str target)
{
    switch (token->kind) {
    case TOKEN_OBJECT:
        TRY(REFUSE(decoder, STR("Start of structure or map found where not expected.")));
        break;
    case TOKEN_LIST:
        TRY(REFUSE(decoder, STR("Start of list found where not expected")));
        break;
    default:
        TRY(REFUSE(decoder, java_class(token), STR(" can not be converted to "), target));
        break;
    }
    return token_skip_rest(&decoder->reader, token);
}

/* The same where a container was expected; a scalar gets `expected`. */
static enum err refuse_container(struct decoder *decoder, const struct token *token, str expected)
{
    if (token->kind == TOKEN_OBJECT || token->kind == TOKEN_LIST)
        return refuse_type(decoder, token, (str){ 0 });
    return REFUSE(decoder, expected);
}

static enum err decode_integer(struct decoder *decoder, const struct shape *shape, const struct token *token,
                               struct opt_int *at)
{
    int64_t value;

    if (token->kind == TOKEN_NUMBER)
        value = number_int(token->text);
    else if (token->kind == TOKEN_INT)
        value = token->integer;
    else if (token->kind == TOKEN_REAL)
        value = number_int_of_double(token->real);
    else
        return refuse_type(decoder, token, shape->kind == SHAPE_LONG ? STR("an Long") : STR("an Integer"));
    if (shape->kind == SHAPE_INTEGER)
        value = value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : value;
    *at = int_of(value);
    return OK;
}

static enum err decode_double(struct decoder *decoder, const struct token *token, struct opt_double *at)
{
    if (token->kind == TOKEN_NUMBER)
        *at = double_of(number_double(token->text));
    else if (token->kind == TOKEN_INT)
        *at = double_of((double)token->integer);
    else if (token->kind == TOKEN_REAL)
        *at = double_of(token->real);
    else if (token->kind == TOKEN_TEXT && str_eq(token->text, STR("NaN")))
        *at = double_of(NAN);
    else if (token->kind == TOKEN_TEXT && str_eq(token->text, STR("Infinity")))
        *at = double_of(INFINITY);
    else if (token->kind == TOKEN_TEXT && str_eq(token->text, STR("-Infinity")))
        *at = double_of(-INFINITY);
    else
        return refuse_type(decoder, token, STR("an Double"));
    return OK;
}

static bool one_of(str text, const str *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(text, words[i]))
            return true;
    return false;
}

static enum err refuse_boolean_text(struct decoder *decoder, str text)
{
    char *upper;

    text = quotable(text);
    upper = arena_alloc(decoder->arena, text.size + 1);
    if (!upper)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < text.size; i++)
        upper[i] = text.at[i] >= 'a' && text.at[i] <= 'z' ? (char)(text.at[i] - 'a' + 'A') : text.at[i];
    return REFUSE(decoder, STR("'"), str_bytes(upper, text.size), STR("' can not be converted to an Boolean"));
}

static enum err decode_boolean(struct decoder *decoder, const struct token *token, struct opt_bool *at)
{
    static const str yes[] = { { "true", 4 }, { "yes", 3 }, { "1", 1 } };
    static const str no[] = { { "false", 5 }, { "no", 2 }, { "0", 1 } };

    if (token->kind == TOKEN_TRUE || token->kind == TOKEN_FALSE)
        *at = bool_of(token->kind == TOKEN_TRUE);
    else if (token->kind != TOKEN_TEXT)
        return refuse_type(decoder, token, STR("an Boolean"));
    else if (one_of(token->text, yes, 3))
        *at = bool_of(true);
    else if (one_of(token->text, no, 3))
        *at = bool_of(false);
    else
        return refuse_boolean_text(decoder, token->text);
    return OK;
}

static enum err decode_timestamp(struct decoder *decoder, const struct token *token, struct opt_ms *at)
{
    bool seconds = decoder->format->time != FORMAT_MILLISECONDS;
    int64_t value = token->integer;

    if (token->kind == TOKEN_NUMBER)
        value = number_milliseconds(token->text);
    else if (token->kind == TOKEN_REAL)
        value = number_milliseconds_of_double(token->real);
    else if (token->kind != TOKEN_INT)
        return refuse_type(decoder, token, STR("milliseconds since epoch"));
    else if (seconds && __builtin_mul_overflow(token->integer, 1000, &value))
        value = token->integer < 0 ? INT64_MIN : INT64_MAX;
    *at = ms_of(value > TIME_MAX ? TIME_MAX : value < -TIME_MAX ? -TIME_MAX : value);
    return OK;
}

static enum err refuse_base64(struct decoder *decoder, str text, const struct base64_fault *fault)
{
    str head = STR("' can not be converted to a Blob: "), quote = quotable(text);

    switch (fault->kind) {
    case BASE64_LENGTH: {
        str length = arena_fmt(decoder->arena, "%zu", fault->length);

        if (!str_present(length))
            return ERR_NO_MEMORY;
        return REFUSE(decoder, STR("'"), quote, head,
                      STR("Base64 encoded length is expected a multiple of 4 bytes but found: "), length);
    }
    case BASE64_CHARACTER:
        return REFUSE(decoder, STR("'"), quote, head, STR("Invalid Base64 character: '"), fault->character, STR("'"));
    default:
        return REFUSE(decoder, STR("'"), quote, head, STR("Invalid last non-pad Base64 character dectected"));
    }
}

static enum err decode_blob(struct decoder *decoder, const struct token *token, str *at)
{
    struct base64_fault fault;
    size_t size;

    if (token->kind == TOKEN_BYTES) {
        *at = token->text;
        return OK;
    }
    if (token->kind != TOKEN_TEXT || decoder->format->wire != FORMAT_JSON)
        return refuse_type(decoder, token, STR("a Blob"));
    if (base64_check(token->text, &size, &fault) != OK)
        return refuse_base64(decoder, token->text, &fault);
    *at = str_bytes(token->text.at, base64_decode_checked(token->text, (char *)token->text.at));
    return OK;
}

/* Room for one more in an array of `count`; the new place is zero. */
static enum err grow(struct decoder *decoder, struct shape_list *list, size_t size, size_t max, size_t *capacity)
{
    size_t more = *capacity ? *capacity * 2 : LIST_FIRST_CAPACITY;
    void *at;

    if (list->count < *capacity)
        return OK;
    if (more > max)
        more = max;
    assert(more > list->count);
    at = arena_array(decoder->arena, more, size);
    if (!at)
        return ERR_NO_MEMORY;
    if (list->count)
        memcpy(at, list->at, list->count * size);
    list->at = at;
    *capacity = more;
    return OK;
}

/* How many a list or map keeps: one more than are allowed. */
static size_t kept(const struct shape *shape)
{
    return shape->has_max ? (size_t)shape->max + 1 : SIZE_MAX;
}

static enum err decode_list(struct decoder *decoder, const struct shape *shape, const struct token *first,
                            struct shape_list *ret_list)
{
    struct shape_list list = { .present = true };
    size_t capacity = 0, max = kept(shape);
    struct token token;

    if (first->kind != TOKEN_LIST)
        return refuse_container(decoder, first, STR("Expected list or null"));
    for (;;) {
        TRY(token_next(&decoder->reader, &token));
        if (token.kind == TOKEN_LIST_END)
            break;
        if (list.count == max) {
            TRY(token_skip_rest(&decoder->reader, &token));
            continue;
        }
        TRY(grow(decoder, &list, shape->entry_size, max, &capacity));
        if (token.kind != TOKEN_NULL)
            TRY(decode_value(decoder, shape->element, &token, (char *)list.at + list.count * shape->entry_size));
        list.count++;
    }
    *ret_list = list;
    return OK;
}

/* The place for `key`: its entry if it has been seen, else a new one; NULL when the map is full. */
static enum err map_place(struct decoder *decoder, const struct shape *shape, struct shape_list *map, str key,
                          size_t *capacity, char **ret_entry)
{
    size_t max = kept(shape);
    char *at = map->at;

    if (map->count <= MAP_SEARCH_MAX) {
        for (size_t i = 0; i < map->count; i++, at += shape->entry_size) {
            if (str_eq(*(str *)(void *)at, key)) {
                *ret_entry = at;
                return OK;
            }
        }
    }
    if (map->count == max) {
        *ret_entry = NULL;
        return OK;
    }
    TRY(grow(decoder, map, shape->entry_size, max, capacity));
    *ret_entry = (char *)map->at + map->count++ * shape->entry_size;
    *(str *)(void *)*ret_entry = key;
    return OK;
}

static enum err decode_map(struct decoder *decoder, const struct shape *shape, const struct token *first,
                           struct shape_list *ret_map)
{
    struct shape_list map = { .present = true };
    size_t capacity = 0;
    struct token token;
    char *entry;
    str key;

    if (first->kind != TOKEN_OBJECT)
        return refuse_container(decoder, first, STR("Expected map or null"));
    for (;;) {
        TRY(token_next(&decoder->reader, &token));
        if (token.kind == TOKEN_OBJECT_END)
            break;
        key = token.text;
        TRY(token_next(&decoder->reader, &token));
        if (token.kind == TOKEN_NULL)
            continue;
        TRY(map_place(decoder, shape, &map, key, &capacity, &entry));
        if (entry)
            TRY(decode_value(decoder, shape->element, &token, entry + shape->value_offset));
        else
            TRY(token_skip_rest(&decoder->reader, &token));
    }
    *ret_map = map;
    return OK;
}

/* The member called `name`; `hint` is where clients that keep the model's order have it. */
static const struct shape_member *find_member(const struct shape *shape, str name, uint32_t *hint)
{
    const struct shape_member *members = shape->members;

    for (uint32_t i = 0; i < shape->member_count; i++) {
        uint32_t at = *hint + i < shape->member_count ? *hint + i : *hint + i - shape->member_count;

        if (members[at].name.size == name.size && memcmp(members[at].name.at, name.at, name.size) == 0) {
            *hint = at + 1 < shape->member_count ? at + 1 : 0;
            return members[at].place == SHAPE_IN_BODY ? &members[at] : NULL;
        }
    }
    return NULL;
}

static size_t stored_size(const struct shape *shape)
{
    return shape->kind == SHAPE_STRUCTURE ? sizeof(void *) : shape->size;
}

/* The rest of an object whose BEGIN has been read. */
static enum err decode_members(struct decoder *decoder, const struct shape *shape, char *at)
{
    const struct shape_member *member;
    struct token token;
    uint32_t hint = 0;
    void *nested;

    for (;;) {
        TRY(token_next(&decoder->reader, &token));
        if (token.kind == TOKEN_OBJECT_END)
            return OK;
        assert(token.kind == TOKEN_KEY);
        member = find_member(shape, token.text, &hint);
        if (!member) {
            TRY(token_skip(&decoder->reader));
            continue;
        }
        TRY(token_next(&decoder->reader, &token));
        memset(at + member->offset, 0, stored_size(member->shape));
        if (token.kind == TOKEN_NULL)
            continue;
        nested = at + member->offset;
        if (member->shape->kind == SHAPE_STRUCTURE) {
            nested = arena_alloc(decoder->arena, member->shape->size);
            if (!nested)
                return ERR_NO_MEMORY;
            *(void **)(void *)(at + member->offset) = nested;
        }
        TRY(decode_value(decoder, member->shape, &token, nested));
    }
}

static enum err decode_text(struct decoder *decoder, const struct shape *shape, const struct token *token, void *at)
{
    if (token->kind != TOKEN_TEXT)
        return refuse_type(decoder, token, STR("an String"));
    if (shape->kind == SHAPE_STRING)
        *(str *)at = token->text;
    else
        *(struct enum_value *)at = (struct enum_value){ shape_enum_find(shape->values, token->text), token->text };
    return OK;
}

static enum err decode_value(struct decoder *decoder, const struct shape *shape, const struct token *token, void *at)
{
    switch (shape->kind) {
    case SHAPE_STRING:
    case SHAPE_ENUM:
        return decode_text(decoder, shape, token, at);
    case SHAPE_BLOB:
        return decode_blob(decoder, token, at);
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        return decode_integer(decoder, shape, token, at);
    case SHAPE_DOUBLE:
        return decode_double(decoder, token, at);
    case SHAPE_BOOLEAN:
        return decode_boolean(decoder, token, at);
    case SHAPE_TIMESTAMP:
        return decode_timestamp(decoder, token, at);
    case SHAPE_LIST:
        return decode_list(decoder, shape, token, at);
    case SHAPE_MAP:
        return decode_map(decoder, shape, token, at);
    case SHAPE_STRUCTURE:
        break;
    }
    if (token->kind != TOKEN_OBJECT)
        return refuse_container(decoder, token, STR("Expected null"));
    return decode_members(decoder, shape, at);
}

static enum err decode_body(struct decoder *decoder, const struct shape *shape, void *at)
{
    struct token token;

    TRY(token_next(&decoder->reader, &token));
    if (token.kind != TOKEN_OBJECT)
        return ERR_MALFORMED;
    TRY(decode_members(decoder, shape, at));
    TRY(token_next(&decoder->reader, &token));
    assert(token.kind == TOKEN_END);
    return OK;
}

enum err shape_decode(const struct format *format, const struct shape *shape, char *body, size_t size,
                      struct arena *arena, void *ret_struct, str *ret_message)
{
    struct decoder decoder;
    enum err err;

    assert(shape->kind == SHAPE_STRUCTURE);
    decoder.format = format;
    decoder.arena = arena;
    decoder.message = (str){ 0 };
    token_init(&decoder.reader, format->wire, body, size, DECODE_DEPTH_MAX);
    memset(ret_struct, 0, shape->size);
    err = decode_body(&decoder, shape, ret_struct);
    *ret_message = err == OK ? decoder.message : (str){ 0 };
    if (err == ERR_MALFORMED || (err == OK && str_present(decoder.message)))
        return ERR_SERIALIZATION;
    return err;
}
