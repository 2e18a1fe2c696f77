/* http.c: one connection: what the first bytes decide, and the way of bytes between the socket and the protocol.
 *
 *   in:   socket -> (TLS) -> protocol; what the protocol cannot use yet waits in a stash
 *   out:  protocol -> out -> (TLS) -> socket
 *
 *   SNIFF --0x16--> TLS, then SNIFF again unless ALPN decided
 *     +--the preface of HTTP/2--> H2
 *     +--anything else----------> H1 */
#include "http/conn.h"
#include "http/tls_io.h"

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
    return conn->out.size + (conn->tls ? tls_io_out(conn->tls)->size : 0);
}

enum err http_conn_create(const struct http_config *config, void *ctx, int64_t now_ms, struct http_conn **ret_conn)
{
    struct http_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL)
        return ERR_NO_MEMORY;
    conn->config = config;
    conn->ctx = ctx;
    conn->tls_context = tls_context_ref(config->tls);
    conn->now_ms = conn->active_ms = now_ms;
    conn->first_byte_ms = conn->write_since_ms = UNSET;
    buf_init(&conn->stash, STASH_MAX);
    buf_init(&conn->cipher_stash, STASH_MAX);
    out_init(&conn->out, TEXT_CHUNK_SIZE);
    h1_init(conn);
    *ret_conn = conn;
    return OK;
}

void *http_conn_ctx(const struct http_conn *conn)
{
    return conn->ctx;
}

void http_conn_destroy(struct http_conn *conn)
{
    if (conn == NULL)
        return;
    conn->broken = true;
    h1_deinit(conn);
    h2_destroy(conn);
    out_deinit(&conn->out);
    tls_io_destroy(conn->tls);
    tls_context_destroy(conn->tls_context);
    buf_deinit(&conn->stash);
    buf_deinit(&conn->cipher_stash);
    free(conn);
}

/* ---- in --------------------------------------------------------------------------------------------------------- */

static void start_h2(struct http_conn *conn)
{
    if (h2_create(conn) != OK) {
        conn->broken = true;
        return;
    }
    conn->protocol = PROTOCOL_H2;
    h2_input(conn, preface, conn->sniffed);
}

static void start_h1(struct http_conn *conn)
{
    conn->protocol = PROTOCOL_H1;
    (void)h1_input(conn, preface, conn->sniffed);
}

/* Returns how many bytes were used; the protocol is decided, or all were. */
static size_t sniff(struct http_conn *conn, const char *at, size_t size)
{
    size_t used = 0;

    if (conn->first_byte_ms == UNSET)
        conn->first_byte_ms = conn->now_ms;
    while (used < size && conn->sniffed < sizeof(preface) && at[used] == preface[conn->sniffed]) {
        used++;
        conn->sniffed++;
    }
    if (conn->sniffed == sizeof(preface))
        start_h2(conn);
    else if (used < size)
        start_h1(conn);
    return used;
}

static size_t protocol_input(struct http_conn *conn, const char *at, size_t size)
{
    size_t used = 0;

    if (conn->protocol == PROTOCOL_SNIFF)
        used = sniff(conn, at, size);
    if (conn->broken)
        return size;
    if (conn->protocol == PROTOCOL_H1)
        return used + h1_input(conn, at + used, size - used);
    if (conn->protocol == PROTOCOL_H2)
        h2_input(conn, at + used, size - used);
    return size;
}

static void protocol_input_end(struct http_conn *conn)
{
    if (conn->protocol == PROTOCOL_H1)
        h1_input_end(conn);
    else
        conn->broken = true;
}

static void stash(struct http_conn *conn, struct buf *buf, str rest)
{
    buf_append(buf, rest);
    if (buf->err != OK)
        conn_cut(conn, "it sent more than it was asked for");
}

static void plain_input(struct http_conn *conn, const char *at, size_t size)
{
    size_t used = conn->stash.size ? 0 : protocol_input(conn, at, size);

    if (used < size && !conn->broken)
        stash(conn, &conn->stash, str_bytes(at + used, size - used));
}

static bool blocked(const struct http_conn *conn)
{
    return conn->broken || conn->tls_failed || conn->stash.size || (conn->protocol == PROTOCOL_H1 && h1_blocked(conn));
}

/* ALPN decides, or the first bytes within will. */
static void handshake_over(struct http_conn *conn)
{
    conn->tls_ready = true;
    conn->first_byte_ms = UNSET;
    switch (tls_io_alpn(conn->tls)) {
    case TLS_ALPN_HTTP2:
        start_h2(conn);
        break;
    case TLS_ALPN_HTTP1:
        start_h1(conn);
        break;
    case TLS_ALPN_NONE:
        break;
    }
}

static void body_buffer(struct http_conn *conn, char **ret_at, size_t *ret_size)
{
    if (conn->protocol == PROTOCOL_H1 && conn->stash.size == 0)
        h1_input_buffer(conn, ret_at, ret_size);
}

/* Decrypt as long as the protocol can use it. */
static void tls_pump(struct http_conn *conn)
{
    char scratch[16 << 10];

    conn->tls_paused = false;
    for (;;) {
        char *at = scratch;
        size_t size = sizeof(scratch);
        int got;

        if (blocked(conn)) {
            conn->tls_paused = true;
            return;
        }
        body_buffer(conn, &at, &size);
        got = tls_io_read(conn->tls, at, size);
        if (!conn->tls_ready && tls_io_ready(conn->tls))
            handshake_over(conn);
        if (got <= 0) {
            conn->tls_failed = got == TLS_FAILED;
            if (conn->tls_failed)
                conn_complain(conn, "what it says is no TLS that could be agreed upon");
            if (got == TLS_ENDED)
                conn->peer_ended = true;
            return;
        }
        plain_input(conn, at, (size_t)got);
    }
}

static void cipher_input(struct http_conn *conn, const char *at, size_t size)
{
    if (conn->cipher_stash.size == 0) {
        tls_io_feed(conn->tls, at, size);
        tls_pump(conn);
        at += size - tls_io_left(conn->tls);
        size = tls_io_left(conn->tls);
        tls_io_feed(conn->tls, NULL, 0);
    }
    if (size && !conn->broken && !conn->tls_failed && !conn->peer_ended)
        stash(conn, &conn->cipher_stash, str_bytes(at, size));
}

static void resume_plain(struct http_conn *conn)
{
    struct buf waiting = conn->stash;
    size_t used;

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

static void resume_cipher(struct http_conn *conn)
{
    struct buf waiting = conn->cipher_stash;

    buf_init(&conn->cipher_stash, STASH_MAX);
    if (waiting.size)
        cipher_input(conn, waiting.at, waiting.size);
    else
        tls_pump(conn);
    buf_deinit(&waiting);
}

/* Input that waited may have become usable; the end of input comes after it. */
static void resume(struct http_conn *conn)
{
    if (conn->stash.size && !conn->broken)
        resume_plain(conn);
    if (conn->tls_paused && !blocked(conn))
        resume_cipher(conn);
    if (conn->peer_ended && conn->stash.size == 0 && !conn->tls_paused && !conn->broken)
        protocol_input_end(conn);
}

/* True if the first byte began TLS. */
static bool starts_tls(struct http_conn *conn, char first)
{
    if (conn->tls || conn->protocol != PROTOCOL_SNIFF || conn->sniffed || first != 0x16)
        return false;
    conn->first_byte_ms = conn->now_ms;
    if (conn->tls_context == NULL)
        conn_cut(conn, "it speaks TLS, which is switched off");
    else if (tls_io_create(conn->tls_context, &conn->tls) != OK)
        conn->broken = true;
    out_init(&conn->out, TLS_TEXT_CHUNK_SIZE);
    return true;
}

void http_input_buffer(struct http_conn *conn, char **ret_at, size_t *ret_size)
{
    *ret_at = NULL;
    *ret_size = 0;
    if (conn->tls == NULL && !conn->broken)
        body_buffer(conn, ret_at, ret_size);
}

void http_input(struct http_conn *conn, const char *at, size_t size, int64_t now_ms)
{
    conn->now_ms = conn->active_ms = now_ms;
    if (size == 0 || conn->broken || conn->peer_ended || conn->tls_failed)
        return;
    if (starts_tls(conn, at[0]) && conn->broken)
        return;
    if (conn->tls)
        cipher_input(conn, at, size);
    else
        plain_input(conn, at, size);
    if (conn->protocol == PROTOCOL_H2)
        h2_tell(conn);
    if (conn->peer_ended)
        resume(conn);
}

void http_input_end(struct http_conn *conn)
{
    conn->peer_ended = true;
    resume(conn);
}

bool http_wants_input(const struct http_conn *conn)
{
    return !conn->peer_ended && !conn->tls_paused && !conn->cipher_stash.size && !blocked(conn);
}

void http_memory_freed(struct http_conn *conn)
{
    if (conn->broken)
        return;
    if (conn->protocol == PROTOCOL_H1)
        h1_memory_freed(conn);
    else if (conn->protocol == PROTOCOL_H2)
        h2_memory_freed(conn);
    resume(conn);
}

/* ---- out -------------------------------------------------------------------------------------------------------- */

/* True when the protocol will say nothing more. */
static bool protocol_finished(const struct http_conn *conn)
{
    if (conn->tls_failed)
        return true;
    switch (conn->protocol) {
    case PROTOCOL_H1:
        return h1_finished(conn);
    case PROTOCOL_H2:
        return h2_finished(conn);
    case PROTOCOL_SNIFF:
        break;
    }
    return conn->ending;
}

static void encrypt(struct http_conn *conn)
{
    struct out *cipher = tls_io_out(conn->tls);

    while (!conn->broken && cipher->size < OUTPUT_QUEUE_MAX) {
        if (conn->protocol == PROTOCOL_H2)
            h2_pump(conn);
        if (conn->out.size == 0)
            break;
        if (!tls_io_encrypt(conn->tls, &conn->out, OUTPUT_QUEUE_MAX) || cipher->failed)
            conn->broken = true;
    }
    if (conn->out.size == 0 && !conn->said_goodbye && protocol_finished(conn)) {
        conn->said_goodbye = true;
        tls_io_goodbye(conn->tls);
    }
}

size_t http_output(struct http_conn *conn, struct http_iov *iov, size_t max)
{
    if (conn->broken)
        return 0;
    if (conn->tls && !conn->tls_failed)
        encrypt(conn);
    else if (conn->protocol == PROTOCOL_H2)
        h2_pump(conn);
    if (conn->broken)
        return 0;
    return out_iov(conn->tls ? tls_io_out(conn->tls) : &conn->out, iov, max);
}

void http_output_begun(struct http_conn *conn, int64_t now_ms)
{
    conn->now_ms = now_ms;
    if (conn_waiting(conn) && conn->write_since_ms == UNSET)
        conn->write_since_ms = now_ms;
    if (conn->protocol == PROTOCOL_H2)
        h2_stamp(conn);
}

void http_output_done(struct http_conn *conn, size_t bytes, int64_t now_ms)
{
    struct out *out = conn->tls ? tls_io_out(conn->tls) : &conn->out;

    conn->now_ms = now_ms;
    if (bytes)
        conn->active_ms = now_ms;
    out_sent(out, bytes);
    if (conn_waiting(conn) == 0) {
        conn->write_since_ms = UNSET;
        if (conn->tls) { /* what is idle should weigh little; without TLS the one chunk is used again and again */
            out_trim(out);
            out_trim(&conn->out);
        }
    } else if ((conn->taken += bytes) >= HTTP_STRIDE || conn->write_since_ms == UNSET) {
        conn->write_since_ms = now_ms;
        conn->taken = 0;
    }
    if (conn->protocol == PROTOCOL_H1)
        h1_sent(conn);
    else if (conn->protocol == PROTOCOL_H2)
        h2_tell(conn);
    resume(conn);
}

bool http_finished(const struct http_conn *conn)
{
    if (conn->broken)
        return true;
    if (conn_waiting(conn) && !(conn->tls_failed && tls_io_out(conn->tls)->size == 0))
        return false;
    return protocol_finished(conn) && (conn->tls == NULL || conn->tls_failed || conn->said_goodbye);
}

size_t http_unsent(const struct http_conn *conn)
{
    size_t bytes = conn_waiting(conn);

    if (conn->protocol == PROTOCOL_H1)
        bytes += h1_unsent(conn);
    else if (conn->protocol == PROTOCOL_H2)
        bytes += h2_unsent(conn);
    return bytes;
}

const char *http_complaint(const struct http_conn *conn)
{
    return conn->complaint;
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t write_deadline(const struct http_conn *conn)
{
    if (conn_waiting(conn) == 0)
        return INT64_MAX;
    return conn->write_since_ms == UNSET ? conn->now_ms : conn->write_since_ms + conn->config->write_timeout_ms;
}

static int64_t protocol_deadline(const struct http_conn *conn)
{
    if (conn->protocol == PROTOCOL_H1)
        return h1_deadline(conn);
    if (conn->protocol == PROTOCOL_H2)
        return h2_deadline(conn);
    if (conn->first_byte_ms != UNSET)
        return conn->first_byte_ms + conn->config->header_timeout_ms;
    return conn->active_ms + conn->config->idle_timeout_ms;
}

int64_t http_deadline(const struct http_conn *conn)
{
    return conn->broken ? INT64_MAX : earlier(write_deadline(conn), protocol_deadline(conn));
}

void http_timeout(struct http_conn *conn, int64_t now_ms)
{
    conn->now_ms = now_ms;
    if (conn->broken)
        return;
    if (conn_waiting(conn) && conn->write_since_ms == UNSET)
        conn->write_since_ms = now_ms;
    if (now_ms >= write_deadline(conn)) {
        conn_cut(conn, "it took nothing of an answer within write-timeout");
    } else if (conn->protocol == PROTOCOL_H1) {
        h1_timeout(conn);
    } else if (conn->protocol == PROTOCOL_H2) {
        h2_timeout(conn);
        h2_tell(conn);
    } else if (now_ms >= protocol_deadline(conn)) {
        if (conn->first_byte_ms != UNSET)
            conn_complain(conn, "its handshake or first line did not end within header-timeout");
        conn->broken = true;
    }
}

int64_t http_idle_ms(const struct http_conn *conn, int64_t now_ms)
{
    bool idle = !conn->broken && conn_waiting(conn) == 0 && conn->stash.size == 0 && conn->cipher_stash.size == 0;

    if (conn->protocol == PROTOCOL_H1)
        idle = idle && h1_idle(conn);
    else if (conn->protocol == PROTOCOL_H2)
        idle = idle && h2_idle(conn);
    else
        idle = idle && conn->first_byte_ms == UNSET;
    return idle && now_ms > conn->active_ms ? now_ms - conn->active_ms : 0;
}

void http_shutdown(struct http_conn *conn)
{
    if (conn->stopping || conn->broken)
        return;
    conn->stopping = true;
    if (conn->protocol == PROTOCOL_H1)
        h1_shutdown(conn);
    else if (conn->protocol == PROTOCOL_H2)
        h2_shutdown(conn);
    else
        conn->ending = true;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

void http_respond(struct http_request *request, const struct http_response *response)
{
    if (request->http2)
        h2_respond(request, response);
    else
        h1_respond(request, response);
}

void http_stream_begin(struct http_request *request, const struct http_response *response)
{
    if (request->http2)
        h2_stream_begin(request, response);
    else
        h1_stream_begin(request, response);
}

size_t http_stream_room(const struct http_request *request)
{
    return request->http2 ? h2_stream_room(request) : h1_stream_room(request);
}

void http_stream_write(struct http_request *request, const struct http_piece *piece)
{
    if (request->http2)
        h2_stream_write(request, piece);
    else
        h1_stream_write(request, piece);
}

void http_stream_end(struct http_request *request)
{
    if (request->http2)
        h2_stream_end(request);
    else
        h1_stream_end(request);
}
