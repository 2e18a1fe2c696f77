/* client.c: a small client: signs, sends, waits, reads one answer, keeps the connection. HTTP/1.1 is here, HTTP/2 in
 * duplex.c, CBOR in dialect.c. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/sigv4.h"
#include "codec/eventstream.h"
#include "conn.h"

#define ACCESS_KEY "AKIASIMULATED"
#define SECRET_KEY "of-a-simulated-user"

enum { PATIENCE_US = 40 * 1000 * 1000 };

static void conn_free(struct conn *conn)
{
    list_remove(&conn->link);
    if (conn->h2)
        duplex_destroy(conn);
    buf_deinit(&conn->out);
    free(conn);
}

static void finish(struct client *client, int status, const struct node *answer)
{
    answered *done = client->done;

    os_timer_stop(&client->deadline);
    client->busy = false;
    done(client->sim, client->ctx, status, answer);
}

/* The connection is of no use any more. */
static void drop(struct client *client)
{
    struct conn *conn = client->conn;

    client->conn = NULL;
    if (conn == NULL)
        return;
    conn->client = NULL;
    if (conn->closing)
        return;
    conn->closing = true;
    os_socket_close(conn->socket);
    if (!conn->connected) /* nothing is told of it any more */
        conn_free(conn);
}

void conn_broken(struct conn *conn)
{
    struct client *client = conn->client;

    if (client == NULL)
        return;
    drop(client);
    if (client->busy)
        finish(client, 0, NULL);
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static str header(str head, str name)
{
    while (str_present(head)) {
        str line = str_cut(&head, '\n'), label = str_cut(&line, ':');

        if (str_eq_nocase(label, name) && line.size > 0)
            return str_trim(str_slice(line, 0, line.size - 1));
    }
    return (str){ 0 };
}

/* ---- an answer without an end: chunks of event stream messages ---------------------------------------------------- */

static bool take_chunk(struct client *client)
{
    str all = buf_str(&client->answer), rest = all, line;
    size_t size = 0, head;

    if (str_index(all, '\n') == all.size)
        return false;
    line = str_cut(&rest, '\n');
    head = line.size + 1;
    for (size_t i = 0; i < line.size && line.at[i] != '\r'; i++) {
        uint8_t digit = (uint8_t)(line.at[i] <= '9' ? line.at[i] - '0' : (line.at[i] | 0x20) - 'a' + 10);

        size = size * 16 + digit;
        if (digit > 15 || size > ANSWER_BYTES_MAX) {
            refute(client->sim, "a chunk without a size");
            return false;
        }
    }
    if (all.size < head + size + 2)
        return false;
    client->ended = client->ended || size == 0;
    buf_append(&client->events, str_slice(all, head, head + size));
    buf_drop(&client->answer, head + size + 2);
    return true;
}

static const struct node *tree(struct client *client, char *body, size_t size)
{
    if (size == 0)
        return NULL;
    return client->cbor ? dialect_tree(&client->arena, body, size) : json_tree(&client->arena, body, size);
}

static void tell_event(struct client *client, const struct eventstream_message *message)
{
    char *payload = client->events.at + (message->payload.at - client->events.at);
    str type = eventstream_find(message, STR(":event-type")), what = eventstream_find(message, STR(":exception-type"));

    arena_reset(&client->arena);
    client->event(client->sim, client->ctx, str_present(type) ? type : what, tree(client, payload, message->payload.size));
}

static void look_events(struct client *client)
{
    struct eventstream_message message;
    enum err err = OK;

    while (client->conn && client->conn->h2 == NULL && take_chunk(client))
        ;
    while (client->events.size > 0 && client->busy && !client->sim->failed) {
        err = eventstream_read(buf_str(&client->events), &message);
        if (err != OK)
            break;
        tell_event(client, &message);
        buf_drop(&client->events, message.size);
    }
    if (err != OK && err != ERR_TRUNCATED)
        refute(client->sim, "a message that cannot be read");
    if (client->ended && client->busy) {
        if (client->conn && client->conn->h2 == NULL)
            drop(client);
        finish(client, 200, NULL);
    }
}

static bool begins_events(struct client *client, str head, uint64_t status)
{
    if (client->event == NULL || status != 200 || !str_eq_nocase(header(head, STR("transfer-encoding")), STR("chunked")))
        return false;
    os_timer_stop(&client->deadline);
    client->flowing = true;
    buf_drop(&client->answer, head.size);
    look_events(client);
    return true;
}

void client_leave(struct client *client)
{
    if (client->conn && client->conn->h2 && client->conn->connected) {
        duplex_leave(client->conn);
        conn_flush(client->conn);
    } else {
        drop(client);
    }
    if (client->busy)
        finish(client, 0, NULL);
}

/* ---- an answer with an end ---------------------------------------------------------------------------------------- */

static void look(struct client *client)
{
    str all = buf_str(&client->answer), head;
    size_t head_size = 0;
    uint64_t status, body_size = 0;

    for (size_t i = 3; i < all.size && head_size == 0; i++)
        if (memcmp(all.at + i - 3, "\r\n\r\n", 4) == 0)
            head_size = i + 1;
    if (head_size == 0)
        return;
    head = str_slice(all, 0, head_size);
    if (str_u64(str_slice(all, 9, 12), &status) != OK || begins_events(client, head, status))
        return;
    if (str_u64(header(head, STR("content-length")), &body_size) != OK)
        refute(client->sim, "an answer without a length");
    if (all.size < head_size + body_size)
        return;
    if (!str_starts(head, STR("HTTP/1.1 ")) || str_u64(str_slice(head, 9, 12), &status) != OK ||
        all.size > head_size + body_size) {
        refute(client->sim, "client %u was sent no answer of HTTP/1.1: %.*s", client->number, 60, all.at);
        return;
    }
    if (str_eq_nocase(header(head, STR("connection")), STR("close")))
        drop(client);
    arena_reset(&client->arena);
    finish(client, (int)status, tree(client, client->answer.at + head_size, body_size));
}

/* ---- an answer over HTTP/2 ------------------------------------------------------------------------------------------ */

static void look_h2(struct client *client)
{
    struct conn *conn = client->conn;

    if (conn->events && conn->status == 200) {
        os_timer_stop(&client->deadline);
        client->flowing = true;
        client->ended = conn->over;
        look_events(client);
        return;
    }
    if (!conn->over)
        return;
    conn->stream = 0;
    arena_reset(&client->arena);
    finish(client, conn->status, conn->status ? tree(client, client->answer.at, client->answer.size) : NULL);
}

static void bytes_h2(struct conn *conn, char *at, size_t size)
{
    struct client *client = conn->client;

    if (!duplex_bytes(conn, at, size)) {
        refute(client->sim, "client %u was sent no HTTP/2", client->number);
        return;
    }
    if (client->answer.err != OK || client->events.err != OK)
        refute(client->sim, "client %u was sent an endless answer", client->number);
    else if (client->busy && conn->stream > 0)
        look_h2(client);
    if (conn->client && !conn->closing)
        conn_flush(conn);
}

static void bytes(void *ctx, char *at, size_t size)
{
    struct conn *conn = ctx;
    struct client *client = conn->client;

    if (client == NULL)
        return;
    if (conn->h2) {
        bytes_h2(conn, at, size);
        return;
    }
    if (!client->busy) {
        refute(client->sim, "client %u was answered without having asked", client->number);
        return;
    }
    buf_append(&client->answer, str_bytes(at, size));
    if (client->answer.err != OK)
        refute(client->sim, "client %u was sent an endless answer", client->number);
    else if (client->flowing)
        look_events(client);
    else
        look(client);
}

static void end(void *ctx, enum err err)
{
    (void)err;
    conn_broken(ctx);
}

static void closed(void *ctx)
{
    conn_free(ctx);
}

void conns_forget(struct sim *sim)
{
    list_each(link, &sim->conns)
        conn_free(container_of(link, struct conn, link));
}

static const struct os_socket_events events = { .bytes = bytes, .end = end, .closed = closed };

/* ---- the request ------------------------------------------------------------------------------------------------- */

static void wrote(void *ctx, enum err err)
{
    struct conn *conn = ctx;

    conn->writing = false;
    if (err != OK)
        conn_broken(conn);
    else if (conn->h2 && conn->client && !conn->closing)
        conn_flush(conn);
}

static void write_out(struct conn *conn)
{
    if (conn->out.size == 0)
        return;
    conn->writing = true;
    conn->iov = (struct os_iov){ conn->out.at, conn->out.size };
    os_socket_write(conn->socket, &conn->iov, 1, wrote);
}

void conn_flush(struct conn *conn)
{
    if (conn->writing)
        return;
    buf_clear(&conn->out);
    if (duplex_flush(conn))
        write_out(conn);
    else
        conn_broken(conn);
}

static void send_now(struct client *client)
{
    struct conn *conn = client->conn;

    if (conn->h2 && !duplex_ask(conn, &client->asked)) {
        conn_broken(conn);
    } else if (conn->h2) {
        conn_flush(conn);
    } else {
        buf_clear(&conn->out);
        buf_append(&conn->out, buf_str(&client->request));
        write_out(conn);
    }
}

static void connected(void *ctx, enum err err)
{
    struct conn *conn = ctx;

    if (err != OK) {
        conn_broken(conn);
        return;
    }
    conn->connected = true;
    os_socket_start(conn->socket, &events, conn);
    send_now(conn->client);
}

static void give_up(struct os_timer *timer)
{
    struct client *client = container_of(timer, struct client, deadline);

    note(client->sim, "client %u gives up waiting", client->number);
    if (!client->sim->trouble)
        refute(client->sim, "no answer within %d s, and nothing was wrong", PATIENCE_US / 1000000);
    drop(client);
    finish(client, 0, NULL);
}

static bool sign(struct client *client, const char *operation, str body)
{
    const char *type = client->cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
    char *target = client->target;
    struct sigv4_bounds bounds = { .cached_keys_max = 0, .canonical_bytes_max = 64 << 10 };
    struct sigv4_signer signer = { .access_key = str_of(client->access_key), .secret_key = str_of(client->secret_key),
                                   .region = STR("us-east-1"), .service = STR("kinesis") };
    struct sigv4_signed made;
    struct sigv4 *sigv4;
    enum err err;

    (void)snprintf(target, sizeof(client->target), "Kinesis_20131202.%s", operation);
    buf_clear(&client->dialect);
    buf_clear(&client->scratch);
    if (client->cbor) {
        buf_append(&client->scratch, body);
        dialect_write(&client->dialect, client->scratch.at, client->scratch.size);
    } else {
        buf_append(&client->dialect, body);
    }
    body = buf_str(&client->dialect);
    struct sigv4_header headers[] = { { STR("host"), STR(SIM_ADDRESS) },
                                      { STR("content-type"), str_of(type) },
                                      { STR("x-amz-target"), str_of(target) } };
    struct sigv4_request request = { .method = STR("POST"), .path = STR("/"), .headers = headers, .header_count = 3,
                                     .body = body };

    if (sigv4_create(bounds, 1, &sigv4) != OK)
        return false;
    arena_reset(&client->arena);
    err = sigv4_sign(sigv4, &signer, &request, os_wall_ms(client->sim->os), &client->arena, &made);
    sigv4_destroy(sigv4);
    if (err != OK)
        return false;
    client->asked = (struct asked){ target, type, made.amz_date, made.authorization, body };
    buf_clear(&client->request);
    buf_fmt(&client->request,
            "POST / HTTP/1.1\r\nhost: " SIM_ADDRESS "\r\ncontent-type: %s\r\nx-amz-target: %s\r\n"
            "x-amz-date: %.*s\r\nauthorization: %.*s\r\ncontent-length: %zu\r\n\r\n",
            type, target, STR_ARG(made.amz_date), STR_ARG(made.authorization), body.size);
    buf_append(&client->request, body);
    return client->request.err == OK;
}

static enum err join(struct client *client)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    enum err err;

    if (conn == NULL)
        return ERR_NO_MEMORY;
    conn->client = client;
    buf_init(&conn->out, BODY_BYTES_MAX * 2);
    list_push(&client->sim->conns, &conn->link);
    err = client->h2 && !duplex_create(conn) ? ERR_NO_MEMORY : OK;
    if (err == OK)
        err = os_connect(client->sim->loop, STR(SIM_ADDRESS), connected, conn, &conn->socket);
    if (err != OK)
        conn_free(conn);
    else
        client->conn = conn;
    return err;
}

static void ask(struct client *client, const char *operation, str body, answered *done, void *ctx)
{
    client->busy = true;
    client->done = done;
    client->ctx = ctx;
    buf_clear(&client->answer);
    buf_clear(&client->events);
    client->flowing = client->ended = false;
    client->deadline.fire = give_up;
    if (client->conn && client->conn->h2 == NULL && client->conn->writing) /* answered before all of it was sent */
        drop(client);
    os_timer_start(client->sim->loop, &client->deadline, PATIENCE_US);
    if (!sign(client, operation, body)) {
        refute(client->sim, "a request cannot be signed");
        finish(client, 0, NULL);
    } else if (client->conn) {
        send_now(client);
    } else if (join(client) != OK) {
        finish(client, 0, NULL);
    }
}

void client_follow(struct client *client, const char *operation, str body, told *event, answered *done, void *ctx)
{
    client->event = event;
    ask(client, operation, body, done, ctx);
}

void client_call(struct client *client, const char *operation, str body, answered *done, void *ctx)
{
    client->event = NULL;
    ask(client, operation, body, done, ctx);
}
void client_init(struct client *client, struct sim *sim, unsigned number)
{
    *client = (struct client){ .sim = sim, .number = number, .cbor = below(sim, 3) == 0, .h2 = below(sim, 3) == 0,
                               .access_key = ACCESS_KEY, .secret_key = SECRET_KEY };
    buf_init(&client->dialect, BODY_BYTES_MAX * 2);
    buf_init(&client->scratch, BODY_BYTES_MAX * 2);
    buf_init(&client->request, BODY_BYTES_MAX * 2);
    buf_init(&client->answer, ANSWER_BYTES_MAX);
    buf_init(&client->events, ANSWER_BYTES_MAX);
    arena_init(&client->arena, ANSWER_BYTES_MAX * 4);
}

void client_forget(struct client *client)
{
    struct conn *conn = client->conn;

    client->conn = NULL;
    if (conn)
        conn->client = NULL;
    os_timer_stop(&client->think);
    if (client->busy)
        finish(client, 0, NULL);
}

void client_deinit(struct client *client)
{
    buf_deinit(&client->request);
    buf_deinit(&client->dialect);
    buf_deinit(&client->scratch);
    buf_deinit(&client->answer);
    buf_deinit(&client->events);
    arena_deinit(&client->arena);
}
