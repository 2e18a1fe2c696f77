/* sha256.c: a round of SHA-256 needs the one before it, and the instruction for two rounds takes four cycles but one can
 * begin in every second: a second text costs little. What is left then is the one port that all of these instructions
 * share; where the CPU rotates vectors, a part of the message schedule is done by others. */
#include "base/sha256.h"

#include <assert.h>

#include "base/bytes.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

enum { BLOCK_BYTES = 64, ROUNDS = 64, QUADS = ROUNDS / 4, LEAF = 7, BIT_SHA = 1 << 29 };

#define TARGET        __attribute__((target("sha,sse4.1")))
#define TARGET_AVX512 __attribute__((target("sha,sse4.1,avx512f,avx512vl")))
#define INLINE        __attribute__((always_inline, target("sha,sse4.1"))) static inline

/* The eight words of a state in the order of the instructions. */
struct state {
    __m128i abef, cdgh;
};

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4). */
static const uint32_t roots[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

INLINE __m128i load(const void *at)
{
    return _mm_loadu_si128(at);
}

typedef uint32_t words __attribute__((vector_size(16)));

/* What _mm_sha256msg1_epu32 does, by shifts: they become rotations where the CPU has them. */
INLINE __m128i schedule(__m128i w0, __m128i w1)
{
    words x = (words)_mm_alignr_epi8(w1, w0, 4);

    return (__m128i)((words)w0 + ((x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ x >> 3));
}

/* Four words of the message from the sixteen before them. */
INLINE __m128i next_words(const __m128i *w, int i, bool rotated)
{
    __m128i w0 = w[i % 4], w1 = w[(i + 1) % 4], w2 = w[(i + 2) % 4], w3 = w[(i + 3) % 4];
    __m128i sum = rotated ? schedule(w0, w1) : _mm_sha256msg1_epu32(w0, w1);

    return _mm_sha256msg2_epu32(_mm_add_epi32(sum, _mm_alignr_epi8(w3, w2, 4)), w3);
}

/* Block after block of `lanes` texts; that and `rotated` are constants where this is expanded. Everything stays in
 * registers of 16 bytes: while one of 32 is in use the instructions take a hundred times as long. */
INLINE void blocks(struct state *states, const char *const *texts, size_t count, int lanes, bool rotated)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abef[2], cdgh[2], w[2][4], sum;

    _Pragma("GCC unroll 2") for (int l = 0; l < lanes; l++)
    {
        abef[l] = states[l].abef;
        cdgh[l] = states[l].cdgh;
    }
    for (size_t at = 0; at < count * BLOCK_BYTES; at += BLOCK_BYTES) {
        __m128i abef_then[2], cdgh_then[2];

        _Pragma("GCC unroll 2") for (int l = 0; l < lanes; l++)
        {
            abef_then[l] = abef[l];
            cdgh_then[l] = cdgh[l];
        }
        _Pragma("GCC unroll 16") for (int i = 0; i < QUADS; i++)
        {
            _Pragma("GCC unroll 2") for (int l = 0; l < lanes; l++)
            {
                w[l][i % 4] = i < 4 ? _mm_shuffle_epi8(load(texts[l] + at + 16 * (size_t)i), swap)
                                    : next_words(w[l], i, rotated);
                sum = _mm_add_epi32(w[l][i % 4], load(roots + 4 * i));
                cdgh[l] = _mm_sha256rnds2_epu32(cdgh[l], abef[l], sum);
                abef[l] = _mm_sha256rnds2_epu32(abef[l], cdgh[l], _mm_shuffle_epi32(sum, 0x0e));
            }
        }
        _Pragma("GCC unroll 2") for (int l = 0; l < lanes; l++)
        {
            abef[l] = _mm_add_epi32(abef[l], abef_then[l]);
            cdgh[l] = _mm_add_epi32(cdgh[l], cdgh_then[l]);
        }
    }
    _Pragma("GCC unroll 2") for (int l = 0; l < lanes; l++)
        states[l] = (struct state){ abef[l], cdgh[l] };
}

TARGET static void blocks_of_one(struct state *states, const char *const *texts, size_t count)
{
    blocks(states, texts, count, /* lanes: */ 1, /* rotated: */ false);
}

TARGET static void blocks_of_two(struct state *states, const char *const *texts, size_t count)
{
    blocks(states, texts, count, /* lanes: */ 2, /* rotated: */ false);
}

TARGET_AVX512 static void blocks_of_two_rotated(struct state *states, const char *const *texts, size_t count)
{
    _mm256_zeroupper();
    blocks(states, texts, count, /* lanes: */ 2, /* rotated: */ true);
}

static struct state initial(void)
{
    return (struct state){ .abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
                           .cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19) };
}

/* What stands behind the whole blocks: the rest of the text, 0x80, zeros, the length in bits. Returns how many blocks. */
static size_t padded(str text, char ret_end[static 2 * BLOCK_BYTES])
{
    size_t rest = text.size % BLOCK_BYTES, count = rest + 9 > BLOCK_BYTES ? 2 : 1;

    memset(ret_end, 0, 2 * BLOCK_BYTES);
    if (rest)
        memcpy(ret_end, text.at + text.size - rest, rest);
    ret_end[rest] = (char)0x80;
    store_be64(ret_end + count * BLOCK_BYTES - 8, (uint64_t)text.size * 8);
    return count;
}

static void finish(const struct state *state, uint8_t ret_digest[static SHA256_BYTES])
{
    uint32_t abef[4], cdgh[4];

    memcpy(abef, &state->abef, sizeof(abef));
    memcpy(cdgh, &state->cdgh, sizeof(cdgh));
    for (size_t i = 0; i < 2; i++) {
        store_be32(ret_digest + 4 * i, abef[3 - i]);
        store_be32(ret_digest + 8 + 4 * i, cdgh[3 - i]);
        store_be32(ret_digest + 16 + 4 * i, abef[1 - i]);
        store_be32(ret_digest + 24 + 4 * i, cdgh[1 - i]);
    }
}

void sha256_pair(enum sha256_ways ways, const str texts[static 2], uint8_t ret_digests[static 2][SHA256_BYTES])
{
    struct state states[2] = { initial(), initial() };
    const char *at[2] = { texts[0].at, texts[1].at };
    size_t counts[2] = { texts[0].size / BLOCK_BYTES, texts[1].size / BLOCK_BYTES };
    size_t both = counts[0] < counts[1] ? counts[0] : counts[1];

    assert(ways != SHA256_ABSENT);
    if (ways == SHA256_AVX512)
        blocks_of_two_rotated(states, at, both);
    else
        blocks_of_two(states, at, both);
    for (size_t i = 0; i < 2; i++) {
        const char *rest = at[i] + both * BLOCK_BYTES;
        char end[2 * BLOCK_BYTES];
        size_t count = padded(texts[i], end);

        blocks_of_one(&states[i], &rest, counts[i] - both);
        rest = end;
        blocks_of_one(&states[i], &rest, count);
        finish(&states[i], ret_digests[i]);
    }
}

enum sha256_ways sha256_ways(void)
{
    unsigned a, b, c, d;

    if (!__get_cpuid_count(LEAF, 0, &a, &b, &c, &d) || !(b & BIT_SHA) || !__builtin_cpu_supports("sse4.1"))
        return SHA256_ABSENT;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? SHA256_AVX512 : SHA256_PLAIN;
}
#else
enum sha256_ways sha256_ways(void)
{
    return SHA256_ABSENT;
}

void sha256_pair(enum sha256_ways ways, const str texts[static 2], uint8_t ret_digests[static 2][SHA256_BYTES])
{
    assert(ways != SHA256_ABSENT && "there is none for this CPU");
}
#endif
