/* grow_test.c: an array that grows by one again and again. */
#include <stdbool.h>
#include <stdlib.h>

static bool no_memory;

static void *scarce(void *at, size_t size)
{
    return no_memory ? NULL : realloc(at, size);
}

#define realloc scarce
#include "base/grow.h"

#include "unit.h"

TEST("what is in it stays, in room that doubles")
{
    uint64_t *array = NULL;
    uint32_t count = 0, capacity = 0, moves = 0;

    for (uint64_t i = 0; i < 1000; i++) {
        uint32_t before = capacity;

        CHECK_INT(GROW(array, count, capacity, 3), OK);
        moves += capacity != before;
        array[count++] = i;
    }
    CHECK_INT(capacity, 3 << 9);
    CHECK_INT(moves, 10);
    for (uint64_t i = 0; i < count; i++)
        CHECK_INT(array[i], i);
    free(array);
}

TEST("without memory nothing has changed; where there is room none is asked for")
{
    int *array = NULL;
    size_t count = 0, capacity = 0;

    CHECK_INT(GROW(array, count, capacity, 2), OK);
    array[count++] = 7;
    no_memory = true;
    CHECK_INT(GROW(array, count, capacity, 2), OK);
    array[count++] = 8;
    CHECK_INT(GROW(array, count, capacity, 2), ERR_NO_MEMORY);
    CHECK(capacity == 2 && array[0] == 7 && array[1] == 8);
    no_memory = false;
    free(array);
}

UNIT_MAIN
