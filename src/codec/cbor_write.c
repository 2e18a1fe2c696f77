/* cbor_write.c: the writer: heads in their shortest form, doubles always in eight bytes. */
#include "base/bytes.h"
#include "codec/cbor.h"

enum {
    MAJOR_UINT = 0 << 5,
    MAJOR_NEGATIVE = 1 << 5,
    MAJOR_BYTES = 2 << 5,
    MAJOR_TEXT = 3 << 5,
    MAJOR_ARRAY = 4 << 5,
    MAJOR_MAP = 5 << 5,
    MAJOR_TAG = 6 << 5,
    FALSE_BYTE = 0xf4,
    TRUE_BYTE = 0xf5,
    NULL_BYTE = 0xf6,
    DOUBLE_BYTE = 0xfb,
    MAP_INDEFINITE = 0xbf,
    ARRAY_INDEFINITE = 0x9f,
    BREAK_BYTE = 0xff
};

static void head(struct buf *buf, unsigned major, uint64_t argument)
{
    uint8_t bytes[9];
    size_t size;

    if (argument < 24) {
        bytes[0] = (uint8_t)(major | (unsigned)argument);
        size = 1;
    } else if (argument <= UINT8_MAX) {
        bytes[0] = (uint8_t)(major | 24);
        bytes[1] = (uint8_t)argument;
        size = 2;
    } else if (argument <= UINT16_MAX) {
        bytes[0] = (uint8_t)(major | 25);
        store_be16(bytes + 1, (uint16_t)argument);
        size = 3;
    } else if (argument <= UINT32_MAX) {
        bytes[0] = (uint8_t)(major | 26);
        store_be32(bytes + 1, (uint32_t)argument);
        size = 5;
    } else {
        bytes[0] = (uint8_t)(major | 27);
        store_be64(bytes + 1, argument);
        size = 9;
    }
    buf_append(buf, str_bytes(bytes, size));
}

static void byte(struct buf *buf, unsigned value)
{
    buf_byte(buf, (char)value);
}

void cbor_write_map(struct buf *buf, uint64_t count)
{
    head(buf, MAJOR_MAP, count);
}

void cbor_write_array(struct buf *buf, uint64_t count)
{
    head(buf, MAJOR_ARRAY, count);
}

void cbor_write_map_begin(struct buf *buf)
{
    byte(buf, MAP_INDEFINITE);
}

void cbor_write_array_begin(struct buf *buf)
{
    byte(buf, ARRAY_INDEFINITE);
}

void cbor_write_break(struct buf *buf)
{
    byte(buf, BREAK_BYTE);
}

void cbor_write_text(struct buf *buf, str text)
{
    head(buf, MAJOR_TEXT, text.size);
    buf_append(buf, text);
}

void cbor_write_bytes(struct buf *buf, str bytes)
{
    cbor_write_bytes_head(buf, bytes.size);
    buf_append(buf, bytes);
}

void cbor_write_bytes_head(struct buf *buf, uint64_t size)
{
    head(buf, MAJOR_BYTES, size);
}

void cbor_write_int(struct buf *buf, int64_t number)
{
    if (number < 0)
        head(buf, MAJOR_NEGATIVE, (uint64_t)(-1 - number));
    else
        head(buf, MAJOR_UINT, (uint64_t)number);
}

void cbor_write_uint(struct buf *buf, uint64_t number)
{
    head(buf, MAJOR_UINT, number);
}

void cbor_write_bool(struct buf *buf, bool truth)
{
    byte(buf, truth ? TRUE_BYTE : FALSE_BYTE);
}

void cbor_write_null(struct buf *buf)
{
    byte(buf, NULL_BYTE);
}

void cbor_write_double(struct buf *buf, double number)
{
    uint8_t bytes[9] = { DOUBLE_BYTE };
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    store_be64(bytes + 1, bits);
    buf_append(buf, str_bytes(bytes, sizeof(bytes)));
}

void cbor_write_tag(struct buf *buf, uint64_t tag)
{
    head(buf, MAJOR_TAG, tag);
}
