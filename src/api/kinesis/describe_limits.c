#include "api/kinesis/quota.h"
#include "kinesis_model.h"

/* DescribeLimits: what the account uses in the region, and what it may. */
enum err describe_limits(struct rq *rq, const struct describe_limits_input *in, struct describe_limits_output *out)
{
    const struct api_quotas *quotas = &api_config(rq->api)->quotas;
    struct usage usage = usage_of(rq, rq->account, rq->region);

    out->shard_limit = int_of(quotas->shards ? quotas->shards : LIMIT_SHOWN_MAX);
    out->open_shard_count = int_of(usage.open_shards);
    out->on_demand_stream_count = int_of(usage.on_demand_streams);
    out->on_demand_stream_count_limit = int_of(quotas->on_demand_streams ? quotas->on_demand_streams : LIMIT_SHOWN_MAX);
    out->channel_count = int_of(0);
    out->channel_count_limit = int_of(0);
    return OK;
}
