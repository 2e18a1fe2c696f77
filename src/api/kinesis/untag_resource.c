#include "api/kinesis/expect.h"
#include "api/kinesis/tags.h"

/* UntagResource: by key, from a stream or a consumer; a key that is not there is no error. */

static enum err untag_stream(struct rq *rq, const struct stream *stream, const struct kinesis_tag_key_list *keys)
{
    struct catalog_stream_record record = stream_change(rq, stream);
    bool changed;

    TRY(tags_without(rq, &record.tags, keys, &record.tags, &changed));
    if (changed)
        catalog_put_stream(rq_txn(rq), &record);
    return OK;
}

static enum err untag_consumer(struct rq *rq, const struct consumer *consumer, const struct kinesis_tag_key_list *keys)
{
    struct catalog_consumer_record record = *consumer->record;
    bool changed;

    catalog_read_consumer(rq_txn(rq), consumer);
    TRY(tags_without(rq, &record.tags, keys, &record.tags, &changed));
    if (changed)
        catalog_put_consumer(rq_txn(rq), consumer->stream->id, &record);
    return OK;
}

enum err untag_resource(struct rq *rq, const struct untag_resource_input *in, struct untag_resource_output *out)
{
    struct consumer *consumer;
    struct stream *stream;

    TRY(find_resource(rq, in->resource_arn, &stream, &consumer));
    TRY(expect_live(rq, stream));
    return consumer ? untag_consumer(rq, consumer, &in->tag_keys) : untag_stream(rq, stream, &in->tag_keys);
}
