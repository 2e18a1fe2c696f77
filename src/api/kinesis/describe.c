#include "api/kinesis/describe.h"

#include "api/kinesis/records.h"

enum { METRIC_COUNT = METRICS_NAME_ALL - 1 };

struct enum_value stream_status_of(const struct stream *stream)
{
    switch ((enum stream_status)stream->record->status.value) {
    case STREAM_CREATING:
        return enum_of(STREAM_STATUS_CREATING);
    case STREAM_UPDATING:
        return enum_of(STREAM_STATUS_UPDATING);
    case STREAM_DELETING:
        return enum_of(STREAM_STATUS_DELETING);
    case STREAM_ACTIVE:
        break;
    }
    return enum_of(STREAM_STATUS_ACTIVE);
}

struct enum_value consumer_status_of(const struct consumer *consumer)
{
    switch ((enum consumer_status)consumer->record->status.value) {
    case CONSUMER_CREATING:
        return enum_of(CONSUMER_STATUS_CREATING);
    case CONSUMER_DELETING:
        return enum_of(CONSUMER_STATUS_DELETING);
    case CONSUMER_ACTIVE:
        break;
    }
    return enum_of(CONSUMER_STATUS_ACTIVE);
}

struct kinesis_stream_mode_details *mode_details_of(struct rq *rq, const struct stream *stream)
{
    struct kinesis_stream_mode_details *details = ARENA_NEW(&rq->arena, struct kinesis_stream_mode_details);
    bool on_demand = stream->record->mode.value == MODE_ON_DEMAND;

    if (details)
        details->stream_mode = enum_of(on_demand ? STREAM_MODE_ON_DEMAND : STREAM_MODE_PROVISIONED);
    return details;
}

enum err metrics_of(struct rq *rq, int64_t bits, struct kinesis_metrics_name_list *ret_metrics)
{
    struct kinesis_metrics_name_list list = { .at = ARENA_ARRAY(&rq->arena, METRIC_COUNT, struct enum_value),
                                              .present = true };

    if (list.at == NULL)
        return ERR_NO_MEMORY;
    for (int metric = 1; metric <= METRIC_COUNT; metric++)
        if (bits & (int64_t)1 << (metric - 1))
            list.at[list.count++] = enum_of(metric);
    *ret_metrics = list;
    return OK;
}

int64_t metrics_bits(const struct kinesis_metrics_name_list *metrics)
{
    int64_t bits = 0;

    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics->at[i].is == METRICS_NAME_ALL)
            return ((int64_t)1 << METRIC_COUNT) - 1;
        bits |= (int64_t)1 << (metrics->at[i].is - 1);
    }
    return bits;
}

enum err monitoring_of(struct rq *rq, const struct stream *stream,
                       struct kinesis_enhanced_monitoring_list *ret_monitoring)
{
    struct kinesis_enhanced_metrics *row = ARENA_NEW(&rq->arena, struct kinesis_enhanced_metrics);

    if (row == NULL)
        return ERR_NO_MEMORY;
    TRY(metrics_of(rq, stream->record->shard_metrics.value, &row->shard_level_metrics));
    *ret_monitoring = (struct kinesis_enhanced_monitoring_list){ .at = row, .count = 1, .present = true };
    return OK;
}

struct enum_value encryption_of(const struct stream *stream, str *ret_key_id)
{
    bool encrypted = str_present(stream->record->key_arn);

    *ret_key_id = encrypted ? stream->record->key_name : (str){ 0 };
    return enum_of(encrypted ? ENCRYPTION_TYPE_KMS : ENCRYPTION_TYPE_NONE);
}

/* A shard takes 1 MiB/s, so as much is warm as there are open shards. */
struct kinesis_warm_throughput_object *warm_throughput_of(struct rq *rq, struct stream *stream, int64_t target)
{
    struct kinesis_warm_throughput_object *warm = ARENA_NEW(&rq->arena, struct kinesis_warm_throughput_object);
    size_t open;

    if (warm == NULL)
        return NULL;
    (void)stream_open_shards(stream, &open);
    warm->target_mibps = int_of(target);
    warm->current_mibps = int_of((int64_t)open < target ? (int64_t)open : target);
    return warm;
}

bool shard_listed(const struct shard *shard, ms now)
{
    if (shard->stream->record->status.value == STREAM_CREATING)
        return false;
    return shard->closed_at == 0 || shard->closed_at + stream_retention_ms(shard->stream) > now;
}

static str number_text(struct rq *rq, u128 number)
{
    char digits[U128_DIGITS_MAX];

    return arena_str(&rq->arena, str_bytes(digits, u128_format(number, digits)));
}

static enum err shard_fill(struct rq *rq, const struct shard *shard, struct kinesis_shard *ret_shard)
{
    struct kinesis_hash_key_range *range = ARENA_NEW(&rq->arena, struct kinesis_hash_key_range);
    struct kinesis_sequence_number_range *numbers = ARENA_NEW(&rq->arena, struct kinesis_sequence_number_range);

    if (range == NULL || numbers == NULL)
        return ERR_NO_MEMORY;
    range->starting_hash_key = number_text(rq, shard->start);
    range->ending_hash_key = number_text(rq, shard->end);
    numbers->starting_sequence_number = sequence_number(rq, seqno_start(shard));
    if (shard->closed_at)
        numbers->ending_sequence_number = sequence_number(rq, seqno_end(shard));
    *ret_shard = (struct kinesis_shard){ .shard_id = rq_shard_id(rq, shard->index),
                                         .hash_key_range = range,
                                         .sequence_number_range = numbers };
    if (shard->parent != SHARD_NONE)
        ret_shard->parent_shard_id = rq_shard_id(rq, (uint32_t)shard->parent);
    if (shard->adjacent != SHARD_NONE)
        ret_shard->adjacent_parent_shard_id = rq_shard_id(rq, (uint32_t)shard->adjacent);
    return OK;
}

enum err shards_of(struct rq *rq, const struct shard *const *shards, size_t count,
                   struct kinesis_shard_list *ret_shards)
{
    struct kinesis_shard_list list = { .at = ARENA_ARRAY(&rq->arena, count, struct kinesis_shard),
                                       .count = count,
                                       .present = true };

    if (list.at == NULL && count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        TRY(shard_fill(rq, shards[i], &list.at[i]));
    *ret_shards = list;
    return OK;
}

struct kinesis_consumer consumer_of(struct rq *rq, const struct consumer *consumer)
{
    return (struct kinesis_consumer){ .consumer_name = consumer->record->name,
                                      .consumer_arn = consumer_arn(rq, consumer),
                                      .consumer_status = consumer_status_of(consumer),
                                      .consumer_creation_timestamp = consumer->record->created_at };
}
