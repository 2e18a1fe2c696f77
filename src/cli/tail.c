/* tail.c: leat tail: the records of a stream as lines.
 *
 *   ListShards --> a cursor for each shard --ready--> GetShardIterator --> GetRecords --+--> end: drained, children
 * ready
 *                                                          ^------ more, or due later --+
 *
 * Without --follow one shard is read after the other, in the order in which they came to be. With --follow several
 * are read at a time, and a child only when its parents are drained, so that the records of a key keep their order. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/client.h"
#include "cli/shards.h"
#include "codec/json.h"

enum { LANES_MAX = 16, POLL_US = 220000, BODY_MAX = 1 << 20, LINE_MAX_BYTES = 64 << 20 };

struct tail_options {
    const char *from, *shard;
    uint64_t count, limit;
    bool follow, raw, keys;
};

#define OPTION(field_, type_) .type = (type_), .offset = offsetof(struct tail_options, field_)

static const struct option tail_options[] = {
    { .name = "from",
      .value = "WHERE",
      OPTION(from, OPTION_TEXT),
      .manual = "trim-horizon (all there is; the default), latest, or a time as in 2026-01-01T00:15:00Z." },
    { .name = "follow",
      OPTION(follow, OPTION_FLAG),
      .manual = "Wait for more, in all shards at once; without it the end of the stream is the end." },
    { .name = "shard",
      .value = "ID",
      OPTION(shard, OPTION_TEXT),
      .manual = "Only this shard: shardId-000000000000 or 0." },
    { .name = "count",
      .value = "N",
      OPTION(count, OPTION_COUNT),
      .min = 1,
      .max = UINT64_MAX,
      .manual = "Stop after N records." },
    { .name = "limit",
      .value = "N",
      OPTION(limit, OPTION_COUNT),
      .min = 1,
      .max = 10000,
      .manual = "At most N records to a request (10000)." },
    { .name = "keys", OPTION(keys, OPTION_FLAG), .manual = "Shard, key and data, with tabs between them." },
    { .name = "raw", OPTION(raw, OPTION_FLAG), .manual = "The bytes of the records and nothing between them." },
};

struct tail;

struct lane {
    struct tail *tail;
    struct cursor *cursor; /* NULL: idle */
    bool started;          /* a call is under way */
    struct client_call call;
};

struct tail {
    struct cli *cli;
    struct os_loop *loop;
    struct client *client;
    struct tail_options options;
    bool json;
    str stream, only;
    ms from_time;
    enum { FROM_START, FROM_LATEST, FROM_TIME } from;
    struct shards shards;
    struct client_call list;
    struct lane lanes[LANES_MAX];
    size_t lane_count;
    struct list queue; /* of cursors that want a lane, by due time */
    struct os_timer wake;
    struct cursor *reading; /* whose answer is being printed */
    struct buf line;
    uint64_t printed;
    bool pumping;
    int code;
    bool stopped;
};

static void pump(struct tail *tail);

static void stop(struct tail *tail, int code)
{
    tail->code = code;
    tail->stopped = true;
    os_loop_stop(tail->loop);
}

/* ---- printing -------------------------------------------------------------------------------------------------- */

static void print_json(struct tail *tail, const struct record_line *record)
{
    struct json_writer json;
    char time[DATE_TEXT_MAX];
    bool text = str_is_utf8(record->data);

    date_format_iso(record->arrived, time);
    json_write_init(&json, &tail->line);
    json_write_object_begin(&json);
    json_write_key(&json, STR("shard"));
    json_write_string(&json, tail->reading->id);
    json_write_key(&json, STR("sequence"));
    json_write_string(&json, record->sequence);
    json_write_key(&json, STR("arrived"));
    json_write_string(&json, str_of(time));
    json_write_key(&json, STR("key"));
    json_write_string(&json, record->key);
    json_write_key(&json, text ? STR("data") : STR("data_base64"));
    if (text)
        json_write_string(&json, record->data);
    else
        json_write_base64(&json, record->data);
    json_write_object_end(&json);
    buf_byte(&tail->line, '\n');
}

static enum err print(void *ctx, const struct record_line *record)
{
    struct tail *tail = ctx;
    char *sequence;

    if (tail->stopped)
        return OK;
    buf_clear(&tail->line);
    if (tail->json) {
        print_json(tail, record);
    } else {
        if (tail->options.keys)
            buf_fmt(&tail->line, "%.*s\t%.*s\t", STR_ARG(tail->reading->id), STR_ARG(record->key));
        buf_append(&tail->line, record->data);
        if (!tail->options.raw)
            buf_byte(&tail->line, '\n');
    }
    TRY(tail->line.err);
    if (fwrite(tail->line.at, 1, tail->line.size, stdout) != tail->line.size) {
        stop(tail, EXIT_OK); /* our reader has gone; that is how pipelines end */
        return OK;
    }
    sequence = strndup(record->sequence.at, record->sequence.size);
    if (!sequence)
        return ERR_NO_MEMORY;
    free(tail->reading->sequence_memory);
    tail->reading->sequence_memory = sequence;
    tail->reading->last_sequence = str_of(sequence);
    if (++tail->printed == tail->options.count)
        stop(tail, EXIT_OK);
    return OK;
}

/* ---- cursors --------------------------------------------------------------------------------------------------- */

static void queue_cursor(struct tail *tail, struct cursor *cursor, int64_t delay_us)
{
    struct list *at = &tail->queue;

    cursor->due_us = os_mono_us(tail->cli->os) + delay_us;
    cursor->queued = true;
    while (at->prev != &tail->queue && container_of(at->prev, struct cursor, link)->due_us > cursor->due_us)
        at = at->prev;
    list_insert_before(at, &cursor->link);
}

/* A shard that GetRecords names as a child of the one it has just ended. */
static enum err add_child(void *ctx, str id, str parent, str adjacent)
{
    struct tail *tail = ctx;
    struct cursor *cursor;

    if (str_present(tail->only) || shards_find(&tail->shards, id))
        return OK;
    cursor = shards_add(&tail->shards, id, parent, adjacent);
    if (!cursor)
        return ERR_NO_MEMORY;
    cursor->from_start = true;
    return OK;
}

/* Queue what has become ready: with --follow all of them, else the next in order. */
static void queue_ready(struct tail *tail)
{
    for (size_t i = 0; i < tail->shards.count; i++) {
        struct cursor *cursor = tail->shards.cursors[i];

        if (cursor->drained)
            continue;
        if (!cursor->queued && shards_ready(&tail->shards, cursor))
            queue_cursor(tail, cursor, 0);
        if (!tail->options.follow)
            return;
    }
}

static bool set_iterator(struct cursor *cursor, str iterator)
{
    char *copy = str_present(iterator) ? strndup(iterator.at, iterator.size) : NULL;

    free(cursor->iterator_memory);
    cursor->iterator_memory = copy;
    cursor->iterator = str_of(copy);
    return copy || !str_present(iterator);
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

static void iterator_body(struct tail *tail, const struct cursor *cursor, struct buf *body)
{
    struct json_writer json;
    str type = STR("TRIM_HORIZON");

    json_write_init(&json, body);
    json_write_object_begin(&json);
    json_write_key(&json, STR("StreamName"));
    json_write_string(&json, tail->stream);
    json_write_key(&json, STR("ShardId"));
    json_write_string(&json, cursor->id);
    if (str_present(cursor->last_sequence)) {
        type = STR("AFTER_SEQUENCE_NUMBER");
        json_write_key(&json, STR("StartingSequenceNumber"));
        json_write_string(&json, cursor->last_sequence);
    } else if (!cursor->from_start && tail->from == FROM_LATEST) {
        type = STR("LATEST");
    } else if (!cursor->from_start && tail->from == FROM_TIME) {
        type = STR("AT_TIMESTAMP");
        json_write_key(&json, STR("Timestamp"));
        json_write_seconds(&json, tail->from_time);
    }
    json_write_key(&json, STR("ShardIteratorType"));
    json_write_string(&json, type);
    json_write_object_end(&json);
}

static void lane_start(struct lane *lane)
{
    struct tail *tail = lane->tail;
    struct buf *body = &lane->call.body;
    struct json_writer json;

    buf_clear(body);
    if (!str_present(lane->cursor->iterator)) {
        lane->call.operation = "GetShardIterator";
        iterator_body(tail, lane->cursor, body);
    } else {
        lane->call.operation = "GetRecords";
        json_write_init(&json, body);
        json_write_object_begin(&json);
        json_write_key(&json, STR("ShardIterator"));
        json_write_string(&json, lane->cursor->iterator);
        json_write_key(&json, STR("Limit"));
        json_write_uint(&json, tail->options.limit);
        json_write_object_end(&json);
    }
    lane->started = true;
    client_start(&lane->call);
}

/* {"ShardIterator": "..."} */
static enum err read_iterator(struct cursor *cursor, struct buf *answer)
{
    struct json json;
    struct json_token key, value;

    json_init(&json, answer->at, answer->size, 8);
    TRY(json_expect(&json, JSON_OBJECT_BEGIN, &key));
    for (;;) {
        TRY(json_next(&json, &key));
        if (key.kind == JSON_OBJECT_END)
            return str_present(cursor->iterator) ? OK : ERR_MALFORMED;
        TRY(json_next(&json, &value));
        if (value.kind == JSON_STRING && str_eq(key.text, STR("ShardIterator")) && !set_iterator(cursor, value.text))
            return ERR_NO_MEMORY;
        TRY(json_skip_rest(&json, value.kind));
    }
}

/* What an answer of GetRecords means for the cursor: more at once, more later, or the end. */
static enum err take_records(struct tail *tail, struct cursor *cursor, struct buf *answer)
{
    const struct records_reader reader = { .each = print, .child = add_child, .ctx = tail };
    struct records_answer got;

    tail->reading = cursor;
    TRY(shards_records(answer, &reader, &got));
    if (!set_iterator(cursor, got.iterator))
        return ERR_NO_MEMORY;
    if (!str_present(got.iterator)) {
        cursor->drained = true;
        cursor->queued = false;
    } else if (got.records > 0 || got.behind_ms > 0) {
        queue_cursor(tail, cursor, got.records > 0 ? 0 : POLL_US);
    } else if (tail->options.follow) {
        queue_cursor(tail, cursor, POLL_US);
    } else {
        cursor->drained = true; /* the present end is the end */
        cursor->queued = false;
    }
    return OK;
}

static void lane_refused(struct lane *lane, enum client_outcome outcome)
{
    struct tail *tail = lane->tail;
    struct cursor *cursor = lane->cursor;

    lane->cursor = NULL;
    if (strcmp(lane->call.type, "ExpiredIteratorException") == 0) {
        (void)set_iterator(cursor, (str){ 0 });
        queue_cursor(tail, cursor, 0);
    } else if (outcome == CALL_AGAIN && ++cursor->tries < client_tries_max(tail->client)) {
        queue_cursor(tail, cursor, client_backoff_us(tail->client, cursor->tries));
    } else {
        stop(tail, cli_fail(tail->cli, EXIT_FAILED, "%s", lane->call.error));
    }
}

static void lane_done(struct client_call *call, enum client_outcome outcome)
{
    struct lane *lane = call->ctx;
    struct tail *tail = lane->tail;
    struct cursor *cursor = lane->cursor;
    enum err err;

    lane->started = false;
    if (tail->stopped)
        return;
    if (outcome != CALL_DONE) {
        lane_refused(lane, outcome);
    } else {
        lane->cursor = NULL;
        cursor->tries = 0;
        if (str_present(cursor->iterator)) {
            err = take_records(tail, cursor, call->answer);
        } else {
            err = read_iterator(cursor, call->answer);
            if (err == OK)
                queue_cursor(tail, cursor, 0);
        }
        if (err != OK)
            stop(tail, cli_fail(tail->cli, EXIT_FAILED, "the answer to %s cannot be read: %s", call->operation,
                                err_sentence(err)));
    }
    if (!tail->stopped)
        pump(tail);
}

/* Give idle lanes to cursors that are due. A call may end before client_start returns, hence `pumping`. */
static void pump(struct tail *tail)
{
    size_t busy = 0;

    if (tail->pumping)
        return;
    tail->pumping = true;
    queue_ready(tail);
    for (size_t i = 0; i < tail->lane_count && !tail->stopped; i++) {
        struct lane *lane = &tail->lanes[i];
        struct cursor *first = container_of(tail->queue.next, struct cursor, link);

        if (!lane->cursor && !list_empty(&tail->queue) && first->due_us <= os_mono_us(tail->cli->os)) {
            list_remove(&first->link);
            lane->cursor = first;
            lane_start(lane);
        }
        busy += lane->cursor != NULL;
    }
    tail->pumping = false;
    if (tail->stopped)
        return;
    if (busy < tail->lane_count && !list_empty(&tail->queue)) {
        int64_t wait_us = container_of(tail->queue.next, struct cursor, link)->due_us - os_mono_us(tail->cli->os);

        if (fflush(stdout) != 0)
            stop(tail, EXIT_OK);
        os_timer_start(tail->loop, &tail->wake, wait_us > 0 ? wait_us : 0);
    } else if (busy == 0) {
        stop(tail, EXIT_OK);
    }
}

static void woken(struct os_timer *timer)
{
    pump(container_of(timer, struct tail, wake));
}

/* ---- the shards ------------------------------------------------------------------------------------------------ */

static void list_start(struct tail *tail, str token)
{
    struct json_writer json;

    buf_clear(&tail->list.body);
    json_write_init(&json, &tail->list.body);
    json_write_object_begin(&json);
    json_write_key(&json, str_present(token) ? STR("NextToken") : STR("StreamName"));
    json_write_string(&json, str_present(token) ? token : tail->stream);
    if (!str_present(token) && tail->from == FROM_LATEST) {
        json_write_key(&json, STR("ShardFilter"));
        json_write_raw(&json, STR("{\"Type\":\"AT_LATEST\"}"));
    }
    json_write_object_end(&json);
    client_start(&tail->list);
}

/* Only the shard that was asked for, by id or by number. */
static bool keep_only(struct tail *tail)
{
    uint64_t number;
    struct cursor *cursor;

    if (!tail->options.shard)
        return true;
    tail->only = str_of(tail->options.shard);
    if (str_u64(tail->only, &number) == OK)
        tail->only = arena_fmt(&tail->cli->arena, "shardId-%012llu", (unsigned long long)number);
    cursor = shards_find(&tail->shards, tail->only);
    if (!cursor)
        return false;
    for (size_t i = 0; i < tail->shards.count; i++)
        tail->shards.cursors[i]->drained = tail->shards.cursors[i] != cursor;
    return true;
}

static void listed(struct client_call *call, enum client_outcome outcome)
{
    struct tail *tail = call->ctx;
    str token;

    if (outcome != CALL_DONE) {
        stop(tail, cli_fail(tail->cli, EXIT_FAILED, "%s", call->error));
    } else if (shards_page(&tail->shards, call->answer, &token) != OK) {
        stop(tail, cli_fail(tail->cli, EXIT_FAILED, "the answer to ListShards cannot be read"));
    } else if (str_present(token)) {
        list_start(tail, token);
    } else if (!keep_only(tail)) {
        stop(tail, cli_fail(tail->cli, EXIT_FAILED, "stream %.*s has no shard %s", STR_ARG(tail->stream),
                            tail->options.shard));
    } else {
        pump(tail);
    }
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static bool parse_from(struct tail *tail)
{
    str from = str_of(tail->options.from);

    if (!str_present(from) || str_eq(from, STR("trim-horizon")))
        return true;
    if (str_eq(from, STR("latest"))) {
        tail->from = FROM_LATEST;
        return true;
    }
    tail->from = FROM_TIME;
    if (date_parse(from, &tail->from_time) == OK)
        return true;
    cli_fail(tail->cli, EXIT_USAGE,
             "--from is \"%.100s\", which is not allowed; allowed: trim-horizon, latest, or a time as in "
             "2026-01-01T00:15:00Z",
             from.at);
    return false;
}

static void run_loop(struct tail *tail)
{
    tail->lane_count = tail->options.follow ? LANES_MAX : 1;
    tail->wake.fire = woken;
    list_init(&tail->queue);
    shards_init(&tail->shards);
    buf_init(&tail->line, LINE_MAX_BYTES);
    client_call_init(&tail->list, tail->client, "ListShards", BODY_MAX);
    tail->list.done = listed;
    tail->list.ctx = tail;
    for (size_t i = 0; i < tail->lane_count; i++) {
        tail->lanes[i].tail = tail;
        client_call_init(&tail->lanes[i].call, tail->client, "GetRecords", BODY_MAX);
        tail->lanes[i].call.done = lane_done;
        tail->lanes[i].call.ctx = &tail->lanes[i];
    }
    list_start(tail, (str){ 0 });
    os_loop_run(tail->loop);
    os_timer_stop(&tail->wake);
    if (fflush(stdout) != 0 && tail->code == EXIT_OK)
        tail->code = EXIT_FAILED;
    client_destroy(tail->client);
    for (size_t i = 0; i < tail->lane_count; i++)
        client_call_deinit(&tail->lanes[i].call);
    client_call_deinit(&tail->list);
    shards_deinit(&tail->shards);
    buf_deinit(&tail->line);
}

static int run(struct cli *cli, const char *const *args)
{
    struct tail *tail = arena_alloc(&cli->arena, sizeof(*tail));
    struct client_options client = { 0 };
    struct options_rest rest;

    if (!tail)
        return cli_fail(cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY));
    tail->cli = cli;
    tail->options.limit = 10000;
    if (!cli_options(cli, &tail_command, args, &tail->options, &client, &rest) || !parse_from(tail))
        return EXIT_USAGE;
    if (rest.count != 1)
        return cli_fail(cli, EXIT_USAGE, "expected one STREAM; see leat tail --help");
    if (client.json + tail->options.keys + tail->options.raw > 1)
        return cli_fail(cli, EXIT_USAGE, "--json, --keys and --raw exclude each other");
    tail->stream = str_of(rest.args[0]);
    tail->json = client.json;
    if (os_loop_create(cli->os, &tail->loop) != OK)
        return cli_fail(cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY));
    if (client_create(cli, &client, tail->loop, &tail->client) == OK)
        run_loop(tail);
    else
        tail->code = EXIT_USAGE;
    os_loop_destroy(tail->loop);
    return tail->code;
}

const struct command tail_command = {
    .name = "tail",
    .usage = "STREAM",
    .summary = "Print the records of a stream, one line each.",
    .description =
        "Without --follow the shards are read one after the other, in the order in which they came to be, up to\n"
        "what is there now. With --follow they are read at once and waited for; shards that come out of a\n"
        "split or merge are read when their parents have been read to the end, so the records of a key keep\n"
        "their order.\n",
    .examples = "  leat tail clicks --from latest --follow\n"
                "      What comes in from now on.\n"
                "  leat tail clicks --json --count 10 | jq -r .key\n"
                "      The keys of the ten oldest records of the first shard that has any.\n",
    .options = tail_options,
    .option_count = sizeof(tail_options) / sizeof(*tail_options),
    .client = true,
    .run = run,
};
