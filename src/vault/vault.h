/* vault.h: the keys that streams are encrypted with, in the manner of KMS.
 *
 * A key is a name with a state (enabled, disabled, pending deletion), known by its id, its ARN or an alias. A data
 * key is 32 random bytes that belong to a key and to an owner (a stream); it is stored wrapped by the master key. The
 * vault is one JSON text; the server reads and writes the file and the master key, which may live elsewhere. Nothing
 * here does I/O, and entropy is an argument. One thread at a time. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"

enum { VAULT_KEY_BYTES = 32, VAULT_ID_CHARS = 36, VAULT_ARN_MAX = 128 };

struct vault;

enum vault_state { VAULT_ENABLED, VAULT_DISABLED, VAULT_PENDING_DELETION };

/* Fills `ret_bytes` with bytes nobody can guess; an error is passed up. */
typedef enum err (*vault_entropy)(void *context, uint8_t *ret_bytes, size_t size);

struct vault_settings {
    const uint8_t *master_key; /* VAULT_KEY_BYTES, copied */
    vault_entropy entropy;
    void *entropy_context;
    bool create_missing; /* a well-formed name of a key that does not exist makes it */
    size_t keys_max, data_keys_max, bytes_max;
};

/* A view of one key; valid until the vault changes. */
struct vault_key {
    str id;  /* uuid */
    str arn; /* arn:aws:kms:REGION:ACCOUNT:key/UUID */
    enum vault_state state;
    ms created_at, deleted_at; /* deleted_at: when a pending deletion is due; 0 otherwise */
};

/* An empty vault. */
must_use enum err vault_create(const struct vault_settings *settings, struct vault **ret_vault);

/* The vault of a text that vault_print wrote, now or before texts were sealed. MALFORMED, TOO_LARGE or NEWER, or CORRUPT
 * if the master key is not the one it was written under or anything was altered; `*ret_sentence` (from `arena`) says what. */
must_use enum err vault_parse(const struct vault_settings *settings, str text, struct arena *arena,
                              struct vault **ret_vault, str *ret_sentence);

/* Wipes all keys; NULL is allowed. */
void vault_destroy(struct vault *vault);

/* The text of the vault, to be written durably before a key it names is used. */
must_use enum err vault_print(const struct vault *vault, struct buf *ret_text);

/* True if the vault has changed since the last vault_saved(). */
bool vault_changed(const struct vault *vault);
void vault_saved(struct vault *vault);

/* Find by key id, key ARN, alias/NAME or alias ARN, for a caller in `region` and `account`; alias/aws/kinesis is made
 * on first use, and with create_missing every other name of the caller's own account and region. KMS_NOT_FOUND, also
 * if `name` has none of these forms or another region; FULL at keys_max. The state is not looked at. */
must_use enum err vault_find(struct vault *vault, str region, str account, str name, ms now, struct vault_key *ret_key);

/* May the key be used? KMS_DISABLED or KMS_INVALID_STATE if not. */
must_use enum err vault_usable(const struct vault_key *key);

/* A new enabled key. INVALID_ARGUMENT if the region or the account can be no part of an ARN; FULL. */
must_use enum err vault_new_key(struct vault *vault, str region, str account, ms now, struct vault_key *ret_key);

/* "alias/NAME" names that key from now on, whatever it named before. KMS_NOT_FOUND; INVALID_ARGUMENT if it is no alias
 * or starts with alias/aws/; FULL at the bound of one key's aliases. */
must_use enum err vault_set_alias(struct vault *vault, str key_arn, str alias);

/* `deleted_at` is for PENDING_DELETION. KMS_NOT_FOUND. */
must_use enum err vault_set_state(struct vault *vault, str key_arn, enum vault_state state, ms deleted_at);

/* Walk the keys from *index = 0; false behind the last. */
bool vault_next_key(const struct vault *vault, size_t *index, struct vault_key *ret_key);

/* A fresh data key of `key_arn` for `owner` (1 to 512 bytes of UTF-8). Ids start at 1 and are never given twice.
 * KMS_NOT_FOUND, KMS_DISABLED, KMS_INVALID_STATE, FULL. */
must_use enum err vault_new_data_key(struct vault *vault, str key_arn, str owner, ms now, uint32_t *ret_id);

/* The newest data key of `owner` under `key_arn`, or MISSING. */
must_use enum err vault_current_data_key(const struct vault *vault, str key_arn, str owner, uint32_t *ret_id);

/* The 32 bytes of a data key, valid until vault_destroy or vault_drop_data_keys; also why they may not be used now.
 * KMS_NOT_FOUND, KMS_DISABLED, KMS_INVALID_STATE. */
must_use enum err vault_data_key(const struct vault *vault, uint32_t id, const uint8_t **ret_bytes);

/* The ARN of the key a data key belongs to. KMS_NOT_FOUND. */
must_use enum err vault_data_key_arn(const struct vault *vault, uint32_t id, str *ret_arn);

/* Forget all data keys of an owner that is gone; what they sealed can never be read again. */
void vault_drop_data_keys(struct vault *vault, str owner);
