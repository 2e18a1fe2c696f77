#include "api/kinesis/expect.h"
#include "api/kinesis/tags.h"

/* AddTagsToStream: tags by a stream's name; what is there already gets the new value. */
enum err add_tags_to_stream(struct rq *rq, const struct add_tags_to_stream_input *in,
                            struct add_tags_to_stream_output *out)
{
    struct catalog_stream_record record;
    struct stream *stream;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    TRY(tags_check_old(rq, &in->tags, stream->record->name));
    TRY(expect_live(rq, stream));
    record = stream_change(rq, stream);
    TRY(tags_merge(rq, &record.tags, &in->tags, rq_fmt(rq, "stream %.*s", STR_ARG(record.name)), &record.tags));
    catalog_put_stream(rq_txn(rq), &record);
    return OK;
}
