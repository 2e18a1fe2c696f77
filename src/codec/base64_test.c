/* base64_test.c: RFC vectors, the three refusals, and both forms of every loop against each other. */
#include "codec/base64.c"

#include <stdlib.h>

#include "unit.h"

TEST("the vectors of RFC 4648")
{
    static const char *const rows[][2] = { { "", "" },
                                           { "f", "Zg==" },
                                           { "fo", "Zm8=" },
                                           { "foo", "Zm9v" },
                                           { "foob", "Zm9vYg==" },
                                           { "fooba", "Zm9vYmE=" },
                                           { "foobar", "Zm9vYmFy" } };
    struct buf buf;

    buf_init(&buf, 100);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char decoded[16];
        size_t size = 99;

        buf_clear(&buf);
        base64_append(&buf, str_of(rows[i][0]));
        CHECK_STR(buf_str(&buf), rows[i][1]);
        CHECK_INT(base64_decode(str_of(rows[i][1]), decoded, &size), OK);
        CHECK_STR(str_bytes(decoded, size), rows[i][0]);
    }
    buf_deinit(&buf);
}

static void check_fault(const char *text, enum base64_fault_kind kind, const char *character)
{
    struct base64_fault fault = { 0 };
    size_t size = 77;
    char decoded[64];

    CHECK_INT(base64_check(str_of(text), &size, &fault), ERR_MALFORMED);
    CHECK_INT(fault.kind, kind);
    CHECK_STR(fault.character, character);
    CHECK_INT(fault.length, str_utf16_units(str_of(text)));
    CHECK_INT(base64_decode(str_of(text), decoded, &size), ERR_MALFORMED);
    CHECK_INT(size, 77);
}

TEST("a refusal says which of the three it is")
{
    check_fault("23456", BASE64_LENGTH, "");
    check_fault("_", BASE64_LENGTH, "");
    check_fault("Zg=", BASE64_LENGTH, "");
    check_fault("=", BASE64_LENGTH, "");
    check_fault("hello_wo", BASE64_CHARACTER, "_");
    check_fault("ab-_", BASE64_CHARACTER, "-");
    check_fault("ab\ncd+/=", BASE64_CHARACTER, "\n");
    check_fault("Zg=a", BASE64_CHARACTER, "=");
    check_fault("Zg==Zg==", BASE64_CHARACTER, "=");
    check_fault("=abc", BASE64_CHARACTER, "=");
    check_fault("abc\xc3\xa9", BASE64_CHARACTER, "\xc3\xa9");
    check_fault("Zh==", BASE64_LAST, "");
    check_fault("Zm9=", BASE64_LAST, "");
    check_fault("Z===", BASE64_LAST, "");
    check_fault("====", BASE64_LAST, "");
    check_fault("AAAA====", BASE64_LAST, "");
}

static void fill(char *bytes, size_t size, uint64_t *seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)unit_random(seed);
}

static char *need(size_t size)
{
    char *memory = malloc(size ? size : 1);

    if (memory == NULL)
        abort();
    return memory;
}

TEST("both forms agree for every size, stay within their memory, and decode in place")
{
    uint64_t seed = 9;

    for (size_t size = 0; size < 400; size++) {
        char *bytes = need(size), *portable = need(base64_encoded_size(size)), *fast = need(base64_encoded_size(size));
        char *decoded = need(size);
        str text = str_bytes(portable, base64_encoded_size(size));

        fill(bytes, size, &seed);
        encode(str_bytes(bytes, size), portable, false);
        encode(str_bytes(bytes, size), fast, have_avx2());
        CHECK(memcmp(portable, fast, text.size) == 0);
        CHECK(valid(text, false));
        CHECK(valid(text, have_avx2()));
        CHECK_INT(decoded_size(text), size);
        CHECK_INT(decode(text, decoded, false), size);
        CHECK(memcmp(decoded, bytes, size) == 0);
        memset(decoded, 0, size);
        CHECK_INT(decode(text, decoded, have_avx2()), size);
        CHECK(memcmp(decoded, bytes, size) == 0);
        CHECK_INT(decode(text, portable, false), size);
        CHECK(memcmp(portable, bytes, size) == 0);
        CHECK_INT(decode(str_bytes(fast, text.size), fast, have_avx2()), size);
        CHECK(memcmp(fast, bytes, size) == 0);
        free(bytes);
        free(portable);
        free(fast);
        free(decoded);
    }
}

TEST("every byte is judged alike by both forms at every place")
{
    char text[100];

    for (int byte = 0; byte < 256; byte++) {
        bool inside = byte && strchr(alphabet, byte) != NULL;

        for (size_t at = 0; at < 96; at++) {
            memset(text, 'A', sizeof(text));
            text[at] = (char)byte;
            CHECK(valid(str_bytes(text, 100), false) == inside);
            CHECK(valid(str_bytes(text, 100), have_avx2()) == inside);
        }
    }
}

/* The service's own rule, said simply: decoding and encoding again must give the same text. */
static bool naive_valid(const char *text, size_t size)
{
    size_t pads = 0;
    unsigned last;

    if (size % 4)
        return false;
    while (pads < size && text[size - 1 - pads] == '=')
        pads++;
    for (size_t i = 0; i < size - pads; i++)
        if (strchr(alphabet, text[i]) == NULL)
            return false;
    if (pads == 0)
        return true;
    if (pads > 2 || pads == size)
        return false;
    last = (unsigned)(strchr(alphabet, text[size - 1 - pads]) - alphabet);
    return last % (pads == 1 ? 4 : 16) == 0;
}

TEST("a naive check agrees on random short texts")
{
    static const char letters[] = "AQgwBz+/09=_ ==";
    uint64_t seed = 21;
    char text[13] = "";

    for (int round = 0; round < 500000; round++) {
        size_t size = unit_random(&seed) % sizeof(text);
        struct base64_fault fault;
        size_t decoded;
        enum err err;

        for (size_t i = 0; i < size; i++)
            text[i] = letters[unit_random(&seed) % (sizeof(letters) - 1)];
        err = base64_check(str_bytes(text, size), &decoded, &fault);
        if (!CHECK((err == OK) == naive_valid(text, size)))
            return;
        if (err != OK)
            CHECK((fault.kind == BASE64_LENGTH) == (size % 4 != 0));
    }
}

TEST("appending stops at the bound")
{
    struct buf buf;

    buf_init(&buf, 7);
    base64_append(&buf, STR("foobar"));
    CHECK_INT(buf.err, ERR_TOO_LARGE);
    CHECK_INT(buf.size, 0);
    buf_deinit(&buf);
}

UNIT_MAIN
