#include "base/crc32c.h"

#include "base/bytes.h"

/* The table of the reflected polynomial, one byte at a time: for CPUs without the instruction. */
static uint32_t step_byte(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    return crc;
}

static uint32_t crc_portable(uint32_t crc, const uint8_t *at, size_t size)
{
    while (size--)
        crc = step_byte(crc, *at++);
    return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const uint8_t *at, size_t size)
{
    uint64_t wide = crc;

    for (; size >= 8; at += 8, size -= 8)
        wide = _mm_crc32_u64(wide, load_le64(at));
    crc = (uint32_t)wide;
    for (; size; at++, size--)
        crc = _mm_crc32_u8(crc, *at);
    return crc;
}

uint32_t crc32c(uint32_t crc, const void *at, size_t size)
{
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_sse42(~crc, at, size);
    return ~crc_portable(~crc, at, size);
}
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

uint32_t crc32c(uint32_t crc, const void *at, size_t size)
{
    const uint8_t *byte = at;

    crc = ~crc;
    for (; size >= 8; byte += 8, size -= 8)
        crc = __crc32cd(crc, load_le64(byte));
    for (; size; byte++, size--)
        crc = __crc32cb(crc, *byte);
    return ~crc;
}
#else
uint32_t crc32c(uint32_t crc, const void *at, size_t size)
{
    return ~crc_portable(~crc, at, size);
}
#endif
