/* vault_parts.h: the vault in memory, shared by the vault_*.c. For these only. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "vault/seal.h"
#include "vault/vault.h"

enum { ALIAS_BYTES_MAX = 256, ALIASES_PER_KEY_MAX = 32, OWNER_BYTES_MAX = 512 };
enum { WRAPPED_BYTES = VAULT_KEY_BYTES + SEAL_OVERHEAD };

struct key {
    struct map_node by_arn;
    char arn[VAULT_ARN_MAX]; /* a zero byte follows, here and below */
    enum vault_state state;
    ms created_at, deleted_at;
    struct list aliases;
    size_t alias_count;
};

struct alias {
    struct map_node by_arn;
    struct list of_key;
    struct key *key;
    char arn[VAULT_ARN_MAX + ALIAS_BYTES_MAX];
};

struct owner {
    struct map_node by_name;
    struct list data_keys; /* in the order in which they were made */
    char name[OWNER_BYTES_MAX + 1];
};

struct data_key {
    struct map_node by_id;
    struct list of_owner, of_vault;
    struct owner *owner;
    struct key *key;
    uint32_t id;
    ms created_at;
    uint8_t bytes[VAULT_KEY_BYTES], wrapped[WRAPPED_BYTES];
};

struct vault {
    struct vault_settings settings;
    uint8_t master_key[VAULT_KEY_BYTES];
    struct seal *seal;
    struct map keys, aliases, owners, data_keys;
    struct key **in_order; /* all keys, room for keys_max */
    struct list data_key_list;
    uint32_t next_data_key;
    bool changed;
};

/* Add an enabled key under an ARN that is known to be well-formed and free. FULL, NO_MEMORY. */
must_use enum err vault_add_key(struct vault *vault, str arn, ms now, struct key **ret_key);

/* Let "alias/NAME", known to be well-formed, name the key. FULL, NO_MEMORY. */
must_use enum err vault_add_alias(struct vault *vault, struct key *key, str alias);

/* What the settings' entropy gives. */
must_use enum err vault_draw(const struct vault *vault, void *ret_bytes, size_t size);

/* NULL if there is no such key. */
struct key *vault_key_by_arn(const struct vault *vault, str arn);

/* OK, KMS_DISABLED or KMS_INVALID_STATE. */
must_use enum err vault_state_usable(enum vault_state state);

/* ---- vault_name.c ---- */

struct arn_text {
    char at[VAULT_ARN_MAX + ALIAS_BYTES_MAX];
};

/* "1234abcd-12ab-34cd-56ef-1234567890ab", or "mrk-" and 32 hex digits. */
bool vault_is_key_id(str id);
bool vault_is_key_arn(str arn);
bool vault_is_alias(str alias);
bool vault_is_place(str region, str account);

/* "arn:aws:kms:REGION:ACCOUNT:rest"; false if it is none. */
bool vault_split_arn(str arn, str *ret_region, str *ret_account, str *ret_rest);

/* "arn:aws:kms:REGION:ACCOUNT:", the kind ("key/" or ""), the name; all known to be well-formed. A zero byte
 * follows. */
str vault_make_arn(struct arn_text *text, str region, str account, const char *kind, str name);

/* ---- vault_data_key.c ---- */

/* Add a data key with everything but its bytes. EXISTS, FULL, NO_MEMORY. */
must_use enum err vault_add_data_key(struct vault *vault, struct key *key, str owner, uint32_t id, ms now,
                                     struct data_key **ret_data_key);

/* Under the master key; the data key's id, owner and key are authenticated. */
must_use enum err vault_wrap(const struct vault *vault, struct data_key *data_key);
must_use enum err vault_unwrap(const struct vault *vault, struct data_key *data_key);

/* A sealed block of zeros that is bound to some text: tells whether this is the right master key, and that text the one
 * that was there. CORRUPT if it is not. */
must_use enum err vault_make_check(const struct vault *vault, str bound_to, uint8_t ret_check[static WRAPPED_BYTES]);
must_use enum err vault_test_check(const struct vault *vault, str bound_to, const uint8_t check[static WRAPPED_BYTES]);
