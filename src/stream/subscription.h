/* subscription.h: enhanced fan-out: one consumer's push from one shard.
 *
 *           grown, room, pace                    records               5 minutes, shard end, takeover
 *   WAITING -----------------> READING --> event --------> WAITING ... -----------------------------> ENDED
 *
 * A subscription is a cursor, not a queue: records are read, and an event is made, only when the peer may be sent
 * more (back-pressure) and the 2 MiB/s of consumer and shard allow it. With nothing to send an empty event goes out
 * every few seconds. Who begins at the end of the log is told at once where that is: whoever comes back knows it from
 * then on, and misses nothing. */
#pragma once

#include "stream/stream.h"

enum { SUBSCRIPTION_LIFE_MS = 300000, SUBSCRIPTION_IDLE_MS = 4000, SUBSCRIPTION_TAKEOVER_MS = 5000 };

struct subscription_event {
    const struct read_record *records;
    uint32_t count;
    size_t bytes; /* of keys and data */
    const struct shard *shard;
    log_pos next; /* continue here; without meaning at the end of the shard */
    int64_t behind_ms;
    bool shard_end; /* nothing will ever follow: the children are in the catalog */
};

struct subscription {
    /* set by the caller */
    uint64_t stream_id;
    uint32_t shard;
    str consumer; /* name; lives as long as the subscription */
    ms consumer_created;
    log_pos position;
    ms not_before;
    /* May the peer be sent an event now? If not, the owner calls subscription_room later. */
    bool (*can_send)(struct subscription *subscription);
    void (*event)(struct subscription *subscription, const struct subscription_event *event);
    /* From `event` and `end` the subscription may be stopped and freed.
     * OK: over in order (five minutes, or the shard's end has been told). Else the stream fails with `err`: IN_USE
     * (taken over), NOT_FOUND, KMS_*, INTERNAL. Called once; the subscription is stopped already. */
    void (*end)(struct subscription *subscription, enum err err);
    /* private */
    struct streams *streams;
    struct list link;
    struct log_watch watch;
    struct os_timer timer; /* pace, idle event, end of life: whatever is next */
    struct bucket pace;
    struct arena arena; /* of one event */
    struct stream_read read;
    int64_t started_us, last_event_us;
    bool reading, holding, stopped, grown;
    bool from_end;   /* it began where the log ended, which only we know until it is told */
    bool told;       /* an event has been sent */
    bool sealed;     /* all has been told but the end: the children are not there yet */
    bool was_closed; /* the shard, when the read began */
    bool *gone;      /* set while it works: who stops it from within a call says so here */
};

/* The live subscription of that consumer to the shard, or NULL. */
struct subscription *subscription_find(struct shard_run *run, str consumer, ms consumer_created);

/* Begins at a later turn. NO_MEMORY. */
must_use enum err subscription_start(struct streams *streams, struct subscription *subscription);

/* The peer may take more. May be called from `event`. */
void subscription_room(struct subscription *subscription);

/* The peer is gone: nothing more is called. */
void subscription_stop(struct subscription *subscription);

/* End it in order because we leave; who began at the end and has heard nothing yet is told first where that was, even if
 * there is no room. */
void subscription_leave(struct subscription *subscription);

/* End it with `err`: taken over, deregistered, deleted. */
void subscription_end(struct subscription *subscription, enum err err);
void subscriptions_end_consumer(struct stream *stream, const struct consumer *consumer);

/* The child shards of a closed shard: one of a merge, two of a split; 0 while they are not there yet. */
size_t shard_children(const struct stream *stream, uint32_t index, const struct shard *ret_children[static 2]);
