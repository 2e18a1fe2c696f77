/* conn_test.c: answers however they arrive: at once, byte by byte, with a length, in chunks. */
#include "conn.c"

#include "unit.h"

/* Feeds `text` in pieces of `step` bytes; true when the answer is complete at the end and not before. */
static bool feed(struct answer *answer, const char *text, size_t step)
{
    size_t size = strlen(text);

    answer_deinit(answer);
    *answer = (struct answer){ 0 };
    for (size_t at = 0; at < size; at += step) {
        if (answer->part == PART_DONE || !answer_take(answer, text + at, size - at < step ? size - at : step))
            return false;
    }
    return answer->part == PART_DONE;
}

TEST("a body of a known length is complete with its last byte, however it arrives")
{
    struct answer answer = { 0 };

    for (size_t step = 1; step < 80; step++) {
        CHECK(feed(&answer, "HTTP/1.1 200 OK\r\ncontent-LENGTH:  5\r\nx: y\r\n\r\nhello", step));
        CHECK_INT(answer.status, 200);
        CHECK_STR(((str){ .at = answer.body.at, .size = answer.body.size }), "hello");
    }
    answer_deinit(&answer);
}

TEST("chunks are joined, their extensions and trailers dropped")
{
    struct answer answer = { 0 };

    for (size_t step = 1; step < 120; step++) {
        CHECK(feed(&answer,
                   "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n0B\r\ndefghijklmn\r\n0\r\nTrailer: 1\r\n\r\n",
                   step));
        CHECK_INT(answer.status, 400);
        CHECK_STR(((str){ .at = answer.body.at, .size = answer.body.size }), "abcdefghijklmn");
    }
    answer_deinit(&answer);
}

TEST("what is not an answer, or more than one, is refused")
{
    struct answer answer = { 0 };

    CHECK(!feed(&answer, "SSH-2.0-OpenSSH_9.2\r\n\r\n", 100));
    CHECK(!feed(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", 100));
    CHECK(!feed(&answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 100));
    CHECK(!feed(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabc", 100));
    answer_deinit(&answer);
}

TEST("a string member is found, and only whole")
{
    static const char text[] = "{\"A\": \"one\",\"Long\":\"0123456789\",\"B\":7}";
    const char *end = text + sizeof(text) - 1;
    char value[8];

    CHECK(json_string(text, end, "A", value, sizeof(value)) != NULL);
    CHECK_STR(str_of(value), "one");
    CHECK(json_string(text, end, "Long", value, sizeof(value)) == NULL);
    CHECK(json_string(text, end, "B", value, sizeof(value)) == NULL);
    CHECK(json_string(text, end, "C", value, sizeof(value)) == NULL);
}

UNIT_MAIN
