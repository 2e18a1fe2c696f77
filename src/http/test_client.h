/* test_client.h: a client of HTTP/2, with or without TLS, joined to a server in memory. For tests. */
#pragma once

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "http/test_server.h"
#include "http/tls.h"

enum { STREAMS_NOTED = 64 };

/* What has happened to a stream. */
struct note {
    struct buf text; /* headers as "name=value ", then the body */
    size_t body_size;
    uint32_t error_code;
    bool ended, closed;
};

struct client {
    struct server *server;
    nghttp2_session *session;
    SSL *ssl;
    SSL_CTX *ssl_ctx;
    struct note notes[STREAMS_NOTED]; /* by stream id / 2 */
    const char *body;                 /* of the next request */
    size_t body_size, body_sent;
    bool body_endless;
    size_t pings, goaways;
    int32_t goaway_last_id;
    uint32_t goaway_code;
    bool no_window_updates;           /* withhold windows: bodies are not consumed */
};

/* Streams beyond the last that is noted share its place, without texts. */
static struct note *note_of(struct client *client, int32_t id)
{
    return &client->notes[id / 2 < STREAMS_NOTED ? id / 2 : STREAMS_NOTED - 1];
}

static int client_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                         const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
    struct client *client = ctx;

    if (frame->hd.stream_id / 2 < STREAMS_NOTED)
        buf_fmt(&note_of(client, frame->hd.stream_id)->text, "%s=%s ", (const char *)name, (const char *)value);
    return 0;
}

static int client_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *at, size_t size, void *ctx)
{
    struct client *client = ctx;
    struct note *note = note_of(client, id);

    note->body_size += size;
    if (note->text.size < 1000)
        buf_append(&note->text, str_bytes(at, size < 100 ? size : 100));
    if (!client->no_window_updates)
        CHECK(nghttp2_session_consume(session, id, size) == 0);
    return 0;
}

static int client_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct client *client = ctx;

    if (frame->hd.type == NGHTTP2_PING)
        client->pings++;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        client->goaways++;
        client->goaway_last_id = frame->goaway.last_stream_id;
        client->goaway_code = frame->goaway.error_code;
    }
    if (frame->hd.stream_id && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        note_of(client, frame->hd.stream_id)->ended = true;
    return 0;
}

static int client_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    struct client *client = ctx;

    note_of(client, id)->closed = true;
    note_of(client, id)->error_code = code;
    return 0;
}

static ssize_t client_body(nghttp2_session *session, int32_t id, uint8_t *at, size_t size, uint32_t *flags,
                           nghttp2_data_source *source, void *ctx)
{
    struct client *client = ctx;
    size_t part = client->body_size - client->body_sent;

    if (part > size)
        part = size;
    if (client->body)
        memcpy(at, client->body + client->body_sent, part);
    else
        memset(at, 'x', part);
    client->body_sent += part;
    if (client->body_sent == client->body_size) {
        if (client->body_endless && part == 0)
            return NGHTTP2_ERR_DEFERRED;
        if (!client->body_endless)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)part;
}

static void client_init(struct client *client, struct server *server)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;

    *client = (struct client){ .server = server };
    for (size_t i = 0; i < STREAMS_NOTED; i++)
        buf_init(&client->notes[i].text, 1 << 20);
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, client_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, client_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, client_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, client_close);
    nghttp2_option_set_no_auto_window_update(option, 1);
    CHECK(nghttp2_session_client_new2(&client->session, callbacks, client, option) == 0);
    CHECK(nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, NULL, 0) == 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
}

static void client_deinit(struct client *client)
{
    nghttp2_session_del(client->session);
    SSL_free(client->ssl);
    SSL_CTX_free(client->ssl_ctx);
    for (size_t i = 0; i < STREAMS_NOTED; i++)
        buf_deinit(&client->notes[i].text);
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){ .name = (uint8_t *)name, .namelen = strlen(name), .value = (uint8_t *)value,
                         .valuelen = strlen(value) };
}

/* Ask; with a body of `body_size` bytes unless that is negative. `length`: the content-length told, or NULL. */
static int32_t ask(struct client *client, const char *method, const char *path, int64_t body_size, const char *length)
{
    nghttp2_nv fields[] = { field(":method", method), field(":path", path), field(":scheme", "http"),
                            field(":authority", "x"), field("content-length", length ? length : "") };
    nghttp2_data_provider provider = { .read_callback = client_body };

    client->body_size = body_size < 0 ? 0 : (size_t)body_size;
    client->body_sent = 0;
    return nghttp2_submit_request(client->session, NULL, fields, length ? 5 : 4, body_size < 0 ? NULL : &provider,
                                  NULL);
}

static void client_take(struct client *client, str bytes)
{
    ssize_t used = nghttp2_session_mem_recv(client->session, (const uint8_t *)bytes.at, bytes.size);

    CHECK_INT(used, bytes.size);
}

/* Bytes from the server to the client. */
static void to_client(struct client *client)
{
    struct buf *sent = &client->server->sent;
    char plain[16 << 10];
    int got;

    if (client->ssl == NULL) {
        client_take(client, buf_str(sent));
        buf_clear(sent);
        return;
    }
    if (sent->size)
        CHECK(BIO_write(SSL_get_rbio(client->ssl), sent->at, (int)sent->size) == (int)sent->size);
    buf_clear(sent);
    while ((got = SSL_read(client->ssl, plain, sizeof(plain))) > 0)
        client_take(client, str_bytes(plain, (size_t)got));
}

/* Everything the client has to say, `step` bytes at a time. Returns how much. */
static size_t to_server(struct client *client, size_t step)
{
    struct buf bytes;
    const uint8_t *at;
    ssize_t size = 0;
    size_t total;
    char *cipher;
    long waiting;

    buf_init(&bytes, 64 << 20);
    while ((client->ssl == NULL || SSL_is_init_finished(client->ssl)) &&
           (size = nghttp2_session_mem_send(client->session, &at)) > 0) {
        if (client->ssl)
            CHECK(SSL_write(client->ssl, at, (int)size) == (int)size);
        else
            buf_append(&bytes, str_bytes(at, (size_t)size));
    }
    CHECK(size == 0);
    if (client->ssl && (waiting = BIO_get_mem_data(SSL_get_wbio(client->ssl), &cipher)) > 0) {
        buf_append(&bytes, str_bytes(cipher, (size_t)waiting));
        (void)BIO_reset(SSL_get_wbio(client->ssl));
    }
    for (size_t done = 0; done < bytes.size; done += step < bytes.size ? step : bytes.size)
        feed(client->server, str_slice(buf_str(&bytes), done, step < bytes.size ? done + step : bytes.size));
    total = bytes.size;
    buf_deinit(&bytes);
    return total;
}

/* To and fro until both are silent. */
static void talk_in_steps(struct client *client, size_t step)
{
    for (int quiet = 0; quiet < 2;) {
        size_t moved;

        drain(client->server);
        moved = client->server->sent.size;
        to_client(client);
        moved += to_server(client, step);
        quiet = moved ? 0 : quiet + 1;
    }
}

static __attribute__((unused)) void talk(struct client *client)
{
    talk_in_steps(client, SIZE_MAX);
}

static __attribute__((unused)) str noted(const struct client *client, int32_t id)
{
    return buf_str(&client->notes[id / 2].text);
}
