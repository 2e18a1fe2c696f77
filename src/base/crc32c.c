/* crc32c.c: the instruction takes three cycles but one can begin in each, so three thirds of a block are summed side by
 * side and then put together: crc(A B) = crc(A) * x^(8 |B|) + crc(B), a multiplication of polynomials without carries.
 * What comes later is asked of memory early: the CPU's own guess ends at each page, and a sum of bytes that are in no
 * cache would take twice as long. */
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
#include <immintrin.h>

enum { LONG = 1024, SHORT = 128 }; /* bytes of a third */
enum { LINE = 64, AHEAD = 4 * LONG };

/* x^(8n - 33) mod P for n bytes, bit-reversed. A product of two reversed numbers is one place short, and the
 * instruction multiplies by x^32 while it reduces: together the missing 33. */
enum { OVER_LONG = 0x170076fa, OVER_SHORT = 0x0d3b6092 };
#define OVER_TWO_LONG  0xa51b6135u
#define OVER_TWO_SHORT 0xb9e02b86u

__attribute__((target("sse4.2,pclmul"))) static uint64_t over(uint64_t crc, uint32_t factor)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)crc), _mm_cvtsi64_si128(factor), 0);

    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/* May be behind the end of the bytes: to ask is no access. */
static void ask_ahead(const uint8_t *at)
{
    _mm_prefetch((const char *)((uintptr_t)at + AHEAD), _MM_HINT_T0);
}

/* Whole blocks of three thirds; returns what is behind them. */
__attribute__((target("sse4.2,pclmul"))) static const uint8_t *
thirds(uint64_t *crc, const uint8_t *at, size_t size, size_t third, uint32_t over_one, uint32_t over_two)
{
    for (; size >= 3 * third; at += 3 * third, size -= 3 * third) {
        uint64_t a = *crc, b = 0, c = 0;

        for (size_t line = 0; line < third; line += LINE) {
            ask_ahead(at + line);
            ask_ahead(at + third + line);
            ask_ahead(at + 2 * third + line);
            for (size_t i = line; i < line + LINE; i += 8) {
                a = _mm_crc32_u64(a, load_le64(at + i));
                b = _mm_crc32_u64(b, load_le64(at + third + i));
                c = _mm_crc32_u64(c, load_le64(at + 2 * third + i));
            }
        }
        *crc = over(a, over_two) ^ over(b, over_one) ^ c;
    }
    return at;
}

static uint32_t crc_pclmul(uint32_t crc, const uint8_t *at, size_t size, const uint8_t **ret_rest)
{
    const uint8_t *end = at + size;
    uint64_t wide = crc;

    at = thirds(&wide, at, size, LONG, OVER_LONG, OVER_TWO_LONG);
    *ret_rest = thirds(&wide, at, (size_t)(end - at), SHORT, OVER_SHORT, OVER_TWO_SHORT);
    return (uint32_t)wide;
}

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
    const uint8_t *byte = at, *rest = byte;

    if (!__builtin_cpu_supports("sse4.2"))
        return ~crc_portable(~crc, byte, size);
    crc = ~crc;
    if (size >= 3 * SHORT && __builtin_cpu_supports("pclmul"))
        crc = crc_pclmul(crc, byte, size, &rest);
    return ~crc_sse42(crc, rest, size - (size_t)(rest - byte));
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
