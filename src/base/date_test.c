#include "date.c"

#include "unit.h"

TEST("known moments in every form")
{
    char text[DATE_TEXT_MAX];

    date_format_java(1421889722000, text);
    CHECK_STR(str_of(text), "Thu Jan 22 01:22:02 UTC 2015");
    date_format_http(784111777000, text);
    CHECK_STR(str_of(text), "Sun, 06 Nov 1994 08:49:37 GMT");
    date_format_basic(1440938160000, text);
    CHECK_STR(str_of(text), "20150830T123600Z");
    date_format_iso(951782400123, text);
    CHECK_STR(str_of(text), "2000-02-29T00:00:00.123Z");
}

TEST("every form that is parsed gives back what was printed")
{
    uint64_t state = 3;

    for (int i = 0; i < 2000; i++) {
        ms at = (ms)(unit_random(&state) % 253402300800u) * 1000, back = -1;
        char text[DATE_TEXT_MAX];

        date_format_basic(at, text);
        CHECK(date_parse(str_of(text), &back) == OK && back == at);
        date_format_http(at, text);
        CHECK(date_parse(str_of(text), &back) == OK && back == at);
        date_format_iso(at + 7, text);
        CHECK(date_parse(str_of(text), &back) == OK && back == at + 7);
        CHECK(date_ms(date_of(-at)) == -at);
    }
}

TEST("impossible dates and other text are refused")
{
    const char *bad[] = { "", "20150230T000000Z", "20151301T000000Z", "20150101T240000Z", "20150101T000000",
                          "2015-01-01T00:00:00", "2015-01-01T00:00:00.Z", "Sun, 06 Foo 1994 08:49:37 GMT" };
    ms at;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(date_parse(str_of(bad[i]), &at), ERR_MALFORMED);
}

UNIT_MAIN
