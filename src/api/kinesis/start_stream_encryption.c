#include "api/kinesis/encryption.h"
#include "api/kinesis/expect.h"

/* StartStreamEncryption: records written from now on are sealed under the key; those there are stay as they are.
 *
 * Starting again with another key rotates; with the same one nothing changes. */
enum err start_stream_encryption(struct rq *rq, const struct start_stream_encryption_input *in,
                                 struct start_stream_encryption_output *out)
{
    struct catalog_stream_record record;
    struct stream *stream;
    str key_arn;

    TRY(encryption_find(rq, in->stream_name, in->stream_arn, in->encryption_type, &stream));
    TRY(encryption_key(rq, stream, in->key_id, &key_arn));
    if (str_eq(key_arn, stream->record->key_arn) && str_eq(in->key_id, stream->record->key_name))
        return OK;
    TRY(encryption_daily(rq, &stream->record->key_changes, "StartStreamEncryption"));
    record = stream_change(rq, stream);
    record.key_changes = times_add(rq, &record.key_changes);
    stage_job(rq, &record,
              (struct catalog_job){
                  .kind = int_of(JOB_ENCRYPT), .encrypt = bool_of(true), .key_arn = key_arn, .key_name = in->key_id });
    return OK;
}
