/* conn.c: between a socket and its HTTP machine.
 *
 * Bytes go straight through: input into the machine (into a body's own memory where it asks for that), output from
 * where it lies. One write is under way at a time. The machine says when it wants no input; then the socket rests. */
#include <assert.h>
#include <stdlib.h>

#include "server/room.h"

enum {
    PIECES_MAX = 512, /* those of records of 1 KiB fill a write */
    PEER_BYTES = 64,
    PARTING_US = 250000,
    HURRY_MS = 1000,
    STALLED_MS = 250,
    SMALL_BYTES = 64 << 10,
    WRITE_BYTES = 256 << 10,
    SILENT_MS = 250,       /* who has said nothing for so long is not in the middle of something */
    TRIM_CONNS_MIN = 1024, /* a peak below this leaves nothing behind that is worth giving back */
    REFUSALS_TELL_MS = 1000,
};

struct conn {
    struct list link;
    struct server *server;
    struct os_socket *socket;
    struct http_conn *http;
    struct os_timer deadline;
    int64_t armed_ms; /* the deadline that is armed; INT64_MAX: none */
    size_t writing;   /* bytes under way */
    unsigned inside;  /* calls into the machine on the stack: what it queues is sent when they return */
    bool paused, parting, closing;
    bool silent;      /* a stop found it idle: nothing of ours is on its way to the peer */
    size_t peer_size;
    char peer[PEER_BYTES];
};

static void look(struct conn *conn);

/* Answers have left, or will not: who waited for that goes on. Who still waits is looked after in a moment. */
static void resume(struct server *server)
{
    api_resume(server->api, false);
    if (api_waits(server->api))
        server_turn_soon(server);
}

static void close_now(struct conn *conn)
{
    if (conn->closing)
        return;
    conn->closing = true;
    os_timer_stop(&conn->deadline);
    os_socket_close(conn->socket);
}

static void closed(void *ctx)
{
    struct conn *conn = ctx;
    struct server *server = conn->server;

    conn->inside++;
    if (http_complaint(conn->http))
        LOG(&server->logger, server_now(server), bad_peer, LOG_TEXT("remote", str_bytes(conn->peer, conn->peer_size)),
            LOG_TEXT("reason", str_of(http_complaint(conn->http))));
    http_conn_destroy(conn->http);
    list_remove(&conn->link);
    server->conn_count--;
    server->count_http.connections = server->conn_count;
    free(conn);
    if (server->conn_peak >= TRIM_CONNS_MIN && server->conn_count <= server->conn_peak / 2)
        server_turn_soon(server);
    resume(server);
    if (server->state == SERVER_DRAINING && server->conn_count == 0)
        server_stop(server);
}

/* While the server stops, a peer may have sent more than was taken. To close then would reset the connection and with
 * it answers that the peer has not read yet: our side ends, and what comes is thrown away until the peer ends, or for a
 * short while. */
static void part(struct conn *conn)
{
    conn->parting = true;
    os_socket_shutdown(conn->socket);
    if (conn->paused)
        os_socket_pause(conn->socket, false);
    os_timer_start(conn->server->loop, &conn->deadline, PARTING_US);
}

/* ---- output ----------------------------------------------------------------------------------------------------- */

static void wrote(void *ctx, enum err err)
{
    struct conn *conn = ctx;
    size_t bytes = conn->writing;

    conn->writing = 0;
    if (err != OK) {
        close_now(conn);
        return;
    }
    conn->inside++;
    http_output_done(conn->http, bytes, server_now_ms(conn->server));
    conn->inside--;
    look(conn);
    resume(conn->server);
}

static void write_some(struct conn *conn)
{
    struct http_iov pieces[PIECES_MAX];
    size_t count;

    static_assert(sizeof(struct http_iov) == sizeof(struct os_iov), "the same pointer and size");
    count = http_output(conn->http, pieces, PIECES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].size >= WRITE_BYTES - conn->writing) {
            pieces[i].size = WRITE_BYTES - conn->writing; /* progress is told when all of a write has gone */
            count = i + 1;
        }
        conn->writing += pieces[i].size;
    }
    if (conn->writing == 0)
        return;
    http_output_begun(conn->http, server_now_ms(conn->server));
    os_socket_write(conn->socket, (const struct os_iov *)(const void *)pieces, count, wrote);
}

/* ---- what is next ------------------------------------------------------------------------------------------------ */

/* When it was the process that stood still, what the peer sent in time has not been read yet: he is judged a turn later. */
static void expired(struct os_timer *timer)
{
    struct conn *conn = container_of(timer, struct conn, deadline);
    int64_t now = server_now_ms(conn->server);

    if (conn->parting) {
        close_now(conn);
        return;
    }
    if (now - conn->armed_ms > STALLED_MS) {
        conn->armed_ms = now;
        os_timer_start(conn->server->loop, timer, 0);
        return;
    }
    conn->armed_ms = INT64_MAX;
    conn->inside++;
    http_timeout(conn->http, now);
    conn->inside--;
    look(conn);
}

/* Deadlines move with every byte; the timer is only moved when it would be late. */
static void arm(struct conn *conn)
{
    int64_t at = http_deadline(conn->http), now;

    if (at >= conn->armed_ms)
        return;
    now = server_now_ms(conn->server);
    conn->armed_ms = at;
    os_timer_start(conn->server->loop, &conn->deadline, at > now ? (at - now) * 1000 : 0);
}

static void look(struct conn *conn)
{
    bool finished, pause;

    if (conn->closing || conn->parting || conn->inside)
        return;
    if (conn->writing == 0)
        write_some(conn);
    finished = http_finished(conn->http);
    if (finished && conn->writing == 0 && conn->server->state == SERVER_DRAINING && !conn->silent) {
        part(conn);
        return;
    }
    if (finished) { /* also while a write is stuck, when the machine has lost patience */
        close_now(conn);
        return;
    }
    pause = !http_wants_input(conn->http);
    if (pause != conn->paused) {
        conn->paused = pause;
        os_socket_pause(conn->socket, pause);
    }
    arm(conn);
}

void conn_answered(void *ctx, struct http_conn *http)
{
    (void)ctx;
    look(http_conn_ctx(http));
}

/* ---- input ------------------------------------------------------------------------------------------------------- */

static void buffer(void *ctx, char **ret_at, size_t *ret_size)
{
    struct conn *conn = ctx;

    http_input_buffer(conn->http, ret_at, ret_size);
}

static void bytes(void *ctx, char *at, size_t size)
{
    struct conn *conn = ctx;

    conn->server->count_http.bytes_in += size;
    if (conn->parting)
        return;
    conn->inside++;
    http_input(conn->http, at, size, server_now_ms(conn->server));
    conn->inside--;
    look(conn);
}

static void end(void *ctx, enum err err)
{
    struct conn *conn = ctx;

    if (err != ERR_CLOSED || conn->parting) {
        close_now(conn);
        return;
    }
    conn->inside++;
    http_input_end(conn->http);
    conn->inside--;
    look(conn);
}

static const struct os_socket_events events = { .buffer = buffer, .bytes = bytes, .end = end, .closed = closed };

/* A socket that is not served: nothing but its end is waited for. */
static const struct os_socket_events refused = { 0 };

/* One line a second, whoever knocks and how often. */
static void tell_refused(struct server *server, str peer)
{
    int64_t now_ms = server_now_ms(server);

    server->refusals++;
    if (server->refusals_told_ms && now_ms - server->refusals_told_ms < REFUSALS_TELL_MS)
        return;
    LOG(&server->logger, server_now(server), refused_connection, LOG_TEXT("remote", peer),
        LOG_NUMBER("count", server->refusals), LOG_NUMBER("open", server->conn_count));
    server->refusals = 0;
    server->refusals_told_ms = now_ms;
}

void conn_accept(void *ctx, struct os_socket *socket, str peer)
{
    struct server *server = ctx;
    struct conn *conn = NULL;

    if (server->state == SERVER_SERVING && server->conn_count < server->conn_max)
        conn = calloc(1, sizeof(*conn));
    if (conn && http_conn_create(&server->http, conn, server_now_ms(server), &conn->http) != OK) {
        free(conn);
        conn = NULL;
    }
    if (conn == NULL) {
        server->count_http.refused++;
        if (server->conn_count >= server->conn_max)
            tell_refused(server, peer);
        os_socket_start(socket, &refused, NULL);
        os_socket_close(socket);
        return;
    }
    conn->server = server;
    conn->socket = socket;
    conn->deadline.fire = expired;
    conn->armed_ms = INT64_MAX;
    conn->peer_size = peer.size < PEER_BYTES ? peer.size : PEER_BYTES;
    memcpy(conn->peer, peer.at, conn->peer_size);
    list_push(&server->conns, &conn->link);
    if (++server->conn_count > server->conn_peak)
        server->conn_peak = server->conn_count;
    server->count_http.accepted++;
    server->count_http.connections = server->conn_count;
    os_socket_start(socket, &events, conn);
    arm(conn);
}

/* ---- what the machine asks for ----------------------------------------------------------------------------------- */

/* The last part is kept for small bodies: whoever sends large ones, and slowly, must not shut out everybody. */
static bool memory(void *ctx, int64_t size)
{
    struct conn *conn = ctx;
    struct server *server = conn->server;
    int64_t bound = (int64_t)server->settings->memory_bytes;

    if (size > SMALL_BYTES)
        bound -= bound / 8;
    if (size > 0 && server->memory_used + size > bound) {
        server->memory_refused = true;
        server->count_http.memory_refused++;
        server_turn_soon(server);
        return false;
    }
    server->memory_used += size;
    server->count_http.memory_bytes = (uint64_t)server->memory_used;
    return true;
}

/* Memory that came back is offered to those who were refused. */
static void offer_memory(struct server *server)
{
    if (!server->memory_refused || server->memory_used > (int64_t)server->settings->memory_bytes / 2)
        return;
    server->memory_refused = false;
    list_each(link, &server->conns) {
        struct conn *conn = container_of(link, struct conn, link);

        if (conn->closing || conn->parting)
            continue;
        conn->inside++;
        http_memory_freed(conn->http);
        conn->inside--;
        look(conn);
    }
}

static void request(void *ctx, struct http_request *http)
{
    struct conn *conn = ctx;

    conn->server->count_http.requests++;
    server_rest_later(conn->server);
    if (conn->server->state == SERVER_DRAINING)
        http_shutdown(http->conn);
    if (!plain_request(conn->server, http))
        api_request(conn->server->api, http, str_bytes(conn->peer, conn->peer_size));
    if (api_waits(conn->server->api))
        server_turn_soon(conn->server);
}

static void cancelled(void *ctx, struct http_request *http)
{
    struct conn *conn = ctx;

    api_cancelled(conn->server->api, http);
}

static void room(void *ctx, struct http_request *http)
{
    struct conn *conn = ctx;

    api_room(conn->server->api, http);
}

void conn_config(struct server *server)
{
    const struct settings *settings = server->settings;

    server->http = (struct http_config){
        .tls = server->tls,
        .body_bytes_max = settings->body_bytes,
        .swallow_bytes_max = settings->body_bytes * 4,
        .streams_max = (uint32_t)settings->streams_per_connection,
        .window_bytes = 64 << 10,
        .pipeline_max = 64,
        .header_timeout_ms = settings->header_timeout_ms,
        .body_timeout_ms = settings->body_timeout_ms,
        .idle_timeout_ms = settings->idle_timeout_ms,
        .write_timeout_ms = settings->write_timeout_ms,
        .memory = memory,
        .request = request,
        .cancelled = cancelled,
        .room = room,
    };
}

/* `all`, or only those that are silent. */
static void shut_down(struct server *server, bool all)
{
    int64_t now_ms = server_now_ms(server);

    list_each(link, &server->conns) {
        struct conn *conn = container_of(link, struct conn, link);

        if (conn->closing || conn->parting)
            continue;
        conn->silent = conn->writing == 0 && http_idle_ms(conn->http, now_ms) >= SILENT_MS;
        if (!all && !conn->silent)
            continue;
        conn->inside++;
        http_shutdown(conn->http);
        conn->inside--;
        look(conn);
    }
}

void conns_leave(struct server *server)
{
    shut_down(server, /* all: */ false);
}

void conns_shutdown(struct server *server)
{
    shut_down(server, /* all: */ true);
}

void conns_close(struct server *server)
{
    list_each(link, &server->conns)
        close_now(container_of(link, struct conn, link));
}

/* While requests wait for answers to leave, who takes no answer is not waited for as long as usual. */
static void hurry(struct server *server)
{
    bool short_of_memory = server->api && api_waits(server->api);
    int64_t timeout_ms = server->settings->write_timeout_ms;

    server->http.write_timeout_ms = short_of_memory && timeout_ms > HURRY_MS ? HURRY_MS : timeout_ms;
    if (!short_of_memory)
        return;
    list_each(link, &server->conns) {
        struct conn *conn = container_of(link, struct conn, link);

        if (conn->closing || conn->parting)
            continue;
        conn->inside++;
        http_timeout(conn->http, server_now_ms(server));
        conn->inside--;
        look(conn);
    }
    api_resume(server->api, true);
}

/* Most of what thousands of connections held lies scattered in the heap; it is given back also while others are busy. */
static void trim(struct server *server)
{
    if (server->conn_peak < TRIM_CONNS_MIN || server->conn_count > server->conn_peak / 2)
        return;
    server->conn_peak = server->conn_count;
    if (server->resting)
        server->resting(server->stopped_ctx);
}

bool conns_turn(struct server *server)
{
    offer_memory(server);
    hurry(server);
    trim(server);
    return server->memory_refused || (server->api && api_waits(server->api));
}
