#include "api/kinesis/expect.h"
#include "api/kinesis/quota.h"

/* UpdateStreamMode: between provisioned and on-demand, twice a day at most.
 *
 * The shards stay as they are: a stream that becomes on-demand starts from them, and nothing shrinks at the switch.
 * What only on-demand streams have is given up first (distribution) or goes with the mode (warm throughput). Switching
 * to the present mode changes nothing. */

enum { SWITCHES_PER_DAY = 2 };

static enum err check_daily(struct rq *rq, const struct stream *stream)
{
    if (!api_config(rq->api)->quotas.daily || times_within_day(rq, &stream->record->mode_changes) < SWITCHES_PER_DAY)
        return OK;
    return fail(rq, ERR_LIMIT_EXCEEDED,
                "You cannot update the capacity mode of your data stream more than twice within 24 hours.");
}

static enum err to_on_demand(struct rq *rq, const struct update_stream_mode_input *in,
                             struct catalog_stream_record *record)
{
    TRY(quota_on_demand(rq, record->account, record->region));
    if (!in->warm_throughput_mibps.present)
        return OK;
    TRY(expect_warm_allowed(rq, record->account, record->region, /* on_demand= */ true,
                            in->warm_throughput_mibps.value));
    if (in->warm_throughput_mibps.value > 0)
        record->warm_mibps = in->warm_throughput_mibps;
    return OK;
}

static enum err to_provisioned(struct rq *rq, const struct update_stream_mode_input *in, struct stream *stream,
                               struct catalog_stream_record *record)
{
    size_t open;

    if (in->warm_throughput_mibps.present)
        TRY(expect_warm_allowed(rq, record->account, record->region, /* on_demand= */ false, 0));
    if (record->distribution.value == DISTRIBUTION_AUTO)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "RecordDistributionStrategy AUTO of stream %.*s under account %.*s is only available in On-Demand "
                    "mode. Change it to USER_PARTITION_KEY first.",
                    STR_ARG(record->name), STR_ARG(record->account));
    (void)stream_open_shards(stream, &open);
    TRY(quota_shards(rq, record->account, record->region, (int64_t)open));
    record->warm_mibps = (struct opt_int){ 0 };
    return OK;
}

enum err update_stream_mode(struct rq *rq, const struct update_stream_mode_input *in,
                            struct update_stream_mode_output *out)
{
    enum stream_mode mode = mode_of(in->stream_mode_details->stream_mode);
    struct catalog_stream_record record;
    struct stream *stream;

    TRY(find_stream(rq, (str){ 0 }, in->stream_arn, &stream));
    TRY(expect_active(rq, stream));
    if (stream->record->mode.value == mode)
        return OK;
    TRY(check_daily(rq, stream));
    record = stream_change(rq, stream);
    TRY(mode == MODE_ON_DEMAND ? to_on_demand(rq, in, &record) : to_provisioned(rq, in, stream, &record));
    record.mode = int_of(mode);
    record.mode_changes = times_add(rq, &record.mode_changes);
    stage_wait(rq, &record);
    return OK;
}
