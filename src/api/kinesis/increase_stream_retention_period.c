#include "api/kinesis/retention.h"
#include "kinesis_model.h"

/* IncreaseStreamRetentionPeriod: records that have not expired stay readable for longer. */
enum err increase_stream_retention_period(struct rq *rq, const struct increase_stream_retention_period_input *in,
                                          struct increase_stream_retention_period_output *out)
{
    int64_t hours = in->retention_period_hours.value, present;
    struct stream *stream;

    TRY(retention_find(rq, in->stream_name, in->stream_arn, hours, &stream));
    present = stream->record->retention_hours.value;
    if (hours < present)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Requested retention period (%lld hours) for stream %.*s can not be shorter than existing "
                    "retention period (%lld hours). Use DecreaseRetentionPeriod API.",
                    (long long)hours, STR_ARG(stream->record->name), (long long)present);
    retention_stage(rq, stream, hours);
    return OK;
}
