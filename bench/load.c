/* load.c: bench-load, one neutral client for everything that speaks Kinesis over plain HTTP/1.1 on loopback.
 *
 *   bench-load ready  --port P [--since NS]      milliseconds until ListStreams is answered (since NS, monotonic)
 *   bench-load create --port P --shards N        create the stream and wait until it is ACTIVE
 *   bench-load put    --port P --connections N --seconds S [--rate R]
 *   bench-load puts   --port P --connections N --megabytes M [--records 500] [--cbor]
 *   bench-load spread --port P --shards N --rounds R   one record on each shard, by PutRecords with explicit hash keys
 *   bench-load get    --port P --connections N [--cbor] [--expect RECORDS]
 *   bench-load fanout --port P --connections N --seconds S [--rate R] [--consumers K]
 *   bench-load subscribe --port P [--cbor] --expect RECORDS   SubscribeToShard from TRIM_HORIZON, every shard
 *   bench-load sync   --file F --seconds S [--record-bytes N] [--rate R]   what the disk needs for a write and an fdatasync
 *   bench-load stalls --seconds S                how much of the time a processor is taken away
 *   bench-load idle   --port P --seconds S
 *
 * ready, create, put and puts also speak to log servers: --dialect kafka, nats or redis.
 *
 * A closed loop in one thread (with --rate an open one: latencies count from when a request was due). Every put is made
 * and signed before the clock starts, each with data and keys of its own; a pool that is used up is sent again from its
 * beginning (the result says how large it was). Every answer is checked; more than --errors-max bad ones end the run.
 * Each run prints one JSON object and exits with 0 if all was well. 1 MB is 1e6 bytes of record data, before base64;
 * latencies are microseconds. */
#include "load.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Servers refuse signatures that are five minutes old. */
#define SIGNED_SECONDS_MAX 240.0

int complain(const char *what, int status, const struct answer *answer)
{
    int size = answer && answer->body.at ? (int)(answer->body.size < 300 ? answer->body.size : 300) : 0;

    fprintf(stderr, "bench-load: %s failed: %d %.*s\n", what, status, size, size > 0 ? answer->body.at : "");
    return 1;
}

struct drive drive_of(const struct options *options)
{
    return (struct drive){ .port = options->target.port, .connections = options->connections,
                           .silence_s = options->silence_s, .errors_max = options->errors_max,
                           .dialect = options->dialect, .rate = options->rate };
}

static void print_text(FILE *to, const char *name, const char *text)
{
    fprintf(to, ",\"%s\":", name);
    if (!text[0]) {
        fprintf(to, "null");
        return;
    }
    fputc('"', to);
    for (; *text; text++)
        fprintf(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    fputc('"', to);
}

int outcome_print(const struct outcome *outcome)
{
    struct drive *drive = outcome->drive;
    double seconds = drive->seconds > 0 ? drive->seconds : 1e-9;

    printf("{\"mode\":\"%s\",\"wire\":\"%s\",\"connections\":%d,\"answers\":%llu,\"errors\":%llu,\"broken\":%llu",
           outcome->options->mode, outcome->options->wire == WIRE_CBOR ? "cbor" : "json", drive->connections,
           (unsigned long long)drive->answers, (unsigned long long)drive->errors, (unsigned long long)drive->broken);
    print_text(stdout, "first_error", drive->first_error);
    printf(",\"records\":%llu,\"bytes\":%llu,\"seconds\":%.4f,\"per_second\":%.1f,\"records_per_second\":%.1f,"
           "\"mb_per_second\":%.3f",
           (unsigned long long)outcome->records, (unsigned long long)outcome->bytes, drive->seconds,
           (double)drive->answers / seconds, (double)outcome->records / seconds,
           (double)outcome->bytes / seconds / 1e6);
    samples_print(&drive->latency, "latency_us", stdout);
    printf(",\"client_cpu_s\":%.3f,\"server_cpu_s\":%.3f,\"server_rss_mb\":%.1f,\"server_anon_mb\":%.1f,"
           "\"server_peak_mb\":%.1f",
           drive->client_cpu_s, outcome->after.cpu_s - outcome->before.cpu_s, outcome->after.rss_mb,
           outcome->after.anon_mb, outcome->after.peak_mb);
    if (outcome->more)
        outcome->more(stdout, outcome->ctx);
    printf("}\n");
    return drive->errors + drive->broken > 0;
}

/* ---- puts ---- */

bool put_run_fill(struct put_run *run, const struct options *options, int records, bool numbered, uint32_t shards,
                  size_t count)
{
    struct timespec now;
    struct fill fill = { .target = &options->target, .stream = options->stream, .wire = options->wire,
                         .record_bytes = options->record_bytes, .records = records, .numbered = numbered,
                         .shards = shards, .dialect = options->dialect, .connections = options->connections };

    clock_gettime(CLOCK_REALTIME, &now);
    fill.seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid();
    run->options = options;
    run->signed_at = clock_now();
    run->taken = calloc((size_t)options->connections, sizeof(*run->taken));
    return run->taken && pool_fill(&run->pool, &fill, count, options->pool_bytes);
}

void put_run_deinit(struct put_run *run)
{
    pool_deinit(&run->pool);
    free(run->taken);
}

/* A dialect's requests are made for one connection each; the last incomplete round of the pool stays unused. */
static const struct request *own_next(struct put_run *run, int index)
{
    size_t lanes = (size_t)run->options->connections, rounds = run->pool.count / lanes;
    size_t round = run->taken[index]++ % (rounds > 0 ? rounds : 1), number = round * lanes + (size_t)index;

    return number < run->pool.count ? &run->pool.requests[number] : NULL;
}

const struct request *put_next(void *ctx, int index)
{
    struct put_run *run = ctx;
    double now = clock_now();

    if (run->asked == 0)
        run->start = now;
    if (run->asked >= run->asked_max || now - run->start >= run->seconds_max)
        return NULL;
    if (run->options->dialect) {
        run->asked++;
        return own_next(run, index);
    }
    if (now - run->signed_at > SIGNED_SECONDS_MAX) {
        if (!run->drive->first_error[0])
            snprintf(run->drive->first_error, sizeof(run->drive->first_error), "stopped: signatures are too old");
        return NULL;
    }
    return &run->pool.requests[run->asked++ % run->pool.count];
}

static bool none_failed(enum wire wire, const struct bytes *body)
{
    static const char key[] = "FailedRecordCount";
    const char *end = body->at + body->size, *at = memmem(body->at, body->size, key, sizeof(key) - 1);

    if (!at)
        return false;
    at += sizeof(key) - 1;
    if (wire == WIRE_CBOR)
        return at < end && *at == 0;
    while (at < end && (*at == '"' || *at == ':' || *at == ' '))
        at++;
    return at < end && *at == '0';
}

bool put_good(void *ctx, int index, const struct conn *conn)
{
    struct put_run *run = ctx;
    const struct bytes *body = &conn->answer.body;

    (void)index;
    if (conn->answer.status != 200 || run->options->unchecked || run->options->dialect)
        return conn->answer.status == 200;
    if (strcmp(run->options->mode, "puts") == 0 || strcmp(run->options->mode, "spread") == 0)
        return none_failed(run->options->wire, body);
    return memmem(body->at, body->size, "SequenceNumber", 14) != NULL;
}

static void put_more(FILE *to, void *ctx)
{
    struct put_run *run = ctx;

    fprintf(to, ",\"pool\":%zu,\"pool_bytes\":%zu", run->pool.count, run->pool.bytes);
}

static int mode_put(const struct options *options, int records)
{
    size_t request_bytes = options->record_bytes * (size_t)(records > 0 ? records : 1);
    struct drive drive = drive_of(options);
    struct put_run run = { .drive = &drive, .asked_max = options->requests, .seconds_max = options->seconds };
    struct outcome outcome = { .options = options, .drive = &drive, .more = put_more, .ctx = &run };
    int status = 1;

    if (options->megabytes > 0)
        run.asked_max = (uint64_t)(options->megabytes * 1e6 / (double)request_bytes + 0.999);
    if (!put_run_fill(&run, options, records, false, 0,
                      run.asked_max < options->pool_count ? (size_t)run.asked_max : options->pool_count))
        return complain("filling the pool", 0, NULL);
    drive.next = put_next;
    drive.good = put_good;
    drive.ctx = &run;
    outcome.before = server_usage(&options->server);
    if (drive_run(&drive)) {
        outcome.after = server_usage(&options->server);
        outcome.records = (drive.answers - drive.errors) * (uint64_t)(records > 0 ? records : 1);
        outcome.bytes = (drive.answers - drive.errors) * request_bytes;
        status = outcome_print(&outcome);
    } else {
        complain("connect", 0, NULL);
    }
    put_run_deinit(&run);
    samples_deinit(&drive.latency);
    return status;
}

/* One record on each shard, round by round; all rounds are new data. */
struct spread {
    struct samples rounds_us;
    double first_us;
};

static void spread_more(FILE *to, void *ctx)
{
    struct spread *spread = ctx;

    fprintf(to, ",\"first_round_us\":%.1f", spread->first_us);
    samples_print(&spread->rounds_us, "round_us", to);
}

static int mode_spread(const struct options *options)
{
    uint32_t per_round = (options->shards + (uint32_t)options->records - 1) / (uint32_t)options->records;
    struct drive all = drive_of(options);
    struct put_run run = { .drive = &all, .seconds_max = SIGNED_SECONDS_MAX };
    struct spread spread = { 0 };
    struct outcome outcome = { .options = options, .drive = &all, .more = spread_more, .ctx = &spread };
    int status = 1;

    if (!put_run_fill(&run, options, options->records, false, options->shards,
                      (size_t)per_round * (size_t)options->rounds))
        return complain("filling the pool", 0, NULL);
    outcome.before = server_usage(&options->server);
    for (int round = 0; round < options->rounds; round++) {
        struct drive drive = drive_of(options);

        drive.next = put_next;
        drive.good = put_good;
        drive.ctx = &run;
        run.asked_max = (uint64_t)per_round * (uint64_t)(round + 1);
        if (!drive_run(&drive)) {
            complain("connect", 0, NULL);
            goto out;
        }
        if (round == 0)
            spread.first_us = drive.seconds * 1e6;
        (void)samples_add(&spread.rounds_us, drive.seconds * 1e6);
        for (size_t i = 0; i < drive.latency.count; i++)
            (void)samples_add(&all.latency, (double)drive.latency.at[i]);
        samples_deinit(&drive.latency);
        all.seconds += drive.seconds;
        all.client_cpu_s += drive.client_cpu_s;
        all.answers += drive.answers;
        all.errors += drive.errors;
        all.broken += drive.broken;
        if (drive.first_error[0] && !all.first_error[0])
            memcpy(all.first_error, drive.first_error, sizeof(all.first_error));
    }
    outcome.after = server_usage(&options->server);
    outcome.records = (all.answers - all.errors) * (uint64_t)options->records;
    outcome.bytes = outcome.records * options->record_bytes;
    status = outcome_print(&outcome);
out:
    put_run_deinit(&run);
    samples_deinit(&spread.rounds_us);
    samples_deinit(&all.latency);
    return status;
}

/* ---- around the measurements ---- */

static int mode_ready(const struct options *options)
{
    double start = options->since_ns > 0 ? (double)options->since_ns * 1e-9 : clock_now();
    double give_up = clock_now() + options->seconds;
    struct answer answer = { 0 };
    int status = 0;

    while (status != 200 && clock_now() < give_up) {
        status = conn_call(&options->target, "ListStreams", "{}", &answer);
        if (status != 200)
            usleep(200);
    }
    if (status != 200) {
        complain("waiting for ListStreams", status, &answer);
    } else {
        struct usage usage = server_usage(&options->server);

        printf("{\"mode\":\"ready\",\"ready_ms\":%.2f,\"server_rss_mb\":%.1f,\"server_cpu_s\":%.3f}\n",
               (clock_now() - start) * 1e3, usage.rss_mb, usage.cpu_s);
    }
    answer_deinit(&answer);
    return status != 200;
}

static int mode_create(const struct options *options)
{
    double start = clock_now(), give_up = start + options->seconds;
    struct answer answer = { 0 };
    char body[256];
    int status;

    snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardCount\":%u}", options->stream, options->shards);
    status = conn_call(&options->target, "CreateStream", body, &answer);
    if (status == 200) {
        snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", options->stream);
        do {
            usleep(1000);
            status = conn_call(&options->target, "DescribeStreamSummary", body, &answer);
        } while ((status != 200 || !strstr(answer.body.at, "\"ACTIVE\"")) && clock_now() < give_up);
    }
    if (status == 200 && strstr(answer.body.at, "\"ACTIVE\""))
        printf("{\"mode\":\"create\",\"shards\":%u,\"create_ms\":%.2f,\"server_rss_mb\":%.1f}\n", options->shards,
               (clock_now() - start) * 1e3, server_usage(&options->server).rss_mb);
    else
        status = complain("CreateStream", status, &answer);
    answer_deinit(&answer);
    return status != 200;
}

static int mode_idle(const struct options *options)
{
    struct usage before = server_usage(&options->server), after;

    usleep((useconds_t)(options->seconds * 1e6));
    after = server_usage(&options->server);
    printf("{\"mode\":\"idle\",\"seconds\":%.1f,\"server_cpu_s\":%.3f,\"server_rss_mb\":%.1f,\"server_anon_mb\":%.1f,"
           "\"server_peak_mb\":%.1f}\n",
           options->seconds, after.cpu_s - before.cpu_s, after.rss_mb, after.anon_mb, after.peak_mb);
    return 0;
}

size_t shards_list(const struct options *options, char (**ret_ids)[SHARD_ID_BYTES])
{
    char (*ids)[SHARD_ID_BYTES] = NULL, body[8192], token[4096];
    struct answer answer = { 0 };
    size_t count = 0, capacity = 0;

    snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", options->stream);
    for (bool more = true; more;) {
        int status = conn_call(&options->target, "ListShards", body, &answer);
        const char *at = answer.body.at, *end = at + answer.body.size;

        if (status != 200) {
            complain("ListShards", status, &answer);
            count = 0;
            break;
        }
        more = json_string(at, end, "NextToken", token, sizeof(token)) != NULL;
        snprintf(body, sizeof(body), "{\"NextToken\":\"%s\"}", token);
        for (;;) {
            if (count == capacity) {
                void *grown = realloc(ids, (capacity = capacity * 2 + 64) * sizeof(*ids));

                if (!grown)
                    break;
                ids = grown;
            }
            at = json_string(at, end, "ShardId", ids[count], SHARD_ID_BYTES);
            if (!at)
                break;
            count++;
        }
    }
    answer_deinit(&answer);
    *ret_ids = ids;
    return count;
}

/* ---- options ---- */

static int usage_print(void)
{
    fprintf(stderr, "usage: bench-load ready|create|put|puts|spread|get|fanout|subscribe|idle --port P "
                    "[options], sync --file F, or stalls; bench/load.c begins with the list\n");
    return 2;
}

static void pids_parse(struct server *server, const char *list)
{
    char *after = NULL;

    for (; *list && server->pid_count < SERVER_PIDS_MAX; list = *after ? after + 1 : after) {
        server->pids[server->pid_count++] = (int)strtol(list, &after, 10);
        if (after == list)
            break;
    }
}

static const struct option names[] = {
    { "port", required_argument, NULL, 'p' },         { "stream", required_argument, NULL, 's' },
    { "shards", required_argument, NULL, 'n' },       { "connections", required_argument, NULL, 'c' },
    { "seconds", required_argument, NULL, 't' },      { "megabytes", required_argument, NULL, 'm' },
    { "requests", required_argument, NULL, 'q' },     { "record-bytes", required_argument, NULL, 'b' },
    { "records", required_argument, NULL, 'r' },      { "cbor", no_argument, NULL, 'C' },
    { "limit", required_argument, NULL, 'l' },        { "consumers", required_argument, NULL, 'k' },
    { "rounds", required_argument, NULL, 'R' },       { "pool", required_argument, NULL, 'P' },
    { "pool-bytes", required_argument, NULL, 'B' },   { "pid", required_argument, NULL, 'i' },
    { "errors-max", required_argument, NULL, 'e' },   { "silence", required_argument, NULL, 'S' },
    { "since", required_argument, NULL, 'N' },        { "expect", required_argument, NULL, 'x' },
    { "region", required_argument, NULL, 'g' },       { "unchecked", no_argument, NULL, 'u' },
    { "dialect", required_argument, NULL, 'D' },      { "rate", required_argument, NULL, 'T' },
    { "file", required_argument, NULL, 'f' },
    { 0 },
};

static bool option_set(struct options *options, int name, const char *value)
{
    switch (name) {
    case 'p': options->target.port = (uint16_t)atoi(value); return true;
    case 's': options->stream = value; return true;
    case 'n': options->shards = (uint32_t)strtoul(value, NULL, 10); return options->shards > 0;
    case 'c': options->connections = atoi(value); return options->connections > 0;
    case 't': options->seconds = atof(value); return options->seconds > 0;
    case 'm': options->megabytes = atof(value); return options->megabytes > 0;
    case 'q': options->requests = strtoull(value, NULL, 10); return options->requests > 0;
    case 'b': options->record_bytes = strtoul(value, NULL, 10); return options->record_bytes > 0;
    case 'r': options->records = atoi(value); return options->records > 0;
    case 'C': options->wire = WIRE_CBOR; return true;
    case 'l': options->limit = atoi(value); return options->limit >= 256 && options->limit <= 10000;
    case 'k': options->consumers = atoi(value); return options->consumers > 0;
    case 'R': options->rounds = atoi(value); return options->rounds > 0;
    case 'P': options->pool_count = strtoul(value, NULL, 10); return options->pool_count > 0;
    case 'B': options->pool_bytes = strtoul(value, NULL, 10); return true;
    case 'i': pids_parse(&options->server, value); return true;
    case 'e': options->errors_max = strtoull(value, NULL, 10); return true;
    case 'S': options->silence_s = atof(value); return true;
    case 'N': options->since_ns = strtoull(value, NULL, 10); return true;
    case 'x': options->expect = strtoull(value, NULL, 10); return true;
    case 'u': options->unchecked = true; return true;
    case 'g': options->target.region = value; return true;
    case 'D': options->dialect = dialect_find(value); return options->dialect != NULL;
    case 'T': options->rate = atof(value); return options->rate > 0;
    case 'f': options->file = value; return true;
    default: return false;
    }
}

int main(int argc, char **argv)
{
    const char *key = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
    struct options options = {
        .target = { .access_key = key ? key : "AKIDEXAMPLE", .region = "us-east-1",
                    .secret_key = secret ? secret : "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
        .stream = "bench", .connections = 1, .records = 500, .limit = 10000, .consumers = 1, .rounds = 5, .shards = 4,
        .record_bytes = 1024, .pool_count = 8192, .pool_bytes = (size_t)2 << 30, .seconds = 200, .silence_s = 60,
        .requests = UINT64_MAX,
    };
    int name;

    if (argc < 2)
        return usage_print();
    options.mode = argv[1];
    optind = 2;
    while ((name = getopt_long(argc, argv, "", names, NULL)) != -1)
        if (!option_set(&options, name, optarg))
            return usage_print();
    if (strcmp(options.mode, "sync") == 0 && options.file)
        return mode_sync(&options);
    if (strcmp(options.mode, "stalls") == 0)
        return mode_stalls(&options);
    if (options.target.port == 0 || optind != argc)
        return usage_print();
    if (strcmp(options.mode, "ready") == 0)
        return options.dialect ? logs_ready(&options) : mode_ready(&options);
    if (strcmp(options.mode, "create") == 0)
        return options.dialect ? logs_create(&options) : mode_create(&options);
    if (strcmp(options.mode, "put") == 0)
        return mode_put(&options, 0);
    if (strcmp(options.mode, "puts") == 0)
        return mode_put(&options, options.records);
    if (strcmp(options.mode, "spread") == 0)
        return mode_spread(&options);
    if (strcmp(options.mode, "get") == 0)
        return mode_get(&options);
    if (strcmp(options.mode, "fanout") == 0)
        return mode_fanout(&options);
    if (strcmp(options.mode, "subscribe") == 0)
        return mode_subscribe(&options);
    return strcmp(options.mode, "idle") == 0 ? mode_idle(&options) : usage_print();
}
