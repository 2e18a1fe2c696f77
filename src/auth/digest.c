/* digest.c: SHA-256 and HMAC-SHA-256.
 *
 * By libcrypto's own SHA-256, not through its EVP: a signature needs four short hashes, and there setting up, looking
 * up and wiping costs more than the hashing. HMAC is spelled out over it (RFC 2104). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "auth/digest.h"

#include <assert.h>
#include <openssl/crypto.h>

enum { BLOCK_BYTES = SHA256_CBLOCK };

static_assert(DIGEST_BYTES == SHA256_DIGEST_LENGTH, "the same hash");

/* What these functions of libcrypto return is always 1. */
static void update(SHA256_CTX *context, const void *at, size_t size)
{
    if (size)
        (void)SHA256_Update(context, at, size);
}

void digest_sha256(str bytes, uint8_t ret_hash[static DIGEST_BYTES])
{
    SHA256_CTX context;

    (void)SHA256_Init(&context);
    update(&context, bytes.at, bytes.size);
    (void)SHA256_Final(ret_hash, &context);
}

void digest_sha256_hex(str bytes, char ret_hex[static DIGEST_HEX])
{
    uint8_t hash[DIGEST_BYTES];

    digest_sha256(bytes, hash);
    str_hex(str_bytes(hash, sizeof(hash)), ret_hex);
}

static void begin_with(SHA256_CTX *context, const uint8_t block[static BLOCK_BYTES])
{
    (void)SHA256_Init(context);
    update(context, block, BLOCK_BYTES);
}

void digest_key_init(struct digest_key *key, str secret)
{
    uint8_t inner[BLOCK_BYTES], outer[BLOCK_BYTES], hash[DIGEST_BYTES];

    if (secret.size > BLOCK_BYTES) {
        digest_sha256(secret, hash);
        secret = str_bytes(hash, sizeof(hash));
    }
    memset(inner, 0x36, sizeof(inner));
    memset(outer, 0x5c, sizeof(outer));
    for (size_t i = 0; i < secret.size; i++) {
        inner[i] ^= (uint8_t)secret.at[i];
        outer[i] ^= (uint8_t)secret.at[i];
    }
    begin_with(&key->inner, inner);
    begin_with(&key->outer, outer);
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
    OPENSSL_cleanse(hash, sizeof(hash));
}

void digest_key_wipe(struct digest_key *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

void digest_hmac(const struct digest_key *key, str message, uint8_t ret_mac[static DIGEST_BYTES])
{
    SHA256_CTX context = key->inner;
    uint8_t hash[DIGEST_BYTES];

    update(&context, message.at, message.size);
    (void)SHA256_Final(hash, &context);
    context = key->outer;
    update(&context, hash, sizeof(hash));
    (void)SHA256_Final(ret_mac, &context);
}
