#include "map.c"

#include <stdio.h>

#include "unit.h"

struct entry {
    struct map_node node;
    char key[8];
    bool present;
};

TEST("behaves as a plain array of flags over random adds and removes")
{
    static struct entry entries[500];
    struct map map;
    uint64_t state = 11;
    size_t count = 0, walked = 0;

    map_init(&map, 99);
    for (size_t i = 0; i < 500; i++)
        snprintf(entries[i].key, sizeof(entries[i].key), "%zu", i);
    for (int step = 0; step < 20000; step++) {
        struct entry *entry = &entries[unit_random(&state) % 500];
        str key = str_of(entry->key);

        CHECK((map_find(&map, key) == &entry->node) == entry->present);
        if (entry->present) {
            map_remove(&map, &entry->node);
            count--;
        } else {
            CHECK_INT(map_add(&map, &entry->node, key), OK);
            count++;
        }
        entry->present = !entry->present;
        CHECK_INT(map.count, count);
    }
    for (struct map_node *node = map_next(&map, NULL); node; node = map_next(&map, node))
        walked++;
    CHECK_INT(walked, count);
    map_deinit(&map);
}

TEST("a taken key is refused")
{
    struct map map;
    struct map_node a, b;

    map_init(&map, 1);
    CHECK_INT(map_add(&map, &a, STR("key")), OK);
    CHECK_INT(map_add(&map, &b, STR("key")), ERR_EXISTS);
    map_deinit(&map);
}

UNIT_MAIN
