#include "api/kinesis/expect.h"

/* UpdateStreamRecordDistributionStrategy: whether keys place records, or the service does (on-demand streams only).
 *
 * In force at once, without UPDATING; records that are stored stay where they are. */
enum err update_stream_record_distribution_strategy(struct rq *rq,
                                                    const struct update_stream_record_distribution_strategy_input *in,
                                                    struct update_stream_record_distribution_strategy_output *out)
{
    enum stream_distribution distribution = distribution_of(in->record_distribution_strategy);
    struct catalog_stream_record record;
    struct stream *stream;

    TRY(find_stream(rq, (str){ 0 }, in->stream_arn, &stream));
    TRY(expect_live(rq, stream));
    if (distribution == DISTRIBUTION_AUTO && stream->record->mode.value != MODE_ON_DEMAND)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "RecordDistributionStrategy AUTO is only available for streams in On-Demand mode. Stream %.*s "
                    "under account %.*s is in Provisioned mode.",
                    STR_ARG(stream->record->name), STR_ARG(stream->record->account));
    record = stream_change(rq, stream);
    record.distribution = int_of(distribution);
    catalog_put_stream(rq_txn(rq), &record);
    return OK;
}
