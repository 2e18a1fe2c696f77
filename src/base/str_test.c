#include "str.c"

#include "unit.h"

TEST("slices are clipped and cut parts join up again")
{
    str rest = STR("a,b,,c");

    CHECK_STR(str_slice(STR("shard"), 1, 99), "hard");
    CHECK_STR(str_slice(STR("shard"), 9, 2), "");
    CHECK_STR(str_cut(&rest, ','), "a");
    CHECK_STR(str_cut(&rest, ','), "b");
    CHECK_STR(str_cut(&rest, ','), "");
    CHECK_STR(str_cut(&rest, ','), "c");
    CHECK(!str_present(rest));
    CHECK_STR(str_trim(STR(" \tx y ")), "x y");
}

TEST("numbers are whole, decimal and in range")
{
    uint64_t number = 0;

    CHECK(str_u64(STR("18446744073709551615"), &number) == OK && number == UINT64_MAX);
    CHECK_INT(str_u64(STR("18446744073709551616"), &number), ERR_TOO_LARGE);
    CHECK_INT(str_u64(STR(""), &number), ERR_MALFORMED);
    CHECK_INT(str_u64(STR("-1"), &number), ERR_MALFORMED);
    CHECK_INT(str_u64(STR("1 "), &number), ERR_MALFORMED);
}

TEST("hex goes there and back, and refuses what is not hex")
{
    char digits[8];
    uint8_t bytes[4];

    str_hex(str_bytes("\x00\xff\x1a\x80", 4), digits);
    CHECK_STR(str_bytes(digits, 8), "00ff1a80");
    CHECK(str_unhex(STR("00FF1a80"), bytes) == OK && memcmp(bytes, "\x00\xff\x1a\x80", 4) == 0);
    CHECK_INT(str_unhex(STR("0g"), bytes), ERR_MALFORMED);
    CHECK_INT(str_unhex(STR("000"), bytes), ERR_MALFORMED);
}

TEST("UTF-8 is strict, and its length is counted in UTF-16 units")
{
    CHECK(str_is_utf8(STR("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x92\xa7")));
    CHECK_INT(str_utf16_units(STR("gr\xc3\xbc \xe2\x82\xac \xf0\x9f\x92\xa7")), 8);
    CHECK(!str_is_utf8(STR("\xc0\x80")));
    CHECK(!str_is_utf8(STR("\xed\xa0\x80")));
    CHECK(!str_is_utf8(STR("\xf4\x90\x80\x80")));
    CHECK(!str_is_utf8(STR("\xe2\x82")));
}

TEST("case is ignored only where asked, and order is bytewise")
{
    CHECK(str_eq_nocase(STR("X-Amz-Date"), STR("x-amz-date")));
    CHECK(!str_eq(STR("X"), STR("x")));
    CHECK(str_cmp(STR("a"), STR("ab")) < 0);
    CHECK(str_cmp(STR("b"), STR("ab")) > 0);
    CHECK(str_cmp(STR(""), (str){ 0 }) == 0);
}

TEST("case is ignored of letters only, at every place; digits are as printf writes them")
{
    char a[24], b[24], hex[60], expected[60];

    for (size_t size = 1; size <= 20; size++) {
        for (int byte = 0; byte < 256; byte++) {
            for (size_t at = 0; at < size; at++) {
                bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');

                memset(a, 'k', sizeof(a));
                memset(b, 'K', sizeof(b));
                a[at] = (char)byte;
                b[at] = (char)(byte ^ 0x20);
                if (!CHECK(str_eq_nocase(str_bytes(a, size), str_bytes(b, size)) == letter))
                    return;
                b[at] = (char)byte;
                if (!CHECK(str_eq_nocase(str_bytes(a, size), str_bytes(b, size))))
                    return;
                str_lower(str_bytes(a, size), b);
                if (!CHECK(b[at] == (byte >= 'A' && byte <= 'Z' ? byte + 32 : (char)byte)))
                    return;
                if (!CHECK(size == 1 || b[at ? 0 : size - 1] == 'k'))
                    return;
            }
        }
    }
    for (size_t i = 0; i < sizeof(a); i++)
        a[i] = (char)(i * 11 + 3);
    for (size_t i = 0; i < sizeof(a); i++)
        (void)snprintf(expected + 2 * i, 3, "%02x", (uint8_t)a[i]);
    for (size_t size = 0; size <= sizeof(a); size++) {
        str_hex(str_bytes(a, size), hex);
        CHECK(memcmp(hex, expected, 2 * size) == 0);
    }
}

UNIT_MAIN
