#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"

enum { BUCKETS_MIN = 16 };

void map_init(struct map *map, uint64_t seed)
{
    *map = (struct map){ .seed = seed };
}

void map_deinit(struct map *map)
{
    free(map->buckets);
    *map = (struct map){ .seed = map->seed };
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t map_hash(uint64_t seed, str key)
{
    uint64_t hash = seed ^ (key.size * 0x9e3779b97f4a7c15u);

    while (key.size >= 8) {
        hash = mix(hash ^ load_le64(key.at), 0xd6e8feb86659fd93u);
        key = str_slice(key, 8, key.size);
    }
    if (key.size) {
        char tail[8] = { 0 };

        memcpy(tail, key.at, key.size);
        hash = mix(hash ^ load_le64(tail), 0xa0761d6478bd642fu);
    }
    return mix(hash ^ 0xe7037ed1a0b428dbu, 0x8ebc6af09c88c6e3u);
}

static struct map_node **bucket_of(const struct map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->bucket_count - 1)];
}

struct map_node *map_find(const struct map *map, str key)
{
    uint64_t hash;

    if (map->count == 0)
        return NULL;
    hash = map_hash(map->seed, key);
    for (struct map_node *node = *bucket_of(map, hash); node; node = node->next)
        if (node->hash == hash && str_eq(node->key, key))
            return node;
    return NULL;
}

/* Twice the buckets; without memory the map goes on with longer chains. */
static void grow(struct map *map)
{
    size_t old_count = map->bucket_count, new_count = old_count ? old_count * 2 : BUCKETS_MIN;
    struct map_node **old = map->buckets;
    struct map_node **fresh = calloc(new_count, sizeof(*fresh));

    if (fresh == NULL)
        return;
    map->buckets = fresh;
    map->bucket_count = new_count;
    for (size_t i = 0; i < old_count; i++) {
        for (struct map_node *node = old[i]; node;) {
            struct map_node *next = node->next;
            struct map_node **bucket = bucket_of(map, node->hash);

            node->next = *bucket;
            *bucket = node;
            node = next;
        }
    }
    free(old);
}

enum err map_add(struct map *map, struct map_node *node, str key)
{
    struct map_node **bucket;

    if (map_find(map, key))
        return ERR_EXISTS;
    if (map->count >= map->bucket_count)
        grow(map);
    if (map->bucket_count == 0)
        return ERR_NO_MEMORY;
    node->key = key;
    node->hash = map_hash(map->seed, key);
    bucket = bucket_of(map, node->hash);
    node->next = *bucket;
    *bucket = node;
    map->count++;
    return OK;
}

void map_remove(struct map *map, struct map_node *node)
{
    struct map_node **at = bucket_of(map, node->hash);

    while (*at != node) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = node->next;
    node->next = NULL;
    map->count--;
}

struct map_node *map_next(const struct map *map, const struct map_node *node)
{
    size_t index = 0;

    if (node && node->next)
        return node->next;
    if (node)
        index = (size_t)(node->hash & (map->bucket_count - 1)) + 1;
    for (; index < map->bucket_count; index++)
        if (map->buckets[index])
            return map->buckets[index];
    return NULL;
}
