/* digest.c: SHA-256 and HMAC-SHA-256.
 *
 * HMAC is spelled out over the one digest context (RFC 2104): a signature needs six of them over a few dozen bytes,
 * where setting up libcrypto's own MAC object would cost more than the hashing. */
#include "auth/digest.h"

#include <assert.h>
#include <openssl/crypto.h>

enum { BLOCK_BYTES = 64 };

enum err digest_init(struct digest *digest)
{
    *digest = (struct digest){ 0 };
    digest->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (digest->sha256 == NULL)
        return ERR_UNSUPPORTED;
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL) {
        digest_deinit(digest);
        return ERR_NO_MEMORY;
    }
    return OK;
}

void digest_deinit(struct digest *digest)
{
    EVP_MD_CTX_free(digest->context);
    EVP_MD_free(digest->sha256);
    *digest = (struct digest){ 0 };
}

static enum err hash_two(struct digest *digest, str first, str second, uint8_t ret_hash[static DIGEST_BYTES])
{
    assert(digest->context);
    if (EVP_DigestInit_ex2(digest->context, digest->sha256, NULL) != 1 ||
        (first.size && EVP_DigestUpdate(digest->context, first.at, first.size) != 1) ||
        (second.size && EVP_DigestUpdate(digest->context, second.at, second.size) != 1) ||
        EVP_DigestFinal_ex(digest->context, ret_hash, NULL) != 1)
        return ERR_INTERNAL;
    return OK;
}

enum err digest_sha256(struct digest *digest, str bytes, uint8_t ret_hash[static DIGEST_BYTES])
{
    return hash_two(digest, bytes, (str){ 0 }, ret_hash);
}

enum err digest_sha256_hex(struct digest *digest, str bytes, char ret_hex[static DIGEST_HEX])
{
    uint8_t hash[DIGEST_BYTES];

    TRY(digest_sha256(digest, bytes, hash));
    str_hex(str_bytes(hash, sizeof(hash)), ret_hex);
    return OK;
}

enum err digest_hmac(struct digest *digest, str key, str message, uint8_t ret_mac[static DIGEST_BYTES])
{
    uint8_t inner[BLOCK_BYTES], outer[BLOCK_BYTES], hash[DIGEST_BYTES];
    enum err err = OK;

    if (key.size > BLOCK_BYTES) {
        TRY(digest_sha256(digest, key, hash));
        key = str_bytes(hash, sizeof(hash));
    }
    memset(inner, 0x36, sizeof(inner));
    memset(outer, 0x5c, sizeof(outer));
    for (size_t i = 0; i < key.size; i++) {
        inner[i] ^= (uint8_t)key.at[i];
        outer[i] ^= (uint8_t)key.at[i];
    }
    err = hash_two(digest, str_bytes(inner, sizeof(inner)), message, hash);
    if (err == OK)
        err = hash_two(digest, str_bytes(outer, sizeof(outer)), str_bytes(hash, sizeof(hash)), ret_mac);
    OPENSSL_cleanse(inner, sizeof(inner));
    OPENSSL_cleanse(outer, sizeof(outer));
    return err;
}
