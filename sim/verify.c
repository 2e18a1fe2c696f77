/* verify.c: read everything back, one call after the other, while nothing else runs and nothing is wrong. */
#include <stdio.h>

#include "sim.h"

enum { CALL_US = 60 * 1000 * 1000, TRIES_MAX = 200, PAUSE_US = 260 * 1000, ITERATOR_BYTES = 1024 };

struct waited {
    bool done;
    int status;
    const struct node *answer;
};

static void come(struct sim *sim, void *ctx, int status, const struct node *answer)
{
    struct waited *waited = ctx;

    (void)sim;
    *waited = (struct waited){ true, status, answer };
}

static bool is_here(void *ctx)
{
    return ((struct waited *)ctx)->done;
}

static bool is_throttled(const struct node *answer)
{
    return is_error(answer, "LimitExceededException") || is_error(answer, "ProvisionedThroughputExceededException");
}

const struct node *verify_get(struct sim *sim, const char *operation, const char *body, int *ret_status)
{
    struct waited waited = { 0 };

    *ret_status = 0;
    for (int i = 0; i < TRIES_MAX && !sim->failed; i++) {
        waited = (struct waited){ 0 };
        client_call(&sim->clients[0], operation, str_of(body), come, &waited);
        (void)sim_run_until(sim->os, CALL_US, is_here, &waited);
        if (sim->failed || (!waited.done && sim->stopped))
            return NULL;
        if (!waited.done) {
            refute(sim, "%s is not answered", operation);
            return NULL;
        }
        if (waited.status != 0 && !is_throttled(waited.answer))
            break;
        (void)sim_run_until(sim->os, PAUSE_US, NULL, NULL);
    }
    *ret_status = waited.status;
    return waited.answer;
}

static const struct node *get(struct sim *sim, const char *operation, const char *body, int *ret_status)
{
    const struct node *answer = verify_get(sim, operation, body, ret_status);

    if (!sim->failed && *ret_status != 200 && !is_error(answer, "ResourceNotFoundException"))
        refute(sim, "%s: %d %.*s", operation, *ret_status, STR_ARG(json_text(answer, "__type")));
    return answer;
}

static bool copy_text(struct sim *sim, char *to, size_t size, str text)
{
    if (text.size >= size) {
        refute(sim, "an iterator of %zu bytes", text.size);
        return false;
    }
    if (text.size)
        memcpy(to, text.at, text.size);
    to[text.size] = 0;
    return text.size > 0;
}

static void read_shard(struct sim *sim, struct shard_model *shard)
{
    char body[ITERATOR_BYTES + 64], iterator[ITERATOR_BYTES];
    const struct node *answer;
    size_t index = 0;
    bool more;
    int status;

    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}",
                   shard->stream->name, shard->id);
    answer = get(sim, "GetShardIterator", body, &status);
    more = copy_text(sim, iterator, sizeof(iterator), json_text(answer, "ShardIterator"));
    if (!more)
        refute(sim, "%s %s cannot be read: %d", shard->stream->name, shard->id, status);
    while (more && !sim->failed) {
        const struct node *records;
        bool any = false;

        (void)snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", iterator);
        sim->horizon = model_horizon(sim, shard->stream);
        answer = get(sim, "GetRecords", body, &status);
        model_tick(sim);
        if (status != 200)
            refute(sim, "%s %s cannot be read on: %d", shard->stream->name, shard->id, status);
        records = json_get(answer, "Records");
        for (const struct node *node = records ? records->child : NULL; node && !sim->failed; node = node->next) {
            model_saw_record(sim, shard, &index, node);
            any = true;
        }
        more = copy_text(sim, iterator, sizeof(iterator), json_text(answer, "NextShardIterator"));
        if (!any && str_eq(json_text(answer, "MillisBehindLatest"), STR("0")))
            more = false;
    }
    if (!sim->failed)
        model_saw_all(sim, shard, index);
}

/* Until the stream rests; false if it is gone. */
static bool settle(struct sim *sim, struct stream_model *stream)
{
    char body[64];

    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
    for (int i = 0; i < TRIES_MAX && !sim->failed; i++) {
        int status;
        const struct node *answer = get(sim, "DescribeStreamSummary", body, &status);
        str state = json_text(json_get(answer, "StreamDescriptionSummary"), "StreamStatus");

        if (sim->failed)
            return false;
        model_saw_summary(sim, stream, status == 200 ? answer : NULL);
        if (status != 200)
            return false;
        if (str_eq(state, STR("ACTIVE"))) {
            if (stream->deleted)
                refute(sim, "%s is ACTIVE, and its deletion was acknowledged", stream->name);
            return !sim->failed;
        }
        (void)sim_run_until(sim->os, PAUSE_US, NULL, NULL);
    }
    refute(sim, "%s does not come to rest", stream->name);
    return false;
}

static void verify_policy(struct sim *sim, struct stream_model *stream)
{
    char body[160];
    int status, number = 0;
    const struct node *answer;
    str policy;

    (void)snprintf(body, sizeof(body), "{\"ResourceARN\":\"" STREAM_ARN "%s\"}", stream->name);
    answer = get(sim, "GetResourcePolicy", body, &status);
    policy = json_text(answer, "Policy");
    for (int i = 1; i < 3 && str_present(policy); i++) {
        char sid[16];

        (void)snprintf(sid, sizeof(sid), "\"p%d\"", i);
        if (memmem(policy.at, policy.size, sid, strlen(sid)))
            number = i;
    }
    if (!sim->failed)
        model_saw_fact(sim, stream, FACT_POLICY, number);
}

static void verify_stream(struct sim *sim, struct stream_model *stream)
{
    char body[96];
    const struct node *answer;
    int status;

    if (stream->replaced || !settle(sim, stream))
        return;
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"MaxResults\":1000}", stream->name);
    answer = get(sim, "ListShards", body, &status);
    model_tick(sim);
    if (!sim->failed)
        model_saw_shards(sim, stream, answer);
    for (size_t i = 0; i < stream->shard_count && !sim->failed; i++)
        if (!stream->shards[i]->hidden)
            read_shard(sim, stream->shards[i]);
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream->name);
    if (!sim->failed)
        answer = get(sim, "ListTagsForStream", body, &status);
    if (!sim->failed)
        model_saw_tags(sim, stream, answer);
    if (!sim->failed)
        verify_policy(sim, stream);
}

void verify(struct sim *sim)
{
    for (size_t i = 0; i < sim->model.stream_count && !sim->failed; i++)
        verify_stream(sim, &sim->model.streams[i]);
    note(sim, "everything was read back: %llu records acknowledged so far",
         (unsigned long long)sim->model.acknowledged);
}
