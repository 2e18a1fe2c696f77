#include "api/kinesis/records.h"

/* PutRecords: up to 500 records, each with its own fate.
 *
 * What is wrong with the request (one bad hash key, one record above the stream's maximum) fails it as a whole before
 * anything is written. Afterwards the answer is a success even if every record failed, with results in the order of
 * the request. */

enum { REQUEST_BYTES_MAX = 10 << 20 };

static enum err gather(struct rq *rq, const struct put_records_input *in, const struct stream *stream,
                       struct put_entry *entries)
{
    size_t bytes = 0;

    for (size_t i = 0; i < in->records.count; i++) {
        const struct kinesis_put_records_request_entry *record = &in->records.at[i];

        TRY(check_record(rq, stream, record->partition_key, record->data, i + 1));
        TRY(record_hash(rq, stream, record->partition_key, record->explicit_hash_key, &entries[i].hash));
        entries[i].key = record->partition_key;
        entries[i].data = record->data;
        bytes += record->partition_key.size + record->data.size;
    }
    if (bytes > REQUEST_BYTES_MAX)
        return fail(rq, ERR_INVALID_ARGUMENT, "Records size exceeds 10 MB limit");
    return OK;
}

/* One result: a number and a shard, or a code and a sentence; never both. */
static void result(struct rq *rq, const struct put *put, struct stream *stream, const struct put_entry *entry,
                   struct kinesis_put_records_result_entry *ret_result)
{
    struct shard *shard = entry->err == OK ? stream_shard(stream, entry->shard) : NULL;

    if (shard) {
        ret_result->sequence_number = sequence_number(rq, seqno_of(shard, entry->position, entry->time));
        ret_result->shard_id = rq_shard_id(rq, entry->shard);
    } else if (entry->err == ERR_THROTTLED) {
        ret_result->error_code = STR("ProvisionedThroughputExceededException");
        ret_result->error_message = rate_exceeded(rq, stream, entry->shard);
    } else {
        ret_result->error_code = STR("InternalFailure");
        ret_result->error_message = STR("Internal service failure.");
    }
}

static void count(struct rq *rq, struct stream *stream, const struct put *put)
{
    struct stream_run *run = stream_run(stream);
    struct count_stream *count = run ? &run->count : NULL;
    uint64_t successful = 0, throttled = 0, bytes = 0;

    if (count == NULL)
        return;
    for (uint32_t i = 0; i < put->count; i++) {
        successful += put->entries[i].err == OK;
        throttled += put->entries[i].err == ERR_THROTTLED;
        bytes += put->entries[i].key.size + put->entries[i].data.size;
    }
    count->put_records_calls++;
    count->put_records_success += successful > 0;
    count->put_records_bytes += bytes;
    count->put_records_us += (uint64_t)(os_mono_us(api_config(rq->api)->os) - rq->started_us);
    count->put_records_total += put->count;
    count->put_records_successful += successful;
    count->put_records_throttled += throttled;
    count->put_records_failed += put->count - successful - throttled;
}

static enum err answer(struct rq *rq, struct put *put, enum err err)
{
    struct put_records_output *out = rq->out;
    struct stream *stream = catalog_stream_by_id(api_config(rq->api)->catalog, put->stream_id);
    struct kinesis_put_records_result_entry *results;
    int64_t failed = 0;

    TRY(put_failed(rq, stream, err));
    if (stream == NULL)
        return ERR_NOT_FOUND;
    count(rq, stream, put);
    results = ARENA_ARRAY(&rq->arena, put->count, struct kinesis_put_records_result_entry);
    if (results == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < put->count; i++) {
        result(rq, put, stream, &put->entries[i], &results[i]);
        failed += str_present(results[i].error_code);
    }
    out->failed_record_count = int_of(failed);
    out->records.at = results;
    out->records.count = put->count;
    out->records.present = true;
    if (put->encrypted)
        out->encryption_type = enum_of(ENCRYPTION_TYPE_KMS);
    return OK;
}

static void done(struct put *put, enum err err)
{
    struct rq *rq = put->ctx;

    rq_finish(rq, answer(rq, put, err));
}

enum err put_records(struct rq *rq, const struct put_records_input *in, struct put_records_output *out)
{
    struct stream *stream;
    struct put *put = ARENA_NEW(&rq->arena, struct put);
    struct put_entry *entries = ARENA_ARRAY(&rq->arena, in->records.count, struct put_entry);

    (void)out;
    if (put == NULL || entries == NULL)
        return ERR_NO_MEMORY;
    TRY(find_writable(rq, in->stream_name, in->stream_arn, &stream));
    TRY(gather(rq, in, stream, entries));
    if (in->dry_run.present && in->dry_run.value)
        return refuse_dry_run(rq);
    *put = (struct put){ .stream_id = stream->id,
                         .entries = entries,
                         .count = (uint32_t)in->records.count,
                         .arena = &rq->arena,
                         .done = done,
                         .ctx = rq };
    put_start(api_config(rq->api)->streams, put);
    return ERR_PENDING;
}
