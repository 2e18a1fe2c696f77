/* put.c: leat put: lines in, records out, order per key kept.
 *
 *   input --lines--> lane of the key --batch full, or input pauses--> PutRecords --refused entries--> the same lane
 *
 * A lane has one batch that fills and one under way. When a line's lane has no room the input waits, so memory is
 * bounded by the lanes whatever the size of the file. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"
#include "cli/batch.h"
#include "cli/client.h"
#include "cli/input.h"

enum { LANES_MAX = 64, FLUSH_US = 20000, PROGRESS_US = 200000 };

struct put_options {
    const char *key, *key_regex;
    uint64_t key_field, in_flight, batch;
};

#define OPTION(field_, type_) .type = (type_), .offset = offsetof(struct put_options, field_)

static const struct option put_options[] = {
    { .name = "key-field",
      .value = "N",
      OPTION(key_field, OPTION_COUNT),
      .min = 1,
      .max = 1000,
      .manual = "The partition key is the Nth field of the line, fields separated by blanks." },
    { .name = "key-regex",
      .value = "REGEX",
      OPTION(key_regex, OPTION_TEXT),
      .manual = "The partition key is the first group of this extended regular expression, or its match." },
    { .name = "key", .value = "TEXT", OPTION(key, OPTION_TEXT), .manual = "All records have this partition key." },
    { .name = "batch",
      .value = "N",
      OPTION(batch, OPTION_COUNT),
      .min = 1,
      .max = BATCH_RECORDS_MAX,
      .manual = "At most N records to a request (500)." },
    { .name = "in-flight",
      .value = "N",
      OPTION(in_flight, OPTION_COUNT),
      .min = 1,
      .max = LANES_MAX,
      .manual = "Up to N requests at a time (8); records of one key never overtake each other." },
};

struct put;

struct lane {
    struct put *put;
    struct batch batches[2];
    unsigned filling; /* index of the batch that fills; the other is under way, or empty */
    bool busy;
    unsigned tries; /* of the batch under way, without progress */
    struct client_call call;
    struct os_timer again;
};

struct put {
    struct cli *cli;
    struct os_loop *loop;
    struct os_worker *worker;
    struct client *client;
    struct put_options options;
    struct key_rule rule;
    str stream;
    struct input input;
    struct lane *lanes;
    struct buf carry, scratch; /* the beginning of a line that has not ended; of keys */
    str chunk;                 /* what is not yet consumed; absent: the next may be read */
    bool ended;                /* the input has */
    bool tty, json;
    struct os_timer flush, progress;
    int64_t began_us;
    uint64_t lines, records, bytes, again, requests;
    int code;
};

static void consume(struct put *put);

static void give_up(struct put *put, int code)
{
    put->code = code;
    os_loop_stop(put->loop);
}

/* ---- telling --------------------------------------------------------------------------------------------------- */

static void tell_progress(struct os_timer *timer)
{
    struct put *put = container_of(timer, struct put, progress);
    double seconds = (double)(os_mono_us(put->cli->os) - put->began_us) / 1e6;

    fprintf(stderr, "\r%llu records, %.0f/s, %.1f MB/s ", (unsigned long long)put->records,
            (double)put->records / seconds, (double)put->bytes / 1e6 / seconds);
    fflush(stderr);
    os_timer_start(put->loop, timer, PROGRESS_US);
}

static void tell_end(const struct put *put)
{
    double seconds = (double)(os_mono_us(put->cli->os) - put->began_us) / 1e6;

    if (put->tty)
        fprintf(stderr, "\r%40s\r", "");
    if (put->json)
        printf("{\"stream\":\"%.*s\",\"records\":%llu,\"bytes\":%llu,\"seconds\":%.3f,\"records_per_second\":%.0f,"
               "\"requests\":%llu,\"retried\":%llu}\n",
               STR_ARG(put->stream), (unsigned long long)put->records, (unsigned long long)put->bytes, seconds,
               (double)put->records / seconds, (unsigned long long)put->requests, (unsigned long long)put->again);
    else
        printf("%llu records, %.2f MB into %.*s in %.2f s: %.0f records/s, %.1f MB/s (%llu requests, %llu retried)\n",
               (unsigned long long)put->records, (double)put->bytes / 1e6, STR_ARG(put->stream), seconds,
               (double)put->records / seconds, (double)put->bytes / 1e6 / seconds, (unsigned long long)put->requests,
               (unsigned long long)put->again);
}

/* ---- lanes ----------------------------------------------------------------------------------------------------- */

static void lane_send(struct lane *lane)
{
    batch_body(&lane->batches[!lane->filling], lane->put->stream, &lane->call.body);
    lane->put->requests++;
    client_start(&lane->call);
}

/* Send the batch that fills, unless one is under way. */
static void lane_kick(struct lane *lane)
{
    if (lane->busy || lane->batches[lane->filling].count == 0)
        return;
    lane->filling = !lane->filling;
    lane->busy = true;
    lane->tries = 0;
    lane_send(lane);
}

static void kick_all(struct put *put)
{
    bool busy = false;

    for (size_t i = 0; i < put->options.in_flight && put->code == EXIT_OK; i++) {
        lane_kick(&put->lanes[i]);
        busy |= put->lanes[i].busy;
    }
    if (put->ended && !busy)
        os_loop_stop(put->loop);
}

static void flush_fired(struct os_timer *timer)
{
    kick_all(container_of(timer, struct put, flush));
}

static void lane_again(struct os_timer *timer)
{
    lane_send(container_of(timer, struct lane, again));
}

static void lane_retry(struct lane *lane, const char *why)
{
    struct put *put = lane->put;

    if (++lane->tries >= client_tries_max(put->client)) {
        give_up(put, cli_fail(put->cli, EXIT_FAILED, "given up after %u tries: %s", lane->tries, why));
        return;
    }
    put->again += lane->batches[!lane->filling].count;
    os_timer_start(put->loop, &lane->again, client_backoff_us(put->client, lane->tries));
}

static void lane_done(struct client_call *call, enum client_outcome outcome)
{
    struct lane *lane = call->ctx;
    struct put *put = lane->put;
    struct batch *batch = &lane->batches[!lane->filling];
    uint64_t taken, bytes;
    char kind[64] = "", sentence[256] = "", why[400];

    if (put->code != EXIT_OK)
        return;
    if (outcome == CALL_REFUSED) {
        give_up(put, cli_fail(put->cli, EXIT_FAILED, "%s", call->error));
        return;
    }
    if (outcome == CALL_AGAIN) {
        lane_retry(lane, call->error);
        return;
    }
    if (batch_settle(batch, call->answer, &taken, &bytes, kind, sentence) != OK) {
        give_up(put, cli_fail(put->cli, EXIT_FAILED, "the answer to PutRecords cannot be read"));
        return;
    }
    put->records += taken;
    put->bytes += bytes;
    if (taken > 0)
        lane->tries = 0;
    if (batch->count > 0) {
        snprintf(why, sizeof(why), "%s: %s", kind, sentence);
        lane_retry(lane, why);
        return;
    }
    batch_clear(batch);
    lane->busy = false;
    if (str_present(put->chunk))
        consume(put);
    else if (put->ended)
        kick_all(put);
    else if (lane->batches[lane->filling].count > 0)
        os_timer_start(put->loop, &put->flush, FLUSH_US);
}

/* ---- lines ----------------------------------------------------------------------------------------------------- */

/* False: the line's lane has no room now. */
static bool add_line(struct put *put, str line)
{
    str key = key_of_line(&put->rule, line, &put->scratch);
    struct lane *lane = &put->lanes[lane_of_key(key, put->options.in_flight)];
    struct batch *batch = &lane->batches[lane->filling];

    if (batch->count >= put->options.batch || !batch_fits(batch, key.size + line.size)) {
        if (lane->busy)
            return false;
        lane_kick(lane);
        batch = &lane->batches[lane->filling];
    }
    batch_add(batch, key, line);
    put->lines++;
    if (batch->bytes.err != OK || put->scratch.err != OK)
        give_up(put, cli_fail(put->cli, EXIT_FAILED, "out of memory at line %llu", (unsigned long long)put->lines));
    return true;
}

/* One line from the front of the chunk, or what is carried and the front; false: wait for a lane. */
static bool take_line(struct put *put)
{
    size_t end = str_index(put->chunk, '\n');
    str line = str_slice(put->chunk, 0, end);

    if (put->carry.size > 0) {
        size_t carried = put->carry.size;

        buf_append(&put->carry, line);
        if (put->carry.err == OK && !add_line(put, buf_str(&put->carry))) {
            put->carry.size = carried;
            return false;
        }
    } else if (!add_line(put, line)) {
        return false;
    }
    if (put->carry.err == OK)
        buf_clear(&put->carry);
    put->chunk = str_slice(put->chunk, end + 1, put->chunk.size);
    return true;
}

/* As many lines as the lanes take; then read on. */
static void consume(struct put *put)
{
    while (put->code == EXIT_OK && put->carry.err == OK && str_index(put->chunk, '\n') < put->chunk.size)
        if (!take_line(put))
            return;
    if (put->code != EXIT_OK)
        return;
    buf_append(&put->carry, put->chunk);
    if (put->carry.err != OK || put->carry.size > RECORD_BYTES_MAX) {
        give_up(put, cli_fail(put->cli, EXIT_FAILED, "line %llu is longer than a record can be, %d bytes",
                              (unsigned long long)put->lines + 1, RECORD_BYTES_MAX));
        return;
    }
    put->chunk = (str){ 0 };
    os_timer_start(put->loop, &put->flush, FLUSH_US); /* if nothing more comes until then, send what there is */
    input_more(&put->input);
}

static void end_input(struct put *put)
{
    if (put->carry.size > 0) { /* a last line without an end: it gets one, and goes the usual way */
        put->chunk = STR("\n");
        consume(put);
        return;
    }
    put->ended = true;
    kick_all(put);
}

static void input_bytes(struct input *input, str bytes)
{
    struct put *put = input->ctx;

    if (put->code != EXIT_OK)
        return;
    if (bytes.size == 0) {
        end_input(put);
        return;
    }
    put->chunk = bytes;
    consume(put);
}

static void input_failed(struct input *input, const char *why)
{
    struct put *put = input->ctx;

    give_up(put, cli_fail(put->cli, EXIT_FAILED, "cannot read the input: %s", why));
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static bool make_rule(struct put *put)
{
    const struct put_options *options = &put->options;
    char why[128];
    int wrong;

    if ((options->key != NULL) + (options->key_regex != NULL) + (options->key_field > 0) > 1) {
        cli_fail(put->cli, EXIT_USAGE, "--key, --key-field and --key-regex exclude each other");
        return false;
    }
    if (options->key) {
        put->rule = (struct key_rule){ .kind = KEY_OF_TEXT, .text = str_of(options->key) };
        if (put->rule.text.size >= 1 && put->rule.text.size <= KEY_BYTES_MAX && str_is_utf8(put->rule.text))
            return true;
        cli_fail(put->cli, EXIT_USAGE, "--key takes 1 to %d bytes of UTF-8", KEY_BYTES_MAX);
        return false;
    }
    if (options->key_field > 0)
        put->rule = (struct key_rule){ .kind = KEY_OF_FIELD, .field = options->key_field };
    if (!options->key_regex)
        return true;
    put->rule.kind = KEY_OF_REGEX;
    wrong = regcomp(&put->rule.regex, options->key_regex, REG_EXTENDED);
    if (wrong == 0)
        return true;
    regerror(wrong, &put->rule.regex, why, sizeof(why));
    cli_fail(put->cli, EXIT_USAGE, "--key-regex is \"%.100s\": %s", options->key_regex, why);
    put->rule.kind = KEY_OF_HASH; /* nothing to free */
    return false;
}

static enum err make_lanes(struct put *put)
{
    put->lanes = calloc(put->options.in_flight, sizeof(*put->lanes));
    if (!put->lanes)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < put->options.in_flight; i++) {
        struct lane *lane = &put->lanes[i];

        lane->put = put;
        lane->again.fire = lane_again;
        batch_init(&lane->batches[0]);
        batch_init(&lane->batches[1]);
        client_call_init(&lane->call, put->client, "PutRecords", BATCH_BODY_MAX);
        lane->call.done = lane_done;
        lane->call.ctx = lane;
    }
    return OK;
}

static void free_lanes(struct put *put)
{
    for (size_t i = 0; put->lanes && i < put->options.in_flight; i++) {
        os_timer_stop(&put->lanes[i].again);
        batch_deinit(&put->lanes[i].batches[0]);
        batch_deinit(&put->lanes[i].batches[1]);
        client_call_deinit(&put->lanes[i].call);
    }
    free(put->lanes);
}

static void run_loop(struct put *put)
{
    put->began_us = os_mono_us(put->cli->os);
    put->flush.fire = flush_fired;
    put->progress.fire = tell_progress;
    if (put->tty)
        os_timer_start(put->loop, &put->progress, PROGRESS_US);
    input_more(&put->input);
    os_loop_run(put->loop);
    os_timer_stop(&put->flush);
    os_timer_stop(&put->progress);
    if (put->code == EXIT_OK)
        tell_end(put);
    fflush(stdout);
    if (put->input.reading)
        exit(put->code); /* a read of a quiet pipe cannot be called back */
}

static int run_with_client(struct put *put, const char *path)
{
    enum err err = input_open(&put->input, put->loop, put->worker, path);

    if (err != OK)
        return cli_fail(put->cli, EXIT_FAILED, "cannot open %s: %s", path, cli_reason(err));
    if (make_lanes(put) == OK)
        run_loop(put);
    else
        put->code = cli_fail(put->cli, EXIT_FAILED, "%s", cli_reason(ERR_NO_MEMORY));
    input_close(&put->input);
    return put->code;
}

static int run(struct cli *cli, const char *const *args)
{
    struct put *put = arena_alloc(&cli->arena, sizeof(*put));
    struct client_options client = { 0 };
    struct options_rest rest;
    int code = EXIT_USAGE;

    if (!put)
        return cli_fail(cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY));
    put->cli = cli;
    put->options = (struct put_options){ .in_flight = 8, .batch = BATCH_RECORDS_MAX };
    if (!cli_options(cli, &put_command, args, &put->options, &client, &rest) || !make_rule(put))
        return EXIT_USAGE;
    if (rest.count < 1 || rest.count > 2)
        return cli_fail(cli, EXIT_USAGE, "expected STREAM and perhaps FILE; see leat put --help");
    put->stream = str_of(rest.args[0]);
    put->json = client.json;
    put->tty = isatty(STDERR_FILENO) && !client.json;
    put->input.bytes = input_bytes;
    put->input.failed = input_failed;
    put->input.ctx = put;
    buf_init(&put->carry, RECORD_BYTES_MAX + INPUT_CHUNK_BYTES);
    buf_init(&put->scratch, RECORD_BYTES_MAX + INPUT_CHUNK_BYTES);
    if (os_loop_create(cli->os, &put->loop) != OK)
        return cli_fail(cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY));
    if (os_worker_create(cli->os, "input", 1, &put->worker) == OK) {
        if (client_create(cli, &client, put->loop, &put->client) == OK)
            code = run_with_client(put, rest.count == 2 ? rest.args[1] : "-");
        client_destroy(put->client);
        free_lanes(put);
        os_worker_destroy(put->worker);
    }
    os_loop_destroy(put->loop);
    buf_deinit(&put->carry);
    buf_deinit(&put->scratch);
    if (put->rule.kind == KEY_OF_REGEX)
        regfree(&put->rule.regex);
    return code;
}

const struct command put_command = {
    .name = "put",
    .usage = "STREAM [FILE]",
    .summary = "Write each line of a file or of standard input as one record.",
    .description =
        "Lines are gathered into PutRecords requests of up to 500 records or 4 MiB, several of which are under\n"
        "way at a time. Records of one key are never sent before earlier ones of that key have been answered.\n"
        "What the service refuses for the moment (throughput of a shard, an internal failure) is sent again\n"
        "with growing pauses; if it refuses part of a request, those records come behind the rest of it.\n"
        "A line's end is not part of its record. Without a key option the key is a hash of the line.\n",
    .examples = "  leat put clicks --key-field 1 access.log\n"
                "      A web server's log, keyed by client address.\n"
                "  tail -F app.log | leat put events --key-regex 'user=([^ ]+)'\n"
                "      Lines as they come; what a slow pipe brings is sent within 20 ms.\n",
    .options = put_options,
    .option_count = sizeof(put_options) / sizeof(*put_options),
    .client = true,
    .run = run,
};
