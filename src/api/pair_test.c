/* pair_test.c: large bodies come alone, together, forged, and from clients that leave. */
#include "api/room.h"
#include "api/test_api.h"

enum { BODY_BYTES = 6000, TEXT_MAX = 8192 };

static const char users[] = "{\"users\":[{\"name\":\"u\",\"accessKeyId\":\"AKIDTEST\",\"secretAccessKey\":\"secret\","
                            "\"administrator\":true}]}";

static bool is_open(struct play *play)
{
    struct credentials *credentials;
    struct arena arena;
    str sentence;
    bool fine = CHECK(open_play(play));

    arena_init(&arena, 1 << 16);
    fine = fine && CHECK_INT(credentials_parse(str_of(users), STR("123456789012"),
                                               (struct credentials_bounds){ 1 << 16, 10 }, 1, &arena, &credentials,
                                               &sentence), OK);
    arena_deinit(&arena);
    if (fine)
        api_set_credentials(play->api, credentials);
    return fine;
}

/* A client with a signed request of `size` bytes on its way: what it gets, and when, is to be seen. */
struct client {
    struct play *play;
    struct http_conn *conn;
    char text[TEXT_MAX];
    size_t size;
};

/* `forged`: one byte of the body is another than was signed. */
static void compose(struct client *client, size_t size, bool forged)
{
    struct sigv4_header headers[] = { { STR("host"), STR("127.0.0.1") } };
    struct sigv4_signer signer = { STR("AKIDTEST"), STR("secret"), { 0 }, STR("here"), STR("kinesis") };
    struct sigv4_request request = { .method = STR("POST"), .path = STR("/"), .headers = headers, .header_count = 1 };
    struct sigv4_signed with;
    struct arena arena;
    char body[BODY_BYTES];

    memset(body, ' ', size);
    body[0] = '{';
    body[size - 1] = '}';
    request.body = str_bytes(body, size);
    arena_init(&arena, 1 << 16);
    CHECK_INT(sigv4_sign(client->play->sigv4, &signer, &request, os_wall_ms(client->play->stage.bench.world->os), &arena,
                         &with), OK);
    if (forged)
        body[size / 2] = '\n';
    client->size = (size_t)snprintf(client->text, TEXT_MAX,
                                    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\n"
                                    "X-Amz-Target: Kinesis_20131202.ListStreams\r\nAuthorization: %.*s\r\n"
                                    "X-Amz-Date: %.*s\r\nContent-Length: %zu\r\n\r\n%.*s",
                                    STR_ARG(with.authorization), STR_ARG(with.amz_date), size, (int)size, body);
    arena_deinit(&arena);
}

static void begin(struct client *client, struct play *play, size_t size, bool forged)
{
    client->play = play;
    CHECK_INT(http_conn_create(&play_http, play, 0, &client->conn), OK);
    compose(client, size, forged);
    http_input(client->conn, client->text, client->size, 0);
}

/* The status of the answer, 0 if there is none. */
static int end(struct client *client)
{
    struct buf answer;
    int status = 0;

    buf_init(&answer, 1 << 16);
    take_answer(client->conn, &answer);
    if (answer.size > 12 && CHECK(str_starts(buf_str(&answer), STR("HTTP/1.1 "))))
        status = atoi(answer.at + 9);
    http_conn_destroy(client->conn);
    buf_deinit(&answer);
    return status;
}

static bool are_paired(const struct play *play)
{
    return sigv4_has_pairs(play->sigv4);
}

TEST("one alone is answered when the turn ends, a small one at once")
{
    struct play play = { .api = NULL };
    struct client large, small;

    if (!is_open(&play))
        return;
    begin(&large, &play, BODY_BYTES, false);
    CHECK(api_live(play.api) == are_paired(&play) && api_waits(play.api) == are_paired(&play));
    begin(&small, &play, 100, false);
    CHECK(api_live(play.api) == are_paired(&play));
    CHECK_INT(end(&small), 200);
    world_run(play.stage.bench.world, 1000);
    CHECK(api_live(play.api) == 0 && !api_waits(play.api));
    CHECK_INT(end(&large), 200);
    close_play(&play);
}

TEST("the second of a turn takes the first along; a third waits for a fourth")
{
    struct play play = { .api = NULL };
    struct client clients[3];

    if (!is_open(&play))
        return;
    for (int i = 0; i < 3; i++)
        begin(&clients[i], &play, (size_t)(BODY_BYTES - 200 * i), false);
    CHECK_INT(end(&clients[0]), 200);
    CHECK_INT(end(&clients[1]), 200);
    CHECK(api_live(play.api) == are_paired(&play));
    world_run(play.stage.bench.world, 1000);
    CHECK_INT(end(&clients[2]), 200);
    close_play(&play);
}

TEST("each of two is judged by its own body")
{
    for (int forged = 0; forged < 4; forged++) {
        struct play play = { .api = NULL };
        struct client one, other;

        if (!is_open(&play))
            return;
        begin(&one, &play, BODY_BYTES, forged & 1);
        begin(&other, &play, BODY_BYTES - 1000, forged & 2);
        CHECK_INT(end(&one), forged & 1 ? 400 : 200);
        CHECK_INT(end(&other), forged & 2 ? 400 : 200);
        CHECK_INT((long long)play.count.signature_refused, (forged & 1) + (forged >> 1));
        close_play(&play);
    }
}

TEST("who leaves while it waits leaves nothing behind")
{
    struct play play = { .api = NULL };
    struct client gone, stays;

    if (!is_open(&play))
        return;
    begin(&gone, &play, BODY_BYTES, false);
    CHECK(end(&gone) == 0 || !are_paired(&play));
    CHECK(api_live(play.api) == 0 && !api_waits(play.api));
    begin(&stays, &play, BODY_BYTES, false);
    world_run(play.stage.bench.world, 1000);
    CHECK_INT(end(&stays), 200);
    close_play(&play);
}

TEST("two of one connection are answered in their order")
{
    struct play play = { .api = NULL };
    struct client client;

    if (!is_open(&play))
        return;
    begin(&client, &play, BODY_BYTES, false);
    compose(&client, BODY_BYTES, true);
    http_input(client.conn, client.text, client.size, 0);
    CHECK(api_live(play.api) == 0);
    CHECK_INT(end(&client), 200);
    CHECK_INT((long long)play.count.signature_refused, 1);
    close_play(&play);
}

UNIT_MAIN
