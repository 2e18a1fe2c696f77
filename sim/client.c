/* client.c: a small client: signs, sends, waits, keeps the connection. What comes back is in answer.c, HTTP/2 in
 * duplex.c, CBOR in dialect.c. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/sigv4.h"
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

void client_finish(struct client *client, int status, const struct node *answer)
{
    answered *done = client->done;

    os_timer_stop(&client->deadline);
    client->busy = false;
    done(client->sim, client->ctx, status, answer);
}

void client_drop(struct client *client)
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
    client_drop(client);
    if (client->busy)
        client_finish(client, 0, NULL);
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

static const struct os_socket_events events = { .bytes = answer_bytes, .end = end, .closed = closed };

void client_leave(struct client *client)
{
    if (client->conn && client->conn->h2 && client->conn->connected) {
        duplex_leave(client->conn);
        conn_flush(client->conn);
    } else {
        client_drop(client);
    }
    if (client->busy)
        client_finish(client, 0, NULL);
}

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
    client_drop(client);
    client_finish(client, 0, NULL);
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
        client_drop(client);
    os_timer_start(client->sim->loop, &client->deadline, PATIENCE_US);
    if (!sign(client, operation, body)) {
        refute(client->sim, "a request cannot be signed");
        client_finish(client, 0, NULL);
    } else if (client->conn) {
        send_now(client);
    } else if (join(client) != OK) {
        client_finish(client, 0, NULL);
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
        client_finish(client, 0, NULL);
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
