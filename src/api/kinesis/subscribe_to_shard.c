#include "api/events.h"
#include "api/kinesis/records.h"
#include "stream/subscription.h"

/* SubscribeToShard: push the records of a shard to a registered consumer, for up to five minutes.
 *
 * One subscription per consumer and shard: within five seconds of a successful call a second one is refused, later it
 * takes over and the first ends with an exception. The end of the shard is told by an event with children and without
 * a continuation number; every other event has the number and no children. */

enum { EVENT_ARENA_MAX = 64 << 20 };

struct fanout {
    struct subscription subscription;
    struct rq *rq;
    struct arena arena; /* of one event */
};

static bool can_send(struct subscription *subscription)
{
    return rq_events_room(container_of(subscription, struct fanout, subscription)->rq);
}

static enum err send(struct fanout *fanout, const struct subscription_event *event)
{
    struct rq *rq = fanout->rq;
    struct kinesis_subscribe_to_shard_event out = { .millis_behind_latest = int_of(event->behind_ms) };
    struct seqno next = seqno_of(event->shard, event->next, os_wall_ms(api_config(rq->api)->os));
    char digits[SEQNO_DIGITS];

    out.records.at = records_of(&fanout->arena, event->shard, event->records, event->count);
    out.records.count = event->count;
    out.records.present = true;
    if (event->count && out.records.at == NULL)
        return ERR_NO_MEMORY;
    if (event->shard_end) {
        out.child_shards = child_shards(&fanout->arena, event->shard->stream, event->shard);
        if (out.child_shards.count == 0)
            return ERR_NO_MEMORY;
    } else {
        next.index -= next.index > 0; /* behind the last record, before the next */
        seqno_format(next, digits);
        out.continuation_sequence_number = str_bytes(digits, sizeof(digits));
    }
    rq_expect(rq, event->bytes, records_wire_bytes(event->count));
    return rq_events_send(rq, STR("SubscribeToShardEvent"), &kinesis_subscribe_to_shard_event_shape, &out);
}

/* What could not be sent must not be missed: the client comes back to where it was. */
static void event(struct subscription *subscription, const struct subscription_event *event)
{
    struct fanout *fanout = container_of(subscription, struct fanout, subscription);
    enum err err = send(fanout, event);

    if (err == OK)
        arena_reset(&fanout->arena);
    else
        subscription_end(subscription, ERR_INTERNAL);
}

static str sentence_of(enum err err)
{
    switch (err) {
    case ERR_IN_USE:
        return STR("Another subscription of this consumer to this shard has taken over.");
    case ERR_NOT_FOUND:
        return STR("The shard or the consumer does not exist any more.");
    case ERR_INTERNAL:
        return STR("Internal service failure.");
    default:
        return str_of(err_sentence(err));
    }
}

static enum err outward(enum err err)
{
    switch (err) {
    case OK:
    case ERR_IN_USE:
    case ERR_NOT_FOUND:
    case ERR_KMS_NOT_FOUND:
    case ERR_KMS_DISABLED:
    case ERR_KMS_INVALID_STATE:
        return err;
    default:
        return ERR_INTERNAL;
    }
}

static void end(struct subscription *subscription, enum err err)
{
    struct fanout *fanout = container_of(subscription, struct fanout, subscription);

    err = key_failed(fanout->rq, subscription->read.key_arn, outward(err));
    arena_deinit(&fanout->arena);
    rq_events_end(fanout->rq, err, str_present(fanout->rq->message) ? fanout->rq->message : sentence_of(err));
}

static void cancel(struct rq *rq)
{
    struct fanout *fanout = rq->state;

    subscription_stop(&fanout->subscription);
    arena_deinit(&fanout->arena);
}

static void room(struct rq *rq)
{
    subscription_room(&((struct fanout *)rq->state)->subscription);
}

static void stop(struct rq *rq)
{
    subscription_leave(&((struct fanout *)rq->state)->subscription);
}

static enum err find(struct rq *rq, const struct subscribe_to_shard_input *in, struct consumer **ret_consumer,
                     struct shard **ret_shard)
{
    struct stream *stream;
    uint32_t index = 0;

    TRY(find_consumer(rq, in->consumer_arn, (str){ 0 }, (str){ 0 }, ret_consumer));
    stream = (*ret_consumer)->stream;
    if (shard_id_parse(in->shard_id, &index) != OK || (*ret_shard = stream_shard(stream, index)) == NULL)
        return fail(rq, ERR_NOT_FOUND, "Shard %.*s in stream %.*s under account %.*s does not exist",
                    STR_ARG(in->shard_id), STR_ARG(stream->record->name), STR_ARG(stream->record->account));
    if ((*ret_consumer)->record->status.value != CONSUMER_ACTIVE)
        return fail(rq, ERR_IN_USE,
                    "Consumer %.*s with creation timestamp %lld under stream: %.*s , account %.*s is not in ACTIVE "
                    "status.",
                    STR_ARG((*ret_consumer)->record->name),
                    (long long)((*ret_consumer)->record->created_at.value / 1000), STR_ARG(stream->record->name),
                    STR_ARG(stream->record->account));
    return OK;
}

/* May this call take the place of what is there? */
static enum err check_active(struct rq *rq, struct consumer *consumer, const struct shard *shard,
                             struct shard_run *run, struct subscription **ret_active)
{
    const struct catalog_stream_record *stream = shard->stream->record;
    struct stream_run *of_stream = stream_run(shard->stream);
    str id = rq_shard_id(rq, shard->index);
    str key = rq_fmt(rq, "subscribe/%llu/%u/%.*s/%lld", (unsigned long long)shard->stream->id, shard->index,
                     STR_ARG(consumer->record->name), (long long)consumer->record->created_at.value);
    struct subscription *active = subscription_find(run, consumer->record->name, consumer->record->created_at.value);

    *ret_active = active;
    if (active && rq->started_us - active->started_us < SUBSCRIPTION_TAKEOVER_MS * 1000ll) {
        if (of_stream)
            of_stream->count.subscribe_rate_exceeded++;
        consumer->count.subscribe_rate_exceeded++;
        return fail(rq, ERR_IN_USE, "Another active subscription exists for this consumer: %.*s:%.*s:%.*s:%.*s",
                    STR_ARG(stream->account), STR_ARG(stream->name), STR_ARG(id), STR_ARG(consumer->record->name));
    }
    if (rq_rate(rq, key, 1))
        return OK;
    if (of_stream)
        of_stream->count.subscribe_rate_exceeded++;
    consumer->count.subscribe_rate_exceeded++;
    return fail(rq, ERR_LIMIT_EXCEEDED, "Rate exceeded for consumer %.*s and shard %.*s.",
                STR_ARG(consumer->record->name), STR_ARG(id));
}

static enum err begin(struct rq *rq, struct fanout *fanout)
{
    struct subscription *subscription = &fanout->subscription;
    enum err err;

    arena_init(&fanout->arena, EVENT_ARENA_MAX);
    fanout->rq = rq;
    subscription->can_send = can_send;
    subscription->event = event;
    subscription->end = end;
    TRY(subscription_start(api_config(rq->api)->streams, subscription));
    err = rq_events_begin(rq);
    if (err != OK) {
        subscription_stop(subscription);
        return err;
    }
    rq->state = fanout;
    rq->cancel = cancel;
    rq->room = room;
    rq->stop = stop;
    return ERR_PENDING;
}

enum err subscribe_to_shard(struct rq *rq, const struct subscribe_to_shard_input *in,
                            struct subscribe_to_shard_output *out)
{
    struct fanout *fanout = ARENA_NEW(&rq->arena, struct fanout);
    const struct kinesis_starting_position *at = in->starting_position;
    struct consumer *consumer;
    struct shard *shard;
    struct shard_run *run;
    struct stream_run *of_stream;
    struct subscription *active;

    (void)out;
    if (fanout == NULL)
        return ERR_NO_MEMORY;
    TRY(find(rq, in, &consumer, &shard));
    TRY(start_position(rq, shard->stream, shard, at->type.is, at->sequence_number, at->timestamp, "SubscribeToShard",
                       &fanout->subscription.position, &fanout->subscription.not_before));
    run = shard_run(shard);
    of_stream = stream_run(shard->stream);
    if (run == NULL || of_stream == NULL)
        return ERR_NO_MEMORY;
    TRY(check_active(rq, consumer, shard, run, &active));
    if (in->dry_run.present && in->dry_run.value)
        return refuse_dry_run(rq);
    if (active)
        subscription_end(active, ERR_IN_USE);
    of_stream->count.subscribe_success++;
    consumer->count.subscribe_success++;
    fanout->subscription.stream_id = shard->stream->id;
    fanout->subscription.shard = shard->index;
    fanout->subscription.consumer = arena_str(&rq->arena, consumer->record->name);
    fanout->subscription.consumer_created = consumer->record->created_at.value;
    return begin(rq, fanout);
}
