/* metric.c: what all rooms count, as text for Prometheus. The rows are in metric.def. */
#include "metric/metric.h"

#include "catalog/catalog.h"
#include "count/api.h"
#include "count/http.h"
#include "count/log.h"
#include "shape/shape.h"
#include "stream/seqno.h"
#include "stream/stream.h"

enum kind { COUNTER, GAUGE, SECONDS, BYTES, LATENCY };

struct row {
    enum kind kind;
    unsigned bit;         /* of a shard's metric */
    size_t offset, calls; /* of the field in its struct; of the calls of a latency */
    const char *name;
    const char *aws; /* NULL: none of the service's */
    const char *sentence;
};

#define FIELD_COUNTER(type, field) .offset = offsetof(struct type, field)
#define FIELD_GAUGE(type, field)   .offset = offsetof(struct type, field)
#define FIELD_SECONDS(type, field) .offset = offsetof(struct type, field)
#define FIELD_BYTES(type, field)   .offset = offsetof(struct type, field)
#define FIELD_LATENCY(type, field)                                                                                     \
    .offset = offsetof(struct type, field##_us), .calls = offsetof(struct type, field##_calls)
#define NOTHING(...)

static const struct row stream_rows[] = {
#define STREAM(kind_, name_, field_, aws_, sentence_)                                                                  \
    { .kind = kind_,                                                                                                   \
      FIELD_##kind_(count_stream, field_),                                                                             \
      .name = "leat_kinesis_" name_,                                                                                   \
      .aws = aws_,                                                                                                     \
      .sentence = sentence_ },
#define SHARD    NOTHING
#define CONSUMER NOTHING
#define LOG      NOTHING
#define API      NOTHING
#define HTTP     NOTHING
#include "metric/metric.def"
#undef STREAM
#undef SHARD
};

static const struct row shard_rows[] = {
#define STREAM NOTHING
#define SHARD(kind_, name_, field_, bit_, aws_, sentence_)                                                             \
    { .kind = kind_,                                                                                                   \
      .bit = bit_,                                                                                                     \
      FIELD_##kind_(count_shard, field_),                                                                              \
      .name = "leat_kinesis_" name_,                                                                                   \
      .aws = aws_,                                                                                                     \
      .sentence = sentence_ },
#include "metric/metric.def"
#undef SHARD
#undef CONSUMER
};

static const struct row consumer_rows[] = {
#define SHARD NOTHING
#define CONSUMER(kind_, name_, field_, aws_, sentence_)                                                                \
    { .kind = kind_,                                                                                                   \
      FIELD_##kind_(count_consumer, field_),                                                                           \
      .name = "leat_kinesis_" name_,                                                                                   \
      .aws = aws_,                                                                                                     \
      .sentence = sentence_ },
#include "metric/metric.def"
#undef CONSUMER
#undef LOG
};

#define ROW(type_, kind_, name_, field_, sentence_)                                                                    \
    { .kind = kind_, FIELD_##kind_(type_, field_), .name = name_, .sentence = sentence_ },

static const struct row log_rows[] = {
#define CONSUMER                             NOTHING
#define LOG(kind_, name_, field_, sentence_) ROW(count_log, kind_, name_, field_, sentence_)
#include "metric/metric.def"
#undef LOG
#undef API
};

static const struct row api_rows[] = {
#define LOG                                  NOTHING
#define API(kind_, name_, field_, sentence_) ROW(count_api, kind_, name_, field_, sentence_)
#include "metric/metric.def"
#undef API
#undef HTTP
};

static const struct row http_rows[] = {
#define API                                   NOTHING
#define HTTP(kind_, name_, field_, sentence_) ROW(count_http, kind_, name_, field_, sentence_)
#include "metric/metric.def"
};

#define COUNT_OF(rows) (sizeof(rows) / sizeof(*(rows)))

/* Histograms are told at every fourth bound, the powers of two from 2^4 (16 us) to 2^24 (16 s, 16 MiB). */
enum { TOLD_FIRST = 4 * 4 - 5, TOLD_LAST = 4 * 24 - 5, TOLD_STEP = 4 };

/* ---- lines ----------------------------------------------------------------------------------------------------- */

static void head(struct buf *to, const struct row *row)
{
    static const char *const types[] = { "counter", "gauge", "histogram", "histogram", "summary" };

    buf_fmt(to, "# HELP %s ", row->name);
    if (row->aws)
        buf_fmt(to, "%s: ", row->aws);
    buf_fmt(to, "%s\n# TYPE %s %s\n", row->sentence, row->name, types[row->kind]);
}

static void micros(struct buf *to, uint64_t us)
{
    buf_fmt(to, "%llu.%06llu", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
}

static void quantity(struct buf *to, bool seconds, uint64_t value)
{
    if (seconds)
        micros(to, value);
    else
        buf_u64(to, value);
}

/* `labels` without braces, perhaps empty. */
static void distribution(struct buf *to, const char *name, str labels, bool seconds, const struct histogram *histogram)
{
    const char *comma = labels.size > 0 ? "," : "", *open = labels.size > 0 ? "{" : "",
               *close = labels.size > 0 ? "}" : "";
    uint64_t below = 0;

    for (unsigned bucket = 0; bucket <= TOLD_LAST; bucket++) {
        below += histogram->buckets[bucket];
        if (bucket < TOLD_FIRST || (bucket - TOLD_FIRST) % TOLD_STEP != 0)
            continue;
        buf_fmt(to, "%s_bucket{%.*s%sle=\"", name, STR_ARG(labels), comma);
        quantity(to, seconds, histogram_bound(bucket));
        buf_fmt(to, "\"} %llu\n", (unsigned long long)below);
    }
    buf_fmt(to, "%s_bucket{%.*s%sle=\"+Inf\"} %llu\n%s_sum%s%.*s%s ", name, STR_ARG(labels), comma,
            (unsigned long long)histogram->count, name, open, STR_ARG(labels), close);
    quantity(to, seconds, histogram->sum);
    buf_fmt(to, "\n%s_count%s%.*s%s %llu\n", name, open, STR_ARG(labels), close, (unsigned long long)histogram->count);
}

/* The lines of one row for one object. */
static void sample(struct buf *to, const struct row *row, str labels, const void *counts)
{
    const char *open = labels.size > 0 ? "{" : "", *close = labels.size > 0 ? "}" : "";
    const uint64_t *number = (const void *)((const char *)counts + row->offset);
    const uint64_t *calls = (const void *)((const char *)counts + row->calls);

    switch (row->kind) {
    case COUNTER:
    case GAUGE:
        buf_fmt(to, "%s%s%.*s%s %llu\n", row->name, open, STR_ARG(labels), close, (unsigned long long)*number);
        break;
    case SECONDS:
    case BYTES:
        distribution(to, row->name, labels, row->kind == SECONDS, (const void *)number);
        break;
    case LATENCY:
        buf_fmt(to, "%s_sum%s%.*s%s ", row->name, open, STR_ARG(labels), close);
        micros(to, *number);
        buf_fmt(to, "\n%s_count%s%.*s%s %llu\n", row->name, open, STR_ARG(labels), close, (unsigned long long)*calls);
        break;
    }
}

static void label(struct buf *to, const char *name, str value)
{
    buf_fmt(to, "%s%s=\"", to->size > 0 ? "," : "", name);
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            buf_byte(to, '\\');
        if (value.at[i] == '\n')
            buf_append(to, STR("\\n"));
        else
            buf_byte(to, value.at[i]);
    }
    buf_byte(to, '"');
}

/* ---- objects --------------------------------------------------------------------------------------------------- */

static void singles(struct buf *to, const struct row *rows, size_t count, const void *counts)
{
    for (size_t i = 0; counts && i < count; i++) {
        head(to, &rows[i]);
        sample(to, &rows[i], (str){ 0 }, counts);
    }
}

static void stream_labels(struct buf *to, const struct stream *stream)
{
    buf_clear(to);
    label(to, "stream", stream->record->name);
    label(to, "account", stream->record->account);
    label(to, "region", stream->record->region);
}

static void streams(struct buf *to, const struct metric_sources *sources, struct buf *labels)
{
    for (size_t i = 0; i < COUNT_OF(stream_rows); i++) {
        head(to, &stream_rows[i]);
        for (const struct stream *stream = catalog_each_stream(sources->catalog, NULL); stream;
             stream = catalog_each_stream(sources->catalog, stream)) {
            const struct stream_run *run = stream->run;

            if (!run)
                continue;
            stream_labels(labels, stream);
            sample(to, &stream_rows[i], buf_str(labels), &run->count);
        }
    }
}

static void shards_of(struct buf *to, const struct row *row, const struct stream *stream, struct buf *labels)
{
    for (size_t i = 0; i < stream->shard_count; i++) {
        const struct shard_run *run = stream->shards[i]->run;
        char id[SHARD_ID_MAX];

        if (!run)
            continue;
        stream_labels(labels, stream);
        label(labels, "shard", shard_id_format(stream->shards[i]->index, id));
        sample(to, row, buf_str(labels), &run->count);
    }
}

static void shards(struct buf *to, const struct metric_sources *sources, struct buf *labels)
{
    for (size_t i = 0; i < COUNT_OF(shard_rows); i++) {
        head(to, &shard_rows[i]);
        for (const struct stream *stream = catalog_each_stream(sources->catalog, NULL); stream;
             stream = catalog_each_stream(sources->catalog, stream))
            if (stream->record->shard_metrics.value >> shard_rows[i].bit & 1)
                shards_of(to, &shard_rows[i], stream, labels);
    }
}

static void consumers_of(struct buf *to, const struct row *row, const struct stream *stream, struct buf *labels)
{
    for (const struct consumer *consumer = stream_next_consumer(stream, (str){ 0 }); consumer;
         consumer = stream_next_consumer(stream, consumer->record->name)) {
        stream_labels(labels, stream);
        label(labels, "consumer", consumer->record->name);
        sample(to, row, buf_str(labels), &consumer->count);
    }
}

static void consumers(struct buf *to, const struct metric_sources *sources, struct buf *labels)
{
    for (size_t i = 0; i < COUNT_OF(consumer_rows); i++) {
        head(to, &consumer_rows[i]);
        for (const struct stream *stream = catalog_each_stream(sources->catalog, NULL); stream;
             stream = catalog_each_stream(sources->catalog, stream))
            consumers_of(to, &consumer_rows[i], stream, labels);
    }
}

static const struct row operation_row = {
    .kind = COUNTER,
    .name = "leat_api_requests_total",
    .sentence = "Requests by operation: answered 2xx, 4xx, 5xx.",
};
static const struct row duration_row = {
    .kind = SECONDS,
    .name = "leat_api_request_seconds",
    .sentence = "From the complete request to its answer.",
};

/* Only operations that were called: there are dozens, and each is a histogram. */
static void operations(struct buf *to, const struct metric_sources *sources, struct buf *labels)
{
    const struct service *service = sources->service;
    const struct count_operation *counts = sources->api->operations;

    head(to, &operation_row);
    for (size_t i = 0; i < service->operation_count && i < COUNT_OPERATIONS_MAX; i++) {
        const struct {
            const char *outcome;
            uint64_t count;
        } parts[] = {
            { "ok", counts[i].ok },
            { "refused", counts[i].refused },
            { "failed", counts[i].failed },
        };

        for (size_t j = 0; j < COUNT_OF(parts); j++)
            if (counts[i].micros.count > 0)
                buf_fmt(to, "%s{operation=\"%.*s\",outcome=\"%s\"} %llu\n", operation_row.name,
                        STR_ARG(service->operations[i].name), parts[j].outcome, (unsigned long long)parts[j].count);
    }
    head(to, &duration_row);
    for (size_t i = 0; i < service->operation_count && i < COUNT_OPERATIONS_MAX; i++) {
        buf_clear(labels);
        label(labels, "operation", service->operations[i].name);
        if (counts[i].micros.count > 0)
            distribution(to, duration_row.name, buf_str(labels), /* seconds= */ true, &counts[i].micros);
    }
}

void metric_write(struct buf *to, const struct metric_sources *sources)
{
    struct buf labels;

    buf_init(&labels, 4096);
    if (sources->catalog) {
        streams(to, sources, &labels);
        shards(to, sources, &labels);
        consumers(to, sources, &labels);
    }
    if (sources->api && sources->service)
        operations(to, sources, &labels);
    singles(to, api_rows, COUNT_OF(api_rows), sources->api);
    singles(to, http_rows, COUNT_OF(http_rows), sources->http);
    singles(to, log_rows, COUNT_OF(log_rows), sources->log);
    if (labels.err != OK && to->err == OK)
        to->err = labels.err;
    buf_deinit(&labels);
}

static void help_rows(struct buf *to, const char *title, const struct row *rows, size_t count)
{
    buf_fmt(to, "%s\n", title);
    for (size_t i = 0; i < count; i++)
        buf_fmt(to, "  %s\n      %s%s%s\n", rows[i].name, rows[i].aws ? rows[i].aws : "", rows[i].aws ? ": " : "",
                rows[i].sentence);
}

void metric_help(struct buf *to)
{
    help_rows(to, "Of each stream, labels stream, account, region", stream_rows, COUNT_OF(stream_rows));
    help_rows(to, "\nOf each shard with enhanced monitoring, label shard", shard_rows, COUNT_OF(shard_rows));
    help_rows(to, "\nOf each registered consumer, label consumer", consumer_rows, COUNT_OF(consumer_rows));
    help_rows(to, "\nOf each operation, label operation", (const struct row[]){ operation_row, duration_row }, 2);
    help_rows(to, "\nOf the API", api_rows, COUNT_OF(api_rows));
    help_rows(to, "\nOf connections", http_rows, COUNT_OF(http_rows));
    help_rows(to, "\nOf the log engine", log_rows, COUNT_OF(log_rows));
}
