/* digest.h: SHA-256 and HMAC-SHA-256. They need no memory, and cannot fail. */
#pragma once

#include <openssl/sha.h>

#include "base/str.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX = 64 };

void digest_sha256(str bytes, uint8_t ret_hash[static DIGEST_BYTES]);
void digest_sha256_hex(str bytes, char ret_hex[static DIGEST_HEX]);

/* A key of HMAC with its two blocks already hashed: whoever uses it again saves a third of a short message. */
struct digest_key {
    SHA256_CTX inner, outer;
};

void digest_key_init(struct digest_key *key, str secret);
void digest_key_wipe(struct digest_key *key);
void digest_hmac(const struct digest_key *key, str message, uint8_t ret_mac[static DIGEST_BYTES]);
