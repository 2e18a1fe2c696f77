/* eventstream_test.c: a vector of the format's publisher, round trips, and every broken byte. */
#include "codec/eventstream.c"

#include <stdlib.h>

#include "unit.h"

static void write_event(struct buf *buf, str payload)
{
    struct eventstream_writer writer;

    eventstream_begin(&writer, buf);
    eventstream_header(&writer, STR(":event-type"), STR("SubscribeToShardEvent"));
    eventstream_header(&writer, STR(":content-type"), STR("application/x-amz-json-1.1"));
    eventstream_header(&writer, STR(":message-type"), STR("event"));
    eventstream_payload(&writer);
    buf_append(buf, payload);
    eventstream_finish(&writer);
}

TEST("the empty message of the published vectors")
{
    struct eventstream_writer writer;
    struct buf buf;
    char digits[32];

    buf_init(&buf, 100);
    eventstream_begin(&writer, &buf);
    eventstream_payload(&writer);
    eventstream_finish(&writer);
    CHECK_INT(buf.size, 16);
    str_hex(buf_str(&buf), digits);
    CHECK_STR(str_bytes(digits, 32), "000000100000000005c248eb7d98c8ff");
    buf_deinit(&buf);
}

TEST("messages written one behind the other are read back, header by header")
{
    struct eventstream_message message;
    struct eventstream_header header = { 0 };
    struct buf buf;
    str rest, headers;

    buf_init(&buf, 4096);
    write_event(&buf, STR("{}"));
    write_event(&buf, STR(""));
    rest = buf_str(&buf);
    CHECK_INT(eventstream_read(rest, &message), OK);
    CHECK_STR(message.payload, "{}");
    CHECK_STR(eventstream_find(&message, STR(":message-type")), "event");
    CHECK(!str_present(eventstream_find(&message, STR(":nothing"))));
    headers = message.headers;
    CHECK(eventstream_next_header(&headers, &header));
    CHECK_STR(header.name, ":event-type");
    CHECK_INT(header.type, EVENTSTREAM_STRING);
    CHECK_STR(header.value, "SubscribeToShardEvent");
    CHECK(eventstream_next_header(&headers, &header));
    CHECK(eventstream_next_header(&headers, &header));
    CHECK(!eventstream_next_header(&headers, &header));
    rest = str_slice(rest, message.size, rest.size);
    CHECK_INT(eventstream_read(rest, &message), OK);
    CHECK_STR(message.payload, "");
    CHECK_INT(message.size, rest.size);
    buf_deinit(&buf);
}

TEST("a message cut short asks for more, at every place; a changed byte is refused, every byte")
{
    struct eventstream_message message;
    struct buf buf;

    buf_init(&buf, 4096);
    write_event(&buf, STR("{\"Records\":[]}"));
    for (size_t size = 0; size < buf.size; size++) {
        char *copy = malloc(size ? size : 1);

        if (copy == NULL)
            abort();
        memcpy(copy, buf.at, size);
        CHECK_INT(eventstream_read(str_bytes(copy, size), &message), ERR_TRUNCATED);
        free(copy);
    }
    for (size_t i = 0; i < buf.size; i++) {
        buf.at[i] = (char)(buf.at[i] ^ 0x10);
        CHECK_INT(eventstream_read(buf_str(&buf), &message), ERR_MALFORMED);
        buf.at[i] = (char)(buf.at[i] ^ 0x10);
    }
    CHECK_INT(eventstream_read(buf_str(&buf), &message), OK);
    buf_deinit(&buf);
}

/* A message around raw headers, with right checksums and the given sizes. */
static enum err read_forged(str headers, uint32_t headers_size, uint32_t total)
{
    struct eventstream_message message;
    char bytes[128] = { 0 };
    size_t size = 12 + headers.size;

    store_be32(bytes, total);
    store_be32(bytes + 4, headers_size);
    store_be32(bytes + 8, crc32_ieee(0, bytes, 8));
    memcpy(bytes + 12, headers.at, headers.size);
    store_be32(bytes + size, crc32_ieee(0, bytes, size));
    return eventstream_read(str_bytes(bytes, size + 4), &message);
}

static enum err read_headers(str headers)
{
    return read_forged(headers, (uint32_t)headers.size, (uint32_t)headers.size + 16);
}

TEST("sizes that lie are refused although the checksums are right")
{
    CHECK_INT(read_forged(STR(""), 0, 15), ERR_MALFORMED);
    CHECK_INT(read_forged(STR(""), 1, 16), ERR_MALFORMED);
    CHECK_INT(read_forged(STR(""), UINT32_MAX, 16), ERR_MALFORMED);
    CHECK_INT(read_forged(STR(""), 0, UINT32_MAX), ERR_TOO_LARGE);
    CHECK_INT(read_forged(STR(""), 200000, 300000), ERR_TOO_LARGE);
    CHECK_INT(read_forged(STR(""), 0, 17), ERR_TRUNCATED);
}

TEST("headers of all types are passed over, broken ones refused")
{
    CHECK_INT(read_headers(STR("\1a\0\1b\1\1c\2x\1d\3xx\1e\4xxxx\1f\5xxxxxxxx\1g\6\0\1x\1h\7\0\2xx"
                               "\1i\10xxxxxxxx\1j\11xxxxxxxxxxxxxxxx")),
              OK);
    CHECK_INT(read_headers(STR("\0")), ERR_MALFORMED);
    CHECK_INT(read_headers(STR("\1a")), ERR_MALFORMED);
    CHECK_INT(read_headers(STR("\2a\7")), ERR_MALFORMED);
    CHECK_INT(read_headers(STR("\1a\12")), ERR_MALFORMED);
    CHECK_INT(read_headers(STR("\1a\4xxx")), ERR_MALFORMED);
    CHECK_INT(read_headers(STR("\1a\7\0")), ERR_MALFORMED);
    CHECK_INT(read_headers(STR("\1a\7\0\2x")), ERR_MALFORMED);
}

TEST("what does not fit a message is refused when it is written")
{
    static char big[65536];
    struct eventstream_writer writer;
    struct buf buf;

    buf_init(&buf, 1 << 20);
    eventstream_begin(&writer, &buf);
    eventstream_header(&writer, STR("a"), str_bytes(big, 65535));
    CHECK_INT(buf.err, OK);
    eventstream_header(&writer, STR("b"), str_bytes(big, 65536));
    eventstream_payload(&writer);
    eventstream_finish(&writer);
    CHECK_INT(buf.err, ERR_TOO_LARGE);
    buf_clear(&buf);
    eventstream_begin(&writer, &buf);
    for (int i = 0; i < 3; i++)
        eventstream_header(&writer, STR("a"), str_bytes(big, 60000));
    eventstream_payload(&writer);
    eventstream_finish(&writer);
    CHECK_INT(buf.err, ERR_TOO_LARGE);
    buf_deinit(&buf);
}

UNIT_MAIN
