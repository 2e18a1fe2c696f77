/* answer.c: what a connection brings: an answer with an end, or an event stream; over HTTP/1.1, or as duplex.c took it out
 * of HTTP/2's frames. */
#include "codec/eventstream.h"
#include "conn.h"

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
            client_drop(client);
        client_finish(client, 200, NULL);
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
        client_drop(client);
    arena_reset(&client->arena);
    client_finish(client, (int)status, tree(client, client->answer.at + head_size, body_size));
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
    client_finish(client, conn->status, conn->status ? tree(client, client->answer.at, client->answer.size) : NULL);
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

void answer_bytes(void *ctx, char *at, size_t size)
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
