/* work.c: what clients do: each picks by the seed, asks, learns from the answer, thinks a while and picks again. */
#include <stdio.h>
#include <stdlib.h>

#include "base/u128.h"
#include "codec/base64.h"
#include "sim.h"

enum { BATCH_MAX = 20, KEYS = 24, ITERATOR_BYTES = 1024, SHARDS_WANTED_MAX = 36, RESHARD_TO_MAX = 6 };

/* A reader that follows one shard. */
struct reader {
    struct shard_model *shard; /* NULL: none */
    size_t index;              /* of the next record */
    char iterator[ITERATOR_BYTES];
};

/* What a client has asked for. */
struct call {
    struct client *client;
    struct stream_model *stream;
    struct record *records[BATCH_MAX];
    size_t count;
    bool control, created;     /* created: the stream was known to be ACTIVE when this was asked */
    enum life life_before;
    uint64_t look, hours;
    uint32_t tag;
    bool add;
    const char *name;
};

static void think(struct client *client);

bool is_error(const struct node *answer, const char *name)
{
    str type = json_text(answer, "__type");

    return str_ends(type, str_of(name));
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* Common to all: what a refusal may be, and whether nothing more is to be learnt. */
static bool is_done(struct sim *sim, struct call *call, int status, const struct node *answer)
{
    str type = json_text(answer, "__type");

    if (status == 0)
        note(sim, "client %u %s %s: nobody knows", call->client->number, call->name, call->stream->name);
    else if (status == 200)
        note(sim, "client %u %s %s: done", call->client->number, call->name, call->stream->name);
    else
        note(sim, "client %u %s %s: %d %.*s", call->client->number, call->name, call->stream->name, status,
             STR_ARG(str_present(type) ? type : STR("")));
    if (status >= 500 && !sim->trouble)
        refute(sim, "%s was answered with %d, and nothing was wrong", call->name, status);
    if (is_error(answer, "ResourceNotFoundException") && call->created && call->stream->life < LIFE_DELETE_ASKED)
        refute(sim, "%s: %s is not found, and nobody has deleted it", call->name, call->stream->name);
    if (call->control) {
        call->stream->busy = false;
        call->stream->looks++;
    }
    return status != 200;
}

static void one_put(struct sim *sim, struct record *record, const struct node *result)
{
    if (str_present(json_text(result, "SequenceNumber")))
        model_acknowledged(sim, record, json_text(result, "ShardId"), json_text(result, "SequenceNumber"));
    else if (str_eq(json_text(result, "ErrorCode"), STR("ProvisionedThroughputExceededException")))
        record->fate = FATE_REFUSED;
}

static void put_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;
    const struct node *results = json_get(answer, "Records");

    (void)is_done(sim, call, status, answer);
    if (status == 200 && results) {
        const struct node *result = results->child;

        for (size_t i = 0; i < call->count; i++) {
            one_put(sim, call->records[i], result);
            result = result ? result->next : NULL;
        }
    } else if (status == 200) {
        one_put(sim, call->records[0], answer);
    } else if (status >= 400 && status < 500) {
        for (size_t i = 0; i < call->count; i++)
            call->records[i]->fate = FATE_REFUSED;
    }
    think(call->client);
}

static void control_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)is_done(sim, call, status, answer);
    think(call->client);
}

static void create_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)is_done(sim, call, status, answer);
    if (status == 200)
        call->stream->created = true;
    think(call->client);
}

static void delete_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)is_done(sim, call, status, answer);
    if (status == 200)
        call->stream->deleted = true;
    else if (status >= 400 && status < 500 && call->life_before < LIFE_DELETE_ASKED)
        call->stream->life = call->life_before;
    think(call->client);
}

static void retention_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    (void)is_done(sim, call, status, answer);
    if (status == 200)
        call->stream->retention = call->hours;
    else if (status == 0 || status >= 500)
        call->stream->retention_asked = call->hours;
    think(call->client);
}

static void tag_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;
    uint32_t bit = 1u << call->tag;

    (void)is_done(sim, call, status, answer);
    if (status == 200)
        call->stream->tags = call->add ? call->stream->tags | bit : call->stream->tags & ~bit;
    if (status == 0 || status >= 500)
        call->stream->tags_unsure |= bit;
    think(call->client);
}

static void summary_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    if (!is_done(sim, call, status, answer) && call->look == call->stream->looks++)
        model_saw_summary(sim, call->stream, answer);
    think(call->client);
}

static void shards_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    if (!is_done(sim, call, status, answer))
        model_learn_shards(sim, call->stream, answer);
    think(call->client);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

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

    if (is_done(sim, call, status, answer)) {
        if (!is_error(answer, "ProvisionedThroughputExceededException"))
            reader->shard = NULL;
        think(call->client);
        return;
    }
    note(sim, "client %u reads %s %s from number %zu", call->client->number, call->stream->name, reader->shard->id,
         reader->index);
    for (const struct node *record = records ? records->child : NULL; record && !sim->failed; record = record->next)
        model_saw_record(sim, reader->shard, &reader->index, record);
    if (str_present(next)) {
        keep_iterator(sim, reader, next);
        if (below(sim, 16) == 0)
            reader->shard = NULL;
    } else {
        model_saw_all(sim, reader->shard, reader->index);
        reader->shard = NULL;
    }
    think(call->client);
}

static void iterator_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;
    struct reader *reader = call->client->reader;

    if (is_done(sim, call, status, answer))
        reader->shard = NULL;
    else
        keep_iterator(sim, reader, json_text(answer, "ShardIterator"));
    think(call->client);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void ask(struct client *client, const char *name, struct stream_model *stream, bool control, const char *body,
                answered *done)
{
    struct call *call = client->call;

    call->client = client;
    call->name = name;
    call->stream = stream;
    call->control = control;
    call->created = stream->active;
    if (control) {
        stream->busy = true;
        stream->looks++;
    }
    call->look = stream->looks;
    client_call(client, name, str_of(body), done, call);
}

static void append_record(struct buf *body, const struct record *record)
{
    char *data = malloc(record->size);

    if (data == NULL)
        abort();
    record_data(record, data);
    buf_fmt(body, "\"PartitionKey\":\"k%u\",\"Data\":\"", record->key);
    base64_append(body, str_bytes(data, record->size));
    buf_append(body, STR("\""));
    free(data);
}

static struct record *new_record(struct client *client, struct stream_model *stream)
{
    struct sim *sim = client->sim;
    uint32_t size = (uint32_t)below(sim, below(sim, 20) ? 300 : 20000);

    return model_new_record(sim, stream, (uint32_t)below(sim, KEYS), size);
}

static void put(struct client *client, struct stream_model *stream, size_t count)
{
    struct call *call = client->call;
    struct buf body;

    buf_init(&body, BODY_BYTES_MAX);
    buf_fmt(&body, "{\"StreamName\":\"%s\",", stream->name);
    call->count = count ? count : 1;
    if (count)
        buf_append(&body, STR("\"Records\":["));
    for (size_t i = 0; i < call->count; i++) {
        call->records[i] = new_record(client, stream);
        if (call->records[i] == NULL)
            abort();
        buf_append(&body, count == 0 ? STR("") : i ? STR(",{") : STR("{"));
        append_record(&body, call->records[i]);
        buf_append(&body, count == 0 ? STR("") : STR("}"));
    }
    buf_append(&body, count ? STR("]}") : STR("}"));
    buf_byte(&body, 0);
    note(client->sim, "client %u puts %zu from record %llu into %s", client->number, call->count,
         (unsigned long long)call->records[0]->id, stream->name);
    ask(client, count ? "PutRecords" : "PutRecord", stream, false, body.at, put_answered);
    buf_deinit(&body);
}

static void ask_iterator(struct client *client, struct stream_model *stream)
{
    struct sim *sim = client->sim;
    struct reader *reader = client->reader;
    struct shard_model *shard = stream->shards[below(sim, stream->shard_count)];
    bool inside = shard->known_count > 0 && below(sim, 2), after = below(sim, 2);
    char body[512];

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
    ask(client, "GetShardIterator", stream, false, body, iterator_answered);
}

static void read_on(struct client *client, struct stream_model *stream)
{
    char body[ITERATOR_BYTES + 64];

    if (client->reader->shard == NULL && stream->shard_count == 0) {
        (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
        ask(client, "ListShards", stream, false, body, shards_answered);
    } else if (client->reader->shard == NULL) {
        ask_iterator(client, stream);
    } else {
        (void)snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\",\"Limit\":%u}", client->reader->iterator,
                       1 + (unsigned)below(client->sim, 100));
        ask(client, "GetRecords", client->reader->shard->stream, false, body, records_answered);
    }
}

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
    ask(client, "SplitShard", stream, true, body, control_answered);
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
        ask(client, "MergeShards", stream, true, body, control_answered);
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
        ask(client, "UpdateShardCount", stream, true, body, control_answered);
    } else {
        think(client);
    }
}

static void retention(struct client *client, struct stream_model *stream)
{
    uint64_t hours = 24 * (1 + below(client->sim, 4));
    char body[128];

    if (hours == stream->retention || stream->retention_asked) {
        think(client);
        return;
    }
    client->call->hours = hours;
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"RetentionPeriodHours\":%llu}", stream->name,
                   (unsigned long long)hours);
    ask(client, hours > stream->retention ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod", stream,
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
    ask(client, call->add ? "AddTagsToStream" : "RemoveTagsFromStream", stream, true, body, tag_answered);
}

static void create(struct client *client)
{
    struct stream_model *stream = model_new_stream(client->sim);
    char body[128];

    if (stream == NULL) {
        think(client);
        return;
    }
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardCount\":%u}", stream->name,
                   1 + (unsigned)below(client->sim, 4));
    ask(client, "CreateStream", stream, true, body, create_answered);
}

static void remove_stream(struct client *client, struct stream_model *stream)
{
    char body[128];

    client->call->life_before = stream->life;
    stream->life = LIFE_DELETE_ASKED;
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
    ask(client, "DeleteStream", stream, true, body, delete_answered);
}

/* ---- picking ----------------------------------------------------------------------------------------------------- */

static void change(struct client *client, struct stream_model *stream)
{
    uint64_t pick = below(client->sim, 20);

    if (pick < 10)
        reshard(client, stream);
    else if (pick < 14)
        retention(client, stream);
    else if (pick < 19)
        tag(client, stream);
    else
        remove_stream(client, stream);
}

static void describe(struct client *client, struct stream_model *stream)
{
    char body[64];

    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
    if (below(client->sim, 2))
        ask(client, "DescribeStreamSummary", stream, false, body, summary_answered);
    else
        ask(client, "ListShards", stream, false, body, shards_answered);
}

/* One of those that may be there; NULL if there is none. */
static struct stream_model *some_stream(struct sim *sim)
{
    struct model *model = &sim->model;
    size_t from = model->stream_count ? (size_t)below(sim, model->stream_count) : 0;

    for (size_t i = 0; i < model->stream_count; i++) {
        struct stream_model *stream = &model->streams[(from + i) % model->stream_count];

        if (stream->life < LIFE_DELETED)
            return stream;
    }
    return NULL;
}

static void next(struct os_timer *timer)
{
    struct client *client = container_of(timer, struct client, think);
    struct sim *sim = client->sim;
    struct stream_model *stream = some_stream(sim);
    uint64_t pick = below(sim, 100);

    if (!sim->working || sim->failed)
        return;
    if (stream == NULL || pick == 0)
        create(client);
    else if (pick < 30)
        put(client, stream, 0);
    else if (pick < 50)
        put(client, stream, 1 + (size_t)below(sim, BATCH_MAX));
    else if (pick < 85)
        read_on(client, stream);
    else if (pick < 92 || stream->busy)
        describe(client, stream);
    else
        change(client, stream);
}

static void think(struct client *client)
{
    struct sim *sim = client->sim;

    if (!sim->working || sim->failed)
        return;
    client->think.fire = next;
    os_timer_start(sim->loop, &client->think, (int64_t)below(sim, below(sim, 4) ? 3000 : 60000));
}

void work_start(struct sim *sim)
{
    sim->working = true;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        sim->clients[i].reader->shard = NULL;
        think(&sim->clients[i]);
    }
    follow_start(sim);
}

void work_init(struct sim *sim)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        client_init(&sim->clients[i], sim, i);
        sim->clients[i].reader = calloc(1, sizeof(struct reader));
        sim->clients[i].call = calloc(1, sizeof(struct call));
        if (sim->clients[i].reader == NULL || sim->clients[i].call == NULL)
            abort();
    }
}

void work_deinit(struct sim *sim)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        client_deinit(&sim->clients[i]);
        free(sim->clients[i].reader);
        free(sim->clients[i].call);
    }
}
