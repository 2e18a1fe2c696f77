#include "api/kinesis/encryption.h"
#include "api/kinesis/expect.h"

/* StopStreamEncryption: records written from now on are not sealed. What is sealed stays so, and readable. */

/* True if one name is the end of the other's ARN: an id and its key ARN, an alias and its ARN. */
static bool ends_name(str arn, str name)
{
    size_t before = arn.size - name.size;

    return arn.size > name.size && str_ends(arn, name) && (arn.at[before - 1] == ':' || arn.at[before - 1] == '/');
}

static bool names_present_key(const struct catalog_stream_record *record, str key_id)
{
    return str_eq(key_id, record->key_name) || str_eq(key_id, record->key_arn) || ends_name(record->key_arn, key_id) ||
           ends_name(record->key_name, key_id) || ends_name(key_id, record->key_name);
}

enum err stop_stream_encryption(struct rq *rq, const struct stop_stream_encryption_input *in,
                                struct stop_stream_encryption_output *out)
{
    struct catalog_stream_record record;
    struct stream *stream;

    TRY(encryption_find(rq, in->stream_name, in->stream_arn, in->encryption_type, &stream));
    if (!str_present(stream->record->key_arn))
        return OK;
    if (!names_present_key(stream->record, in->key_id))
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "KeyId %.*s is not the key that stream %.*s under account %.*s is encrypted with.",
                    STR_ARG(in->key_id), STR_ARG(stream->record->name), STR_ARG(stream->record->account));
    TRY(encryption_daily(rq, &stream->record->key_stops, "StopStreamEncryption"));
    record = stream_change(rq, stream);
    record.key_stops = times_add(rq, &record.key_stops);
    stage_job(rq, &record, (struct catalog_job){ .kind = int_of(JOB_ENCRYPT), .encrypt = bool_of(false) });
    return OK;
}
