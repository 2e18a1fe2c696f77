#include "api/kinesis/records.h"

/* GetShardIterator: a bookmark at a position of a shard, good for five minutes. */

static enum err find(struct rq *rq, const struct get_shard_iterator_input *in, struct stream **ret_stream,
                     struct shard **ret_shard)
{
    struct arn arn = { .stream = in->stream_name, .account = rq->account };
    uint32_t index = 0;
    bool parsed = shard_id_parse(in->shard_id, &index) == OK;
    enum err err;

    if (str_present(in->stream_arn) && arn_parse(in->stream_arn, &arn) != OK)
        arn.stream = in->stream_name;
    if (!parsed)
        return fail(rq, ERR_NOT_FOUND, "Could not find shard %.*s in stream %.*s under account %.*s.",
                    STR_ARG(in->shard_id), STR_ARG(arn.stream), STR_ARG(arn.account));
    err = find_stream(rq, in->stream_name, in->stream_arn, ret_stream);
    if (err == OK)
        *ret_shard = stream_shard(*ret_stream, index);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_NOT_FOUND || *ret_shard == NULL) {
        str id = rq_shard_id(rq, index);

        return fail(rq, ERR_NOT_FOUND, "Shard %.*s in stream %.*s under account %.*s does not exist", STR_ARG(id),
                    STR_ARG(arn.stream), STR_ARG(arn.account));
    }
    return OK;
}

enum err get_shard_iterator(struct rq *rq, const struct get_shard_iterator_input *in,
                            struct get_shard_iterator_output *out)
{
    const struct api_config *config = api_config(rq->api);
    struct stream *stream;
    struct shard *shard = NULL;
    struct shard_run *run;
    struct iter iter;

    TRY(find(rq, in, &stream, &shard));
    iter = (struct iter){ .issued = rq->now,
                          .stream_id = stream->id,
                          .shard = shard->index,
                          .account = stream->record->account,
                          .region = stream->record->region,
                          .stream_name = stream->record->name };
    TRY(start_position(rq, stream, shard, in->shard_iterator_type.is, in->starting_sequence_number, in->timestamp,
                       "GetShardIterator", &iter.position, &iter.not_before));
    run = shard_run(shard);
    if (run == NULL)
        return ERR_NO_MEMORY;
    if (config->limits->enforced && !bucket_take(&run->iterator_calls, config->limits->iterator_calls,
                                                 config->limits->iterator_calls, 1, rq->started_us)) {
        rq->message = rate_exceeded(rq, stream, shard->index);
        return ERR_THROTTLED;
    }
    if (in->dry_run.present && in->dry_run.value)
        return refuse_dry_run(rq);
    out->shard_iterator = iter_encode(config->sealer, &iter, &rq->arena);
    return str_present(out->shard_iterator) ? OK : ERR_NO_MEMORY;
}
