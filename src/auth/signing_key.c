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
    struct digest_key key;
};

enum err signing_keys_init(struct signing_keys *keys, size_t count_max, uint64_t seed)
{
    size_t count = count_max ? WAYS : 0;

    while (count && count * 2 <= count_max)
        count *= 2;
    *keys = (struct signing_keys){ .seed = seed };
    if (count == 0)
        return OK;
    keys->slots = keys->latest = calloc(count, sizeof(*keys->slots));
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

static bool slot_is(const struct signing_slot *slot, const struct signing_scope *scope)
{
    const str parts[4] = { scope->secret, scope->date, scope->region, scope->service };
    const char *at = slot->text;

    if (slot->used == 0)
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

static struct signing_slot *find(struct signing_keys *keys, uint64_t hash, const struct signing_scope *scope)
{
    struct signing_slot *slots = neighbours(keys, hash);

    for (size_t i = 0; i < WAYS; i++)
        if (slots[i].hash == hash && slot_is(&slots[i], scope))
            return &slots[i];
    return NULL;
}

const struct digest_key *signing_keys_find(struct signing_keys *keys, const struct signing_scope *scope)
{
    struct signing_slot *slot = keys->latest;

    if (keys->slot_count == 0)
        return NULL;
    if (!slot_is(slot, scope))
        slot = find(keys, scope_hash(keys, scope), scope);
    if (slot == NULL)
        return NULL;
    slot->used = keys->clock;
    keys->latest = slot;
    return &slot->key;
}

void signing_keys_keep(struct signing_keys *keys, const struct signing_scope *scope,
                       const struct digest_key *key)
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
    if (find(keys, hash, scope))
        return;
    slots = oldest = neighbours(keys, hash);
    for (size_t i = 0; i < WAYS; i++)
        if (slots[i].used < oldest->used)
            oldest = &slots[i];
    if (keys->clock < UINT32_MAX)
        keys->clock++;
    oldest->hash = hash;
    oldest->used = keys->clock;
    oldest->key = *key;
    size = 0;
    for (size_t i = 0; i < 4; i++) {
        oldest->sizes[i] = (uint32_t)parts[i].size;
        if (parts[i].size)
            memcpy(oldest->text + size, parts[i].at, parts[i].size);
        size += parts[i].size;
    }
    assert(size <= TEXT_MAX);
}

enum err signing_key_derive(const struct signing_scope *scope, struct digest_key *ret_key)
{
    char start[4 + SECRET_MAX] = "AWS4";
    uint8_t mac[DIGEST_BYTES];
    const str steps[] = { scope->date, scope->region, scope->service, STR("aws4_request") };

    if (scope->secret.size > SECRET_MAX)
        return ERR_TOO_LARGE;
    if (scope->secret.size)
        memcpy(start + 4, scope->secret.at, scope->secret.size);
    digest_key_init(ret_key, str_bytes(start, 4 + scope->secret.size));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        digest_hmac(ret_key, steps[i], mac);
        digest_key_init(ret_key, str_bytes(mac, sizeof(mac)));
    }
    OPENSSL_cleanse(start, sizeof(start));
    OPENSSL_cleanse(mac, sizeof(mac));
    return OK;
}
