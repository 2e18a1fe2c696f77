/* signing_key.c: four HMACs, and not having to do them again for the rest of the day. */
#include "auth/signing_key.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/map.h"

enum { TEXT_MAX = 224, WAYS = 4, SECRET_MAX = 512 };

struct signing_slot {
    uint64_t hash;
    uint32_t used;        /* 0: empty */
    uint32_t sizes[4];    /* of the parts of the scope, which stand one behind the other in `text` */
    char text[TEXT_MAX];
    uint8_t key[DIGEST_BYTES];
};

enum err signing_keys_init(struct signing_keys *keys, size_t count_max, uint64_t seed)
{
    size_t count = count_max ? WAYS : 0;

    while (count && count * 2 <= count_max)
        count *= 2;
    *keys = (struct signing_keys){ .seed = seed };
    if (count == 0)
        return OK;
    keys->slots = calloc(count, sizeof(*keys->slots));
    if (keys->slots == NULL)
        return ERR_NO_MEMORY;
    keys->slot_count = count;
    return OK;
}

void signing_keys_deinit(struct signing_keys *keys)
{
    if (keys->slots)
        OPENSSL_cleanse(keys->slots, keys->slot_count * sizeof(*keys->slots));
    free(keys->slots);
    *keys = (struct signing_keys){ 0 };
}

static uint64_t scope_hash(const struct signing_keys *keys, const struct signing_scope *scope)
{
    uint64_t hash = map_hash(keys->seed, scope->secret);

    hash = map_hash(hash, scope->date);
    hash = map_hash(hash, scope->region);
    return map_hash(hash, scope->service);
}

static bool slot_is(const struct signing_slot *slot, uint64_t hash, const struct signing_scope *scope)
{
    const str parts[4] = { scope->secret, scope->date, scope->region, scope->service };
    const char *at = slot->text;

    if (slot->used == 0 || slot->hash != hash)
        return false;
    for (size_t i = 0; i < 4; i++) {
        if (!str_eq(str_bytes(at, slot->sizes[i]), parts[i]))
            return false;
        at += slot->sizes[i];
    }
    return true;
}

/* The first of the WAYS neighbours among which a scope may stand. */
static struct signing_slot *neighbours(struct signing_keys *keys, uint64_t hash)
{
    return &keys->slots[hash & (keys->slot_count - 1) & ~(uint64_t)(WAYS - 1)];
}

const uint8_t *signing_keys_find(struct signing_keys *keys, const struct signing_scope *scope)
{
    uint64_t hash;
    struct signing_slot *slots;

    if (keys->slot_count == 0)
        return NULL;
    hash = scope_hash(keys, scope);
    slots = neighbours(keys, hash);
    for (size_t i = 0; i < WAYS; i++) {
        if (slot_is(&slots[i], hash, scope)) {
            slots[i].used = keys->clock;
            return slots[i].key;
        }
    }
    return NULL;
}

void signing_keys_keep(struct signing_keys *keys, const struct signing_scope *scope,
                       const uint8_t key[static DIGEST_BYTES])
{
    const str parts[4] = { scope->secret, scope->date, scope->region, scope->service };
    struct signing_slot *slots, *oldest;
    size_t size = 0;
    uint64_t hash;

    for (size_t i = 0; i < 4; i++)
        size += parts[i].size;
    if (keys->slot_count == 0 || size > TEXT_MAX)
        return;
    hash = scope_hash(keys, scope);
    slots = oldest = neighbours(keys, hash);
    for (size_t i = 0; i < WAYS; i++) {
        if (slot_is(&slots[i], hash, scope))
            return;
        if (slots[i].used < oldest->used)
            oldest = &slots[i];
    }
    if (keys->clock < UINT32_MAX)
        keys->clock++;
    oldest->hash = hash;
    oldest->used = keys->clock;
    memcpy(oldest->key, key, DIGEST_BYTES);
    size = 0;
    for (size_t i = 0; i < 4; i++) {
        oldest->sizes[i] = (uint32_t)parts[i].size;
        if (parts[i].size)
            memcpy(oldest->text + size, parts[i].at, parts[i].size);
        size += parts[i].size;
    }
    assert(size <= TEXT_MAX);
}

enum err signing_key_derive(struct digest *digest, const struct signing_scope *scope,
                            uint8_t ret_key[static DIGEST_BYTES])
{
    char start[4 + SECRET_MAX] = "AWS4";
    uint8_t key[DIGEST_BYTES];
    const str steps[] = { scope->date, scope->region, scope->service, STR("aws4_request") };
    str with = str_bytes(start, 4 + scope->secret.size);
    enum err err = OK;

    if (scope->secret.size > SECRET_MAX)
        return ERR_TOO_LARGE;
    if (scope->secret.size)
        memcpy(start + 4, scope->secret.at, scope->secret.size);
    for (size_t i = 0; err == OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
        err = digest_hmac(digest, with, steps[i], key);
        with = str_bytes(key, sizeof(key));
    }
    if (err == OK)
        memcpy(ret_key, key, sizeof(key));
    OPENSSL_cleanse(start, sizeof(start));
    OPENSSL_cleanse(key, sizeof(key));
    return err;
}
