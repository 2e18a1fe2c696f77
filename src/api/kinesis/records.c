#include "api/kinesis/records.h"

#include "stream/seqno.h"
#include "stream/subscription.h"

enum {
    RECORD_KIB_DEFAULT = 1024,
    RECORD_WIRE_BYTES = 192, /* names, number, time, encryption type */
    ASKED_AHEAD = 8,         /* keys, when records are made ready to be written */
    ANSWER_WIRE_BYTES = 1024 /* what an answer holds beside its records */
};

enum err refuse_dry_run(struct rq *rq)
{
    return fail(rq, ERR_DRY_RUN, "The request was rejected because the DryRun parameter was specified.");
}

static enum err find_writable(struct rq *rq, str name, str arn, struct stream **ret_stream)
{
    int64_t status;

    TRY(find_stream(rq, name, arn, ret_stream));
    status = (*ret_stream)->record->status.value;
    if (status == STREAM_ACTIVE || status == STREAM_UPDATING)
        return OK;
    return fail(rq, ERR_NOT_FOUND, "Stream %.*s under account %.*s not found.", STR_ARG((*ret_stream)->record->name),
                STR_ARG((*ret_stream)->record->account));
}

enum err put_begin(struct rq *rq, str name, str arn, size_t count, struct stream **ret_stream, struct put **ret_put)
{
    struct put *put = ARENA_NEW(&rq->arena, struct put);
    struct put_entry *entries = ARENA_ARRAY(&rq->arena, count, struct put_entry);
    struct stream *stream;

    if (put == NULL || entries == NULL)
        return ERR_NO_MEMORY;
    TRY(find_writable(rq, name, arn, &stream));
    *put = (struct put){
        .stream_id = stream->id, .entries = entries, .count = (uint32_t)count, .arena = &rq->arena, .ctx = rq
    };
    *ret_stream = stream;
    *ret_put = put;
    return OK;
}

static enum err check_record(struct rq *rq, const struct stream *stream, str key, str data, size_t member)
{
    int64_t kib = stream->record->record_kib.present ? stream->record->record_kib.value : RECORD_KIB_DEFAULT;
    bool keyless = !str_present(key) && stream->record->distribution.value != DISTRIBUTION_AUTO;
    str prefix = STR("");

    if (!keyless && data.size <= (size_t)kib * 1024)
        return OK;
    if (member)
        prefix = rq_fmt(rq, "records.%zu.member.", member);
    if (keyless)
        return fail(rq, ERR_VALIDATION,
                    "1 validation error detected: Value null at '%.*spartitionKey' failed to satisfy constraint: "
                    "Member must not be null",
                    STR_ARG(prefix));
    return fail(rq, ERR_VALIDATION,
                "1 validation error detected: Value at '%.*sdata' failed to satisfy constraint: Member must have "
                "length less than or equal to %lld",
                STR_ARG(prefix), (long long)kib * 1024);
}

static enum err place(struct rq *rq, const struct stream *stream, str explicit_hash_key, struct put_entry *entry)
{
    entry->placed = true;
    if (stream->record->distribution.value == DISTRIBUTION_AUTO)
        rq_random(rq, &entry->hash, sizeof(entry->hash));
    else if (!str_present(explicit_hash_key))
        entry->placed = false;
    else if (u128_parse(explicit_hash_key, &entry->hash) != OK)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
                    "%.*s",
                    STR_ARG(explicit_hash_key));
    return OK;
}

enum err put_fill(struct rq *rq, const struct stream *stream, struct put_entry *entry, str key, str data,
                  str explicit_hash_key, size_t member)
{
    TRY(check_record(rq, stream, key, data, member));
    entry->key = key;
    entry->data = data;
    return place(rq, stream, explicit_hash_key, entry);
}

enum err put_go(struct rq *rq, struct put *put, struct opt_bool dry_run, void (*done)(struct put *put, enum err err))
{
    if (dry_run.present && dry_run.value)
        return refuse_dry_run(rq);
    put->done = done;
    put_start(api_config(rq->api)->streams, put);
    return ERR_PENDING;
}

str sequence_number(struct rq *rq, struct seqno seqno)
{
    char *digits = arena_bytes(&rq->arena, SEQNO_DIGITS);

    if (digits == NULL)
        return (str){ 0 };
    seqno_format(seqno, digits);
    return str_bytes(digits, SEQNO_DIGITS);
}

str rate_exceeded(struct rq *rq, const struct stream *stream, uint32_t shard)
{
    return rq_fmt(rq, "Rate exceeded for shard shardId-%012u in stream %.*s under account %.*s.", shard,
                  STR_ARG(stream->record->name), STR_ARG(stream->record->account));
}

enum err key_failed(struct rq *rq, str key_arn, enum err err)
{
    if (!str_present(key_arn) || (err != ERR_KMS_DISABLED && err != ERR_KMS_INVALID_STATE && err != ERR_KMS_NOT_FOUND))
        return err;
    return fail(rq, err, "%.*s %s.", STR_ARG(key_arn),
                err == ERR_KMS_DISABLED        ? "is disabled"
                : err == ERR_KMS_INVALID_STATE ? "is pending deletion"
                                               : "does not exist");
}

enum err put_failed(struct rq *rq, const struct stream *stream, enum err err)
{
    return stream ? key_failed(rq, stream->record->key_arn, err) : err;
}

struct kinesis_record *records_of(struct arena *arena, const struct shard *shard, const struct read_record *records,
                                  uint32_t count)
{
    struct kinesis_record *of = ARENA_ARRAY(arena, count, struct kinesis_record);
    char *digits = arena_bytes(arena, (size_t)count * SEQNO_DIGITS);
    struct seqno_near near = { 0 };

    if (of == NULL || digits == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++, digits += SEQNO_DIGITS) {
        if (count - i > ASKED_AHEAD)
            __builtin_prefetch(records[i + ASKED_AHEAD].key.at);
        seqno_format_near(&near, seqno_of(shard, records[i].position, records[i].time), digits);
        of[i].sequence_number = str_bytes(digits, SEQNO_DIGITS);
        of[i].approximate_arrival_timestamp = ms_of(records[i].time);
        of[i].data = records[i].data.size ? records[i].data : STR("");
        of[i].partition_key = records[i].key;
        if (records[i].encrypted)
            of[i].encryption_type = enum_of(ENCRYPTION_TYPE_KMS);
    }
    return of;
}

size_t records_wire_bytes(uint32_t count)
{
    return (size_t)count * RECORD_WIRE_BYTES + ANSWER_WIRE_BYTES;
}

static str shard_id_text(struct arena *arena, uint32_t index)
{
    char text[SHARD_ID_MAX];

    return arena_str(arena, shard_id_format(index, text));
}

static bool child_fill(struct arena *arena, const struct shard *child, struct kinesis_child_shard *ret_child)
{
    size_t parents = child->adjacent == SHARD_NONE ? 1 : 2;
    char digits[U128_DIGITS_MAX];

    ret_child->shard_id = shard_id_text(arena, child->index);
    ret_child->parent_shards.at = ARENA_ARRAY(arena, 2, str);
    ret_child->hash_key_range = ARENA_NEW(arena, struct kinesis_hash_key_range);
    if (ret_child->parent_shards.at == NULL || ret_child->hash_key_range == NULL)
        return false;
    ret_child->parent_shards.present = true;
    ret_child->parent_shards.count = parents;
    ret_child->parent_shards.at[0] = shard_id_text(arena, (uint32_t)child->parent);
    if (parents == 2)
        ret_child->parent_shards.at[1] = shard_id_text(arena, (uint32_t)child->adjacent);
    ret_child->hash_key_range->starting_hash_key =
        arena_str(arena, str_bytes(digits, u128_format(child->start, digits)));
    ret_child->hash_key_range->ending_hash_key = arena_str(arena, str_bytes(digits, u128_format(child->end, digits)));
    return true;
}

struct kinesis_child_shard_list child_shards(struct arena *arena, struct stream *stream, const struct shard *shard)
{
    const struct shard *children[2];
    struct kinesis_child_shard_list list = { 0 };
    size_t count = shard->closed_at ? shard_children(stream, shard->index, children) : 0;

    if (count == 0)
        return list;
    list.at = ARENA_ARRAY(arena, count, struct kinesis_child_shard);
    for (size_t i = 0; list.at && i < count; i++)
        if (!child_fill(arena, children[i], &list.at[i]))
            return (struct kinesis_child_shard_list){ 0 };
    list.count = list.at ? count : 0;
    list.present = list.count > 0;
    return list;
}

static const char *type_name(int type)
{
    switch (type) {
    case SHARD_ITERATOR_TYPE_AT_SEQUENCE_NUMBER:
        return "AT_SEQUENCE_NUMBER";
    case SHARD_ITERATOR_TYPE_AFTER_SEQUENCE_NUMBER:
        return "AFTER_SEQUENCE_NUMBER";
    case SHARD_ITERATOR_TYPE_TRIM_HORIZON:
        return "TRIM_HORIZON";
    case SHARD_ITERATOR_TYPE_LATEST:
        return "LATEST";
    default:
        return "AT_TIMESTAMP";
    }
}

static enum err at_sequence_number(struct rq *rq, const struct stream *stream, const struct shard *shard, str text,
                                   const char *operation, struct seqno *ret_seqno)
{
    str id = rq_shard_id(rq, shard->index);
    str name = stream->record->name, account = stream->record->account;
    int version;

    if (seqno_parse(text, ret_seqno, &version) != OK)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "StartingSequenceNumber %.*s used in %s on shard %.*s in stream %.*s under account %.*s is "
                    "invalid.",
                    STR_ARG(text), operation, STR_ARG(id), STR_ARG(name), STR_ARG(account));
    if (ret_seqno->shard != shard->index)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Invalid StartingSequenceNumber. It encodes shardId-%012u, while it was used in a call to a shard "
                    "with %.*s",
                    ret_seqno->shard, STR_ARG(id));
    if (version == 0)
        return ERR_INTERNAL;
    if (version != 2 || ret_seqno->created_s != shard->created_s)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "StartingSequenceNumber %.*s used in %s on shard %.*s in stream %.*s under account %.*s is "
                    "invalid because it did not come from this stream.",
                    STR_ARG(text), operation, STR_ARG(id), STR_ARG(name), STR_ARG(account));
    return OK;
}

static enum err at_timestamp(struct rq *rq, struct opt_ms timestamp)
{
    if (!timestamp.present)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has "
                    "no timestamp parameter.");
    if (timestamp.value > rq->now)
        return fail(rq, ERR_INVALID_ARGUMENT,
                    "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                    "timestampInMillis: %lld, currentTimestampInMillis: %lld",
                    (long long)timestamp.value, (long long)rq->now);
    return OK;
}

enum err start_position(struct rq *rq, const struct stream *stream, const struct shard *shard, int type, str number,
                        struct opt_ms timestamp, const char *operation, log_pos *ret_position, ms *ret_not_before)
{
    static const char must_specify[] =
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
        "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s and %s StartingSequenceNumber.";
    bool by_number =
        type == SHARD_ITERATOR_TYPE_AT_SEQUENCE_NUMBER || type == SHARD_ITERATOR_TYPE_AFTER_SEQUENCE_NUMBER;
    struct seqno seqno;

    *ret_not_before = 0;
    *ret_position = 0;
    if (type == SHARD_ITERATOR_TYPE_AT_TIMESTAMP) {
        TRY(at_timestamp(rq, timestamp));
        *ret_not_before = timestamp.value;
        return OK;
    }
    if (by_number != str_present(number))
        return fail(rq, ERR_INVALID_ARGUMENT, must_specify, type_name(type), by_number ? "no" : "also a");
    if (by_number) {
        TRY(at_sequence_number(rq, stream, shard, number, operation, &seqno));
        *ret_position = type == SHARD_ITERATOR_TYPE_AT_SEQUENCE_NUMBER ? seqno_at(seqno) : seqno_after(seqno);
    } else if (type == SHARD_ITERATOR_TYPE_LATEST) {
        *ret_position = log_end(api_config(rq->api)->log, shard_log(stream->id, shard->index));
    }
    return OK;
}
