#include "api/kinesis/resource_policy.h"
#include "kinesis_model.h"

/* DeleteResourcePolicy: take the policy off a stream or a consumer that has one. */
enum err delete_resource_policy(struct rq *rq, const struct delete_resource_policy_input *in,
                                struct delete_resource_policy_output *out)
{
    struct consumer *consumer;
    struct stream *stream;

    TRY(resource_policy_find(rq, in->resource_arn, &stream, &consumer));
    if (!str_present(resource_policy_of(stream, consumer)))
        return fail(rq, ERR_NOT_FOUND, "No resource policy found for resource ARN %.*s.", STR_ARG(in->resource_arn));
    resource_policy_stage(rq, stream, consumer, (str){ 0 });
    return OK;
}
