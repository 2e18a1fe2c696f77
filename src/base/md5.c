/* md5.c: a step of MD5 needs the one before it, so one text leaves most of the CPU idle; eight texts fill the lanes of
 * vectors, and cost little more than one. Texts that have ended keep their state while the longest goes on. */
#include "base/md5.h"

#include "base/bytes.h"

enum { LANES = 8, BLOCK_BYTES = 64, WORDS = 16 };

typedef uint32_t lanes __attribute__((vector_size(LANES * sizeof(uint32_t))));

struct state {
    lanes a, b, c, d;
};

/* A block of each lane, word by word; `going` is 0 where a text has ended. */
union blocks {
    uint32_t word[WORDS + 1][LANES];
    struct {
        lanes words[WORDS];
        lanes going;
    };
};

/* The integer part of 2^32 |sin(i + 1)| (RFC 1321). */
static const uint32_t sines[BLOCK_BYTES] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* Sixteen steps; the letters change places, so that four steps make a turn. */
#define STEP(f, a, b, c, d, word, i, turn)                                                                             \
    do {                                                                                                               \
        a += f(b, c, d) + blocks->words[(word) % WORDS] + sines[i];                                                            \
        a = (a << (turn) | a >> (32 - (turn))) + b;                                                                    \
    } while (0)
#define ROUND(f, first, factor, add, t0, t1, t2, t3)                                                                   \
    _Pragma("GCC unroll 4") for (unsigned i = (first); i < (first) + 16; i += 4)                                       \
    {                                                                                                                  \
        STEP(f, a, b, c, d, (factor)*i + (add), i, t0);                                                                \
        STEP(f, d, a, b, c, (factor) * (i + 1) + (add), i + 1, t1);                                                    \
        STEP(f, c, d, a, b, (factor) * (i + 2) + (add), i + 2, t2);                                                    \
        STEP(f, b, c, d, a, (factor) * (i + 3) + (add), i + 3, t3);                                                    \
    }
#define F(x, y, z) (z ^ (x & (y ^ z)))
#define G(x, y, z) (y ^ (z & (x ^ y)))
#define H(x, y, z) (x ^ y ^ z)
#define I(x, y, z) (y ^ (x | ~z))

/* One block of every lane; those that have ended stay as they are. */
__attribute__((always_inline)) static inline void compress(struct state *state, const union blocks *blocks)
{
    lanes a = state->a, b = state->b, c = state->c, d = state->d;

    ROUND(F, 0, 1, 0, 7, 12, 17, 22)
    ROUND(G, 16, 5, 1, 5, 9, 14, 20)
    ROUND(H, 32, 3, 5, 4, 11, 16, 23)
    ROUND(I, 48, 7, 0, 6, 10, 15, 21)
    state->a += a & blocks->going;
    state->b += b & blocks->going;
    state->c += c & blocks->going;
    state->d += d & blocks->going;
}

static size_t blocks_of(size_t size)
{
    return (size + 8) / BLOCK_BYTES + 1;
}

/* Block `number` of the padded text: its bytes, 0x80, zeros, and in the last block the length in bits. */
static void block_of(str text, size_t number, uint8_t ret_block[static BLOCK_BYTES])
{
    size_t from = number * BLOCK_BYTES;
    size_t size = from < text.size ? text.size - from : 0;

    if (size >= BLOCK_BYTES) {
        memcpy(ret_block, text.at + from, BLOCK_BYTES);
        return;
    }
    memset(ret_block, 0, BLOCK_BYTES);
    if (size)
        memcpy(ret_block, text.at + from, size);
    if (from + size == text.size && from <= text.size)
        ret_block[size] = 0x80;
    if (number + 1 == blocks_of(text.size))
        store_le64(ret_block + BLOCK_BYTES - 8, (uint64_t)text.size * 8);
}

/* Up to LANES texts. */
__attribute__((always_inline)) static inline void few(const str *texts, size_t count, uint8_t (*ret_digests)[MD5_BYTES])
{
    struct state state = { .a = (lanes){ 0 } + 0x67452301, .b = (lanes){ 0 } + 0xefcdab89,
                           .c = (lanes){ 0 } + 0x98badcfe, .d = (lanes){ 0 } + 0x10325476 };
    size_t longest = 0;

    for (size_t i = 0; i < count; i++)
        longest = texts[i].size > longest ? texts[i].size : longest;
    for (size_t number = 0; number < blocks_of(longest); number++) {
        union blocks blocks = { 0 };

        for (size_t i = 0; i < count; i++) {
            uint8_t block[BLOCK_BYTES];

            if (number >= blocks_of(texts[i].size))
                continue;
            blocks.word[WORDS][i] = UINT32_MAX;
            block_of(texts[i], number, block);
            for (size_t word = 0; word < WORDS; word++)
                blocks.word[word][i] = load_le32(block + 4 * word);
        }
        compress(&state, &blocks);
    }
    for (size_t i = 0; i < count; i++) {
        store_le32(ret_digests[i], state.a[i]);
        store_le32(ret_digests[i] + 4, state.b[i]);
        store_le32(ret_digests[i] + 8, state.c[i]);
        store_le32(ret_digests[i] + 12, state.d[i]);
    }
}

static void few_portable(const str *texts, size_t count, uint8_t (*ret_digests)[MD5_BYTES])
{
    few(texts, count, ret_digests);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void few_avx2(const str *texts, size_t count, uint8_t (*ret_digests)[MD5_BYTES])
{
    few(texts, count, ret_digests);
}

static bool have_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
static void few_avx2(const str *texts, size_t count, uint8_t (*ret_digests)[MD5_BYTES])
{
    few(texts, count, ret_digests);
}

static bool have_avx2(void)
{
    return false;
}
#endif

static void many(const str *texts, size_t count, uint8_t (*ret_digests)[MD5_BYTES], bool avx2)
{
    for (size_t done = 0; done < count; done += LANES) {
        size_t some = count - done < LANES ? count - done : LANES;

        if (avx2)
            few_avx2(texts + done, some, ret_digests + done);
        else
            few_portable(texts + done, some, ret_digests + done);
    }
}

void md5_many(const str *texts, size_t count, uint8_t (*ret_digests)[MD5_BYTES])
{
    many(texts, count, ret_digests, have_avx2());
}
