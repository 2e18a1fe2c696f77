#include "api/kinesis/describe.h"
#include "api/kinesis/monitoring.h"

/* EnableEnhancedMonitoring: metrics by shard, some more of them. */
enum err enable_enhanced_monitoring(struct rq *rq, const struct enable_enhanced_monitoring_input *in,
                                    struct enhanced_monitoring_output *out)
{
    struct stream *stream;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    TRY(expect_active(rq, stream));
    return monitoring_change(rq, stream, stream->record->shard_metrics.value | metrics_bits(&in->shard_level_metrics),
                             out);
}
