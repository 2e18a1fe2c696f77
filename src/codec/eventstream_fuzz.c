/* eventstream_fuzz.c: a message built from the input reads back as built; the input itself, its checksums made right
 * so that the reader goes on, is read or refused, and never read past its end. */
#include "codec/eventstream.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void build_and_read(str input)
{
    size_t name_size = input.size < 2 ? 0 : (uint8_t)input.at[0],
           value_size = input.size < 2 ? 0 : (uint8_t)input.at[1];
    str name = str_slice(input, 2, 2 + name_size), value = str_slice(input, 2 + name_size, 2 + name_size + value_size);
    str payload = str_slice(input, 2 + name_size + value_size, input.size);
    struct eventstream_writer writer;
    struct eventstream_message message;
    struct buf buf;

    buf_init(&buf, input.size + 1024);
    buf_append(&buf, STR("before"));
    eventstream_begin(&writer, &buf);
    if (name.size)
        eventstream_header(&writer, name, value);
    eventstream_payload(&writer);
    buf_append(&buf, payload);
    eventstream_finish(&writer);
    need(buf.err == OK);
    need(eventstream_read(str_slice(buf_str(&buf), 6, buf.size), &message) == OK);
    need(message.size == buf.size - 6);
    need(str_eq(message.payload, payload));
    if (name.size)
        need(str_eq(eventstream_find(&message, name), value));
    need(eventstream_read(str_slice(buf_str(&buf), 6, buf.size - 1), &message) == ERR_TRUNCATED);
    buf_deinit(&buf);
}

static void read_repaired(const uint8_t *data, size_t size)
{
    struct eventstream_message message;
    struct eventstream_header header;
    char *copy = malloc(size ? size : 1);
    str rest;

    need(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    if (size >= EVENTSTREAM_OVERHEAD) {
        store_be32(copy, (uint32_t)size);
        store_be32(copy + 8, crc32_ieee(0, copy, 8));
        store_be32(copy + size - TRAILER, crc32_ieee(0, copy, size - TRAILER));
    }
    if (eventstream_read(str_bytes(copy, size), &message) == OK) {
        need(message.size == size);
        need(message.headers.size + message.payload.size + EVENTSTREAM_OVERHEAD == size);
        rest = message.headers;
        while (eventstream_next_header(&rest, &header))
            need(header.name.size > 0);
        need(rest.size == 0);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size)
        build_and_read(str_bytes(data, size));
    read_repaired(data, size);
    return 0;
}
