#include "api/kinesis/describe.h"
#include "stream/seqno.h"

/* DescribeStream: the stream with a page of its shards, open and closed, in the order of their ids. */

enum { PAGE_SHARDS_MAX = 100 };

static enum err page(struct rq *rq, const struct stream *stream, const struct describe_stream_input *in,
                     struct kinesis_stream_description *description)
{
    size_t max = in->limit.present && in->limit.value < PAGE_SHARDS_MAX ? (size_t)in->limit.value : PAGE_SHARDS_MAX;
    const struct shard *shards[PAGE_SHARDS_MAX];
    size_t count = 0, at = 0;
    uint32_t after;

    if (str_present(in->exclusive_start_shard_id)) {
        if (shard_id_parse(in->exclusive_start_shard_id, &after) != OK)
            return fail(rq, ERR_NOT_FOUND, "Could not find shard %.*s in stream %.*s under account %.*s.",
                        STR_ARG(in->exclusive_start_shard_id), STR_ARG(stream->record->name),
                        STR_ARG(stream->record->account));
        at = stream_shard_from(stream, after + 1);
    }
    for (; at < stream->shard_count; at++) {
        if (!shard_listed(stream->shards[at], rq->now))
            continue;
        if (count == max)
            break;
        shards[count++] = stream->shards[at];
    }
    description->has_more_shards = bool_of(at < stream->shard_count);
    return shards_of(rq, shards, count, &description->shards);
}

enum err describe_stream(struct rq *rq, const struct describe_stream_input *in, struct describe_stream_output *out)
{
    struct kinesis_stream_description *description = ARENA_NEW(&rq->arena, struct kinesis_stream_description);
    struct stream *stream;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    if (description == NULL)
        return ERR_NO_MEMORY;
    description->stream_name = stream->record->name;
    description->stream_arn = stream_arn(rq, stream);
    description->stream_status = stream_status_of(stream);
    description->stream_mode_details = mode_details_of(rq, stream);
    description->retention_period_hours = stream->record->retention_hours;
    description->stream_creation_timestamp = stream->record->created_at;
    description->encryption_type = encryption_of(stream, &description->key_id);
    TRY(monitoring_of(rq, stream, &description->enhanced_monitoring));
    TRY(page(rq, stream, in, description));
    out->stream_description = description;
    return OK;
}
