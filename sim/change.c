/* change.c: clients change streams. */
#include <stdio.h>
#include <stdlib.h>

#include "base/u128.h"
#include "work.h"

enum { RESHARD_TO_MAX = 6 };

static void control_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)work_is_done(sim, call, status, answer);
    work_think(call->client);
}

static void create_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)work_is_done(sim, call, status, answer);
    if (status == 200)
        call->stream->created = true;
    work_think(call->client);
}

static void delete_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)work_is_done(sim, call, status, answer);
    if (status == 200)
        call->stream->deleted = true;
    else if (status >= 400 && status < 500 && call->life_before < LIFE_DELETE_ASKED)
        call->stream->life = call->life_before;
    work_think(call->client);
}

static void retention_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)work_is_done(sim, call, status, answer);
    call->stream->retention_flight = 0;
    if (status == 200)
        call->stream->retention = call->hours;
    else if (status == 0 || status >= 500)
        call->stream->retention_asked = call->hours;
    work_think(call->client);
}

static void tag_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;
    uint32_t bit = 1u << call->tag;

    (void)work_is_done(sim, call, status, answer);
    if (status == 200)
        call->stream->tags = call->add ? call->stream->tags | bit : call->stream->tags & ~bit;
    if (status == 0 || status >= 500)
        call->stream->tags_unsure |= bit;
    work_think(call->client);
}

/* ---- asking ----------------------------------------------------------------------------------------------------------- */

static struct shard_model *open_shard(struct sim *sim, struct stream_model *stream)
{
    size_t from = stream->shard_count ? (size_t)below(sim, stream->shard_count) : 0;

    for (size_t i = 0; i < stream->shard_count; i++) {
        struct shard_model *shard = stream->shards[(from + i) % stream->shard_count];

        if (!shard->last_seqno[0] && shard->start_hash[0])
            return shard;
    }
    return NULL;
}

static void split(struct client *client, struct stream_model *stream, const struct shard_model *shard)
{
    char body[256], digits[U128_DIGITS_MAX];
    u128 start = 0, end = 0;
    size_t size;

    if (u128_parse(str_of(shard->start_hash), &start) != OK || u128_parse(str_of(shard->end_hash), &end) != OK)
        abort();
    size = u128_format(start + (end - start) / 2 + 1, digits);
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardToSplit\":\"%s\",\"NewStartingHashKey\":\"%.*s\"}",
                   stream->name, shard->id, (int)size, digits);
    work_ask(client, "SplitShard", stream, true, body, control_answered);
}

static bool merge(struct client *client, struct stream_model *stream, const struct shard_model *shard)
{
    char body[256];
    u128 start = 0, end = 0;

    if (u128_parse(str_of(shard->end_hash), &end) != OK)
        return false;
    for (size_t i = 0; i < stream->shard_count; i++) {
        const struct shard_model *next = stream->shards[i];

        if (next->last_seqno[0] || u128_parse(str_of(next->start_hash), &start) != OK || start == 0 || start - 1 != end)
            continue;
        (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardToMerge\":\"%s\",\"AdjacentShardToMerge\":\"%s\"}",
                       stream->name, shard->id, next->id);
        work_ask(client, "MergeShards", stream, true, body, control_answered);
        return true;
    }
    return false;
}

static void reshard(struct client *client, struct stream_model *stream)
{
    struct sim *sim = client->sim;
    struct shard_model *shard = open_shard(sim, stream);
    char body[256];

    if (shard && below(sim, 3) && stream->shard_count < SHARDS_WANTED_MAX) {
        if (below(sim, 2) || !merge(client, stream, shard))
            split(client, stream, shard);
    } else if (stream->shard_count < SHARDS_WANTED_MAX) {
        (void)snprintf(body, sizeof(body),
                       "{\"StreamName\":\"%s\",\"TargetShardCount\":%u,\"ScalingType\":\"UNIFORM_SCALING\"}", stream->name,
                       1 + (unsigned)below(sim, RESHARD_TO_MAX));
        work_ask(client, "UpdateShardCount", stream, true, body, control_answered);
    } else {
        work_think(client);
    }
}

static void retention(struct client *client, struct stream_model *stream)
{
    uint64_t hours = 24 * (1 + below(client->sim, 4));
    char body[128];

    if (hours == stream->retention || stream->retention_asked) {
        work_think(client);
        return;
    }
    client->call->hours = stream->retention_flight = hours;
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"RetentionPeriodHours\":%llu}", stream->name,
                   (unsigned long long)hours);
    work_ask(client, hours > stream->retention ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod", stream,
        true, body, retention_answered);
}

static void tag(struct client *client, struct stream_model *stream)
{
    struct call *call = client->call;
    char body[128];

    call->tag = (uint32_t)below(client->sim, TAGS_MAX);
    call->add = below(client->sim, 2);
    if (call->add)
        (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"Tags\":{\"t%u\":\"v\"}}", stream->name, call->tag);
    else
        (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"TagKeys\":[\"t%u\"]}", stream->name, call->tag);
    work_ask(client, call->add ? "AddTagsToStream" : "RemoveTagsFromStream", stream, true, body, tag_answered);
}

void work_create(struct client *client)
{
    struct stream_model *stream = model_new_stream(client->sim);
    char body[128];

    if (stream == NULL) {
        work_think(client);
        return;
    }
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardCount\":%u}", stream->name,
                   1 + (unsigned)below(client->sim, 4));
    work_ask(client, "CreateStream", stream, true, body, create_answered);
}

static void remove_stream(struct client *client, struct stream_model *stream)
{
    char body[128];

    client->call->life_before = stream->life;
    stream->life = LIFE_DELETE_ASKED;
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
    work_ask(client, "DeleteStream", stream, true, body, delete_answered);
}

void work_change(struct client *client, struct stream_model *stream)
{
    uint64_t pick = below(client->sim, 28);

    if (pick >= 20)
        work_administer(client, stream);
    else if (pick < 10)
        reshard(client, stream);
    else if (pick < 14)
        retention(client, stream);
    else if (pick < 19)
        tag(client, stream);
    else
        remove_stream(client, stream);
}
