/* h1.c: HTTP/1.1 as a machine over the input.
 *
 *   HEAD --complete--> LENGTH -----------------------------------------> (delivered) --> HEAD
 *     |                                                                      ^
 *     +--> CHUNK_SIZE -> CHUNK_EXT -> CHUNK_LF --size--> CHUNK_DATA -> CHUNK_END -> CHUNK_SIZE
 *                                        +--zero--> TRAILER --empty line-----+
 *   any --refused, or the last request of the connection--> DISCARD
 *
 * A head is collected in its slot until it is complete, since it must outlive the input anyway; the collected bytes
 * are parsed once. When memory for a body is refused, the machine is starved and takes nothing until memory is freed,
 * or until it has waited so long that giving up may feed the others. */
#include "http/h1_slot.h"

#include <stdlib.h>

enum {
    HEAD_KEEP_MAX = 4 << 10,   /* an idle slot keeps no larger buffer; a larger head is asked of conn_memory */
    SLOTS_KEPT_MAX = 4,
    INPLACE_MIN = 16 << 10,    /* below this, reading into the body is not worth a read of its own */
    LINGER_MS = 1000
};

void h1_init(struct http_conn *conn)
{
    conn->h1 = (struct h1){ .state = H1_HEAD, .since_ms = UNSET };
    list_init(&conn->h1.queue);
    list_init(&conn->h1.idle);
}

static void slot_free(struct h1_slot *slot)
{
    buf_deinit(&slot->text);
    out_deinit(&slot->held);
    free(slot->kept);
    free(slot->head.headers);
    free(slot);
}

struct h1_slot *h1_slot_take(struct http_conn *conn)
{
    struct list *link = list_pop(&conn->h1.idle);
    struct h1_slot *slot;

    if (link) {
        conn->h1.idle_count--;
        return container_of(link, struct h1_slot, request.link);
    }
    slot = calloc(1, sizeof(*slot));
    if (slot == NULL)
        return NULL;
    list_init(&slot->request.link);
    buf_init(&slot->text, HTTP_HEADER_BYTES_MAX);
    out_init(&slot->held, TEXT_CHUNK_SIZE);
    slot->request.conn = conn;
    slot->request.body = slot->nothing;
    return slot;
}

void h1_slot_give(struct http_conn *conn, struct h1_slot *slot)
{
    struct h1 *h1 = &conn->h1;

    h1_body_free(conn, slot);
    if (h1->idle_count >= SLOTS_KEPT_MAX || conn->ending) {
        slot_free(slot);
        return;
    }
    if (slot->text.capacity > HEAD_KEEP_MAX)
        buf_deinit(&slot->text);
    buf_clear(&slot->text);
    out_trim(&slot->held);
    slot->delivered = slot->streaming = slot->chunked = slot->answered = slot->close = false;
    slot->head_only = slot->waiting_room = slot->continue_due = false;
    slot->head.http10 = false;
    slot->request.too_large = false;
    slot->request.user = NULL;
    list_push_front(&h1->idle, &slot->request.link);
    h1->idle_count++;
}

void h1_deinit(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;
    struct list *link;

    while ((link = list_pop(&h1->queue)) != NULL) {
        struct h1_slot *slot = container_of(link, struct h1_slot, request.link);

        if (slot->delivered && !slot->answered)
            conn->config->cancelled(conn->ctx, &slot->request);
        h1_body_free(conn, slot);
        slot_free(slot);
    }
    if (h1->receiving) {
        h1_body_free(conn, h1->receiving);
        slot_free(h1->receiving);
        h1->receiving = NULL;
    }
    while ((link = list_pop(&h1->idle)) != NULL)
        slot_free(container_of(link, struct h1_slot, request.link));
}

bool h1_blocked(const struct http_conn *conn)
{
    const struct h1 *h1 = &conn->h1;

    if (conn->broken || h1->starved)
        return true;
    if (h1->state == H1_DISCARD)
        return h1->swallowed > conn->config->swallow_bytes_max;
    return h1->state == H1_HEAD && h1->receiving == NULL && h1->queue_count >= conn->config->pipeline_max;
}

/* ---- the head --------------------------------------------------------------------------------------------------- */

static void head_complete(struct http_conn *conn, struct h1_slot *slot, bool more)
{
    struct http_request *request = &slot->request;
    struct h1_head *head = &slot->head;
    int status = h1_parse(buf_str(&slot->text), head);

    if (status) {
        h1_refuse(conn, status);
        return;
    }
    request->method = head->method;
    request->path = head->path;
    request->query = head->query;
    request->headers = head->headers;
    request->header_count = head->header_count;
    request->secure = conn->tls != NULL;
    slot->head_only = str_eq(head->method, STR("HEAD"));
    slot->close = head->close || (head->http10 && !head->keep_alive);
    h1_body_begin(conn, slot);
    if (conn->h1.receiving == slot && slot->continue_due) {
        slot->continue_due = !more;
        h1_flush(conn);
    }
}

/* The size of the head's part in the input, once it is complete; 0 if it is not, -1 if a line ends without CR. */
static ptrdiff_t find_end(struct h1 *h1, const struct buf *text, const char *at, size_t size)
{
    const char *p = at, *end = at + size;

    for (;;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        char before;

        if (newline == NULL) {
            h1->line_size += (size_t)(end - p);
            return 0;
        }
        h1->line_size += (size_t)(newline - p);
        before = newline > at ? newline[-1] : text->size ? text->at[text->size - 1] : 0;
        if (before != '\r')
            return -1;
        p = newline + 1;
        if (h1->line_size == 1)
            return p - at;
        h1->line_size = 0;
    }
}

/* Empty lines before a request are passed over (RFC 9112 section 2.2). Returns how many bytes. */
static size_t skip_empty_lines(const char *at, size_t size)
{
    size_t i = 0;

    while (i + 1 < size && at[i] == '\r' && at[i + 1] == '\n')
        i += 2;
    return i;
}

/* Heads are small, so only the unusual one is accounted for: then with all that it may become. */
static bool head_charge(struct http_conn *conn, struct h1_slot *slot)
{
    if (slot->text.capacity <= HEAD_KEEP_MAX || slot->charged)
        return true;
    if (!conn_memory(conn, HTTP_HEADER_BYTES_MAX))
        return false;
    slot->charged = HTTP_HEADER_BYTES_MAX;
    return true;
}

static size_t step_head(struct http_conn *conn, const char *at, size_t size)
{
    struct h1 *h1 = &conn->h1;
    struct h1_slot *slot = h1->receiving;
    ptrdiff_t found;
    size_t part;

    if (slot == NULL) {
        part = skip_empty_lines(at, size);
        if (part)
            return part;
        slot = h1->receiving = h1_slot_take(conn);
        if (slot == NULL) {
            conn->broken = true;
            return size;
        }
        h1->line_size = 0;
        h1->since_ms = conn->now_ms;
    }
    found = find_end(h1, &slot->text, at, size);
    part = found > 0 ? (size_t)found : size;
    if (found < 0) {
        h1_refuse(conn, 400);
        return size;
    }
    buf_append(&slot->text, str_bytes(at, part));
    if (slot->text.err != OK) {
        h1_refuse(conn, slot->text.err == ERR_TOO_LARGE ? 431 : 503);
    } else if (!head_charge(conn, slot)) {
        h1_refuse(conn, 503);
    } else if (found > 0 && slot->text.size == 2) {
        buf_clear(&slot->text); /* an empty line that came in two pieces */
        h1_slot_give(conn, slot);
        h1->receiving = NULL;
    } else if (found > 0) {
        head_complete(conn, slot, part < size);
    }
    return part;
}

/* ---- the machine ------------------------------------------------------------------------------------------------ */

static size_t step(struct http_conn *conn, const char *at, size_t size)
{
    struct h1 *h1 = &conn->h1;
    bool fine;

    switch (h1->state) {
    case H1_HEAD:
        if (conn->stopping && h1->receiving == NULL) {
            h1->state = H1_DISCARD;
            return 0;
        }
        return step_head(conn, at, size);
    case H1_LENGTH:
        return h1_step_length(conn, at, size);
    case H1_CHUNK_DATA:
        return h1_step_chunk_data(conn, at, size);
    case H1_TRAILER:
        fine = h1_step_trailer_byte(conn, (unsigned char)*at);
        break;
    case H1_DISCARD:
        h1->swallowed += size;
        return size;
    default:
        fine = h1_step_chunk_byte(conn, (unsigned char)*at);
        break;
    }
    if (!fine)
        h1_refuse(conn, 400);
    return 1;
}

size_t h1_input(struct http_conn *conn, const char *at, size_t size)
{
    size_t used = 0;

    while (used < size && !h1_blocked(conn))
        used += step(conn, at + used, size - used);
    return used;
}

void h1_input_end(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;

    h1->linger = false;
    if (h1->receiving) {
        conn_complain(conn, "it ended in the middle of a request");
        h1_body_free(conn, h1->receiving);
        slot_free(h1->receiving);
        h1->receiving = NULL;
        h1->starved = false;
    }
    h1->state = H1_DISCARD;
    h1_flush(conn);
}

void h1_input_buffer(struct http_conn *conn, char **ret_at, size_t *ret_size)
{
    struct h1 *h1 = &conn->h1;
    struct h1_slot *slot = h1->receiving;
    bool data = h1->state == H1_LENGTH || h1->state == H1_CHUNK_DATA;
    size_t size;

    if (!data || h1->starved || slot->request.too_large)
        return;
    size = slot->body_capacity - slot->request.body_size;
    if (size > h1->left)
        size = (size_t)h1->left;
    if (size < INPLACE_MIN)
        return;
    *ret_at = slot->request.body + slot->request.body_size;
    *ret_size = size;
}

void h1_memory_freed(struct http_conn *conn)
{
    if (conn->h1.starved)
        conn->h1.since_ms = conn->now_ms;
    conn->h1.starved = false;
}

void h1_sent(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;
    struct h1_slot *slot;

    if (conn->ending && h1->since_ms == UNSET && conn_waiting(conn) == 0)
        h1->since_ms = conn->now_ms;
    if (list_empty(&h1->queue) || conn->broken)
        return;
    slot = container_of(h1->queue.next, struct h1_slot, request.link);
    if (!slot->waiting_room || conn_waiting(conn) > OUTPUT_QUEUE_MAX / 2)
        return;
    slot->waiting_room = false;
    conn->config->room(conn->ctx, &slot->request);
}

void h1_shutdown(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;

    if (h1->state == H1_HEAD && h1->receiving) {
        h1_slot_give(conn, h1->receiving);
        h1->receiving = NULL;
    }
    if (h1->state == H1_HEAD)
        h1->state = H1_DISCARD;
    h1_flush(conn);
}

int64_t h1_deadline(const struct http_conn *conn)
{
    const struct h1 *h1 = &conn->h1;
    const struct http_config *config = conn->config;

    if (h1->receiving && h1->state == H1_HEAD)
        return h1->since_ms + config->header_timeout_ms;
    if (h1->receiving)
        return h1->since_ms + config->body_timeout_ms;
    if (conn->ending)
        return h1->linger && h1->since_ms != UNSET ? h1->since_ms + LINGER_MS : INT64_MAX;
    if (list_empty(&h1->queue) && conn_waiting(conn) == 0)
        return conn->active_ms + config->idle_timeout_ms;
    return INT64_MAX;
}

void h1_timeout(struct http_conn *conn)
{
    struct h1 *h1 = &conn->h1;

    if (conn->now_ms < h1_deadline(conn))
        return;
    if (h1->receiving) {
        bool starved = h1->starved;

        h1->starved = false;
        h1_refuse(conn, starved ? 503 : 408);
    } else {
        h1->linger = false;
        conn->ending = true;
    }
}

bool h1_idle(const struct http_conn *conn)
{
    const struct h1 *h1 = &conn->h1;

    return h1->state == H1_HEAD && h1->receiving == NULL && list_empty(&h1->queue);
}

bool h1_finished(const struct http_conn *conn)
{
    const struct h1 *h1 = &conn->h1;

    return conn->ending && !(h1->linger && h1->swallowed <= conn->config->swallow_bytes_max);
}
