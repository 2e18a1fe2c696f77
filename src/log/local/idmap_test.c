#include "log/local/idmap.c"

#include "unit.h"

TEST("an empty map finds nothing and removes nothing")
{
    struct idmap map = { 0 };

    CHECK(idmap_get(&map, 5) == NULL);
    idmap_remove(&map, 5);
    idmap_deinit(&map);
}

TEST("the map answers as an array would, over random puts and removals")
{
    enum { IDS = 700 };
    static void *model[IDS + 1];
    struct idmap map = { 0 };
    uint64_t random = 42;

    for (unsigned step = 0; step < 100000; step++) {
        uint64_t id = 1 + unit_random(&random) % (step / 10000 % 2 ? 20 : IDS);

        if (unit_random(&random) % 3) {
            model[id] = &model[unit_random(&random) % IDS];
            CHECK(idmap_put(&map, id, model[id]) == OK);
        } else {
            model[id] = NULL;
            idmap_remove(&map, id);
        }
        if (step % 97 == 0) {
            size_t count = 0, cursor = 0, walked = 0;

            for (uint64_t i = 1; i <= IDS; i++) {
                CHECK(idmap_get(&map, i) == model[i]);
                count += model[i] != NULL;
            }
            while (idmap_next(&map, &cursor))
                walked++;
            CHECK(map.count == count && walked == count);
        }
    }
    idmap_deinit(&map);
}

TEST("a map that empties gives its memory back")
{
    struct idmap map = { 0 };
    int value;

    for (uint64_t id = 1; id <= 10000; id++)
        CHECK(idmap_put(&map, id, &value) == OK);
    for (uint64_t id = 1; id <= 9990; id++)
        idmap_remove(&map, id);
    CHECK(map.capacity <= 128);
    for (uint64_t id = 9991; id <= 10000; id++) {
        CHECK(idmap_get(&map, id) == &value);
        idmap_remove(&map, id);
    }
    CHECK(map.slots == NULL);
}

TEST("replacing takes no room, however full the map is: it cannot fail")
{
    struct idmap map = { 0 };
    int value, other;

    for (uint64_t id = 1; id <= 1000; id++) {
        CHECK(idmap_put(&map, id, &value) == OK);
        for (uint64_t again = 1; again <= id; again += 1 + id / 7) {
            size_t capacity = map.capacity;

            CHECK(idmap_put(&map, again, &other) == OK && map.capacity == capacity && map.count == id);
        }
    }
    idmap_deinit(&map);
}

UNIT_MAIN
