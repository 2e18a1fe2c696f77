/* crc32.c: blocks of 64 bytes are folded onto the next ones by multiplications of polynomials without carries (Gopal and
 * others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ"); zlib sums what 16 bytes are left, and the rest.
 * CPUs without the instruction leave all of it to zlib, which takes four times as long. */
#include "codec/crc32.h"

#include <zlib.h>

static uint32_t crc_zlib(uint32_t crc, const void *at, size_t size)
{
    return (uint32_t)crc32_z(crc, at, size);
}

#if defined(__x86_64__)
#include <immintrin.h>

#define PCLMUL __attribute__((target("sse4.1,pclmul")))

enum { LANE = 16, LANES = 4, BLOCK = LANE * LANES };

PCLMUL static __m128i load(const uint8_t *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* `sum`, as far in front of `next` as the two factors say, added to it. */
PCLMUL static __m128i fold(__m128i sum, __m128i factors, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(sum, factors, 0x00), high = _mm_clmulepi64_si128(sum, factors, 0x11);

    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* At least one block. Sets where it has stopped; what is behind that is less than a block. */
PCLMUL static uint32_t crc_blocks(uint32_t crc, const uint8_t *at, size_t size, const uint8_t **ret_rest)
{
    const __m128i over_block = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4); /* x^(512 - 32), x^(512 + 32) mod P, reversed */
    const __m128i over_lane = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);  /* x^(128 - 32), x^(128 + 32) */
    const uint8_t *end = at + size;
    __m128i lanes[LANES], sum;
    uint8_t left[LANE];

    for (int i = 0; i < LANES; i++)
        lanes[i] = load(at + i * LANE);
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128((int)~crc));
    for (at += BLOCK; end - at >= BLOCK; at += BLOCK) {
        for (int i = 0; i < LANES; i++)
            lanes[i] = fold(lanes[i], over_block, load(at + i * LANE));
    }
    sum = lanes[0];
    for (int i = 1; i < LANES; i++)
        sum = fold(sum, over_lane, lanes[i]);
    _mm_storeu_si128((__m128i *)(void *)left, sum);
    *ret_rest = at;
    return crc_zlib(UINT32_MAX, left, sizeof(left)); /* the beginning is in the sum already */
}

uint32_t crc32_ieee(uint32_t crc, const void *at, size_t size)
{
    const uint8_t *byte = at, *rest = byte;

    if (size >= BLOCK && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
        crc = crc_blocks(crc, byte, size, &rest);
    return crc_zlib(crc, rest, size - (size_t)(rest - byte));
}
#else
uint32_t crc32_ieee(uint32_t crc, const void *at, size_t size)
{
    return crc_zlib(crc, at, size);
}
#endif
