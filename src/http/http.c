/* http.c: one connection: what the first bytes decide, and the way of bytes between the socket and the protocol.
 *
 *   in:   socket -> (TLS) -> protocol; what the protocol cannot use yet waits in a stash
 *   out:  protocol -> out -> (TLS) -> socket
 *
 *   SNIFF --0x16--> TLS, then SNIFF again unless ALPN decided
 *     +--the preface of HTTP/2--> H2
 *     +--anything else----------> H1 */
#include "http/conn.h"

#include <assert.h>
#include <stdlib.h>

static const char preface[24] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

str http_find(const struct http_request *request, str name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (str_eq_nocase(request->headers[i].name, name))
            return request->headers[i].value;
    return (str){ 0 };
}

bool conn_memory(struct http_conn *conn, int64_t bytes)
{
    return conn->config->memory == NULL || conn->config->memory(conn->ctx, bytes);
}

size_t conn_waiting(const struct http_conn *conn)
{
    return conn->out.size;
}

enum err http_conn_create(const struct http_config *config, void *ctx, int64_t now_ms, struct http_conn **ret_conn)
{
    struct http_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL)
        return ERR_NO_MEMORY;
    conn->config = config;
    conn->ctx = ctx;
    conn->now_ms = conn->active_ms = now_ms;
    conn->first_byte_ms = conn->write_since_ms = UNSET;
    buf_init(&conn->stash, STASH_MAX);
    out_init(&conn->out, TEXT_CHUNK_SIZE);
    h1_init(conn);
    *ret_conn = conn;
    return OK;
}

void http_conn_destroy(struct http_conn *conn)
{
    if (conn == NULL)
        return;
    conn->broken = true;
    h1_deinit(conn);
    out_deinit(&conn->out);
    buf_deinit(&conn->stash);
    free(conn);
}

/* ---- in --------------------------------------------------------------------------------------------------------- */

/* Returns how many bytes were used; the protocol is decided, or all were. */
static size_t sniff(struct http_conn *conn, const char *at, size_t size)
{
    size_t used = 0;

    while (used < size && conn->sniffed < sizeof(preface) && at[used] == preface[conn->sniffed]) {
        used++;
        conn->sniffed++;
    }
    if (used == size && conn->sniffed < sizeof(preface))
        return used;
    conn->protocol = PROTOCOL_H1;
    (void)h1_input(conn, preface, conn->sniffed);
    return used;
}

static size_t protocol_input(struct http_conn *conn, const char *at, size_t size)
{
    size_t used = 0;

    if (conn->protocol == PROTOCOL_SNIFF)
        used = sniff(conn, at, size);
    if (conn->protocol == PROTOCOL_H1)
        used += h1_input(conn, at + used, size - used);
    return used;
}

static void stash(struct http_conn *conn, struct buf *buf, str rest)
{
    buf_append(buf, rest);
    if (buf->err != OK)
        conn->broken = true;
}

static void plain_input(struct http_conn *conn, const char *at, size_t size)
{
    size_t used = conn->stash.size ? 0 : protocol_input(conn, at, size);

    if (used < size && !conn->broken)
        stash(conn, &conn->stash, str_bytes(at + used, size - used));
}

/* Input that waited may have become usable. */
static void resume(struct http_conn *conn)
{
    struct buf waiting = conn->stash;
    size_t used;

    if (waiting.size == 0 || conn->broken)
        return;
    buf_init(&conn->stash, STASH_MAX);
    used = protocol_input(conn, waiting.at, waiting.size);
    if (used == 0) {
        conn->stash = waiting;
        return;
    }
    if (used < waiting.size && !conn->broken)
        stash(conn, &conn->stash, str_bytes(waiting.at + used, waiting.size - used));
    buf_deinit(&waiting);
}

void http_input_buffer(struct http_conn *conn, char **ret_at, size_t *ret_size)
{
    *ret_at = NULL;
    *ret_size = 0;
    if (conn->protocol == PROTOCOL_H1 && conn->stash.size == 0)
        h1_input_buffer(conn, ret_at, ret_size);
}

void http_input(struct http_conn *conn, const char *at, size_t size, int64_t now_ms)
{
    conn->now_ms = conn->active_ms = now_ms;
    if (size == 0 || conn->broken)
        return;
    if (conn->first_byte_ms == UNSET)
        conn->first_byte_ms = now_ms;
    plain_input(conn, at, size);
}

void http_input_end(struct http_conn *conn)
{
    conn->peer_ended = true;
    if (conn->protocol == PROTOCOL_H1 && conn->stash.size == 0)
        h1_input_end(conn);
    else if (conn->protocol == PROTOCOL_SNIFF)
        conn->broken = true;
}

bool http_wants_input(const struct http_conn *conn)
{
    if (conn->broken || conn->peer_ended || conn->stash.size)
        return false;
    return conn->protocol != PROTOCOL_H1 || !h1_blocked(conn);
}

void http_memory_freed(struct http_conn *conn)
{
    if (conn->protocol == PROTOCOL_H1)
        h1_memory_freed(conn);
    resume(conn);
}

/* ---- out -------------------------------------------------------------------------------------------------------- */

size_t http_output(struct http_conn *conn, struct http_iov *iov, size_t max)
{
    return conn->broken ? 0 : out_iov(&conn->out, iov, max);
}

void http_output_done(struct http_conn *conn, size_t bytes, int64_t now_ms)
{
    conn->now_ms = now_ms;
    if (bytes)
        conn->active_ms = now_ms;
    out_sent(&conn->out, bytes);
    if (conn_waiting(conn) == 0)
        conn->write_since_ms = UNSET;
    else if (bytes || conn->write_since_ms == UNSET)
        conn->write_since_ms = now_ms;
    if (conn->protocol == PROTOCOL_H1) {
        h1_sent(conn);
        resume(conn);
        if (conn->peer_ended && conn->stash.size == 0)
            h1_input_end(conn);
    }
}

bool http_finished(const struct http_conn *conn)
{
    if (conn->broken)
        return true;
    return conn_waiting(conn) == 0 && h1_finished(conn);
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t http_deadline(const struct http_conn *conn)
{
    int64_t at = INT64_MAX;

    if (conn->broken)
        return INT64_MAX;
    if (conn_waiting(conn)) {
        if (conn->write_since_ms == UNSET)
            return conn->now_ms;
        at = conn->write_since_ms + conn->config->write_timeout_ms;
    }
    if (conn->protocol == PROTOCOL_H1)
        return earlier(at, h1_deadline(conn));
    if (conn->first_byte_ms != UNSET)
        return earlier(at, conn->first_byte_ms + conn->config->header_timeout_ms);
    return earlier(at, conn->active_ms + conn->config->idle_timeout_ms);
}

void http_timeout(struct http_conn *conn, int64_t now_ms)
{
    int64_t deadline;

    conn->now_ms = now_ms;
    if (conn_waiting(conn) && conn->write_since_ms == UNSET)
        conn->write_since_ms = now_ms;
    deadline = http_deadline(conn);
    if (conn->broken || now_ms < deadline)
        return;
    if (conn_waiting(conn) && now_ms >= conn->write_since_ms + conn->config->write_timeout_ms)
        conn->broken = true;
    else if (conn->protocol == PROTOCOL_H1)
        h1_timeout(conn);
    else
        conn->broken = true;
}

void http_shutdown(struct http_conn *conn)
{
    if (conn->stopping)
        return;
    conn->stopping = true;
    if (conn->protocol == PROTOCOL_H1)
        h1_shutdown(conn);
    else
        conn->ending = true;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

void http_respond(struct http_request *request, const struct http_response *response)
{
    h1_respond(request, response);
}

void http_stream_begin(struct http_request *request, const struct http_response *response)
{
    h1_stream_begin(request, response);
}

size_t http_stream_room(const struct http_request *request)
{
    return h1_stream_room(request);
}

void http_stream_write(struct http_request *request, const struct http_piece *piece)
{
    h1_stream_write(request, piece);
}

void http_stream_end(struct http_request *request)
{
    h1_stream_end(request);
}
