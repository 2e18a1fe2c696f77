/* percent.h: percent-encoding of URIs (RFC 3986) and the pairs of a query string. */
#pragma once

#include "base/buf.h"

/* Append `text` with everything but A-Za-z0-9-_.~ and the bytes of `keep` as %XX in upper case. */
void percent_encode(struct buf *buf, str text, str keep);

enum percent_plus {
    PERCENT_PLUS_LITERAL, /* paths, and query strings as signatures see them */
    PERCENT_PLUS_SPACE    /* forms */
};

/* Append `text` decoded. MALFORMED, and nothing appended, if a % is not followed by two hex digits; otherwise what
 * buf->err says. The result may be any bytes: zero bytes and invalid UTF-8 are the caller's to refuse. */
must_use enum err percent_decode(struct buf *buf, str text, enum percent_plus plus);

/* Cut the next pair off a query string (without the '?'): views of the raw text, still encoded. The value is absent
 * when there is no '='. Empty pairs ("a=1&&b=2") are passed over. False when nothing is left. */
bool percent_next_pair(str *rest, str *ret_name, str *ret_value);
