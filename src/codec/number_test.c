/* number_test.c: exactness, floors and clamps of number texts. */
#include "codec/number.c"

#include "unit.h"

static int64_t int_of(const char *text)
{
    return number_int(str_of(text));
}

static int64_t ms_of(const char *text)
{
    return number_milliseconds(str_of(text));
}

TEST("the grammar of RFC 8259 and nothing more")
{
    static const char *const good[] = { "0", "-0", "10", "0.5", "-1.25e+10", "1E5", "1e-07", "0e0", "120" };
    static const char *const bad[] = { "",   "-",  "+1",  "01",   "1.",  ".5",  "1e",   "1e+",   "0x1",
                                       "1 ", " 1", "--1", "1.e1", "-.5", "NaN", "1e1.", "1_000", "Infinity" };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        CHECK(number_check(str_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        CHECK(!number_check(str_of(bad[i])));
}

TEST("integers are floored")
{
    CHECK_INT(int_of("10.7"), 10);
    CHECK_INT(int_of("-10.2"), -11);
    CHECK_INT(int_of("-10.0"), -10);
    CHECK_INT(int_of("-0"), 0);
    CHECK_INT(int_of("-0.0001e-999999999999"), -1);
    CHECK_INT(int_of("0.999999999999999999999999999999"), 0);
    CHECK_INT(int_of("1.441215410867E9"), 1441215410);
    CHECK_INT(int_of("12345e-2"), 123);
    CHECK_INT(int_of("0.0012e4"), 12);
    CHECK_INT(int_of("0e99999999999999999999"), 0);
    CHECK_INT(int_of("0.000e5"), 0);
}

TEST("integers beyond 64 bits are clamped, those within are exact")
{
    CHECK_INT(int_of("9223372036854775807"), INT64_MAX);
    CHECK_INT(int_of("9223372036854775806"), INT64_MAX - 1);
    CHECK_INT(int_of("9223372036854775808"), INT64_MAX);
    CHECK_INT(int_of("-9223372036854775807"), -INT64_MAX);
    CHECK_INT(int_of("-9223372036854775808"), INT64_MIN);
    CHECK_INT(int_of("-9223372036854775809"), INT64_MIN);
    CHECK_INT(int_of("-9223372036854775807.5"), INT64_MIN);
    CHECK_INT(int_of("18446744073709551616"), INT64_MAX);
    CHECK_INT(int_of("-1e400"), INT64_MIN);
    CHECK_INT(int_of("1e99999999999999999999999"), INT64_MAX);
    CHECK_INT(int_of("1e-99999999999999999999999"), 0);
}

TEST("seconds become milliseconds without a detour through doubles")
{
    CHECK_INT(ms_of("1441215410.867"), 1441215410867);
    CHECK_INT(ms_of("1.441215410867E9"), 1441215410867);
    CHECK_INT(ms_of("1441215410"), 1441215410000);
    CHECK_INT(ms_of("0.001"), 1);
    CHECK_INT(ms_of("0.0019"), 1);
    CHECK_INT(ms_of("-0.001"), -1);
    CHECK_INT(ms_of("-0.0015"), -2);
    CHECK_INT(ms_of("1441215410.8669999"), 1441215410867);
    CHECK_INT(ms_of("1441215410.8670001"), 1441215410867);
    CHECK_INT(ms_of("1441215410.8675"), 1441215410867);
    CHECK_INT(ms_of("4294967296.001"), 4294967296001);
    CHECK_INT(ms_of("1e300"), INT64_MAX / 1000);
    CHECK_INT(ms_of("-1e300"), INT64_MIN / 1000 - 1);
}

TEST("every millisecond survives writing and reading, as text and as double")
{
    uint64_t seed = 3;
    struct buf buf;

    buf_init(&buf, 64);
    for (int i = 0; i < 20000; i++) {
        int64_t ms = (int64_t)(unit_random(&seed) % 8000000000000u) - 2000000000000;

        buf_clear(&buf);
        number_write_seconds(&buf, ms);
        if (!CHECK_INT(number_milliseconds(buf_str(&buf)), ms) ||
            !CHECK_INT(number_milliseconds_of_double(number_double(buf_str(&buf))), ms))
            break;
    }
    buf_deinit(&buf);
}

static void check_written(int64_t ms, const char *expected)
{
    struct buf buf;

    buf_init(&buf, 64);
    number_write_seconds(&buf, ms);
    CHECK_STR(buf_str(&buf), expected);
    buf_deinit(&buf);
}

TEST("seconds are written without trailing zeros")
{
    check_written(1441215410867, "1441215410.867");
    check_written(1441215410500, "1441215410.5");
    check_written(1441215410050, "1441215410.05");
    check_written(1441215410000, "1441215410");
    check_written(0, "0");
    check_written(7, "0.007");
    check_written(-1, "-0.001");
    check_written(INT64_MIN, "-9223372036854775.808");
}

static bool same_double(const char *text)
{
    double got = number_double(str_of(text)), expected = strtod(text, NULL);

    return memcmp(&got, &expected, sizeof(got)) == 0;
}

TEST("long texts give the same double as strtod, to the last digit")
{
    char text[1400] = "1.000000000000000111022302462515654042363166809082031250";
    size_t size = strlen(text);

    CHECK(same_double("3.14"));
    CHECK(same_double("-0"));
    CHECK(same_double("-0.0000000000000000000000000000000000000000000000000000000000000000000e5"));
    CHECK(same_double("0.00000000000000000000000000000000000000000000000000000000000000000012345e60"));
    CHECK(
        same_double("123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890e-70"));
    memset(text + size, '0', sizeof(text) - 1 - size);
    CHECK(same_double(text));
    text[sizeof(text) - 2] = '1';
    CHECK(same_double(text));
    CHECK(number_double(str_of(text)) > 1.0);
    CHECK(number_double(STR("1e999")) == (double)INFINITY);
}

TEST("doubles are written so that they read back")
{
    static const double numbers[] = { 0, 1, -1, 0.1, 1.0 / 3, 1e20, 5e-324, 1.7976931348623157e308, 1441215410.867 };
    struct buf buf;

    buf_init(&buf, 64);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        buf_clear(&buf);
        number_write_double(&buf, numbers[i]);
        CHECK(number_check(buf_str(&buf)));
        CHECK(number_double(buf_str(&buf)) == numbers[i]);
    }
    CHECK_STR(buf_str(&buf), "1441215410.867");
    buf_deinit(&buf);
}

TEST("doubles to integers: floored, clamped, NaN is 0")
{
    CHECK_INT(number_int_of_double(1.9), 1);
    CHECK_INT(number_int_of_double(-1.1), -2);
    CHECK_INT(number_int_of_double(1e30), INT64_MAX);
    CHECK_INT(number_int_of_double(-1e30), INT64_MIN);
    CHECK_INT(number_int_of_double(0x1p63), INT64_MAX);
    CHECK_INT(number_int_of_double(-0x1p63), INT64_MIN);
    CHECK_INT(number_int_of_double((double)NAN), 0);
    CHECK_INT(number_milliseconds_of_double((double)INFINITY), INT64_MAX / 1000);
}

UNIT_MAIN
