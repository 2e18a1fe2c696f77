/* parts_test.c: answers that lie in many places. */
#include "http/test_server.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

/* A body cut into many parts. */
static struct http_piece in_parts(const char *body, size_t size, struct http_iov *parts, struct server *server)
{
    size_t count = 0;

    for (size_t at = 0, part; at < size; at += part, count++) {
        part = count % 2 ? 1024 : 150;
        part = part < size - at ? part : size - at;
        parts[count] = (struct http_iov){ body + at, part };
    }
    return (struct http_piece){ .size = size, .parts = parts, .release = on_release, .ctx = server };
}

TEST("a body that lies in many places is sent from there, in order of the requests, and released once")
{
    static char body[100000];
    static struct http_iov parts[300];
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    struct server server;
    struct http_iov iov[8];
    struct http_piece piece = in_parts(body, sizeof(body), parts, &server);
    struct buf wanted = { .size_max = 1 << 20 };
    size_t count;

    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (char)(i * 31 + i / 251);
    server_init(&server, test_config());
    server.hold = true;
    for (int i = 0; i < 2; i++)
        http_input(server.conn, GET, sizeof(GET) - 1, server.now);
    for (size_t i = 2; i-- > 0;) /* the second answer waits for the first */
        http_respond(server.held[i], &(struct http_response){ .status = 200, .pieces = &piece, .piece_count = 1 });
    CHECK_INT(server.released, 0);
    count = http_output(server.conn, iov, 8);
    CHECK_INT(count, 8);
    for (size_t i = 1; i < count; i++)
        CHECK(iov[i].at == parts[i - 1].at && iov[i].size == parts[i - 1].size);
    drain(&server);
    for (int i = 0; i < 2; i++) {
        buf_append(&wanted, str_of(head));
        buf_append(&wanted, str_bytes(body, sizeof(body)));
    }
    CHECK(str_eq(buf_str(&server.sent), buf_str(&wanted)));
    CHECK_INT(server.released, 2);
    buf_deinit(&wanted);
    server_deinit(&server);
}

UNIT_MAIN
