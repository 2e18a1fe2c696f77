#include "api/kinesis/retention.h"
#include "kinesis_model.h"

/* DecreaseStreamRetentionPeriod: what is older than the new period is out of reach at once. */
enum err decrease_stream_retention_period(struct rq *rq, const struct decrease_stream_retention_period_input *in,
                                          struct decrease_stream_retention_period_output *out)
{
    int64_t hours = in->retention_period_hours.value, present;
    struct stream *stream;

    TRY(retention_find(rq, in->stream_name, in->stream_arn, hours, &stream));
    present = stream->record->retention_hours.value;
    if (hours > present)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Requested retention period (%lld hours) for stream %.*s can not be longer than existing "
                    "retention period (%lld hours). Use IncreaseRetentionPeriod API.",
                    (long long)hours, STR_ARG(stream->record->name), (long long)present);
    retention_stage(rq, stream, hours);
    return OK;
}
