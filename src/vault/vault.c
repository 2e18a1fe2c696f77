/* vault.c: keys, their aliases and their states.
 *
 *        new ---> ENABLED <---> DISABLED
 *                    \            /
 *                  PENDING_DELETION      (and back, until the server forgets the key)
 *
 * Keys are few and live as long as the vault; data keys are many and go with their owner. */
#include "vault/vault.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "vault/vault_parts.h"

enum err vault_draw(const struct vault *vault, void *ret_bytes, size_t size)
{
    return vault->settings.entropy(vault->settings.entropy_context, ret_bytes, size);
}

enum err vault_create(const struct vault_settings *settings, struct vault **ret_vault)
{
    struct vault *vault = calloc(1, sizeof(*vault));
    uint64_t seed = 0;
    enum err err;

    if (vault == NULL)
        return ERR_NO_MEMORY;
    vault->settings = *settings;
    vault->settings.master_key = NULL;
    memcpy(vault->master_key, settings->master_key, sizeof(vault->master_key));
    vault->next_data_key = 1;
    vault->changed = true;
    list_init(&vault->data_key_list);
    err = vault_draw(vault, &seed, sizeof(seed));
    map_init(&vault->keys, seed);
    map_init(&vault->aliases, seed);
    map_init(&vault->owners, seed);
    map_init(&vault->data_keys, seed);
    vault->in_order = calloc(settings->keys_max ? settings->keys_max : 1, sizeof(struct key *));
    if (err == OK)
        err = vault->in_order ? seal_create(&vault->seal) : ERR_NO_MEMORY;
    if (err != OK) {
        vault_destroy(vault);
        return err;
    }
    *ret_vault = vault;
    return OK;
}

static void key_destroy(struct key *key)
{
    list_each(link, &key->aliases)
        free(container_of(link, struct alias, of_key));
    free(key);
}

void vault_destroy(struct vault *vault)
{
    struct map_node *node;

    if (vault == NULL)
        return;
    while ((node = map_next(&vault->owners, NULL)) != NULL)
        vault_drop_data_keys(vault, node->key);
    for (size_t i = 0; i < vault->keys.count; i++)
        key_destroy(vault->in_order[i]);
    map_deinit(&vault->keys);
    map_deinit(&vault->aliases);
    map_deinit(&vault->owners);
    map_deinit(&vault->data_keys);
    seal_destroy(vault->seal);
    OPENSSL_cleanse(vault->master_key, sizeof(vault->master_key));
    free(vault->in_order);
    free(vault);
}

bool vault_changed(const struct vault *vault)
{
    return vault->changed;
}

void vault_saved(struct vault *vault)
{
    vault->changed = false;
}

struct key *vault_key_by_arn(const struct vault *vault, str arn)
{
    struct map_node *node = map_find(&vault->keys, arn);

    return node ? container_of(node, struct key, by_arn) : NULL;
}

static void view(const struct key *key, struct vault_key *ret_key)
{
    str arn = str_of(key->arn);

    *ret_key = (struct vault_key){ .id = str_slice(arn, arn.size - VAULT_ID_CHARS, arn.size), .arn = arn,
                                   .state = key->state, .created_at = key->created_at,
                                   .deleted_at = key->deleted_at };
}

enum err vault_add_key(struct vault *vault, str arn, ms now, struct key **ret_key)
{
    struct key *key;
    enum err err;

    assert(arn.size < sizeof(key->arn));
    if (vault->keys.count >= vault->settings.keys_max)
        return ERR_FULL;
    key = calloc(1, sizeof(*key));
    if (key == NULL)
        return ERR_NO_MEMORY;
    memcpy(key->arn, arn.at, arn.size);
    key->created_at = now;
    list_init(&key->aliases);
    err = map_add(&vault->keys, &key->by_arn, str_of(key->arn));
    if (err != OK) {
        free(key);
        return err;
    }
    vault->in_order[vault->keys.count - 1] = key;
    vault->changed = true;
    *ret_key = key;
    return OK;
}

static enum err random_id(const struct vault *vault, char ret_id[static VAULT_ID_CHARS])
{
    static const size_t ends[] = { 8, 13, 18, 23, 36 };
    uint8_t bytes[16];
    char digits[32];
    size_t from = 0, to = 0;

    TRY(vault_draw(vault, bytes, sizeof(bytes)));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    str_hex(str_bytes(bytes, sizeof(bytes)), digits);
    for (size_t i = 0; i < 5; i++) {
        if (i)
            ret_id[to++] = '-';
        while (to < ends[i])
            ret_id[to++] = digits[from++];
    }
    return OK;
}

static enum err add_random_key(struct vault *vault, str region, str account, ms now, struct key **ret_key)
{
    char id[VAULT_ID_CHARS];
    struct arn_text text;
    str arn;

    TRY(random_id(vault, id));
    arn = vault_make_arn(&text, region, account, "key/", str_bytes(id, sizeof(id)));
    return vault_add_key(vault, arn, now, ret_key);
}

enum err vault_new_key(struct vault *vault, str region, str account, ms now, struct vault_key *ret_key)
{
    struct key *key;

    if (!vault_is_place(region, account))
        return ERR_INVALID_ARGUMENT;
    TRY(add_random_key(vault, region, account, now, &key));
    view(key, ret_key);
    return OK;
}

enum err vault_add_alias(struct vault *vault, struct key *key, str name)
{
    str region, account, rest, arn;
    struct arn_text text;
    struct alias *alias;
    struct map_node *node;
    enum err err;

    if (key->alias_count >= ALIASES_PER_KEY_MAX)
        return ERR_FULL;
    if (!vault_split_arn(str_of(key->arn), &region, &account, &rest))
        return ERR_INTERNAL;
    arn = vault_make_arn(&text, region, account, "", name);
    node = map_find(&vault->aliases, arn);
    if (node) {
        alias = container_of(node, struct alias, by_arn);
        list_remove(&alias->of_key);
        alias->key->alias_count--;
    } else {
        alias = calloc(1, sizeof(*alias));
        if (alias == NULL)
            return ERR_NO_MEMORY;
        memcpy(alias->arn, arn.at, arn.size);
        err = map_add(&vault->aliases, &alias->by_arn, str_of(alias->arn));
        if (err != OK) {
            free(alias);
            return err;
        }
    }
    alias->key = key;
    list_push(&key->aliases, &alias->of_key);
    key->alias_count++;
    vault->changed = true;
    return OK;
}

/* The key of an alias, made if it may be. */
static enum err find_alias(struct vault *vault, str region, str account, str name, bool create, ms now,
                           struct key **ret_key)
{
    struct arn_text text;
    struct map_node *node = map_find(&vault->aliases, vault_make_arn(&text, region, account, "", name));
    struct key *key;

    if (node) {
        *ret_key = container_of(node, struct alias, by_arn)->key;
        return OK;
    }
    if (!create)
        return ERR_KMS_NOT_FOUND;
    TRY(add_random_key(vault, region, account, now, &key));
    TRY(vault_add_alias(vault, key, name));
    *ret_key = key;
    return OK;
}

static enum err find_id(struct vault *vault, str region, str account, str id, bool create, ms now,
                        struct key **ret_key)
{
    struct arn_text text;
    str arn = vault_make_arn(&text, region, account, "key/", id);
    struct key *key = vault_key_by_arn(vault, arn);

    if (key == NULL && !create)
        return ERR_KMS_NOT_FOUND;
    if (key == NULL)
        TRY(vault_add_key(vault, arn, now, &key));
    *ret_key = key;
    return OK;
}

enum err vault_find(struct vault *vault, str region, str account, str name, ms now, struct vault_key *ret_key)
{
    str arn_region = region, arn_account = account, rest = name, prefix = STR("key/");
    bool create = vault->settings.create_missing, is_arn = str_starts(name, STR("arn:"));
    struct key *key;

    if (!vault_is_place(region, account))
        return ERR_KMS_NOT_FOUND;
    if (is_arn && (!vault_split_arn(name, &arn_region, &arn_account, &rest) || !str_eq(arn_region, region)))
        return ERR_KMS_NOT_FOUND;
    create = create && str_eq(arn_account, account);
    if (vault_is_alias(rest)) {
        create = create || (str_eq(rest, STR("alias/aws/kinesis")) && str_eq(arn_account, account));
        TRY(find_alias(vault, arn_region, arn_account, rest, create, now, &key));
    } else {
        if (is_arn && !str_starts(rest, prefix))
            return ERR_KMS_NOT_FOUND;
        if (is_arn)
            rest = str_slice(rest, prefix.size, rest.size);
        if (!vault_is_key_id(rest))
            return ERR_KMS_NOT_FOUND;
        TRY(find_id(vault, arn_region, arn_account, rest, create, now, &key));
    }
    view(key, ret_key);
    return OK;
}

enum err vault_state_usable(enum vault_state state)
{
    switch (state) {
    case VAULT_ENABLED:
        return OK;
    case VAULT_DISABLED:
        return ERR_KMS_DISABLED;
    case VAULT_PENDING_DELETION:
        break;
    }
    return ERR_KMS_INVALID_STATE;
}

enum err vault_usable(const struct vault_key *key)
{
    return vault_state_usable(key->state);
}

enum err vault_set_alias(struct vault *vault, str key_arn, str alias)
{
    struct key *key = vault_key_by_arn(vault, key_arn);

    if (key == NULL)
        return ERR_KMS_NOT_FOUND;
    if (!vault_is_alias(alias) || str_starts(alias, STR("alias/aws/")))
        return ERR_INVALID_ARGUMENT;
    return vault_add_alias(vault, key, alias);
}

enum err vault_set_state(struct vault *vault, str key_arn, enum vault_state state, ms deleted_at)
{
    struct key *key = vault_key_by_arn(vault, key_arn);

    if (key == NULL)
        return ERR_KMS_NOT_FOUND;
    key->state = state;
    key->deleted_at = state == VAULT_PENDING_DELETION ? deleted_at : 0;
    vault->changed = true;
    return OK;
}

bool vault_next_key(const struct vault *vault, size_t *index, struct vault_key *ret_key)
{
    if (*index >= vault->keys.count)
        return false;
    view(vault->in_order[(*index)++], ret_key);
    return true;
}
