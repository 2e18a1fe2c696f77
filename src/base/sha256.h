/* sha256.h: SHA-256 of two long texts side by side, a third faster than one after the other. For single texts, and for
 * CPUs without the instructions, there is libcrypto. */
#pragma once

#include "base/str.h"

enum { SHA256_BYTES = 32 };

enum sha256_ways { SHA256_ABSENT, SHA256_PLAIN, SHA256_AVX512 };

/* How this CPU does it. To ask takes microseconds and more in a virtual machine: once is enough. */
enum sha256_ways sha256_ways(void);

/* The digests of both texts; `ways` is what sha256_ways said, and not ABSENT. What one is longer than the other costs as
 * much as it would alone, so it is best if both are about as long. */
void sha256_pair(enum sha256_ways ways, const str texts[static 2], uint8_t ret_digests[static 2][SHA256_BYTES]);
