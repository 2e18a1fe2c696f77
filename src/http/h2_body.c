/* h2_body.c: the body of a request on HTTP/2, and how far its window reaches.
 *
 * Flow control is ours (nghttp2's automatic updates are off). The connection's window is large and given back as bytes
 * come in, so that a stalled stream stalls nobody else. A stream's window grows only as conn_memory grants:
 *
 *   received <= promised;   promised <= max(initial window, charged)
 *
 * The initial window is given to every stream unasked, so up to that much of each may be held without a grant; the
 * sum of this over the connection is its `debt`, and has a bound. */
#include "http/h2_stream.h"

#include <assert.h>
#include <stdlib.h>

enum {
    AHEAD_MAX = 1 << 20,   /* window granted ahead of what has come in */
    DEBT_WINDOWS_MAX = 16,
    BODY_FIRST = 4 << 10
};

static void set_debt(struct h2_stream *stream, uint64_t received, uint64_t charged)
{
    struct h2 *h2 = stream->request.conn->h2;
    uint64_t before = stream->received > stream->charged ? stream->received - stream->charged : 0;
    uint64_t after = received > charged ? received - charged : 0;

    if (stream->request.too_large)
        before = 0;
    h2->debt = h2->debt - (size_t)before + (size_t)after;
    stream->received = received;
    stream->charged = charged;
}

void h2_body_free(struct h2_stream *stream)
{
    struct http_request *request = &stream->request;
    uint64_t charged = stream->charged;

    if (request->body != stream->nothing)
        free(request->body);
    request->body = stream->nothing;
    request->body_size = stream->body_capacity = 0;
    set_debt(stream, 0, 0);
    if (charged)
        (void)conn_memory(request->conn, -(int64_t)charged);
}

void h2_reset(struct h2_stream *stream, uint32_t code)
{
    struct http_conn *conn = stream->request.conn;

    h2_check(conn, nghttp2_submit_rst_stream(conn->h2->session, NGHTTP2_FLAG_NONE,
                                                   (int32_t)stream->request.stream_id, code));
    list_remove(&stream->timed);
    h2_body_free(stream);
    stream->refused = 1;
}

/* How far the window should reach at present, counted from the start of the body. */
static uint64_t aim(const struct h2_stream *stream)
{
    const struct http_config *config = stream->request.conn->config;
    uint64_t ahead = stream->received, limit = config->body_bytes_max + 1;

    if (stream->request.too_large)
        return stream->received + AHEAD_MAX;
    if (stream->content_length >= 0) {
        limit = (uint64_t)stream->content_length;
        ahead = AHEAD_MAX;
    }
    if (ahead < config->window_bytes)
        ahead = config->window_bytes;
    if (ahead > AHEAD_MAX)
        ahead = AHEAD_MAX;
    return stream->received + ahead < limit ? stream->received + ahead : limit;
}

/* Ask for memory and widen the window by what is granted. False: refused, the stream starves. */
static bool grant(struct h2_stream *stream)
{
    struct http_conn *conn = stream->request.conn;
    uint64_t target = aim(stream), reach;

    if (stream->received < stream->charged && stream->promised - stream->received > (target - stream->received) / 2)
        return true; /* more than half of it is still open: no need to be busy with small updates */
    if (!stream->request.too_large && target > stream->charged) {
        if (!conn_memory(conn, (int64_t)(target - stream->charged)))
            return false;
        set_debt(stream, stream->received, target);
    }
    reach = stream->request.too_large ? target : stream->charged;
    if (reach > stream->promised) {
        h2_check(conn, nghttp2_submit_window_update(conn->h2->session, NGHTTP2_FLAG_NONE,
                                                          (int32_t)stream->request.stream_id,
                                                          (int32_t)(reach - stream->promised)));
        stream->promised = reach;
    }
    return true;
}

/* Widen the window if memory allows, else let the stream wait its turn among the starved. */
void h2_widen(struct h2_stream *stream)
{
    struct http_conn *conn = stream->request.conn;

    if (stream->starved)
        return;
    if (grant(stream)) {
        if (stream->stride >= HTTP_STRIDE || list_empty(&stream->timed)) {
            stream->stride = 0;
            stream->since_ms = conn->now_ms;
            h2_put_on(&conn->h2->receiving, stream);
        }
        return;
    }
    stream->starved = true;
    stream->since_ms = conn->now_ms;
    h2_put_on(&conn->h2->starved, stream);
}

void h2_memory_freed(struct http_conn *conn)
{
    list_each(link, &conn->h2->starved) {
        struct h2_stream *stream = container_of(link, struct h2_stream, timed);

        if (!grant(stream))
            return;
        stream->starved = false;
        stream->since_ms = conn->now_ms;
        h2_put_on(&conn->h2->receiving, stream);
    }
}

void h2_deliver(struct h2_stream *stream)
{
    struct http_conn *conn = stream->request.conn;

    list_remove(&stream->timed);
    stream->starved = false;
    if (stream->refused)
        return;
    stream->request.body[stream->request.body_size] = 0;
    stream->delivered = true;
    conn_request(conn, &stream->request);
}

static bool body_append(struct h2_stream *stream, const uint8_t *at, size_t size)
{
    struct http_request *request = &stream->request;
    size_t need = request->body_size + size;

    if (need > stream->body_capacity) {
        size_t capacity = stream->body_capacity ? stream->body_capacity * 2 : BODY_FIRST;
        char *body;

        if (stream->content_length >= 0 && capacity > (uint64_t)stream->content_length)
            capacity = (size_t)stream->content_length;
        if (stream->body_capacity == 0 && stream->content_length > 0 && stream->content_length <= AHEAD_MAX)
            capacity = (size_t)stream->content_length;
        if (capacity < need)
            capacity = need;
        body = realloc(request->body == stream->nothing ? NULL : request->body, capacity + 1);
        if (body == NULL)
            return false;
        request->body = body;
        stream->body_capacity = capacity;
    }
    memcpy(request->body + request->body_size, at, size);
    request->body_size = need;
    return true;
}

static void body_too_large(struct h2_stream *stream)
{
    uint64_t received = stream->received;

    h2_body_free(stream);
    stream->received = received;
    stream->request.too_large = true;
}

int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *at, size_t size, void *ctx)
{
    struct http_conn *conn = ctx;
    const struct http_config *config = conn->config;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);

    if (nghttp2_session_consume_connection(session, size) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (stream == NULL || stream->refused || stream->delivered)
        return 0;
    stream->stride += size;
    if (!stream->request.too_large && stream->received + size > config->body_bytes_max)
        body_too_large(stream);
    if (stream->request.too_large) {
        stream->received += size;
        if (stream->received > config->swallow_bytes_max)
            h2_deliver(stream);
        else
            h2_widen(stream);
        return 0;
    }
    set_debt(stream, stream->received + size, stream->charged);
    if (conn->h2->debt > (size_t)DEBT_WINDOWS_MAX * config->window_bytes || !body_append(stream, at, size))
        h2_reset(stream, NGHTTP2_REFUSED_STREAM);
    else
        h2_widen(stream);
    return 0;
}
