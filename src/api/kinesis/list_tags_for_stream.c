#include "api/kinesis/tags.h"

/* ListTagsForStream: a page of a stream's tags by their keys. */
enum err list_tags_for_stream(struct rq *rq, const struct list_tags_for_stream_input *in,
                              struct list_tags_for_stream_output *out)
{
    size_t max = in->limit.present ? (size_t)in->limit.value : TAGS_MAX;
    struct stream *stream;
    bool more;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    TRY(tags_list(rq, &stream->record->tags, in->exclusive_start_tag_key, max, &out->tags, &more));
    out->has_more_tags = bool_of(more);
    return OK;
}
