#include "address.c"

#include "unit.h"

/* Reads `text` and writes it again. */
static str round_trip(const char *text)
{
    static char again[ADDRESS_TEXT_MAX];
    struct address address;

    if (address_parse(str_of(text), &address) != OK)
        return STR("MALFORMED");
    return str_bytes(again, address_format(&address, again));
}

TEST("addresses are read and written again")
{
    CHECK_STR(round_trip("127.0.0.1:4567"), "127.0.0.1:4567");
    CHECK_STR(round_trip("0.0.0.0:0"), "0.0.0.0:0");
    CHECK_STR(round_trip("[::1]:65535"), "[::1]:65535");
    CHECK_STR(round_trip("[::]:1"), "[::]:1");
    CHECK_STR(round_trip("unix:/run/leat.sock"), "unix:/run/leat.sock");
}

TEST("what is no address is refused")
{
    static const char *const wrong[] = {
        "",       ":",     "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", ":80",        "localhost:80",
        "::1:80", "[::1]", "[]:1",      "[::1:80",    "1.2.3.4:-1",      "unix:",       "999.0.0.1:1"
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_STR(round_trip(wrong[i]), "MALFORMED");
}

TEST("a path that does not fit is refused, one that just fits is not")
{
    char text[5 + 108 + 1] = "unix:";

    memset(text + 5, 'p', 107);
    CHECK_STR(round_trip(text), text);
    text[5 + 107] = 'p';
    CHECK_STR(round_trip(text), "MALFORMED");
}

TEST("a host stands without its port, IPv4 in IPv6 clothes is undressed")
{
    struct address address;
    char host[ADDRESS_TEXT_MAX];

    CHECK_INT(address_parse(STR("[::ffff:10.1.2.3]:9"), &address), OK);
    CHECK_STR(str_bytes(host, address_format_host(&address, host)), "10.1.2.3");
    CHECK_INT(address_parse(STR("[fe80::1]:9"), &address), OK);
    CHECK_STR(str_bytes(host, address_format_host(&address, host)), "fe80::1");
    CHECK_INT(address_parse(STR("unix:/x"), &address), OK);
    CHECK_STR(str_bytes(host, address_format_host(&address, host)), "unix");
    CHECK_INT(address_port(&address), 0);
}

UNIT_MAIN
