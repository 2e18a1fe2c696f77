#include "api/kinesis/describe.h"

/* DescribeStreamSummary: the stream without its shards.
 *
 * StreamId is never told: clients that know one build host names from it and leave a custom endpoint. */

enum { RECORD_KIB_DEFAULT = 1024 };

static int64_t consumer_count(const struct stream *stream)
{
    int64_t count = 0;

    for (struct consumer *consumer = stream_next_consumer(stream, (str){ 0 }); consumer;
         consumer = stream_next_consumer(stream, consumer->record->name))
        count++;
    return count;
}

/* What only a stream in on-demand mode has. */
static enum err describe_on_demand(struct rq *rq, struct stream *stream,
                                   struct kinesis_stream_description_summary *summary)
{
    bool automatic = stream->record->distribution.value == DISTRIBUTION_AUTO;

    summary->record_distribution_strategy =
        enum_of(automatic ? RECORD_DISTRIBUTION_STRATEGY_AUTO : RECORD_DISTRIBUTION_STRATEGY_USER_PARTITION_KEY);
    if (!stream->record->warm_mibps.present)
        return OK;
    summary->warm_throughput = warm_throughput_of(rq, stream, stream->record->warm_mibps.value);
    return summary->warm_throughput ? OK : ERR_NO_MEMORY;
}

enum err describe_stream_summary(struct rq *rq, const struct describe_stream_summary_input *in,
                                 struct describe_stream_summary_output *out)
{
    struct kinesis_stream_description_summary *summary =
        ARENA_NEW(&rq->arena, struct kinesis_stream_description_summary);
    const struct catalog_stream_record *record;
    struct stream *stream;
    size_t open;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    if (summary == NULL)
        return ERR_NO_MEMORY;
    record = stream->record;
    (void)stream_open_shards(stream, &open);
    summary->stream_name = record->name;
    summary->stream_arn = stream_arn(rq, stream);
    summary->stream_status = stream_status_of(stream);
    summary->stream_mode_details = mode_details_of(rq, stream);
    summary->retention_period_hours = record->retention_hours;
    summary->stream_creation_timestamp = record->created_at;
    summary->encryption_type = encryption_of(stream, &summary->key_id);
    summary->open_shard_count = int_of((int64_t)open);
    summary->consumer_count = int_of(consumer_count(stream));
    summary->channel_count = int_of(0);
    summary->queue_count = int_of(0);
    summary->max_record_size_in_kib = record->record_kib.present ? record->record_kib : int_of(RECORD_KIB_DEFAULT);
    TRY(monitoring_of(rq, stream, &summary->enhanced_monitoring));
    if (record->mode.value == MODE_ON_DEMAND)
        TRY(describe_on_demand(rq, stream, summary));
    out->stream_description_summary = summary;
    return OK;
}
