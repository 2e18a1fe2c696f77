#include "api/kinesis/expect.h"

/* DeregisterStreamConsumer: DELETING, and gone when that is due; its subscriptions end. */
enum err deregister_stream_consumer(struct rq *rq, const struct deregister_stream_consumer_input *in,
                                    struct deregister_stream_consumer_output *out)
{
    struct catalog_consumer_record record;
    struct consumer *consumer;

    TRY(find_consumer(rq, in->consumer_arn, in->stream_arn, in->consumer_name, &consumer));
    record = *consumer->record;
    if (record.status.value == CONSUMER_DELETING)
        return OK;
    catalog_read_consumer(rq_txn(rq), consumer);
    record.status = int_of(CONSUMER_DELETING);
    record.due_at = ms_of(deletion_due(rq, record.created_at.value));
    catalog_put_consumer(rq_txn(rq), consumer->stream->id, &record);
    return OK;
}
