#include "api/kinesis/resource_policy.h"
#include "auth/policy.h"
#include "kinesis_model.h"

/* PutResourcePolicy: attach a policy to a stream or a consumer in place of what was there. It must be one that can be
 * judged later: a policy nobody understands would lock everybody out or let everybody in. */

enum { POLICY_BYTES_MAX = 20480, POLICY_STATEMENTS_MAX = 200, POLICY_VALUES_MAX = 4000 };

static enum err check(struct rq *rq, str text)
{
    static const struct policy_bounds bounds = { POLICY_BYTES_MAX, POLICY_STATEMENTS_MAX, POLICY_VALUES_MAX };
    struct policy *policy;
    str sentence = { 0 };
    enum err err = policy_parse(text, POLICY_RESOURCE, bounds, &rq->arena, &policy, &sentence);

    if (err != ERR_MALFORMED && err != ERR_TOO_LARGE)
        return err;
    return fail(rq, ERR_INVALID_ARGUMENT, "Malformed policy document. %.*s", STR_ARG(sentence));
}

enum err put_resource_policy(struct rq *rq, const struct put_resource_policy_input *in,
                             struct put_resource_policy_output *out)
{
    struct consumer *consumer;
    struct stream *stream;

    TRY(resource_policy_find(rq, in->resource_arn, &stream, &consumer));
    TRY(check(rq, in->policy));
    resource_policy_stage(rq, stream, consumer, in->policy);
    return OK;
}
