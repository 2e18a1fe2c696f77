/* credentials.h: an immutable set of users and their secrets, parsed from a JSON text (doc/credentials.md).
 *
 * The set is ref-counted: a reload parses a new set and swaps it in while requests still hold the old one. Any
 * thread may read, take and give. The last give wipes the secrets. */
#pragma once

#include "base/arena.h"
#include "base/date.h"

struct credentials;
struct policy;

struct user {
    str name;
    str access_key, secret_key;
    str session_token; /* absent: long-term keys */
    ms expires_at;     /* of the session token; 0 = never */
    str account;       /* 12 digits */
    str principal_arn;
    bool administrator;
    const struct policy *const *policies;
    size_t policy_count;
};

struct credentials_bounds {
    size_t bytes_max; /* of the text; what is made of it is bounded by 64 times that */
    size_t users_max;
};

/* `seed` comes from entropy; `default_account` serves users that name none. MALFORMED and TOO_LARGE leave in
 * `*ret_sentence` (allocated from `arena`) what is wrong and where. One reference is the caller's. */
must_use enum err credentials_parse(str text, str default_account, struct credentials_bounds bounds, uint64_t seed,
                                    struct arena *arena, struct credentials **ret_credentials, str *ret_sentence);

struct credentials *credentials_take(struct credentials *credentials);
void credentials_give(struct credentials *credentials); /* NULL is allowed */

/* The user with that access key, or NULL. Lives as long as the set. */
const struct user *credentials_find(const struct credentials *credentials, str access_key);

size_t credentials_count(const struct credentials *credentials);
