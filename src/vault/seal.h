/* seal.h: one batch body, encrypted with AES-256-GCM for the disk.
 *
 * A `struct seal` holds the cipher contexts and belongs to one thread; a `struct seal_nonce` may be shared. */
#pragma once

#include <stdatomic.h>

#include "base/str.h"

enum { SEAL_KEY_BYTES = 32, SEAL_NONCE_BYTES = 12, SEAL_TAG_BYTES = 16, SEAL_OVERHEAD = 4 + 12 + 16 };

struct seal;

/* Where nonces come from. The epoch is new at each boot, so that no (epoch, counter) is ever used twice with a key. */
struct seal_nonce {
    uint32_t epoch;
    _Atomic uint64_t counter;
};

must_use enum err seal_create(struct seal **ret_seal);
void seal_destroy(struct seal *seal); /* NULL is allowed */

/* Writes plain.size + SEAL_OVERHEAD bytes, which may not overlap `plain`. `log_id` is authenticated, not stored.
 * TOO_LARGE from 2 GiB; INTERNAL if libcrypto fails. */
must_use enum err seal_encrypt(struct seal *seal, const uint8_t key[static SEAL_KEY_BYTES], uint32_t key_id,
                               struct seal_nonce *nonce, str log_id, str plain, uint8_t *ret_sealed);

/* The data key that `sealed` names. CORRUPT if it is too short to name one. */
must_use enum err seal_key_id(str sealed, uint32_t *ret_key_id);

/* Writes sealed.size - SEAL_OVERHEAD bytes, which may not overlap `sealed`. CORRUPT if the tag does not match; the
 * output is then zeroed. */
must_use enum err seal_decrypt(struct seal *seal, const uint8_t key[static SEAL_KEY_BYTES], str log_id, str sealed,
                               uint8_t *ret_plain);
