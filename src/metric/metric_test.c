/* Tests of /metrics: what Prometheus would read from it. The catalog is two streams of our own. */
#include "metric.c"

#include "unit.h"

static struct stream clicks, orders, idle;
static struct stream_run clicks_run, orders_run;
static struct shard shard0, shard1;
static struct shard_run run0, run1;
static struct catalog_stream_record clicks_record, orders_record;
static struct shard *clicks_shards[] = { &shard0, &shard1 };
static struct count_log log_counts;
static struct count_api api_counts;
static struct count_http http_counts;
static struct buf text;

/* In place of the catalog's and the stream room's. */
struct stream *catalog_each_stream(const struct catalog *catalog, const struct stream *after)
{
    if (!after)
        return &clicks;
    if (after == &clicks)
        return &idle;
    return after == &idle ? &orders : NULL;
}

static struct catalog_consumer_record billing_record, search_record;
static struct consumer billing = { .record = &billing_record }, search = { .record = &search_record };

struct consumer *stream_next_consumer(const struct stream *stream, str after)
{
    if (stream != &clicks)
        return NULL;
    if (!str_present(after))
        return &billing;
    return str_eq(after, STR("billing")) ? &search : NULL;
}

str shard_id_format(uint32_t index, char ret_text[static SHARD_ID_MAX])
{
    snprintf(ret_text, SHARD_ID_MAX, "shardId-%012u", index);
    return str_of(ret_text);
}

static const struct operation operation_table[] = { { .name = { "GetRecords", 10 } }, { .name = { "PutRecord", 9 } } };
static const struct service service = { .operations = operation_table, .operation_count = 2 };

static void write_all(void)
{
    const struct metric_sources sources = { .log = &log_counts,
                                            .api = &api_counts,
                                            .http = &http_counts,
                                            .service = &service,
                                            .catalog = (const void *)&service };

    clicks_record = (struct catalog_stream_record){
        .name = STR("clicks"), .account = STR("000000000000"), .region = STR("us-east-1"), .shard_metrics.value = 1 << 1
    };
    orders_record = (struct catalog_stream_record){ .name = STR("or\"ders"), .account = STR("1"), .region = STR("r") };
    billing_record.name = STR("billing");
    search_record.name = STR("search");
    clicks.record = &clicks_record;
    clicks.run = &clicks_run;
    clicks.shards = clicks_shards;
    clicks.shard_count = 2;
    orders.record = &orders_record;
    orders.run = &orders_run;
    idle.record = &orders_record;
    shard0.run = &run0;
    shard1.index = 1;
    shard1.run = &run1;
    buf_deinit(&text);
    buf_init(&text, 1 << 20);
    metric_write(&text, &sources);
    buf_byte(&text, 0);
    CHECK_INT(text.err, OK);
}

static bool has(const char *line)
{
    return strstr(text.at, line) != NULL;
}

/* ---- a small reader of the exposition format -------------------------------------------------------------------- */

static bool is_name(str name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!((name.at[i] >= 'a' && name.at[i] <= 'z') || name.at[i] == '_' ||
              (i > 0 && name.at[i] >= '0' && name.at[i] <= '9')))
            return false;
    return name.size > 0;
}

/* name{label="value",...} number; every name must belong to the family that the last TYPE line opened. */
static bool good_sample(str line, str family, bool counter)
{
    size_t end = 0;
    str name, value;

    while (end < line.size && line.at[end] != '{' && line.at[end] != ' ')
        end++;
    name = str_slice(line, 0, end);
    if (!is_name(name) || !str_starts(name, family) || (counter && !str_ends(name, STR("_total"))))
        return false;
    if (end < line.size && line.at[end] == '{') {
        do {
            size_t from = ++end;

            while (end < line.size && line.at[end] != '=')
                end++;
            if (!is_name(str_slice(line, from, end)) || end + 1 >= line.size || line.at[++end] != '"')
                return false;
            for (end++; end < line.size && line.at[end] != '"'; end++)
                if (line.at[end] == '\\')
                    end++;
            end++;
        } while (end < line.size && line.at[end] == ',');
        if (end >= line.size || line.at[end++] != '}')
            return false;
    }
    value = str_slice(line, end, line.size);
    if (value.size < 2 || value.at[0] != ' ')
        return false;
    for (size_t i = 1; i < value.size; i++)
        if ((value.at[i] < '0' || value.at[i] > '9') && value.at[i] != '.')
            return false;
    return true;
}

static bool good_text(str all)
{
    str family = { 0 };
    bool counter = false;

    while (all.size > 0) {
        str line = str_cut(&all, '\n'), rest = line;

        if (str_starts(line, STR("# HELP "))) {
            rest = str_slice(line, 7, line.size);
            family = str_cut(&rest, ' ');
            if (rest.size < 5)
                return false;
        } else if (str_starts(line, STR("# TYPE "))) {
            rest = str_slice(line, 7, line.size);
            if (!str_eq(str_cut(&rest, ' '), family))
                return false;
            counter = str_eq(rest, STR("counter"));
        } else if (!good_sample(line, family, counter)) {
            printf("bad line: %.*s\n", STR_ARG(line));
            return false;
        }
    }
    return true;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

TEST("the text can be read, whatever a stream is called")
{
    write_all();
    CHECK(good_text(str_bytes(text.at, text.size - 1)));
    CHECK(has("leat_kinesis_incoming_bytes_total{stream=\"or\\\"ders\",account=\"1\",region=\"r\"} 0\n"));
}

TEST("the service's metrics carry its names and our numbers; an unused stream has no line")
{
    clicks_run.count.incoming_records = 42;
    clicks_run.count.put_record_calls = 3;
    clicks_run.count.put_record_us = 1500042;
    clicks_run.count.iterator_age_ms = 7;
    write_all();
    CHECK(
        has("# HELP leat_kinesis_incoming_records_total IncomingRecords: records taken by both put operations\n"
            "# TYPE leat_kinesis_incoming_records_total counter\n"
            "leat_kinesis_incoming_records_total{stream=\"clicks\",account=\"000000000000\",region=\"us-east-1\"} 42\n"
            "leat_kinesis_incoming_records_total{stream=\"or\\\"ders\",account=\"1\",region=\"r\"} 0\n# HELP"));
    CHECK(has(
        "leat_kinesis_put_record_latency_seconds_sum{stream=\"clicks\",account=\"000000000000\",region=\"us-east-1\"} "
        "1.500042\n"));
    CHECK(has("leat_kinesis_put_record_latency_seconds_count{stream=\"clicks\",account=\"000000000000\","
              "region=\"us-east-1\"} 3\n"));
    CHECK(has("leat_kinesis_get_records_iterator_age_milliseconds{stream=\"clicks\",account=\"000000000000\","
              "region=\"us-east-1\"} 7\n"));
}

TEST("a shard's metric is told while monitoring is on for it")
{
    run1.count.incoming_records = 5;
    write_all();
    CHECK(
        has("leat_kinesis_shard_incoming_records_total{stream=\"clicks\",account=\"000000000000\",region=\"us-east-1\","
            "shard=\"shardId-000000000001\"} 5\n"));
    CHECK(!has("leat_kinesis_shard_incoming_bytes_total{"));
    CHECK(!has("leat_kinesis_shard_incoming_records_total{stream=\"or"));
}

TEST("each consumer has lines of its own")
{
    billing.count.event_behind_ms = 1500;
    search.count.subscribe_rate_exceeded = 2;
    write_all();
    CHECK(has("leat_kinesis_consumer_subscribe_to_shard_event_millis_behind_latest{stream=\"clicks\","
              "account=\"000000000000\",region=\"us-east-1\",consumer=\"billing\"} 1500\n"));
    CHECK(has("leat_kinesis_consumer_subscribe_to_shard_rate_exceeded_total{stream=\"clicks\","
              "account=\"000000000000\",region=\"us-east-1\",consumer=\"search\"} 2\n"));
}

TEST("a histogram is cumulative and ends with everything")
{
    log_counts = (struct count_log){ 0 };
    histogram_add(&log_counts.commit_us, 10);
    histogram_add(&log_counts.commit_us, 1000);
    histogram_add(&log_counts.commit_us, 3000000000);
    write_all();
    CHECK(has("leat_log_commit_seconds_bucket{le=\"0.000015\"} 1\n"));
    CHECK(has("leat_log_commit_seconds_bucket{le=\"0.000511\"} 1\n"));
    CHECK(has("leat_log_commit_seconds_bucket{le=\"0.001023\"} 2\n"));
    CHECK(has("leat_log_commit_seconds_bucket{le=\"16.777215\"} 2\n"));
    CHECK(has("leat_log_commit_seconds_bucket{le=\"+Inf\"} 3\nleat_log_commit_seconds_sum 3000.001010\n"
              "leat_log_commit_seconds_count 3\n"));
    CHECK(has("leat_log_commit_bytes_bucket{le=\"16777215\"} 0\n"));
}

TEST("requests are told by operation and outcome, once an operation has been called")
{
    histogram_add(&api_counts.operations[1].micros, 100);
    api_counts.operations[1].refused = 1;
    write_all();
    CHECK(has("leat_api_requests_total{operation=\"PutRecord\",outcome=\"refused\"} 1\n"));
    CHECK(has("leat_api_request_seconds_count{operation=\"PutRecord\"} 1\n"));
    CHECK(!has("operation=\"GetRecords\""));
}

TEST("no two metrics share a name, and people are told of each")
{
    struct buf help;

    buf_init(&help, 1 << 16);
    metric_help(&help);
    buf_byte(&help, 0);
    write_all();
    for (str rest = buf_str(&text); rest.size > 1;) {
        str line = str_cut(&rest, '\n'), name;
        char pattern[160];

        if (!str_starts(line, STR("# HELP ")))
            continue;
        line = str_slice(line, 7, line.size);
        name = str_cut(&line, ' ');
        snprintf(pattern, sizeof(pattern), "# HELP %.*s ", STR_ARG(name));
        CHECK(strstr(strstr(text.at, pattern) + 1, pattern) == NULL);
        snprintf(pattern, sizeof(pattern), "  %.*s\n", STR_ARG(name));
        CHECK(strstr(help.at, pattern) != NULL);
    }
    buf_deinit(&help);
    buf_deinit(&text);
}

UNIT_MAIN
