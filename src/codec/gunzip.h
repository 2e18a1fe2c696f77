/* gunzip.h: the gzip of a request body, undone under a bound. */
#pragma once

#include "base/buf.h"

/* Append to `buf` what `zipped` (one gzip member or several) holds, at most `size_max` bytes more. TOO_LARGE as soon
 * as it would be more, whatever the sizes in the input say; MALFORMED if it is not gzip, fails its checksum or has
 * something behind it; TRUNCATED if it ends early. On failure buf->size is what it was. */
must_use enum err gunzip(struct buf *buf, str zipped, size_t size_max);
