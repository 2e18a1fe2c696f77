/* conn.c: one connection to the server, non-blocking, one request in flight, and the answer to it. */
#include "conn.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

enum { READ_BYTES = 64 << 10, BODY_READ_BYTES = 1 << 20, HEAD_BYTES_MAX = 16 << 10, BODY_BYTES_MAX = 256 << 20 };

bool conn_open(struct conn *conn, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1;

    *conn = (struct conn){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if (conn->fd < 0)
        return false;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(conn->fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        fcntl(conn->fd, F_SETFL, O_NONBLOCK) != 0) {
        close(conn->fd);
        conn->fd = -1;
        return false;
    }
    return true;
}

bool conn_open_as(struct conn *conn, uint16_t port, const struct dialect *dialect, int number)
{
    struct bytes hello = { 0 };
    bool sent;

    if (!conn_open(conn, port))
        return false;
    conn->dialect = dialect;
    if (dialect && dialect->hello)
        dialect->hello(&hello, number);
    sent = !hello.failed && send(conn->fd, hello.at, hello.size, MSG_NOSIGNAL) == (ssize_t)hello.size;
    bytes_deinit(&hello);
    if (!sent)
        conn_close(conn);
    return sent;
}

void answer_deinit(struct answer *answer)
{
    bytes_deinit(&answer->head);
    bytes_deinit(&answer->body);
}

void conn_close(struct conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    answer_deinit(&conn->answer);
}

void conn_start(struct conn *conn, const struct request *request)
{
    conn->request = request;
    conn->sent = 0;
    conn->since = clock_now();
    conn->answer.body.size = 0;
    if (!conn->dialect)
        conn->answer.head.size = 0;
    conn->answer.status = 0;
    conn->answer.replies = 0;
    conn->answer.part = PART_HEAD;
    if (conn->pong) {
        size_t size = strlen(conn->dialect->pong);

        /* Between two requests the socket's buffer is empty; were it not, the write that follows would tell. */
        conn->pong = send(conn->fd, conn->dialect->pong, size, MSG_NOSIGNAL) != (ssize_t)size;
    }
}

enum conn_step conn_write(struct conn *conn)
{
    while (conn->sent < conn->request->size) {
        ssize_t wrote = send(conn->fd, conn->request->at + conn->sent, conn->request->size - conn->sent, MSG_NOSIGNAL);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return errno == EAGAIN ? CONN_MORE : CONN_BROKEN;
        conn->sent += (size_t)wrote;
    }
    return CONN_DONE;
}

/* The value of a header in a zero-terminated head, NULL if absent. */
static const char *header(const char *head, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, size) == 0 && line[2 + size] == ':')
            return line + 3 + size + strspn(line + 3 + size, " ");
    return NULL;
}

static bool head_parse(struct answer *answer)
{
    const char *head = answer->head.at, *value;

    if (answer->head.size < 12 || memcmp(head, "HTTP/1.", 7) != 0)
        return false;
    answer->status = atoi(head + 9);
    value = header(head, "transfer-encoding");
    if (value && strncasecmp(value, "chunked", 7) == 0) {
        answer->part = PART_CHUNK_SIZE;
        answer->left = answer->line = 0;
        return true;
    }
    value = header(head, "content-length");
    answer->left = value ? strtoul(value, NULL, 10) : 0;
    answer->part = answer->left > 0 ? PART_LENGTH : PART_DONE;
    return answer->left <= BODY_BYTES_MAX && bytes_reserve(&answer->body, answer->left + 1);
}

/* Takes bytes of the head; the number taken, 0 when it cannot be one. */
static size_t head_take(struct answer *answer, const char *at, size_t size)
{
    size_t before = answer->head.size, from = before > 3 ? before - 3 : 0, taken;
    const char *end;

    if (before > HEAD_BYTES_MAX)
        return 0;
    bytes_add(&answer->head, at, size);
    bytes_add(&answer->head, "", 1);
    if (answer->head.failed)
        return 0;
    answer->head.size--;
    end = memmem(answer->head.at + from, answer->head.size - from, "\r\n\r\n", 4);
    if (!end)
        return size;
    taken = (size_t)(end + 4 - answer->head.at) - before;
    answer->head.size = before + taken;
    answer->head.at[answer->head.size] = 0;
    return head_parse(answer) ? taken : 0;
}

/* One byte of chunk framing; false when it is none. */
static bool chunk_byte(struct answer *answer, char c)
{
    switch (answer->part) {
    case PART_CHUNK_SIZE:
        if (c == '\n') {
            answer->part = answer->left > 0 ? PART_CHUNK_DATA : PART_TRAILER;
            answer->line = 0;
            return answer->left <= BODY_BYTES_MAX;
        }
        if (isxdigit((unsigned char)c) && answer->line < 8)
            answer->left = answer->left * 16 + (size_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
        else if (c != '\r')
            return false;
        answer->line++;
        return true;
    case PART_CHUNK_END:
        if (c == '\n') {
            answer->part = PART_CHUNK_SIZE;
            answer->left = answer->line = 0;
        }
        return c == '\n' || c == '\r';
    default:
        if (c == '\n' && answer->line == 0)
            answer->part = PART_DONE;
        answer->line = c == '\n' ? 0 : answer->line + (c != '\r');
        return true;
    }
}

static bool answer_take(struct answer *answer, const char *at, size_t size)
{
    while (size > 0) {
        size_t taken = 1;

        if (answer->part == PART_DONE)
            return false;
        if (answer->part == PART_HEAD) {
            taken = head_take(answer, at, size);
            if (taken == 0)
                return false;
        } else if (answer->part == PART_LENGTH || answer->part == PART_CHUNK_DATA) {
            taken = size < answer->left ? size : answer->left;
            bytes_add(&answer->body, at, taken);
            answer->left -= taken;
            if (answer->left == 0)
                answer->part = answer->part == PART_LENGTH ? PART_DONE : PART_CHUNK_END;
            if (answer->body.failed || answer->body.size > BODY_BYTES_MAX)
                return false;
        } else if (!chunk_byte(answer, *at)) {
            return false;
        }
        at += taken;
        size -= taken;
    }
    return true;
}

/* Takes the whole replies off what has arrived; the part behind them stays for the next time. */
static enum conn_step replies_take(struct conn *conn)
{
    struct answer *answer = &conn->answer;
    const char *at = answer->head.at, *end = at + answer->head.size;
    enum reply reply;
    size_t size;

    while (at < end && (reply = conn->dialect->reply(at, end, &size)) != REPLY_PART) {
        if (reply == REPLY_BAD && answer->status == 0) {
            answer->status = 500;
            bytes_add(&answer->body, at, size);
        }
        answer->replies += reply == REPLY_GOOD || reply == REPLY_BAD;
        conn->pong |= reply == REPLY_PING;
        at += size;
    }
    answer->head.size = (size_t)(end - at);
    memmove(answer->head.at, at, answer->head.size);
    if (!conn->request || answer->replies < conn->request->replies)
        return answer->head.size < BODY_BYTES_MAX ? CONN_MORE : CONN_BROKEN;
    if (answer->status == 0)
        answer->status = 200;
    return answer->replies == conn->request->replies && bytes_reserve(&answer->body, 1) ? CONN_DONE : CONN_BROKEN;
}

static enum conn_step dialect_read(struct conn *conn)
{
    struct bytes *arrived = &conn->answer.head;
    ssize_t got;

    if (!bytes_reserve(arrived, READ_BYTES))
        return CONN_BROKEN;
    do
        got = recv(conn->fd, arrived->at + arrived->size, READ_BYTES, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return CONN_MORE;
    if (got <= 0)
        return CONN_BROKEN;
    arrived->size += (size_t)got;
    return replies_take(conn);
}

enum conn_step conn_read(struct conn *conn)
{
    struct answer *answer = &conn->answer;
    bool direct = answer->part == PART_LENGTH || (answer->part == PART_CHUNK_DATA && answer->left > READ_BYTES);
    char scratch[READ_BYTES];
    size_t room = direct ? answer->left : sizeof(scratch);
    ssize_t got;

    if (conn->dialect)
        return dialect_read(conn);
    /* Large bodies go straight to where they are looked at. */
    if (direct) {
        room = room < BODY_READ_BYTES ? room : BODY_READ_BYTES;
        if (answer->body.size > BODY_BYTES_MAX || !bytes_reserve(&answer->body, room + 1))
            return CONN_BROKEN;
    }
    do
        got = recv(conn->fd, direct ? answer->body.at + answer->body.size : scratch, room, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return CONN_MORE;
    if (got <= 0)
        return CONN_BROKEN;
    if (direct) {
        answer->body.size += (size_t)got;
        answer->left -= (size_t)got;
        if (answer->left == 0)
            answer->part = answer->part == PART_LENGTH ? PART_DONE : PART_CHUNK_END;
    } else if (!answer_take(answer, scratch, (size_t)got)) {
        return CONN_BROKEN;
    }
    if (answer->part != PART_DONE)
        return CONN_MORE;
    if (!bytes_reserve(&answer->body, 1))
        return CONN_BROKEN;
    answer->body.at[answer->body.size] = 0;
    return CONN_DONE;
}

bool conn_exchange(struct conn *conn, const struct request *request, int timeout_ms)
{
    enum conn_step step;

    conn_start(conn, request);
    while ((step = conn_write(conn)) == CONN_MORE)
        if (poll(&(struct pollfd){ .fd = conn->fd, .events = POLLOUT }, 1, timeout_ms) <= 0)
            return false;
    while (step != CONN_BROKEN) {
        if (poll(&(struct pollfd){ .fd = conn->fd, .events = POLLIN }, 1, timeout_ms) <= 0)
            return false;
        step = conn_read(conn);
        if (step == CONN_DONE)
            return true;
    }
    return false;
}

int conn_call(const struct target *target, const char *operation, const char *json, struct answer *ret_answer)
{
    struct request request;
    struct conn conn;
    int status = 0;

    if (!request_build(target, operation, WIRE_JSON, json, strlen(json), &request))
        return 0;
    if (conn_open(&conn, target->port)) {
        if (conn_exchange(&conn, &request, 60000)) {
            status = conn.answer.status;
            answer_deinit(ret_answer);
            *ret_answer = conn.answer;
            conn.answer = (struct answer){ 0 };
        }
        conn_close(&conn);
    }
    request_deinit(&request);
    return status;
}

const char *json_string(const char *from, const char *end, const char *key, char *to, size_t size)
{
    char quoted[64];
    size_t quoted_size = (size_t)snprintf(quoted, sizeof(quoted), "\"%s\"", key);
    const char *at = memmem(from, (size_t)(end - from), quoted, quoted_size), *stop;

    if (!at)
        return NULL;
    at += quoted_size;
    while (at < end && (*at == ' ' || *at == ':' || *at == '\n'))
        at++;
    if (at >= end || *at++ != '"')
        return NULL;
    stop = memchr(at, '"', (size_t)(end - at));
    if (!stop || (size_t)(stop - at) >= size)
        return NULL;
    memcpy(to, at, (size_t)(stop - at));
    to[stop - at] = 0;
    return stop;
}
