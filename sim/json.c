/* json.c: an answer as a tree; answers here are small. */
#include "codec/json.h"

#include "sim.h"

enum { DEPTH_MAX = 16 };

static struct node *value(struct arena *arena, struct json *json, struct json_token token);

static struct node *container(struct arena *arena, struct json *json, bool object)
{
    struct node *node = ARENA_NEW(arena, struct node), **last;
    struct json_token token;
    str key = { 0 };

    if (node == NULL)
        return NULL;
    last = &node->child;
    for (;;) {
        if (json_next(json, &token) != OK)
            return NULL;
        if (token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END)
            return node;
        if (object) {
            key = token.text;
            if (json_next(json, &token) != OK)
                return NULL;
        }
        *last = value(arena, json, token);
        if (*last == NULL)
            return NULL;
        (*last)->key = key;
        last = &(*last)->next;
    }
}

static struct node *value(struct arena *arena, struct json *json, struct json_token token)
{
    struct node *node;

    if (token.kind == JSON_OBJECT_BEGIN || token.kind == JSON_ARRAY_BEGIN)
        return container(arena, json, token.kind == JSON_OBJECT_BEGIN);
    node = ARENA_NEW(arena, struct node);
    if (node == NULL)
        return NULL;
    if (token.kind == JSON_STRING || token.kind == JSON_NUMBER)
        node->text = token.text;
    else
        node->text = token.kind == JSON_TRUE ? STR("true") : token.kind == JSON_FALSE ? STR("false") : (str){ 0 };
    return node;
}

struct node *json_tree(struct arena *arena, char *body, size_t size)
{
    struct json json;
    struct json_token token;

    json_init(&json, body, size, DEPTH_MAX);
    if (json_next(&json, &token) != OK)
        return NULL;
    return value(arena, &json, token);
}

const struct node *json_get(const struct node *node, const char *key)
{
    for (const struct node *child = node ? node->child : NULL; child; child = child->next)
        if (str_eq(child->key, str_of(key)))
            return child;
    return NULL;
}

str json_text(const struct node *node, const char *key)
{
    const struct node *found = json_get(node, key);

    return found ? found->text : (str){ 0 };
}

uint64_t json_record_bytes(const struct node *records)
{
    uint64_t bytes = 0;

    for (const struct node *record = records ? records->child : NULL; record; record = record->next) {
        str data = json_text(record, "Data");

        bytes += json_text(record, "PartitionKey").size + data.size / 4 * 3;
        for (size_t i = data.size; i > 0 && data.at[i - 1] == '='; i--)
            bytes--;
    }
    return bytes;
}
