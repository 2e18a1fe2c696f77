/* canonical.h: the one text that signer and verifier must agree on, byte for byte.
 *
 *   METHOD \n path \n query \n (header:value \n)... \n signed;headers \n payload hash
 */
#pragma once

#include "auth/sigv4.h"
#include "base/buf.h"

enum { CANONICAL_HEADERS_MAX = 128, CANONICAL_PAIRS_MAX = 1024 };

struct canonical_form {
    bool path_as_is;    /* s3: neither normalised nor encoded again */
    str signed_headers; /* lower case, joined by ';' */
};

/* Everything up to and with the \n before the payload hash is appended to `buf`. `scratch` is overwritten. TOO_LARGE
 * beyond the bounds above or the buffers' own, NO_MEMORY. */
must_use enum err canonical_request(struct buf *buf, struct buf *scratch, const struct sigv4_request *request,
                                    const struct canonical_form *form, struct arena *arena);

/* The path alone: `.`, `..` and empty segments resolved, each segment percent-encoded once more. */
void canonical_path(struct buf *buf, str path);

/* The query alone: decoded, encoded strictly, sorted by name, then by value; X-Amz-Signature left out. */
must_use enum err canonical_query(struct buf *buf, struct buf *scratch, str query, struct arena *arena);
