/* h1_answer.c: answers on HTTP/1.1.
 *
 * The first request of the queue writes straight to the connection's output. A later one writes to its own `held`
 * until those before it are done, so that answers leave in order whatever the order in which the owner gives them. */
#include "http/h1_slot.h"

#include <assert.h>

bool h1_is_first(const struct h1_slot *slot)
{
    return slot->request.conn->h1.queue.next == &slot->request.link;
}

struct out *h1_out(struct h1_slot *slot)
{
    return h1_is_first(slot) ? &slot->request.conn->out : &slot->held;
}

static str reason_of(int status)
{
    static const struct {
        int status;
        str reason;
    } rows[] = {
        { 200, { "OK", 2 } },
        { 400, { "Bad Request", 11 } },
        { 403, { "Forbidden", 9 } },
        { 404, { "Not Found", 9 } },
        { 500, { "Internal Server Error", 21 } },
        { 503, { "Service Unavailable", 19 } },
        { 201, { "Created", 7 } },
        { 202, { "Accepted", 8 } },
        { 204, { "No Content", 10 } },
        { 206, { "Partial Content", 15 } },
        { 301, { "Moved Permanently", 17 } },
        { 302, { "Found", 5 } },
        { 303, { "See Other", 9 } },
        { 304, { "Not Modified", 12 } },
        { 307, { "Temporary Redirect", 18 } },
        { 308, { "Permanent Redirect", 18 } },
        { 401, { "Unauthorized", 12 } },
        { 405, { "Method Not Allowed", 18 } },
        { 406, { "Not Acceptable", 14 } },
        { 408, { "Request Timeout", 15 } },
        { 409, { "Conflict", 8 } },
        { 411, { "Length Required", 15 } },
        { 412, { "Precondition Failed", 19 } },
        { 413, { "Payload Too Large", 17 } },
        { 415, { "Unsupported Media Type", 22 } },
        { 416, { "Range Not Satisfiable", 21 } },
        { 417, { "Expectation Failed", 18 } },
        { 429, { "Too Many Requests", 17 } },
        { 431, { "Request Header Fields Too Large", 31 } },
        { 501, { "Not Implemented", 15 } },
        { 502, { "Bad Gateway", 11 } },
        { 504, { "Gateway Timeout", 15 } },
        { 505, { "HTTP Version Not Supported", 26 } },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].reason;
    return STR("");
}

static char *put(char *to, str s)
{
    memcpy(to, s.at, s.size);
    return to + s.size;
}

static char *put_number(char *to, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return put(to, str_bytes(digits + at, sizeof(digits) - at));
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304 || status < 200;
}

enum { HEAD_FIXED_MAX = 160 }; /* status line, Content-Length, Connection and the empty line */

/* `length` < 0: not known; then chunked, or until the end of the connection. */
static void put_head(struct h1_slot *slot, const struct http_response *response, int64_t length)
{
    struct out *out = h1_out(slot);
    size_t size = HEAD_FIXED_MAX;
    char *from, *to;

    assert(response->status >= 100 && response->status <= 999);
    for (size_t i = 0; i < response->header_count; i++)
        size += response->headers[i].name.size + response->headers[i].value.size + 4;
    from = to = out_reserve(out, size);
    if (from == NULL)
        return;
    to = put(to, STR("HTTP/1.1 "));
    to = put_number(to, (uint64_t)response->status);
    *to++ = ' ';
    to = put(to, reason_of(response->status));
    to = put(to, STR("\r\n"));
    for (size_t i = 0; i < response->header_count; i++) {
        to = put(to, response->headers[i].name);
        to = put(to, STR(": "));
        to = put(to, response->headers[i].value);
        to = put(to, STR("\r\n"));
    }
    if (slot->chunked) {
        to = put(to, STR("Transfer-Encoding: chunked\r\n"));
    } else if (length >= 0 && !has_no_body(response->status)) {
        to = put(to, STR("Content-Length: "));
        to = put_number(to, (uint64_t)length);
        to = put(to, STR("\r\n"));
    }
    if (slot->close)
        to = put(to, STR("Connection: close\r\n"));
    else if (slot->head.http10)
        to = put(to, STR("Connection: keep-alive\r\n"));
    to = put(to, STR("\r\n"));
    assert((size_t)(to - from) <= size);
    out_commit(out, (size_t)(to - from));
}

/* An answer that lost bytes for want of memory must not be followed by another. */
static void note_failure(struct h1_slot *slot)
{
    if (h1_out(slot)->failed)
        slot->request.conn->broken = true;
}

static void release(const struct http_piece *piece)
{
    if (piece->release)
        piece->release(piece->ctx);
}

/* After shutdown the last request that was taken says that the connection ends. */
static void decide_close(struct h1_slot *slot, bool asked)
{
    struct http_conn *conn = slot->request.conn;
    bool last = conn->h1.queue.prev == &slot->request.link;

    if (asked || ((conn->stopping || conn->peer_ended) && last && conn->h1.receiving == NULL))
        slot->close = true;
}

void h1_respond(struct http_request *request, const struct http_response *response)
{
    struct h1_slot *slot = h1_slot_of(request);
    struct http_conn *conn = request->conn;
    bool bare = slot->head_only || has_no_body(response->status);
    int64_t length = 0;

    assert(slot->delivered && !slot->answered && !slot->streaming);
    for (size_t i = 0; i < response->piece_count; i++)
        length += (int64_t)response->pieces[i].size;
    decide_close(slot, response->close);
    put_head(slot, response, length);
    for (size_t i = 0; i < response->piece_count; i++) {
        if (bare)
            release(&response->pieces[i]);
        else
            out_piece(h1_out(slot), &response->pieces[i]);
    }
    slot->answered = true;
    note_failure(slot);
    h1_flush(conn);
}

static void write_chunk(struct h1_slot *slot, const struct http_piece *piece)
{
    static const char digits[] = "0123456789abcdef";
    struct out *out = h1_out(slot);
    char line[18];
    size_t at = sizeof(line) - 2;

    if (slot->head_only || piece->size == 0) {
        release(piece);
        return;
    }
    if (!slot->chunked) {
        out_piece(out, piece);
        return;
    }
    memcpy(line + at, "\r\n", 2);
    for (size_t size = piece->size; size; size >>= 4)
        line[--at] = digits[size & 15];
    out_text(out, str_bytes(line + at, sizeof(line) - at));
    out_piece(out, piece);
    out_text(out, STR("\r\n"));
}

void h1_stream_begin(struct http_request *request, const struct http_response *response)
{
    struct h1_slot *slot = h1_slot_of(request);

    assert(slot->delivered && !slot->answered && !slot->streaming);
    slot->streaming = true;
    if (has_no_body(response->status))
        slot->head_only = true;
    slot->chunked = !slot->head.http10 && !slot->head_only;
    decide_close(slot, response->close || (slot->head.http10 && !slot->head_only));
    put_head(slot, response, -1);
    for (size_t i = 0; i < response->piece_count; i++)
        write_chunk(slot, &response->pieces[i]);
    note_failure(slot);
}

size_t h1_stream_room(const struct http_request *request)
{
    struct h1_slot *slot = h1_slot_of(request);
    size_t waiting = conn_waiting(request->conn);

    if (request->conn->broken)
        return 0;
    if (h1_is_first(slot) && waiting < OUTPUT_QUEUE_MAX)
        return OUTPUT_QUEUE_MAX - waiting;
    slot->waiting_room = true;
    return 0;
}

void h1_stream_write(struct http_request *request, const struct http_piece *piece)
{
    struct h1_slot *slot = h1_slot_of(request);

    assert(slot->streaming && !slot->answered);
    write_chunk(slot, piece);
    note_failure(slot);
}

void h1_stream_end(struct http_request *request)
{
    struct h1_slot *slot = h1_slot_of(request);
    struct http_conn *conn = request->conn;

    assert(slot->streaming && !slot->answered);
    if (slot->chunked)
        out_text(h1_out(slot), STR("0\r\n\r\n"));
    slot->answered = true;
    note_failure(slot);
    h1_flush(conn);
}

/* The queue's first is next in turn: what it has said so far goes out, and if that is all, the next one's as well. */
void h1_flush(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;

    while (!list_empty(&h1->queue) && !conn->ending) {
        struct h1_slot *slot = container_of(h1->queue.next, struct h1_slot, request.link);

        out_move(&conn->out, &slot->held, slot->held.size);
        if (!slot->answered)
            break;
        if (slot->close)
            conn->ending = true;
        list_remove(&slot->request.link);
        h1->queue_count--;
        h1_slot_give(conn, slot);
    }
    if (conn->out.failed)
        conn->broken = true;
    if (list_empty(&h1->queue) && h1->receiving == NULL && (conn->stopping || conn->peer_ended))
        conn->ending = true;
    if (conn->ending)
        h1->state = H1_DISCARD;
    if (list_empty(&h1->queue) && h1->receiving && h1->receiving->continue_due) {
        h1->receiving->continue_due = false;
        out_text(&conn->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    }
}

static const char *complaint_of(int status)
{
    switch (status) {
    case 408:
        return "its request did not arrive within header-timeout or body-timeout";
    case 417:
        return "it expects what nobody knows";
    case 431:
        return "its headers exceed the bounds";
    case 501:
        return "its body has an unknown transfer coding";
    case 503:
        return "there was no memory for its request";
    case 505:
        return "it speaks an unknown version of HTTP";
    default:
        return "its request breaks the grammar of HTTP/1.1";
    }
}

void h1_refuse(struct http_conn *conn, int status)
{
    struct h1 *h1 = &conn->h1;
    struct h1_slot *slot = h1->receiving ? h1->receiving : h1_slot_take(conn);

    conn_complain(conn, complaint_of(status));
    h1->receiving = NULL;
    h1->state = H1_DISCARD;
    if (slot == NULL) {
        conn->broken = true;
        return;
    }
    list_push(&h1->queue, &slot->request.link);
    h1->queue_count++;
    slot->close = true;
    put_head(slot, &(struct http_response){ .status = status }, 0);
    slot->answered = true;
    h1_flush(conn);
}

size_t h1_unsent(const struct http_conn *conn)
{
    const struct list *queue = &conn->h1.queue;
    size_t bytes = 0;

    for (const struct list *link = queue->next; link != queue; link = link->next)
        bytes += container_of(link, struct h1_slot, request.link)->held.size;
    return bytes;
}
