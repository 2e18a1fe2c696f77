/* read.c: clients follow a shard with iterators. */
#include <stdio.h>
#include <stdlib.h>

#include "work.h"

static void keep_iterator(struct sim *sim, struct reader *reader, str iterator)
{
    if (iterator.size >= ITERATOR_BYTES) {
        refute(sim, "an iterator of %zu bytes", iterator.size);
        reader->shard = NULL;
        return;
    }
    memcpy(reader->iterator, iterator.at, iterator.size);
    reader->iterator[iterator.size] = 0;
}

static void records_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;
    struct reader *reader = call->client->reader;
    const struct node *records = json_get(answer, "Records");
    str next = json_text(answer, "NextShardIterator");

    if (work_is_done(sim, call, status, answer)) {
        if (!is_error(answer, "ProvisionedThroughputExceededException"))
            reader->shard = NULL;
        work_think(call->client);
        return;
    }
    note(sim, "client %u reads %s %s from number %zu", call->client->number, call->stream->name, reader->shard->id,
         reader->index);
    sim->horizon = model_horizon(sim, call->stream) < call->horizon ? model_horizon(sim, call->stream) : call->horizon;
    limit_called(sim, reader->shard, /* read: */ true, call->asked_us, json_record_bytes(records));
    for (const struct node *record = records ? records->child : NULL; record && !sim->failed; record = record->next)
        if (reader->since.on)
            since_saw(&reader->since, sim, reader->shard, record);
        else
            model_saw_record(sim, reader->shard, &reader->index, record);
    if (str_present(next)) {
        keep_iterator(sim, reader, next);
        if (below(sim, 16) == 0)
            reader->shard = NULL;
    } else {
        if (!reader->since.on)
            model_saw_all(sim, reader->shard, reader->index);
        reader->shard = NULL;
    }
    work_think(call->client);
}

static void iterator_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;
    struct reader *reader = call->client->reader;

    if (work_is_done(sim, call, status, answer))
        reader->shard = NULL;
    else
        keep_iterator(sim, reader, json_text(answer, "ShardIterator"));
    if (status == 200)
        limit_called(sim, reader->shard, /* read: */ false, call->asked_us, 0);
    since_answered(&reader->since, sim);
    work_think(call->client);
}

static void ask_since(struct client *client, struct shard_model *shard)
{
    struct sim *sim = client->sim;
    struct reader *reader = client->reader;
    bool latest = below(sim, 2);
    ms time = os_wall_ms(sim->os) - (ms)below(sim, below(sim, 2) ? 3000 : 100000);
    char body[512];

    if (shard->known_count && below(sim, 2)) /* at a record's own time */
        time = shard->known[below(sim, shard->known_count)]->time;
    if (latest)
        (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"LATEST\"}",
                       shard->stream->name, shard->id);
    else
        (void)snprintf(body, sizeof(body),
                       "{\"StreamName\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"AT_TIMESTAMP\",\"Timestamp\":"
                       "%lld.%03lld}",
                       shard->stream->name, shard->id, (long long)time / 1000, (long long)time % 1000);
    note(sim, "client %u will read %s since %s", client->number, shard->id, latest ? "now" : "then");
    reader->shard = shard;
    since_begin(&reader->since, sim, latest, time);
    work_ask(client, "GetShardIterator", shard->stream, false, body, iterator_answered);
}

static void ask_iterator(struct client *client, struct stream_model *stream)
{
    struct sim *sim = client->sim;
    struct reader *reader = client->reader;
    struct shard_model *shard = stream->shards[below(sim, stream->shard_count)];
    bool inside = shard->known_count > 0 && below(sim, 2), after = below(sim, 2);
    char body[512];

    reader->since.on = false;
    if (below(sim, 4) == 0) {
        ask_since(client, shard);
        return;
    }

    note(sim, "client %u will read %s", client->number, shard->id);
    reader->shard = shard;
    reader->index = inside ? (size_t)below(sim, shard->known_count) : 0;
    if (inside)
        (void)snprintf(body, sizeof(body),
                       "{\"StreamName\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"%s_SEQUENCE_NUMBER\","
                       "\"StartingSequenceNumber\":\"%s\"}",
                       stream->name, shard->id, after ? "AFTER" : "AT", shard->known[reader->index]->seqno);
    else
        (void)snprintf(body, sizeof(body),
                       "{\"StreamName\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}", stream->name,
                       shard->id);
    if (inside && after)
        reader->index++;
    work_ask(client, "GetShardIterator", stream, false, body, iterator_answered);
}

void work_read(struct client *client, struct stream_model *stream)
{
    char body[ITERATOR_BYTES + 64];

    if (client->reader->shard == NULL && stream->shard_count == 0) {
        (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
        work_ask(client, "ListShards", stream, false, body, work_saw_shards);
    } else if (client->reader->shard == NULL) {
        ask_iterator(client, stream);
    } else {
        (void)snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\",\"Limit\":%u}", client->reader->iterator,
                       1 + (unsigned)below(client->sim, 100));
        work_ask(client, "GetRecords", client->reader->shard->stream, false, body, records_answered);
    }
}
