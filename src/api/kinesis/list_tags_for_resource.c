#include "api/kinesis/tags.h"

/* ListTagsForResource: all tags of a stream or a consumer. */
enum err list_tags_for_resource(struct rq *rq, const struct list_tags_for_resource_input *in,
                                struct list_tags_for_resource_output *out)
{
    struct consumer *consumer;
    struct stream *stream;
    bool more;

    TRY(find_resource(rq, in->resource_arn, &stream, &consumer));
    return tags_list(rq, consumer ? &consumer->record->tags : &stream->record->tags, (str){ 0 }, TAGS_MAX, &out->tags,
                     &more);
}
