/* subscription_test.c: pushed records: order, pace, idle events, ends, back-pressure, in virtual time. */
#include "subscription.c"

#include "stream/test_stream.h"

enum { NUMBERS_MAX = 20000 };

static struct world *world_of(struct stage *stage)
{
    return stage->bench.world;
}

/* A subscriber that checks what it gets. Records carry their number as text. */
struct peer {
    struct subscription subscription;
    struct stage *stage;
    bool closed_gate; /* may not be sent anything */
    unsigned room_in; /* events until the gate closes by itself; 0: never */
    uint64_t next, events, records, bytes, idle;
    int64_t first_us, last_us, longest_us;
    int64_t behind_ms;
    bool ended, shard_end, stop_in_event, room_in_event;
    enum err err;
    log_pos told;
};

static bool can_send(struct subscription *subscription)
{
    return !container_of(subscription, struct peer, subscription)->closed_gate;
}

static void on_event(struct subscription *subscription, const struct subscription_event *event)
{
    struct peer *peer = container_of(subscription, struct peer, subscription);
    int64_t now = os_mono_us(world_of(peer->stage)->os);

    CHECK(!peer->ended && !peer->closed_gate && !peer->shard_end);
    if (now - peer->last_us > peer->longest_us)
        peer->longest_us = now - peer->last_us;
    peer->last_us = now;
    peer->events++;
    peer->idle += event->count == 0 && !event->shard_end;
    peer->shard_end = event->shard_end;
    peer->behind_ms = event->behind_ms;
    peer->told = event->next;
    for (uint32_t i = 0; i < event->count; i++) {
        CHECK_INT(strtoull(event->records[i].data.at, NULL, 10), peer->next);
        peer->next++;
        peer->records++;
        peer->bytes += event->records[i].data.size + event->records[i].key.size;
        CHECK(event->next > event->records[i].position);
    }
    if (peer->room_in && --peer->room_in == 0)
        peer->closed_gate = true;
    if (peer->room_in_event)
        subscription_room(subscription);
    if (peer->stop_in_event && event->count > 0) {
        subscription_stop(subscription);
        memset(subscription, 0x5a, sizeof(*subscription)); /* freed, say */
    }
}

static void on_end(struct subscription *subscription, enum err err)
{
    struct peer *peer = container_of(subscription, struct peer, subscription);

    CHECK(!peer->ended);
    peer->ended = true;
    peer->err = err;
    memset(subscription, 0x5a, sizeof(*subscription));
}

static void peer_start_at(struct peer *peer, struct stage *stage, uint32_t shard, log_pos position)
{
    peer->stage = stage;
    peer->last_us = peer->first_us = os_mono_us(world_of(stage)->os);
    peer->subscription = (struct subscription){ .stream_id = bench_stream(&stage->bench)->id,
                                                .shard = shard,
                                                .position = position,
                                                .consumer = STR("c"),
                                                .consumer_created = 1,
                                                .can_send = can_send,
                                                .event = on_event,
                                                .end = on_end };
    CHECK_INT(subscription_start(stage->streams, &peer->subscription), OK);
}

static void peer_start(struct peer *peer, struct stage *stage, uint32_t shard)
{
    peer_start_at(peer, stage, shard, 0);
}

static void setup(struct stage *stage, enum world_kind kind, uint64_t seed)
{
    stage_create(stage, kind, seed);
    CHECK(stage_open(stage) && bench_create_stream(&stage->bench, 1));
}

/* Put records number `from` to `to` - 1 of `size` bytes. */
static void put_numbers(struct stage *stage, uint64_t from, uint64_t to, size_t size)
{
    char *data = malloc(size);
    struct stage_put one;

    for (uint64_t i = from; i < to; i++) {
        memset(data, ' ', size);
        data[snprintf(data, size, "%llu", (unsigned long long)i)] = ' ';
        while (stage_put(stage, &one, STR("key"), str_bytes(data, size)) == ERR_FULL)
            ;
        CHECK_INT(one.entry.err, OK);
    }
    free(data);
}

static void seconds(struct stage *stage, int64_t count)
{
    world_run(world_of(stage), count * 1000000);
}

TEST("every record is pushed once and in order, whatever the engine does")
{
    for (int kind = WORLD_LOCAL; kind <= WORLD_LATE; kind++) {
        struct stage stage;
        struct peer peer = { 0 };

        setup(&stage, (enum world_kind)kind, 3);
        put_numbers(&stage, 0, 50, 100);
        peer.room_in_event = true;
        peer_start(&peer, &stage, 0);
        put_numbers(&stage, 50, 300, 100);
        seconds(&stage, 2);
        CHECK_INT(peer.next, 300);
        CHECK_INT(peer.behind_ms, 0);
        CHECK(subscription_find(stream_shard(bench_stream(&stage.bench), 0)->run, STR("c"), 1) == &peer.subscription);
        CHECK(subscription_find(stream_shard(bench_stream(&stage.bench), 0)->run, STR("c"), 2) == NULL);
        subscription_stop(&peer.subscription);
        put_numbers(&stage, 300, 310, 100);
        seconds(&stage, 10);
        CHECK(peer.next == 300 && !peer.ended);
        stage_destroy(&stage);
    }
}

TEST("two MiB go out in a second, not more")
{
    struct stage stage;
    struct peer peer = { 0 };
    int64_t took_us;

    setup(&stage, WORLD_LOCAL, 3);
    put_numbers(&stage, 0, 120, 200000); /* 24 MB */
    stage.limits.enforced = true;
    peer_start(&peer, &stage, 0);
    while (peer.next < 120 && os_mono_us(world_of(&stage)->os) - peer.first_us < 60000000)
        world_run(world_of(&stage), 10000);
    took_us = peer.last_us - peer.first_us;
    CHECK_INT(peer.next, 120);
    CHECK(took_us > 9000000 && took_us < 13000000); /* the first 2 MiB are there at once */
    CHECK(peer.longest_us < 2000000);
    CHECK(stage.total.event_records == 120 && stage.total.event_bytes == peer.bytes);
    stage.limits.enforced = false;
    subscription_stop(&peer.subscription);
    stage_destroy(&stage);
}

TEST("with nothing to send there is an empty event at once and then every few seconds; after five minutes it is over")
{
    for (int kind = WORLD_LOCAL; kind <= WORLD_HOSTILE; kind++) {
        struct stage stage;
        struct peer peer = { 0 };

        setup(&stage, (enum world_kind)kind, 3);
        peer_start(&peer, &stage, 0);
        seconds(&stage, 1);
        CHECK_INT(peer.idle, 1);
        seconds(&stage, 298);
        CHECK(!peer.ended);
        CHECK(peer.longest_us <= 5000000 && peer.idle >= 60 && peer.idle <= 80);
        seconds(&stage, 2);
        CHECK(peer.ended && peer.err == OK && !peer.shard_end);
        stage_destroy(&stage);
    }
}

TEST("who begins at the end is told at once where that is; who is sent away before, too, and where others begin is theirs")
{
    for (int kind = WORLD_LOCAL; kind <= WORLD_HOSTILE; kind++) {
        struct stage stage;
        struct peer latest = { 0 }, slow = { .closed_gate = true }, oldest = { .closed_gate = true };
        log_pos end;

        setup(&stage, (enum world_kind)kind, 3);
        put_numbers(&stage, 0, 3, 100);
        end = log_end(stage.streams->config.log, shard_log(bench_stream(&stage.bench)->id, 0));
        peer_start_at(&latest, &stage, 0, end);
        world_run(world_of(&stage), 1000);
        CHECK(latest.idle == 1 && latest.told == end && latest.behind_ms == 0);
        subscription_leave(&latest.subscription);
        CHECK(latest.idle == 1 && latest.ended && latest.err == OK);
        peer_start_at(&slow, &stage, 0, end);
        peer_start_at(&oldest, &stage, 0, 0);
        seconds(&stage, 2);
        put_numbers(&stage, 3, 4, 100);
        CHECK(slow.idle == 0 && oldest.idle == 0);
        slow.closed_gate = oldest.closed_gate = false;
        subscription_leave(&slow.subscription);
        CHECK(slow.idle == 1 && slow.told == end && slow.behind_ms > 0 && slow.ended && slow.err == OK);
        subscription_leave(&oldest.subscription);
        CHECK(oldest.idle == 0 && oldest.ended && oldest.err == OK);
        stage_destroy(&stage);
    }
}

TEST("a peer without room is sent nothing, is not asked over and over, and loses nothing")
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct stage stage;
        struct peer peer = { 0 };
        uint64_t put = 0;

        setup(&stage, seed % 2 ? WORLD_HOSTILE : WORLD_LOCAL, seed);
        peer_start(&peer, &stage, 0);
        for (int i = 0; i < 40; i++) {
            uint64_t more = world_below(world_of(&stage), 20);

            put_numbers(&stage, put, put + more, 50);
            put += more;
            world_run(world_of(&stage), (int64_t)world_below(world_of(&stage), 6000000));
            if (peer.closed_gate && world_below(world_of(&stage), 2)) {
                peer.closed_gate = false;
                peer.room_in = (unsigned)world_below(world_of(&stage), 3);
                subscription_room(&peer.subscription);
            } else if (peer.room_in == 0) {
                peer.room_in = 1 + (unsigned)world_below(world_of(&stage), 3);
            }
        }
        peer.closed_gate = false;
        peer.room_in = 0;
        if (!peer.ended)
            subscription_room(&peer.subscription);
        seconds(&stage, 2);
        CHECK(peer.ended || peer.next == put);
        if (!peer.ended)
            subscription_stop(&peer.subscription);
        stage_destroy(&stage);
    }
}

static unsigned asked;

static bool never(struct subscription *subscription)
{
    (void)subscription;
    asked++;
    return false;
}

TEST("a peer without room costs no time")
{
    struct stage stage;
    struct peer peer = { 0 };

    setup(&stage, WORLD_LOCAL, 1);
    peer_start(&peer, &stage, 0);
    peer.subscription.can_send = never;
    asked = 0;
    seconds(&stage, 200);
    CHECK(asked < 10);
    subscription_stop(&peer.subscription);
    stage_destroy(&stage);
}

TEST("the end of a shard is told when its children are there, at once, with all records before it")
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct stage stage;
        struct peer peer = { 0 };
        int64_t settled_us;

        setup(&stage, (enum world_kind)(seed % 3), seed);
        peer_start(&peer, &stage, 0);
        put_numbers(&stage, 0, 20, 100);
        CHECK_INT(bench_split(&stage.bench, 0, (u128)1 << 127), OK);
        put_numbers(&stage, 20, 30, 100); /* while UPDATING; all to the parent or, at last, to a child */
        CHECK(bench_settle(&stage.bench));
        settled_us = os_mono_us(world_of(&stage)->os);
        world_run(world_of(&stage), 1000000);
        CHECK(peer.ended && peer.err == OK && peer.shard_end);
        CHECK(peer.last_us - settled_us < 200000);
        CHECK(peer.next >= 20 && peer.next <= 30);
        {
            struct peer child = { .next = peer.next };
            struct shard *to = stream_shard_for(bench_stream(&stage.bench), put_hash(STR("key")));

            peer_start(&child, &stage, to->index);
            seconds(&stage, 1);
            CHECK_INT(child.next, 30);
            subscription_stop(&child.subscription);
        }
        stage_destroy(&stage);
    }
}

TEST("children of a split are two, of a merge one")
{
    struct stage stage;
    const struct shard *children[2];

    setup(&stage, WORLD_LOCAL, 1);
    CHECK_INT(bench_split(&stage.bench, 0, (u128)1 << 127), OK);
    CHECK(bench_settle(&stage.bench));
    CHECK_INT(bench_merge(&stage.bench, 1, 2), OK);
    CHECK(bench_settle(&stage.bench));
    CHECK_INT(shard_children(bench_stream(&stage.bench), 0, children), 2);
    CHECK(children[0]->index == 1 && children[1]->index == 2);
    CHECK_INT(shard_children(bench_stream(&stage.bench), 1, children), 1);
    CHECK_INT(children[0]->index, 3);
    CHECK_INT(shard_children(bench_stream(&stage.bench), 2, children), 1);
    CHECK_INT(shard_children(bench_stream(&stage.bench), 3, children), 0);
    stage_destroy(&stage);
}

TEST("a takeover, a deletion, and a stop from within an event end it once")
{
    for (int kind = WORLD_LOCAL; kind <= WORLD_HOSTILE; kind++) {
        struct stage stage;
        struct peer taken = { 0 }, stopped = { .stop_in_event = true }, deleted = { 0 };

        setup(&stage, (enum world_kind)kind, 2);
        peer_start(&taken, &stage, 0);
        put_numbers(&stage, 0, 5, 100);
        seconds(&stage, 1);
        subscription_end(&taken.subscription, ERR_IN_USE);
        CHECK(taken.ended && taken.err == ERR_IN_USE && taken.next == 5);
        peer_start(&stopped, &stage, 0);
        seconds(&stage, 6);
        CHECK(stopped.records > 0 && !stopped.ended);
        peer_start(&deleted, &stage, 0);
        CHECK_INT(bench_commit(&stage.bench, bench_stage_delete, NULL), OK);
        CHECK(sim_run_until(world_of(&stage)->os, 20000000, bench_is_deleted, &stage.bench));
        CHECK(deleted.ended && deleted.err == ERR_NOT_FOUND);
        stage_destroy(&stage);
    }
}

TEST("who still listens when everything closes is ended")
{
    struct stage stage;
    struct peer peer = { 0 };

    setup(&stage, WORLD_LATE, 2);
    peer_start(&peer, &stage, 0);
    seconds(&stage, 1);
    subscription_end(&peer.subscription, OK);
    CHECK(peer.ended);
    stage_destroy(&stage);
}

UNIT_MAIN
