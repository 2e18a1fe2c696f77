/* h1_parse.h: the head of an HTTP/1.1 request, from bytes to fields. */
#pragma once

#include "http/http.h"

struct h1_head {
    str method, path, query;
    struct http_header *headers; /* the owner frees it; kept from one head to the next */
    size_t header_count, header_capacity;
    int64_t content_length; /* -1: not given */
    bool chunked, http10, close, keep_alive;
    bool expect_continue;
};

/* Parse a whole head, from the request line to the empty line. The fields point into it. Returns 0, or the status
 * with which to refuse: 400, 417, 431, 501, 503 (no memory), 505. */
must_use int h1_parse(str text, struct h1_head *head);

/* May this byte stand in a header's value (or a chunk extension)? */
static inline bool h1_is_text(unsigned char byte)
{
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/* The value of a hexadecimal digit, or -1. */
static inline int h1_hex_digit(unsigned char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}
