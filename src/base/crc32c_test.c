#include "crc32c.c"

#include "unit.h"

TEST("the standard check value")
{
    CHECK_INT(crc32c(0, "123456789", 9), 0xe3069283);
}

TEST("the instruction and the table agree, at any length and split")
{
    uint8_t bytes[257];
    uint64_t state = 7;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)unit_random(&state);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        uint32_t whole = crc32c(0, bytes, size);

        CHECK_INT(whole, ~crc_portable(~0u, bytes, size));
        CHECK_INT(crc32c(crc32c(0, bytes, size / 3), bytes + size / 3, size - size / 3), whole);
    }
}

TEST("blocks of every size, begun anywhere, agree with the table")
{
    static uint8_t bytes[20000];
    uint64_t state = 9;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)unit_random(&state);
    for (int round = 0; round < 400; round++) {
        size_t from = unit_random(&state) % 64, size = unit_random(&state) % (sizeof(bytes) - from);
        uint32_t before = (uint32_t)unit_random(&state);

        if (!CHECK_INT(crc32c(before, bytes + from, size), ~crc_portable(~before, bytes + from, size)))
            return;
    }
}

UNIT_MAIN
