/* utf8_test.c: the fast answers against plain ones. */
#include "codec/utf8.c"

#include "unit.h"

TEST("utf8_valid agrees with str_is_utf8 on random bytes of few kinds")
{
    static const char kinds[] = "ab\"\\\x1f\x7f\x80\xbf\xc2\xe0\xa0\xed\x9f\xf0\x90\xf4\x8f\xf5\xff";
    uint64_t seed = 7;
    char text[200];

    for (int round = 0; round < 200000; round++) {
        size_t size = unit_random(&seed) % sizeof(text);
        uint64_t dense = unit_random(&seed) % 33;
        str s = str_bytes(text, size);

        for (size_t i = 0; i < size; i++)
            text[i] = unit_random(&seed) % 64 >= dense ? 'x' : kinds[unit_random(&seed) % (sizeof(kinds) - 1)];
        if (!CHECK(utf8_valid(s) == str_is_utf8(s)))
            return;
        if (!CHECK(utf8_plain_end(text, text + size) == plain_end_portable(text, text + size)))
            return;
    }
}

TEST("every byte is judged plain or not at every place of a block")
{
    char text[240];

    for (int byte = 0; byte < 256; byte++) {
        bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';

        for (size_t at = 0; at < sizeof(text); at++) {
            memset(text, 'x', sizeof(text));
            text[at] = (char)byte;
            CHECK(utf8_plain_end(text, text + sizeof(text)) == text + (plain ? sizeof(text) : at));
        }
    }
}

TEST("an absent text is valid")
{
    CHECK(utf8_valid((str){ 0 }));
    CHECK(utf8_sequence("", "") == 0);
}

UNIT_MAIN
