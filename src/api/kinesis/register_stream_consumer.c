#include "api/kinesis/account.h"
#include "api/kinesis/describe.h"
#include "api/kinesis/expect.h"
#include "api/kinesis/tags.h"

/* RegisterStreamConsumer: an enhanced fan-out consumer, CREATING until it is due.
 *
 * The stream's record is written again as it is, so that whoever decides on the set of its consumers (another
 * registration, a deletion of the stream) is decided again. */

static enum err check_name(struct rq *rq, const struct stream *stream, str name)
{
    if (stream_consumer(stream, name) == NULL)
        return OK;
    return fail(rq, ERR_IN_USE, "Consumer %.*s under stream %.*s already exists for account %.*s.", STR_ARG(name),
                STR_ARG(stream->record->name), STR_ARG(stream->record->account));
}

static enum err check_quotas(struct rq *rq, const struct stream *stream)
{
    const struct api_quotas *quotas = &api_config(rq->api)->quotas;
    int64_t count = 0, creating = 0, max;
    bool committed;

    for (struct consumer *consumer = stream_next_consumer(stream, (str){ 0 }); consumer;
         consumer = stream_next_consumer(stream, consumer->record->name)) {
        count++;
        creating += consumer->record->status.value == CONSUMER_CREATING;
    }
    TRY(account_committed(rq, stream->record->account, stream->record->region, &committed));
    max = committed ? quotas->consumers_committed : quotas->consumers;
    if (max && count >= max)
        return fail(rq, ERR_LIMIT_EXCEEDED,
                    "This request would exceed the limit on the number of consumers of stream %.*s under account %.*s. "
                    "Limit: %lld",
                    STR_ARG(stream->record->name), STR_ARG(stream->record->account), (long long)max);
    if (quotas->consumers_creating && creating >= quotas->consumers_creating)
        return fail(rq, ERR_LIMIT_EXCEEDED,
                    "This request would exceed the limit on the number of consumers that can simultaneously be in "
                    "CREATING. Limit: %lld",
                    (long long)quotas->consumers_creating);
    return OK;
}

static str arn_of(struct rq *rq, const struct stream *stream, const struct catalog_consumer_record *record)
{
    struct consumer consumer = { .stream = (struct stream *)(uintptr_t)stream,
                                 .record = (struct catalog_consumer_record *)(uintptr_t)record };

    return consumer_arn(rq, &consumer);
}

enum err register_stream_consumer(struct rq *rq, const struct register_stream_consumer_input *in,
                                  struct register_stream_consumer_output *out)
{
    ms due = rq->now + catalog_transition_ms(api_config(rq->api)->catalog);
    struct catalog_consumer_record record = { .name = in->consumer_name,
                                              .created_at = ms_of(rq->now / 1000 * 1000),
                                              .status = int_of(CONSUMER_CREATING),
                                              .due_at = ms_of(due) };
    struct kinesis_consumer *consumer = ARENA_NEW(&rq->arena, struct kinesis_consumer);
    struct catalog_stream_record unchanged;
    struct stream *stream;

    TRY(find_stream(rq, (str){ 0 }, in->stream_arn, &stream));
    TRY(expect_live(rq, stream));
    TRY(check_name(rq, stream, in->consumer_name));
    TRY(check_quotas(rq, stream));
    TRY(tags_first(rq, &in->tags, &record.tags));
    if (consumer == NULL)
        return ERR_NO_MEMORY;
    unchanged = stream_change(rq, stream);
    catalog_put_stream(rq_txn(rq), &unchanged);
    catalog_read_consumer_name(rq_txn(rq), stream, in->consumer_name);
    catalog_put_consumer(rq_txn(rq), stream->id, &record);
    consumer->consumer_name = in->consumer_name;
    consumer->consumer_arn = arn_of(rq, stream, &record);
    consumer->consumer_status = enum_of(CONSUMER_STATUS_CREATING);
    consumer->consumer_creation_timestamp = record.created_at;
    out->consumer = consumer;
    return OK;
}
