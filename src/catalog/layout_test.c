#include "catalog/layout.c"

#include "unit.h"

enum { OPEN_MAX = 256, OPEN_COUNTS_MAX = 16 };

/* The open shards of a stream by start, without a stream around them. */
struct world {
    struct shard shards[OPEN_MAX];
    struct shard *open[OPEN_MAX];
    size_t count;
    uint32_t made; /* shards ever made */
};

static void world_point(struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        world->open[i] = &world->shards[i];
}

static void world_init(struct world *world, uint32_t n)
{
    world->count = n;
    world->made = n;
    for (uint32_t i = 0; i < n; i++) {
        world->shards[i] = (struct shard){ .index = i };
        layout_range(n, i, &world->shards[i].start, &world->shards[i].end);
    }
    world_point(world);
}

static void world_split(struct world *world, size_t at, u128 key)
{
    struct shard *lower = &world->shards[at];

    memmove(lower + 1, lower, (world->count - at) * sizeof(*lower));
    lower[0].end = key - 1;
    lower[1].start = key;
    world->count++;
    world->made += 2;
    world_point(world);
}

static void world_merge(struct world *world, size_t at)
{
    struct shard *left = &world->shards[at];

    left->end = left[1].end;
    memmove(left + 1, left + 2, (world->count - at - 2) * sizeof(*left));
    world->count--;
    world->made++;
    world_point(world);
}

/* True if the open shards cover the hash space once, in order. */
static bool covers(const struct world *world)
{
    if (world->count == 0 || world->open[0]->start != 0 || world->open[world->count - 1]->end != U128_MAX)
        return false;
    for (size_t i = 0; i < world->count; i++)
        if (world->open[i]->start > world->open[i]->end ||
            (i > 0 && !layout_precedes(world->open[i - 1]->end, world->open[i]->start)))
            return false;
    return true;
}

/* Take one step; false when there is none left. */
static bool step(struct world *world, uint32_t target)
{
    size_t at;
    u128 key;

    switch (layout_next(world->open, world->count, target, &at, &key)) {
    case LAYOUT_SPLIT:
        world_split(world, at, key);
        return true;
    case LAYOUT_MERGE:
        world_merge(world, at);
        return true;
    case LAYOUT_DONE:
        break;
    }
    return false;
}

static bool equal_ranges(const struct world *world, uint32_t n)
{
    if (world->count != n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        u128 start, end;

        layout_range(n, i, &start, &end);
        if (world->open[i]->start != start || world->open[i]->end != end)
            return false;
    }
    return true;
}

/* From `n` equal shards to `target`, every step covering the hash space; returns how many shards were ever made. */
static uint32_t scale(uint32_t n, uint32_t target)
{
    static struct world world;
    bool covered = true;

    world_init(&world, n);
    for (int steps = 0; steps < 1000 && step(&world, target); steps++)
        covered = covered && covers(&world);
    CHECK(covered);
    CHECK(equal_ranges(&world, target));
    return world.made;
}

static u128 start_of(uint32_t n, uint32_t i)
{
    u128 start, end;

    layout_range(n, i, &start, &end);
    return start;
}

/* How many shards of `n` equal ones start where one of `m` equal ones does. It is gcd(n, m) where widths are not
 * rounded; where they are, boundaries that ought to meet may be a few keys apart. */
static uint32_t shared_starts(uint32_t n, uint32_t m)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < m; k++)
            count += start_of(n, i) == start_of(m, k);
    return count;
}

static u128 number(const char *digits)
{
    u128 value = 0;

    CHECK(u128_parse(str_of(digits), &value) == OK);
    return value;
}

/* These are on the wire of every stream that was ever made with two, three or four shards. */
TEST("first shards have the boundaries of the service")
{
    u128 start, end;

    layout_range(1, 0, &start, &end);
    CHECK(start == 0 && end == number("340282366920938463463374607431768211455"));
    CHECK(start_of(2, 1) == number("170141183460469231731687303715884105728"));
    CHECK(start_of(3, 1) == number("113427455640312821154458202477256070485"));
    CHECK(start_of(3, 2) == number("226854911280625642308916404954512140970"));
    CHECK(start_of(4, 1) == number("85070591730234615865843651857942052864"));
    CHECK(start_of(4, 2) == number("170141183460469231731687303715884105728"));
    CHECK(start_of(4, 3) == number("255211775190703847597530955573826158592"));
}

TEST("any number of first shards covers the hash space, the last one taking the rest")
{
    static struct world world;

    for (uint32_t n = 1; n <= 200; n++) {
        world_init(&world, n);
        CHECK(covers(&world));
    }
    CHECK(start_of(20000, 0) == 0);
    CHECK(start_of(20000, 19999) == width_of(20000) * 19999);
}

TEST("the topmost shard precedes nothing")
{
    CHECK(layout_precedes(9, 10));
    CHECK(!layout_precedes(9, 11));
    CHECK(!layout_precedes(10, 10));
    CHECK(!layout_precedes(U128_MAX, 0));
}

TEST("scaling makes as many shards as were seen in production")
{
    CHECK_INT(scale(2, 4), 6);
    CHECK_INT(scale(4, 2), 6);
    CHECK_INT(scale(4, 5), 15);
    CHECK_INT(scale(4, 3), 11);
    CHECK_INT(scale(3, 3), 3);
}

/* Recorded: of the eleven shards of 4 to 3, those with indices 6, 9 and 10 stay open. */
TEST("scaling 4 to 3 leaves the sixth, ninth and tenth open")
{
    static struct world world;
    uint32_t next = 4;
    size_t at;
    u128 key;

    world_init(&world, 4);
    for (int steps = 0; steps < 20; steps++) {
        enum layout_step what = layout_next(world.open, world.count, 3, &at, &key);

        if (what == LAYOUT_DONE)
            break;
        if (what == LAYOUT_SPLIT) {
            world_split(&world, at, key);
            world.shards[at].index = next++;
            world.shards[at + 1].index = next++;
        } else {
            world_merge(&world, at);
            world.shards[at].index = next++;
        }
    }
    CHECK_INT(world.count, 3);
    CHECK_INT(world.open[0]->index, 6);
    CHECK_INT(world.open[1]->index, 9);
    CHECK_INT(world.open[2]->index, 10);
}

/* Each boundary that is new costs a split (two shards), each that goes a merge (one). */
TEST("scaling from any count to any allowed one ends in equal ranges and takes no step too many")
{
    for (uint32_t n = 1; n <= OPEN_COUNTS_MAX; n++)
        for (uint32_t target = (n + 1) / 2; target <= 2 * n; target++)
            CHECK_INT(scale(n, target), 2 * n + 2 * target - 3 * shared_starts(n, target));
}

TEST("scaling starts from any layout")
{
    static struct world world;
    uint64_t random = 7;

    for (int round = 0; round < 50; round++) {
        world_init(&world, 1 + (uint32_t)(unit_random(&random) % 5));
        for (int cuts = 0; cuts < 6; cuts++) {
            size_t at = (size_t)(unit_random(&random) % world.count);
            const struct shard *shard = world.open[at];
            u128 room = shard->end - shard->start;
            u128 offset = ((u128)unit_random(&random) << 64 | unit_random(&random)) % room;

            world_split(&world, at, shard->start + 1 + offset);
        }
        for (int steps = 0; steps < 200 && step(&world, 7); steps++)
            CHECK(covers(&world));
        CHECK(equal_ranges(&world, 7));
    }
}

UNIT_MAIN
