/* h1_body.c: the body of a request on HTTP/1.1: with a length, or in chunks. The machine is drawn in h1.c.
 *
 * A body grows by doubling, each step asked of the owner's memory. What is above the bound is swallowed and told. */
#include "http/h1_slot.h"

#include <assert.h>
#include <stdlib.h>

enum {
    BODY_FIRST = 4 << 10,    /* first capacity of a body of unknown length */
    BODY_STEP = 1 << 20,     /* first capacity of a body that says to be longer */
    BODY_KEEP_MAX = 2 << 10, /* a slot keeps the memory of a body up to here for the next one */
    EXTRA_MAX = 8 << 10,     /* chunk extensions and trailers of one request */
    CHUNK_DIGITS_MAX = 15
};

void h1_body_free(struct http_conn *conn, struct h1_slot *slot)
{
    if (slot->request.body != slot->nothing) {
        bool keep = slot->request.body && slot->body_room <= BODY_KEEP_MAX;

        if (!keep)
            free(slot->request.body);
        slot->kept = keep ? slot->request.body : NULL;
        slot->kept_room = keep ? slot->body_room : 0;
    }
    slot->request.body = slot->nothing;
    slot->request.body_size = slot->body_capacity = slot->body_room = 0;
    if (slot->charged)
        (void)conn_memory(conn, -slot->charged);
    slot->charged = 0;
}

static void deliver(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;
    struct h1_slot *slot = h1->receiving;

    slot->request.body[slot->request.body_size] = 0;
    slot->delivered = true;
    slot->continue_due = false;
    h1->receiving = NULL;
    h1->state = slot->close || conn->stopping ? H1_DISCARD : H1_HEAD;
    list_push(&h1->queue, &slot->request.link);
    h1->queue_count++;
    conn_request(conn, &slot->request);
}

/* The body is too large even to be thrown away: the owner answers while it comes in, then the connection closes. */
static void deliver_at_once(struct http_conn *conn)
{
    conn->h1.receiving->close = true;
    conn->h1.linger = true;
    conn->h1.since_ms = UNSET;
    deliver(conn);
}

static void body_too_large(struct http_conn *conn, struct h1_slot *slot)
{
    h1_body_free(conn, slot);
    slot->request.too_large = true;
}

/* Memory for so many bytes and a zero behind them. */
static bool body_room(struct h1_slot *slot, size_t capacity)
{
    bool first = slot->request.body == slot->nothing;
    char *body = first ? slot->kept : slot->request.body;
    size_t room = first ? slot->kept_room : slot->body_room;

    if (room < capacity) {
        body = realloc(body, capacity + 1);
        room = capacity;
    }
    if (body == NULL)
        return false;
    if (first)
        slot->kept = NULL;
    slot->request.body = body;
    slot->body_room = room;
    return true;
}

/* Make room for at least one byte more; `limit` is the most that the body can become. */
static bool body_grow(struct http_conn *conn, struct h1_slot *slot, size_t limit)
{
    bool known = conn->h1.state == H1_LENGTH;
    size_t first = known ? BODY_STEP : BODY_FIRST;
    size_t capacity = slot->body_capacity ? slot->body_capacity * 2 : first;

    if (capacity > limit)
        capacity = limit;
    assert(capacity > slot->body_capacity);
    if (!conn_memory(conn, (int64_t)(capacity - slot->body_capacity))) {
        conn->h1.starved = true;
        conn->h1.since_ms = conn->now_ms;
        return false;
    }
    slot->charged += (int64_t)(capacity - slot->body_capacity);
    if (!body_room(slot, capacity)) {
        conn->broken = true;
        return false;
    }
    slot->body_capacity = capacity;
    return true;
}

/* Keep body bytes, or swallow them. Returns how many were used: 0 when starved. */
static size_t body_take(struct http_conn *conn, const char *at, size_t size, size_t limit)
{
    struct h1_slot *slot = conn->h1.receiving;
    struct http_request *request = &slot->request;
    size_t part;

    if (request->too_large) {
        conn->h1.swallowed += size;
        return size;
    }
    if (request->body_size == slot->body_capacity && !body_grow(conn, slot, limit))
        return 0;
    part = slot->body_capacity - request->body_size;
    if (part > size)
        part = size;
    if (at != request->body + request->body_size)
        memcpy(request->body + request->body_size, at, part);
    request->body_size += part;
    return part;
}

/* Body bytes came: enough of them are a reason to wait for more. */
static void progress(struct http_conn *conn, size_t size)
{
    struct h1 *h1 = &conn->h1;

    h1->stride = size < HTTP_STRIDE ? h1->stride + (uint32_t)size : HTTP_STRIDE;
    if (h1->stride < HTTP_STRIDE)
        return;
    h1->stride = 0;
    h1->since_ms = conn->now_ms;
}

size_t h1_step_length(struct http_conn *conn, const char *at, size_t size)
{
    struct h1 *h1 = &conn->h1;
    size_t part = size < h1->left ? size : (size_t)h1->left;

    part = body_take(conn, at, part, h1->receiving->request.body_size + (size_t)h1->left);
    h1->left -= part;
    progress(conn, part);
    if (h1->left == 0)
        deliver(conn);
    return part;
}

size_t h1_step_chunk_data(struct http_conn *conn, const char *at, size_t size)
{
    struct h1 *h1 = &conn->h1;
    size_t part = size < h1->left ? size : (size_t)h1->left;

    part = body_take(conn, at, part, conn->config->body_bytes_max);
    h1->left -= part;
    progress(conn, part);
    if (h1->left == 0) {
        h1->state = H1_CHUNK_END;
        h1->line_size = 0;
    } else if (h1->swallowed > conn->config->swallow_bytes_max) {
        deliver_at_once(conn);
    }
    return part;
}

static void chunk_line_begin(struct h1 *h1)
{
    h1->state = H1_CHUNK_SIZE;
    h1->left = 0;
    h1->digits = 0;
    h1->line_size = 0;
}

/* The line with the size is complete. */
static void chunk_begin(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;
    struct h1_slot *slot = h1->receiving;

    h1->line_size = 0;
    if (h1->left == 0) {
        h1->state = H1_TRAILER;
        return;
    }
    h1->state = H1_CHUNK_DATA;
    if (!slot->request.too_large && h1->left > conn->config->body_bytes_max - slot->request.body_size)
        body_too_large(conn, slot);
}

/* One byte of what stands between the data of chunks. False: refused. */
bool h1_step_chunk_byte(struct http_conn *conn, unsigned char byte)
{
    struct h1 *h1 = &conn->h1;
    int digit;

    switch (h1->state) {
    case H1_CHUNK_SIZE:
        digit = h1_hex_digit(byte);
        if (digit >= 0) {
            h1->left = h1->left << 4 | (uint64_t)digit;
            return ++h1->digits <= CHUNK_DIGITS_MAX;
        }
        if (h1->digits == 0)
            return false;
        h1->state = byte == '\r' ? H1_CHUNK_LF : H1_CHUNK_EXT;
        return byte == '\r' || byte == ';' || byte == ' ' || byte == '\t';
    case H1_CHUNK_EXT:
        if (byte == '\r')
            h1->state = H1_CHUNK_LF;
        return byte == '\r' || (h1_is_text(byte) && ++h1->extra_size <= EXTRA_MAX);
    case H1_CHUNK_LF:
        if (byte == '\n')
            chunk_begin(conn);
        return byte == '\n';
    case H1_CHUNK_END:
        if (h1->line_size == 0) {
            h1->line_size = 1;
            return byte == '\r';
        }
        chunk_line_begin(h1);
        return byte == '\n';
    default:
        return false;
    }
}

/* Trailers are read and forgotten. `line_size` counts the bytes of the line; the sign of its end is in `digits`. */
bool h1_step_trailer_byte(struct http_conn *conn, unsigned char byte)
{
    struct h1 *h1 = &conn->h1;
    bool after_cr = h1->digits == UINT8_MAX;

    if (after_cr) {
        bool empty = h1->line_size == 0;

        if (byte != '\n')
            return false;
        h1->digits = 0;
        h1->line_size = 0;
        if (empty)
            deliver(conn);
        return true;
    }
    if (byte == '\r') {
        h1->digits = UINT8_MAX;
        return true;
    }
    h1->line_size++;
    return h1_is_text(byte) && ++h1->extra_size <= EXTRA_MAX;
}

void h1_body_begin(struct http_conn *conn, struct h1_slot *slot)
{
    struct h1 *h1 = &conn->h1;
    const struct http_config *config = conn->config;

    h1->extra_size = 0;
    h1->swallowed = 0;
    h1->stride = 0;
    h1->since_ms = conn->now_ms;
    slot->continue_due = slot->head.expect_continue && !slot->head.http10;
    if (slot->head.chunked) {
        chunk_line_begin(h1);
        return;
    }
    h1->left = slot->head.content_length > 0 ? (uint64_t)slot->head.content_length : 0;
    h1->state = H1_LENGTH;
    if (h1->left == 0) {
        deliver(conn);
    } else if (h1->left > config->body_bytes_max) {
        body_too_large(conn, slot);
        if (slot->continue_due || h1->left > config->swallow_bytes_max)
            deliver_at_once(conn);
    }
}
