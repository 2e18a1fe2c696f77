/* keys.h: the keys of the catalog's store.
 *
 *   stream/<account>/<region>/<name>         StreamRecord
 *   shard/<stream id>/<index>                ShardRecord        (numbers as 8 or 16 hex digits, so that
 *   consumer/<stream id>/<name>              ConsumerRecord      the order of keys is that of numbers)
 *   account/<account>/<region>               AccountRecord
 *   counter/stream                           CounterRecord */
#pragma once

#include <stdio.h>
#include <string.h>

#include "store/store.h"

struct key {
    char text[STORE_KEY_BYTES_MAX];
    size_t size;
};

static inline str key_str(const struct key *key)
{
    return str_bytes(key->text, key->size);
}

#define KEY_FMT_(key, ...)                                                                                             \
    do {                                                                                                               \
        (key)->size = (size_t)snprintf((key)->text, sizeof((key)->text), __VA_ARGS__);                                 \
        if ((key)->size >= sizeof((key)->text))                                                                        \
            (key)->size = sizeof((key)->text) - 1; /* a region of that length is a stranger's: nothing is found */     \
    } while (0)

static inline void key_add_(struct key *key, str part)
{
    part = str_slice(part, 0, sizeof(key->text) - 1 - key->size);
    if (part.size)
        memcpy(key->text + key->size, part.at, part.size);
    key->size += part.size;
}

/* Joined, not formatted: every request looks for its stream. */
static inline struct key key_stream(str account, str region, str name)
{
    const str parts[] = { STR("stream/"), account, STR("/"), region, STR("/"), name };
    struct key key;

    key.size = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        key_add_(&key, parts[i]);
    return key;
}

static inline struct key key_shard(uint64_t stream_id, uint32_t index)
{
    struct key key;

    KEY_FMT_(&key, "shard/%016llx/%08x", (unsigned long long)stream_id, index);
    return key;
}

static inline struct key key_consumer(uint64_t stream_id, str name)
{
    struct key key;

    KEY_FMT_(&key, "consumer/%016llx/%.*s", (unsigned long long)stream_id, STR_ARG(name));
    return key;
}

static inline struct key key_account(str account, str region)
{
    struct key key;

    KEY_FMT_(&key, "account/%.*s/%.*s", STR_ARG(account), STR_ARG(region));
    return key;
}

static inline struct key key_stream_counter(void)
{
    struct key key;

    KEY_FMT_(&key, "counter/stream");
    return key;
}
#undef KEY_FMT_
