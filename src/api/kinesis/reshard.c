#include "api/kinesis/reshard.h"

#include "api/kinesis/expect.h"
#include "stream/seqno.h"

static enum err no_shard(struct rq *rq, str shard_id, str stream, str account)
{
    return fail(rq, ERR_NOT_FOUND, "Could not find shard %.*s in stream %.*s under account %.*s.", STR_ARG(shard_id),
                STR_ARG(stream), STR_ARG(account));
}

enum err reshard_find(struct rq *rq, str name, str arn, const str *shard_ids, size_t count, struct stream **ret_stream,
                      struct shard **ret_shards)
{
    struct arn parts = { .stream = name, .account = rq->account };
    struct stream *stream;
    uint32_t index;

    if (str_present(arn) && arn_parse(arn, &parts) != OK)
        parts = (struct arn){ .stream = arn, .account = rq->account };
    for (size_t i = 0; i < count; i++)
        if (shard_id_parse(shard_ids[i], &index) != OK)
            return no_shard(rq, shard_ids[i], parts.stream, parts.account);
    TRY(find_stream(rq, name, arn, &stream));
    TRY(expect_provisioned(rq, stream));
    TRY(expect_active(rq, stream));
    for (size_t i = 0; i < count; i++) {
        TRY(shard_id_parse(shard_ids[i], &index));
        ret_shards[i] = stream_shard(stream, index);
        if (ret_shards[i] == NULL)
            return no_shard(rq, rq_shard_id(rq, index), stream->record->name, stream->record->account);
    }
    *ret_stream = stream;
    return OK;
}

enum err reshard_expect_open(struct rq *rq, const struct shard *shard)
{
    const struct catalog_stream_record *record = shard->stream->record;
    str id;

    if (shard->closed_at == 0)
        return OK;
    id = rq_shard_id(rq, shard->index);
    return fail(rq, ERR_INVALID_ARGUMENT,
                "Shard %.*s in stream %.*s under account %.*s has already been merged or split, and thus is not "
                "eligible for merging or splitting.",
                STR_ARG(id), STR_ARG(record->name), STR_ARG(record->account));
}
