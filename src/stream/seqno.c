#include "stream/seqno.h"

#include <assert.h>

#include "base/bytes.h"

/* A number of 192 bits, least significant limb first. */
struct wide {
    uint64_t limb[3];
};

enum { PART = 100000000, PART_DIGITS = 8 };
#define TWO_PARTS     10000000000000000ull
#define CREATED_S_END 16025175000ll           /* later creation seconds are no valid number */

/* (*rest : limb) / divisor, where rest < divisor, so that the quotient fits; the compiler cannot know that and would
 * call a general division. */
static uint64_t divide(uint64_t *rest, uint64_t limb, uint64_t divisor)
{
#if defined(__x86_64__)
    uint64_t quotient, remainder;

    __asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "a"(limb), "d"(*rest), "r"(divisor) : "cc");
    *rest = remainder;
    return quotient;
#else
    unsigned __int128 number = (unsigned __int128)*rest << 64 | limb;

    *rest = (uint64_t)(number % divisor);
    return (uint64_t)(number / divisor);
#endif
}

/* Divides in place; returns the remainder. Leading limbs that are below the divisor cost no division. */
static uint64_t wide_divide(struct wide *wide, uint64_t divisor)
{
    uint64_t rest = 0;

    for (int i = 2; i >= 0; i--) {
        if (rest == 0 && wide->limb[i] < divisor) {
            rest = wide->limb[i];
            wide->limb[i] = 0;
        } else {
            wide->limb[i] = divide(&rest, wide->limb[i], divisor);
        }
    }
    return rest;
}

static bool wide_multiply_add(struct wide *wide, uint64_t factor, uint64_t add)
{
    unsigned __int128 carry = add;

    for (int i = 0; i < 3; i++) {
        carry += (unsigned __int128)wide->limb[i] * factor;
        wide->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

/* `width` bits from bit `low` upwards. */
static uint64_t wide_bits(const struct wide *wide, unsigned low, unsigned width)
{
    unsigned limb = low / 64, shift = low % 64;
    uint64_t bits = wide->limb[limb] >> shift;

    if (shift && limb < 2)
        bits |= wide->limb[limb + 1] << (64 - shift);
    return width == 64 ? bits : bits & ((1ull << width) - 1);
}

static void wide_put(struct wide *wide, unsigned low, uint64_t bits)
{
    unsigned limb = low / 64, shift = low % 64;

    wide->limb[limb] |= bits << shift;
    if (shift && limb < 2)
        wide->limb[limb + 1] |= bits >> (64 - shift);
}

static unsigned wide_size(const struct wide *wide)
{
    for (int i = 2; i >= 0; i--)
        if (wide->limb[i])
            return (unsigned)i * 64 + 64 - (unsigned)__builtin_clzll(wide->limb[i]);
    return 0;
}

static void parts_of(struct seqno seqno, uint32_t ret_parts[static SEQNO_PARTS])
{
    struct wide wide = { { 0 } };

    wide_put(&wide, 0, 2);
    wide_put(&wide, 4, seqno.shard);
    wide_put(&wide, 36, (uint64_t)seqno.time_s & 0xfffffffff);
    wide_put(&wide, 80, seqno.index);
    wide_put(&wide, 144, seqno.shard & 0xf);
    wide_put(&wide, 148, (uint64_t)seqno.created_s & 0xfffffffff);
    wide_put(&wide, 184, 2);
    for (int i = 0; i < SEQNO_PARTS - 1; i += 2) {
        uint64_t two = wide_divide(&wide, TWO_PARTS);

        ret_parts[i] = (uint32_t)(two % PART);
        ret_parts[i + 1] = (uint32_t)(two / PART);
    }
    assert(wide.limb[0] < PART && !wide.limb[1] && !wide.limb[2]);
    ret_parts[SEQNO_PARTS - 1] = (uint32_t)wide.limb[0];
}

/* Add two to the index, which stands 80 bits up. */
static void parts_next(uint32_t parts[static SEQNO_PARTS])
{
    static const uint32_t step[SEQNO_PARTS] = { 49412352, 92292583, 41785163, 2 };
    uint32_t carry = 0;

    for (int i = 0; i < SEQNO_PARTS; i++) {
        parts[i] += step[i] + carry;
        carry = parts[i] >= PART;
        parts[i] -= carry ? PART : 0;
    }
}

/* Eight digits, leading zeros too: the number is halved into ever more lanes of one word, the first digit lowest. */
static void part_format(uint32_t part, char *to)
{
    uint64_t fours = part / 10000 | (uint64_t)(part % 10000) << 32;
    uint64_t high = (fours * 10486) >> 20 & 0x7f0000007f; /* a hundredth */
    uint64_t twos = high | (fours - 100 * high) << 16;
    uint64_t tens = (twos * 103) >> 10 & 0x000f000f000f000f; /* a tenth */

    store_le64(to, (tens | (twos - 10 * tens) << 8) + 0x3030303030303030);
}

void seqno_format_near(struct seqno_near *near, struct seqno seqno, char ret_digits[static SEQNO_DIGITS])
{
    const struct seqno *last = &near->last;

    if (near->known && seqno.index == last->index + 2 && seqno.created_s == last->created_s &&
        seqno.time_s == last->time_s && seqno.shard == last->shard)
        parts_next(near->parts);
    else
        parts_of(seqno, near->parts);
    near->last = seqno;
    near->known = true;
    for (int i = 0; i < SEQNO_PARTS; i++)
        part_format(near->parts[SEQNO_PARTS - 1 - i], ret_digits + i * PART_DIGITS);
}

void seqno_format(struct seqno seqno, char ret_digits[static SEQNO_DIGITS])
{
    struct seqno_near near = { 0 };

    seqno_format_near(&near, seqno, ret_digits);
}

static enum err parse_wide(str digits, struct wide *ret_wide)
{
    struct wide wide = { { 0 } };

    if (digits.size == 0 || digits.size > 129)
        return ERR_MALFORMED;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return ERR_MALFORMED;
        if (!wide_multiply_add(&wide, 10, (uint64_t)(digits.at[i] - '0')))
            return ERR_MALFORMED;
    }
    *ret_wide = wide;
    return OK;
}

/* '1', 9 creation, 2 nothing, 16 random, 4 shard: 32 hex digits and a bit. */
static enum err parse_version0(struct wide wide, struct seqno *ret_seqno)
{
    struct seqno seqno;

    if (wide_size(&wide) <= 124)
        wide_put(&wide, 124, 1);
    seqno = (struct seqno){ .created_s = (int64_t)wide_bits(&wide, 88, 36),
                            .index = wide_bits(&wide, 16, 64),
                            .shard = (uint32_t)wide_bits(&wide, 0, 16) };
    if (seqno.created_s >= CREATED_S_END)
        return ERR_MALFORMED;
    seqno.index &= INT64_MAX;
    seqno.time_s = seqno.created_s;
    *ret_seqno = seqno;
    return OK;
}

/* '2', 9 creation, 1 low digit, 2 nothing, 9 time, 14 random, 2 index, 8 shard, '1'. */
static enum err parse_version1(const struct wide *wide, struct seqno *ret_seqno)
{
    *ret_seqno = (struct seqno){ .created_s = (int64_t)wide_bits(wide, 148, 36),
                                 .index = wide_bits(wide, 36, 8),
                                 .time_s = (int64_t)wide_bits(wide, 100, 36),
                                 .shard = (uint32_t)wide_bits(wide, 4, 32) };
    return ret_seqno->created_s < CREATED_S_END ? OK : ERR_MALFORMED;
}

static enum err parse_version2(const struct wide *wide, struct seqno *ret_seqno)
{
    *ret_seqno = (struct seqno){ .created_s = (int64_t)wide_bits(wide, 148, 36),
                                 .index = wide_bits(wide, 80, 64),
                                 .time_s = (int64_t)wide_bits(wide, 36, 36),
                                 .shard = (uint32_t)wide_bits(wide, 4, 32) };
    if (ret_seqno->index >> 63 || ret_seqno->created_s >= CREATED_S_END)
        return ERR_MALFORMED;
    return OK;
}

enum err seqno_parse(str digits, struct seqno *ret_seqno, int *ret_version)
{
    struct wide wide = { { 0 } };
    struct seqno seqno = { 0 };
    int version;

    TRY(parse_wide(digits, &wide));
    if (wide_size(&wide) <= 129) {
        version = 0;
        TRY(parse_version0(wide, &seqno));
    } else {
        version = (int)wide_bits(&wide, 0, 4);
        if (wide_size(&wide) != 186 || wide_bits(&wide, 184, 2) != 2)
            return ERR_MALFORMED;
        if (version == 2)
            TRY(parse_version2(&wide, &seqno));
        else if (version == 1)
            TRY(parse_version1(&wide, &seqno));
        else
            return ERR_MALFORMED;
    }
    *ret_seqno = seqno;
    *ret_version = version;
    return OK;
}

struct seqno seqno_start(const struct shard *shard)
{
    return (struct seqno){ .created_s = shard->created_s, .time_s = shard->created_s, .shard = shard->index };
}

struct seqno seqno_end(const struct shard *shard)
{
    return (struct seqno){ .created_s = shard->created_s,
                           .index = SEQNO_INDEX_END,
                           .time_s = shard->closed_at / 1000,
                           .shard = shard->index };
}

log_pos seqno_at(struct seqno seqno)
{
    return seqno.index / 2 + (seqno.index & 1);
}

log_pos seqno_after(struct seqno seqno)
{
    return seqno.index / 2 + 1;
}

str shard_id_format(uint32_t index, char ret_text[static SHARD_ID_MAX])
{
    static const char zero[] = "shardId-000000000000";
    size_t at = sizeof(zero) - 1;

    memcpy(ret_text, zero, sizeof(zero));
    for (; index; index /= 10)
        ret_text[--at] = (char)('0' + index % 10);
    return str_bytes(ret_text, sizeof(zero) - 1);
}

enum err shard_id_parse(str text, uint32_t *ret_index)
{
    size_t dash = str_index(text, '-');
    uint64_t number;

    if (dash < text.size)
        text = str_slice(text, dash + 1, text.size);
    TRY(str_u64(text, &number));
    if (number > INT32_MAX)
        return ERR_TOO_LARGE;
    *ret_index = (uint32_t)number;
    return OK;
}
