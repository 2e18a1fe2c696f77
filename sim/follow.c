/* follow.c: clients that subscribe to a shard, leave, and come back where the last event said. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

enum { FOLLOWERS = 2, ARN_BYTES = 256 };

struct follower {
    struct client client;
    unsigned number;
    struct os_timer leave;
    struct shard_model *shard; /* NULL: none */
    size_t index;              /* of the next record */
    int64_t asked_us;          /* of the subscription */
    uint64_t told_bytes;       /* by its events so far */
    char continuation[SEQNO_BYTES]; /* empty: from the beginning */
    char arn[ARN_BYTES];
    struct stream_model *arn_of;
};

static void think(struct follower *follower);

static void saw(struct sim *sim, const char *what, struct follower *follower, int status, const struct node *answer)
{
    str type = json_text(answer, "__type");

    note(sim, "follower %u %s %s %s: %d %.*s", follower->number, what, follower->shard->stream->name,
         follower->shard->id, status, STR_ARG(str_present(type) ? type : STR("")));
    if (status >= 500 && !sim->trouble)
        refute(sim, "%s was answered with %d, and nothing was wrong", what, status);
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

/* No event with records leaves while the consumer owes for those before. */
static void check_pace(struct sim *sim, struct follower *follower, const struct node *records)
{
    uint64_t rate = sim->settings.fanout_bytes;
    uint64_t most = rate + rate * (uint64_t)(os_mono_us(sim->os) - follower->asked_us) / 1000000 + 1;

    if (sim->settings.limits != RULES_AWS)
        return;
    if (records && records->child && follower->told_bytes > most)
        refute(sim, "follower %u was given %llu bytes, %llu more than its limit, and is given more", follower->number,
               (unsigned long long)follower->told_bytes, (unsigned long long)(follower->told_bytes - most));
    follower->told_bytes += json_record_bytes(records);
}

static void told_event(struct sim *sim, void *ctx, str type, const struct node *event)
{
    struct follower *follower = ctx;
    const struct node *records = json_get(event, "Records"), *children = json_get(event, "ChildShards");
    str continuation = json_text(event, "ContinuationSequenceNumber");

    if (str_eq(type, STR("InternalFailureException")) && !sim->trouble)
        refute(sim, "a subscription ends in a failure, and nothing was wrong");
    if (!str_eq(type, STR("SubscribeToShardEvent")))
        return;
    sim->horizon = 0; /* of the moment at which the event was made, which nobody knows */
    model_tick(sim);
    note(sim, "follower %u is shown %s from number %zu", follower->number, follower->shard->id, follower->index);
    check_pace(sim, follower, records);
    for (const struct node *record = records ? records->child : NULL; record && !sim->failed; record = record->next)
        model_saw_record(sim, follower->shard, &follower->index, record);
    if (str_present(continuation) && continuation.size < SEQNO_BYTES) {
        memcpy(follower->continuation, continuation.at, continuation.size);
        follower->continuation[continuation.size] = 0;
    } else if (children && children->child) {
        model_saw_all(sim, follower->shard, follower->index);
        follower->shard = NULL;
        os_timer_start(sim->loop, &follower->leave, 0);
    } else {
        refute(sim, "an event without a continuation and without children");
    }
}

static void ended(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct follower *follower = ctx;

    os_timer_stop(&follower->leave);
    if (follower->shard)
        saw(sim, "SubscribeToShard", follower, status, answer);
    if (is_error(answer, "ResourceNotFoundException"))
        follower->shard = NULL;
    think(follower);
}

static void leave(struct os_timer *timer)
{
    struct follower *follower = container_of(timer, struct follower, leave);

    client_leave(&follower->client);
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

/* Its stream's name is another's now: what is asked by it is not about the stream that was meant. */
static void forget_replaced(struct follower *follower)
{
    if (follower->shard && follower->shard->stream->replaced)
        follower->shard = NULL;
}

static void subscribe(struct sim *sim, struct follower *follower)
{
    char body[1024];
    const char *type = below(sim, 2) ? "AT_SEQUENCE_NUMBER" : "AFTER_SEQUENCE_NUMBER";
    int size = snprintf(body, sizeof(body), "{\"ConsumerARN\":\"%s\",\"ShardId\":\"%s\",\"StartingPosition\":{\"Type\":\"%s\"",
                        follower->arn, follower->shard->id, follower->continuation[0] ? type : "TRIM_HORIZON");

    if (follower->continuation[0])
        (void)snprintf(body + size, sizeof(body) - (size_t)size, ",\"SequenceNumber\":\"%s\"}}", follower->continuation);
    else
        (void)snprintf(body + size, sizeof(body) - (size_t)size, "}}");
    follower->leave.fire = leave;
    os_timer_start(sim->loop, &follower->leave, 1000 + (int64_t)below(sim, 400 * 1000));
    follower->asked_us = os_mono_us(sim->os);
    follower->told_bytes = 0;
    client_follow(&follower->client, "SubscribeToShard", str_of(body), told_event, ended, follower);
}

static void described(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct follower *follower = ctx;
    const struct node *consumer = json_get(answer, "ConsumerDescription");
    str arn = json_text(consumer, "ConsumerARN");

    saw(sim, "DescribeStreamConsumer", follower, status, answer);
    forget_replaced(follower);
    if (follower->shard && str_present(arn) && arn.size < ARN_BYTES && str_eq(json_text(consumer, "ConsumerStatus"), STR("ACTIVE"))) {
        memcpy(follower->arn, arn.at, arn.size);
        follower->arn[arn.size] = 0;
        follower->arn_of = follower->shard->stream;
    }
    think(follower);
}

static void ask(struct follower *follower, const char *operation, answered *done)
{
    char body[256];

    (void)snprintf(body, sizeof(body),
                   "{\"StreamARN\":\"arn:aws:kinesis:us-east-1:123456789012:stream/%s\",\"ConsumerName\":\"f%u\"}",
                   follower->shard->stream->name, follower->number);
    client_call(&follower->client, operation, str_of(body), done, follower);
}

static void registered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct follower *follower = ctx;

    saw(sim, "RegisterStreamConsumer", follower, status, answer);
    forget_replaced(follower);
    if (follower->shard && sim->working && (status == 200 || is_error(answer, "ResourceInUseException")))
        ask(follower, "DescribeStreamConsumer", described);
    else
        think(follower);
}

static void deregistered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct follower *follower = ctx;

    saw(sim, "DeregisterStreamConsumer", follower, status, answer);
    follower->arn_of = NULL;
    think(follower);
}

static void pick_shard(struct sim *sim, struct follower *follower)
{
    struct stream_model *stream = sim->model.stream_count ? &sim->model.streams[below(sim, sim->model.stream_count)] : NULL;

    if (stream == NULL || stream->life != LIFE_ALIVE || stream->shard_count == 0)
        return;
    follower->shard = stream->shards[below(sim, stream->shard_count)];
    follower->index = 0;
    follower->continuation[0] = 0;
}

static void next(struct os_timer *timer)
{
    struct follower *follower = container_of(timer, struct follower, client.think);
    struct sim *sim = follower->client.sim;

    if (!sim->working || sim->failed)
        return;
    forget_replaced(follower);
    if (follower->shard == NULL || below(sim, 4) == 0)
        pick_shard(sim, follower);
    if (follower->shard == NULL)
        think(follower);
    else if (follower->arn_of == follower->shard->stream && below(sim, 12) == 0)
        ask(follower, "DeregisterStreamConsumer", deregistered);
    else if (follower->arn_of == follower->shard->stream)
        subscribe(sim, follower);
    else
        ask(follower, "RegisterStreamConsumer", registered);
}

static void think(struct follower *follower)
{
    struct sim *sim = follower->client.sim;

    if (!sim->working || sim->failed)
        return;
    follower->client.think.fire = next;
    os_timer_start(sim->loop, &follower->client.think, (int64_t)below(sim, 40000));
}

/* ---- beginning and end -------------------------------------------------------------------------------------------- */

void follow_init(struct sim *sim)
{
    sim->followers = calloc(FOLLOWERS, sizeof(*sim->followers));
    if (sim->followers == NULL)
        abort();
    for (unsigned i = 0; i < FOLLOWERS; i++) {
        client_init(&sim->followers[i].client, sim, CLIENTS_MAX + i);
        sim->followers[i].number = i;
    }
}

void follow_deinit(struct sim *sim)
{
    for (unsigned i = 0; i < FOLLOWERS; i++)
        client_deinit(&sim->followers[i].client);
    free(sim->followers);
}

void follow_start(struct sim *sim)
{
    for (unsigned i = 0; i < FOLLOWERS; i++) {
        sim->followers[i].arn_of = NULL; /* an unfinished registration may be lost with a life */
        think(&sim->followers[i]);
    }
}

bool follow_is_idle(const struct sim *sim)
{
    for (unsigned i = 0; i < FOLLOWERS; i++)
        if (sim->followers[i].client.busy)
            return false;
    return true;
}

void follow_forget(struct sim *sim)
{
    for (unsigned i = 0; i < FOLLOWERS; i++) {
        os_timer_stop(&sim->followers[i].leave);
        client_forget(&sim->followers[i].client);
    }
}
