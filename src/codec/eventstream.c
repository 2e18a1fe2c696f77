/* eventstream.c: one message, all integers big-endian.
 *
 *   offset 0   u32 total size, this field and the last included
 *          4   u32 size of the headers
 *          8   u32 CRC-32 (IEEE) of the eight bytes above
 *         12   headers, back to back: u8 size of name | name | u8 type | value; a string's value is u16 size | bytes
 *          h   payload
 *   total - 4  u32 CRC-32 of everything before it */
#include "codec/eventstream.h"

#include <assert.h>

#include "base/bytes.h"
#include "codec/crc32.h"

enum { PRELUDE = 12, TRAILER = 4 };

void eventstream_begin(struct eventstream_writer *writer, struct buf *buf)
{
    *writer = (struct eventstream_writer){ .buf = buf, .start = buf->size };
    buf_zeros(buf, PRELUDE);
}

void eventstream_header(struct eventstream_writer *writer, str name, str value)
{
    struct buf *buf = writer->buf;
    char type_and_size[3] = { EVENTSTREAM_STRING };

    assert(writer->headers_end == 0);
    assert(name.size >= 1 && name.size <= UINT8_MAX);
    if (value.size > UINT16_MAX && buf->err == OK)
        buf->err = ERR_TOO_LARGE;
    store_be16(type_and_size + 1, (uint16_t)value.size);
    buf_byte(buf, (char)name.size);
    buf_append(buf, name);
    buf_append(buf, str_bytes(type_and_size, sizeof(type_and_size)));
    buf_append(buf, value);
}

void eventstream_payload(struct eventstream_writer *writer)
{
    assert(writer->headers_end == 0);
    writer->headers_end = writer->buf->size;
}

void eventstream_finish(struct eventstream_writer *writer)
{
    struct buf *buf = writer->buf;
    size_t headers, payload;
    char *message;

    buf_zeros(buf, TRAILER);
    if (buf->err != OK)
        return;
    assert(writer->headers_end != 0);
    headers = writer->headers_end - writer->start - PRELUDE;
    payload = buf->size - TRAILER - writer->headers_end;
    if (headers > EVENTSTREAM_HEADERS_MAX || payload > EVENTSTREAM_PAYLOAD_MAX) {
        buf->err = ERR_TOO_LARGE;
        return;
    }
    message = buf->at + writer->start;
    store_be32(message, (uint32_t)(EVENTSTREAM_OVERHEAD + headers + payload));
    store_be32(message + 4, (uint32_t)headers);
    store_be32(message + 8, crc32_ieee(0, message, 8));
    store_be32(message + PRELUDE + headers + payload, crc32_ieee(0, message, PRELUDE + headers + payload));
}

/* Bytes of the value of a header of `type`, of which `*rest` is what follows the type; cuts off a size in front. */
static enum err value_size(unsigned type, str *rest, size_t *ret_size)
{
    static const uint8_t sizes[] = { 0, 0, 1, 2, 4, 8, 0, 0, 8, 16 };

    if (type >= sizeof(sizes))
        return ERR_MALFORMED;
    *ret_size = sizes[type];
    if (type != EVENTSTREAM_BYTES && type != EVENTSTREAM_STRING)
        return OK;
    if (rest->size < 2)
        return ERR_MALFORMED;
    *ret_size = load_be16(rest->at);
    *rest = str_slice(*rest, 2, rest->size);
    return OK;
}

static enum err cut_header(str *rest, struct eventstream_header *ret_header)
{
    struct eventstream_header header;
    size_t size = (uint8_t)rest->at[0];
    str tail;

    if (size == 0 || rest->size < size + 2)
        return ERR_MALFORMED;
    header.name = str_slice(*rest, 1, 1 + size);
    header.type = (enum eventstream_type)(uint8_t)rest->at[1 + size];
    tail = str_slice(*rest, size + 2, rest->size);
    TRY(value_size((unsigned)header.type, &tail, &size));
    if (tail.size < size)
        return ERR_MALFORMED;
    header.value = str_slice(tail, 0, size);
    *ret_header = header;
    *rest = str_slice(tail, size, tail.size);
    return OK;
}

static enum err check_headers(str rest)
{
    struct eventstream_header header;

    while (rest.size)
        TRY(cut_header(&rest, &header));
    return OK;
}

enum err eventstream_read(str bytes, struct eventstream_message *ret_message)
{
    struct eventstream_message message;
    size_t headers;

    if (bytes.size < PRELUDE)
        return ERR_TRUNCATED;
    if (load_be32(bytes.at + 8) != crc32_ieee(0, bytes.at, 8))
        return ERR_MALFORMED;
    message.size = load_be32(bytes.at);
    headers = load_be32(bytes.at + 4);
    if (message.size < EVENTSTREAM_OVERHEAD || headers > message.size - EVENTSTREAM_OVERHEAD)
        return ERR_MALFORMED;
    if (headers > EVENTSTREAM_HEADERS_MAX || message.size - EVENTSTREAM_OVERHEAD - headers > EVENTSTREAM_PAYLOAD_MAX)
        return ERR_TOO_LARGE;
    if (bytes.size < message.size)
        return ERR_TRUNCATED;
    if (load_be32(bytes.at + message.size - TRAILER) != crc32_ieee(0, bytes.at, message.size - TRAILER))
        return ERR_MALFORMED;
    message.headers = str_slice(bytes, PRELUDE, PRELUDE + headers);
    message.payload = str_slice(bytes, PRELUDE + headers, message.size - TRAILER);
    TRY(check_headers(message.headers));
    *ret_message = message;
    return OK;
}

bool eventstream_next_header(str *rest, struct eventstream_header *ret_header)
{
    return rest->size && cut_header(rest, ret_header) == OK;
}

str eventstream_find(const struct eventstream_message *message, str name)
{
    str rest = message->headers;
    struct eventstream_header header;

    while (eventstream_next_header(&rest, &header))
        if (header.type == EVENTSTREAM_STRING && str_eq(header.name, name))
            return header.value;
    return (str){ 0 };
}
