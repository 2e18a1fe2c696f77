/* md5.h: MD5 of many short texts at a time. It places records by their keys; it protects nothing. */
#pragma once

#include "base/str.h"

enum { MD5_BYTES = 16 };

/* The digest of each of `count` texts of any size. Neighbours are hashed side by side, so it is best if those of one
 * length class (up to 55 bytes, 119, 183 ...) stand together. */
void md5_many(const str *texts, size_t count, uint8_t (*ret_digests)[MD5_BYTES]);
