/* fetch_test.c: requests to a small server that runs on the same loop. */
#include "fetch.c"

#include "unit.h"

/* ---- a server that answers by path ----------------------------------------------------------------------------- */

enum { CONNS_MAX = 8 };

struct conn {
    struct os_socket *socket;
    struct buf in, out;
    bool closed;
};

static struct os *os;
static struct os_loop *loop;
static struct os_listener *listener;
static struct os_fetcher *fetcher;
static struct conn conns[CONNS_MAX];
static size_t accepts;
static char last_request[70000];

static void wrote(void *ctx, enum err err)
{
}

static void answer(struct conn *conn, const char *format, int size)
{
    buf_clear(&conn->out);
    buf_fmt(&conn->out, format, size);
    for (int i = 0; i < size; i++)
        buf_byte(&conn->out, (char)('a' + i % 26));
    os_socket_write(conn->socket, &(struct os_iov){ conn->out.at, conn->out.size }, 1, wrote);
}

static void route(struct conn *conn, str request)
{
    size_t size = request.size < sizeof(last_request) - 1 ? request.size : sizeof(last_request) - 1;

    memcpy(last_request, request.at, size);
    last_request[size] = '\0';
    if (strstr(last_request, "/silent"))
        return;
    if (strstr(last_request, "/hangup"))
        os_socket_close(conn->socket);
    else if (strstr(last_request, "/big"))
        answer(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 300000);
    else if (strstr(last_request, "/missing"))
        answer(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n", 3);
    else if (strstr(last_request, "HEAD "))
        answer(conn, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n%.0d", 0);
    else
        answer(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 5);
}

/* A request is whole when its head and as much body as it says are there. */
static void conn_bytes(void *ctx, char *at, size_t size)
{
    struct conn *conn = ctx;
    const char *end, *length;
    size_t whole;

    buf_append(&conn->in, str_bytes(at, size));
    buf_byte(&conn->in, '\0');
    conn->in.size--;
    end = strstr(conn->in.at, "\r\n\r\n");
    length = strstr(conn->in.at, "Content-Length: ");
    if (end == NULL)
        return;
    whole = (size_t)(end + 4 - conn->in.at) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
    if (conn->in.size < whole)
        return;
    route(conn, str_bytes(conn->in.at, whole));
    buf_drop(&conn->in, whole);
}

static void conn_end(void *ctx, enum err err)
{
    os_socket_close(((struct conn *)ctx)->socket);
}

static void conn_closed(void *ctx)
{
    ((struct conn *)ctx)->closed = true;
}

static const struct os_socket_events conn_events = { .bytes = conn_bytes, .end = conn_end, .closed = conn_closed };

static void accepted(void *ctx, struct os_socket *socket, str peer)
{
    struct conn *conn = &conns[accepts++];

    assert(accepts <= CONNS_MAX);
    *conn = (struct conn){ .socket = socket };
    buf_init(&conn->in, 1 << 20);
    buf_init(&conn->out, 1 << 20);
    os_socket_start(socket, &conn_events, conn);
}

static void begin(void)
{
    struct os_listen listen = { .address = STR("127.0.0.1:0"), .backlog = 8, .accept = accepted };

    accepts = 0;
    assert(os_create(&os) == OK);
    assert(os_loop_create(os, &loop) == OK);
    assert(os_listen(loop, &listen, &listener) == OK);
    assert(os_fetcher_create(loop, &fetcher) == OK);
}

static void stop(struct os_timer *timer)
{
    os_loop_stop(loop);
}

static void end(void)
{
    struct os_timer timer = { .fire = stop };

    os_fetcher_destroy(fetcher);
    os_listener_close(listener);
    os_timer_start(loop, &timer, 20000); /* the server's sockets meet the end of ours */
    os_loop_run(loop);
    for (size_t i = 0; i < accepts; i++) {
        CHECK(conns[i].closed);
        buf_deinit(&conns[i].in);
        buf_deinit(&conns[i].out);
    }
    os_loop_destroy(loop);
    os_destroy(os);
}

/* ---- fetches --------------------------------------------------------------------------------------------------- */

struct tried {
    struct os_fetch fetch;
    char url[200];
    bool ended, cancels;
    enum err err;
    size_t streamed;
    int stop_after;
};

static int open_fetches;

static void tried_done(struct os_fetch *fetch, enum err err)
{
    struct tried *tried = container_of(fetch, struct tried, fetch);

    CHECK(!tried->ended);
    tried->ended = true;
    tried->err = err;
    if (--open_fetches == 0)
        os_loop_stop(loop);
}

static void tried_bytes(struct os_fetch *fetch, str bytes)
{
    struct tried *tried = container_of(fetch, struct tried, fetch);

    CHECK_INT(fetch->status, 200);
    tried->streamed += bytes.size;
    if (tried->cancels) {
        os_fetch_cancel(fetch);
        os_loop_stop(loop);
    }
}

static void prepare(struct tried *tried, const char *method, const char *path)
{
    *tried = (struct tried){ 0 };
    (void)snprintf(tried->url, sizeof(tried->url), "http://%.*s%s", STR_ARG(os_listener_address(listener)), path);
    tried->fetch = (struct os_fetch){
        .method = str_of(method), .url = str_of(tried->url), .timeout_ms = 5000, .done = tried_done
    };
    buf_init(&tried->fetch.response, 100000);
}

static void run(struct tried *tried)
{
    open_fetches++;
    os_fetch_start(fetcher, &tried->fetch);
    CHECK(!tried->ended);
    os_loop_run(loop);
}

TEST("a response is gathered with its status, and the next request takes the same connection")
{
    struct tried a, b;

    begin();
    prepare(&a, "GET", "/hello");
    run(&a);
    CHECK_INT(a.err, OK);
    CHECK_INT(a.fetch.status, 200);
    CHECK_STR(buf_str(&a.fetch.response), "abcde");
    CHECK(strstr(last_request, "GET /hello HTTP/1.1\r\n") == last_request);
    prepare(&b, "GET", "/missing");
    run(&b);
    CHECK_INT(b.err, OK);
    CHECK_INT(b.fetch.status, 404);
    CHECK_STR(buf_str(&b.fetch.response), "abc");
    CHECK_INT(accepts, 1);
    buf_deinit(&a.fetch.response);
    buf_deinit(&b.fetch.response);
    end();
}

TEST("method, headers and body arrive as they were given")
{
    static char body[60000];
    struct os_fetch_header headers[] = { { STR("X-One"), STR("1") },
                                         { STR("X-Empty"), STR("") },
                                         { STR("Content-Type"), STR("application/json") } };
    struct tried tried;

    begin();
    memset(body, 'b', sizeof(body));
    prepare(&tried, "POST", "/");
    tried.fetch.headers = headers;
    tried.fetch.header_count = 3;
    tried.fetch.body = str_bytes(body, sizeof(body));
    run(&tried);
    CHECK_INT(tried.err, OK);
    CHECK(strstr(last_request, "POST / HTTP/1.1\r\n") == last_request);
    CHECK(strstr(last_request, "\r\nX-One: 1\r\n") != NULL);
    CHECK(strstr(last_request, "\r\nX-Empty:\r\n") != NULL);
    CHECK(strstr(last_request, "\r\nContent-Type: application/json\r\n") != NULL);
    CHECK(strstr(last_request, "\r\nContent-Length: 60000\r\n") != NULL);
    CHECK(strstr(last_request, "Expect") == NULL && strstr(last_request, "chunked") == NULL);
    CHECK_INT(strspn(strstr(last_request, "\r\n\r\n") + 4, "b"), 60000);
    buf_deinit(&tried.fetch.response);
    prepare(&tried, "HEAD", "/");
    run(&tried);
    CHECK_INT(tried.err, OK);
    CHECK_INT(tried.fetch.response.size, 0);
    prepare(&tried, "DELETE", "/x");
    run(&tried);
    CHECK_INT(tried.err, OK);
    CHECK(strstr(last_request, "DELETE /x HTTP/1.1\r\n") == last_request);
    buf_deinit(&tried.fetch.response);
    prepare(&tried, "POST", "/empty");
    run(&tried);
    CHECK_INT(tried.err, OK);
    CHECK(strstr(last_request, "\r\nContent-Length: 0\r\n") != NULL);
    buf_deinit(&tried.fetch.response);
    end();
}

TEST("responses stream, and one that exceeds its bound is refused")
{
    struct tried streamed, bounded;

    begin();
    prepare(&streamed, "GET", "/big");
    streamed.fetch.bytes = tried_bytes;
    prepare(&bounded, "GET", "/big");
    open_fetches = 1;
    os_fetch_start(fetcher, &streamed.fetch);
    run(&bounded);
    CHECK_INT(streamed.err, OK);
    CHECK_INT(streamed.streamed, 300000);
    CHECK_INT(bounded.err, ERR_TOO_LARGE);
    CHECK(bounded.fetch.error[0] != '\0');
    buf_deinit(&bounded.fetch.response);
    end();
}

TEST("a silent server is a TIMEOUT, one that hangs up or is not there is CLOSED")
{
    struct tried tried;
    struct os_listen listen = { .address = STR("127.0.0.1:0"), .backlog = 8, .accept = accepted };
    struct os_listener *gone;

    begin();
    prepare(&tried, "GET", "/silent");
    tried.fetch.timeout_ms = 50;
    run(&tried);
    CHECK_INT(tried.err, ERR_TIMEOUT);
    prepare(&tried, "GET", "/hangup");
    run(&tried);
    CHECK_INT(tried.err, ERR_CLOSED);
    CHECK(tried.fetch.error[0] != '\0');
    CHECK_INT(os_listen(loop, &listen, &gone), OK);
    prepare(&tried, "GET", "/");
    (void)snprintf(tried.url, sizeof(tried.url), "http://%.*s/", STR_ARG(os_listener_address(gone)));
    tried.fetch.url = str_of(tried.url);
    os_listener_close(gone);
    run(&tried);
    CHECK_INT(tried.err, ERR_CLOSED);
    end();
}

TEST("what is no URL, or would smuggle a header, is MALFORMED")
{
    struct os_fetch_header header = { STR("A"), STR("b\r\nC: d") };
    struct tried tried;

    begin();
    prepare(&tried, "GET", "/");
    tried.fetch.headers = &header;
    tried.fetch.header_count = 1;
    run(&tried);
    CHECK_INT(tried.err, ERR_MALFORMED);
    prepare(&tried, "GET /\r\nX: y", "/");
    run(&tried);
    CHECK_INT(tried.err, ERR_MALFORMED);
    prepare(&tried, "GET", "/");
    tried.fetch.url = STR("file:///etc/passwd");
    run(&tried);
    CHECK_INT(tried.err, ERR_MALFORMED);
    CHECK_INT(accepts, 0);
    end();
}

TEST("a cancelled fetch is heard of no more: before it began, from inside its bytes, and at the end of the fetcher")
{
    struct tried early, inside, late, other;

    begin();
    prepare(&early, "GET", "/");
    prepare(&inside, "GET", "/big");
    prepare(&late, "GET", "/silent");
    prepare(&other, "GET", "/");
    os_fetch_start(fetcher, &early.fetch);
    os_fetch_start(fetcher, &inside.fetch);
    os_fetch_cancel(&early.fetch);
    os_fetch_cancel(&early.fetch);
    inside.cancels = true;
    inside.fetch.bytes = tried_bytes;
    os_loop_run(loop);
    memset(&inside.fetch, 0xee, sizeof(inside.fetch));
    os_fetch_start(fetcher, &late.fetch);
    run(&other);
    CHECK_INT(other.err, OK);
    CHECK(inside.streamed > 0);
    buf_deinit(&other.fetch.response);
    end();
    CHECK(!early.ended && !inside.ended && !late.ended);
}

UNIT_MAIN
