/* idmap.h: a hash map from log ids to pointers, sixteen bytes a slot; open addressing, shrinks when it empties. */
#pragma once

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct idmap_slot {
    uint64_t id; /* 0: free */
    void *value;
};

/* All zeros is an empty map. */
struct idmap {
    struct idmap_slot *slots;
    size_t capacity, count;
};

void idmap_deinit(struct idmap *map);

/* NULL if there is none. */
void *idmap_get(const struct idmap *map, uint64_t id);

/* Adds or replaces; `value` is not NULL, `id` not 0. NO_MEMORY when it adds only. */
must_use enum err idmap_put(struct idmap *map, uint64_t id, void *value);

/* Harmless if there is none. */
void idmap_remove(struct idmap *map, uint64_t id);

/* Any order; `*cursor` 0 starts, NULL ends. Nothing may be added or removed during the walk. */
struct idmap_slot *idmap_next(const struct idmap *map, size_t *cursor);
