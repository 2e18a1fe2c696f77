#include "api/kinesis/records.h"

/* PutRecords: up to 500 records, each with its own fate.
 *
 * What is wrong with the request (one bad hash key, one record above the stream's maximum) fails it as a whole before
 * anything is written. Afterwards the answer is a success even if every record failed, with results in the order of
 * the request. */

enum { REQUEST_BYTES_MAX = 10 << 20, SHARDS_KNOWN = 16 };

static enum err gather(struct rq *rq, const struct put_records_input *in, const struct stream *stream, struct put *put)
{
    size_t bytes = 0;

    for (size_t i = 0; i < in->records.count; i++) {
        const struct kinesis_put_records_request_entry *record = &in->records.at[i];

        TRY(put_fill(rq, stream, &put->entries[i], record->partition_key, record->data, record->explicit_hash_key,
                     i + 1));
        bytes += record->partition_key.size + record->data.size;
    }
    if (bytes > REQUEST_BYTES_MAX)
        return fail(rq, ERR_INVALID_ARGUMENT, "Records size exceeds 10 MB limit");
    return OK;
}

/* What the results of one shard have in common. */
struct known {
    struct shard *shard; /* NULL: nothing is known yet */
    str id;
    struct seqno_near near;
};

static struct known *known_of(struct rq *rq, struct known known[static SHARDS_KNOWN], struct stream *stream,
                              uint32_t index)
{
    struct known *of = &known[index % SHARDS_KNOWN];

    if (of->shard && of->shard->index == index)
        return of;
    *of = (struct known){ .shard = stream_shard(stream, index) };
    if (of->shard)
        of->id = rq_shard_id(rq, index);
    return of;
}

/* One result: a number and a shard, or a code and a sentence; never both. */
static void result(struct rq *rq, struct stream *stream, const struct put_entry *entry, struct known *known,
                   char digits[static SEQNO_DIGITS], struct kinesis_put_records_result_entry *ret_result)
{
    if (entry->err == OK)
        known = known_of(rq, known, stream, entry->shard);
    if (entry->err == OK && known->shard) {
        seqno_format_near(&known->near, seqno_of(known->shard, entry->position, entry->time), digits);
        ret_result->sequence_number = str_bytes(digits, SEQNO_DIGITS);
        ret_result->shard_id = known->id;
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
    struct known known[SHARDS_KNOWN] = { 0 };
    int64_t failed = 0;
    char *digits;

    TRY(put_failed(rq, stream, err));
    if (stream == NULL)
        return ERR_NOT_FOUND;
    count(rq, stream, put);
    results = ARENA_ARRAY(&rq->arena, put->count, struct kinesis_put_records_result_entry);
    digits = arena_bytes(&rq->arena, (size_t)put->count * SEQNO_DIGITS);
    if (results == NULL || digits == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < put->count; i++, digits += SEQNO_DIGITS) {
        result(rq, stream, &put->entries[i], known, digits, &results[i]);
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
    struct put *put;

    (void)out;
    TRY(put_begin(rq, in->stream_name, in->stream_arn, in->records.count, &stream, &put));
    TRY(gather(rq, in, stream, put));
    return put_go(rq, put, in->dry_run, done);
}
