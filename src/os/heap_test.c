#include "heap.c"

#include "unit.h"

enum { TIMERS = 500 };

static struct os_timer timers[TIMERS];

/* The naive answer: the smallest time among the armed. */
static int64_t soonest(const bool *armed)
{
    int64_t at_us = INT64_MAX;

    for (int i = 0; i < TIMERS; i++)
        if (armed[i] && timers[i].at_us < at_us)
            at_us = timers[i].at_us;
    return at_us;
}

TEST("the root is the soonest timer whatever was added and removed before")
{
    struct os_timer *root = NULL;
    bool armed[TIMERS] = { false };
    uint64_t seed = 7;

    for (int step = 0; step < 20000; step++) {
        int i = (int)(unit_random(&seed) % TIMERS);

        if (armed[i]) {
            root = heap_remove(root, &timers[i]);
            CHECK(timers[i].prev == NULL && timers[i].child == NULL && timers[i].sibling == NULL);
        } else {
            timers[i].at_us = (int64_t)(unit_random(&seed) % 1000);
            root = heap_add(root, &timers[i]);
        }
        armed[i] = !armed[i];
        if (step % 16 == 0 && root)
            CHECK_INT(root->at_us, soonest(armed));
    }
}

TEST("taking the root again and again sorts")
{
    struct os_timer *root = NULL;
    int64_t before = -1;
    int taken = 0;
    uint64_t seed = 9;

    for (int i = 0; i < TIMERS; i++) {
        timers[i].at_us = (int64_t)(unit_random(&seed) % 100);
        root = heap_add(root, &timers[i]);
    }
    for (; root; taken++) {
        CHECK(root->at_us >= before);
        before = root->at_us;
        root = heap_remove(root, root);
    }
    CHECK_INT(taken, TIMERS);
}

UNIT_MAIN
