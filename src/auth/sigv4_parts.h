/* sigv4_parts.h: the workspace that signing (sigv4_sign.c) and verifying (sigv4.c) share. For these two only. */
#pragma once

#include "auth/claim.h"
#include "auth/digest.h"
#include "auth/signing_key.h"
#include "base/buf.h"
#include "base/sha256.h"

struct sigv4 {
    struct signing_keys keys;
    struct buf canonical, scratch;
    char empty_hash[DIGEST_HEX];
    struct claim_date latest;
    enum sha256_ways ways; /* in which two bodies are hashed at once */
};

/* The hex hash of a body. */
void sigv4_body_hash(struct sigv4 *sigv4, str body, char ret_hex[static DIGEST_HEX]);

/* The signature over what stands in sigv4->canonical. Overwrites the scratch buffer. */
must_use enum err sigv4_signature(struct sigv4 *sigv4, const struct digest_key *key, str amz_date,
                                  const struct signing_scope *scope, char ret_hex[static DIGEST_HEX]);
