/* rate.c: calls per second of the control operations, by account or by stream, as the model's rows say.
 *
 * Buckets are made when first used and forgotten, oldest first, when there are too many; a forgotten bucket comes
 * back full. Rates by shard are part of a shard's throughput and are looked at by the operations themselves. */
#include <stdlib.h>

#include "api/room.h"
#include "base/map.h"

enum { BUCKETS_MAX = 20000, KEY_MAX = 512 };

struct rate_bucket {
    struct map_node node;
    struct list age;
    struct bucket bucket;
    char key[];
};

struct rate {
    struct map buckets;
    struct list oldest;
};

enum err rate_create(uint64_t seed, struct rate **ret_rate)
{
    struct rate *rate = calloc(1, sizeof(*rate));

    if (rate == NULL)
        return ERR_NO_MEMORY;
    map_init(&rate->buckets, seed);
    list_init(&rate->oldest);
    *ret_rate = rate;
    return OK;
}

static void bucket_forget(struct rate *rate, struct rate_bucket *bucket)
{
    map_remove(&rate->buckets, &bucket->node);
    list_remove(&bucket->age);
    free(bucket);
}

void rate_destroy(struct rate *rate)
{
    while (!list_empty(&rate->oldest))
        bucket_forget(rate, container_of(rate->oldest.next, struct rate_bucket, age));
    map_deinit(&rate->buckets);
    free(rate);
}

static struct rate_bucket *bucket_of(struct rate *rate, str key)
{
    struct map_node *node = map_find(&rate->buckets, key);
    struct rate_bucket *bucket;

    if (node) {
        bucket = container_of(node, struct rate_bucket, node);
        list_remove(&bucket->age);
        list_push(&rate->oldest, &bucket->age);
        return bucket;
    }
    if (rate->buckets.count >= BUCKETS_MAX)
        bucket_forget(rate, container_of(rate->oldest.next, struct rate_bucket, age));
    bucket = calloc(1, sizeof(*bucket) + key.size);
    if (bucket == NULL)
        return NULL;
    memcpy(bucket->key, key.at, key.size);
    list_init(&bucket->age);
    if (map_add(&rate->buckets, &bucket->node, str_bytes(bucket->key, key.size)) != OK) {
        free(bucket);
        return NULL;
    }
    list_push(&rate->oldest, &bucket->age);
    return bucket;
}

/* The stream that the call names, for a rate by stream; empty if it names none (a page token, say). */
static str named_stream(struct rq *rq)
{
    for (size_t i = 0; i < rq->operation->resource_count; i++) {
        const struct operation_resource *resource = &rq->operation->resources[i];
        const struct shape_member *member;
        struct arn arn;
        str text;

        if (resource->kind != RESOURCE_NAME && resource->kind != RESOURCE_ARN)
            continue;
        member = &rq->operation->input->members[resource->member];
        text = *(const str *)(const void *)((const char *)rq->in + member->offset);
        if (!str_present(text))
            continue;
        if (resource->kind == RESOURCE_NAME)
            return text;
        if (arn_parse(text, &arn) == OK)
            return arn.stream;
    }
    return STR("");
}

bool rq_rate(struct rq *rq, str key, uint32_t per_second)
{
    struct rate_bucket *bucket;

    if (!rq->api->config.quotas.call_rates)
        return true;
    bucket = str_present(key) && key.size <= KEY_MAX ? bucket_of(rq->api->rate, key) : NULL;
    if (bucket && bucket_take(&bucket->bucket, per_second, per_second, 1, rq->started_us))
        return true;
    rq->api->config.count->rate_refused++;
    return false;
}

enum err rate_check(struct rq *rq)
{
    const struct operation_rate *rate = &rq->operation->rate;
    bool by_stream = rate->scope == RATE_STREAM;
    str stream = STR(""), key;

    if (rate->scope != RATE_ACCOUNT && !by_stream)
        return OK;
    if (by_stream)
        stream = named_stream(rq);
    key = rq_fmt(rq, "%u/%.*s/%.*s/%.*s", rq->operation->index, STR_ARG(rq->account), STR_ARG(rq->region),
                 STR_ARG(stream));
    if (rq_rate(rq, key, rate->per_second))
        return OK;
    if (by_stream)
        return fail(rq, rate->err, "Rate exceeded for stream %.*s under account %.*s.", STR_ARG(stream),
                    STR_ARG(rq->account));
    return fail(rq, rate->err, "Rate exceeded");
}
