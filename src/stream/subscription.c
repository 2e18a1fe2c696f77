#include "stream/subscription.h"

#include <assert.h>

#include "stream/room.h"

enum {
    EVENT_BYTES_MAX = 1 << 20,
    EVENT_RECORDS_MAX = 10000,
    EVENT_ARENA_MAX = 32 << 20,
    CHILDREN_LOOK_US = 20000,
    CAUGHT_UP_US = 200000,
};

static void look(struct subscription *subscription);

struct subscription *subscription_find(struct shard_run *run, str consumer, ms consumer_created)
{
    list_each(link, &run->subscriptions) {
        struct subscription *subscription = container_of(link, struct subscription, link);

        if (subscription->consumer_created == consumer_created && str_eq(subscription->consumer, consumer))
            return subscription;
    }
    return NULL;
}

size_t shard_children(const struct stream *stream, uint32_t index, const struct shard *ret_children[static 2])
{
    size_t count = 0;

    for (size_t i = stream_shard_from(stream, index + 1); i < stream->shard_count && count < 2; i++)
        if (stream->shards[i]->parent == index || stream->shards[i]->adjacent == index)
            ret_children[count++] = stream->shards[i];
    return count;
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

void subscription_stop(struct subscription *subscription)
{
    struct streams *streams = subscription->streams;

    if (subscription->stopped)
        return;
    subscription->stopped = true;
    list_remove(&subscription->link);
    log_unwatch(streams->config.log, &subscription->watch);
    os_timer_stop(&subscription->timer);
    if (subscription->reading)
        stream_read_cancel(&subscription->read);
    else if (subscription->holding)
        stream_read_release(&subscription->read);
    subscription->reading = subscription->holding = false;
    if (subscription->gone)
        *subscription->gone = true;
    arena_deinit(&subscription->arena);
}

void subscription_end(struct subscription *subscription, enum err err)
{
    if (subscription->stopped)
        return;
    subscription_stop(subscription);
    subscription->end(subscription, err);
}

void subscriptions_end(struct list *subscriptions, enum err err)
{
    while (!list_empty(subscriptions))
        subscription_end(container_of(subscriptions->next, struct subscription, link), err);
}

void subscriptions_end_consumer(struct stream *stream, const struct consumer *consumer)
{
    for (size_t i = 0; i < stream->shard_count; i++) {
        struct shard_run *run = stream->shards[i]->run;
        struct subscription *subscription =
            run ? subscription_find(run, consumer->record->name, consumer->record->created_at.value) : NULL;

        if (subscription)
            subscription_end(subscription, ERR_NOT_FOUND);
    }
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static int64_t now_us(const struct subscription *subscription)
{
    return os_mono_us(subscription->streams->config.os);
}

static void count_event(struct subscription *subscription, struct stream *stream, struct shard *shard,
                        const struct subscription_event *event)
{
    struct count_stream *counts[2] = { subscription->streams->config.total, NULL };
    struct stream_run *run = stream_run(stream);
    struct shard_run *of_shard = shard_run(shard);
    struct consumer *consumer = stream_consumer(stream, subscription->consumer);

    counts[1] = run ? &run->count : NULL;
    for (int i = 0; i < 2 && counts[i]; i++) {
        counts[i]->event_count++;
        counts[i]->event_bytes += event->bytes;
        counts[i]->event_records += event->count;
        counts[i]->event_behind_ms = (uint64_t)event->behind_ms;
    }
    if (consumer) {
        consumer->count.event_count++;
        consumer->count.event_bytes += event->bytes;
        consumer->count.event_records += event->count;
        consumer->count.event_behind_ms = (uint64_t)event->behind_ms;
    }
    if (of_shard) {
        of_shard->count.outgoing_bytes += event->bytes;
        of_shard->count.outgoing_records += event->count;
        of_shard->count.iterator_age_ms = (uint64_t)event->behind_ms;
    }
}

static void send(struct subscription *subscription, struct stream *stream, struct shard *shard,
                 struct subscription_event event)
{
    subscription->told = true;
    subscription->last_event_us = now_us(subscription);
    event.shard = shard;
    event.next = subscription->position;
    count_event(subscription, stream, shard, &event);
    subscription->event(subscription, &event);
}

/* An answer of the log: an event, and the end if the shard has one. True to look again at once; false also when the
 * subscription is gone. */
static bool answered(struct subscription *subscription, enum err err)
{
    struct stream *stream = catalog_stream_by_id(subscription->streams->config.catalog, subscription->stream_id);
    struct shard *shard = stream ? stream_shard(stream, subscription->shard) : NULL;
    struct stream_read *read = &subscription->read;
    const struct shard *children[2];
    bool *gone = subscription->gone;
    bool ended, more;

    subscription->reading = false;
    subscription->holding = err == OK;
    if (err != OK || shard == NULL) {
        subscription_end(subscription, err != OK ? err : ERR_NOT_FOUND);
        return false;
    }
    ended = (read->sealed || (read->at_end && subscription->was_closed)) &&
            shard_children(stream, shard->index, children) > 0;
    subscription->sealed = read->sealed;
    more = !read->at_end;
    subscription->position = read->next;
    if (read->count > 0 || ended) {
        struct subscription_event event = {
            .records = read->records, .count = read->count, .bytes = read->bytes, .shard_end = ended
        };

        if (!read->at_end && read->count > 0)
            event.behind_ms = os_wall_ms(subscription->streams->config.os) - read->records[read->count - 1].time;
        if (event.behind_ms < 0)
            event.behind_ms = 0;
        bucket_charge(&subscription->pace, (int64_t)read->bytes);
        send(subscription, stream, shard, event);
    }
    if (*gone)
        return false;
    subscription->holding = false;
    stream_read_release(read);
    arena_reset(&subscription->arena);
    if (ended)
        subscription_end(subscription, OK);
    return !ended && more;
}

static void read_done(struct stream_read *read, enum err err)
{
    struct subscription *subscription = read->ctx;
    bool gone = false, more;

    subscription->gone = &gone;
    more = answered(subscription, err);
    if (gone)
        return;
    subscription->gone = NULL;
    subscription->grown |= more;
    look(subscription);
}

/* ---- what is next --------------------------------------------------------------------------------------------------
 */

static void send_empty(struct subscription *subscription, int64_t behind_ms)
{
    struct stream *stream = catalog_stream_by_id(subscription->streams->config.catalog, subscription->stream_id);
    struct shard *shard = stream ? stream_shard(stream, subscription->shard) : NULL;

    if (shard == NULL)
        subscription_end(subscription, ERR_NOT_FOUND);
    else
        send(subscription, stream, shard, (struct subscription_event){ .behind_ms = behind_ms });
}

static log_pos log_end_of(const struct subscription *subscription)
{
    return log_end(subscription->streams->config.log, shard_log(subscription->stream_id, subscription->shard));
}

void subscription_leave(struct subscription *subscription)
{
    bool gone = false;

    if (subscription->stopped)
        return;
    assert(!subscription->gone); /* nobody leaves from within an event */
    if (subscription->from_end && !subscription->told) {
        bool grown = log_end_of(subscription) > subscription->position;

        subscription->gone = &gone;
        send_empty(subscription, grown ? (now_us(subscription) - subscription->started_us) / 1000 : 0);
        if (gone)
            return;
    }
    subscription_end(subscription, OK);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Sleep until the end of life; or, if the peer has room (else he will tell), until the idle event, until the pace
 * allows more, or to look for the children. */
static void arm(struct subscription *subscription, int64_t now, int64_t pace_us, bool room)
{
    int64_t at = subscription->started_us + SUBSCRIPTION_LIFE_MS * 1000ll;

    if (room)
        at = earlier(at, subscription->last_event_us + SUBSCRIPTION_IDLE_MS * 1000ll);
    if (room && pace_us > 0)
        at = earlier(at, now + pace_us);
    if (room && subscription->sealed)
        at = earlier(at, now + CHILDREN_LOOK_US);
    os_timer_start(subscription->streams->config.loop, &subscription->timer, at > now ? at - now : 1000);
}

static enum err read_more(struct subscription *subscription)
{
    ms horizon = 0;
    struct stream *stream = catalog_stream_by_id(subscription->streams->config.catalog, subscription->stream_id);

    struct shard *shard = stream ? stream_shard(stream, subscription->shard) : NULL;

    if (shard == NULL)
        return ERR_NOT_FOUND;
    subscription->was_closed = shard->closed_at != 0;
    horizon = stream_horizon(stream, os_wall_ms(subscription->streams->config.os));
    subscription->grown = false;
    subscription->read = (struct stream_read){
        .stream_id = subscription->stream_id,
        .shard = subscription->shard,
        .from = subscription->position,
        .not_before = subscription->not_before > horizon ? subscription->not_before : horizon,
        .records_max = EVENT_RECORDS_MAX,
        .bytes_max = EVENT_BYTES_MAX,
        .arena = &subscription->arena,
        .done = read_done,
        .ctx = subscription,
    };
    subscription->reading = true;
    return stream_read_start(subscription->streams, &subscription->read);
}

/* One look; true to look again at once, false also when the subscription is gone. */
static bool look_once(struct subscription *subscription)
{
    const struct stream_limits *limits = subscription->streams->config.limits;
    const bool *gone = subscription->gone;
    int64_t now = now_us(subscription), pace = 0;
    bool room;
    enum err err;

    if (now >= subscription->started_us + SUBSCRIPTION_LIFE_MS * 1000ll) {
        subscription_end(subscription, OK);
        return false;
    }
    if (limits->enforced) {
        (void)bucket_level(&subscription->pace, limits->fanout_bytes, limits->fanout_bytes, now);
        pace = bucket_wait_us(&subscription->pace, limits->fanout_bytes, limits->fanout_bytes);
    }
    room = subscription->can_send(subscription);
    arm(subscription, now, pace, room);
    if (!room || pace > 0)
        return false;
    if (now >= subscription->last_event_us + SUBSCRIPTION_IDLE_MS * 1000ll) {
        send_empty(subscription, 0);
        return !*gone; /* and ask for room again */
    }
    if (!subscription->grown)
        return false;
    err = read_more(subscription);
    if (err == ERR_PENDING)
        return false;
    if (answered(subscription, err))
        subscription->grown = true;
    return !*gone;
}

/* What is called from within (an event that makes room, say) is done when the present look has ended. */
static void look(struct subscription *subscription)
{
    bool gone = false;

    if (subscription->stopped || subscription->reading || subscription->gone)
        return;
    subscription->gone = &gone;
    while (look_once(subscription))
        ;
    if (!gone)
        subscription->gone = NULL;
}

static void fired(struct os_timer *timer)
{
    struct subscription *subscription = container_of(timer, struct subscription, timer);

    subscription->grown = true; /* what expired, or the children of a sealed shard, are no growth of the log */
    look(subscription);
}

static void grown(struct log_watch *watch)
{
    struct subscription *subscription = container_of(watch, struct subscription, watch);

    subscription->grown = true;
    look(subscription);
}

void subscription_room(struct subscription *subscription)
{
    look(subscription);
}

enum err subscription_start(struct streams *streams, struct subscription *subscription)
{
    struct stream *stream = catalog_stream_by_id(streams->config.catalog, subscription->stream_id);
    struct shard *shard = stream ? stream_shard(stream, subscription->shard) : NULL;
    struct shard_run *run = shard ? shard_run(shard) : NULL;

    if (run == NULL)
        return ERR_NO_MEMORY;
    subscription->streams = streams;
    subscription->stopped = subscription->reading = subscription->holding = subscription->sealed = false;
    subscription->gone = NULL;
    subscription->grown = true;
    subscription->pace = (struct bucket){ 0 };
    subscription->started_us = now_us(subscription);
    subscription->told = false;
    subscription->from_end = subscription->position == log_end_of(subscription);
    /* An empty event tells the client at once where the end was, if it begins there; soon that it is caught up, if it is. */
    subscription->last_event_us =
        subscription->started_us - SUBSCRIPTION_IDLE_MS * 1000ll + (subscription->from_end ? 0 : CAUGHT_UP_US);
    subscription->timer = (struct os_timer){ .fire = fired };
    subscription->watch =
        (struct log_watch){ .log = shard_log(subscription->stream_id, subscription->shard), .grown = grown };
    list_init(&subscription->watch.link);
    arena_init(&subscription->arena, EVENT_ARENA_MAX);
    list_push(&run->subscriptions, &subscription->link);
    log_watch(streams->config.log, &subscription->watch);
    os_timer_start(streams->config.loop, &subscription->timer, 0);
    return OK;
}
