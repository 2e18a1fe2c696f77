#include "api/kinesis/resource_policy.h"

#include "api/kinesis/expect.h"

enum err resource_policy_find(struct rq *rq, str arn, struct stream **ret_stream, struct consumer **ret_consumer)
{
    const struct consumer *consumer;

    TRY(find_resource(rq, arn, ret_stream, ret_consumer));
    consumer = *ret_consumer;
    if (consumer && consumer->record->status.value != CONSUMER_ACTIVE)
        return fail(rq, ERR_IN_USE,
                    "Consumer %.*s with creation timestamp %lld under stream %.*s and account %.*s is not in ACTIVE "
                    "status.",
                    STR_ARG(consumer->record->name), (long long)(consumer->record->created_at.value / 1000),
                    STR_ARG((*ret_stream)->record->name), STR_ARG((*ret_stream)->record->account));
    return expect_live(rq, *ret_stream);
}

str resource_policy_of(const struct stream *stream, const struct consumer *consumer)
{
    return consumer ? consumer->record->policy : stream->record->policy;
}

void resource_policy_stage(struct rq *rq, const struct stream *stream, const struct consumer *consumer, str policy)
{
    if (consumer) {
        struct catalog_consumer_record record = *consumer->record;

        catalog_read_consumer(rq_txn(rq), consumer);
        record.policy = policy;
        catalog_put_consumer(rq_txn(rq), stream->id, &record);
    } else {
        struct catalog_stream_record record = stream_change(rq, stream);

        record.policy = policy;
        catalog_put_stream(rq_txn(rq), &record);
    }
}
