#include "api/kinesis/resource_policy.h"
#include "kinesis_model.h"

/* GetResourcePolicy: the policy of a stream or a consumer; without one, the empty document. */
enum err get_resource_policy(struct rq *rq, const struct get_resource_policy_input *in,
                             struct get_resource_policy_output *out)
{
    struct consumer *consumer;
    struct stream *stream;

    TRY(find_resource(rq, in->resource_arn, &stream, &consumer));
    out->policy = resource_policy_of(stream, consumer);
    if (!str_present(out->policy))
        out->policy = STR("{}");
    return OK;
}
