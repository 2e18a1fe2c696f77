/* eventstream.h: messages of application/vnd.amazon.eventstream, in which SubscribeToShard answers.
 *
 * Writing: begin, headers, payload, then append the payload to the buf by any means, finish. Lengths and checksums are
 * patched in, so nothing is copied. Reading is for clients and tests. */
#pragma once

#include "base/buf.h"

enum {
    EVENTSTREAM_OVERHEAD = 16,
    EVENTSTREAM_HEADERS_MAX = 128 * 1024, /* what botocore allows */
    EVENTSTREAM_PAYLOAD_MAX = 24 * 1024 * 1024
};

/* Types of header values; we write strings only. */
enum eventstream_type {
    EVENTSTREAM_TRUE,
    EVENTSTREAM_FALSE,
    EVENTSTREAM_BYTE,
    EVENTSTREAM_SHORT,
    EVENTSTREAM_INT,
    EVENTSTREAM_LONG,
    EVENTSTREAM_BYTES,
    EVENTSTREAM_STRING,
    EVENTSTREAM_TIMESTAMP,
    EVENTSTREAM_UUID
};

struct eventstream_writer {
    struct buf *buf;
    size_t start, headers_end; /* offsets in buf; headers_end is 0 while headers may be added */
};

/* Begin a message at the present end of `buf`. */
void eventstream_begin(struct eventstream_writer *writer, struct buf *buf);

/* A header of type string: name of 1 to 255 bytes, value of at most 65,535. */
void eventstream_header(struct eventstream_writer *writer, str name, str value);

/* No more headers: what is appended to the buf from here is the payload. */
void eventstream_payload(struct eventstream_writer *writer);

/* Patch and close the message; buf->err is TOO_LARGE if headers or payload exceed the bounds above. */
void eventstream_finish(struct eventstream_writer *writer);

struct eventstream_message {
    size_t size; /* of the whole message: drop so many bytes to get at the next */
    str headers, payload;
};

struct eventstream_header {
    str name;
    enum eventstream_type type;
    str value; /* the value's bytes, big-endian for numbers, without a string's length */
};

/* The message at the front of `bytes`, as views. TRUNCATED if more bytes are needed (and nothing is wrong so far),
 * MALFORMED if a checksum, a length or a header is wrong, TOO_LARGE beyond the bounds above. */
must_use enum err eventstream_read(str bytes, struct eventstream_message *ret_message);

/* Cut the first header off `rest` (message.headers at first). False when there is none left. */
bool eventstream_next_header(str *rest, struct eventstream_header *ret_header);

/* The value of the string header `name`, or absent. */
str eventstream_find(const struct eventstream_message *message, str name);
