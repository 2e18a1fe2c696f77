/* keyring.h: the keys of encrypted streams, always on disk before they are used.
 *
 * The vault is one JSON text and its master key 32 bytes in a file of its own, which may live outside the data
 * directory. A new data key is used only after the vault that names it has been replaced durably; until then the put
 * waits. Batches name their data key, so old records stay readable after a rotation. */
#pragma once

#include "catalog/catalog.h"
#include "os/os.h"
#include "vault/seal.h"
#include "vault/vault.h"

struct keyring;

enum { KEYRING_OVERHEAD = SEAL_OVERHEAD };

struct keyring_config {
    struct os *os;
    struct os_loop *loop;
    struct os_worker *worker;
    const char *dir;            /* holds vault.json; NULL: kept in memory only */
    const char *master_key;     /* path of the master key; NULL: DIR/master.key. Made at first use */
    bool create_missing;        /* names of keys that do not exist make them */
    uint32_t epoch;             /* of this boot: nonces never repeat */
    void (*changed)(void *ctx); /* a key has become usable, or cannot be written (then PENDING ends in an error) */
    void *ctx;
};

/* Blocks (start-up). MISSING when there is a vault but not its master key; that, CORRUPT and the like leave a sentence
 * of at most 256 bytes in `ret_why`. */
must_use enum err keyring_open(const struct keyring_config *config, struct keyring **ret_keyring, char *ret_why);
void keyring_close(struct keyring *keyring); /* no save may be under way */

struct vault *keyring_vault(struct keyring *keyring);

/* Write the vault if it has changed; `changed` follows. */
void keyring_save(struct keyring *keyring);

/* Waits until the vault, as it is now or later, is on the disk; lives in its owner. */
struct keyring_wait {
    struct list link;
    void (*saved)(struct keyring_wait *wait, enum err err); /* OK, or why it cannot be written */
};

/* OK: it is. PENDING: `saved` comes later, unless the link is removed from its list before. */
must_use enum err keyring_wait(struct keyring *keyring, struct keyring_wait *wait);

/* Is there such a key? */
bool keyring_knows(const struct keyring *keyring, str key_arn);

/* There was no vault.json when the keyring was opened, and there is none yet. */
bool keyring_is_new(const struct keyring *keyring);

/* Write nothing any more, since what this keyring lacks is still to be restored: where something would have to be written,
 * the answer is IO. */
void keyring_freeze(struct keyring *keyring);

/* The data key with which the stream's records are sealed now. PENDING: wait for `changed`. KMS_NOT_FOUND,
 * KMS_DISABLED, KMS_INVALID_STATE; IO when the vault cannot be written. */
must_use enum err keyring_current(struct keyring *keyring, struct stream *stream, uint32_t *ret_key_id,
                                  const uint8_t **ret_bytes);

/* Forget the data keys of a stream that is gone. */
void keyring_drop(struct keyring *keyring, uint64_t stream_id);

/* Writes plain.size + KEYRING_OVERHEAD bytes. Called on the committer's thread only. */
void keyring_seal(struct keyring *keyring, const uint8_t *key, uint32_t key_id, log_id log, str plain, char *to);

/* The ARN of the key under which that was sealed; absent if it is not known any more. Valid as long as the key is. */
str keyring_key_arn(const struct keyring *keyring, str sealed);

/* Writes sealed.size - KEYRING_OVERHEAD bytes. On the loop. CORRUPT, KMS_*. */
must_use enum err keyring_unseal(struct keyring *keyring, log_id log, str sealed, char *to);
