#include "api/kinesis/tags.h"

#include "codec/utf8.h"

/* The code point of the sequence of `size` bytes at `at`. */
static uint32_t code_point(const char *at, size_t size)
{
    static const uint8_t first_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t code = (uint8_t)at[0] & first_mask[size];

    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((uint8_t)at[i] & 0x3f);
    return code;
}

/* "Unicode letters, digits": whole blocks, as the service does. Outside ASCII, the blocks left out are those of
 * punctuation and symbols, private use, presentation and emoji. */
static bool is_letter(uint32_t code)
{
    static const struct {
        uint32_t from, to;
    } blocks[] = {
        { '0', '9' },       { 'A', 'Z' },         { 'a', 'z' },         { 0xc0, 0x1fff },     { 0x2c00, 0xd7ff },
        { 0xf900, 0xfaff }, { 0x10000, 0x1cfff }, { 0x1e000, 0x1efff }, { 0x20000, 0x3ffff },
    };

    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        if (code >= blocks[i].from && code <= blocks[i].to)
            return true;
    return false;
}

/* True if `text` holds only letters, digits and the bytes of `others`. */
static bool allowed(str text, str others)
{
    for (const char *at = text.at, *end = text.at + text.size; at < end;) {
        size_t size = utf8_sequence(at, end);

        if (size == 0 || (!is_letter(code_point(at, size)) && (size > 1 || str_index(others, *at) == others.size)))
            return false;
        at += size;
    }
    return true;
}

static bool all_allowed(const struct kinesis_tag_map *tags, str others)
{
    for (size_t i = 0; i < tags->count; i++)
        if (!allowed(tags->at[i].key, others) || !allowed(tags->at[i].value, others))
            return false;
    return true;
}

enum err tags_check_old(struct rq *rq, const struct kinesis_tag_map *tags, str stream_name)
{
    if (!all_allowed(tags, STR("_ ./=+-%@")))
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
                    "_ . / = + - %% @.");
    if (!all_allowed(tags, STR("_ ./=+-@")))
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Failed to add tags to stream %.*s under account %.*s because some tags contained illegal "
                    "characters. The allowed characters are Unicode letters, white-spaces, "
                    "'_',',','/','=','+','-','@'.",
                    STR_ARG(stream_name), STR_ARG(rq->account));
    return OK;
}

enum err tags_check(struct rq *rq, const struct kinesis_tag_map *tags)
{
    if (!all_allowed(tags, STR("_ .:/=+-@")))
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
                    "_ . : / = + - @.");
    for (size_t i = 0; i < tags->count; i++)
        if (str_starts(tags->at[i].key, STR("aws:")))
            return fail(rq, ERR_INVALID_ARGUMENT, "Tag keys cannot begin with aws:, which is reserved.");
    return OK;
}

/* The place of `key`, or where it would be. */
static size_t tags_find(const struct catalog_tags *tags, str key, bool *ret_there)
{
    size_t at = 0;

    while (at < tags->count && str_cmp(tags->at[at].key, key) < 0)
        at++;
    *ret_there = at < tags->count && str_eq(tags->at[at].key, key);
    return at;
}

enum err tags_merge(struct rq *rq, const struct catalog_tags *old, const struct kinesis_tag_map *more, str what,
                    struct catalog_tags *ret_tags)
{
    struct catalog_tags tags = { .at = ARENA_ARRAY(&rq->arena, old->count + more->count, struct map_entry),
                                 .present = true };

    if (tags.at == NULL && old->count + more->count > 0)
        return ERR_NO_MEMORY;
    for (; tags.count < old->count; tags.count++)
        tags.at[tags.count] = old->at[tags.count];
    for (size_t i = 0; i < more->count; i++) {
        bool there;
        size_t at = tags_find(&tags, more->at[i].key, &there);

        if (!there) {
            memmove(&tags.at[at + 1], &tags.at[at], (tags.count - at) * sizeof(*tags.at));
            tags.count++;
        }
        tags.at[at].key = more->at[i].key;
        tags.at[at].value = str_present(more->at[i].value) ? more->at[i].value : STR("");
    }
    if (tags.count > TAGS_MAX)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Failed to add tags to %.*s under account %.*s because a given %.*s cannot have more than %d tags "
                    "associated with it.",
                    STR_ARG(what), STR_ARG(rq->account), (int)str_index(what, ' '), what.at, TAGS_MAX);
    *ret_tags = tags;
    return OK;
}

enum err tags_first(struct rq *rq, const struct kinesis_tag_map *tags, struct catalog_tags *ret_tags)
{
    static const struct catalog_tags none;

    if (tags->count == 0)
        return OK;
    TRY(tags_check(rq, tags));
    return tags_merge(rq, &none, tags, STR("resource"), ret_tags);
}

static bool named(const struct kinesis_tag_key_list *keys, str key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (str_eq(keys->at[i], key))
            return true;
    return false;
}

enum err tags_without(struct rq *rq, const struct catalog_tags *old, const struct kinesis_tag_key_list *keys,
                      struct catalog_tags *ret_tags, bool *ret_changed)
{
    struct catalog_tags tags = { .at = ARENA_ARRAY(&rq->arena, old->count + 1, struct map_entry), .present = true };

    if (tags.at == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < old->count; i++)
        if (!named(keys, old->at[i].key))
            tags.at[tags.count++] = old->at[i];
    *ret_changed = tags.count < old->count;
    *ret_tags = tags;
    return OK;
}

enum err tags_list(struct rq *rq, const struct catalog_tags *tags, str after, size_t max,
                   struct kinesis_tag_list *ret_tags, bool *ret_more)
{
    struct kinesis_tag_list list = { .at = ARENA_ARRAY(&rq->arena, tags->count + 1, struct kinesis_tag),
                                     .present = true };
    bool there = false;
    size_t at = str_present(after) ? tags_find(tags, after, &there) : 0;

    if (list.at == NULL)
        return ERR_NO_MEMORY;
    for (at += there; at < tags->count && list.count < max; at++)
        list.at[list.count++] = (struct kinesis_tag){ .key = tags->at[at].key, .value = tags->at[at].value };
    *ret_more = at < tags->count;
    *ret_tags = list;
    return OK;
}
