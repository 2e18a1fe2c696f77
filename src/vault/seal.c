/* seal.c: AES-256-GCM of one batch body.
 *
 *   offset 0    u32  id of the data key (little-endian, as all of our disk formats)
 *          4    u32  boot epoch      \ the nonce: no pair of these is ever used twice with one key, because
 *          8    u64  counter         / the epoch is new at each boot and the counter never goes back
 *         16    ...  ciphertext, as long as the plain text
 *          n-16 16   tag, over the ciphertext and the log's id
 *
 * The log's id is authenticated and not stored, so a body that was moved to another log does not open. The key id is
 * not authenticated: a wrong one names a wrong key, and then the tag does not match. */
#include "vault/seal.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/bytes.h"

enum { HEAD_BYTES = 4 + SEAL_NONCE_BYTES };

static_assert(SEAL_OVERHEAD == HEAD_BYTES + SEAL_TAG_BYTES, "on-disk format");

struct seal {
    EVP_CIPHER_CTX *encrypt, *decrypt;
};

/* A context that knows its cipher and direction; key and nonce come with each use. */
static EVP_CIPHER_CTX *context_new(const EVP_CIPHER *cipher, bool encrypt)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    if (context && EVP_CipherInit_ex2(context, cipher, NULL, NULL, encrypt, NULL) != 1) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return context;
}

enum err seal_create(struct seal **ret_seal)
{
    struct seal *seal = calloc(1, sizeof(*seal));
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    enum err err = OK;

    if (seal && cipher) {
        seal->encrypt = context_new(cipher, /* encrypt= */ true);
        seal->decrypt = context_new(cipher, /* encrypt= */ false);
    }
    if (cipher == NULL)
        err = ERR_UNSUPPORTED;
    else if (seal == NULL || seal->encrypt == NULL || seal->decrypt == NULL)
        err = ERR_NO_MEMORY;
    EVP_CIPHER_free(cipher); /* the contexts hold it */
    if (err != OK) {
        seal_destroy(seal);
        return err;
    }
    *ret_seal = seal;
    return OK;
}

void seal_destroy(struct seal *seal)
{
    if (seal == NULL)
        return;
    EVP_CIPHER_CTX_free(seal->encrypt);
    EVP_CIPHER_CTX_free(seal->decrypt);
    free(seal);
}

static bool begin(EVP_CIPHER_CTX *context, const uint8_t *key, const uint8_t *nonce, str log_id)
{
    int size;

    return EVP_CipherInit_ex2(context, NULL, key, nonce, -1, NULL) == 1 &&
           (log_id.size == 0 ||
            EVP_CipherUpdate(context, NULL, &size, (const uint8_t *)log_id.at, (int)log_id.size) == 1);
}

static bool run(EVP_CIPHER_CTX *context, str input, uint8_t *output)
{
    int size = 0;

    return input.size == 0 ||
           (EVP_CipherUpdate(context, output, &size, (const uint8_t *)input.at, (int)input.size) == 1 &&
            (size_t)size == input.size);
}

enum err seal_encrypt(struct seal *seal, const uint8_t key[static SEAL_KEY_BYTES], uint32_t key_id,
                      struct seal_nonce *nonce, str log_id, str plain, uint8_t *ret_sealed)
{
    uint64_t counter = atomic_fetch_add_explicit(&nonce->counter, 1, memory_order_relaxed);
    uint8_t *body = ret_sealed + HEAD_BYTES, *tag = body + plain.size;
    int size;

    assert(counter != UINT64_MAX);
    if (plain.size > INT32_MAX - SEAL_OVERHEAD || log_id.size > INT32_MAX)
        return ERR_TOO_LARGE;
    store_le32(ret_sealed, key_id);
    store_le32(ret_sealed + 4, nonce->epoch);
    store_le64(ret_sealed + 8, counter);
    if (!begin(seal->encrypt, key, ret_sealed + 4, log_id) || !run(seal->encrypt, plain, body) ||
        EVP_CipherFinal_ex(seal->encrypt, tag, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(seal->encrypt, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_BYTES, tag) != 1)
        return ERR_INTERNAL;
    return OK;
}

enum err seal_key_id(str sealed, uint32_t *ret_key_id)
{
    if (sealed.size < SEAL_OVERHEAD)
        return ERR_CORRUPT;
    *ret_key_id = load_le32(sealed.at);
    return OK;
}

enum err seal_decrypt(struct seal *seal, const uint8_t key[static SEAL_KEY_BYTES], str log_id, str sealed,
                      uint8_t *ret_plain)
{
    str body = str_slice(sealed, HEAD_BYTES, sealed.size - SEAL_TAG_BYTES);
    uint8_t tag[SEAL_TAG_BYTES], rest[SEAL_TAG_BYTES];
    int size;

    if (sealed.size < SEAL_OVERHEAD || sealed.size > INT32_MAX || log_id.size > INT32_MAX)
        return ERR_CORRUPT;
    memcpy(tag, sealed.at + sealed.size - SEAL_TAG_BYTES, sizeof(tag));
    if (!begin(seal->decrypt, key, (const uint8_t *)sealed.at + 4, log_id) || !run(seal->decrypt, body, ret_plain) ||
        EVP_CIPHER_CTX_ctrl(seal->decrypt, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_BYTES, tag) != 1)
        return ERR_INTERNAL;
    if (EVP_CipherFinal_ex(seal->decrypt, rest, &size) != 1) {
        if (body.size)
            memset(ret_plain, 0, body.size);
        return ERR_CORRUPT;
    }
    return OK;
}
