/* http_test.c: HTTP/1.1 connections, driven byte by byte. */
#include "http/http.c"

#include "unit.h"

/* A server that writes down what it gets and answers at once, unless told to hold its answers. */
struct server {
    struct http_config config;
    struct http_conn *conn;
    struct buf seen, sent;
    struct http_request *held[16];
    size_t held_count, cancelled, rooms;
    bool hold;
    int64_t memory_left, now;
};

static bool on_memory(void *ctx, int64_t bytes)
{
    struct server *server = ctx;

    if (bytes > server->memory_left)
        return false;
    server->memory_left -= bytes;
    return true;
}

static void answer(struct http_request *request, str body)
{
    struct http_header headers[] = { { STR("X-Id"), STR("7") } };
    struct http_piece piece = { .at = body.at, .size = body.size };

    http_respond(request, &(struct http_response){
        .status = 200, .headers = headers, .header_count = 1, .pieces = &piece, .piece_count = body.size ? 1 : 0 });
}

static void on_request(void *ctx, struct http_request *request)
{
    struct server *server = ctx;

    buf_fmt(&server->seen, "%.*s %.*s", STR_ARG(request->method), STR_ARG(request->path));
    if (str_present(request->query))
        buf_fmt(&server->seen, "?%.*s", STR_ARG(request->query));
    for (size_t i = 0; i < request->header_count; i++)
        buf_fmt(&server->seen, " %.*s=%.*s", STR_ARG(request->headers[i].name), STR_ARG(request->headers[i].value));
    if (request->too_large)
        buf_append(&server->seen, STR(" too large"));
    buf_fmt(&server->seen, " [%s]\n", request->body);
    if (server->hold && server->held_count < 16)
        server->held[server->held_count++] = request;
    else
        answer(request, STR("ok"));
}

static void on_cancelled(void *ctx, struct http_request *request)
{
    struct server *server = ctx;

    server->cancelled++;
}

static void on_room(void *ctx, struct http_request *request)
{
    struct server *server = ctx;

    server->rooms++;
}

static void server_init(struct server *server)
{
    *server = (struct server){
        .config = {
            .body_bytes_max = 1000, .swallow_bytes_max = 2000, .streams_max = 1000, .window_bytes = 1000,
            .pipeline_max = 4, .header_timeout_ms = 10000, .body_timeout_ms = 20000, .idle_timeout_ms = 60000,
            .write_timeout_ms = 30000, .memory = on_memory, .request = on_request, .cancelled = on_cancelled,
            .room = on_room,
        },
        .memory_left = 1 << 20, .now = 1000,
    };
    buf_init(&server->seen, 1 << 20);
    buf_init(&server->sent, 64 << 20);
    CHECK(http_conn_create(&server->config, server, server->now, &server->conn) == OK);
}

static void server_deinit(struct server *server)
{
    http_conn_destroy(server->conn);
    buf_deinit(&server->seen);
    buf_deinit(&server->sent);
}

static void drain(struct server *server)
{
    struct http_iov iov[3];
    size_t count;

    while ((count = http_output(server->conn, iov, 3)) > 0) {
        size_t bytes = 0;

        for (size_t i = 0; i < count; i++) {
            buf_append(&server->sent, str_bytes(iov[i].at, iov[i].size));
            bytes += iov[i].size;
        }
        http_output_done(server->conn, bytes, server->now);
    }
}

static void feed(struct server *server, str bytes)
{
    char *copy = malloc(bytes.size); /* so that the sanitizer sees every byte read too far */

    memcpy(copy, bytes.at, bytes.size);
    http_input(server->conn, copy, bytes.size, server->now);
    free(copy);
    drain(server);
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\nok"

TEST("a request is answered and the connection stays open")
{
    struct server server;

    server_init(&server);
    feed(&server, STR("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"));
    CHECK_STR(buf_str(&server.seen), "POST /a?b=c Host=x Content-Length=5 [hello]\n");
    CHECK_STR(buf_str(&server.sent), OK_ANSWER);
    CHECK(!http_finished(server.conn));
    server_deinit(&server);
}

UNIT_MAIN
