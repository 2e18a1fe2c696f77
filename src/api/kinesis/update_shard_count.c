#include "api/kinesis/expect.h"
#include "api/kinesis/quota.h"

/* UpdateShardCount: to so many shards of equal hash ranges, by splits and merges, in one UPDATING phase.
 *
 * Asking for what is there already succeeds and changes nothing. */

enum { SCALINGS_PER_DAY = 10, TARGET_MAX = 10000 };

static enum err check_target(struct rq *rq, int64_t open, int64_t target)
{
    if (target > open * 2)
        return fail(rq, ERR_LIMIT_EXCEEDED,
                    "UpdateShardCount cannot scale up over double your current open shard count. Current open shard "
                    "count: %lld, Target shard count: %lld",
                    (long long)open, (long long)target);
    if (target * 2 < open)
        return fail(rq, ERR_LIMIT_EXCEEDED,
                    "UpdateShardCount cannot scale down below half your current open shard count. Current open shard "
                    "count: %lld, Target shard count: %lld",
                    (long long)open, (long long)target);
    if (target > TARGET_MAX || (open > TARGET_MAX && target == TARGET_MAX))
        return fail(rq, ERR_LIMIT_EXCEEDED,
                    "Target shard count or number of open shards cannot be greater than %d. Current open shard count: "
                    "%lld, Target shard count: %lld",
                    TARGET_MAX, (long long)open, (long long)target);
    return OK;
}

static enum err check_daily(struct rq *rq, const struct stream *stream)
{
    if (!api_config(rq->api)->quotas.daily || times_within_day(rq, &stream->record->scalings) < SCALINGS_PER_DAY)
        return OK;
    return fail(rq, ERR_LIMIT_EXCEEDED,
                "UpdateShardCount cannot be called more than %d times within 24 hours for stream %.*s under account "
                "%.*s.",
                SCALINGS_PER_DAY, STR_ARG(stream->record->name), STR_ARG(stream->record->account));
}

enum err update_shard_count(struct rq *rq, const struct update_shard_count_input *in,
                            struct update_shard_count_output *out)
{
    int64_t target = in->target_shard_count.value;
    struct catalog_stream_record record;
    struct stream *stream;
    size_t open;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    TRY(expect_provisioned(rq, stream));
    TRY(expect_active(rq, stream));
    (void)stream_open_shards(stream, &open);
    TRY(check_target(rq, (int64_t)open, target));
    TRY(check_daily(rq, stream));
    TRY(quota_shards(rq, stream->record->account, stream->record->region, target - (int64_t)open));
    out->stream_name = arena_str(&rq->arena, stream->record->name);
    out->stream_arn = stream_arn(rq, stream);
    out->current_shard_count = int_of((int64_t)open);
    out->target_shard_count = in->target_shard_count;
    if (target == (int64_t)open)
        return OK;
    record = stream_change(rq, stream);
    record.scalings = times_add(rq, &record.scalings);
    stage_job(rq, &record, (struct catalog_job){ .kind = int_of(JOB_SCALE), .target = int_of(target) });
    return OK;
}
