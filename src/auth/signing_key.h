/* signing_key.h: the derived keys of SigV4 and a bounded cache of them.
 *
 * A derived key is a pure function of secret, date, region and service, and the cache is keyed by exactly these: a
 * reload of credentials needs no invalidation. Only keys that have verified a signature are kept, so that a stranger
 * who names odd regions cannot push others out. */
#pragma once

#include "auth/digest.h"

struct signing_scope {
    str secret, date, region, service;
};

struct signing_keys {
    struct signing_slot *slots;
    size_t slot_count; /* 0 or a power of two */
    uint64_t seed;
    uint32_t clock;
    struct signing_slot *latest; /* found last: asked first, for most callers come again */
};

/* Keeps up to `count_max` keys, rounded down to a power of two. */
must_use enum err signing_keys_init(struct signing_keys *keys, size_t count_max, uint64_t seed);

/* Wipes them. */
void signing_keys_deinit(struct signing_keys *keys);

/* The kept key, or NULL. Valid until the next signing_keys_keep. */
const struct digest_key *signing_keys_find(struct signing_keys *keys, const struct signing_scope *scope);

/* Keep it, in place of the least recently used of its neighbours. */
void signing_keys_keep(struct signing_keys *keys, const struct signing_scope *scope,
                       const struct digest_key *key);

/* TOO_LARGE if the secret is beyond what credentials may hold. */
must_use enum err signing_key_derive(const struct signing_scope *scope, struct digest_key *ret_key);
