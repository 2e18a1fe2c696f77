/* crc32_test.c: the published value, and zlib's for every size and place. */
#include "codec/crc32.h"

#include <zlib.h>

#include "unit.h"

TEST("the value that everybody publishes, whole and in parts")
{
    CHECK_INT(crc32_ieee(0, "123456789", 9), 0xcbf43926);
    CHECK_INT(crc32_ieee(crc32_ieee(0, "1234", 4), "56789", 5), 0xcbf43926);
    CHECK_INT(crc32_ieee(0, "", 0), 0);
}

TEST("every size at every place, from any value on, sums as zlib sums it")
{
    static uint8_t bytes[70000];
    uint64_t seed = 11;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)unit_random(&seed);
    for (size_t size = 0; size < 400; size++) {
        size_t at = size % 17;
        uint32_t crc = (uint32_t)unit_random(&seed);

        CHECK_INT(crc32_ieee(crc, bytes + at, size), crc32_z(crc, bytes + at, size));
    }
    for (int i = 0; i < 200; i++) {
        size_t at = unit_random(&seed) % 1000, size = unit_random(&seed) % (sizeof(bytes) - 1000);
        uint32_t crc = (uint32_t)unit_random(&seed);

        CHECK_INT(crc32_ieee(crc, bytes + at, size), crc32_z(crc, bytes + at, size));
    }
}

UNIT_MAIN
