#include "api/kinesis/records.h"

/* PutRecord: one record into the shard that its key's hash names.
 *
 * The answer waits until the record is durable. A number given for ordering is met by itself: positions only grow, so
 * whatever is put later has the larger number; it only has to be one that can exist already. */

static enum err check_ordering(struct rq *rq, const struct stream *stream, str number)
{
    struct seqno seqno;
    int version;

    if (!str_present(number))
        return OK;
    if (stream->record->distribution.value == DISTRIBUTION_AUTO)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "SequenceNumberForOrdering cannot be used with the record distribution strategy AUTO of stream "
                    "%.*s.",
                    STR_ARG(stream->record->name));
    if (seqno_parse(number, &seqno, &version) == OK && seqno.time_s <= rq->now / 1000)
        return OK;
    return fail(rq, ERR_INVALID_ARGUMENT,
                "ExclusiveMinimumSequenceNumber %.*s used in PutRecord on stream %.*s under account %.*s is invalid.",
                STR_ARG(number), STR_ARG(stream->record->name), STR_ARG(stream->record->account));
}

static void count(struct rq *rq, struct stream *stream, const struct put_entry *entry)
{
    struct stream_run *run = stream_run(stream);

    if (run == NULL)
        return;
    run->count.put_record_calls++;
    run->count.put_record_success += entry->err == OK;
    run->count.put_record_bytes += entry->key.size + entry->data.size;
    run->count.put_record_us += (uint64_t)(os_turn_us(api_config(rq->api)->loop) - rq->started_us);
}

static enum err answer(struct rq *rq, const struct put *put, enum err err)
{
    const struct put_entry *entry = put->entries;
    struct put_record_output *out = rq->out;
    struct stream *stream = catalog_stream_by_id(api_config(rq->api)->catalog, put->stream_id);
    struct shard *shard = stream ? stream_shard(stream, entry->shard) : NULL;

    if (stream)
        count(rq, stream, entry);
    TRY(put_failed(rq, stream, err));
    if (entry->err == ERR_THROTTLED && stream)
        rq->message = rate_exceeded(rq, stream, entry->shard);
    TRY(entry->err);
    if (shard == NULL)
        return ERR_NOT_FOUND;
    out->shard_id = rq_shard_id(rq, entry->shard);
    out->sequence_number = sequence_number(rq, seqno_of(shard, entry->position, entry->time));
    if (put->encrypted)
        out->encryption_type = enum_of(ENCRYPTION_TYPE_KMS);
    return OK;
}

static void done(struct put *put, enum err err)
{
    struct rq *rq = put->ctx;

    rq_finish(rq, answer(rq, put, err));
}

enum err put_record(struct rq *rq, const struct put_record_input *in, struct put_record_output *out)
{
    struct stream *stream;
    struct put *put;

    (void)out;
    TRY(put_begin(rq, in->stream_name, in->stream_arn, 1, &stream, &put));
    TRY(put_fill(rq, stream, put->entries, in->partition_key, in->data, in->explicit_hash_key, /* member: */ 0));
    TRY(check_ordering(rq, stream, in->sequence_number_for_ordering));
    return put_go(rq, put, in->dry_run, done);
}
