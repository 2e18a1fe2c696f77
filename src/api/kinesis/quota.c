#include "api/kinesis/quota.h"

/* The open shards a provisioned stream will have when what is under way is done. */
static int64_t shards_coming(const struct stream *stream, int64_t open)
{
    const struct catalog_job *job = stream->record->job;
    int64_t target = job ? job->target.value : 0;

    if (stream->record->status.value == STREAM_CREATING)
        return target;
    if (job && job->kind.value == JOB_SPLIT)
        return open + 1;
    if (job && job->kind.value == JOB_SCALE && target > open)
        return target;
    return open;
}

struct usage usage_of(struct rq *rq, str account, str region)
{
    struct catalog *catalog = api_config(rq->api)->catalog;
    struct usage usage = { 0 };

    for (struct stream *stream = catalog_next_stream(catalog, account, region, (str){ 0 }); stream;
         stream = catalog_next_stream(catalog, account, region, stream->record->name)) {
        int64_t status = stream->record->status.value;
        size_t open;

        usage.in_transition += status == STREAM_CREATING || status == STREAM_DELETING;
        if (stream->record->mode.value == MODE_ON_DEMAND) {
            usage.on_demand_streams++;
            continue;
        }
        (void)stream_open_shards(stream, &open);
        usage.open_shards += (int64_t)open;
        usage.shards += shards_coming(stream, (int64_t)open);
    }
    return usage;
}

enum err quota_shards(struct rq *rq, str account, str region, int64_t additional)
{
    int64_t limit = api_config(rq->api)->quotas.shards;
    int64_t shards;

    if (additional <= 0 || (limit == 0 && additional <= STREAM_SHARDS_MAX))
        return OK;
    shards = usage_of(rq, account, region).shards;
    if (limit == 0)
        limit = shards + STREAM_SHARDS_MAX;
    if (shards + additional <= limit)
        return OK;
    return fail(rq, ERR_LIMIT_EXCEEDED,
                "This request would exceed the shard limit for the account %.*s in %.*s. Current shard count for the "
                "account: %lld. Limit: %lld. Number of additional shards that would have resulted from this request: "
                "%lld. Refer to the AWS Service Limits page "
                "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to "
                "request higher limits.",
                STR_ARG(account), STR_ARG(region), (long long)shards, (long long)limit, (long long)additional);
}

enum err quota_on_demand(struct rq *rq, str account, str region)
{
    int64_t limit = api_config(rq->api)->quotas.on_demand_streams;
    int64_t count = limit ? usage_of(rq, account, region).on_demand_streams : 0;

    if (limit == 0 || count < limit)
        return OK;
    return fail(rq, ERR_LIMIT_EXCEEDED,
                "This request would exceed the on-demand stream limit for the account %.*s in %.*s. Current on-demand "
                "stream count for the account: %lld. Limit: %lld.",
                STR_ARG(account), STR_ARG(region), (long long)count, (long long)limit);
}

enum err quota_in_transition(struct rq *rq)
{
    int64_t limit = api_config(rq->api)->quotas.streams_in_transition;

    if (limit == 0 || usage_of(rq, rq->account, rq->region).in_transition < limit)
        return OK;
    return fail(rq, ERR_LIMIT_EXCEEDED,
                "This request would have exceed the limit on the number of streams that can simultaneously be in "
                "CREATING or DELETING. Limit: %lld",
                (long long)limit);
}
