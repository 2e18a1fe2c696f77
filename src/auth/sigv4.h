/* sigv4.h: Signature Version 4, signing and verifying by one implementation.
 *
 * A `struct sigv4` is a workspace: scratch buffers and a bounded cache of derived keys. It belongs to one thread.
 * Nothing here does I/O or reads a clock: the time is an argument. */
#pragma once

#include "auth/identity.h"
#include "base/arena.h"
#include "base/date.h"

struct credentials;
struct sigv4;

struct sigv4_header {
    str name, value; /* the name in any case; the value as received */
};

/* A request as it stands on the wire. */
struct sigv4_request {
    str method;
    str path;  /* raw: still percent-encoded, without the query */
    str query; /* raw, without '?'; absent or empty if there is none */
    const struct sigv4_header *headers; /* may hold `:authority` */
    size_t header_count;
    str body;
    const char *body_hash; /* what sigv4_hash_pair has said of the body; NULL: to be found out */
    bool body_unread; /* streaming: `body` is not known, and the hash of nothing or UNSIGNED-PAYLOAD is accepted */
};

struct sigv4_bounds {
    size_t cached_keys_max;     /* derived keys kept; 0 keeps none */
    size_t canonical_bytes_max; /* a longer canonical request is refused with TOO_LARGE */
};

/* `seed` comes from entropy. NO_MEMORY. */
must_use enum err sigv4_create(struct sigv4_bounds bounds, uint64_t seed, struct sigv4 **ret_sigv4);

/* Wipes the cached keys; NULL is allowed. */
void sigv4_destroy(struct sigv4 *sigv4);

enum { SIGV4_HASH_CHARS = 64 };

/* The hashes of two bodies side by side, a third faster than one by one. Without sigv4_has_pairs the CPU cannot do it,
 * and this may not be called. */
bool sigv4_has_pairs(const struct sigv4 *sigv4);
void sigv4_hash_pair(const struct sigv4 *sigv4, const str bodies[static 2],
                     char ret_hashes[static 2][SIGV4_HASH_CHARS]);

/* Who may call. Without credentials ("open") every well-formed signature is accepted unseen. */
struct sigv4_rules {
    const struct credentials *credentials; /* NULL: open */
    str open_account;                      /* 12 digits; the account in open mode, unless the access key is 12 digits */
    ms skew_max;                           /* 300000 */
};

/* Who signed `request`? On a refusal `*ret_sentence` is the exact text for the client: MISSING_TOKEN,
 * INCOMPLETE_SIGNATURE, INVALID_SIGNATURE, UNRECOGNIZED_CLIENT or EXPIRED_TOKEN. TOO_LARGE and NO_MEMORY have no
 * text. The identity's texts point into the request, the credentials and the arena: hold the credentials as long. */
must_use enum err sigv4_verify(struct sigv4 *sigv4, const struct sigv4_rules *rules,
                               const struct sigv4_request *request, ms now, struct arena *arena,
                               struct identity *ret_identity, str *ret_sentence);

struct sigv4_signer {
    str access_key, secret_key;
    str session_token; /* absent if there is none */
    str region, service;
};

/* What a signed request carries beside its own headers; absent texts are not sent. */
struct sigv4_signed {
    str authorization;
    str amz_date;
    str security_token;
    str content_sha256; /* for service s3 only */
};

/* Signs method, path, query, body and all given headers except those that proxies rewrite (user-agent, expect,
 * connection, transfer-encoding, x-amzn-trace-id); `host` or `:authority` must be among them. The texts live in
 * `arena`. MALFORMED without a host, TOO_LARGE, NO_MEMORY. With `body_unread` the payload is signed as
 * UNSIGNED-PAYLOAD for s3 and as empty elsewhere. */
must_use enum err sigv4_sign(struct sigv4 *sigv4, const struct sigv4_signer *signer,
                             const struct sigv4_request *request, ms now, struct arena *arena,
                             struct sigv4_signed *ret_signed);

/* The query string (without '?') of a presigned URL valid for `expires_s` seconds, 1 to 604800. */
must_use enum err sigv4_presign(struct sigv4 *sigv4, const struct sigv4_signer *signer,
                                const struct sigv4_request *request, ms now, uint32_t expires_s, struct arena *arena,
                                str *ret_query);
