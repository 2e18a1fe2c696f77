#include "api/kinesis/retention.h"

#include "api/kinesis/expect.h"

enum { HOURS_MIN = 24, HOURS_MAX = 8760 };

enum err retention_find(struct rq *rq, str name, str arn, int64_t hours, struct stream **ret_stream)
{
    TRY(find_stream(rq, name, arn, ret_stream));
    if (hours < HOURS_MIN)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Minimum allowed retention period is %d hours. Requested retention period (%lld hours) is too "
                    "short.",
                    HOURS_MIN, (long long)hours);
    if (hours > HOURS_MAX)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Maximum allowed retention period is %d hours. Requested retention period (%lld hours) is too "
                    "long.",
                    HOURS_MAX, (long long)hours);
    return expect_active(rq, *ret_stream);
}

void retention_stage(struct rq *rq, const struct stream *stream, int64_t hours)
{
    struct catalog_stream_record record;

    if (hours == stream->record->retention_hours.value)
        return;
    record = stream_change(rq, stream);
    record.retention_hours = int_of(hours);
    stage_wait(rq, &record);
}
