#include "base/str.h"

#include "base/bytes.h"

int str_cmp(str a, str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.at, b.at, common) : 0;

    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

/* Which of eight characters are A to Z, by their eighth bits. Seven bits and a constant carry into the eighth where the
 * letter is in range. */
static uint64_t upper_of_eight(uint64_t eight)
{
    uint64_t seven = eight & ~tops, from_a = seven + (0x80 - 'A') * ones, behind_z = seven + (0x7f - 'Z') * ones;

    return from_a & ~behind_z & ~eight & tops;
}

/* What differs in more than the bit of the case is told at once. */
static bool eq_eight(const char *a, const char *b)
{
    uint64_t eight = load_le64(a), differ = eight ^ load_le64(b);

    if (differ & ~(0x20 * ones))
        return false;
    return (differ << 2 & ~upper_of_eight(eight & ~(0x20 * ones))) == 0;
}

bool str_eq_nocase_sized(const char *a, const char *b, size_t size)
{
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8)
            if (!eq_eight(a + i, b + i))
                return false;
        return eq_eight(a + size - 8, b + size - 8);
    }
    for (size_t i = 0; i < size; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

void str_lower(str s, char *ret_text)
{
    size_t i = 0;

    for (; i + 8 <= s.size; i += 8)
        store_le64(ret_text + i, load_le64(s.at + i) | upper_of_eight(load_le64(s.at + i)) >> 2);
    for (; i < s.size; i++)
        ret_text[i] = lower(s.at[i]);
}

bool str_starts(str s, str prefix)
{
    return s.size >= prefix.size && str_eq(str_slice(s, 0, prefix.size), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.size >= suffix.size && str_eq(str_slice(s, s.size - suffix.size, s.size), suffix);
}

enum err str_u64(str s, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (s.size == 0)
        return ERR_MALFORMED;
    for (size_t i = 0; i < s.size; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return ERR_MALFORMED;
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(s.at[i] - '0'), &number))
            return ERR_TOO_LARGE;
    }
    *ret_number = number;
    return OK;
}

typedef uint8_t sixteen __attribute__((vector_size(16)));

static sixteen hex_digits(sixteen nibbles)
{
    return nibbles + '0' + ((sixteen)(nibbles > 9) & ('a' - '0' - 10));
}

/* Sixteen bytes at once. */
static void hex_sixteen(const char *bytes, char *to)
{
    sixteen all, high, low, digits[2];

    memcpy(&all, bytes, sizeof(all));
    high = hex_digits(all >> 4);
    low = hex_digits(all & 15);
    digits[0] = __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    digits[1] = __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    memcpy(to, digits, sizeof(digits));
}

void str_hex(str bytes, char *ret_digits)
{
    static const char digits[] = "0123456789abcdef";
    size_t i = 0;

    for (; i + 16 <= bytes.size; i += 16)
        hex_sixteen(bytes.at + i, ret_digits + 2 * i);
    for (; i < bytes.size; i++) {
        uint8_t byte = (uint8_t)bytes.at[i];

        ret_digits[2 * i] = digits[byte >> 4];
        ret_digits[2 * i + 1] = digits[byte & 15];
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err str_unhex(str digits, uint8_t *ret_bytes)
{
    if (digits.size % 2 != 0)
        return ERR_MALFORMED;
    for (size_t i = 0; i < digits.size; i += 2) {
        int high = hex_value(digits.at[i]), low = hex_value(digits.at[i + 1]);

        if (high < 0 || low < 0)
            return ERR_MALFORMED;
        ret_bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    return OK;
}

/* Length of the valid UTF-8 sequence that starts at `s`, or 0. */
static size_t utf8_sequence(str s)
{
    uint8_t first = (uint8_t)s.at[0];
    size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

    if (size == 0 || size > s.size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if (((uint8_t)s.at[i] & 0xc0) != 0x80)
            return 0;
    if (size > 2) {
        uint8_t second = (uint8_t)s.at[1];

        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
            (first == 0xf4 && second > 0x8f))
            return 0;
    }
    return size;
}

bool str_is_utf8(str s)
{
    while (s.size) {
        size_t size = utf8_sequence(s);

        if (size == 0)
            return false;
        s = str_slice(s, size, s.size);
    }
    return true;
}

size_t str_utf16_units(str s)
{
    size_t units = 0;

    for (size_t i = 0; i < s.size; i++) {
        uint8_t byte = (uint8_t)s.at[i];

        if ((byte & 0xc0) != 0x80)
            units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
}
