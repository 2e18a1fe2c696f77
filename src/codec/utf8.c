/* utf8.c: scanning text for the few bytes that matter.
 *
 * Signed bytes below 0x20 are exactly the control characters and all that is not ASCII, so one comparison finds both.
 */
#include "codec/utf8.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

size_t utf8_sequence(const char *at, const char *end)
{
    uint8_t first, second;
    size_t size;

    if (at == end)
        return 0;
    first = (uint8_t)at[0];
    if (first < 0x80)
        return 1;
    size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (size == 0 || size > (size_t)(end - at))
        return 0;
    for (size_t i = 1; i < size; i++)
        if (((uint8_t)at[i] & 0xc0) != 0x80)
            return 0;
    second = (uint8_t)at[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
        return 0;
    return size;
}

/* The first byte that is not ASCII, or `end`. */
static const char *ascii_end(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t eight;

        memcpy(&eight, at, sizeof(eight));
        eight &= 0x8080808080808080u;
        if (eight)
            return at + __builtin_ctzll(eight) / 8;
        at += 8;
    }
    while (at < end && (uint8_t)*at < 0x80)
        at++;
    return at;
}

bool utf8_valid(str text)
{
    const char *at = text.at, *end = text.size ? text.at + text.size : text.at;

    while ((at = ascii_end(at, end)) != end) {
        size_t size = utf8_sequence(at, end);

        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

static const char *plain_end_portable(const char *at, const char *end)
{
    while (at < end && (signed char)*at >= 0x20 && *at != '"' && *at != '\\')
        at++;
    return at;
}

#ifdef __x86_64__
static const char *plain_end_sse2(const char *at, const char *end)
{
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');

    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i marked = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                      _mm_cmplt_epi8(bytes, space));
        int mask = _mm_movemask_epi8(marked);

        if (mask)
            return at + __builtin_ctz((unsigned)mask);
    }
    return plain_end_portable(at, end);
}

__attribute__((target("avx2"))) static __m256i marked_avx2(const char *at)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i special = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')),
                                      _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')));

    return _mm256_or_si256(special, _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), bytes));
}

/* How far all is plain, in steps of 64 bytes: records' data in base64 is long. */
__attribute__((target("avx2"))) static const char *plain_blocks_avx2(const char *at, const char *end)
{
    for (; end - at >= 64; at += 64) {
        __m256i marked = _mm256_or_si256(marked_avx2(at), marked_avx2(at + 32));

        if (!_mm256_testz_si256(marked, marked))
            break;
    }
    return at;
}

const char *utf8_plain_end(const char *at, const char *end)
{
    if (end - at >= 64 && __builtin_cpu_supports("avx2"))
        at = plain_blocks_avx2(at, end);
    return plain_end_sse2(at, end);
}
#else
const char *utf8_plain_end(const char *at, const char *end)
{
    return plain_end_portable(at, end);
}
#endif
