/* names.c: from names and ARNs to what exists, with the service's texts for what does not. */
#include <stdio.h>
#include <stdlib.h>

#include "api/room.h"
#include "stream/seqno.h"

enum { DAY_MS = 86400000 };

str rq_fmt(struct rq *rq, const char *format, ...)
{
    va_list args;
    str text;

    va_start(args, format);
    text = arena_vfmt(&rq->arena, format, args);
    va_end(args);
    return text;
}

/* The parts one behind the other; absent without memory. */
str rq_join(struct rq *rq, const str *parts, size_t count)
{
    size_t size = 0;
    char *text, *to;

    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    text = to = arena_alloc(&rq->arena, size + 1);
    for (size_t i = 0; text && i < count; i++) {
        if (parts[i].size)
            memcpy(to, parts[i].at, parts[i].size);
        to += parts[i].size;
    }
    return text ? str_bytes(text, size) : (str){ 0 };
}

str rq_stream_arn(struct rq *rq, str region, str account, str name)
{
    const str parts[] = { STR("arn:aws:kinesis:"), region, STR(":"), account, STR(":stream/"), name };

    return rq_join(rq, parts, sizeof(parts) / sizeof(parts[0]));
}

str rq_shard_id(struct rq *rq, uint32_t index)
{
    char text[SHARD_ID_MAX];

    return arena_str(&rq->arena, shard_id_format(index, text));
}

str stream_arn(struct rq *rq, const struct stream *stream)
{
    const struct catalog_stream_record *record = stream->record;

    return rq_stream_arn(rq, record->region, record->account, record->name);
}

str consumer_arn(struct rq *rq, const struct consumer *consumer)
{
    str stream = stream_arn(rq, consumer->stream);

    return rq_fmt(rq, "%.*s/consumer/%.*s:%lld", STR_ARG(stream), STR_ARG(consumer->record->name),
                  (long long)(consumer->record->created_at.value / 1000));
}

enum err arn_parse(str text, struct arn *ret_arn)
{
    struct arn arn = { 0 };
    str rest = text, created;
    uint64_t second;

    if (!str_eq(str_cut(&rest, ':'), STR("arn")) || !str_starts(str_cut(&rest, ':'), STR("aws")) ||
        !str_eq(str_cut(&rest, ':'), STR("kinesis")))
        return ERR_MALFORMED;
    arn.region = str_cut(&rest, ':');
    arn.account = str_cut(&rest, ':');
    if (arn.account.size != ACCOUNT_DIGITS || !str_starts(rest, STR("stream/")))
        return ERR_MALFORMED;
    rest = str_slice(rest, STR("stream/").size, rest.size);
    arn.stream = str_cut(&rest, '/');
    if (str_present(rest)) {
        if (!str_eq(str_cut(&rest, '/'), STR("consumer")) || !str_present(rest))
            return ERR_MALFORMED;
        created = rest;
        arn.consumer = str_cut(&created, ':');
        if (str_u64(created, &second) != OK || second > INT32_MAX * 100ull)
            return ERR_MALFORMED;
        arn.consumer_created_s = (int64_t)second;
    }
    if (arn.stream.size == 0)
        return ERR_MALFORMED;
    *ret_arn = arn;
    return OK;
}

/* A resource of another account, or region, than the call's: served where an ARN names it. */
static enum err no_stream(struct rq *rq, str name, str account)
{
    return fail(rq, ERR_NOT_FOUND, "Stream %.*s under account %.*s not found.", STR_ARG(name), STR_ARG(account));
}

enum err find_stream(struct rq *rq, str name, str arn, struct stream **ret_stream)
{
    struct arn parts = { .account = rq->account, .region = rq->region, .stream = name };
    struct stream *stream;

    if (!str_present(name) && !str_present(arn))
        return fail(rq, ERR_INVALID_ARGUMENT, "Either StreamName or StreamARN must be provided.");
    if (str_present(arn)) {
        if (arn_parse(arn, &parts) != OK || str_present(parts.consumer))
            return fail(rq, ERR_INVALID_ARGUMENT, "StreamARN %.*s is not the ARN of a stream.", STR_ARG(arn));
        if (str_present(name) && !str_eq(name, parts.stream))
            return fail(rq, ERR_INVALID_ARGUMENT, "StreamName %.*s and StreamARN %.*s name different streams.",
                        STR_ARG(name), STR_ARG(arn));
    }
    stream = catalog_stream(rq->api->config.catalog, parts.account, parts.region, parts.stream);
    if (stream == NULL)
        return no_stream(rq, parts.stream, parts.account);
    *ret_stream = stream;
    return OK;
}

enum err expect_active(struct rq *rq, const struct stream *stream)
{
    static const char *const names[] = { "", "CREATING", "ACTIVE", "UPDATING", "DELETING" };
    int64_t status = stream->record->status.value;

    if (status == STREAM_ACTIVE)
        return OK;
    return fail(rq, ERR_IN_USE, "Stream %.*s under account %.*s not ACTIVE, instead in state %s",
                STR_ARG(stream->record->name), STR_ARG(stream->record->account), names[status]);
}

enum err find_shard(struct rq *rq, struct stream *stream, str shard_id, struct shard **ret_shard)
{
    uint32_t index;

    if (shard_id_parse(shard_id, &index) == OK)
        *ret_shard = stream_shard(stream, index);
    if (shard_id_parse(shard_id, &index) != OK || *ret_shard == NULL)
        return fail(rq, ERR_NOT_FOUND, "Could not find shard %.*s in stream %.*s under account %.*s.",
                    STR_ARG(shard_id), STR_ARG(stream->record->name), STR_ARG(stream->record->account));
    return OK;
}

static enum err no_consumer(struct rq *rq, str name, str account)
{
    return fail(rq, ERR_NOT_FOUND, "Consumer %.*s, account %.*s not found.", STR_ARG(name), STR_ARG(account));
}

enum err find_consumer(struct rq *rq, str consumer_arn_text, str stream_arn_text, str name,
                       struct consumer **ret_consumer)
{
    struct arn arn;
    struct stream *stream;
    struct consumer *consumer;
    bool by_arn = str_present(consumer_arn_text);

    if (by_arn ? str_present(stream_arn_text) != str_present(name)
               : !str_present(stream_arn_text) || !str_present(name))
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Either ConsumerARN, or both StreamARN and ConsumerName, must be provided.");
    if (arn_parse(by_arn ? consumer_arn_text : stream_arn_text, &arn) != OK || by_arn != str_present(arn.consumer))
        return fail(rq, ERR_INVALID_ARGUMENT, "%.*s is not the ARN of a %s.",
                    STR_ARG(by_arn ? consumer_arn_text : stream_arn_text), by_arn ? "consumer" : "stream");
    if (by_arn && str_present(name) && !str_eq(name, arn.consumer))
        return fail(rq, ERR_INVALID_ARGUMENT, "ConsumerARN and ConsumerName name different consumers.");
    if (!by_arn)
        arn.consumer = name;
    stream = catalog_stream(rq->api->config.catalog, arn.account, arn.region, arn.stream);
    if (stream == NULL)
        return by_arn ? no_consumer(rq, arn.consumer, arn.account) : no_stream(rq, arn.stream, arn.account);
    consumer = stream_consumer(stream, arn.consumer);
    if (consumer == NULL || (by_arn && consumer->record->created_at.value / 1000 != arn.consumer_created_s))
        return no_consumer(rq, arn.consumer, arn.account);
    *ret_consumer = consumer;
    return OK;
}

/* Channels and queues have ARNs, but there are none here. */
static bool is_channel_or_queue(str arn)
{
    enum { PARTS_BEFORE = 5 };

    for (int i = 0; i < PARTS_BEFORE; i++)
        (void)str_cut(&arn, ':');
    return str_starts(arn, STR("channel/")) || str_starts(arn, STR("queue/"));
}

enum err find_resource(struct rq *rq, str text, struct stream **ret_stream, struct consumer **ret_consumer)
{
    struct arn arn;

    *ret_consumer = NULL;
    if (is_channel_or_queue(text))
        return fail(rq, ERR_NOT_FOUND, "Resource %.*s not found.", STR_ARG(text));
    if (arn_parse(text, &arn) != OK)
        return fail(rq, ERR_INVALID_ARGUMENT, "ResourceARN %.*s is not the ARN of a stream or a consumer.",
                    STR_ARG(text));
    if (!str_present(arn.consumer))
        return find_stream(rq, (str){ 0 }, text, ret_stream);
    TRY(find_consumer(rq, text, (str){ 0 }, (str){ 0 }, ret_consumer));
    *ret_stream = (*ret_consumer)->stream;
    return OK;
}

struct catalog_times times_add(struct rq *rq, const struct catalog_times *times)
{
    struct opt_ms *at = ARENA_ARRAY(&rq->arena, times->count + 1, struct opt_ms);
    struct catalog_times fresh = { .at = at, .present = true };

    if (at == NULL)
        return fresh;
    for (size_t i = 0; i < times->count; i++)
        if (times->at[i].value > rq->now - DAY_MS)
            at[fresh.count++] = times->at[i];
    at[fresh.count++] = ms_of(rq->now);
    return fresh;
}

size_t times_within_day(const struct rq *rq, const struct catalog_times *times)
{
    size_t count = 0;

    for (size_t i = 0; i < times->count; i++)
        count += times->at[i].value > rq->now - DAY_MS;
    return count;
}
