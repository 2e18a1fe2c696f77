/* h1_fuzz.c: any bytes as HTTP/1.1, whole and in pieces: the same requests either way. */
#include <stdlib.h>

#include "base/buf.h"
#include "http/http.h"

struct owner {
    struct buf seen;
    int64_t memory;
};

static bool on_memory(void *ctx, int64_t bytes)
{
    struct owner *owner = ctx;

    owner->memory += bytes;
    return true;
}

static void on_request(void *ctx, struct http_request *request)
{
    struct owner *owner = ctx;

    buf_append(&owner->seen, request->method);
    buf_append(&owner->seen, request->path);
    buf_append(&owner->seen, request->query);
    for (size_t i = 0; i < request->header_count; i++) {
        buf_append(&owner->seen, request->headers[i].name);
        buf_append(&owner->seen, request->headers[i].value);
    }
    buf_append(&owner->seen, str_bytes(request->body, request->body_size + 1));
    http_respond(request, &(struct http_response){ .status = 200 });
}

static void on_nothing(void *ctx, struct http_request *request)
{
}

static void run(const uint8_t *data, size_t size, size_t step, struct owner *owner)
{
    const struct http_config config = {
        .body_bytes_max = 1000, .swallow_bytes_max = 2000, .streams_max = 100, .window_bytes = 1000,
        .pipeline_max = 3, .header_timeout_ms = 1000, .body_timeout_ms = 1000, .idle_timeout_ms = 1000,
        .write_timeout_ms = 1000, .memory = on_memory, .request = on_request, .cancelled = on_nothing,
        .room = on_nothing,
    };
    struct http_conn *conn;
    struct http_iov iov[4];
    size_t count;

    buf_init(&owner->seen, 1 << 24);
    if (http_conn_create(&config, owner, 0, &conn) != OK)
        return;
    for (size_t at = 0; at < size; at += step) {
        size_t part = size - at < step ? size - at : step;

        http_input(conn, (const char *)data + at, part, 0);
        while ((count = http_output(conn, iov, 4)) > 0) {
            size_t bytes = 0;

            for (size_t i = 0; i < count; i++)
                bytes += iov[i].size;
            http_output_done(conn, bytes, 0);
        }
    }
    http_input_end(conn);
    http_conn_destroy(conn);
    if (owner->memory != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owner whole = { 0 }, parts = { 0 };

    /* The first byte is the step; what would be TLS or HTTP/2 is http_fuzz's. */
    if (size < 2 || data[1] == 0x16 || data[1] == 'P')
        return 0;
    run(data + 1, size - 1, size, &whole);
    run(data + 1, size - 1, (size_t)data[0] % 32 + 1, &parts);
    if (!str_eq(buf_str(&whole.seen), buf_str(&parts.seen)))
        abort();
    buf_deinit(&whole.seen);
    buf_deinit(&parts.seen);
    return 0;
}
