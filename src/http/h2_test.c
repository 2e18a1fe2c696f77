/* h2_test.c: HTTP/2 connections against a client session of nghttp2, in memory. */
#include "http/h2.c"

#include "http/test_client.h"

#define OK_ANSWER ":status=200 x-id=7 content-length=2 ok"

static void begin(struct server *server, struct client *client, struct http_config config)
{
    server_init(server, config);
    client_init(client, server);
}

static void end(struct server *server, struct client *client)
{
    client_deinit(client);
    server_deinit(server);
}

TEST("requests with and without a body are answered, however the bytes are split")
{
    static const size_t steps[] = { 1, 2, 7, 1000, SIZE_MAX };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct server server;
        struct client client;
        int32_t first, second, third;

        begin(&server, &client, test_config());
        client.body = "hello";
        first = ask(&client, "POST", "/a?b", 5, "5");
        talk_in_steps(&client, steps[i]);
        second = ask(&client, "GET", "/", -1, NULL);
        third = ask(&client, "HEAD", "/", -1, NULL);
        talk_in_steps(&client, steps[i]);
        CHECK_STR(buf_str(&server.seen), "POST /a?b :authority=x content-length=5 [hello]\nGET / :authority=x []\n"
                                         "HEAD / :authority=x []\n");
        CHECK_STR(noted(&client, first), OK_ANSWER);
        CHECK_STR(noted(&client, second), OK_ANSWER);
        CHECK_STR(noted(&client, third), ":status=200 x-id=7 content-length=2 ");
        CHECK(client.notes[first / 2].closed && client.notes[third / 2].closed);
        CHECK_INT(server.conn->h2->stream_count, 0);
        end(&server, &client);
    }
}

TEST("names become lower case and what belongs to HTTP/1.1 connections is dropped")
{
    struct http_header headers[] = { { STR("X-Amz-ID-2"), STR("Ab") }, { STR("Connection"), STR("close") },
                                     { STR("keep-alive"), STR("1") }, { STR("Transfer-Encoding"), STR("chunked") } };
    struct server server;
    struct client client;
    int32_t id;

    begin(&server, &client, test_config());
    server.hold = true;
    id = ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    http_respond(server.held[0], &(struct http_response){ .status = 204, .headers = headers, .header_count = 4 });
    talk(&client);
    CHECK_STR(noted(&client, id), ":status=204 x-amz-id-2=Ab ");
    end(&server, &client);
}

TEST("a connection is idle from its last stream's end on")
{
    struct server server;
    struct client client;

    begin(&server, &client, test_config());
    server.hold = true;
    ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    server.now += 1000;
    CHECK_INT(http_idle_ms(server.conn, server.now), 0);
    answer(server.held[0], 200, STR("ok"));
    talk(&client);
    CHECK_INT(http_idle_ms(server.conn, server.now + 700), 700);
    end(&server, &client);
}

TEST("a body without length, larger than all windows, arrives whole")
{
    struct http_config config = test_config();
    struct server server;
    struct client client;

    config.body_bytes_max = 32 << 20;
    config.window_bytes = 20000;
    begin(&server, &client, config);
    ask(&client, "POST", "/", 20 << 20, NULL);
    talk(&client);
    CHECK_STR(buf_str(&server.seen), "POST / :authority=x [20971520 bytes]\n");
    CHECK_INT(server.conn->h2->debt, 0);
    ask(&client, "POST", "/", 20 << 20, "20971520");
    talk(&client);
    CHECK_INT(server.requests, 2);
    end(&server, &client);
}

TEST("a body that is too large is swallowed, or refused at once when its length says so")
{
    struct server server;
    struct client client;
    int32_t first, second, third;

    begin(&server, &client, test_config());
    first = ask(&client, "POST", "/", 1500, NULL);
    talk(&client);
    second = ask(&client, "POST", "/", 1500, "1500");
    talk(&client);
    client.body_endless = true;
    third = ask(&client, "POST", "/", 100, "2001");
    talk(&client);
    CHECK_STR(noted(&client, first), ":status=413 x-id=7 content-length=0 ");
    CHECK_STR(noted(&client, second), ":status=413 x-id=7 content-length=0 ");
    CHECK_STR(noted(&client, third), ":status=413 x-id=7 content-length=0 ");
    CHECK(!client.notes[third / 2].closed);
    CHECK_INT(http_deadline(server.conn), server.now + 1000);
    server.now += 1000;
    http_timeout(server.conn, server.now);
    talk(&client);
    CHECK(client.notes[third / 2].closed);
    CHECK_INT(client.notes[third / 2].error_code, NGHTTP2_NO_ERROR);
    client.body_endless = false;
    third = ask(&client, "POST", "/", 3000, NULL);
    talk(&client);
    CHECK_STR(noted(&client, third), ":status=413 x-id=7 content-length=0 ");
    server.now += 1000;
    http_timeout(server.conn, server.now);
    talk(&client);
    CHECK_INT(server.conn->h2->stream_count, 0);
    end(&server, &client);
}

TEST("without memory one stream's window stays shut while the others go on")
{
    struct http_config config = test_config();
    struct server server;
    struct client client;
    int32_t id;

    config.body_bytes_max = 4 << 20;
    begin(&server, &client, config);
    talk(&client);
    server.memory_left = 200000;
    ask(&client, "POST", "/", 1 << 20, NULL);
    talk(&client);
    CHECK_INT(server.requests, 0);
    CHECK(!list_empty(&server.conn->h2->starved));
    CHECK(client.body_sent < 400000);
    id = ask(&client, "GET", "/", -1, NULL);
    client.body_size = 1 << 20;
    client.body_sent = 300000;
    CHECK(nghttp2_submit_ping(client.session, NGHTTP2_FLAG_NONE, NULL) == 0);
    talk(&client);
    CHECK_STR(noted(&client, id), OK_ANSWER);
    CHECK_INT(client.pings, 1);
    CHECK(http_wants_input(server.conn));
    server.memory_left += (64 << 20) - 200000;
    http_memory_freed(server.conn);
    talk(&client);
    CHECK_INT(server.requests, 2);
    CHECK_INT(server.conn->h2->debt, 0);
    end(&server, &client);
}

TEST("who starves too long is refused, in a way that may be tried again")
{
    struct http_config config = test_config();
    struct server server;
    struct client client;
    int32_t id;

    config.body_bytes_max = 4 << 20;
    begin(&server, &client, config);
    server.memory_left = 0;
    id = ask(&client, "POST", "/", 1 << 20, NULL);
    talk(&client);
    CHECK_INT(http_deadline(server.conn), server.now + 20000);
    server.now += 20000;
    http_timeout(server.conn, server.now);
    talk(&client);
    CHECK(client.notes[id / 2].closed);
    CHECK_INT(client.notes[id / 2].error_code, NGHTTP2_REFUSED_STREAM);
    CHECK_INT(server.conn->h2->debt, 0);
    server.memory_left = 64 << 20;
    end(&server, &client);
}

TEST("what is held without a grant has a bound over all streams")
{
    struct http_config config = test_config();
    struct server server;
    struct client client;
    size_t refused = 0;

    config.body_bytes_max = 4 << 20;
    begin(&server, &client, config);
    server.memory_left = 0;
    for (int i = 0; i < 30; i++) {
        int32_t id = ask(&client, "POST", "/", 65535, "100000");

        client.body_endless = true;
        talk(&client);
        refused += client.notes[id / 2].error_code == NGHTTP2_REFUSED_STREAM;
    }
    CHECK(refused >= 10);
    CHECK(server.conn->h2->debt <= 17 * 65535);
    server.memory_left = 64 << 20;
    end(&server, &client);
}

static char big_body[300000];

static struct http_piece big_piece(struct server *server)
{
    return (struct http_piece){ .at = big_body, .size = sizeof(big_body), .release = on_release, .ctx = server };
}

TEST("a stream whose peer takes nothing holds up neither the others nor PING")
{
    struct server server;
    struct client client;
    struct http_piece piece;
    int32_t slow, fast;

    begin(&server, &client, test_config());
    server.hold = true;
    CHECK(nghttp2_session_set_local_window_size(client.session, 0, 0, 10 << 20) == 0);
    slow = ask(&client, "GET", "/slow", -1, NULL);
    talk(&client);
    client.no_window_updates = true;
    piece = big_piece(&server);
    http_respond(server.held[0], &(struct http_response){ .status = 200, .pieces = &piece, .piece_count = 1 });
    talk(&client);
    CHECK_INT(client.notes[slow / 2].body_size, 65535);
    CHECK_INT(server.released, 0);
    server.hold = false;
    fast = ask(&client, "GET", "/fast", -1, NULL);
    CHECK(nghttp2_submit_ping(client.session, NGHTTP2_FLAG_NONE, NULL) == 0);
    talk(&client);
    CHECK_STR(noted(&client, fast), OK_ANSWER);
    CHECK_INT(client.pings, 1);
    client.no_window_updates = false;
    CHECK(nghttp2_session_consume(client.session, slow, 65535) == 0);
    talk(&client);
    CHECK_INT(client.notes[slow / 2].body_size, sizeof(big_body));
    CHECK(client.notes[slow / 2].closed);
    CHECK_INT(server.released, 1);
    end(&server, &client);
}

TEST("room follows the peer's windows, and is told when it opens")
{
    struct server server;
    struct client client;
    struct http_piece piece;
    int32_t id, other;

    begin(&server, &client, test_config());
    server.hold = true;
    CHECK(nghttp2_session_set_local_window_size(client.session, 0, 0, 10 << 20) == 0);
    id = ask(&client, "GET", "/", -1, NULL);
    other = ask(&client, "GET", "/other", -1, NULL);
    talk(&client);
    http_stream_begin(server.held[0], &(struct http_response){ .status = 200 });
    http_stream_begin(server.held[1], &(struct http_response){ .status = 200 });
    CHECK_INT(http_stream_room(server.held[0]), 65535);
    client.no_window_updates = true;
    piece = big_piece(&server);
    http_stream_write(server.held[0], &piece);
    CHECK_INT(http_stream_room(server.held[0]), 0);
    talk(&client);
    CHECK_INT(server.rooms, 0);
    CHECK_INT(http_stream_room(server.held[1]), 65535);
    client.no_window_updates = false;
    CHECK(nghttp2_session_consume(client.session, id, 65535) == 0);
    talk(&client);
    CHECK_INT(server.rooms, 1);
    CHECK(http_stream_room(server.held[0]) > 0);
    CHECK_INT(client.notes[id / 2].body_size, sizeof(big_body));
    http_stream_write(server.held[0], &(struct http_piece){ .at = "end", .size = 3 });
    http_stream_end(server.held[0]);
    http_stream_end(server.held[1]);
    talk(&client);
    CHECK(client.notes[id / 2].ended && client.notes[other / 2].ended);
    CHECK_INT(client.notes[id / 2].body_size, sizeof(big_body) + 3);
    CHECK_INT(server.cancelled, 0);
    end(&server, &client);
}

TEST("a reset stream is told to the owner once, and its pieces are released")
{
    struct server server;
    struct client client;
    struct http_piece piece;
    int32_t id;

    begin(&server, &client, test_config());
    server.hold = true;
    id = ask(&client, "GET", "/", -1, NULL);
    ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    client.no_window_updates = true;
    http_stream_begin(server.held[0], &(struct http_response){ .status = 200 });
    piece = big_piece(&server);
    http_stream_write(server.held[0], &piece);
    piece = big_piece(&server);
    http_respond(server.held[1], &(struct http_response){ .status = 200, .pieces = &piece, .piece_count = 1 });
    drain(&server);
    CHECK(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL) == 0);
    talk(&client);
    CHECK_INT(server.cancelled, 1);
    CHECK(server.cancelled_last == server.held[0]);
    CHECK_INT(server.released, 1);
    CHECK(nghttp2_submit_rst_stream(client.session, 0, id + 2, NGHTTP2_CANCEL) == 0);
    talk(&client);
    CHECK_INT(server.cancelled, 1);
    CHECK_INT(server.released, 2);
    CHECK_INT(server.conn->h2->stream_count, 0);
    end(&server, &client);
}

TEST("shutdown says GOAWAY with the last stream, answers what was taken, and finishes")
{
    struct server server;
    struct client client;
    int32_t id;

    begin(&server, &client, test_config());
    server.hold = true;
    id = ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    http_shutdown(server.conn);
    talk(&client);
    CHECK_INT(client.goaways, 1);
    CHECK_INT(client.goaway_last_id, id);
    CHECK_INT(client.goaway_code, NGHTTP2_NO_ERROR);
    CHECK(!http_finished(server.conn));
    answer(server.held[0], 200, STR("ok"));
    talk(&client);
    CHECK_STR(noted(&client, id), OK_ANSWER);
    CHECK(http_finished(server.conn));
    end(&server, &client);
    CHECK_INT(server.cancelled, 0);
}

TEST("streams begun after GOAWAY was sent are not taken")
{
    struct server server;
    struct client client;

    begin(&server, &client, test_config());
    server.hold = true;
    ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    http_shutdown(server.conn);
    ask(&client, "GET", "/late", -1, NULL);
    (void)to_server(&client, SIZE_MAX);
    talk(&client);
    CHECK_INT(server.requests, 1);
    end(&server, &client);
    CHECK_INT(server.cancelled, 1);
}

TEST("an idle connection ends with GOAWAY; one with a stream does not")
{
    struct server server;
    struct client client;

    begin(&server, &client, test_config());
    server.hold = true;
    ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    CHECK(http_deadline(server.conn) == INT64_MAX);
    answer(server.held[0], 200, STR("ok"));
    server.now += 500;
    talk(&client);
    CHECK_INT(http_deadline(server.conn), server.now + 60000);
    server.now += 60000;
    http_timeout(server.conn, server.now);
    talk(&client);
    CHECK_INT(client.goaways, 1);
    CHECK(http_finished(server.conn));
    end(&server, &client);
}

TEST("a body that stops is reset, and so is a finished answer nobody takes")
{
    struct server server;
    struct client client;
    struct http_piece piece;
    int32_t slow, stuck;

    begin(&server, &client, test_config());
    client.body_endless = true;
    slow = ask(&client, "POST", "/", 10, "20");
    talk(&client);
    CHECK_INT(http_deadline(server.conn), server.now + 20000);
    server.now += 20000;
    http_timeout(server.conn, server.now);
    talk(&client);
    CHECK_INT(client.notes[slow / 2].error_code, NGHTTP2_CANCEL);
    server.hold = true;
    stuck = ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    client.no_window_updates = true;
    server.now += 1000000;
    piece = big_piece(&server);
    http_respond(server.held[0], &(struct http_response){ .status = 200, .pieces = &piece, .piece_count = 1 });
    talk(&client);
    CHECK_INT(http_deadline(server.conn), server.now + 30000);
    server.now += 30000;
    http_timeout(server.conn, server.now);
    talk(&client);
    CHECK_INT(client.notes[stuck / 2].error_code, NGHTTP2_CANCEL);
    CHECK_INT(server.released, 1);
    CHECK(!http_finished(server.conn));
    end(&server, &client);
}

TEST("too many headers are refused, the connection lives on")
{
    struct server server;
    struct client client;
    nghttp2_nv fields[HTTP_HEADERS_MAX + 4] = { field(":method", "GET"), field(":path", "/"), field(":scheme", "http"),
                                                field(":authority", "x") };
    int32_t id;

    begin(&server, &client, test_config());
    for (size_t i = 4; i < HTTP_HEADERS_MAX + 4; i++)
        fields[i] = field("a", "b");
    id = nghttp2_submit_request(client.session, NULL, fields, HTTP_HEADERS_MAX + 4, NULL, NULL);
    talk(&client);
    CHECK_STR(noted(&client, id), ":status=431 content-length=0 ");
    CHECK_INT(server.requests, 0);
    id = ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    CHECK_STR(noted(&client, id), OK_ANSWER);
    CHECK_INT(server.conn->h2->stream_count, 0);
    end(&server, &client);
}

TEST("an unusually large head is a matter of memory")
{
    static char value[10001];
    struct server server;
    struct client client;
    nghttp2_nv fields[5] = { field(":method", "GET"), field(":path", "/"), field(":scheme", "http"),
                             field(":authority", "x") };
    int32_t id;

    memset(value, 'v', sizeof(value) - 1);
    fields[4] = field("large", value);
    begin(&server, &client, test_config());
    server.memory_left = 1000;
    id = nghttp2_submit_request(client.session, NULL, fields, 5, NULL, NULL);
    talk(&client);
    CHECK_STR(noted(&client, id), ":status=503 content-length=0 ");
    server.memory_left = 64 << 20;
    server.hold = true;
    id = nghttp2_submit_request(client.session, NULL, fields, 5, NULL, NULL);
    talk(&client);
    CHECK_INT(server.held_count, 1);
    CHECK_INT((64 << 20) - server.memory_left, HTTP_HEADER_BYTES_MAX);
    CHECK_INT(http_find(server.held[0], STR("large")).size, sizeof(value) - 1);
    end(&server, &client);
}

TEST("Expect: 100-continue is answered")
{
    struct server server;
    struct client client;
    nghttp2_nv fields[] = { field(":method", "PUT"), field(":path", "/"), field(":scheme", "http"),
                            field(":authority", "x"), field("expect", "100-continue") };
    nghttp2_data_provider provider = { .read_callback = client_body };
    int32_t id;

    begin(&server, &client, test_config());
    client.body = "abc";
    client.body_size = 3;
    id = nghttp2_submit_request(client.session, NULL, fields, 5, &provider, NULL);
    talk(&client);
    CHECK_STR(noted(&client, id), ":status=100 " OK_ANSWER);
    end(&server, &client);
}

TEST("a flood of resets is told to calm down")
{
    struct server server;
    struct client client;
    int rounds = 0;

    begin(&server, &client, test_config());
    server.hold = true;
    while (rounds < 5000 && !http_finished(server.conn)) {
        int32_t id = ask(&client, "GET", "/", -1, NULL);

        if (id < 0 || id / 2 >= STREAMS_NOTED)
            break;
        (void)to_server(&client, SIZE_MAX);
        for (int i = 0; i < 20; i++)
            CHECK(nghttp2_submit_settings(client.session, 0, NULL, 0) == 0);
        CHECK(nghttp2_submit_rst_stream(client.session, 0, id, NGHTTP2_CANCEL) == 0);
        talk(&client);
        rounds++;
    }
    CHECK(rounds > 10 && rounds < 60);
    CHECK(http_complaint(server.conn) != NULL);
    CHECK(client.goaways == 1 && client.goaway_code == NGHTTP2_ENHANCE_YOUR_CALM);
    CHECK(http_finished(server.conn));
    end(&server, &client);
}

TEST("the preface of HTTP/2 followed by nonsense closes the connection")
{
    struct server server;

    server_init(&server, test_config());
    feed(&server, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    feed(&server, STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(http_finished(server.conn));
    CHECK(http_complaint(server.conn) != NULL);
    server_deinit(&server);
}

TEST("a client that leaves has its requests cancelled")
{
    struct server server;
    struct client client;

    begin(&server, &client, test_config());
    server.hold = true;
    ask(&client, "GET", "/", -1, NULL);
    talk(&client);
    http_input_end(server.conn);
    CHECK(http_finished(server.conn));
    end(&server, &client);
    CHECK_INT(server.cancelled, 1);
}

UNIT_MAIN
