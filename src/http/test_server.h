/* test_server.h: the owner of a connection, for tests: writes down what it gets and answers at once, or holds. */
#pragma once

#include <stdlib.h>

#include "base/buf.h"
#include "http/http.h"
#include "unit.h"

enum { HELD_MAX = 64 };

struct server {
    struct http_config config;
    struct http_conn *conn;
    struct buf seen, sent;
    struct http_request *held[HELD_MAX];
    size_t held_count, cancelled, rooms, requests, released;
    struct http_request *cancelled_last;
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

static __attribute__((unused)) void on_release(void *ctx)
{
    struct server *server = ctx;

    server->released++;
}

static __attribute__((unused)) void answer(struct http_request *request, int status, str body)
{
    struct http_header headers[] = { { STR("X-Id"), STR("7") } };
    struct http_piece piece = { .at = body.at, .size = body.size };

    http_respond(request, &(struct http_response){
        .status = status, .headers = headers, .header_count = 1, .pieces = &piece, .piece_count = body.size ? 1 : 0 });
}

static void on_request(void *ctx, struct http_request *request)
{
    struct server *server = ctx;

    server->requests++;
    buf_fmt(&server->seen, "%.*s %.*s", STR_ARG(request->method), STR_ARG(request->path));
    if (str_present(request->query))
        buf_fmt(&server->seen, "?%.*s", STR_ARG(request->query));
    for (size_t i = 0; i < request->header_count; i++)
        buf_fmt(&server->seen, " %.*s=%.*s", STR_ARG(request->headers[i].name), STR_ARG(request->headers[i].value));
    if (request->too_large)
        buf_append(&server->seen, STR(" too large"));
    if (request->body_size <= 100)
        buf_fmt(&server->seen, " [%s]\n", request->body);
    else
        buf_fmt(&server->seen, " [%zu bytes]\n", request->body_size);
    if (server->hold && server->held_count < HELD_MAX)
        server->held[server->held_count++] = request;
    else if (request->too_large)
        answer(request, 413, STR(""));
    else
        answer(request, 200, STR("ok"));
}

static void on_cancelled(void *ctx, struct http_request *request)
{
    struct server *server = ctx;

    server->cancelled++;
    server->cancelled_last = request;
}

static void on_room(void *ctx, struct http_request *request)
{
    struct server *server = ctx;

    server->rooms++;
}

static struct http_config test_config(void)
{
    return (struct http_config){
        .body_bytes_max = 1000, .swallow_bytes_max = 2000, .streams_max = 1000, .window_bytes = 65535,
        .pipeline_max = 4, .header_timeout_ms = 10000, .body_timeout_ms = 20000, .idle_timeout_ms = 60000,
        .write_timeout_ms = 30000, .memory = on_memory, .request = on_request, .cancelled = on_cancelled,
        .room = on_room,
    };
}

/* With the bounds of `config`. */
static void server_init(struct server *server, struct http_config config)
{
    *server = (struct server){ .config = config, .memory_left = 64 << 20, .now = 1000 };
    buf_init(&server->seen, 1 << 20);
    buf_init(&server->sent, 64 << 20);
    CHECK(http_conn_create(&server->config, server, server->now, &server->conn) == OK);
}

static void server_deinit(struct server *server)
{
    http_conn_destroy(server->conn);
    CHECK_INT(server->memory_left, 64 << 20); /* whatever happened, all memory was given back */
    buf_deinit(&server->seen);
    buf_deinit(&server->sent);
}

/* Take what it wants to send, at most `bytes_max`. */
static __attribute__((unused)) void drain_some(struct server *server, size_t bytes_max)
{
    struct http_iov iov[3];
    size_t count, bytes;

    while (bytes_max && (count = http_output(server->conn, iov, 3)) > 0) {
        bytes = 0;
        for (size_t i = 0; i < count && bytes_max; i++) {
            size_t part = iov[i].size < bytes_max ? iov[i].size : bytes_max;

            buf_append(&server->sent, str_bytes(iov[i].at, part));
            bytes += part;
            bytes_max -= part;
        }
        http_output_done(server->conn, bytes, server->now);
    }
}

static __attribute__((unused)) void drain(struct server *server)
{
    drain_some(server, SIZE_MAX);
}

static __attribute__((unused)) void feed(struct server *server, str bytes)
{
    char *copy = malloc(bytes.size ? bytes.size : 1); /* so that the sanitizer sees every byte read too far */

    memcpy(copy, bytes.at, bytes.size);
    http_input(server->conn, copy, bytes.size, server->now);
    free(copy);
    drain(server);
}
