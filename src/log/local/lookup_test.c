#include "log/local/lookup.c"

#include "unit.h"

static struct settled_entry *entries(uint32_t count)
{
    return calloc(count, sizeof(struct settled_entry));
}

TEST("what was found is known, also that nothing was found")
{
    struct lookup_cache *cache = lookup_create(10000, 1);
    const struct settled_entry *found;
    uint32_t count;

    lookup_put(cache, 1, 5, entries(3), 3);
    lookup_put(cache, 1, 6, NULL, 0);
    CHECK(lookup_get(cache, 1, 5, &found, &count) && count == 3);
    CHECK(lookup_get(cache, 1, 6, &found, &count) && count == 0);
    CHECK(!lookup_get(cache, 2, 5, &found, &count));
    lookup_put(cache, 1, 5, entries(9), 9); /* two reads asked at the same time */
    CHECK(lookup_get(cache, 1, 5, &found, &count) && count == 3);
    lookup_destroy(cache);
}

TEST("the least recently used goes first, and the bound is kept")
{
    struct lookup_cache *cache = lookup_create(20 * (sizeof(struct lookup) + sizeof(struct settled_entry)), 1);
    const struct settled_entry *found;
    uint32_t count;

    for (uint64_t i = 1; i <= 100; i++) {
        lookup_put(cache, i, 1, entries(1), 1);
        CHECK(lookup_get(cache, 1, 1, &found, &count));
        CHECK(cache->bytes <= cache->bytes_max);
    }
    CHECK(!lookup_get(cache, 2, 1, &found, &count));
    CHECK(lookup_get(cache, 100, 1, &found, &count));
    lookup_destroy(cache);
}

UNIT_MAIN
