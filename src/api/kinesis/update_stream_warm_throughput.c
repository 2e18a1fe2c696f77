#include "api/kinesis/describe.h"
#include "api/kinesis/expect.h"

/* UpdateStreamWarmThroughput: how much an on-demand stream shall take at any moment without growing first.
 *
 * A shard takes 1 MiB/s, so raising it makes as many shards. Lowering leaves the shards there are; 0 gives it up. */
enum err update_stream_warm_throughput(struct rq *rq, const struct update_stream_warm_throughput_input *in,
                                       struct update_stream_warm_throughput_output *out)
{
    int64_t target = in->warm_throughput_mibps.value;
    struct catalog_stream_record record;
    struct stream *stream;
    size_t open;

    TRY(find_stream(rq, in->stream_name, in->stream_arn, &stream));
    TRY(expect_warm_allowed(rq, stream->record->account, stream->record->region,
                            stream->record->mode.value == MODE_ON_DEMAND, target));
    TRY(expect_active(rq, stream));
    (void)stream_open_shards(stream, &open);
    out->stream_name = arena_str(&rq->arena, stream->record->name);
    out->stream_arn = stream_arn(rq, stream);
    out->warm_throughput = warm_throughput_of(rq, stream, target);
    if (out->warm_throughput == NULL)
        return ERR_NO_MEMORY;
    record = stream_change(rq, stream);
    record.warm_mibps = target > 0 ? int_of(target) : (struct opt_int){ 0 };
    if (target > (int64_t)open)
        stage_job(rq, &record, (struct catalog_job){ .kind = int_of(JOB_SCALE), .target = int_of(target) });
    else
        stage_wait(rq, &record);
    return OK;
}
