#include "arena.c"

#include "unit.h"

static int disposed[4], disposed_count;

struct counted {
    struct arena_dispose dispose;
    int number;
};

static void note(struct arena_dispose *dispose)
{
    disposed[disposed_count++] = ((struct counted *)(void *)dispose)->number;
}

TEST("objects are zeroed, aligned and do not overlap")
{
    struct arena arena;
    char *previous = NULL;

    arena_init(&arena, 1 << 20);
    for (size_t size = 0; size < 300; size++) {
        char *at = arena_alloc(&arena, size);

        CHECK(at != NULL);
        CHECK((uintptr_t)at % alignof(max_align_t) == 0);
        for (size_t i = 0; i < size; i++)
            CHECK(at[i] == 0);
        memset(at, 0xff, size);
        CHECK(at != previous);
        previous = at;
    }
    arena_deinit(&arena);
}

TEST("the bound holds, and a refused allocation leaves the arena usable")
{
    struct arena arena;

    arena_init(&arena, 3 * 4096);
    CHECK(arena_alloc(&arena, 100000) == NULL);
    CHECK(arena_array(&arena, SIZE_MAX / 2, 16) == NULL);
    CHECK(arena_alloc(&arena, 100) != NULL);
    CHECK(arena.bytes <= arena.bytes_max);
    arena_deinit(&arena);
}

TEST("reset runs what was hung on it, last first, and starts over")
{
    struct arena arena;

    disposed_count = 0;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 3; i++) {
        struct counted *counted = ARENA_NEW(&arena, struct counted);

        counted->number = i;
        arena_on_reset(&arena, &counted->dispose, note);
    }
    arena_reset(&arena);
    CHECK_INT(disposed_count, 3);
    CHECK_INT(disposed[0], 2);
    CHECK_INT(disposed[2], 0);
    arena_reset(&arena);
    CHECK_INT(disposed_count, 3);
    arena_deinit(&arena);
}

TEST("text is copied with a zero byte behind it, and absent stays absent")
{
    struct arena arena;
    str copy;

    arena_init(&arena, 1 << 20);
    copy = arena_str(&arena, STR("shard"));
    CHECK_STR(copy, "shard");
    CHECK(copy.at[5] == 0);
    CHECK(!str_present(arena_str(&arena, (str){ 0 })));
    CHECK_STR(arena_fmt(&arena, "%s-%012d", "shardId", 7), "shardId-000000000007");
    arena_deinit(&arena);
}

TEST("a failure is remembered until the next use")
{
    struct arena arena;

    arena_init(&arena, 10000);
    CHECK(arena_alloc(&arena, 100) != NULL && !arena.failed);
    CHECK(arena_alloc(&arena, 20000) == NULL && arena.failed);
    CHECK(arena_alloc(&arena, 100) != NULL && arena.failed);
    arena_reset(&arena);
    CHECK(!arena.failed);
    arena_deinit(&arena);
    CHECK(!arena.failed);
}

UNIT_MAIN
