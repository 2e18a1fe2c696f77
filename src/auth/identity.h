/* identity.h: who calls, as the signature and the credentials say. */
#pragma once

#include "base/str.h"

struct policy;

enum { ACCOUNT_DIGITS = 12 };

struct identity {
    str access_key;
    char account[ACCOUNT_DIGITS + 1]; /* a zero byte follows */
    str principal_arn;                /* arn:aws:iam::123456789012:user/NAME */
    str user_name;                    /* for aws:username; absent for a principal that is no user */
    str region, service;              /* from the credential scope */
    const struct policy *const *policies; /* identity-based */
    size_t policy_count;
    bool administrator; /* everything is allowed that no policy denies */
    bool verified;      /* false in open mode: nobody looked at the signature */
};
