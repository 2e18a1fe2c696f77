#include "api/kinesis/expect.h"
#include "api/kinesis/tags.h"

/* RemoveTagsFromStream: by key; a key that is not there is no error. */
enum err remove_tags_from_stream(struct rq *rq, const struct remove_tags_from_stream_input *in,
                                 struct remove_tags_from_stream_output *out)
{
    struct catalog_stream_record record;
    struct stream *stream;
    bool changed;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    TRY(expect_live(rq, stream));
    record = stream_change(rq, stream);
    TRY(tags_without(rq, &record.tags, &in->tag_keys, &record.tags, &changed));
    if (changed)
        catalog_put_stream(rq_txn(rq), &record);
    return OK;
}
