/* h1_parse_test.c: the head of a request, its fields and its framing. The refusals are in http_test.c. */
#include "http/h1_parse.c"

#include "unit.h"

TEST("the fields of a head point into it")
{
    static const char text[] = "POST /a/b?c=d HTTP/1.1\r\nhOST: x\r\nconnection: x, Close ,\r\n"
                               "CONTENT-length: 0012\r\nContent-Length: 12\r\nA:\r\nB: \t c \t\r\n\r\n";
    struct h1_head head = { 0 };

    CHECK_INT(h1_parse(str_of(text), &head), 0);
    CHECK_STR(head.method, "POST");
    CHECK_STR(head.path, "/a/b");
    CHECK_STR(head.query, "c=d");
    CHECK(head.close && !head.keep_alive && !head.http10 && !head.chunked);
    CHECK_INT(head.content_length, 12);
    CHECK_INT(head.header_count, 6);
    CHECK_STR(head.headers[4].value, "");
    CHECK_STR(head.headers[5].value, "c");
    CHECK(head.headers[5].value.at > text && head.headers[5].value.at < text + sizeof(text));
    free(head.headers);
}

TEST("the fast way over a value stops where the plain one does")
{
    uint64_t seed = 3;

    for (int round = 0; round < 100000; round++) {
        char bytes[40];
        size_t size = unit_random(&seed) % sizeof(bytes), plain = 0;

        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)(unit_random(&seed) % 16 ? 0x20 + unit_random(&seed) % 0x5f : unit_random(&seed));
        while (plain < size && (unsigned char)bytes[plain] >= 0x20 && bytes[plain] != 0x7f)
            plain++;
        if (!CHECK_INT(skip_text(bytes, bytes + size) - bytes, plain))
            return;
    }
}

TEST("every byte is a token or not, as the RFC lists them")
{
    for (int byte = 0; byte < 256; byte++) {
        bool listed = byte && (strchr("!#$%&'*+-.^_`|~", byte) || (byte >= '0' && byte <= '9') ||
                               (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'));

        CHECK(token_bytes[byte] == listed);
    }
}

/* Cut a head anywhere, or change any byte: no reading beyond it (the sanitizer watches), no crash. */
TEST("a head that is cut or spoiled is refused, not misread")
{
    static const char text[] = "GET /p?q HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nA: b\r\n\r\n";
    struct h1_head head = { 0 };

    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        char *copy = malloc(size ? size : 1);

        memcpy(copy, text, size);
        CHECK(h1_parse(str_bytes(copy, size), &head) != 0);
        free(copy);
    }
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        char copy[sizeof(text)];

        memcpy(copy, text, sizeof(text));
        copy[at] = '\0';
        CHECK(h1_parse(str_bytes(copy, sizeof(text) - 1), &head) != 0);
    }
    free(head.headers);
}

UNIT_MAIN
