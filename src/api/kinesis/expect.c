#include "api/kinesis/expect.h"

#include "api/kinesis/account.h"

enum { WARM_MIBPS_MAX = 10240 };

enum err expect_live(struct rq *rq, const struct stream *stream)
{
    return stream->record->status.value == STREAM_UPDATING ? OK : expect_active(rq, stream);
}

enum err expect_provisioned(struct rq *rq, const struct stream *stream)
{
    if (stream->record->mode.value != MODE_ON_DEMAND)
        return OK;
    return fail(rq, ERR_VALIDATION, "Request is invalid. Stream %.*s under account %.*s is in On-Demand mode.",
                STR_ARG(stream->record->name), STR_ARG(stream->record->account));
}

enum err expect_warm_allowed(struct rq *rq, str account, str region, bool on_demand, int64_t mibps)
{
    bool committed;

    if (!on_demand)
        return fail(rq, ERR_VALIDATION, "WarmThroughputMiBps is only available for streams in On-Demand mode.");
    TRY(account_committed(rq, account, region, &committed));
    if (!committed)
        return fail(rq, ERR_VALIDATION,
                    "WarmThroughputMiBps is only available to accounts with MinimumThroughputBillingCommitment "
                    "enabled.");
    if (mibps > WARM_MIBPS_MAX)
        return fail(rq, ERR_INVALID_ARGUMENT, "WarmThroughputMiBps cannot be greater than %d. Requested value: %lld",
                    WARM_MIBPS_MAX, (long long)mibps);
    return OK;
}

enum err expect_incarnation(struct rq *rq, const struct stream *stream, struct opt_ms created)
{
    if (!created.present || created.value / 1000 == stream->record->created_at.value / 1000)
        return OK;
    return fail(rq, ERR_NOT_FOUND, "Stream %.*s under account %.*s with creation timestamp %lld not found.",
                STR_ARG(stream->record->name), STR_ARG(stream->record->account), (long long)(created.value / 1000));
}

struct catalog_stream_record stream_change(struct rq *rq, const struct stream *stream)
{
    catalog_read_stream(rq_txn(rq), stream);
    return *stream->record;
}

void stage_job(struct rq *rq, struct catalog_stream_record *record, struct catalog_job job)
{
    catalog_begin_job(api_config(rq->api)->catalog, record, &job, rq->now);
    catalog_put_stream(rq_txn(rq), record);
}

void stage_wait(struct rq *rq, struct catalog_stream_record *record)
{
    stage_job(rq, record, (struct catalog_job){ .kind = int_of(JOB_WAIT) });
}

ms deletion_due(struct rq *rq, ms created)
{
    ms due = rq->now + catalog_transition_ms(api_config(rq->api)->catalog);

    return due < created + 1000 ? created + 1000 : due;
}

enum stream_mode mode_of(struct enum_value mode)
{
    return mode.is == STREAM_MODE_ON_DEMAND ? MODE_ON_DEMAND : MODE_PROVISIONED;
}

enum stream_distribution distribution_of(struct enum_value strategy)
{
    return strategy.is == RECORD_DISTRIBUTION_STRATEGY_AUTO ? DISTRIBUTION_AUTO : DISTRIBUTION_USER_KEY;
}
