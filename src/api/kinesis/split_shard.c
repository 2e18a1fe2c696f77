#include "api/kinesis/expect.h"
#include "api/kinesis/quota.h"
#include "api/kinesis/reshard.h"
#include "base/bytes.h"

/* SplitShard: one open shard becomes two that share its hash range.
 *
 * The parent closes when the split is due and stays readable until retention takes it. The lower child has the next
 * free index, the upper one the index after. */

static enum err outside(struct rq *rq, const struct shard *shard, str key)
{
    const struct catalog_stream_record *record = shard->stream->record;
    char start[U128_DIGITS_MAX], end[U128_DIGITS_MAX];
    int start_size = (int)u128_format(shard->start, start), end_size = (int)u128_format(shard->end, end);
    str id = rq_shard_id(rq, shard->index);

    return fail(rq, ERR_INVALID_ARGUMENT,
                "NewStartingHashKey %.*s used in SplitShard() on shard %.*s in stream %.*s under account %.*s is not "
                "both greater than one plus the shard's StartingHashKey %.*s and less than the shard's EndingHashKey "
                "%.*s.",
                STR_ARG(key), STR_ARG(id), STR_ARG(record->name), STR_ARG(record->account), start_size, start, end_size,
                end);
}

enum err split_shard(struct rq *rq, const struct split_shard_input *in, struct split_shard_output *out)
{
    struct catalog_stream_record record;
    struct stream *stream;
    struct shard *shard;
    char at[16];
    u128 key;

    TRY(reshard_find(rq, in->stream_name, in->stream_arn, &in->shard_to_split, 1, &stream, &shard));
    TRY(reshard_expect_open(rq, shard));
    TRY(quota_shards(rq, stream->record->account, stream->record->region, 1));
    if (u128_parse(in->new_starting_hash_key, &key) != OK || key >= shard->end || key <= shard->start ||
        key - shard->start == 1)
        return outside(rq, shard, in->new_starting_hash_key);
    store_be64(at, (uint64_t)(key >> 64));
    store_be64(at + 8, (uint64_t)key);
    record = stream_change(rq, stream);
    stage_job(rq, &record,
              (struct catalog_job){
                  .kind = int_of(JOB_SPLIT), .shard = int_of(shard->index), .at = str_bytes(at, sizeof(at)) });
    return OK;
}
