#include "api/kinesis/expect.h"
#include "api/kinesis/reshard.h"
#include "catalog/layout.h"

/* MergeShards: fold two neighbouring open shards into one child.
 *
 * The parents close together and stay readable until retention takes them; the child owns the union of their hash
 * ranges. ShardToMerge is the lower one. A second call in between meets IN_USE. */
enum err merge_shards(struct rq *rq, const struct merge_shards_input *in, struct merge_shards_output *out)
{
    const str ids[] = { in->shard_to_merge, in->adjacent_shard_to_merge };
    struct catalog_stream_record record;
    struct stream *stream;
    struct shard *shards[2];

    TRY(reshard_find(rq, in->stream_name, in->stream_arn, ids, 2, &stream, shards));
    TRY(reshard_expect_open(rq, shards[0]));
    TRY(reshard_expect_open(rq, shards[1]));
    if (!layout_precedes(shards[0]->end, shards[1]->start)) {
        str lower = rq_shard_id(rq, shards[0]->index), upper = rq_shard_id(rq, shards[1]->index);

        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Shards %.*s and %.*s in stream %.*s under account %.*s are not an adjacent pair of shards "
                    "eligible for merging",
                    STR_ARG(lower), STR_ARG(upper), STR_ARG(stream->record->name), STR_ARG(stream->record->account));
    }
    record = stream_change(rq, stream);
    stage_job(rq, &record,
              (struct catalog_job){
                  .kind = int_of(JOB_MERGE), .shard = int_of(shards[0]->index), .adjacent = int_of(shards[1]->index) });
    return OK;
}
