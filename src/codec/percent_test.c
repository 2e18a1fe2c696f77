/* percent_test.c: which bytes are encoded, what is refused, and how a query string falls apart. */
#include "codec/percent.c"

#include "unit.h"

TEST("all but the unreserved and the kept are encoded, in upper case")
{
    struct buf buf;

    buf_init(&buf, 1000);
    percent_encode(&buf, STR("AZaz09-_.~ /+%\xc3\xa9\0"), (str){ 0 });
    CHECK_STR(buf_str(&buf), "AZaz09-_.~%20%2F%2B%25%C3%A9%00");
    buf_clear(&buf);
    percent_encode(&buf, STR("/a b/"), STR("/"));
    CHECK_STR(buf_str(&buf), "/a%20b/");
    buf_deinit(&buf);
}

TEST("every byte survives encoding and decoding")
{
    char all[256];
    struct buf encoded, decoded;

    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    buf_init(&encoded, 1000);
    buf_init(&decoded, 1000);
    percent_encode(&encoded, str_bytes(all, sizeof(all)), (str){ 0 });
    CHECK_INT(percent_decode(&decoded, buf_str(&encoded), PERCENT_PLUS_SPACE), OK);
    CHECK(str_eq(buf_str(&decoded), str_bytes(all, sizeof(all))));
    buf_deinit(&encoded);
    buf_deinit(&decoded);
}

TEST("a plus is a space only in forms")
{
    struct buf buf;

    buf_init(&buf, 100);
    CHECK_INT(percent_decode(&buf, STR("a+b%2b%2B"), PERCENT_PLUS_LITERAL), OK);
    CHECK_INT(percent_decode(&buf, STR("a+b"), PERCENT_PLUS_SPACE), OK);
    CHECK_STR(buf_str(&buf), "a+b++a b");
    buf_deinit(&buf);
}

TEST("broken escapes are refused and leave the buffer as it was")
{
    static const char *const bad[] = { "%", "a%2", "%2g", "%g2", "%%41", "%-1", "ok%zz" };
    struct buf buf;

    buf_init(&buf, 100);
    buf_append(&buf, STR("x"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        CHECK_INT(percent_decode(&buf, str_of(bad[i]), PERCENT_PLUS_SPACE), ERR_MALFORMED);
    CHECK_STR(buf_str(&buf), "x");
    CHECK_INT(percent_decode(&buf, STR(""), PERCENT_PLUS_SPACE), OK);
    buf_deinit(&buf);
}

TEST("the bound of the buffer is an error")
{
    struct buf buf;

    buf_init(&buf, 3);
    CHECK_INT(percent_decode(&buf, STR("abcd"), PERCENT_PLUS_SPACE), ERR_TOO_LARGE);
    buf_deinit(&buf);
}

TEST("a query string falls into pairs")
{
    str rest = STR("a=1&&b&c=&=d&e=f=g&"), name, value;

    CHECK(percent_next_pair(&rest, &name, &value));
    CHECK_STR(name, "a");
    CHECK_STR(value, "1");
    CHECK(percent_next_pair(&rest, &name, &value));
    CHECK_STR(name, "b");
    CHECK(!str_present(value));
    CHECK(percent_next_pair(&rest, &name, &value));
    CHECK_STR(name, "c");
    CHECK(str_present(value) && value.size == 0);
    CHECK(percent_next_pair(&rest, &name, &value));
    CHECK_STR(name, "");
    CHECK_STR(value, "d");
    CHECK(percent_next_pair(&rest, &name, &value));
    CHECK_STR(name, "e");
    CHECK_STR(value, "f=g");
    CHECK(!percent_next_pair(&rest, &name, &value));
}

UNIT_MAIN
