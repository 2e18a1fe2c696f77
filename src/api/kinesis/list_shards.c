#include "api/kinesis/describe.h"
#include "api/kinesis/expect.h"
#include "api/kinesis/next_token.h"
#include "stream/seqno.h"

/* ListShards: pages of shards, all of them or those that were open at some time.
 *
 * A shard is open from the moment its parents end to the moment it ends itself; so the shards that were open at any
 * one moment cover the hash space without gap or overlap, and a reader that starts with them misses nothing. First
 * shards, and those whose parents have expired, count as having always been there. A token carries what was asked for
 * with its moment resolved: the pages of one listing belong together. It begins with the ARN, for authorization. */

enum { PAGE_SHARDS_MAX = 1000 };

enum which { ALL, OPEN, OPEN_AT, ENDED_FROM };

struct listing {
    uint64_t stream_id;
    uint64_t from; /* the first index wanted */
    enum which which;
    ms moment;
    str arn; /* of the stream, which may be gone */
};

/* ---- tokens: "arn id from which moment" -------------------------------------------------------------------------- */

static str listing_text(struct rq *rq, const struct listing *listing)
{
    return rq_fmt(rq, "%.*s %llu %llu %d %lld", STR_ARG(listing->arn), (unsigned long long)listing->stream_id,
                  (unsigned long long)listing->from, (int)listing->which, (long long)listing->moment);
}

static enum err listing_parse(str text, struct listing *ret_listing)
{
    uint64_t which, moment;

    ret_listing->arn = str_cut(&text, ' ');
    TRY(str_u64(str_cut(&text, ' '), &ret_listing->stream_id));
    TRY(str_u64(str_cut(&text, ' '), &ret_listing->from));
    TRY(str_u64(str_cut(&text, ' '), &which));
    TRY(str_u64(text, &moment));
    ret_listing->which = (enum which)which;
    ret_listing->moment = (ms)moment;
    return OK;
}

static enum err resume(struct rq *rq, const struct list_shards_input *in, struct listing *listing,
                       struct stream **ret_stream)
{
    struct arn arn;
    str state;

    if (str_present(in->stream_name))
        return next_token_alone(rq, "StreamName");
    if (str_present(in->stream_arn))
        return next_token_alone(rq, "StreamARN");
    if (str_present(in->exclusive_start_shard_id))
        return next_token_alone(rq, "ExclusiveStartShardId");
    if (in->stream_creation_timestamp.present)
        return next_token_alone(rq, "StreamCreationTimestamp");
    if (in->shard_filter)
        return next_token_alone(rq, "ShardFilter");
    TRY(next_token_open(rq, in->next_token, &state));
    TRY(listing_parse(state, listing));
    TRY(arn_parse(listing->arn, &arn));
    *ret_stream = catalog_stream_by_id(api_config(rq->api)->catalog, listing->stream_id);
    if (*ret_stream == NULL)
        return fail(rq, ERR_NOT_FOUND, "Stream %.*s under account %.*s not found.", STR_ARG(arn.stream),
                    STR_ARG(arn.account));
    return OK;
}

/* ---- a first page ------------------------------------------------------------------------------------------------ */

static enum err start_behind(struct rq *rq, const struct stream *stream, str shard_id, struct listing *listing)
{
    uint32_t index;

    if (shard_id_parse(shard_id, &index) != OK)
        return fail(rq, ERR_NOT_FOUND, "Could not find shard %.*s in stream %.*s under account %.*s.",
                    STR_ARG(shard_id), STR_ARG(stream->record->name), STR_ARG(stream->record->account));
    if (listing->from < (uint64_t)index + 1)
        listing->from = (uint64_t)index + 1;
    return OK;
}

/* Exactly the extras that belong to the type. */
static enum err check_extras(struct rq *rq, const struct kinesis_shard_filter *filter)
{
    int type = filter->type.is;
    bool by_time = type == SHARD_FILTER_TYPE_AT_TIMESTAMP || type == SHARD_FILTER_TYPE_FROM_TIMESTAMP;
    bool by_shard = type == SHARD_FILTER_TYPE_AFTER_SHARD_ID;

    if (by_shard != str_present(filter->shard_id))
        return fail(rq, ERR_INVALID_ARGUMENT, "ShardFilter.ShardId %s",
                    by_shard ? "must be provided with type AFTER_SHARD_ID."
                             : "can only be provided with type AFTER_SHARD_ID.");
    if (by_time != filter->timestamp.present)
        return fail(rq, ERR_INVALID_ARGUMENT, "ShardFilter.Timestamp %s",
                    by_time ? "must be provided with types AT_TIMESTAMP and FROM_TIMESTAMP."
                            : "can only be provided with types AT_TIMESTAMP and FROM_TIMESTAMP.");
    return OK;
}

static enum err filter_resolve(struct rq *rq, const struct stream *stream, const struct kinesis_shard_filter *filter,
                               struct listing *listing)
{
    ms horizon = stream_horizon(stream, rq->now);

    TRY(check_extras(rq, filter));
    listing->moment = filter->timestamp.value > horizon ? filter->timestamp.value : horizon;
    switch ((enum kinesis_shard_filter_type)filter->type.is) {
    case SHARD_FILTER_TYPE_AFTER_SHARD_ID:
        return start_behind(rq, stream, filter->shard_id, listing);
    case SHARD_FILTER_TYPE_FROM_TRIM_HORIZON:
        break;
    case SHARD_FILTER_TYPE_AT_LATEST:
        listing->which = OPEN;
        break;
    case SHARD_FILTER_TYPE_AT_TRIM_HORIZON:
    case SHARD_FILTER_TYPE_AT_TIMESTAMP:
        listing->which = OPEN_AT;
        break;
    case SHARD_FILTER_TYPE_FROM_TIMESTAMP:
        listing->which = ENDED_FROM;
        break;
    }
    return OK;
}

static enum err begin(struct rq *rq, const struct list_shards_input *in, struct listing *listing,
                      struct stream **ret_stream)
{
    struct stream *stream;

    if (!str_present(in->stream_name) && !str_present(in->stream_arn))
        return fail(rq, ERR_INVALID_ARGUMENT, "Either NextToken or StreamName should be provided.");
    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    TRY(expect_incarnation(rq, stream, in->stream_creation_timestamp));
    if (stream->record->status.value == STREAM_CREATING)
        TRY(expect_active(rq, stream));
    *listing = (struct listing){ .stream_id = stream->id, .arn = stream_arn(rq, stream) };
    if (str_present(in->exclusive_start_shard_id))
        TRY(start_behind(rq, stream, in->exclusive_start_shard_id, listing));
    if (in->shard_filter)
        TRY(filter_resolve(rq, stream, in->shard_filter, listing));
    *ret_stream = stream;
    return OK;
}

/* ---- which shards ------------------------------------------------------------------------------------------------ */

static ms born(const struct shard *shard)
{
    const struct shard *parent =
        shard->parent == SHARD_NONE ? NULL : stream_shard(shard->stream, (uint32_t)shard->parent);

    return parent ? parent->closed_at : 0;
}

static bool wanted(const struct listing *listing, const struct shard *shard, ms now)
{
    bool open = shard->closed_at == 0;

    if (!shard_listed(shard, now))
        return false;
    switch (listing->which) {
    case ALL:
        break;
    case OPEN:
        return open;
    case OPEN_AT:
        return born(shard) <= listing->moment && (open || shard->closed_at > listing->moment);
    case ENDED_FROM:
        return open || shard->closed_at >= listing->moment;
    }
    return true;
}

enum err list_shards(struct rq *rq, const struct list_shards_input *in, struct list_shards_output *out)
{
    bool bounded = in->max_results.present && in->max_results.value < PAGE_SHARDS_MAX;
    size_t max = bounded ? (size_t)in->max_results.value : PAGE_SHARDS_MAX, count = 0, at;
    const struct shard **shards = ARENA_ARRAY(&rq->arena, max, const struct shard *);
    struct listing listing;
    struct stream *stream = NULL;

    TRY(str_present(in->next_token) ? resume(rq, in, &listing, &stream) : begin(rq, in, &listing, &stream));
    if (shards == NULL)
        return ERR_NO_MEMORY;
    at = listing.from > UINT32_MAX ? stream->shard_count : stream_shard_from(stream, (uint32_t)listing.from);
    for (; at < stream->shard_count; at++) {
        if (!wanted(&listing, stream->shards[at], rq->now))
            continue;
        if (count == max)
            break;
        shards[count++] = stream->shards[at];
    }
    if (at < stream->shard_count) {
        listing.from = stream->shards[at]->index;
        out->next_token = next_token_make(rq, listing_text(rq, &listing));
    }
    return shards_of(rq, shards, count, &out->shards);
}
