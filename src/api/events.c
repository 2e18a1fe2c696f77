#include "api/events.h"

#include <assert.h>
#include <stdlib.h>

#include "api/room.h"
#include "codec/eventstream.h"
#include "shape/encode.h"

enum { EVENT_BYTES_MAX = 32 << 20 };

static void release(void *ctx)
{
    struct buf *bytes = ctx;

    buf_deinit(bytes);
    free(bytes);
}

static struct buf *bytes_create(void)
{
    struct buf *bytes = calloc(1, sizeof(*bytes));

    if (bytes)
        buf_init(bytes, EVENT_BYTES_MAX);
    return bytes;
}

static void begin(struct rq *rq, struct eventstream_writer *writer, struct buf *bytes, str kind, str name)
{
    bool event = str_eq(kind, STR("event"));

    eventstream_begin(writer, bytes);
    eventstream_header(writer, event ? STR(":event-type") : STR(":exception-type"), name);
    eventstream_header(writer, STR(":content-type"), rq->content_type);
    eventstream_header(writer, STR(":message-type"), kind);
    eventstream_payload(writer);
}

static struct http_piece piece_of(struct buf *bytes)
{
    return (struct http_piece){ .at = bytes->at, .size = bytes->size, .release = release, .ctx = bytes };
}

enum err rq_events_begin(struct rq *rq)
{
    struct http_header headers[ANSWER_HEADERS_MAX];
    struct http_response response = { .status = 200, .headers = headers };
    struct eventstream_writer writer;
    struct buf *bytes = bytes_create();
    struct http_piece piece;

    if (bytes == NULL)
        return ERR_NO_MEMORY;
    begin(rq, &writer, bytes, STR("event"), STR("initial-response"));
    if (rq->format->wire == FORMAT_CBOR)
        buf_byte(bytes, (char)0xa0);
    else
        buf_append(bytes, STR("{}"));
    eventstream_finish(&writer);
    if (bytes->err != OK) {
        release(bytes);
        return ERR_NO_MEMORY;
    }
    response.header_count = answer_headers(rq, STR("application/vnd.amazon.eventstream"), headers);
    piece = piece_of(bytes);
    response.pieces = &piece;
    response.piece_count = 1;
    rq->streaming = true;
    http_stream_begin(rq->http, &response);
    rq->api->config.answered(rq->api->config.ctx, rq->http->conn);
    return OK;
}

bool rq_events_room(const struct rq *rq)
{
    return rq->http && http_stream_room(rq->http) > 0;
}

static void send(struct rq *rq, struct buf *bytes)
{
    struct http_piece piece = piece_of(bytes);

    rq->bytes_out += bytes->size;
    http_stream_write(rq->http, &piece);
    rq->api->config.answered(rq->api->config.ctx, rq->http->conn);
}

enum err rq_events_send(struct rq *rq, str type, const struct shape *shape, const void *event)
{
    struct eventstream_writer writer;
    struct buf *bytes;

    assert(rq->streaming && rq->http);
    bytes = bytes_create();
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    begin(rq, &writer, bytes, STR("event"), type);
    rq_reserve(rq, bytes);
    shape_encode(rq->format, shape, event, bytes);
    eventstream_finish(&writer);
    if (bytes->err != OK) {
        enum err err = bytes->err;

        release(bytes);
        return err;
    }
    send(rq, bytes);
    return OK;
}

static void send_exception(struct rq *rq, enum err err, str message)
{
    const struct service_error *error = service_error(rq->service, err);
    struct eventstream_writer writer;
    struct buf *bytes = bytes_create();

    if (bytes == NULL)
        return;
    begin(rq, &writer, bytes, STR("exception"), error->name);
    shape_encode_message(rq->format, message, bytes);
    eventstream_finish(&writer);
    if (bytes->err == OK)
        send(rq, bytes);
    else
        release(bytes);
}

void rq_events_end(struct rq *rq, enum err err, str message)
{
    struct http_request *http = rq->http;
    struct http_conn *conn;

    rq->cancel = NULL;
    rq->room = NULL;
    rq->stop = NULL;
    if (http == NULL) {
        rq_done(rq, 0, (str){ 0 }, rq->bytes_out);
        return;
    }
    if (err != OK)
        send_exception(rq, err, message);
    conn = http->conn;
    http->user = NULL;
    http_stream_end(http);
    rq->http = NULL;
    rq->api->config.answered(rq->api->config.ctx, conn);
    rq_done(rq, 200, err == OK ? (str){ 0 } : service_error(rq->service, err)->name, rq->bytes_out);
}
