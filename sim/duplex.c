/* duplex.c: a client of HTTP/2 with prior knowledge: one request at a time on a connection that stays, and a subscription is
 * left by resetting its stream. nghttp2 does the frames. */
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "conn.h"

struct body {
    char *at;
    size_t size, sent;
};

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *ctx)
{
    struct body *body = source->ptr;
    size_t size = body->size - body->sent < room ? body->size - body->sent : room;

    if (size)
        memcpy(to, body->at + body->sent, size);
    body->sent += size;
    if (body->sent == body->size)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

/* ---- what comes ---------------------------------------------------------------------------------------------------- */

static int header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                  const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
    struct conn *conn = ctx;
    str label = str_bytes((const char *)name, name_size), text = str_bytes((const char *)value, value_size);
    uint64_t status;

    if (frame->hd.stream_id != conn->stream)
        return 0;
    if (str_eq(label, STR(":status")) && str_u64(text, &status) == OK)
        conn->status = (int)status;
    if (str_eq(label, STR("content-type")) && str_starts(text, STR("application/vnd.amazon.eventstream")))
        conn->events = true;
    return 0;
}

static int data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *at, size_t size, void *ctx)
{
    struct conn *conn = ctx;

    if (stream == conn->stream && conn->client)
        buf_append(conn->events ? &conn->client->events : &conn->client->answer, str_bytes((const char *)at, size));
    return 0;
}

static int closed(nghttp2_session *session, int32_t stream, uint32_t code, void *ctx)
{
    struct conn *conn = ctx;
    struct body *body = nghttp2_session_get_stream_user_data(session, stream);

    if (stream == conn->stream) {
        conn->over = true;
        if (code != NGHTTP2_NO_ERROR && !conn->events)
            conn->status = 0;
    }
    if (body)
        free(body->at);
    free(body);
    return 0;
}

/* ---- the session --------------------------------------------------------------------------------------------------- */

bool duplex_create(struct conn *conn)
{
    nghttp2_session_callbacks *callbacks = NULL;
    bool done = false;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return false;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, closed);
    if (nghttp2_session_client_new(&conn->h2, callbacks, conn) == 0)
        done = nghttp2_submit_settings(conn->h2, NGHTTP2_FLAG_NONE, NULL, 0) == 0;
    nghttp2_session_callbacks_del(callbacks);
    return done;
}

void duplex_destroy(struct conn *conn)
{
    conn->stream = 0;
    nghttp2_session_del(conn->h2);
    conn->h2 = NULL;
}

static nghttp2_nv pair(const char *name, str value)
{
    return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name,
                         .namelen = strlen(name),
                         .value = (uint8_t *)(uintptr_t)value.at,
                         .valuelen = value.size };
}

bool duplex_ask(struct conn *conn, const struct asked *asked)
{
    struct body *body = calloc(1, sizeof(*body));
    nghttp2_data_provider provider = { .source.ptr = body, .read_callback = read_body };
    nghttp2_nv headers[] = { pair(":method", STR("POST")),
                             pair(":scheme", STR("http")),
                             pair(":authority", STR(SIM_ADDRESS)),
                             pair(":path", STR("/")),
                             pair("content-type", str_of(asked->content_type)),
                             pair("x-amz-target", str_of(asked->target)),
                             pair("x-amz-date", asked->amz_date),
                             pair("authorization", asked->authorization) };

    if (body == NULL)
        abort();
    body->at = malloc(asked->body.size + 1);
    if (body->at == NULL)
        abort();
    memcpy(body->at, asked->body.at, asked->body.size);
    body->size = asked->body.size;
    conn->status = 0;
    conn->events = conn->over = false;
    conn->stream = nghttp2_submit_request(conn->h2, NULL, headers, sizeof(headers) / sizeof(headers[0]), &provider, body);
    if (conn->stream > 0)
        return true;
    free(body->at);
    free(body);
    conn->stream = 0;
    return false;
}

void duplex_leave(struct conn *conn)
{
    if (conn->stream > 0 && !conn->over &&
        nghttp2_submit_rst_stream(conn->h2, NGHTTP2_FLAG_NONE, conn->stream, NGHTTP2_CANCEL) != 0)
        abort();
    conn->stream = 0;
}

bool duplex_bytes(struct conn *conn, const char *at, size_t size)
{
    return nghttp2_session_mem_recv(conn->h2, (const uint8_t *)at, size) == (ssize_t)size;
}

bool duplex_flush(struct conn *conn)
{
    const uint8_t *at;
    ssize_t size;

    while ((size = nghttp2_session_mem_send(conn->h2, &at)) > 0)
        buf_append(&conn->out, str_bytes((const char *)at, (size_t)size));
    return size == 0 && conn->out.err == OK &&
           (nghttp2_session_want_read(conn->h2) || nghttp2_session_want_write(conn->h2) || conn->out.size);
}
