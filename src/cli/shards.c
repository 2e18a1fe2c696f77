/* shards.c: the shards of a stream as a reader walks them. */
#include "cli/shards.h"

#include <stdlib.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/number.h"

enum { ANSWER_DEPTH = 16, SHARDS_ARENA_MAX = 64 << 20 };

void shards_init(struct shards *shards)
{
    *shards = (struct shards){ 0 };
    arena_init(&shards->arena, SHARDS_ARENA_MAX);
}

void shards_deinit(struct shards *shards)
{
    for (size_t i = 0; i < shards->count; i++) {
        free(shards->cursors[i]->iterator_memory);
        free(shards->cursors[i]->sequence_memory);
    }
    free(shards->cursors);
    arena_deinit(&shards->arena);
}

/* The index of the first cursor whose id is not below. */
static size_t lower(const struct shards *shards, str id)
{
    size_t from = 0, to = shards->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (str_cmp(shards->cursors[middle]->id, id) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct cursor *shards_find(const struct shards *shards, str id)
{
    size_t at = lower(shards, id);

    return at < shards->count && str_eq(shards->cursors[at]->id, id) ? shards->cursors[at] : NULL;
}

static bool grow(struct shards *shards)
{
    size_t capacity = shards->capacity ? 2 * shards->capacity : 64;
    struct cursor **cursors;

    if (shards->count < shards->capacity)
        return true;
    if (shards->count >= SHARDS_MAX)
        return false;
    cursors = realloc(shards->cursors, capacity * sizeof(struct cursor *));
    if (!cursors)
        return false;
    shards->cursors = cursors;
    shards->capacity = capacity;
    return true;
}

struct cursor *shards_add(struct shards *shards, str id, str parent, str adjacent)
{
    size_t at = lower(shards, id);
    struct cursor *cursor;

    if (at < shards->count && str_eq(shards->cursors[at]->id, id))
        return shards->cursors[at];
    cursor = ARENA_NEW(&shards->arena, struct cursor);
    if (!cursor || !grow(shards))
        return NULL;
    cursor->id = arena_str(&shards->arena, id);
    cursor->parent = arena_str(&shards->arena, parent);
    cursor->adjacent = arena_str(&shards->arena, adjacent);
    if (!str_present(cursor->id))
        return NULL;
    list_init(&cursor->link);
    memmove(shards->cursors + at + 1, shards->cursors + at, (shards->count - at) * sizeof(struct cursor *));
    shards->cursors[at] = cursor;
    shards->count++;
    return cursor;
}

static bool is_done(const struct shards *shards, str id)
{
    const struct cursor *cursor = str_present(id) ? shards_find(shards, id) : NULL;

    return !cursor || cursor->drained;
}

bool shards_ready(const struct shards *shards, const struct cursor *cursor)
{
    return is_done(shards, cursor->parent) && is_done(shards, cursor->adjacent);
}

/* ---- ListShards ------------------------------------------------------------------------------------------------ */

/* A shard behind its OBJECT_BEGIN. Of a child shard in GetRecords the parents are an array. */
static enum err read_shard(struct json *json, str *ret_id, str *ret_parent, str *ret_adjacent)
{
    struct json_token key, value;

    *ret_id = *ret_parent = *ret_adjacent = (str){ 0 };
    for (;;) {
        TRY(json_next(json, &key));
        if (key.kind == JSON_OBJECT_END)
            return str_present(*ret_id) ? OK : ERR_MALFORMED;
        TRY(json_next(json, &value));
        if (value.kind == JSON_STRING && str_eq(key.text, STR("ShardId")))
            *ret_id = value.text;
        else if (value.kind == JSON_STRING && str_eq(key.text, STR("ParentShardId")))
            *ret_parent = value.text;
        else if (value.kind == JSON_STRING && str_eq(key.text, STR("AdjacentParentShardId")))
            *ret_adjacent = value.text;
        if (value.kind != JSON_ARRAY_BEGIN || !str_eq(key.text, STR("ParentShards"))) {
            TRY(json_skip_rest(json, value.kind));
            continue;
        }
        for (;;) {
            TRY(json_next(json, &value));
            if (value.kind == JSON_ARRAY_END)
                break;
            if (value.kind != JSON_STRING)
                return ERR_MALFORMED;
            *(str_present(*ret_parent) ? ret_adjacent : ret_parent) = value.text;
        }
    }
}

static enum err read_shards(struct json *json, struct shards *shards)
{
    struct json_token token;
    str id, parent, adjacent;

    TRY(json_expect(json, JSON_ARRAY_BEGIN, &token));
    for (;;) {
        TRY(json_next(json, &token));
        if (token.kind == JSON_ARRAY_END)
            return OK;
        if (token.kind != JSON_OBJECT_BEGIN)
            return ERR_MALFORMED;
        TRY(read_shard(json, &id, &parent, &adjacent));
        if (!shards_add(shards, id, parent, adjacent))
            return ERR_NO_MEMORY;
    }
}

enum err shards_page(struct shards *shards, struct buf *answer, str *ret_token)
{
    struct json json;
    struct json_token token;

    *ret_token = (str){ 0 };
    json_init(&json, answer->at, answer->size, ANSWER_DEPTH);
    TRY(json_expect(&json, JSON_OBJECT_BEGIN, &token));
    for (;;) {
        TRY(json_next(&json, &token));
        if (token.kind == JSON_OBJECT_END)
            return OK;
        if (str_eq(token.text, STR("Shards"))) {
            TRY(read_shards(&json, shards));
        } else if (str_eq(token.text, STR("NextToken"))) {
            TRY(json_next(&json, &token));
            if (token.kind == JSON_STRING)
                *ret_token = arena_str(&shards->arena, token.text);
        } else {
            TRY(json_skip(&json));
        }
    }
}

/* ---- GetRecords ------------------------------------------------------------------------------------------------ */

static enum err read_record(struct json *json, struct record_line *ret_line)
{
    struct json_token key, value;
    size_t size;

    *ret_line = (struct record_line){ 0 };
    for (;;) {
        TRY(json_next(json, &key));
        if (key.kind == JSON_OBJECT_END)
            return OK;
        TRY(json_next(json, &value));
        if (value.kind == JSON_STRING && str_eq(key.text, STR("Data"))) {
            TRY(base64_check(value.text, &size, NULL));
            ret_line->data = value.text;
            ret_line->data.size = base64_decode_checked(value.text, (char *)(uintptr_t)value.text.at);
        } else if (value.kind == JSON_STRING && str_eq(key.text, STR("PartitionKey"))) {
            ret_line->key = value.text;
        } else if (value.kind == JSON_STRING && str_eq(key.text, STR("SequenceNumber"))) {
            ret_line->sequence = value.text;
        } else if (value.kind == JSON_NUMBER && str_eq(key.text, STR("ApproximateArrivalTimestamp"))) {
            ret_line->arrived = number_milliseconds(value.text);
        }
        TRY(json_skip_rest(json, value.kind));
    }
}

static enum err read_records(struct json *json, const struct records_reader *reader, size_t *ret_count)
{
    struct json_token token;
    struct record_line line;

    TRY(json_expect(json, JSON_ARRAY_BEGIN, &token));
    for (size_t count = 0;; count++) {
        TRY(json_next(json, &token));
        if (token.kind == JSON_ARRAY_END) {
            *ret_count = count;
            return OK;
        }
        if (token.kind != JSON_OBJECT_BEGIN)
            return ERR_MALFORMED;
        TRY(read_record(json, &line));
        TRY(reader->each(reader->ctx, &line));
    }
}

static enum err read_children(struct json *json, const struct records_reader *reader)
{
    struct json_token token;
    str id, parent, adjacent;

    TRY(json_next(json, &token));
    if (token.kind == JSON_NULL)
        return OK;
    if (token.kind != JSON_ARRAY_BEGIN)
        return ERR_MALFORMED;
    for (;;) {
        TRY(json_next(json, &token));
        if (token.kind == JSON_ARRAY_END)
            return OK;
        if (token.kind != JSON_OBJECT_BEGIN)
            return ERR_MALFORMED;
        TRY(read_shard(json, &id, &parent, &adjacent));
        TRY(reader->child(reader->ctx, id, parent, adjacent));
    }
}

enum err shards_records(struct buf *answer, const struct records_reader *reader, struct records_answer *ret_answer)
{
    struct records_answer got = { 0 };
    struct json json;
    struct json_token token, value;

    json_init(&json, answer->at, answer->size, ANSWER_DEPTH);
    TRY(json_expect(&json, JSON_OBJECT_BEGIN, &token));
    for (;;) {
        TRY(json_next(&json, &token));
        if (token.kind == JSON_OBJECT_END)
            break;
        if (str_eq(token.text, STR("Records"))) {
            TRY(read_records(&json, reader, &got.records));
            continue;
        }
        if (str_eq(token.text, STR("ChildShards"))) {
            TRY(read_children(&json, reader));
            continue;
        }
        TRY(json_next(&json, &value));
        if (value.kind == JSON_STRING && str_eq(token.text, STR("NextShardIterator")))
            got.iterator = value.text;
        else if (value.kind == JSON_NUMBER && str_eq(token.text, STR("MillisBehindLatest")))
            got.behind_ms = number_int(value.text);
        TRY(json_skip_rest(&json, value.kind));
    }
    *ret_answer = got;
    return OK;
}
