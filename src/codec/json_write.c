/* json_write.c: the writer. One bit of state: is a comma due before what comes next? */
#include <math.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/number.h"
#include "codec/utf8.h"

void json_write_init(struct json_writer *writer, struct buf *buf)
{
    *writer = (struct json_writer){ .buf = buf };
}

/* Before a value or key. */
static void comma(struct json_writer *writer)
{
    if (writer->comma)
        buf_byte(writer->buf, ',');
    writer->comma = true;
}

static void begin(struct json_writer *writer, char bracket)
{
    comma(writer);
    buf_byte(writer->buf, bracket);
    writer->comma = false;
}

static void end(struct json_writer *writer, char bracket)
{
    buf_byte(writer->buf, bracket);
    writer->comma = true;
}

void json_write_object_begin(struct json_writer *writer)
{
    begin(writer, '{');
}

void json_write_object_end(struct json_writer *writer)
{
    end(writer, '}');
}

void json_write_array_begin(struct json_writer *writer)
{
    begin(writer, '[');
}

void json_write_array_end(struct json_writer *writer)
{
    end(writer, ']');
}

void json_write_key(struct json_writer *writer, str key)
{
    json_write_string(writer, key);
    buf_byte(writer->buf, ':');
    writer->comma = false;
}

void json_write_name(struct json_writer *writer, str name)
{
    char *to = buf_reserve(writer->buf, name.size + 4);

    if (to == NULL)
        return;
    writer->buf->size += name.size + 3 + writer->comma;
    if (writer->comma)
        *to++ = ',';
    *to++ = '"';
    memcpy(to, name.at, name.size);
    to[name.size] = '"';
    to[name.size + 1] = ':';
    writer->comma = false;
}

/* Append what stands for the one character at `at` that is not plain; returns its size in the input. */
static size_t escape_one(struct buf *buf, const char *at, const char *end)
{
    static const char letters[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";
    const char *meaning = memchr(meanings, *at, sizeof(meanings) - 1);
    size_t size = utf8_sequence(at, end);

    if (meaning) {
        buf_byte(buf, '\\');
        buf_byte(buf, letters[meaning - meanings]);
    } else if ((uint8_t)*at < 0x20) {
        buf_fmt(buf, "\\u%04x", (unsigned)*at);
    } else if (size == 0) {
        buf_append(buf, STR("\xef\xbf\xbd"));
        size = 1;
    } else {
        buf_append(buf, str_bytes(at, size));
    }
    return size;
}

void json_escape(struct buf *buf, str text)
{
    const char *at = text.at, *behind = text.size ? text.at + text.size : text.at;

    while (at < behind) {
        const char *plain = utf8_plain_end(at, behind);

        buf_append(buf, str_bytes(at, (size_t)(plain - at)));
        at = plain;
        if (at < behind)
            at += escape_one(buf, at, behind);
    }
}

/* Most texts hold nothing to escape: they are looked through once and copied in one go. */
void json_write_string(struct json_writer *writer, str text)
{
    const char *end = text.size ? text.at + text.size : text.at;
    bool plain = utf8_plain_end(text.at, end) == end;
    char *to;

    comma(writer);
    if (!plain) {
        buf_byte(writer->buf, '"');
        json_escape(writer->buf, text);
        buf_byte(writer->buf, '"');
        return;
    }
    to = buf_reserve(writer->buf, text.size + 2);
    if (to == NULL)
        return;
    to[0] = '"';
    if (text.size)
        memcpy(to + 1, text.at, text.size);
    to[text.size + 1] = '"';
    writer->buf->size += text.size + 2;
}

void json_write_int(struct json_writer *writer, int64_t number)
{
    comma(writer);
    number_write_int(writer->buf, number);
}

void json_write_uint(struct json_writer *writer, uint64_t number)
{
    comma(writer);
    buf_u64(writer->buf, number);
}

void json_write_bool(struct json_writer *writer, bool truth)
{
    json_write_raw(writer, truth ? STR("true") : STR("false"));
}

void json_write_null(struct json_writer *writer)
{
    json_write_raw(writer, STR("null"));
}

void json_write_double(struct json_writer *writer, double number)
{
    if (isnan(number)) {
        json_write_raw(writer, STR("\"NaN\""));
    } else if (isinf(number)) {
        json_write_raw(writer, number > 0 ? STR("\"Infinity\"") : STR("\"-Infinity\""));
    } else {
        comma(writer);
        number_write_double(writer->buf, number);
    }
}

void json_write_seconds(struct json_writer *writer, int64_t milliseconds)
{
    comma(writer);
    number_write_seconds(writer->buf, milliseconds);
}

void json_write_base64(struct json_writer *writer, str bytes)
{
    comma(writer);
    buf_byte(writer->buf, '"');
    base64_append(writer->buf, bytes);
    buf_byte(writer->buf, '"');
}

void json_write_raw(struct json_writer *writer, str json)
{
    comma(writer);
    buf_append(writer->buf, json);
}
