/* http_fuzz.c: any bytes on any connection, HTTP/2 and TLS included, with answers, streams, refusals of memory and
 * timeouts in between.
 *
 * The input is a list of steps: one byte that says what happens, one for how much, then bytes as needed. */
#include <stdlib.h>

#include "http/http.h"
#include "http/tls.h"

enum { HELD_MAX = 8 };

struct owner {
    struct http_request *held[HELD_MAX];
    bool streaming[HELD_MAX];
    size_t held_count;
    int64_t memory, memory_max;
};

static char big[100000];

static bool on_memory(void *ctx, int64_t bytes)
{
    struct owner *owner = ctx;

    if (bytes > 0 && owner->memory + bytes > owner->memory_max)
        return false;
    owner->memory += bytes;
    return true;
}

static void on_request(void *ctx, struct http_request *request)
{
    struct owner *owner = ctx;

    if (request->body[request->body_size] != 0)
        abort();
    if (owner->held_count == HELD_MAX) {
        http_respond(request, &(struct http_response){ .status = 503 });
        return;
    }
    owner->streaming[owner->held_count] = false;
    owner->held[owner->held_count++] = request;
}

static void forget(struct owner *owner, size_t index)
{
    owner->held_count--;
    owner->held[index] = owner->held[owner->held_count];
    owner->streaming[index] = owner->streaming[owner->held_count];
}

static void on_cancelled(void *ctx, struct http_request *request)
{
    struct owner *owner = ctx;

    for (size_t i = 0; i < owner->held_count; i++) {
        if (owner->held[i] == request) {
            forget(owner, i);
            return;
        }
    }
    abort();
}

static void on_room(void *ctx, struct http_request *request)
{
}

static void respond(struct owner *owner, size_t how)
{
    struct http_header header = { STR("X-Y"), STR("z") };
    struct http_piece piece = { .at = big, .size = how * 300 };
    size_t index;

    if (owner->held_count == 0)
        return;
    index = how % owner->held_count;
    if (owner->streaming[index] && how & 1) {
        http_stream_end(owner->held[index]);
        forget(owner, index);
    } else if (owner->streaming[index]) {
        if (http_stream_room(owner->held[index]) > 0)
            http_stream_write(owner->held[index], &piece);
    } else if (how & 2) {
        http_stream_begin(owner->held[index], &(struct http_response){ .status = 200 });
        owner->streaming[index] = true;
    } else {
        struct http_request *request = owner->held[index];

        forget(owner, index);
        http_respond(request, &(struct http_response){ .status = 200, .headers = &header, .header_count = 1,
                                                       .pieces = &piece, .piece_count = 1, .close = how == 8 });
    }
}

static void take(struct http_conn *conn, size_t most, int64_t now)
{
    struct http_iov iov[4];
    size_t count = http_output(conn, iov, 4), bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += iov[i].size;
    http_output_done(conn, bytes < most ? bytes : most, now);
}

static void step(struct http_conn *conn, struct owner *owner, uint8_t what, uint8_t how, int64_t *now)
{
    switch (what % 8) {
    case 0:
    case 1:
        respond(owner, how);
        break;
    case 2:
        take(conn, (size_t)how * 64, *now);
        break;
    case 3:
        *now += how * 10;
        if (http_deadline(conn) <= *now)
            http_timeout(conn, *now);
        break;
    case 4:
        owner->memory_max = how * 200;
        http_memory_freed(conn);
        break;
    case 5:
        if (how == 7)
            http_shutdown(conn);
        else if (how == 8)
            http_input_end(conn);
        break;
    default:
        take(conn, SIZE_MAX, *now);
        break;
    }
}

static struct tls_context *certificate(void)
{
    static struct tls_context *context;
    static struct tls_made made;
    const str name = STR("localhost");
    char why[256];

    if (context == NULL && (tls_make_ca(0, &made) != OK || tls_make_server(0, &name, 1, &made) != OK ||
                            tls_context_create(buf_str(&made.cert), buf_str(&made.key), &context, why) != OK))
        abort();
    return context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owner owner = { .memory_max = 100000 };
    const struct http_config config = {
        .tls = certificate(), .body_bytes_max = 20000, .swallow_bytes_max = 40000, .streams_max = 100,
        .window_bytes = 1000, .pipeline_max = 3, .header_timeout_ms = 1000, .body_timeout_ms = 2000,
        .idle_timeout_ms = 3000, .write_timeout_ms = 2500, .memory = on_memory, .request = on_request,
        .cancelled = on_cancelled, .room = on_room,
    };
    struct http_conn *conn;
    int64_t now = 0;

    if (http_conn_create(&config, &owner, now, &conn) != OK)
        return 0;
    while (size >= 2 && !http_finished(conn)) {
        uint8_t what = data[0], how = data[1];
        size_t part = what & 8 ? how : 0;

        data += 2;
        size -= 2;
        if (part > size)
            part = size;
        if (part == 0) {
            step(conn, &owner, what, how, &now);
        } else {
            char *copy = malloc(part);

            memcpy(copy, data, part);
            http_input(conn, copy, part, now);
            free(copy);
        }
        data += part;
        size -= part;
    }
    http_conn_destroy(conn);
    if (owner.held_count != 0 || owner.memory != 0)
        abort();
    return 0;
}
