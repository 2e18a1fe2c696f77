/* conn.h: one connection to the server, non-blocking, one request in flight, and the answer to it. */
#pragma once

#include "dialect.h"

enum conn_step {
    CONN_MORE,   /* wait for the socket */
    CONN_DONE,   /* the request is out, or the answer is complete */
    CONN_BROKEN, /* closed, reset, or not HTTP */
};

enum conn_part { PART_HEAD, PART_LENGTH, PART_CHUNK_SIZE, PART_CHUNK_DATA, PART_CHUNK_END, PART_TRAILER, PART_DONE };

struct answer {
    struct bytes head, body; /* the body without its chunks; once complete, a zero follows it */
    int status;              /* 0 until the head is complete */
    enum conn_part part;
    size_t left;             /* bytes of the body or of the chunk still to come */
    size_t line;             /* bytes seen of the present chunk or trailer line */
    int replies;             /* of a dialect's server; the bad one's text is the body, and the status is 500 */
};

struct conn {
    int fd;
    const struct dialect *dialect; /* NULL: HTTP/1.1 */
    bool pong;               /* is owed */
    const struct request *request; /* NULL before the first; whoever has its answer may set it so again */
    size_t sent;
    double since;            /* when the request was handed over */
    struct answer answer;
};

bool conn_open(struct conn *conn, uint16_t port);

/* The same to a server that speaks `dialect` (NULL: HTTP); `number` names the connection to it. */
bool conn_open_as(struct conn *conn, uint16_t port, const struct dialect *dialect, int number);
void conn_close(struct conn *conn);

/* Hands over the next request; conn_write until DONE, then conn_read until DONE. */
void conn_start(struct conn *conn, const struct request *request);
enum conn_step conn_write(struct conn *conn);

/* Reads what is there, once. With MORE, what has arrived of the body may already be looked at. */
enum conn_step conn_read(struct conn *conn);

/* One exchange, waiting. False: broken, or no answer in time. */
bool conn_exchange(struct conn *conn, const struct request *request, int timeout_ms);

/* The whole exchange, waiting: for everything outside of a measurement. Returns the status, 0 when it failed. */
int conn_call(const struct target *target, const char *operation, const char *json, struct answer *ret_answer);
void answer_deinit(struct answer *answer);

/* The string member `key` of a JSON text at or after `from`; its end is returned, NULL if there is none. */
const char *json_string(const char *from, const char *end, const char *key, char *to, size_t size);
