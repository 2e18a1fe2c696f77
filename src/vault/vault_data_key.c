/* vault_data_key.c: data keys: drawn by lot, wrapped by the master key, owned by a stream. */
#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "vault/vault_parts.h"

static void data_key_destroy(struct vault *vault, struct data_key *data_key)
{
    map_remove(&vault->data_keys, &data_key->by_id);
    list_remove(&data_key->of_owner);
    list_remove(&data_key->of_vault);
    OPENSSL_cleanse(data_key->bytes, sizeof(data_key->bytes));
    free(data_key);
}

static void owner_destroy(struct vault *vault, struct owner *owner)
{
    list_each(link, &owner->data_keys)
        data_key_destroy(vault, container_of(link, struct data_key, of_owner));
    map_remove(&vault->owners, &owner->by_name);
    free(owner);
}

/* What a wrapped key is bound to: "leat data key", its id, its key, its owner. */
struct binding {
    char at[32 + VAULT_ARN_MAX + OWNER_BYTES_MAX + 1];
};

static str bind(const struct data_key *data_key, struct binding *binding)
{
    int size = snprintf(binding->at, sizeof(binding->at), "leat data key %u %s %s", data_key->id,
                        data_key->key->arn, data_key->owner->name);

    assert(size > 0 && (size_t)size < sizeof(binding->at));
    return str_bytes(binding->at, (size_t)size);
}

/* Seal under the master key with a nonce drawn by lot: of these there are far too few to collide. */
static enum err seal_by_master(const struct vault *vault, uint32_t id, str bound_to,
                               const uint8_t bytes[static VAULT_KEY_BYTES], uint8_t ret_wrapped[static WRAPPED_BYTES])
{
    struct seal_nonce nonce = { 0 };
    uint8_t lot[SEAL_NONCE_BYTES];

    TRY(vault_draw(vault, lot, sizeof(lot)));
    nonce.epoch = load_le32(lot);
    atomic_init(&nonce.counter, load_le64(lot + 4) >> 1);
    return seal_encrypt(vault->seal, vault->master_key, id, &nonce, bound_to, str_bytes(bytes, VAULT_KEY_BYTES),
                        ret_wrapped);
}

enum err vault_wrap(const struct vault *vault, struct data_key *data_key)
{
    struct binding binding;

    return seal_by_master(vault, data_key->id, bind(data_key, &binding), data_key->bytes, data_key->wrapped);
}

enum err vault_unwrap(const struct vault *vault, struct data_key *data_key)
{
    struct binding binding;

    return seal_decrypt(vault->seal, vault->master_key, bind(data_key, &binding),
                        str_bytes(data_key->wrapped, WRAPPED_BYTES), data_key->bytes);
}

enum err vault_make_check(const struct vault *vault, str bound_to, uint8_t ret_check[static WRAPPED_BYTES])
{
    static const uint8_t zeros[VAULT_KEY_BYTES];

    return seal_by_master(vault, /* id: */ 0, bound_to, zeros, ret_check);
}

enum err vault_test_check(const struct vault *vault, str bound_to, const uint8_t check[static WRAPPED_BYTES])
{
    uint8_t zeros[VAULT_KEY_BYTES];

    if (load_le32(check) != 0) /* the id, which the seal does not cover */
        return ERR_CORRUPT;
    return seal_decrypt(vault->seal, vault->master_key, bound_to, str_bytes(check, WRAPPED_BYTES), zeros);
}

static struct owner *find_owner(const struct vault *vault, str name)
{
    struct map_node *node = map_find(&vault->owners, name);

    return node ? container_of(node, struct owner, by_name) : NULL;
}

static enum err find_or_add_owner(struct vault *vault, str name, struct owner **ret_owner)
{
    struct owner *owner = find_owner(vault, name);
    enum err err;

    if (owner == NULL) {
        owner = calloc(1, sizeof(*owner));
        if (owner == NULL)
            return ERR_NO_MEMORY;
        list_init(&owner->data_keys);
        memcpy(owner->name, name.at, name.size);
        err = map_add(&vault->owners, &owner->by_name, str_bytes(owner->name, name.size));
        if (err != OK) {
            free(owner);
            return err;
        }
    }
    *ret_owner = owner;
    return OK;
}

enum err vault_add_data_key(struct vault *vault, struct key *key, str owner_name, uint32_t id, ms now,
                            struct data_key **ret_data_key)
{
    struct data_key *data_key;
    struct owner *owner;
    enum err err;

    assert(owner_name.size > 0 && owner_name.size <= OWNER_BYTES_MAX);
    if (vault->data_keys.count >= vault->settings.data_keys_max || id == UINT32_MAX)
        return ERR_FULL;
    data_key = calloc(1, sizeof(*data_key));
    if (data_key == NULL)
        return ERR_NO_MEMORY;
    data_key->id = id;
    data_key->key = key;
    data_key->created_at = now;
    err = find_or_add_owner(vault, owner_name, &owner);
    if (err == OK)
        err = map_add(&vault->data_keys, &data_key->by_id, str_bytes(&data_key->id, sizeof(data_key->id)));
    if (err != OK) {
        free(data_key);
        return err;
    }
    data_key->owner = owner;
    list_push(&owner->data_keys, &data_key->of_owner);
    list_push(&vault->data_key_list, &data_key->of_vault);
    *ret_data_key = data_key;
    return OK;
}

enum err vault_new_data_key(struct vault *vault, str key_arn, str owner, ms now, uint32_t *ret_id)
{
    struct key *key = vault_key_by_arn(vault, key_arn);
    struct data_key *data_key;
    enum err err;

    if (key == NULL)
        return ERR_KMS_NOT_FOUND;
    TRY(vault_state_usable(key->state));
    TRY(vault_add_data_key(vault, key, owner, vault->next_data_key, now, &data_key));
    err = vault_draw(vault, data_key->bytes, sizeof(data_key->bytes));
    if (err == OK)
        err = vault_wrap(vault, data_key);
    if (err != OK) {
        data_key_destroy(vault, data_key);
        return err;
    }
    vault->next_data_key++;
    vault->changed = true;
    *ret_id = data_key->id;
    return OK;
}

enum err vault_current_data_key(const struct vault *vault, str key_arn, str owner_name, uint32_t *ret_id)
{
    const struct owner *owner = find_owner(vault, owner_name);

    for (const struct list *link = owner ? owner->data_keys.prev : NULL; link && link != &owner->data_keys;
         link = link->prev) {
        const struct data_key *data_key = container_of(link, struct data_key, of_owner);

        if (str_eq(str_of(data_key->key->arn), key_arn)) {
            *ret_id = data_key->id;
            return OK;
        }
    }
    return ERR_MISSING;
}

static const struct data_key *find_data_key(const struct vault *vault, uint32_t id)
{
    struct map_node *node = map_find(&vault->data_keys, str_bytes(&id, sizeof(id)));

    return node ? container_of(node, struct data_key, by_id) : NULL;
}

enum err vault_data_key(const struct vault *vault, uint32_t id, const uint8_t **ret_bytes)
{
    const struct data_key *data_key = find_data_key(vault, id);

    if (data_key == NULL)
        return ERR_KMS_NOT_FOUND;
    TRY(vault_state_usable(data_key->key->state));
    *ret_bytes = data_key->bytes;
    return OK;
}

enum err vault_data_key_arn(const struct vault *vault, uint32_t id, str *ret_arn)
{
    const struct data_key *data_key = find_data_key(vault, id);

    if (data_key == NULL)
        return ERR_KMS_NOT_FOUND;
    *ret_arn = str_of(data_key->key->arn);
    return OK;
}

void vault_drop_data_keys(struct vault *vault, str owner_name)
{
    struct owner *owner = find_owner(vault, owner_name);

    if (owner == NULL)
        return;
    owner_destroy(vault, owner);
    vault->changed = true;
}
