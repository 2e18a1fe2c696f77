/* base64.c: three loops (check, encode, decode), each in a portable and an AVX2 form.
 *
 * The AVX2 loops are those of Mula and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions": nibble
 * tables find what is outside the alphabet, and multiplications move six bits to where they belong. They stop early
 * enough that a 32-byte load or store stays inside the strings; the portable loops do the rest. Why a check failed is
 * found out only after it has failed, slowly. */
#include "codec/base64.h"

#include <assert.h>

#include "codec/utf8.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { NO = 0xff };

/* The six bits of each character; NO for those outside the alphabet. */
static const uint8_t sextets[256] = {
    /* clang-format off */
     NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
     NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,
     NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  NO,  62,  NO,  NO,  NO,  63,
     52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  NO,  NO,  NO,  NO,  NO,  NO,
     NO,   0,   1,   2,   3,   4,   5,   6,   7,   8,   9,  10,  11,  12,  13,  14,
     15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25,  NO,  NO,  NO,  NO,  NO,
     NO,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,  39,  40,
     41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  NO,  NO,  NO,  NO,  NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    /* clang-format on */
};

static uint8_t sextet(char c)
{
    return sextets[(uint8_t)c];
}

static bool valid_portable(const char *at, const char *end)
{
    uint8_t all = 0;

    for (; at < end; at++)
        all |= sextet(*at);
    return all < 64;
}

/* Whole groups of three bytes. */
static void encode_portable(const char *at, const char *end, char *to)
{
    for (; end - at >= 3; at += 3, to += 4) {
        unsigned bits = (unsigned)(uint8_t)at[0] << 16 | (unsigned)(uint8_t)at[1] << 8 | (uint8_t)at[2];

        to[0] = alphabet[bits >> 18];
        to[1] = alphabet[bits >> 12 & 63];
        to[2] = alphabet[bits >> 6 & 63];
        to[3] = alphabet[bits & 63];
    }
}

/* Whole groups of four characters without padding. All four are read before the first byte is written. */
static void decode_portable(const char *at, const char *end, char *to)
{
    for (; end - at >= 4; at += 4, to += 3) {
        unsigned bits = (unsigned)sextet(at[0]) << 18 | (unsigned)sextet(at[1]) << 12 | (unsigned)sextet(at[2]) << 6 |
                        sextet(at[3]);

        to[0] = (char)(bits >> 16);
        to[1] = (char)(bits >> 8);
        to[2] = (char)bits;
    }
}

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2")))

AVX2 static __m256i load(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* How far from `at` all is in the alphabet, in steps of 32 bytes. Each nibble says in which rows or columns of the
 * ASCII table it has no letter; a character is outside if both nibbles name the same. */
AVX2 static const char *valid_avx2(const char *at, const char *end)
{
    const __m256i low_table = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
    const __m256i high_table = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
    const __m256i nibble = _mm256_set1_epi8(0x0f);

    for (; end - at >= 32; at += 32) {
        __m256i text = load(at);
        __m256i low = _mm256_shuffle_epi8(low_table, _mm256_and_si256(text, nibble));
        __m256i high = _mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble));

        if (!_mm256_testz_si256(low, high))
            break;
    }
    return at;
}

/* 24 bytes a step, while 28 may be read. Returns how many bytes are done. */
AVX2 static size_t encode_avx2(const char *at, size_t size, char *to)
{
    const __m256i spread =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    const __m256i offsets =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0));
    size_t done = 0;

    for (; size - done >= 28; done += 24, to += 32) {
        __m256i bytes =
            _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(at + done))),
                                    _mm_loadu_si128((const __m128i *)(const void *)(at + done + 12)), 1);
        __m256i first, second, six, row;

        bytes = _mm256_shuffle_epi8(bytes, spread);
        first =
            _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
        second =
            _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
        six = _mm256_or_si256(first, second);
        row =
            _mm256_sub_epi8(_mm256_subs_epu8(six, _mm256_set1_epi8(51)), _mm256_cmpgt_epi8(six, _mm256_set1_epi8(25)));
        six = _mm256_add_epi8(six, _mm256_shuffle_epi8(offsets, row));
        _mm256_storeu_si256((__m256i *)(void *)to, six);
    }
    return done;
}

/* 32 valid characters a step, while 48 remain: then the 32 bytes stored (24 that count) stay inside the output, and in
 * place they stay inside what has been read. Returns how many characters are done. */
AVX2 static size_t decode_avx2(const char *at, size_t size, char *to)
{
    const __m256i offsets =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i pack =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    const __m256i nibble = _mm256_set1_epi8(0x0f), slash = _mm256_set1_epi8('/');
    size_t done = 0;

    for (; size - done >= 48; done += 32, to += 24) {
        __m256i text = load(at + done);
        __m256i row = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);

        row = _mm256_add_epi8(row, _mm256_cmpeq_epi8(text, slash));
        text = _mm256_add_epi8(text, _mm256_shuffle_epi8(offsets, row));
        text = _mm256_maddubs_epi16(text, _mm256_set1_epi32(0x01400140));
        text = _mm256_madd_epi16(text, _mm256_set1_epi32(0x00011000));
        text = _mm256_shuffle_epi8(text, pack);
        text = _mm256_permutevar8x32_epi32(text, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1));
        _mm256_storeu_si256((__m256i *)(void *)to, text);
    }
    return done;
}

static bool have_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
static bool have_avx2(void)
{
    return false;
}

static const char *valid_avx2(const char *at, const char *end)
{
    return at;
}

static size_t encode_avx2(const char *at, size_t size, char *to)
{
    return 0;
}

static size_t decode_avx2(const char *at, size_t size, char *to)
{
    return 0;
}
#endif

static void encode(str bytes, char *to, bool avx2)
{
    const char *end;
    size_t done, rest = bytes.size % 3;
    char last[3] = { 0 };

    if (bytes.size == 0)
        return;
    end = bytes.at + bytes.size;
    done = avx2 ? encode_avx2(bytes.at, bytes.size, to) : 0;
    encode_portable(bytes.at + done, end, to + done / 3 * 4);
    if (rest == 0)
        return;
    memcpy(last, end - rest, rest);
    to += bytes.size / 3 * 4;
    encode_portable(last, last + 3, to);
    to[3] = '=';
    if (rest == 1)
        to[2] = '=';
}

void base64_encode(str bytes, char *to)
{
    encode(bytes, to, have_avx2());
}

void base64_append(struct buf *buf, str bytes)
{
    size_t size = base64_encoded_size(bytes.size);
    char *to = size ? buf_reserve(buf, size) : NULL;

    if (to == NULL)
        return;
    base64_encode(bytes, to);
    buf->size += size;
}

static size_t padding(str text)
{
    size_t count = 0;

    while (count < text.size && text.at[text.size - 1 - count] == '=')
        count++;
    return count;
}

/* Why `text` was refused. Padding in the middle is an invalid character, too much at the end is a bad last one. */
static struct base64_fault diagnose(str text)
{
    struct base64_fault fault = { .kind = BASE64_LENGTH, .length = str_utf16_units(text) };
    size_t body = text.size - padding(text);

    if (fault.length % 4 != 0)
        return fault;
    for (size_t i = 0; i < body; i++) {
        size_t size = utf8_sequence(text.at + i, text.at + text.size);

        if (sextet(text.at[i]) != NO)
            continue;
        fault.kind = BASE64_CHARACTER;
        fault.character = str_slice(text, i, i + (size ? size : 1));
        return fault;
    }
    fault.kind = BASE64_LAST;
    return fault;
}

static bool valid(str text, bool avx2)
{
    static const uint8_t lost_bits[3] = { 0, 3, 15 };
    size_t pads = padding(str_slice(text, text.size < 2 ? 0 : text.size - 2, text.size));
    const char *at = text.at, *end;

    if (text.size == 0)
        return true;
    if (text.size % 4 != 0)
        return false;
    end = text.at + (text.size - pads);
    if (avx2)
        at = valid_avx2(at, end);
    return valid_portable(at, end) && (sextet(end[-1]) & lost_bits[pads]) == 0;
}

static size_t decoded_size(str text)
{
    return text.size / 4 * 3 - (text.size ? padding(str_slice(text, text.size - 2, text.size)) : 0);
}

enum err base64_check(str text, size_t *ret_size, struct base64_fault *ret_fault)
{
    if (!valid(text, have_avx2())) {
        if (ret_fault)
            *ret_fault = diagnose(text);
        return ERR_MALFORMED;
    }
    *ret_size = decoded_size(text);
    return OK;
}

static size_t decode(str text, char *to, bool avx2)
{
    size_t size, pads, whole, done;
    char last[4] = { 'A', 'A', 'A', 'A' }, three[3];

    assert(text.size % 4 == 0);
    if (text.size == 0)
        return 0;
    size = decoded_size(text);
    pads = text.size / 4 * 3 - size;
    whole = pads ? text.size - 4 : text.size;
    memcpy(last, text.at + text.size - 4, 4 - pads);
    done = avx2 ? decode_avx2(text.at, whole, to) : 0;
    decode_portable(text.at + done, text.at + whole, to + done / 4 * 3);
    if (pads) {
        decode_portable(last, last + 4, three);
        memcpy(to + whole / 4 * 3, three, 3 - pads);
    }
    return size;
}

size_t base64_decode_checked(str text, char *to)
{
    return decode(text, to, have_avx2());
}

enum err base64_decode(str text, char *to, size_t *ret_size)
{
    size_t size;

    TRY(base64_check(text, &size, NULL));
    *ret_size = base64_decode_checked(text, to);
    assert(*ret_size == size);
    return OK;
}
