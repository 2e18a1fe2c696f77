#include "api/kinesis/describe.h"

/* DescribeStreamConsumer: one consumer, by its ARN or by its stream's ARN and its name. */
enum err describe_stream_consumer(struct rq *rq, const struct describe_stream_consumer_input *in,
                                  struct describe_stream_consumer_output *out)
{
    struct kinesis_consumer_description *description = ARENA_NEW(&rq->arena, struct kinesis_consumer_description);
    struct consumer *consumer;

    TRY(find_consumer(rq, in->consumer_arn, in->stream_arn, in->consumer_name, &consumer));
    if (description == NULL)
        return ERR_NO_MEMORY;
    description->consumer_name = consumer->record->name;
    description->consumer_arn = consumer_arn(rq, consumer);
    description->consumer_status = consumer_status_of(consumer);
    description->consumer_creation_timestamp = consumer->record->created_at;
    description->stream_arn = stream_arn(rq, consumer->stream);
    out->consumer_description = description;
    return OK;
}
