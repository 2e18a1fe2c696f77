#include "api/kinesis/expect.h"

/* DeleteStream: DELETING, from any state; shards, records, tags and policy go when that is due.
 *
 * Consumers are protected unless the caller says otherwise. Deleting once more changes nothing. */

static enum err check_consumers(struct rq *rq, const struct stream *stream, struct opt_bool enforce)
{
    str arn;

    if ((enforce.present && enforce.value) || stream_next_consumer(stream, (str){ 0 }) == NULL)
        return OK;
    arn = stream_arn(rq, stream);
    return fail(rq, ERR_IN_USE,
                "DeleteStream can't delete %.*s because there are consumers associated with this data stream. To "
                "delete %.*s anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all "
                "the consumers that are associated with it.",
                STR_ARG(arn), STR_ARG(stream->record->name));
}

enum err delete_stream(struct rq *rq, const struct delete_stream_input *in, struct delete_stream_output *out)
{
    struct catalog_stream_record record;
    struct stream *stream;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    if (stream->record->status.value == STREAM_DELETING)
        return OK;
    TRY(check_consumers(rq, stream, in->enforce_consumer_deletion));
    record = stream_change(rq, stream);
    record.status = int_of(STREAM_DELETING);
    record.due_at = ms_of(deletion_due(rq, record.created_at.value));
    record.job = NULL;
    catalog_put_stream(rq_txn(rq), &record);
    return OK;
}
