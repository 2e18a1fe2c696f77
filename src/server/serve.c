/* serve.c: from settings to a serving server, and back down.
 *
 *   start   lock, keys, certificates -> log recovers -> catalog folds -> credentials, listeners, declared streams
 *           -> the ready line
 *   stop    listeners and silent connections close, a short while for what is on its way: each answer now ends its
 *           connection -> connections finish what they took (or shutdown-grace ends them) -> the log finishes ->
 *           everything is given back, in the reverse order */
#include "server/serve.h"

#include <stdio.h>
#include <stdlib.h>

#include "kinesis_model.h"
#include "server/room.h"

enum {
    TURN_US = 50000,
    REST_US = 1000000,
    SNAPSHOT_BYTES_MIN = 1 << 20,
    WAITING_PUTS_MAX = 20000,
    WAITING_PUTS_MS = 25000,
    REQUEST_ARENA_MAX = 64 << 20,
    REQUESTS_MAX = 100000,
    SIGNING_KEYS_MAX = 4096,
    CANONICAL_BYTES_MAX = 256 << 10,
    FAILED_GRACE_US = 200000,
    LINGER_US = 250000, /* for requests that were on their way when the stop began */
    BACKLOG = 4096,
    OWN_FILES = 512,
    HOSTS_MAX = 64,
};

extern operation_call *const kinesis_calls[];

ms server_now(const struct server *server)
{
    return os_wall_ms(server->os);
}

int64_t server_now_ms(const struct server *server)
{
    return os_mono_us(server->os) / 1000;
}

/* Comes again as long as there is something left to do; an idle server sleeps. */
static void turn(struct os_timer *timer)
{
    struct server *server = container_of(timer, struct server, turn);
    bool waits;

    server->turn_armed = false;
    logger_flush(&server->logger);
    waits = conns_turn(server);
    if (waits || server->logger.lines.size)
        server_turn_soon(server);
}

void server_turn_soon(struct server *server)
{
    if (server->turn_armed)
        return;
    server->turn_armed = true;
    os_timer_start(server->loop, &server->turn, TURN_US);
}

/* Once a second while requests come; after a second without any the owner is told, and then an idle server sleeps. */
static void rest(struct os_timer *timer)
{
    struct server *server = container_of(timer, struct server, rest);

    server->rest_armed = false;
    if (server->rest_requests == server->count_http.requests)
        server->resting(server->stopped_ctx);
    else
        server_rest_later(server);
}

void server_rest_later(struct server *server)
{
    if (server->rest_armed || server->resting == NULL)
        return;
    server->rest_armed = true;
    server->rest_requests = server->count_http.requests;
    os_timer_start(server->loop, &server->rest, REST_US);
}

static void lines_gathered(void *ctx)
{
    server_turn_soon(ctx);
}

/* ---- down --------------------------------------------------------------------------------------------------------- */

/* Nothing is under way any more, or never was. */
static void final(struct os_message *message)
{
    struct server *server = container_of(message, struct server, final);

    if (server->streams)
        streams_destroy(server->streams);
    if (server->catalog)
        catalog_close(server->catalog);
    declare_stop(server);
    if (server->api)
        api_destroy(server->api);
    if (server->keyring)
        keyring_close(server->keyring);
    if (server->sealer)
        iter_sealer_destroy(server->sealer);
    sigv4_destroy(server->sigv4);
    if (server->tls)
        tls_context_destroy(server->tls);
    if (server->log)
        LOG(&server->logger, server_now(server), stopped, LOG_TEXT("data", str_of(server->dir)));
    logger_flush(&server->logger);
    os_timer_stop(&server->turn);
    os_timer_stop(&server->rest);
    server->stopped(server->stopped_ctx, server->exit_code);
}

static void log_closed(void *ctx)
{
    struct server *server = ctx;

    if (server->streams)
        streams_stop(server->streams);
    if (server->catalog)
        catalog_stop(server->catalog);
    if (server->worker)
        os_worker_destroy(server->worker);
    server->worker = NULL;
    server->final.run = final;
    os_post(server->loop, &server->final);
}

static void close_all(struct server *server)
{
    server->state = SERVER_CLOSING;
    os_timer_stop(&server->grace);
    os_timer_stop(&server->linger);
    if (server->log)
        log_close(server->log, log_closed, server);
    else
        log_closed(server);
}

static void grace_over(struct os_timer *timer)
{
    struct server *server = container_of(timer, struct server, grace);

    conns_close(server);
}

static void linger_over(struct os_timer *timer)
{
    struct server *server = container_of(timer, struct server, linger);

    if (server->api)
        api_end_streams(server->api);
    conns_shutdown(server);
}

static void drain(struct server *server)
{
    bool failed = server->exit_code != 0;

    if (server->state == SERVER_SERVING)
        LOG(&server->logger, server_now(server), stopping, LOG_NUMBER("connections", server->conn_count));
    if (server->state == SERVER_SERVING && server->serving)
        server->serving(server->stopped_ctx, false);
    server->state = SERVER_DRAINING;
    for (size_t i = 0; i < server->listener_count; i++)
        os_listener_close(server->listeners[i]);
    server->listener_count = 0;
    control_stop(server);
    reload_stop(server);
    if (server->api)
        api_end_streams(server->api);
    os_timer_start(server->loop, &server->grace,
                   failed ? FAILED_GRACE_US : server->settings->shutdown_grace_ms * 1000);
    if (failed || server->settings->shutdown_grace_ms == 0)
        conns_shutdown(server);
    else
        os_timer_start(server->loop, &server->linger, LINGER_US);
    conns_leave(server);
}

void server_stop(struct server *server)
{
    if (server->state == SERVER_STARTING || server->state == SERVER_SERVING)
        drain(server);
    if (server->state == SERVER_DRAINING && server->conn_count == 0)
        close_all(server);
}

void server_fail(struct server *server, enum err err, str sentence)
{
    if (server->exit_code == 0)
        LOG(&server->logger, server_now(server), failed, LOG_TEXT("reason", sentence),
            LOG_TEXT("error", str_of(err_sentence(err))));
    server->exit_code = 1;
    server_stop(server);
}

/* ---- what the parts tell us ----------------------------------------------------------------------------------------- */

static struct log_horizon horizon(void *ctx, log_id id)
{
    struct server *server = ctx;

    if (!server->catalog_ready)
        return (struct log_horizon){ 0 };
    return catalog_horizon(server->catalog, id, server_now(server));
}

static void report(void *ctx, int level, str sentence)
{
    struct server *server = ctx;

    if (level >= LEVEL_ERROR)
        LOG(&server->logger, server_now(server), log_error, LOG_TEXT("what", sentence));
    else if (level == LEVEL_WARN)
        LOG(&server->logger, server_now(server), log_trouble, LOG_TEXT("what", sentence));
    else
        LOG(&server->logger, server_now(server), log_note, LOG_TEXT("what", sentence));
}

static void log_failed(void *ctx, enum err err, str sentence)
{
    server_fail(ctx, err, sentence);
}

/* Nobody but the server itself splits shards of on-demand streams. */
static void note_split(struct server *server, const struct stream *stream, const struct shard *shard)
{
    if (shard->closed_at && stream->record->mode.value == MODE_ON_DEMAND)
        LOG(&server->logger, server_now(server), shard_split, LOG_TEXT("stream", stream->record->name),
            LOG_NUMBER("shard", shard->index));
}

static void catalog_event(void *ctx, enum catalog_event event, struct stream *stream, void *object)
{
    struct server *server = ctx;

    if (server->streams)
        streams_event(server->streams, event, stream, object);
    if (event == STREAM_GONE && str_present(stream->record->key_arn) && server->keyring)
        keyring_drop(server->keyring, stream->id);
    if (event == SHARD_CHANGED)
        note_split(server, stream, object);
    if (event == STREAM_CHANGED)
        declare_look(server);
}

static void keys_changed(void *ctx)
{
    struct server *server = ctx;

    if (server->streams)
        streams_keys_changed(server->streams);
}

static void signalled(void *ctx, enum os_signal signal)
{
    struct server *server = ctx;

    if (signal == OS_RELOAD)
        reload_now(server);
    else if (server->state == SERVER_DRAINING)
        conns_close(server);
    else if (server->state == SERVER_SERVING || server->declare)
        server_stop(server);
    else if (server->state == SERVER_STARTING)
        server->stop_asked = true;
}

/* Between two steps of a start. */
static bool leaves(struct server *server)
{
    if (server->state == SERVER_STARTING && server->stop_asked)
        server_stop(server);
    return server->state != SERVER_STARTING;
}

static void access_line(void *ctx, const struct rq *rq, int status, str error, size_t bytes_out, int64_t micros)
{
    struct server *server = ctx;
    struct log_access access = { .status = status, .error = error, .bytes_out = bytes_out, .us = micros };

    if (server->settings->access_log == ACCESS_OFF ||
        (server->settings->access_log == ACCESS_ERRORS && status < 400))
        return;
    access_of(rq, &access);
    logger_access(&server->logger, server_now(server), &access);
}

/* ---- up ----------------------------------------------------------------------------------------------------------- */

static bool is_loopback(str address)
{
    return str_starts(address, STR("127.")) || str_starts(address, STR("[::1]")) || str_starts(address, STR("unix:")) ||
           str_starts(address, STR("localhost:"));
}

static void ready(struct server *server)
{
    static const char *const durabilities[] = { "sync", "os", "memory" };
    const struct settings *settings = server->settings;
    struct buf listen;

    buf_init(&listen, 4096);
    for (size_t i = 0; i < server->listener_count; i++)
        buf_fmt(&listen, "%shttp%s://%.*s", i ? " " : "", settings->tls == TLS_REQUIRED ? "s" : "",
                STR_ARG(os_listener_address(server->listeners[i])));
    LOG(&server->logger, server_now(server), ready, LOG_TEXT("listen", buf_str(&listen)),
        LOG_TEXT("tls", settings->tls == TLS_OFF ? STR("off") : STR("on")),
        LOG_TEXT("data", settings->durability == DURABILITY_MEMORY ? STR("(memory)") : str_of(server->dir)),
        LOG_TEXT("durability", str_of(durabilities[settings->durability])),
        LOG_TEXT("limits", settings->limits == RULES_AWS ? STR("aws") : STR("off")),
        LOG_TEXT("signatures", server->verifying ? STR("checked") : STR("not checked")));
    buf_deinit(&listen);
    if (server->conn_max < settings->connections_max)
        LOG(&server->logger, server_now(server), few_files, LOG_NUMBER("connections", server->conn_max));
    if (server->serving)
        server->serving(server->stopped_ctx, true);
    logger_flush(&server->logger);
}

static enum err listen_on(struct server *server, const char *address, char *ret_why)
{
    struct os_listen listen = { .address = str_of(address), .backlog = BACKLOG, .accept = conn_accept, .ctx = server };
    enum err err;

    if (!server->verifying && !is_loopback(listen.address)) {
        if (!server->settings->allow_open) {
            (void)snprintf(ret_why, WHY_BYTES,
                           "--listen %.100s is not loopback and there are no credentials: give --credentials FILE, "
                           "or --allow-open",
                           address);
            return ERR_INVALID_ARGUMENT;
        }
        LOG(&server->logger, server_now(server), open, LOG_TEXT("listen", listen.address));
    }
    err = os_listen(server->loop, &listen, &server->listeners[server->listener_count]);
    if (err != OK)
        (void)snprintf(ret_why, WHY_BYTES, "--listen %.100s: %s", address,
                       err == ERR_IN_USE ? "the address is taken" : err_sentence(err));
    else
        server->listener_count++;
    return err;
}

static void listen_all(struct server *server)
{
    char why[WHY_BYTES] = "";
    enum err err = OK;

    server->state = SERVER_SERVING;
    for (size_t i = 0; i < server->settings->listen.count && i < LISTENERS_MAX && err == OK; i++)
        err = listen_on(server, server->settings->listen.items[i], why);
    if (err == OK)
        err = control_start(server);
    if (err != OK)
        server_fail(server, err, str_of(why[0] ? why : "the control socket cannot be opened"));
    else
        ready(server);
}

static enum err start_api(struct server *server)
{
    const struct settings *settings = server->settings;
    static const struct api_service services[] = { { &kinesis_service, kinesis_calls } };
    static str hosts[HOSTS_MAX];
    struct api_config config = {
        .os = server->os,
        .loop = server->loop,
        .services = services,
        .service_count = 1,
        .catalog = server->catalog,
        .streams = server->streams,
        .log = server->log,
        .keyring = server->keyring,
        .sealer = server->sealer,
        .sigv4 = server->sigv4,
        .account = str_of(settings->account),
        .region = str_of(settings->region),
        .limits = &server->limits,
        .quotas = { .shards = (int64_t)settings->shard_limit,
                    .on_demand_streams = (int64_t)settings->on_demand_stream_limit,
                    .streams_in_transition = settings->limits == RULES_AWS ? 5 : 0,
                    .consumers = 20,
                    .consumers_committed = 50,
                    .consumers_creating = 5,
                    .call_rates = settings->call_rates == RULES_AWS && settings->limits == RULES_AWS,
                    .daily = settings->limits == RULES_AWS },
        .body_bytes_max = settings->body_bytes,
        .answer_bytes_max = settings->memory_bytes,
        .arena_bytes_max = REQUEST_ARENA_MAX,
        .requests_max = REQUESTS_MAX,
        .host_names = hosts,
        .count = &server->count_api,
        .access = access_line,
        .tell_resources = settings->access_log == ACCESS_ALL,
        .answered = conn_answered,
        .ctx = server,
    };

    for (size_t i = 0; i < settings->public_host.count && i < HOSTS_MAX; i++)
        hosts[config.host_name_count++] = str_of(settings->public_host.items[i]);
    os_entropy(server->os, &config.seed, sizeof(config.seed));
    return api_create(&config, &server->api);
}

static enum err start_streams(struct server *server)
{
    struct streams_config config = { .os = server->os,
                                     .loop = server->loop,
                                     .log = server->log,
                                     .catalog = server->catalog,
                                     .keyring = server->keyring,
                                     .limits = &server->limits,
                                     .total = &server->count_streams,
                                     .waiting_max = WAITING_PUTS_MAX,
                                     .waiting_ms_max = WAITING_PUTS_MS };

    return streams_create(&config, &server->streams);
}

static void catalog_opened(void *ctx, enum err err)
{
    struct server *server = ctx;
    char why[WHY_BYTES] = "";

    if (err != OK) {
        server_fail(server, err,
                    err == ERR_CORRUPT ? STR("no catalog-*.snapshot is whole, and its state is not guessed: restore the data "
                                             "directory from a backup")
                    : err == ERR_NEWER ? STR("a catalog-*.snapshot was written by a newer version of leat; start that "
                                             "version on the data directory")
                                       : STR("the catalog cannot be read"));
        return;
    }
    if (leaves(server))
        return;
    server->catalog_ready = true;
    keys_check(server);
    err = start_streams(server);
    if (err == OK)
        err = start_api(server);
    if (err == OK)
        err = reload_start(server, why);
    if (err != OK)
        server_fail(server, err, str_of(why[0] ? why : "the server cannot start"));
    else
        declare_start(server, listen_all);
}

static void open_keys(struct os_job *job)
{
    struct server *server = container_of(job, struct server, keys_job);
    const struct settings *settings = server->settings;
    struct keyring_config config = { .os = server->os,
                                     .loop = server->loop,
                                     .worker = server->worker,
                                     .dir = server->lock ? server->dir : NULL,
                                     .master_key = settings->master_key,
                                     .create_missing = settings->kms_create_missing,
                                     .epoch = log_local_epoch(server->log),
                                     .changed = keys_changed,
                                     .ctx = server };

    server->keys_err = keyring_open(&config, &server->keys_opened, server->keys_why);
}

static enum err start_catalog(struct server *server)
{
    struct catalog_config config = { .os = server->os,
                                     .loop = server->loop,
                                     .worker = server->worker,
                                     .dir = server->lock ? server->dir : NULL,
                                     .transition_ms = server->settings->transition_ms,
                                     .snapshot_bytes_min = server->snapshot_bytes_min,
                                     .log = server->log,
                                     .event = catalog_event,
                                     .failed = log_failed,
                                     .report = report,
                                     .ctx = server };

    os_entropy(server->os, &config.seed, sizeof(config.seed));
    return catalog_open(&config, catalog_opened, &server->catalog);
}

static void keys_opened(struct os_job *job)
{
    struct server *server = container_of(job, struct server, keys_job);
    enum err err = server->keys_err;

    if (err == OK)
        server->keyring = server->keys_opened;
    if (leaves(server))
        return;
    if (err == OK)
        err = iter_sealer_create(server->token_key, log_local_epoch(server->log), &server->sealer);
    if (err == OK)
        err = start_catalog(server);
    if (err != OK)
        server_fail(server, err,
                    str_of(server->keys_why[0] ? server->keys_why : "the keys or the catalog cannot be opened"));
}

/* Nothing is lost by a start that fails: the next one begins where this one did. */
static void log_refused(struct server *server, enum err err)
{
    const char *what = "the log cannot be opened";
    char why[WHY_BYTES];

    if (err == ERR_NO_SPACE)
        what = "the disk is full, and a start needs room for one segment: make some, and start again";
    else if (err == ERR_IO)
        what = "the log cannot be opened, because a read, write or sync failed: start again when the disk is well";
    (void)snprintf(why, sizeof(why), "%.120s: %s", server->dir, what);
    server_fail(server, err, str_of(why));
}

static void log_opened(void *ctx, enum err err, struct log *log)
{
    struct server *server = ctx;

    if (err != OK) {
        log_refused(server, err);
        return;
    }
    server->log = log;
    if (leaves(server))
        return;
    server->keys_job = (struct os_job){ .work = open_keys, .done = keys_opened };
    os_job_start(server->worker, server->loop, &server->keys_job);
}

static void limits_of(const struct settings *settings, struct stream_limits *ret_limits)
{
    *ret_limits = (struct stream_limits){ .enforced = settings->limits == RULES_AWS,
                                          .write_bytes = (int64_t)settings->shard_write_bytes,
                                          .write_records = (int64_t)settings->shard_write_records,
                                          .write_burst_bytes = (int64_t)settings->shard_burst_bytes,
                                          .read_bytes = (int64_t)settings->shard_read_bytes,
                                          .read_calls = (int64_t)settings->shard_read_calls,
                                          .iterator_calls = (int64_t)settings->shard_iterator_calls,
                                          .fanout_bytes = (int64_t)settings->fanout_bytes,
                                          .hot_shard_bytes = (int64_t)settings->hot_shard_bytes };
}

static enum err start_log(struct server *server)
{
    static const enum log_durability durabilities[] = { LOG_SYNC, LOG_OS, LOG_MEMORY };
    const struct settings *settings = server->settings;
    struct log_local_config config = { .os = server->os,
                                       .loop = server->loop,
                                       .dir = server->lock ? server->dir : NULL,
                                       .durability = durabilities[settings->durability],
                                       .user = { horizon, report, log_failed, server },
                                       .tail_bytes_max = settings->tail_bytes,
                                       .backlog_bytes_max = settings->backlog_bytes,
                                       .queue_bytes_max = settings->queue_bytes,
                                       .segment_bytes_max = settings->segment_bytes,
                                       .settled_bytes_max = settings->settled_bytes,
                                       .bucket_ms = settings->bucket_ms,
                                       .index_cache_bytes = settings->index_cache_bytes,
                                       .control_log = CATALOG_LOG,
                                       .count = &server->count_log };

    return log_local_open(&config, log_opened, server);
}

/* Everything that needs no loop. */
static enum err prepare(struct server *server, char *ret_why)
{
    struct sigv4_bounds bounds = { .cached_keys_max = SIGNING_KEYS_MAX, .canonical_bytes_max = CANONICAL_BYTES_MAX };
    uint64_t seed;

    os_entropy(server->os, &seed, sizeof(seed));
    TRY(files_open(server, ret_why));
    TRY(files_token_key(server, server->token_key, ret_why));
    TRY(files_tls(server, ret_why));
    TRY(reload_read(server, ret_why));
    TRY(sigv4_create(bounds, seed, &server->sigv4));
    TRY(os_worker_create(server->os, "files", 1, &server->worker));
    limits_of(server->settings, &server->limits);
    conn_config(server);
    return OK;
}

static void start(struct server *server)
{
    char why[WHY_BYTES] = "";
    enum err err;

    (void)snprintf(server->dir, sizeof(server->dir), "%.3900s", server->settings->data ? server->settings->data : "");
    server->turn.fire = turn;
    server->rest.fire = rest;
    server->grace.fire = grace_over;
    server->linger.fire = linger_over;
    list_init(&server->conns);
    LOG(&server->logger, server_now(server), starting, LOG_TEXT("data", str_of(server->dir)));
    os_on_signal(server->loop, signalled, server);
    err = prepare(server, why);
    if (err == OK)
        err = start_log(server);
    if (err != OK)
        server_fail(server, err, str_of(why[0] ? why : "the server cannot start"));
}

/* Descriptors are also needed for the log's files; a connection more than they allow would wait unseen. */
static size_t conns_allowed(const struct server_config *config)
{
    uint64_t wanted = config->settings->connections_max, files = config->files_max;
    uint64_t ours = files / 4 < OWN_FILES ? files / 4 : OWN_FILES;

    return files && files - ours < wanted ? files - ours : wanted;
}

enum err server_create(const struct server_config *config, struct server **ret_server)
{
    struct server *server = calloc(1, sizeof(*server));
    struct logger_config logger;

    if (server == NULL)
        return ERR_NO_MEMORY;
    server->os = config->os;
    server->loop = config->loop;
    server->settings = config->settings;
    server->serving = config->serving;
    server->resting = config->resting;
    server->stopped = config->stopped;
    server->stopped_ctx = config->ctx;
    server->snapshot_bytes_min = config->snapshot_bytes_min ? config->snapshot_bytes_min : SNAPSHOT_BYTES_MIN;
    server->conn_max = conns_allowed(config);
    logger = config->logger;
    logger.gathered = lines_gathered;
    logger.gathered_ctx = server;
    logger_init(&server->logger, logger);
    *ret_server = server;
    start(server);
    return OK;
}

void server_destroy(struct server *server)
{
    logger_deinit(&server->logger);
    if (server->lock)
        os_close(server->lock);
    free(server);
}
