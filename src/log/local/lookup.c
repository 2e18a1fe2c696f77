/* lookup.c: a map from (file, log) to entries, in a list by last use. */
#include "log/local/lookup.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/list.h"
#include "base/map.h"

struct lookup {
    struct map_node node;
    struct list link;
    char key[16];
    struct settled_entry *entries;
    uint32_t count;
};

struct lookup_cache {
    struct map map;
    struct list used; /* oldest first */
    uint64_t bytes, bytes_max;
};

struct lookup_cache *lookup_create(uint64_t bytes_max, uint64_t seed)
{
    struct lookup_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return NULL;
    map_init(&cache->map, seed);
    list_init(&cache->used);
    cache->bytes_max = bytes_max;
    return cache;
}

static uint64_t cost(const struct lookup *lookup)
{
    return sizeof(*lookup) + lookup->count * sizeof(struct settled_entry);
}

static void drop(struct lookup_cache *cache, struct lookup *lookup)
{
    cache->bytes -= cost(lookup);
    map_remove(&cache->map, &lookup->node);
    list_remove(&lookup->link);
    free(lookup->entries);
    free(lookup);
}

void lookup_destroy(struct lookup_cache *cache)
{
    if (!cache)
        return;
    while (!list_empty(&cache->used))
        drop(cache, container_of(cache->used.next, struct lookup, link));
    map_deinit(&cache->map);
    free(cache);
}

static str key_of(char key[static 16], uint64_t file, log_id log)
{
    store_le64(key, file);
    store_le64(key + 8, log);
    return str_bytes(key, 16);
}

bool lookup_get(struct lookup_cache *cache, uint64_t file, log_id log, const struct settled_entry **ret_entries,
                uint32_t *ret_count)
{
    char key[16];
    struct map_node *node = map_find(&cache->map, key_of(key, file, log));

    if (!node)
        return false;

    struct lookup *lookup = container_of(node, struct lookup, node);

    list_remove(&lookup->link);
    list_push(&cache->used, &lookup->link);
    *ret_entries = lookup->entries;
    *ret_count = lookup->count;
    return true;
}

void lookup_put(struct lookup_cache *cache, uint64_t file, log_id log, struct settled_entry *entries, uint32_t count)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));

    if (!lookup || map_add(&cache->map, &lookup->node, key_of(lookup->key, file, log)) != OK) {
        free(entries); /* known already, or no memory: nothing is lost */
        free(lookup);
        return;
    }
    lookup->entries = entries;
    lookup->count = count;
    list_push(&cache->used, &lookup->link);
    cache->bytes += cost(lookup);
    while (cache->bytes > cache->bytes_max && cache->used.next != &cache->used)
        drop(cache, container_of(cache->used.next, struct lookup, link));
}
