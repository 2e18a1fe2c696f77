/* idmap.c: linear probing; a removal shifts the following slots back, so there are no tombstones. */
#include "log/local/idmap.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 16 };

static size_t slot_of(const struct idmap *map, uint64_t id)
{
    uint64_t hash = id * 0x9e3779b97f4a7c15u;

    return (size_t)(hash ^ hash >> 32) & (map->capacity - 1);
}

void idmap_deinit(struct idmap *map)
{
    free(map->slots);
    *map = (struct idmap){ 0 };
}

void *idmap_get(const struct idmap *map, uint64_t id)
{
    if (map->count == 0)
        return NULL;
    for (size_t i = slot_of(map, id);; i = (i + 1) & (map->capacity - 1)) {
        if (map->slots[i].id == id)
            return map->slots[i].value;
        if (map->slots[i].id == 0)
            return NULL;
    }
}

static void insert(struct idmap *map, uint64_t id, void *value)
{
    size_t i = slot_of(map, id);

    while (map->slots[i].id != 0 && map->slots[i].id != id)
        i = (i + 1) & (map->capacity - 1);
    map->count += map->slots[i].id == 0;
    map->slots[i] = (struct idmap_slot){ .id = id, .value = value };
}

static enum err resize(struct idmap *map, size_t capacity)
{
    struct idmap larger = { .capacity = capacity, .slots = calloc(capacity, sizeof(struct idmap_slot)) };

    if (!larger.slots)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].id != 0)
            insert(&larger, map->slots[i].id, map->slots[i].value);
    }
    assert(larger.count == map->count);
    free(map->slots);
    *map = larger;
    return OK;
}

enum err idmap_put(struct idmap *map, uint64_t id, void *value)
{
    assert(id != 0 && value != NULL);
    if ((map->count + 1) * 4 > map->capacity * 3 && idmap_get(map, id) == NULL)
        TRY(resize(map, map->capacity ? map->capacity * 2 : CAPACITY_MIN));
    insert(map, id, value);
    return OK;
}

/* May the slot's content move to `hole`, that is, does its home not lie behind the hole? */
static bool may_move(const struct idmap *map, size_t slot, size_t hole)
{
    size_t mask = map->capacity - 1, home = slot_of(map, map->slots[slot].id);

    return ((slot - home) & mask) >= ((slot - hole) & mask);
}

void idmap_remove(struct idmap *map, uint64_t id)
{
    size_t mask = map->capacity - 1, hole;

    if (map->count == 0)
        return;
    for (hole = slot_of(map, id); map->slots[hole].id != id; hole = (hole + 1) & mask) {
        if (map->slots[hole].id == 0)
            return;
    }
    for (size_t i = (hole + 1) & mask; map->slots[i].id != 0; i = (i + 1) & mask) {
        if (may_move(map, i, hole)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (struct idmap_slot){ 0 };
    map->count--;
    if (map->count == 0) {
        idmap_deinit(map);
    } else if (map->capacity > CAPACITY_MIN && map->count * 8 < map->capacity) {
        enum err err = resize(map, map->capacity / 4 > CAPACITY_MIN ? map->capacity / 4 : CAPACITY_MIN);

        (void)err; /* too large is good enough */
    }
}

struct idmap_slot *idmap_next(const struct idmap *map, size_t *cursor)
{
    while (*cursor < map->capacity) {
        struct idmap_slot *slot = &map->slots[(*cursor)++];

        if (slot->id != 0)
            return slot;
    }
    return NULL;
}
