/* work.c: what clients do: each picks by the seed, asks, learns from the answer, thinks a while and picks again. What
 * they put is in write.c, what they read in read.c, what they change in change.c. */
#include "work.h"

#include <stdio.h>
#include <stdlib.h>

bool is_error(const struct node *answer, const char *name)
{
    str type = json_text(answer, "__type");

    return str_ends(type, str_of(name));
}

/* Common to all: what a refusal may be, and whether nothing more is to be learnt. */
bool work_is_done(struct sim *sim, struct call *call, int status, const struct node *answer)
{
    str type = json_text(answer, "__type");

    model_tick(sim);
    if (status == 0)
        note(sim, "client %u %s %s: nobody knows", call->client->number, call->name, call->stream->name);
    else if (status == 200)
        note(sim, "client %u %s %s: done", call->client->number, call->name, call->stream->name);
    else
        note(sim, "client %u %s %s: %d %.*s", call->client->number, call->name, call->stream->name, status,
             STR_ARG(str_present(type) ? type : STR("")));
    if (status >= 500 && !sim->trouble)
        refute(sim, "%s was answered with %d, and nothing was wrong", call->name, status);
    if (is_error(answer, "ResourceNotFoundException") && call->created && call->stream->life < LIFE_DELETE_ASKED &&
        !(strcmp(call->name, "DeleteResourcePolicy") == 0 || (sim->days && strstr(call->name, "Shard")) ||
          (sim->days && strcmp(call->name, "GetRecords") == 0))) /* the policy; a shard that has expired */
        refute(sim, "%s: %s is not found, and nobody has deleted it", call->name, call->stream->name);
    if (str_present(type) && memmem(type.at, type.size, "KMS", 3))
        refute(sim, "%s: %s: %.*s, and nobody has touched a key", call->name, call->stream->name, STR_ARG(type));
    if ((is_error(answer, "InvalidSignatureException") && call->steps == sim->steps) || is_error(answer, "SerializationException") ||
        is_error(answer, "UnrecognizedClientException") || is_error(answer, "IncompleteSignatureException"))
        refute(sim, "%s: a good request is refused: %.*s", call->name, STR_ARG(type));
    if (call->control) {
        call->stream->busy = false;
        call->stream->looks++;
    }
    return status != 200;
}

void work_saw_shards(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    if (!work_is_done(sim, call, status, answer))
        model_learn_shards(sim, call->stream, answer);
    work_think(call->client);
}

static void summary_answered(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct call *call = ctx;

    if (!work_is_done(sim, call, status, answer) && call->look == call->stream->looks++)
        model_saw_summary(sim, call->stream, answer);
    work_think(call->client);
}

/* ---- asking ----------------------------------------------------------------------------------------------------------- */

void work_ask(struct client *client, const char *name, struct stream_model *stream, bool control, const char *body,
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
    call->steps = client->sim->steps;
    call->horizon = model_horizon(client->sim, stream);
    call->asked_us = os_mono_us(client->sim->os);
    model_tick(client->sim);
    client_call(client, name, str_of(body), done, call);
}

/* ---- picking ---------------------------------------------------------------------------------------------------------- */

static void describe(struct client *client, struct stream_model *stream)
{
    char body[64];

    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
    if (below(client->sim, 2))
        work_ask(client, "DescribeStreamSummary", stream, false, body, summary_answered);
    else
        work_ask(client, "ListShards", stream, false, body, work_saw_shards);
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
        work_create(client);
    else if (pick < 30)
        work_put(client, stream, 0);
    else if (pick < 50)
        work_put(client, stream, 1 + (size_t)below(sim, BATCH_MAX));
    else if (pick < 85)
        work_read(client, stream);
    else if (pick < 92 || stream->busy)
        describe(client, stream);
    else
        work_change(client, stream);
}

void work_think(struct client *client)
{
    struct sim *sim = client->sim;

    if (!sim->working || sim->failed)
        return;
    client->think.fire = next;
    os_timer_start(sim->loop, &client->think, sim->pace * (int64_t)below(sim, below(sim, 4) ? 3000 : 60000));
}

void work_start(struct sim *sim)
{
    sim->working = true;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        sim->clients[i].reader->shard = NULL;
        work_think(&sim->clients[i]);
    }
    follow_start(sim);
    access_start(sim);
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
