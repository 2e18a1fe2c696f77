/* caller.c: one client that asks one thing at a time over HTTP/1.1, signed, on a connection of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/sigv4.h"
#include "sweep.h"

#define ADDRESS "127.0.0.1:4567"

enum { PATIENCE_US = 40 * 1000 * 1000, REQUEST_BYTES_MAX = 1 << 20 };

struct caller {
    struct os_socket *socket;
    struct buf request, raw;
    struct os_iov iov;
    struct sigv4 *sigv4;
    struct arena arena;
    bool connected, over, closed, events;
};

/* What the world tells us is our business, and nobody's point. */
static void bytes(void *ctx, char *at, size_t size)
{
    struct caller *caller = ctx;
    bool was = points_enter(false);
    str all, head;
    size_t end = 0;
    uint64_t length = 0;

    buf_append(&caller->raw, str_bytes(at, size));
    all = buf_str(&caller->raw);
    for (size_t i = 3; i < all.size && end == 0; i++)
        if (memcmp(all.at + i - 3, "\r\n\r\n", 4) == 0)
            end = i + 1;
    head = str_slice(all, 0, end);
    if (end && caller->events && memmem(all.at, all.size, "SubscribeToShardEvent", 21))
        caller->over = true;
    while (end && head.size) {
        str line = str_cut(&head, '\n'), name = str_cut(&line, ':');

        if (str_eq_nocase(name, STR("content-length")) && str_u64(str_trim(str_slice(line, 0, line.size - 1)), &length) == OK &&
            all.size >= end + length)
            caller->over = true;
    }
    (void)points_enter(was);
}

static void end(void *ctx, enum err err)
{
    (void)err;
    ((struct caller *)ctx)->over = true;
}

static void closed(void *ctx)
{
    ((struct caller *)ctx)->closed = true;
}

static void wrote(void *ctx, enum err err)
{
    if (err != OK)
        ((struct caller *)ctx)->over = true;
}

static const struct os_socket_events events = { .bytes = bytes, .end = end, .closed = closed };

static void connected(void *ctx, enum err err)
{
    struct caller *caller = ctx;
    bool was = points_enter(false);

    if (err != OK) {
        caller->over = true;
    } else {
        caller->connected = true;
        os_socket_start(caller->socket, &events, caller);
        caller->iov = (struct os_iov){ caller->request.at, caller->request.size };
        os_socket_write(caller->socket, &caller->iov, 1, wrote);
    }
    (void)points_enter(was);
}

static void sign(struct sweep *sweep, const char *operation, str body)
{
    struct caller *caller = sweep->caller;
    char target[96];
    struct sigv4_signer signer = { .access_key = STR("AKIASWEEPER00001"), .secret_key = STR("of-a-simulated-user"),
                                   .region = STR("us-east-1"), .service = STR("kinesis") };
    struct sigv4_signed made;

    (void)snprintf(target, sizeof(target), "Kinesis_20131202.%s", operation);
    struct sigv4_header headers[] = { { STR("host"), STR(ADDRESS) },
                                      { STR("content-type"), STR("application/x-amz-json-1.1") },
                                      { STR("x-amz-target"), str_of(target) } };
    struct sigv4_request request = { .method = STR("POST"), .path = STR("/"), .headers = headers, .header_count = 3,
                                     .body = body };

    arena_reset(&caller->arena);
    if (sigv4_sign(caller->sigv4, &signer, &request, os_wall_ms(sweep->os), &caller->arena, &made) != OK)
        abort();
    buf_clear(&caller->request);
    buf_fmt(&caller->request,
            "POST / HTTP/1.1\r\nhost: " ADDRESS "\r\ncontent-type: application/x-amz-json-1.1\r\nx-amz-target: %s\r\n"
            "x-amz-date: %.*s\r\nauthorization: %.*s\r\ncontent-length: %zu\r\nconnection: close\r\n\r\n",
            target, STR_ARG(made.amz_date), STR_ARG(made.authorization), body.size);
    buf_append(&caller->request, body);
}

static bool is_over(void *ctx)
{
    struct sweep *sweep = ctx;

    return sweep->caller->over || sweep->stopped;
}

static bool is_closed(void *ctx)
{
    return ((struct caller *)ctx)->closed;
}

/* The status of what came, and its body. */
static int take(struct sweep *sweep)
{
    str all = buf_str(&sweep->caller->raw);
    uint64_t status = 0;

    buf_clear(&sweep->answer);
    for (size_t i = 3; i < all.size; i++) {
        if (memcmp(all.at + i - 3, "\r\n\r\n", 4) == 0) {
            buf_append(&sweep->answer, str_slice(all, i + 1, all.size));
            break;
        }
    }
    buf_byte(&sweep->answer, 0); /* so that it can be searched as text */
    if (all.size < 12 || str_u64(str_slice(all, 9, 12), &status) != OK)
        return 0;
    return (int)status;
}

int ask(struct sweep *sweep, const char *operation, const char *body)
{
    struct caller *caller = sweep->caller;

    buf_clear(&sweep->answer);
    buf_byte(&sweep->answer, 0);
    if (sweep->stopped || is_wrong(sweep))
        return 0;
    sign(sweep, operation, str_of(body));
    buf_clear(&caller->raw);
    caller->connected = caller->over = caller->closed = false;
    caller->events = strcmp(operation, "SubscribeToShard") == 0;
    if (os_connect(sweep->loop, STR(ADDRESS), connected, caller, &caller->socket) != OK)
        abort();
    if (!world_run(sweep, PATIENCE_US, is_over, sweep))
        wrong(sweep, "%s is not answered", operation);
    os_socket_close(caller->socket);
    if (caller->connected)
        (void)world_run(sweep, PATIENCE_US, is_closed, caller);
    caller->socket = NULL;
    return take(sweep);
}

bool answer_has(const struct sweep *sweep, const char *text)
{
    return sweep->answer.size && strstr(sweep->answer.at, text);
}

void caller_init(struct sweep *sweep)
{
    struct sigv4_bounds bounds = { .cached_keys_max = 1, .canonical_bytes_max = 64 << 10 };
    struct caller *caller = calloc(1, sizeof(*caller));

    if (caller == NULL || sigv4_create(bounds, 1, &caller->sigv4) != OK)
        abort();
    buf_init(&caller->request, REQUEST_BYTES_MAX);
    buf_init(&caller->raw, ANSWER_BYTES_MAX);
    arena_init(&caller->arena, 1 << 20);
    sweep->caller = caller;
}

void caller_forget(struct sweep *sweep)
{
    sweep->caller->socket = NULL;
}

void caller_deinit(struct sweep *sweep)
{
    struct caller *caller = sweep->caller;

    sigv4_destroy(caller->sigv4);
    buf_deinit(&caller->request);
    buf_deinit(&caller->raw);
    arena_deinit(&caller->arena);
    free(caller);
}
