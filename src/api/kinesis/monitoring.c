#include "api/kinesis/monitoring.h"

#include "api/kinesis/describe.h"
#include "api/kinesis/expect.h"

enum err monitoring_change(struct rq *rq, const struct stream *stream, int64_t desired,
                           struct enhanced_monitoring_output *out)
{
    int64_t present = stream->record->shard_metrics.value;
    struct catalog_stream_record record;

    out->stream_name = arena_str(&rq->arena, stream->record->name);
    out->stream_arn = stream_arn(rq, stream);
    TRY(metrics_of(rq, present, &out->current_shard_level_metrics));
    TRY(metrics_of(rq, desired, &out->desired_shard_level_metrics));
    if (desired == present)
        return OK;
    record = stream_change(rq, stream);
    record.shard_metrics = int_of(desired);
    stage_wait(rq, &record);
    return OK;
}
