/* entry.c: the catalog's entries as lines for people. */
#include "cli/entry.h"

#include <stdio.h>

#include "base/arena.h"
#include "catalog_model.h"
#include "shape/decode.h"
#include "shape/encode.h"
#include "store/record.h"

enum { ENTRY_BYTES_MAX = 64 << 20 };

static const struct shape *shape_of(str key)
{
    static const struct {
        str kind;
        const struct shape *shape;
    } rows[] = {
        { STR("stream/"), &catalog_stream_record_shape },     { STR("shard/"), &catalog_shard_record_shape },
        { STR("consumer/"), &catalog_consumer_record_shape }, { STR("account/"), &catalog_account_record_shape },
        { STR("counter/"), &catalog_counter_record_shape },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (str_starts(key, rows[i].kind))
            return rows[i].shape;
    return NULL;
}

/* The value as JSON, in `text`; false if it is none of the catalog's. */
static bool to_json(const struct shape *shape, str value, struct arena *arena, struct buf *text)
{
    void *decoded = shape ? arena_alloc(arena, shape->size) : NULL;
    str copy = arena_str(arena, value), message;

    if (decoded == NULL || !str_present(copy) ||
        shape_decode(&format_aws_cbor, shape, (char *)(uintptr_t)copy.at, copy.size, arena, decoded, &message) != OK)
        return false;
    shape_encode(&format_aws_json, shape, decoded, text);
    return text->err == OK;
}

/* Names may hold any byte that their callers may write. */
static void print_key(str key)
{
    for (size_t i = 0; i < key.size; i++)
        if ((uint8_t)key.at[i] >= 0x20 && (uint8_t)key.at[i] < 0x7f)
            putchar(key.at[i]);
        else
            printf("\\x%02x", (uint8_t)key.at[i]);
}

void entry_print(str key, str value)
{
    struct arena arena;
    struct buf text;

    arena_init(&arena, ENTRY_BYTES_MAX);
    buf_init(&text, ENTRY_BYTES_MAX);
    printf("    ");
    print_key(key);
    if (!str_present(value))
        printf(": removed\n");
    else if (to_json(shape_of(key), value, &arena, &text))
        printf(": %.*s\n", STR_ARG(buf_str(&text)));
    else
        printf(": %zu bytes\n", value.size);
    buf_deinit(&text);
    arena_deinit(&arena);
}

bool entry_print_transaction(str body)
{
    struct record record;
    str key, value;
    log_pos version;

    if (record_decode(body, &record) != OK)
        return false;
    while (record_next_read(&record, &key, &version)) {
        printf("    if ");
        print_key(key);
        printf(" is of version %llu\n", (unsigned long long)version);
    }
    while (record_next_write(&record, &key, &value))
        entry_print(key, value);
    return true;
}
