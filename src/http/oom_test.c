/* oom_test.c: the first allocation fails, then the second, and so on until all succeed: nothing crashes, leaks, or is
 * answered and cancelled both. The linker sends our allocations here; those of OpenSSL and nghttp2 stay real. */
#include <stdlib.h>

#include "base/buf.h"
#include "http/http.h"
#include "oom.h"
#include "unit.h"

enum { HELD_MAX = 16 };

struct owner {
    struct http_request *held[HELD_MAX];
    size_t held_count, taken, answered, cancelled;
    size_t pieces, released;
    int64_t memory;
};

static char big[50000];

static bool on_memory(void *ctx, int64_t bytes)
{
    struct owner *owner = ctx;

    owner->memory += bytes;
    return true;
}

static void on_release(void *ctx)
{
    struct owner *owner = ctx;

    owner->released++;
}

static void on_request(void *ctx, struct http_request *request)
{
    struct owner *owner = ctx;

    owner->taken++;
    owner->held[owner->held_count++] = request;
}

static void on_cancelled(void *ctx, struct http_request *request)
{
    struct owner *owner = ctx;

    owner->cancelled++;
    for (size_t i = 0; i < owner->held_count; i++)
        if (owner->held[i] == request)
            owner->held[i] = owner->held[--owner->held_count];
}

static void on_room(void *ctx, struct http_request *request)
{
}

/* The latest first, so that answers wait for each other; every other one streamed. */
static void answer_all(struct owner *owner)
{
    static const struct http_header header = { { "Name", 4 }, { "value", 5 } };
    static const struct http_iov parts[] = { { "def", 3 }, { big, sizeof(big) } };

    while (owner->held_count) {
        struct http_request *request = owner->held[--owner->held_count];
        struct http_piece pieces[3] = {
            { .at = "abc", .size = 3, .release = on_release, .ctx = owner },
            { .at = big, .size = sizeof(big), .release = on_release, .ctx = owner },
            { .size = 3 + sizeof(big), .release = on_release, .ctx = owner, .parts = parts },
        };
        struct http_response response = { .status = 200, .headers = &header, .header_count = 1, .pieces = pieces,
                                          .piece_count = 3 };

        owner->answered++;
        owner->pieces += 3;
        if (owner->answered % 2) {
            http_respond(request, &response);
            continue;
        }
        http_stream_begin(request, &response);
        owner->pieces += 2;
        http_stream_write(request, &pieces[0]);
        http_stream_write(request, &pieces[1]);
        http_stream_end(request);
    }
}

static void send_all(struct http_conn *conn)
{
    struct http_iov iov[4];
    size_t count;

    while ((count = http_output(conn, iov, 4)) > 0) {
        size_t bytes = 0;

        for (size_t i = 0; i < count; i++)
            bytes += iov[i].size;
        http_output_done(conn, bytes, 0);
    }
}

/* Returns false when the sweep is through: no allocation failed. */
static bool run(str input, long allocations)
{
    struct http_config config = {
        .body_bytes_max = 1 << 20, .swallow_bytes_max = 1 << 20, .streams_max = 100, .window_bytes = 65535,
        .pipeline_max = 4, .header_timeout_ms = 1000, .body_timeout_ms = 1000, .idle_timeout_ms = 1000,
        .write_timeout_ms = 1000, .memory = on_memory, .request = on_request, .cancelled = on_cancelled,
        .room = on_room,
    };
    struct owner owner = { 0 };
    struct http_conn *conn;
    bool through;

    oom.countdown = allocations;
    oom.lasting = true;
    if (http_conn_create(&config, &owner, 0, &conn) == OK) {
        for (size_t at = 0; at < input.size; at += 700)
            http_input(conn, input.at + at, input.size - at < 700 ? input.size - at : 700, 0);
        answer_all(&owner);
        send_all(conn);
        http_shutdown(conn);
        answer_all(&owner);
        send_all(conn);
        http_conn_destroy(conn);
    }
    through = oom.countdown != 0;
    oom.countdown = -1;
    CHECK_INT(owner.taken, owner.answered + owner.cancelled);
    CHECK_INT(owner.pieces, owner.released);
    CHECK_INT(owner.memory, 0);
    return !through;
}

static void sweep(str input)
{
    long allocations = 1;

    while (run(input, allocations))
        allocations++;
    CHECK(allocations > 10);
}

TEST("HTTP/1.1 without memory")
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n";
    static const char more[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char chunked[] = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5\r\nhello\r\n0\r\n\r\n";
    struct buf input;

    buf_init(&input, 1 << 20);
    buf_append(&input, str_of(head));
    for (int i = 0; i < 9000; i++)
        buf_byte(&input, 'x');
    for (int i = 0; i < 6; i++) {
        buf_append(&input, str_of(more));
        buf_append(&input, str_of(chunked));
    }
    sweep(buf_str(&input));
    buf_deinit(&input);
}

TEST("HTTP/2 without memory")
{
    static const char text[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                               "\0\0\0\x04\0\0\0\0\0"                                          /* SETTINGS */
                               "\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01x"               /* GET, stream 1 */
                               "\0\0\x06\x01\x04\0\0\0\x03\x83\x84\x86\x41\x01x"               /* POST, stream 3 */
                               "\0\0\x05\0\x01\0\0\0\x03hello"                                 /* its body */
                               "\0\0\x06\x01\x04\0\0\0\x05\x83\x84\x86\x41\x01x"               /* POST, stream 5 */
                               "\0\0\x05\0\0\0\0\0\x05hello"                                   /* a part of its body */
                               "\0\0\x04\x08\0\0\0\0\0\0\x0f\xff\xff"                          /* WINDOW_UPDATE */
                               "\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";                           /* RST_STREAM 1 */

    sweep(str_bytes(text, sizeof(text) - 1));
}

UNIT_MAIN
