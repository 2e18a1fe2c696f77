/* h2_answer.c: answers on HTTP/2.
 *
 * The owner's pieces wait in the stream's own queue; nghttp2 asks for them as the peer's windows allow and they move,
 * without being copied, behind their frame's head into the connection's output. */
#include "http/h2_stream.h"

#include <assert.h>

enum { NAME_BYTES_MAX = 4 << 10, DIGITS_MAX = 20, ROOM_MAX = 256 << 10 };

/* The headers of an answer as nghttp2 wants them: names in lower case, in memory that outlives the call. */
struct fields {
    nghttp2_nv list[HTTP_HEADERS_MAX + 2];
    size_t count, name_bytes;
    char names[NAME_BYTES_MAX];
    char status[4], length[DIGITS_MAX + 1];
};

static void add_field(struct fields *fields, str name, str value)
{
    fields->list[fields->count++] = (nghttp2_nv){
        .name = (uint8_t *)name.at, .namelen = name.size, .value = (uint8_t *)value.at, .valuelen = value.size
    };
}

static bool is_of_connection(str name)
{
    return str_eq_nocase(name, STR("Connection")) || str_eq_nocase(name, STR("Keep-Alive")) ||
           str_eq_nocase(name, STR("Transfer-Encoding")) || str_eq_nocase(name, STR("Upgrade"));
}

static str number(char *digits, size_t size, uint64_t value)
{
    size_t at = size;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return str_bytes(digits + at, size - at);
}

/* False: more header names than an answer of ours can have. */
static bool make_fields(struct fields *fields, const struct http_response *response, int64_t length)
{
    fields->count = fields->name_bytes = 0;
    assert(response->status >= 100 && response->status <= 999);
    add_field(fields, STR(":status"), number(fields->status, 3, (uint64_t)response->status));
    if (response->header_count > HTTP_HEADERS_MAX)
        return false;
    for (size_t i = 0; i < response->header_count; i++) {
        const struct http_header *header = &response->headers[i];
        char *name = fields->names + fields->name_bytes;

        if (is_of_connection(header->name))
            continue;
        if (header->name.size > NAME_BYTES_MAX - fields->name_bytes)
            return false;
        for (size_t k = 0; k < header->name.size; k++) {
            char byte = header->name.at[k];

            name[k] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
        }
        fields->name_bytes += header->name.size;
        add_field(fields, str_bytes(name, header->name.size), header->value);
    }
    if (length >= 0)
        add_field(fields, STR("content-length"), number(fields->length, DIGITS_MAX, (uint64_t)length));
    return true;
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *at, size_t size, uint32_t *flags,
                         nghttp2_data_source *source, void *ctx)
{
    struct h2_stream *stream = source->ptr;
    size_t part = stream->out.size < size ? stream->out.size : size;

    if (part == 0 && !stream->done)
        return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (part == stream->out.size && stream->done)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)part;
}

int h2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t size,
                 nghttp2_data_source *source, void *ctx)
{
    struct http_conn *conn = ctx;
    struct h2 *h2 = conn->h2;
    struct h2_stream *stream = source->ptr;

    if (conn->out.size >= OUTPUT_QUEUE_MAX)
        return NGHTTP2_ERR_WOULDBLOCK;
    assert(frame->data.padlen == 0 && size <= stream->out.size);
    out_text(&conn->out, str_bytes(head, 9));
    out_move(&conn->out, &stream->out, size);
    h2->unsent -= size;
    if (!list_empty(&stream->room) && stream->out.size == 0) {
        list_remove(&stream->room);
        list_push(&h2->ready, &stream->room);
    }
    stream->stride += size;
    if (stream->done && stream->stride >= HTTP_STRIDE) {
        stream->stride = 0;
        stream->since_ms = UNSET;
        h2_put_on(&h2->answering, stream);
    }
    return conn->out.failed ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static void release(const struct http_piece *piece)
{
    if (piece->release)
        piece->release(piece->ctx);
}

static void queue(struct h2_stream *stream, const struct http_piece *piece)
{
    size_t before = stream->out.size;

    if (stream->closed || stream->head_only || stream->request.conn->broken)
        release(piece);
    else
        out_piece(&stream->out, piece);
    stream->request.conn->h2->unsent += stream->out.size - before;
    if (stream->out.failed)
        stream->request.conn->broken = true;
}

/* The owner is done: the request dies, the answer goes on its way. */
static void done(struct h2_stream *stream)
{
    struct http_conn *conn = stream->request.conn;

    stream->done = true;
    list_remove(&stream->room);
    h2_request_free(stream);
    if (stream->closed) {
        h2_stream_free(stream);
        return;
    }
    stream->stride = 0;
    stream->since_ms = UNSET;
    h2_put_on(&conn->h2->answering, stream);
}

static void submit(struct h2_stream *stream, const struct http_response *response, int64_t length, bool body)
{
    struct http_conn *conn = stream->request.conn;
    nghttp2_data_provider provider = { .source.ptr = stream, .read_callback = read_data };
    struct fields fields;

    if (stream->closed || conn->broken)
        return;
    if (!make_fields(&fields, response, length) ||
        nghttp2_submit_response(conn->h2->session, (int32_t)stream->request.stream_id, fields.list, fields.count,
                                body ? &provider : NULL) != 0)
        conn->broken = true;
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304 || status < 200;
}

void h2_respond(struct http_request *request, const struct http_response *response)
{
    struct h2_stream *stream = h2_stream_of(request);
    int64_t length = 0;

    assert(stream->delivered && !stream->done && !stream->streaming);
    for (size_t i = 0; i < response->piece_count; i++)
        length += (int64_t)response->pieces[i].size;
    if (has_no_body(response->status))
        stream->head_only = true;
    submit(stream, response, has_no_body(response->status) ? -1 : length, length > 0 && !stream->head_only);
    for (size_t i = 0; i < response->piece_count; i++)
        queue(stream, &response->pieces[i]);
    done(stream);
}

void h2_refuse(struct h2_stream *stream, int status)
{
    stream->refused = status;
    if (status == 431)
        conn_complain(stream->request.conn, "its headers exceed the bounds");
    submit(stream, &(struct http_response){ .status = status }, 0, false);
    done(stream);
}

void h2_stream_begin(struct http_request *request, const struct http_response *response)
{
    struct h2_stream *stream = h2_stream_of(request);

    assert(stream->delivered && !stream->done && !stream->streaming);
    stream->streaming = true;
    if (has_no_body(response->status))
        stream->head_only = true;
    submit(stream, response, -1, !stream->head_only);
    for (size_t i = 0; i < response->piece_count; i++)
        queue(stream, &response->pieces[i]);
}

size_t h2_stream_room(const struct http_request *request)
{
    struct h2_stream *stream = h2_stream_of(request);
    struct http_conn *conn = request->conn;
    nghttp2_session *session = conn->h2->session;
    int64_t of_stream, window;

    if (stream->closed || stream->done || conn->broken)
        return 0;
    of_stream = nghttp2_session_get_stream_remote_window_size(session, (int32_t)request->stream_id);
    window = nghttp2_session_get_remote_window_size(session);
    if (of_stream < window)
        window = of_stream;
    if (window > ROOM_MAX)
        window = ROOM_MAX;
    window -= (int64_t)stream->out.size;
    if (window > 0 && conn_waiting(conn) < OUTPUT_QUEUE_MAX)
        return (size_t)window;
    if (window > 0)
        conn->h2->queue_was_full = true;
    list_remove(&stream->room);
    list_push(&conn->h2->waiting, &stream->room);
    return 0;
}

static void resume(struct h2_stream *stream)
{
    struct http_conn *conn = stream->request.conn;

    if (stream->closed || stream->head_only || conn->broken)
        return;
    /* Refused when the data is not deferred at present, which is fine: then it is being read. */
    if (nghttp2_is_fatal(nghttp2_session_resume_data(conn->h2->session, (int32_t)stream->request.stream_id)))
        conn->broken = true;
}

void h2_stream_write(struct http_request *request, const struct http_piece *piece)
{
    struct h2_stream *stream = h2_stream_of(request);

    assert(stream->streaming && !stream->done);
    queue(stream, piece);
    if (stream->out.size)
        resume(stream);
}

void h2_stream_end(struct http_request *request)
{
    struct h2_stream *stream = h2_stream_of(request);

    assert(stream->streaming && !stream->done);
    resume(stream);
    done(stream);
}

size_t h2_unsent(const struct http_conn *conn)
{
    return conn->h2->unsent;
}
