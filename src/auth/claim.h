/* claim.h: what a request says about its own signature, in its header or in its query. Nothing is verified here. */
#pragma once

#include "auth/sigv4.h"
#include "base/buf.h"

struct claim {
    bool presigned;
    str algorithm;
    str access_key, date, region, service; /* of the credential */
    str signed_headers, signature;
    char amz_date[DATE_TEXT_MAX]; /* basic form, of the header X-Amz-Date or Date or of the query */
    ms at;                        /* the same as a time */
    uint32_t expires_s;           /* presigned only; 0 if not given */
    str session_token;            /* absent if not given */
    str content_sha256;           /* x-amz-content-sha256; absent if not given */
};

/* The date that was read last. Most requests of a second carry the same. */
struct claim_date {
    char text[16]; /* all zeros: none yet */
    ms at;
};

struct claim_needs {
    bool date; /* the date must be readable and agree with the credential */
    struct claim_date *latest;
};

/* MISSING_TOKEN, INVALID_SIGNATURE (both forms given) or INCOMPLETE_SIGNATURE with `*ret_sentence`; NO_MEMORY. The
 * claim's texts point into the request and the arena. `scratch` is overwritten. */
must_use enum err claim_read(const struct sigv4_request *request, struct claim_needs needs, struct buf *scratch,
                             struct arena *arena, struct claim *ret_claim, str *ret_sentence);

/* True if `host` or `:authority` is among the signed headers. */
bool claim_signs_host(const struct claim *claim);
