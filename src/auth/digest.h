/* digest.h: SHA-256 and HMAC-SHA-256 with everything fetched from libcrypto once. Belongs to one thread. */
#pragma once

#include <openssl/evp.h>

#include "base/str.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX = 64 };

struct digest {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
};

/* NO_MEMORY, or UNSUPPORTED if libcrypto has no SHA-256. */
must_use enum err digest_init(struct digest *digest);
void digest_deinit(struct digest *digest);

/* INTERNAL if libcrypto fails. */
must_use enum err digest_sha256(struct digest *digest, str bytes, uint8_t ret_hash[static DIGEST_BYTES]);
must_use enum err digest_sha256_hex(struct digest *digest, str bytes, char ret_hex[static DIGEST_HEX]);
must_use enum err digest_hmac(struct digest *digest, str key, str message, uint8_t ret_mac[static DIGEST_BYTES]);
