#include "u128.c"

#include "unit.h"

static str format(u128 number)
{
    static char digits[U128_DIGITS_MAX];

    return str_bytes(digits, u128_format(number, digits));
}

TEST("the ends of the hash-key space")
{
    u128 number;

    CHECK_STR(format(U128_MAX), "340282366920938463463374607431768211455");
    CHECK_STR(format(0), "0");
    CHECK(u128_parse(STR("340282366920938463463374607431768211455"), &number) == OK && number == U128_MAX);
    CHECK_INT(u128_parse(STR("340282366920938463463374607431768211456"), &number), ERR_TOO_LARGE);
    CHECK_INT(u128_parse(STR("9999999999999999999999999999999999999999"), &number), ERR_TOO_LARGE);
    CHECK_INT(u128_parse(STR("12x"), &number), ERR_MALFORMED);
    CHECK_INT(u128_parse(STR(""), &number), ERR_MALFORMED);
}

TEST("text goes there and back")
{
    uint64_t state = 17;

    for (int i = 0; i < 1000; i++) {
        u128 number = (u128)unit_random(&state) << (unit_random(&state) % 65), back = 0;

        CHECK(u128_parse(format(number), &back) == OK && back == number);
    }
}

UNIT_MAIN
