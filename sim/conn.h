/* conn.h: one connection of a client, as client.c, answer.c and duplex.c (HTTP/2) share it. */
#pragma once

#include "sim.h"

struct nghttp2_session;

struct conn {
    struct list link; /* sim->conns */
    struct client *client; /* NULL: given up */
    struct os_socket *socket;
    struct os_iov iov;
    struct buf out; /* what is being written; the client may go on before it is */
    bool connected, writing, closing;
    struct nghttp2_session *h2; /* NULL: HTTP/1.1 */
    int32_t stream;             /* of the request under way; 0: none */
    int status;                 /* of its answer; 0: not yet */
    bool events, over;          /* it is an event stream; nothing more comes of it */
};

/* client.c */
void conn_flush(struct conn *conn); /* write what conn->out holds, unless something is being written */
void conn_broken(struct conn *conn);
void client_drop(struct client *client); /* the connection is of no use any more */
void client_finish(struct client *client, int status, const struct node *answer); /* nothing more is waited for */

/* answer.c: bytes of a connection, whose client is told when they make an answer or an event. */
void answer_bytes(void *ctx, char *at, size_t size);

/* duplex.c: body and events go to client->answer and client->events. */
bool duplex_create(struct conn *conn);
void duplex_destroy(struct conn *conn);
bool duplex_ask(struct conn *conn, const struct asked *asked); /* false: the connection takes no request */
void duplex_leave(struct conn *conn);                      /* what comes of the request under way is not wanted any more */
bool duplex_bytes(struct conn *conn, const char *at, size_t size); /* false: the connection is of no use */
bool duplex_flush(struct conn *conn);                      /* fill conn->out */
