#include "api/kinesis/expect.h"

/* UpdateMaxRecordSize: how large one record of the stream may be. Larger ones that are stored already stay readable. */
enum err update_max_record_size(struct rq *rq, const struct update_max_record_size_input *in,
                                struct update_max_record_size_output *out)
{
    struct catalog_stream_record record;
    struct stream *stream;

    TRY(find_stream(rq, (str){ 0 }, in->stream_arn, &stream));
    TRY(expect_active(rq, stream));
    record = stream_change(rq, stream);
    record.record_kib = in->max_record_size_in_kib;
    stage_wait(rq, &record);
    return OK;
}
