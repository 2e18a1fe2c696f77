/* http_test.c: HTTP/1.1 connections, driven byte by byte, against recorded bytes. */
#include "http/http.c"

#include "http/test_server.h"

#define OK_ANSWER   "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\nok"
#define LAST_ANSWER "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
#define GET         "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define CHUNKED     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

TEST("a request is answered and the connection stays open")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"));
    CHECK_STR(buf_str(&server.seen), "POST /a?b=c Host=x Content-Length=5 [hello]\n");
    CHECK_STR(buf_str(&server.sent), OK_ANSWER);
    CHECK(!http_finished(server.conn));
    CHECK(http_wants_input(server.conn));
    server_deinit(&server);
}

/* What a stream of bytes leads to, whether it comes whole, in two parts, or byte by byte. */
static void run_split(str input, size_t at, str seen, str sent)
{
    struct server server;

    server_init(&server, test_config());
    if (at <= input.size) {
        feed(&server, str_slice(input, 0, at));
        feed(&server, str_slice(input, at, input.size));
    } else {
        for (size_t i = 0; i < input.size; i++)
            feed(&server, str_slice(input, i, i + 1));
    }
    if (!CHECK(str_eq(buf_str(&server.seen), seen)) || !CHECK(str_eq(buf_str(&server.sent), sent)))
        printf("split at %zu of: %.*s\ngot %.*s\n", at, STR_ARG(input), STR_ARG(buf_str(&server.sent)));
    server_deinit(&server);
}

TEST("every way to split the input gives the same requests and answers")
{
    static const char *const inputs[] = {
        GET GET "POST /x HTTP/1.1\r\nHost: y\r\nContent-Length: 3\r\n\r\nabc" GET,
        CHUNKED "3\r\nabc\r\n0A;ext=\"1\"\r\n0123456789\r\n0\r\nTrailer: 1\r\nT2:\r\n\r\n" GET,
        "\r\n\r\nPRI * HTTP/1.1\r\nHost: x\r\n\r\n" GET,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX",
        "PUT / HTTP/1.0\r\nConnection: foo, Keep-Alive\r\nContent-Length: 2\r\n\r\nxy" "GET / HTTP/1.0\r\n\r\n" GET,
        CHUNKED "3\r\nabc\rX",
        CHUNKED "3\r\nabc\r\n0\r\nbad\ntrailer",
        GET "GET / HTTP/1.1\nHost: x\r\n\r\n" GET,
        GET "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" GET,
    };

    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        str input = str_of(inputs[i]);
        struct server server;

        server_init(&server, test_config());
        feed(&server, input);
        CHECK(server.sent.size > 0);
        for (size_t at = 0; at <= input.size + 1; at++)
            run_split(input, at, buf_str(&server.seen), buf_str(&server.sent));
        server_deinit(&server);
    }
}

TEST("what could be read in two ways is refused and the connection closed")
{
    static const struct {
        const char *input;
        int status;
    } rows[] = {
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\nabc", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding\x0b: chunked\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n folded\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\n folded: at once\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400 },
        { "GET /\r\n\r\n", 400 },
        { "GET / http/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET a/b HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET http:///b HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
        { "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505 },
        { "GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", 417 },
        { CHUNKED "\r\n", 400 },
        { CHUNKED "g\r\n", 400 },
        { CHUNKED "-1\r\n", 400 },
        { CHUNKED "0x1\r\n", 400 },
        { CHUNKED "1\nx", 400 },
        { CHUNKED "1;a\nb\r\nx", 400 },
        { CHUNKED "1\r\nxy\r\n0\r\n\r\n", 400 },
        { CHUNKED "1000000000000000\r\n", 400 },
        { CHUNKED "0\r\nA: b\nC: d\r\n\r\n", 400 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct server server;
        char start[32];

        server_init(&server, test_config());
        feed(&server, str_of(rows[i].input));
        feed(&server, STR(GET));
        (void)snprintf(start, sizeof(start), "HTTP/1.1 %d ", rows[i].status);
        if (!CHECK(str_starts(buf_str(&server.sent), str_of(start))) ||
            !CHECK(str_ends(buf_str(&server.sent), STR("Content-Length: 0\r\nConnection: close\r\n\r\n"))) ||
            !CHECK(http_complaint(server.conn) != NULL) || !CHECK(http_finished(server.conn)))
            printf("of %s\ngot %.*s\n", rows[i].input, STR_ARG(buf_str(&server.sent)));
        CHECK_INT(server.requests, 0);
        server_deinit(&server);
    }
}

TEST("a zero byte in the head is refused")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"));
    CHECK(str_starts(buf_str(&server.sent), STR("HTTP/1.1 400 Bad Request\r\n")));
    server_deinit(&server);
}

TEST("targets in every form")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR("GET http://h:1/p/q?r?s HTTP/1.1\r\nHost: x\r\n\r\n"));
    feed(&server, STR("GET https://h?q HTTP/1.1\r\nHost: x\r\n\r\n"));
    feed(&server, STR("GET https://h HTTP/1.1\r\nHost: x\r\n\r\n"));
    feed(&server, STR("OPTIONS * HTTP/1.1\r\nHost:\tx y \t\r\n\r\n"));
    feed(&server, STR("GET /? HTTP/1.1\r\nHost:\r\n\r\n"));
    CHECK_STR(buf_str(&server.seen), "GET /p/q?r?s Host=x []\nGET /?q Host=x []\nGET / Host=x []\n"
                                     "OPTIONS / Host=x y []\nGET /? Host= []\n");
    server_deinit(&server);
}

TEST("as many headers as allowed pass, one more or too many bytes do not")
{
    for (size_t count = HTTP_HEADERS_MAX; count <= HTTP_HEADERS_MAX + 1; count++) {
        struct server server;

        server_init(&server, test_config());
        feed(&server, STR("GET / HTTP/1.1\r\nHost: x\r\n"));
        for (size_t i = 1; i < count; i++)
            feed(&server, STR("A: b\r\n"));
        feed(&server, STR("\r\n"));
        CHECK_INT(server.requests, count <= HTTP_HEADERS_MAX ? 1 : 0);
        CHECK(str_starts(buf_str(&server.sent), count <= HTTP_HEADERS_MAX ? STR("HTTP/1.1 200") : STR("HTTP/1.1 431")));
        server_deinit(&server);
    }
    for (size_t extra = 0; extra <= 1; extra++) {
        static const char rest[] = "\r\n\r\n", start[] = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
        struct server server;

        server_init(&server, test_config());
        feed(&server, str_of(start));
        for (size_t i = sizeof(start) - 1; i < HTTP_HEADER_BYTES_MAX + extra - (sizeof(rest) - 1); i++)
            feed(&server, STR("x"));
        feed(&server, str_of(rest));
        CHECK(str_starts(buf_str(&server.sent), extra ? STR("HTTP/1.1 431") : STR("HTTP/1.1 200")));
        server_deinit(&server);
    }
}

TEST("an unusually large head is a matter of memory")
{
    for (int refused = 0; refused <= 1; refused++) {
        struct server server;

        server_init(&server, test_config());
        server.hold = true;
        if (refused)
            server.memory_left = 1000;
        feed(&server, STR("GET / HTTP/1.1\r\nHost: x\r\nA: "));
        for (int i = 0; i < 10000; i++)
            feed(&server, STR("x"));
        feed(&server, STR("\r\n\r\n"));
        CHECK_INT(server.held_count, refused ? 0 : 1);
        if (refused)
            CHECK(str_starts(buf_str(&server.sent), STR("HTTP/1.1 503 ")));
        else
            CHECK_INT((64 << 20) - server.memory_left, HTTP_HEADER_BYTES_MAX);
        if (refused)
            server.memory_left = 64 << 20;
        server_deinit(&server);
    }
}

TEST("chunk extensions and trailers have a bound")
{
    static const char *const starts[] = { CHUNKED "1;", CHUNKED "0\r\nA: " };

    for (size_t i = 0; i < 2; i++) {
        struct server server;

        server_init(&server, test_config());
        feed(&server, str_of(starts[i]));
        for (size_t k = 0; k < 9000; k++)
            feed(&server, STR("x"));
        CHECK(str_starts(buf_str(&server.sent), STR("HTTP/1.1 400 ")));
        server_deinit(&server);
    }
}

TEST("answers leave in the order of the requests, whatever the order they are given in")
{
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET GET GET));
    CHECK_INT(server.held_count, 3);
    answer(server.held[2], 200, STR("three"));
    answer(server.held[1], 404, STR(""));
    drain(&server);
    CHECK_INT(server.sent.size, 0);
    answer(server.held[0], 200, STR("one"));
    drain(&server);
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 3\r\n\r\none"
                                     "HTTP/1.1 404 Not Found\r\nX-Id: 7\r\nContent-Length: 0\r\n\r\n"
                                     "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 5\r\n\r\nthree");
    server_deinit(&server);
}

TEST("no more than pipeline_max requests are taken; the rest waits and nothing is lost")
{
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    for (int i = 0; i < 10; i++)
        feed(&server, STR(GET));
    CHECK_INT(server.held_count, 4);
    CHECK(!http_wants_input(server.conn));
    for (size_t i = 0; i < 10; i++) {
        answer(server.held[i], 200, STR("ok"));
        drain(&server);
        CHECK_INT(server.held_count, i + 5 < 10 ? i + 5 : 10);
    }
    CHECK(http_wants_input(server.conn));
    CHECK_INT(server.sent.size, 10 * (sizeof(OK_ANSWER) - 1));
    server_deinit(&server);
}

TEST("HTTP/1.0 closes unless asked to stay; Connection: close ends the connection")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR("GET / HTTP/1.0\r\n\r\n" GET));
    CHECK_STR(buf_str(&server.sent), LAST_ANSWER);
    CHECK(http_finished(server.conn));
    server_deinit(&server);

    server_init(&server, test_config());
    feed(&server, STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 2\r\n"
                                     "Connection: keep-alive\r\n\r\nok");
    buf_clear(&server.sent);
    feed(&server, STR("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" GET));
    CHECK_STR(buf_str(&server.sent), LAST_ANSWER);
    CHECK(http_finished(server.conn));
    CHECK_INT(server.requests, 2);
    server_deinit(&server);
}

TEST("an answer may ask for the connection to end; what follows is not answered")
{
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET GET));
    http_respond(server.held[0], &(struct http_response){ .status = 500, .close = true });
    drain(&server);
    CHECK_STR(buf_str(&server.sent),
              "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(http_finished(server.conn));
    server_deinit(&server);
    CHECK_INT(server.cancelled, 1);
}

TEST("HEAD has the length but no body, 204 has neither")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\n");
    buf_clear(&server.sent);
    server.hold = true;
    feed(&server, STR(GET));
    answer(server.held[0], 204, STR(""));
    drain(&server);
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 204 No Content\r\nX-Id: 7\r\n\r\n");
    server_deinit(&server);
}

TEST("Expect: 100-continue is answered when it is that request's turn")
{
    static const char head[] = "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    struct server server;

    server_init(&server, test_config());
    feed(&server, str_of(head));
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 100 Continue\r\n\r\n");
    feed(&server, STR("abc"));
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 100 Continue\r\n\r\n" OK_ANSWER);
    buf_clear(&server.sent);
    server.hold = true;
    feed(&server, STR(GET));
    feed(&server, str_of(head));
    CHECK_INT(server.sent.size, 0);
    answer(server.held[0], 200, STR("ok"));
    drain(&server);
    CHECK_STR(buf_str(&server.sent), OK_ANSWER "HTTP/1.1 100 Continue\r\n\r\n");
    server_deinit(&server);
}

TEST("a body that is too large is swallowed and the connection lives on")
{
    struct server server;
    char body[1500];

    memset(body, 'x', sizeof(body));
    server_init(&server, test_config());
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n"));
    feed(&server, str_bytes(body, 1499));
    CHECK_INT(server.requests, 0);
    CHECK_INT(server.memory_left, 64 << 20);
    feed(&server, STR("x"));
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 413 Payload Too Large\r\nX-Id: 7\r\nContent-Length: 0\r\n\r\n");
    buf_clear(&server.sent);
    feed(&server, STR(CHUNKED "3e8\r\n"));
    feed(&server, str_bytes(body, 1000));
    feed(&server, STR("\r\n1\r\nx\r\n0\r\n\r\n" GET));
    CHECK_STR(buf_str(&server.sent),
              "HTTP/1.1 413 Payload Too Large\r\nX-Id: 7\r\nContent-Length: 0\r\n\r\n" OK_ANSWER);
    CHECK(!http_finished(server.conn));
    server_deinit(&server);
}

TEST("a body beyond what is swallowed is answered at once, then the connection closes")
{
    struct server server;
    char body[1900];

    memset(body, 'x', sizeof(body));
    server_init(&server, test_config());
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n"));
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 413 Payload Too Large\r\nX-Id: 7\r\nContent-Length: 0\r\n"
                                     "Connection: close\r\n\r\n");
    CHECK(!http_finished(server.conn)); /* the client must get the chance to read that */
    feed(&server, str_bytes(body, sizeof(body)));
    CHECK(http_wants_input(server.conn));
    feed(&server, str_bytes(body, 101));
    CHECK(http_finished(server.conn));
    server_deinit(&server);

    server_init(&server, test_config());
    feed(&server, STR(CHUNKED "ffff\r\n"));
    feed(&server, str_bytes(body, sizeof(body)));
    CHECK_INT(server.requests, 0);
    feed(&server, str_bytes(body, 200));
    CHECK_INT(server.requests, 1);
    CHECK(http_finished(server.conn));
    server_deinit(&server);

    server_init(&server, test_config());
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n"));
    CHECK(!http_finished(server.conn));
    CHECK_INT(http_deadline(server.conn), server.now + 1000);
    server.now += 1000;
    http_timeout(server.conn, server.now);
    CHECK(http_finished(server.conn));
    server_deinit(&server);

    server_init(&server, test_config());
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n"));
    CHECK(str_starts(buf_str(&server.sent), STR("HTTP/1.1 413 ")));
    http_input_end(server.conn);
    CHECK(http_finished(server.conn));
    server_deinit(&server);
}

TEST("when memory is refused the connection stops reading, and goes on when there is some")
{
    struct http_config config = test_config();
    struct server server;

    config.body_bytes_max = 4 << 20;
    server_init(&server, config);
    server.memory_left = 100;
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n"));
    feed(&server, STR("0123456789"));
    CHECK(!http_wants_input(server.conn));
    http_memory_freed(server.conn);
    CHECK(!http_wants_input(server.conn));
    feed(&server, STR("01234567890123456789012345678901234567890123456789012345678901234567890123456789"));
    feed(&server, STR("0123456789!"));
    feed(&server, STR(GET));
    CHECK_INT(server.requests, 0);
    server.memory_left = 64 << 20;
    http_memory_freed(server.conn);
    drain(&server);
    CHECK_STR(buf_str(&server.seen), "PUT / Host=x Content-Length=101 [101 bytes]\nGET / Host=x []\n");
    CHECK(http_wants_input(server.conn));
    server_deinit(&server);
}

TEST("who waits too long for memory is told so, since giving up may feed the others")
{
    struct server server;

    server_init(&server, test_config());
    server.memory_left = 0;
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789"));
    CHECK_INT(http_deadline(server.conn), server.now + 20000);
    server.now += 20000;
    http_timeout(server.conn, server.now);
    drain(&server);
    CHECK_STR(buf_str(&server.sent),
              "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(http_finished(server.conn));
    server.memory_left = 64 << 20;
    server_deinit(&server);
}

TEST("a lying length reserves little, and a large body is read where it stays")
{
    struct http_config config = test_config();
    struct server server;
    size_t size, total = 0;
    char *at;

    config.body_bytes_max = 16 << 20;
    server_init(&server, config);
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\n"));
    http_input_buffer(server.conn, &at, &size);
    CHECK(at == NULL && size == 0); /* nothing has come: nothing is reserved */
    feed(&server, STR("x"));
    CHECK_INT((64 << 20) - server.memory_left, 1 << 20);
    total = 1;
    for (;;) {
        http_input_buffer(server.conn, &at, &size);
        if (at == NULL)
            break;
        memset(at, 'y', size);
        total += size;
        http_input(server.conn, at, size, server.now);
        if (total < 16000000)
            feed(&server, STR("z")), total++;
    }
    drain(&server);
    CHECK_INT(total, 16000000);
    CHECK_STR(buf_str(&server.seen), "PUT / Host=x Content-Length=16000000 [16000000 bytes]\n");
    server_deinit(&server);
}

TEST("a slow head is answered 408, and so is a body that stops")
{
    struct server server;

    server_init(&server, test_config());
    CHECK_INT(http_deadline(server.conn), server.now + 60000);
    for (int i = 0; i < 10; i++) {
        feed(&server, str_slice(STR("GET / HTTP/1.1"), (size_t)i, (size_t)i + 1));
        CHECK_INT(http_deadline(server.conn), 1000 + 10000);
        server.now += 900;
    }
    server.now = 11000;
    http_timeout(server.conn, server.now);
    drain(&server);
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(http_finished(server.conn));
    server_deinit(&server);

    server_init(&server, test_config());
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"));
    server.now += 15000;
    feed(&server, STR("x")); /* too little to count */
    CHECK_INT(http_deadline(server.conn), 1000 + 20000);
    http_timeout(server.conn, 1000 + 19999);
    CHECK(!http_finished(server.conn));
    CHECK(http_complaint(server.conn) == NULL);
    server.now = 1000 + 20000;
    http_timeout(server.conn, server.now);
    drain(&server);
    CHECK(str_starts(buf_str(&server.sent), STR("HTTP/1.1 408 ")));
    CHECK(http_finished(server.conn));
    CHECK(http_complaint(server.conn) != NULL);
    server_deinit(&server);
}

static char big_body[100000];

TEST("a body has time as long as it gets on by a stride, in chunks as well, and byte by byte it has not")
{
    struct http_config config = test_config();
    struct server server;

    config.body_bytes_max = sizeof(big_body);
    server_init(&server, config);
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"));
    for (int i = 0; i < 5; i++) {
        server.now += 15000;
        feed(&server, str_bytes(big_body, HTTP_STRIDE));
        CHECK_INT(http_deadline(server.conn), server.now + 20000);
    }
    server_deinit(&server);

    server_init(&server, config);
    feed(&server, STR(CHUNKED));
    for (int i = 0; i < 40; i++) {
        server.now += 499;
        feed(&server, STR("1\r\nx\r\n"));
        CHECK_INT(http_deadline(server.conn), 1000 + 20000);
    }
    server_deinit(&server);
}

TEST("an idle connection ends silently; one whose answer is awaited does not")
{
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET));
    CHECK(http_deadline(server.conn) == INT64_MAX);
    server.now += 100000;
    CHECK_INT(http_idle_ms(server.conn, server.now), 0); /* it is ours to speak */
    answer(server.held[0], 200, STR("ok"));
    drain(&server);
    CHECK_INT(http_deadline(server.conn), server.now + 60000);
    server.now += 60000;
    CHECK_INT(http_idle_ms(server.conn, server.now), 60000);
    http_timeout(server.conn, server.now);
    CHECK(http_finished(server.conn));
    CHECK_STR(buf_str(&server.sent), OK_ANSWER);
    CHECK(http_complaint(server.conn) == NULL);
    server_deinit(&server);
}

TEST("an answer that is being sent needs no timer at once, but one for the time that it may take")
{
    struct http_iov iov[4];
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET));
    answer(server.held[0], 200, STR("ok"));
    CHECK(http_output(server.conn, iov, 4) > 0);
    CHECK(http_deadline(server.conn) <= server.now); /* nobody has told the time */
    http_output_begun(server.conn, server.now + 5);
    CHECK_INT(http_deadline(server.conn), server.now + 5 + server.config.write_timeout_ms);
    server_deinit(&server);
}

TEST("a peer that takes nothing of its answer loses the connection")
{
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET));
    server.now += 1000000;
    answer(server.held[0], 200, STR("ok"));
    CHECK(http_deadline(server.conn) <= server.now); /* tell us the time */
    http_timeout(server.conn, server.now);
    CHECK_INT(http_deadline(server.conn), server.now + 30000);
    server.now += 29000;
    drain_some(&server, 1); /* too little to count */
    CHECK_INT(http_deadline(server.conn), server.now + 1000);
    server.now += 1000;
    http_timeout(server.conn, server.now);
    CHECK(http_finished(server.conn));
    CHECK(http_complaint(server.conn) != NULL);
    server_deinit(&server);
}

TEST("a large body is sent from where it is and released once it is sent")
{
    struct server server;
    struct http_iov iov[8];
    struct http_piece pieces[2] = { { .at = "small", .size = 5, .release = on_release, .ctx = &server },
                                    { .at = big_body, .size = sizeof(big_body), .release = on_release,
                                      .ctx = &server } };
    size_t count, bytes = 0;

    server_init(&server, test_config());
    server.hold = true;
    http_input(server.conn, GET, sizeof(GET) - 1, server.now);
    http_respond(server.held[0], &(struct http_response){ .status = 200, .pieces = pieces, .piece_count = 2 });
    CHECK_INT(server.released, 1);
    count = http_output(server.conn, iov, 8);
    CHECK_INT(count, 2);
    CHECK(iov[1].at == big_body && iov[1].size == sizeof(big_body));
    for (size_t i = 0; i < count; i++)
        bytes += iov[i].size;
    http_output_done(server.conn, bytes - 1, server.now);
    CHECK_INT(server.released, 1);
    http_output_done(server.conn, 1, server.now);
    CHECK_INT(server.released, 2);
    server_deinit(&server);
}

TEST("a streamed answer is chunked, in pieces, and behind the answers before it")
{
    struct server server;
    struct http_piece piece = { .at = "event", .size = 5, .release = on_release, .ctx = &server };
    struct http_piece empty = { .at = "", .size = 0, .release = on_release, .ctx = &server };

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET GET GET));
    http_stream_begin(server.held[1], &(struct http_response){ .status = 200, .pieces = &piece, .piece_count = 1 });
    CHECK_INT(http_stream_room(server.held[1]), 0);
    answer(server.held[0], 200, STR("ok"));
    drain(&server);
    CHECK_STR(buf_str(&server.sent), OK_ANSWER "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nevent\r\n");
    CHECK_INT(server.rooms, 1);
    CHECK(http_stream_room(server.held[1]) > 0);
    buf_clear(&server.sent);
    http_stream_write(server.held[1], &piece);
    http_stream_write(server.held[1], &empty);
    http_stream_write(server.held[1], &(struct http_piece){ .at = big_body, .size = sizeof(big_body) });
    CHECK_INT(http_stream_room(server.held[1]), 0);
    answer(server.held[2], 200, STR("ok"));
    drain(&server);
    CHECK_INT(server.rooms, 2);
    http_stream_end(server.held[1]);
    drain(&server);
    CHECK(str_starts(buf_str(&server.sent), STR("5\r\nevent\r\n186a0\r\n\0")));
    CHECK(str_ends(buf_str(&server.sent), STR("\0\r\n0\r\n\r\n" OK_ANSWER)));
    CHECK_INT(server.released, 3);
    server_deinit(&server);
}

TEST("a streamed answer to HTTP/1.0 ends with the connection, one to HEAD has no body")
{
    struct server server;
    struct http_piece piece = { .at = "event", .size = 5, .release = on_release, .ctx = &server };

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    for (size_t i = 0; i < 2; i++) {
        http_stream_begin(server.held[i], &(struct http_response){ .status = 200 });
        http_stream_write(server.held[i], &piece);
        http_stream_end(server.held[i]);
    }
    drain(&server);
    CHECK_STR(buf_str(&server.sent), "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\nevent");
    CHECK(http_finished(server.conn));
    CHECK_INT(server.released, 2);
    server_deinit(&server);
}

TEST("shutdown ends an idle connection at once, a busy one after the last answer")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR(GET "GET / HT"));
    CHECK_INT(http_idle_ms(server.conn, server.now + 1000), 0); /* it has begun to speak */
    http_shutdown(server.conn);
    CHECK(http_finished(server.conn));
    server_deinit(&server);

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET GET));
    http_shutdown(server.conn);
    feed(&server, STR(GET));
    answer(server.held[0], 200, STR("ok"));
    answer(server.held[1], 200, STR("ok"));
    CHECK(!http_finished(server.conn));
    drain(&server);
    CHECK_STR(buf_str(&server.sent), OK_ANSWER LAST_ANSWER);
    CHECK(http_finished(server.conn));
    CHECK_INT(server.requests, 2);
    server_deinit(&server);

    server_init(&server, test_config());
    feed(&server, STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1"));
    http_shutdown(server.conn);
    feed(&server, STR("2" GET));
    CHECK_STR(buf_str(&server.sent), LAST_ANSWER);
    CHECK(http_finished(server.conn));
    server_deinit(&server);

    server_init(&server, test_config());
    http_shutdown(server.conn);
    CHECK(http_finished(server.conn));
    server_deinit(&server);
}

TEST("a client that has ended its side still gets its answers")
{
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET GET GET GET GET "GET / HT"));
    http_input_end(server.conn);
    CHECK(!http_finished(server.conn));
    for (size_t i = 0; i < 5; i++) {
        answer(server.held[i], 200, STR("ok"));
        drain(&server);
    }
    CHECK(http_finished(server.conn));
    CHECK_STR(str_slice(buf_str(&server.sent), 3 * (sizeof(OK_ANSWER) - 1), server.sent.size), OK_ANSWER LAST_ANSWER);
    server_deinit(&server);
    CHECK_INT(server.cancelled, 0);
}

TEST("destroying a connection cancels what is unanswered")
{
    struct server server;

    server_init(&server, test_config());
    server.hold = true;
    feed(&server, STR(GET GET GET));
    answer(server.held[1], 200, STR("ok"));
    http_stream_begin(server.held[2], &(struct http_response){ .status = 200 });
    http_stream_write(server.held[2], &(struct http_piece){ .at = big_body, .size = sizeof(big_body),
                                                            .release = on_release, .ctx = &server });
    server_deinit(&server);
    CHECK_INT(server.cancelled, 2);
    CHECK_INT(server.released, 1);
}

TEST("a TLS hello without a certificate of ours closes the connection")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR("\x16\x03\x01"));
    CHECK(http_finished(server.conn));
    CHECK_INT(server.sent.size, 0);
    server_deinit(&server);
}

TEST("a thousand requests on one connection use the memory of one")
{
    struct server server;
    const struct list *slot;

    server_init(&server, test_config());
    feed(&server, STR(GET));
    slot = server.conn->h1.idle.next;
    for (int i = 0; i < 1000; i++)
        feed(&server, STR(GET));
    CHECK_INT(server.conn->h1.idle_count, 1);
    CHECK(slot == server.conn->h1.idle.next);
    server_deinit(&server);
}

TEST("headers are found whatever their case")
{
    struct http_header headers[] = { { STR("X-Amz-Target"), STR("a") }, { STR("x-amz-target"), STR("b") } };
    struct http_request request = { .headers = headers, .header_count = 2 };

    CHECK_STR(http_find(&request, STR("x-AMZ-target")), "a");
    CHECK(!str_present(http_find(&request, STR("x-amz"))));
}

UNIT_MAIN
