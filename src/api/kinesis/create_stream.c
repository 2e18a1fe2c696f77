#include "api/kinesis/expect.h"
#include "api/kinesis/quota.h"
#include "api/kinesis/tags.h"

/* CreateStream: a stream that is CREATING, with all that will be true of it but its shards.
 *
 * The transition makes the shards when it is due. A name stays taken until a stream that is DELETING is gone. The
 * creation time is a whole second: it is what clients tell incarnations of a name apart by. */

enum { SHARDS_DEFAULT = 4, RETENTION_HOURS_DEFAULT = 24 };

static enum err check_name(struct rq *rq, str name)
{
    if (catalog_stream(api_config(rq->api)->catalog, rq->account, rq->region, name) == NULL)
        return OK;
    return fail(rq, ERR_IN_USE, "Stream %.*s under account %.*s already exists.", STR_ARG(name), STR_ARG(rq->account));
}

/* Without a mode, a stream is provisioned. */
static enum err check_mode(struct rq *rq, const struct create_stream_input *in, bool on_demand)
{
    if (on_demand && in->shard_count.present)
        return fail(rq, ERR_VALIDATION, "ShardCount cannot be specified for a stream in On-Demand mode.");
    if (!on_demand && in->stream_mode_details && !in->shard_count.present)
        return fail(rq, ERR_INVALID_ARGUMENT, "ShardCount must be specified for a stream in Provisioned mode.");
    if (!on_demand && in->record_distribution_strategy.is == RECORD_DISTRIBUTION_STRATEGY_AUTO)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "RecordDistributionStrategy AUTO is only available for streams in On-Demand mode.");
    if (in->warm_throughput_mibps.present)
        TRY(expect_warm_allowed(rq, rq->account, rq->region, on_demand, in->warm_throughput_mibps.value));
    return OK;
}

static enum err check_quotas(struct rq *rq, bool on_demand, int64_t shards)
{
    TRY(quota_in_transition(rq));
    if (on_demand)
        return quota_on_demand(rq, rq->account, rq->region);
    return quota_shards(rq, rq->account, rq->region, shards);
}

static int64_t first_shards(const struct create_stream_input *in)
{
    if (in->shard_count.present)
        return in->shard_count.value;
    return in->warm_throughput_mibps.value > SHARDS_DEFAULT ? in->warm_throughput_mibps.value : SHARDS_DEFAULT;
}

enum err create_stream(struct rq *rq, const struct create_stream_input *in, struct create_stream_output *out)
{
    struct catalog *catalog = api_config(rq->api)->catalog;
    bool on_demand = in->stream_mode_details && mode_of(in->stream_mode_details->stream_mode) == MODE_ON_DEMAND;
    struct catalog_job job = { .kind = int_of(JOB_WAIT), .target = int_of(first_shards(in)) };
    struct catalog_stream_record record = { .name = in->stream_name, .account = rq->account, .region = rq->region };

    TRY(check_name(rq, in->stream_name));
    TRY(check_mode(rq, in, on_demand));
    TRY(check_quotas(rq, on_demand, job.target.value));
    TRY(tags_first(rq, &in->tags, &record.tags));
    catalog_read_stream_name(rq_txn(rq), rq->account, rq->region, in->stream_name);
    catalog_begin_job(catalog, &record, &job, rq->now);
    record.status = int_of(STREAM_CREATING);
    record.id = int_of((int64_t)catalog_take_id(catalog, rq_txn(rq)));
    record.created_at = ms_of(rq->now / 1000 * 1000);
    record.mode = int_of(on_demand ? MODE_ON_DEMAND : MODE_PROVISIONED);
    record.retention_hours = int_of(RETENTION_HOURS_DEFAULT);
    record.record_kib = in->max_record_size_in_kib;
    record.distribution = int_of(distribution_of(in->record_distribution_strategy));
    if (in->warm_throughput_mibps.value > 0)
        record.warm_mibps = in->warm_throughput_mibps;
    catalog_put_stream(rq_txn(rq), &record);
    return OK;
}
