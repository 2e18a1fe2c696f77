/* number.c: a number text is digits and the place of the point; everything exact follows from these two. */
#include "codec/number.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Exponents beyond this make no difference and cannot overflow sums with sizes of texts. */
static const int64_t EXPONENT_MAX = (int64_t)1 << 40;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* Behind the digits that must start at `at`, or NULL. */
static const char *digits(const char *at, const char *end)
{
    const char *behind = digits_end(at, end);

    return behind == at ? NULL : behind;
}

const char *number_scan(const char *at, const char *end)
{
    if (at < end && *at == '-')
        at++;
    if (at == end || !is_digit(*at))
        return NULL;
    at = *at == '0' ? at + 1 : digits_end(at, end);
    if (at < end && *at == '.') {
        at = digits(at + 1, end);
        if (at == NULL)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = digits(at, end);
    }
    return at;
}

bool number_check(str text)
{
    return text.size && number_scan(text.at, text.at + text.size) == text.at + text.size;
}

struct decimal {
    bool negative;
    str whole, fraction; /* digits before and behind the point */
    int64_t exponent;
};

static int64_t parse_exponent(const char *at, const char *end)
{
    bool negative = *at == '-';
    int64_t exponent = 0;

    if (*at == '+' || *at == '-')
        at++;
    for (; at < end && exponent < EXPONENT_MAX; at++)
        exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

static struct decimal parse(str text)
{
    struct decimal decimal = { 0 };
    const char *at = text.at, *end = text.at + text.size, *from;

    assert(number_check(text));
    decimal.negative = *at == '-';
    from = at + decimal.negative;
    at = digits_end(from, end);
    decimal.whole = str_bytes(from, (size_t)(at - from));
    decimal.fraction = str_bytes(at, 0);
    if (at < end && *at == '.') {
        from = at + 1;
        at = digits_end(from, end);
        decimal.fraction = str_bytes(from, (size_t)(at - from));
    }
    if (at < end)
        decimal.exponent = parse_exponent(at + 1, end);
    return decimal;
}

static size_t digit_count(const struct decimal *decimal)
{
    return decimal->whole.size + decimal->fraction.size;
}

static unsigned digit_at(const struct decimal *decimal, size_t index)
{
    const str *whole = &decimal->whole;
    char c = index < whole->size ? whole->at[index] : decimal->fraction.at[index - whole->size];

    return (unsigned)(c - '0');
}

enum rest { REST_NONE, REST_BELOW_HALF, REST_HALF_OR_MORE };

static enum rest rest_from(const struct decimal *decimal, int64_t point)
{
    size_t count = digit_count(decimal);

    if (point >= (int64_t)count)
        return REST_NONE;
    if (point >= 0 && digit_at(decimal, (size_t)point) >= 5)
        return REST_HALF_OR_MORE;
    for (size_t i = point > 0 ? (size_t)point : 0; i < count; i++)
        if (digit_at(decimal, i))
            return REST_BELOW_HALF;
    return REST_NONE;
}

/* |number| * 10^shift cut to an integer, UINT64_MAX if larger, and what was cut off. */
static uint64_t scale(const struct decimal *decimal, int shift, enum rest *ret_rest)
{
    int64_t point = (int64_t)decimal->whole.size + decimal->exponent + shift;
    size_t count = digit_count(decimal);
    uint64_t number = 0;

    *ret_rest = rest_from(decimal, point);
    for (int64_t i = 0; i < point && (number || i < (int64_t)count); i++) {
        unsigned digit = i < (int64_t)count ? digit_at(decimal, (size_t)i) : 0;

        if (__builtin_mul_overflow(number, 10u, &number) || __builtin_add_overflow(number, digit, &number))
            return UINT64_MAX;
    }
    return number;
}

static int64_t with_sign(uint64_t magnitude, bool negative)
{
    if (negative)
        return magnitude > INT64_MAX ? INT64_MIN : -(int64_t)magnitude;
    return magnitude > INT64_MAX ? INT64_MAX : (int64_t)magnitude;
}

int64_t number_int(str text)
{
    struct decimal decimal = parse(text);
    enum rest rest;
    uint64_t magnitude = scale(&decimal, 0, &rest);

    if (decimal.negative && rest != REST_NONE && magnitude < UINT64_MAX)
        magnitude++;
    return with_sign(magnitude, decimal.negative);
}

static int64_t floor_thousandth(int64_t number)
{
    return number / 1000 - (number % 1000 < 0);
}

int64_t number_milliseconds(str text)
{
    struct decimal decimal = parse(text);
    enum rest rest;
    uint64_t microseconds = scale(&decimal, 6, &rest);

    if (rest == REST_HALF_OR_MORE && microseconds < UINT64_MAX)
        microseconds++;
    return floor_thousandth(with_sign(microseconds, decimal.negative));
}

/* strtod of a text of any length: the digits that can decide the rounding of a double, then one that stands for all
 * the others. */
static double long_double_text(const struct decimal *decimal)
{
    enum { DIGITS_MAX = 770 };
    char text[DIGITS_MAX + 32];
    size_t count = digit_count(decimal), used = 0, i = 0;
    int64_t exponent = decimal->exponent - (int64_t)decimal->fraction.size;
    double number;

    while (i < count && digit_at(decimal, i) == 0)
        i++;
    for (; i < count && used < DIGITS_MAX; i++)
        text[used++] = (char)('0' + digit_at(decimal, i));
    exponent += (int64_t)(count - i);
    if (rest_from(decimal, (int64_t)i) != REST_NONE) {
        text[used++] = '1';
        exponent--;
    }
    if (used == 0)
        text[used++] = '0';
    (void)snprintf(text + used, sizeof(text) - used, "e%lld", (long long)exponent);
    number = strtod(text, NULL);
    return decimal->negative ? -number : number;
}

double number_double(str text)
{
    char copy[64];
    struct decimal decimal;

    if (text.size < sizeof(copy)) {
        assert(number_check(text));
        memcpy(copy, text.at, text.size);
        copy[text.size] = 0;
        return strtod(copy, NULL);
    }
    decimal = parse(text);
    return long_double_text(&decimal);
}

int64_t number_int_of_double(double number)
{
    if (isnan(number))
        return 0;
    number = floor(number);
    if (number >= 0x1p63)
        return INT64_MAX;
    return number < -0x1p63 ? INT64_MIN : (int64_t)number;
}

int64_t number_milliseconds_of_double(double seconds)
{
    return floor_thousandth(number_int_of_double(nearbyint(seconds * 1e6)));
}

void number_write_int(struct buf *buf, int64_t number)
{
    if (number < 0)
        buf_byte(buf, '-');
    buf_u64(buf, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void number_write_double(struct buf *buf, double number)
{
    char text[32];
    int size = 0;

    assert(isfinite(number));
    for (int precision = 15; precision <= 17; precision++) {
        double again;

        size = snprintf(text, sizeof(text), "%.*g", precision, number);
        again = strtod(text, NULL);
        if (memcmp(&again, &number, sizeof(again)) == 0)
            break;
    }
    buf_append(buf, str_bytes(text, (size_t)size));
}

void number_write_seconds(struct buf *buf, int64_t milliseconds)
{
    uint64_t magnitude = milliseconds < 0 ? 0 - (uint64_t)milliseconds : (uint64_t)milliseconds;
    unsigned thousandths = (unsigned)(magnitude % 1000);
    char fraction[4] = { '.', (char)('0' + thousandths / 100), (char)('0' + thousandths / 10 % 10),
                         (char)('0' + thousandths % 10) };
    size_t size = sizeof(fraction);

    if (milliseconds < 0)
        buf_byte(buf, '-');
    buf_u64(buf, magnitude / 1000);
    while (size > 1 && fraction[size - 1] == '0')
        size--;
    if (size > 1)
        buf_append(buf, str_bytes(fraction, size));
}
