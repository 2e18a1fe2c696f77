/* vault.c: keys, aliases and data keys.
 *
 *        new ---> ENABLED <---> DISABLED
 *                    \            /
 *                  PENDING_DELETION      (and back, until the server forgets the key)
 *
 * Keys are few and live as long as the vault; data keys are many and go with their owner. */
#include "vault/vault.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "vault/vault_parts.h"

static const char arn_start[] = "arn:aws:kms:";

static struct key *key_of(struct map_node *node)
{
    return node ? container_of(node, struct key, by_arn) : NULL;
}

static enum err draw(const struct vault *vault, void *ret_bytes, size_t size)
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
    err = draw(vault, &seed, sizeof(seed));
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
        owner_destroy(vault, container_of(node, struct owner, by_name));
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

/* ---- names ---- */

static bool only(str text, const char *more)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            (c == 0 || strchr(more, c) == NULL))
            return false;
    }
    return text.size > 0;
}

/* "1234abcd-12ab-34cd-56ef-1234567890ab", or "mrk-" and 32 hex digits. */
static bool is_key_id(str id)
{
    bool regions = str_starts(id, STR("mrk-"));

    for (size_t i = regions ? 4 : 0; i < id.size; i++) {
        bool dash = !regions && (i == 8 || i == 13 || i == 18 || i == 23);
        char c = id.at[i];

        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return id.size == VAULT_ID_CHARS;
}

bool vault_is_alias(str alias)
{
    str prefix = STR("alias/");

    return str_starts(alias, prefix) && alias.size <= ALIAS_BYTES_MAX &&
           only(str_slice(alias, prefix.size, alias.size), "/_-");
}

static bool is_place(str region, str account)
{
    return region.size <= 32 && only(region, "-") && account.size == 12 && only(account, "");
}

/* "arn:aws:kms:REGION:ACCOUNT:rest" */
static bool split_arn(str arn, str *ret_region, str *ret_account, str *ret_rest)
{
    str rest = str_slice(arn, sizeof(arn_start) - 1, arn.size);

    if (!str_starts(arn, str_of(arn_start)))
        return false;
    *ret_region = str_cut(&rest, ':');
    *ret_account = str_cut(&rest, ':');
    *ret_rest = rest;
    return str_present(rest) && is_place(*ret_region, *ret_account);
}

bool vault_is_key_arn(str arn)
{
    str region, account, rest, prefix = STR("key/");

    return split_arn(arn, &region, &account, &rest) && str_starts(rest, prefix) &&
           is_key_id(str_slice(rest, prefix.size, rest.size));
}

struct arn_text {
    char at[VAULT_ARN_MAX + ALIAS_BYTES_MAX];
};

static str make_arn(struct arn_text *text, str region, str account, const char *kind, str name)
{
    int size = snprintf(text->at, sizeof(text->at), "%s%.*s:%.*s:%s%.*s", arn_start, STR_ARG(region),
                        STR_ARG(account), kind, STR_ARG(name));

    assert(size > 0 && (size_t)size < sizeof(text->at));
    return str_bytes(text->at, (size_t)size);
}

/* ---- keys ---- */

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

    TRY(draw(vault, bytes, sizeof(bytes)));
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

    TRY(random_id(vault, id));
    return vault_add_key(vault, make_arn(&text, region, account, "key/", str_bytes(id, sizeof(id))), now, ret_key);
}

enum err vault_new_key(struct vault *vault, str region, str account, ms now, struct vault_key *ret_key)
{
    struct key *key;

    if (!is_place(region, account))
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
    if (!split_arn(str_of(key->arn), &region, &account, &rest))
        return ERR_INTERNAL;
    arn = make_arn(&text, region, account, "", name);
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
    struct map_node *node = map_find(&vault->aliases, make_arn(&text, region, account, "", name));
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
    str arn = make_arn(&text, region, account, "key/", id);
    struct key *key = key_of(map_find(&vault->keys, arn));

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

    if (!is_place(region, account))
        return ERR_KMS_NOT_FOUND;
    if (is_arn && (!split_arn(name, &arn_region, &arn_account, &rest) || !str_eq(arn_region, region)))
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
        if (!is_key_id(rest))
            return ERR_KMS_NOT_FOUND;
        TRY(find_id(vault, arn_region, arn_account, rest, create, now, &key));
    }
    view(key, ret_key);
    return OK;
}

static enum err usable(enum vault_state state)
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
    return usable(key->state);
}

enum err vault_set_alias(struct vault *vault, str key_arn, str alias)
{
    struct key *key = key_of(map_find(&vault->keys, key_arn));

    if (key == NULL)
        return ERR_KMS_NOT_FOUND;
    if (!vault_is_alias(alias) || str_starts(alias, STR("alias/aws/")))
        return ERR_INVALID_ARGUMENT;
    return vault_add_alias(vault, key, alias);
}

enum err vault_set_state(struct vault *vault, str key_arn, enum vault_state state, ms deleted_at)
{
    struct key *key = key_of(map_find(&vault->keys, key_arn));

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

/* ---- data keys ---- */

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

    TRY(draw(vault, lot, sizeof(lot)));
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

enum err vault_make_check(const struct vault *vault, uint8_t ret_check[static WRAPPED_BYTES])
{
    static const uint8_t zeros[VAULT_KEY_BYTES];

    return seal_by_master(vault, 0, STR("leat vault"), zeros, ret_check);
}

enum err vault_test_check(const struct vault *vault, const uint8_t check[static WRAPPED_BYTES])
{
    uint8_t zeros[VAULT_KEY_BYTES];

    return seal_decrypt(vault->seal, vault->master_key, STR("leat vault"), str_bytes(check, WRAPPED_BYTES), zeros);
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
    struct key *key = key_of(map_find(&vault->keys, key_arn));
    struct data_key *data_key;
    enum err err;

    if (key == NULL)
        return ERR_KMS_NOT_FOUND;
    TRY(usable(key->state));
    TRY(vault_add_data_key(vault, key, owner, vault->next_data_key, now, &data_key));
    err = draw(vault, data_key->bytes, sizeof(data_key->bytes));
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
    TRY(usable(data_key->key->state));
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
