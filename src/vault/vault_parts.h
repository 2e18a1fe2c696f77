/* vault_parts.h: the vault in memory, shared by vault.c and vault_text.c. For these two only. */
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

/* Add a data key with everything but its bytes. EXISTS, FULL, NO_MEMORY. */
must_use enum err vault_add_data_key(struct vault *vault, struct key *key, str owner, uint32_t id, ms now,
                                     struct data_key **ret_data_key);

/* Its text as it stands behind arn:aws:kms:REGION:ACCOUNT: */
bool vault_is_key_arn(str arn);
bool vault_is_alias(str alias);

/* Under the master key; the data key's id, owner and key are authenticated. */
must_use enum err vault_wrap(const struct vault *vault, struct data_key *data_key);
must_use enum err vault_unwrap(const struct vault *vault, struct data_key *data_key);

/* A sealed block of zeros that tells whether this is the right master key. */
must_use enum err vault_make_check(const struct vault *vault, uint8_t ret_check[static WRAPPED_BYTES]);
must_use enum err vault_test_check(const struct vault *vault, const uint8_t check[static WRAPPED_BYTES]);
