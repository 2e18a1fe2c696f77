#include "api/kinesis/expect.h"
#include "api/kinesis/tags.h"

/* TagResource: tags by the ARN of a stream or a consumer. */

static enum err tag_stream(struct rq *rq, const struct stream *stream, const struct kinesis_tag_map *tags)
{
    struct catalog_stream_record record = stream_change(rq, stream);

    TRY(tags_merge(rq, &record.tags, tags, rq_fmt(rq, "stream %.*s", STR_ARG(record.name)), &record.tags));
    catalog_put_stream(rq_txn(rq), &record);
    return OK;
}

static enum err tag_consumer(struct rq *rq, const struct consumer *consumer, const struct kinesis_tag_map *tags)
{
    struct catalog_consumer_record record = *consumer->record;

    catalog_read_consumer(rq_txn(rq), consumer);
    TRY(tags_merge(rq, &record.tags, tags, rq_fmt(rq, "consumer %.*s", STR_ARG(record.name)), &record.tags));
    catalog_put_consumer(rq_txn(rq), consumer->stream->id, &record);
    return OK;
}

enum err tag_resource(struct rq *rq, const struct tag_resource_input *in, struct tag_resource_output *out)
{
    struct consumer *consumer;
    struct stream *stream;

    TRY(find_resource(rq, in->resource_arn, &stream, &consumer));
    TRY(tags_check(rq, &in->tags));
    TRY(expect_live(rq, stream));
    return consumer ? tag_consumer(rq, consumer, &in->tags) : tag_stream(rq, stream, &in->tags);
}
