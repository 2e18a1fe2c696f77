/* h2.c: HTTP/2: the session, heads that come in, and the end.
 *
 * A stream lives until both nghttp2 has closed it and the owner is done with its request. When the peer closes it
 * first, it waits among the `gone` until the owner can be told. */
#include "base/grow.h"
#include "http/h2_stream.h"

#include <stdlib.h>

enum {
    CONNECTION_WINDOW = 16 << 20,
    ACKS_MAX = 200,          /* PING and SETTINGS answers waiting for a peer that does not read */
    PATIENCE_MAX = 1000,     /* resets, settings, priorities, empty frames in a burst */
    PATIENCE_PER_S = 100,
    LINGER_MS = 1000,
    HEADERS_FIRST = 24,
    HEAD_FREE_MAX = 4 << 10  /* larger heads are asked of conn_memory */
};

/* ---- streams ---------------------------------------------------------------------------------------------------- */

void h2_request_free(struct h2_stream *stream)
{
    h2_body_free(stream);
    if (stream->head_charged)
        (void)conn_memory(stream->request.conn, -HTTP_HEADER_BYTES_MAX);
    stream->head_charged = false;
    for (size_t i = 0; i < stream->kept_count; i++)
        nghttp2_rcbuf_decref(stream->kept[i]);
    free(stream->kept);
    free(stream->request.headers);
    stream->kept = NULL;
    stream->kept_count = 0;
    stream->request.headers = NULL;
    stream->request.header_count = 0;
}

void h2_stream_free(struct h2_stream *stream)
{
    struct http_conn *conn = stream->request.conn;

    h2_request_free(stream);
    conn->h2->unsent -= stream->out.size;
    out_drop(&stream->out, &conn->out);
    list_remove(&stream->timed);
    list_remove(&stream->room);
    list_remove(&stream->request.link);
    conn->h2->stream_count--;
    free(stream);
}

static struct h2_stream *stream_create(struct http_conn *conn, int32_t id)
{
    struct h2_stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->request.conn = conn;
    stream->request.http2 = true;
    stream->request.secure = conn->tls != NULL;
    stream->request.stream_id = (uint32_t)id;
    stream->request.body = stream->nothing;
    stream->content_length = -1;
    stream->promised = conn->config->window_bytes;
    out_init(&stream->out, OUT_COPY_MAX);
    list_init(&stream->timed);
    list_init(&stream->room);
    list_push(&conn->h2->streams, &stream->request.link);
    conn->h2->stream_count++;
    return stream;
}

/* ---- floods ----------------------------------------------------------------------------------------------------- */

/* Frames that cost the peer nothing and have no honest use in numbers. Beyond the bound: enhance your calm. */
static int lose_patience(struct http_conn *conn)
{
    struct h2 *h2 = conn->h2;
    int64_t passed = conn->now_ms - h2->patience_ms;
    int64_t gained = passed > 0 ? passed * PATIENCE_PER_S / 1000 : 0;

    if (gained) {
        h2->patience = h2->patience + gained > PATIENCE_MAX ? PATIENCE_MAX : h2->patience + gained;
        h2->patience_ms = conn->now_ms;
    }
    if (h2->patience-- > 0)
        return 0;
    conn_complain(conn, "it floods us with frames that cost nothing");
    return nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* ---- the head --------------------------------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct http_conn *conn = ctx;
    struct h2_stream *stream;

    conn->h2->head_since_ms = conn->now_ms;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (conn->stopping)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM)
                   ? NGHTTP2_ERR_CALLBACK_FAILURE
                   : 0;
    stream = stream_create(conn, frame->hd.stream_id);
    if (stream == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    conn->h2->last_stream_id = frame->hd.stream_id;
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream) ? NGHTTP2_ERR_CALLBACK_FAILURE
                                                                                       : 0;
}

static bool keep(struct h2_stream *stream, nghttp2_rcbuf *text)
{
    if (GROW(stream->kept, stream->kept_count, stream->kept_capacity, (size_t)HEADERS_FIRST * 2) != OK)
        return false;
    nghttp2_rcbuf_incref(text);
    stream->kept[stream->kept_count++] = text;
    return true;
}

static str text_of(nghttp2_rcbuf *text)
{
    nghttp2_vec vec = nghttp2_rcbuf_get_buf(text);

    return str_bytes(vec.base, vec.len);
}

static bool add_header(struct h2_stream *stream, str name, str value)
{
    struct http_request *request = &stream->request;

    if (GROW(request->headers, request->header_count, stream->header_capacity, HEADERS_FIRST) != OK)
        return false;
    request->headers[request->header_count++] = (struct http_header){ .name = name, .value = value };
    return true;
}

/* Heads are small, so only the unusual one is accounted for: then with all that it may become. */
static bool head_fits(struct h2_stream *stream)
{
    if (stream->request.header_count == HTTP_HEADERS_MAX || stream->header_bytes > HTTP_HEADER_BYTES_MAX) {
        stream->refused = 431;
        return false;
    }
    if (stream->header_bytes <= HEAD_FREE_MAX || stream->head_charged)
        return true;
    if (conn_memory(stream->request.conn, HTTP_HEADER_BYTES_MAX))
        stream->head_charged = true;
    else
        stream->refused = 503;
    return stream->head_charged;
}

static void take_path(struct http_request *request, str value)
{
    request->query = value;
    request->path = str_cut(&request->query, '?');
    if (!str_starts(request->path, STR("/")))
        request->path = STR("/");
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name_text,
                     nghttp2_rcbuf *value_text, uint8_t flags, void *ctx)
{
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    str name = text_of(name_text), value = text_of(value_text);
    uint64_t length;

    if (stream == NULL || frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    stream->header_bytes += name.size + value.size;
    if (stream->refused || !head_fits(stream))
        return 0;
    if (!keep(stream, name_text) || !keep(stream, value_text))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (str_eq(name, STR(":method")))
        stream->request.method = value;
    else if (str_eq(name, STR(":path")))
        take_path(&stream->request, value);
    else if (!str_eq(name, STR(":scheme")) && !add_header(stream, name, value))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (str_eq(name, STR("content-length")) && str_u64(value, &length) == OK && length <= INT64_MAX)
        stream->content_length = (int64_t)length;
    if (str_eq(name, STR("expect")) && str_eq_nocase(value, STR("100-continue")))
        stream->expects = true;
    return 0;
}

static int send_continue(nghttp2_session *session, int32_t id)
{
    nghttp2_nv status = { .name = (uint8_t *)":status", .namelen = 7, .value = (uint8_t *)"100", .valuelen = 3 };

    return nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id, NULL, &status, 1, NULL) < 0
               ? NGHTTP2_ERR_CALLBACK_FAILURE
               : 0;
}

static int head_complete(struct http_conn *conn, struct h2_stream *stream, bool ended)
{
    const struct http_config *config = conn->config;
    struct http_request *request = &stream->request;

    stream->head_only = str_eq(request->method, STR("HEAD"));
    if (!str_present(request->path))
        request->path = STR("/");
    if (stream->refused) {
        h2_refuse(stream, stream->refused);
        return 0;
    }
    if (ended) {
        h2_deliver(stream);
        return 0;
    }
    if (stream->content_length > 0 && (uint64_t)stream->content_length > config->body_bytes_max) {
        request->too_large = true;
        if (stream->expects || (uint64_t)stream->content_length > config->swallow_bytes_max) {
            h2_deliver(stream);
            return 0;
        }
    }
    h2_widen(stream);
    return stream->expects ? send_continue(conn->h2->session, (int32_t)request->stream_id) : 0;
}

/* ---- nghttp2's callbacks ---------------------------------------------------------------------------------------- */

static void may_have_room(struct h2 *h2, struct h2_stream *stream)
{
    if (stream == NULL) {
        list_take_all(&h2->ready, &h2->waiting);
    } else if (!list_empty(&stream->room)) {
        list_remove(&stream->room);
        list_push(&h2->ready, &stream->room);
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct http_conn *conn = ctx;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        conn->h2->head_since_ms = UNSET;
        if (stream && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            return head_complete(conn, stream, ended);
        if (stream && ended && !stream->delivered)
            h2_deliver(stream);
        return 0;
    case NGHTTP2_DATA:
        if (stream && ended && !stream->delivered)
            h2_deliver(stream);
        return !ended && frame->hd.length <= frame->data.padlen ? lose_patience(conn) : 0;
    case NGHTTP2_WINDOW_UPDATE:
        may_have_room(conn->h2, frame->hd.stream_id ? stream : NULL);
        return 0;
    case NGHTTP2_SETTINGS:
        may_have_room(conn->h2, NULL);
        return frame->hd.flags & NGHTTP2_FLAG_ACK ? 0 : lose_patience(conn);
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_PRIORITY:
        return lose_patience(conn);
    default:
        return 0;
    }
}

/* Whatever breaks the protocol so far that the stream or the connection ends for it. */
static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int code, void *ctx)
{
    (void)session, (void)frame;
    conn_complain(ctx, nghttp2_strerror(code));
    return 0;
}

/* An answer that ends before its request does: the rest of the request is not wanted (RFC 9113 section 8.1). The reset
 * that says so waits a little, since some clients throw away an answer that they find together with a reset. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct http_conn *conn = ctx;
    int32_t id = frame->hd.stream_id;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);

    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
        conn_complain(conn, nghttp2_http2_strerror(frame->goaway.error_code));
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) || nghttp2_session_get_stream_remote_close(session, id) != 0)
        return 0;
    if (stream) {
        stream->since_ms = conn->now_ms;
        h2_put_on(&conn->h2->lingering, stream);
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    struct http_conn *conn = ctx;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);

    if (stream == NULL)
        return 0;
    stream->closed = true;
    if (stream->delivered && !stream->done)
        h2_put_on(&conn->h2->gone, stream);
    else
        h2_stream_free(stream);
    return 0;
}

/* ---- the session ------------------------------------------------------------------------------------------------ */

static int session_new(struct http_conn *conn, nghttp2_session **ret_session)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int code = nghttp2_session_callbacks_new(&callbacks);

    if (code == 0)
        code = nghttp2_option_new(&option);
    if (code == 0) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        nghttp2_session_callbacks_set_send_data_callback(callbacks, h2_send_data);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
        code = nghttp2_session_server_new2(ret_session, callbacks, conn, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return code;
}

static int session_greet(struct http_conn *conn, nghttp2_session *session)
{
    const struct http_config *config = conn->config;
    nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config->streams_max },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, config->window_bytes },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEADER_BYTES_MAX },
    };
    int code = nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(settings[0]));

    return code ? code : nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
}

enum err h2_create(struct http_conn *conn)
{
    struct h2 *h2 = calloc(1, sizeof(*h2));

    if (h2 == NULL)
        return ERR_NO_MEMORY;
    h2->patience = PATIENCE_MAX;
    h2->patience_ms = conn->now_ms;
    h2->head_since_ms = UNSET;
    list_init(&h2->streams);
    list_init(&h2->receiving);
    list_init(&h2->starved);
    list_init(&h2->answering);
    list_init(&h2->lingering);
    list_init(&h2->waiting);
    list_init(&h2->ready);
    list_init(&h2->gone);
    conn->h2 = h2;
    if (session_new(conn, &h2->session) == 0 && session_greet(conn, h2->session) == 0)
        return OK;
    nghttp2_session_del(h2->session);
    free(h2);
    conn->h2 = NULL;
    return ERR_NO_MEMORY;
}

void h2_destroy(struct http_conn *conn)
{
    struct h2 *h2 = conn->h2;

    if (h2 == NULL)
        return;
    list_each(link, &h2->streams) {
        struct h2_stream *stream = container_of(link, struct h2_stream, request.link);

        if (stream->delivered && !stream->done)
            conn->config->cancelled(conn->ctx, &stream->request);
        h2_stream_free(stream);
    }
    nghttp2_session_del(h2->session);
    free(h2);
    conn->h2 = NULL;
}

void h2_input(struct http_conn *conn, const char *at, size_t size)
{
    h2_check(conn, nghttp2_session_mem_recv(conn->h2->session, (const uint8_t *)at, size));
}

void h2_pump(struct http_conn *conn)
{
    const uint8_t *at;
    ssize_t size;

    while (conn->out.size < OUTPUT_QUEUE_MAX && !conn->broken) {
        size = nghttp2_session_mem_send(conn->h2->session, &at);
        h2_check(conn, size);
        if (size <= 0)
            break;
        out_text(&conn->out, str_bytes(at, (size_t)size));
    }
    if (conn->out.failed)
        conn->broken = true;
}

void h2_stamp(struct http_conn *conn)
{
    struct list *list = &conn->h2->answering;

    for (struct list *link = list->prev; link != list; link = link->prev) {
        struct h2_stream *stream = container_of(link, struct h2_stream, timed);

        if (stream->since_ms != UNSET)
            break;
        stream->since_ms = conn->now_ms;
    }
}

void h2_tell(struct http_conn *conn)
{
    struct h2 *h2 = conn->h2;
    struct list batch, *link;

    h2_stamp(conn);
    while (!conn->broken && (link = list_pop(&h2->gone)) != NULL) {
        struct h2_stream *stream = container_of(link, struct h2_stream, timed);

        conn->config->cancelled(conn->ctx, &stream->request);
        h2_stream_free(stream);
    }
    if (h2->queue_was_full && conn_waiting(conn) < OUTPUT_QUEUE_MAX / 2) {
        h2->queue_was_full = false;
        may_have_room(h2, NULL);
    }
    list_init(&batch);
    list_take_all(&batch, &h2->ready);
    while (!conn->broken && (link = list_pop(&batch)) != NULL) {
        struct h2_stream *stream = container_of(link, struct h2_stream, room);

        if (h2_stream_room(&stream->request) > 0)
            conn->config->room(conn->ctx, &stream->request);
    }
    list_take_all(&h2->ready, &batch);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

void h2_shutdown(struct http_conn *conn)
{
    struct h2 *h2 = conn->h2;

    h2_check(conn, nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, h2->last_stream_id, NGHTTP2_NO_ERROR,
                                               NULL, 0));
}

static int64_t list_deadline(const struct list *list, int64_t timeout_ms, int64_t now_ms)
{
    const struct h2_stream *stream;

    if (list_empty(list))
        return INT64_MAX;
    stream = container_of(list->next, struct h2_stream, timed);
    return stream->since_ms == UNSET ? now_ms : stream->since_ms + timeout_ms;
}

int64_t h2_deadline(const struct http_conn *conn)
{
    const struct h2 *h2 = conn->h2;
    const struct http_config *config = conn->config;
    int64_t at[] = {
        list_deadline(&h2->receiving, config->body_timeout_ms, conn->now_ms),
        list_deadline(&h2->starved, config->body_timeout_ms, conn->now_ms),
        list_deadline(&h2->answering, config->write_timeout_ms, conn->now_ms),
        list_deadline(&h2->lingering, LINGER_MS, conn->now_ms),
        h2->head_since_ms == UNSET ? INT64_MAX : h2->head_since_ms + config->header_timeout_ms,
        h2->stream_count ? INT64_MAX : conn->active_ms + config->idle_timeout_ms,
    };
    int64_t earliest = INT64_MAX;

    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
        if (at[i] < earliest)
            earliest = at[i];
    return earliest;
}

static void expire(struct http_conn *conn, struct list *list, int64_t timeout_ms, uint32_t code,
                   const char *complaint)
{
    while (list_deadline(list, timeout_ms, conn->now_ms) <= conn->now_ms) {
        conn_complain(conn, complaint);
        h2_reset(container_of(list->next, struct h2_stream, timed), code);
    }
}

void h2_timeout(struct http_conn *conn)
{
    struct h2 *h2 = conn->h2;
    const struct http_config *config = conn->config;

    h2_stamp(conn);
    expire(conn, &h2->receiving, config->body_timeout_ms, NGHTTP2_CANCEL,
           "the body of a request did not arrive within body-timeout");
    expire(conn, &h2->starved, config->body_timeout_ms, NGHTTP2_REFUSED_STREAM,
           "there was no memory for its request");
    expire(conn, &h2->answering, config->write_timeout_ms, NGHTTP2_CANCEL,
           "it took nothing of an answer within write-timeout");
    expire(conn, &h2->lingering, LINGER_MS, NGHTTP2_NO_ERROR, NULL);
    if (h2->head_since_ms != UNSET && conn->now_ms >= h2->head_since_ms + config->header_timeout_ms)
        conn_cut(conn, "the headers of a request did not arrive within header-timeout");
    else if (h2->stream_count == 0 && conn->now_ms >= conn->active_ms + config->idle_timeout_ms)
        h2_check(conn, nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR));
}

bool h2_idle(const struct http_conn *conn)
{
    return conn->h2->stream_count == 0 && conn->h2->head_since_ms == UNSET;
}

bool h2_finished(const struct http_conn *conn)
{
    nghttp2_session *session = conn->h2->session;

    return !nghttp2_session_want_read(session) && !nghttp2_session_want_write(session);
}
