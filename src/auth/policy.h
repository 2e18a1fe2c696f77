/* policy.h: IAM policies in JSON, parsed once, judged per request.
 *
 * An explicit deny wins; within one account an identity-based or a resource-based allow suffices; across accounts
 * both are needed; everything else is denied. Judging allocates nothing and is linear in the policies' size. */
#pragma once

#include "auth/identity.h"
#include "base/arena.h"
#include "base/date.h"

struct policy;

enum policy_kind {
    POLICY_IDENTITY, /* attached to a user: no Principal */
    POLICY_RESOURCE, /* attached to a stream or key: Principal required */
};

struct policy_bounds {
    size_t bytes_max; /* of the text */
    size_t statements_max;
    size_t values_max; /* actions, resources, principals and condition values together */
};

/* The policy lives in `arena` and copies what it needs of `text`. MALFORMED and TOO_LARGE leave in `*ret_sentence`
 * what is wrong. */
must_use enum err policy_parse(str text, enum policy_kind kind, struct policy_bounds bounds, struct arena *arena,
                               struct policy **ret_policy, str *ret_sentence);

struct policy_tag {
    str key, value;
};

/* What is asked. Absent texts are keys that the request does not have. */
struct policy_question {
    const struct identity *identity;
    str action;           /* "kinesis:PutRecord" */
    str resource;         /* ARN, or "*" for operations without one */
    str resource_account; /* 12 digits; absent means the caller's own */
    str source_ip;        /* "127.0.0.1", "::1" */
    str user_agent;
    ms now;
    bool secure_transport;
    const struct policy_tag *resource_tags, *request_tags;
    size_t resource_tag_count, request_tag_count;
};

enum policy_verdict {
    POLICY_ALLOWED,
    POLICY_DENIED_BY_IDENTITY, /* an explicit deny in an identity-based policy */
    POLICY_DENIED_BY_RESOURCE, /* an explicit deny in a resource-based policy */
    POLICY_NO_IDENTITY_ALLOW,  /* nothing allows it */
    POLICY_NO_RESOURCE_ALLOW,  /* another account's resource does not allow it */
};

/* `resource_policy` is NULL if the resource has none. */
enum policy_verdict policy_judge(const struct policy_question *question, const struct policy *resource_policy);

/* "User: ... is not authorized to perform: ..." for any verdict but ALLOWED; absent without memory. */
str policy_denial(const struct policy_question *question, enum policy_verdict verdict, struct arena *arena);
