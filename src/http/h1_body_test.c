/* h1_body_test.c: bodies of HTTP/1.1 one after the other, whose memory a connection keeps while they are small. */
#include "http/h1_slot.h"
#include "http/test_server.h"

/* Answers at once, and takes the body over when that is asked for. */
struct owner {
    struct server server;
    char *taken, got[5000];
    size_t got_size;
    bool take;
};

static void on_body(void *ctx, struct http_request *request)
{
    struct owner *owner = container_of(ctx, struct owner, server);

    owner->got_size = request->body_size;
    memcpy(owner->got, request->body, request->body_size + 1);
    if (owner->take) {
        owner->taken = request->body;
        request->body = NULL;
    }
    answer(request, 200, STR("ok"));
}

static void owner_init(struct owner *owner)
{
    struct http_config config = test_config();

    *owner = (struct owner){ 0 };
    config.body_bytes_max = sizeof(owner->got) - 1;
    config.request = on_body;
    server_init(&owner->server, config);
}

/* Sends a body of that size, in two pieces; true if it came as it was sent. */
static bool send_body(struct owner *owner, size_t size)
{
    static char text[6000];
    int head = snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", size);
    char *body = text + head;

    for (size_t i = 0; i < size; i++)
        body[i] = (char)('a' + (size + i * 7) % 26);
    memset(owner->got, '#', sizeof(owner->got));
    feed(&owner->server, str_bytes(text, (size_t)head + size / 2));
    feed(&owner->server, str_bytes(body + size / 2, size - size / 2));
    return owner->got_size == size && memcmp(owner->got, body, size) == 0 && owner->got[size] == 0;
}

TEST("bodies of all sizes come whole, one after the other")
{
    static const size_t sizes[] = { 3, 0, 2048, 1, 2049, 1400, 0, 4999, 7, 2047, 2048 };
    struct owner owner;

    owner_init(&owner);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        CHECK(send_body(&owner, sizes[i]));
    server_deinit(&owner.server);
}

TEST("what is kept of a small body is used again, that of a large one goes")
{
    struct owner owner;
    struct h1_slot *slot;
    const char *kept;

    owner_init(&owner);
    CHECK(send_body(&owner, 1400));
    slot = container_of(owner.server.conn->h1.idle.next, struct h1_slot, request.link);
    kept = slot->kept;
    CHECK(kept);
    CHECK(send_body(&owner, 1300) && slot->kept == kept);
    CHECK_INT(slot->kept_room, 1400);
    CHECK(send_body(&owner, 2049) && slot->kept == NULL);
    server_deinit(&owner.server);
}

TEST("a body that its owner took over is left alone")
{
    struct owner owner;
    char first[1400];

    owner_init(&owner);
    owner.take = true;
    CHECK(send_body(&owner, 1400));
    memcpy(first, owner.got, sizeof(first));
    owner.take = false;
    CHECK(send_body(&owner, 1399));
    CHECK(memcmp(owner.taken, first, sizeof(first)) == 0);
    free(owner.taken);
    server_deinit(&owner.server);
}

UNIT_MAIN
