/* http.h: one connection of a client: TLS or not, HTTP/1.1 or HTTP/2, as steps without I/O.
 *
 * Bytes go in with http_input and come out with http_output; requests come out by callback and answers go in by
 * http_respond or http_stream_*. The first bytes decide: a TLS record starts TLS (if configured), the HTTP/2 preface
 * starts HTTP/2 (over TLS also by ALPN), everything else is HTTP/1.1. Nothing here reads a clock or a socket, so the
 * simulator drives the same code.
 *
 * Single-threaded. `request`, `room` and `cancelled` are called only from within http_input, http_input_end,
 * http_output_done, http_memory_freed and http_timeout, and http_conn_destroy for what is left; answers may be given
 * from within them. `memory` and the release of a piece may come from within any call and must not call back. After
 * every call that may have given the connection something to say, ask http_output. */
#pragma once

#include "base/date.h"
#include "base/list.h"
#include "base/str.h"

struct http_conn;
struct tls_context; /* http/tls.h */

enum { HTTP_HEADERS_MAX = 100, HTTP_HEADER_BYTES_MAX = 64 << 10 };

/* What counts as progress: less keeps no timeout away, or a byte now and then would hold memory for ever. */
enum { HTTP_STRIDE = 16 << 10 };

struct http_header {
    str name; /* as received on HTTP/1.1, lower case on HTTP/2 */
    str value;
};

/* A request, complete with its body. Lives until its answer is finished or `cancelled` was called. */
struct http_request {
    str method, path, query; /* raw; path starts with '/'; query without '?', absent if there is none */
    struct http_header *headers; /* HTTP/2's :authority is among them, under that name */
    size_t header_count;
    char *body;              /* mutable: decoders work in place; a zero byte follows */
    size_t body_size;
    bool too_large;          /* the body was above the bound and was thrown away while it came in */
    bool http2, secure;
    struct http_conn *conn;
    void *user;              /* the owner's; NULL at first */
    /* private */
    struct list link;
    uint32_t stream_id;
    void *impl;
};

/* The value of the first header of that name (any case), or absent. */
str http_find(const struct http_request *request, str name);

struct http_config {
    struct tls_context *tls;     /* NULL: a TLS hello is answered by closing */
    size_t body_bytes_max;       /* beyond: too_large; the rest is swallowed up to `swallow_bytes_max`, then closed */
    size_t swallow_bytes_max;
    uint32_t streams_max;        /* HTTP/2: concurrent streams allowed, 1000 or more */
    uint32_t window_bytes;       /* HTTP/2: initial window of a request body; more is granted as memory is */
    uint32_t pipeline_max;       /* HTTP/1.1: requests taken before the first is answered */
    int64_t header_timeout_ms;   /* from the first byte to the end of the headers (also the TLS handshake) */
    int64_t body_timeout_ms;     /* longest time without HTTP_STRIDE more of a body */
    int64_t idle_timeout_ms;     /* keep-alive without a request */
    int64_t write_timeout_ms;    /* longest time in which a peer takes less than HTTP_STRIDE of a waiting answer */

    /* May the connection hold `bytes` more of a request (negative: gives them back)? When refused, HTTP/1.1 stops
     * reading (http_wants_input turns false) and HTTP/2 withholds that stream's window, until http_memory_freed; who
     * has starved for body_timeout_ms is refused (503, REFUSED_STREAM), so that those who hold parts of bodies and
     * wait for each other do not wait for ever. */
    bool (*memory)(void *ctx, int64_t bytes); /* NULL: always */
    /* A complete request; the owner answers now or later. */
    void (*request)(void *ctx, struct http_request *request);
    /* The peer gave up (reset, closed) before the answer was finished: forget it, it dies on return. If effects under
     * way still need a body that is not empty, take it: set request->body to NULL and free() it later. */
    void (*cancelled)(void *ctx, struct http_request *request);
    /* A streamed answer may take more, see http_stream_room. */
    void (*room)(void *ctx, struct http_request *request);
    void *ctx;                   /* given to all callbacks; per connection see http_conn_create */
};

/* `config` must outlive the connection; its certificate may be replaced, connections keep the one they began with. */
must_use enum err http_conn_create(const struct http_config *config, void *ctx, int64_t now_ms,
                                   struct http_conn **ret_conn);
void http_conn_destroy(struct http_conn *conn); /* calls `cancelled` for what is unanswered */
void *http_conn_ctx(const struct http_conn *conn);

/* ---- bytes in, bytes out ---------------------------------------------------------------------------------------- */

/* Where the next input is best put (straight into a body's memory), or NULL/0 if anywhere will do. Without TLS only. */
void http_input_buffer(struct http_conn *conn, char **ret_at, size_t *ret_size);

/* Bytes from the peer; `at` may be what http_input_buffer gave. All are consumed; what comes although
 * http_wants_input is false is kept, up to 4 MiB, then the connection is given up. */
void http_input(struct http_conn *conn, const char *at, size_t size, int64_t now_ms);

/* The peer ended its side. HTTP/1.1 still answers what it has asked; HTTP/2 is finished. */
void http_input_end(struct http_conn *conn);
bool http_wants_input(const struct http_conn *conn);
void http_memory_freed(struct http_conn *conn);

struct http_iov {
    const void *at;
    size_t size;
};

/* What is to be sent now, at most `max` pieces; 0: nothing. The pieces stay valid until http_output_done. */
size_t http_output(struct http_conn *conn, struct http_iov *iov, size_t max);

/* They are being sent now. Who does not say so is asked by http_deadline to tell the time at once. */
void http_output_begun(struct http_conn *conn, int64_t now_ms);

/* So many bytes of them were sent; 0 says that the socket takes nothing at present. */
void http_output_done(struct http_conn *conn, size_t bytes, int64_t now_ms);

/* True when everything has been sent that ever will be: close the socket. */
bool http_finished(const struct http_conn *conn);

/* What the peer did wrong, as a sentence for the log, if it was refused or cut off for breaking the protocol or a time
 * limit; NULL: nothing so far. Requests that were delivered are the owner's to judge. */
const char *http_complaint(const struct http_conn *conn);

/* Bytes of answers that wait to be sent, in whatever queue. */
size_t http_unsent(const struct http_conn *conn);

/* When http_timeout wants to be called next (by the clock of `now_ms`), or INT64_MAX. A time that has passed means
 * that a timer waits to be told the time: calling at once sets it. */
int64_t http_deadline(const struct http_conn *conn);
void http_timeout(struct http_conn *conn, int64_t now_ms);

/* For how long nothing has been asked, answered or begun; 0 while something is. */
int64_t http_idle_ms(const struct http_conn *conn, int64_t now_ms);

/* Take no new requests, answer what was taken, then finish (HTTP/2: GOAWAY with the last stream; HTTP/1.1:
 * Connection: close on the next answer, or at once when idle). */
void http_shutdown(struct http_conn *conn);

/* ---- answers ---------------------------------------------------------------------------------------------------- */

/* A piece of an answer's body that is sent from where it is; `release` (or NULL) is called once when it is no longer
 * needed, which may be before the call returns: pieces up to 2 KiB are copied. Releases keep the order of the pieces of
 * one struct http_response, so those that stand in one shared batch need one reference, given back by the last.
 * A piece may lie in many places: `parts`, none of them empty, which stay as they are until `release`; `size` is theirs in
 * all. No part is copied, however small. */
struct http_piece {
    const void *at;
    size_t size;
    void (*release)(void *ctx);
    void *ctx;
    const struct http_iov *parts; /* NULL: it lies at `at` */
};

struct http_response {
    int status;
    const struct http_header *headers; /* without Content-Length, Connection, Transfer-Encoding; copied */
    size_t header_count;               /* at most HTTP_HEADERS_MAX */
    const struct http_piece *pieces;   /* the pieces' array is copied, the bytes are not */
    size_t piece_count;
    bool close;                        /* end the connection (HTTP/1.1) after this answer */
};

/* The whole answer. The request is dead afterwards. Without memory the connection is given up, the pieces are released
 * and the request is dead as well. HEAD answers carry the length but no body. */
void http_respond(struct http_request *request, const struct http_response *response);

/* An answer of unknown length: chunked, or DATA frames. `pieces` of the response are the first bytes. */
void http_stream_begin(struct http_request *request, const struct http_response *response);

/* How many bytes the peer would take now without our queueing more than a little; 0: wait for `room`. More may be
 * written all the same; it waits in memory. */
size_t http_stream_room(const struct http_request *request);
void http_stream_write(struct http_request *request, const struct http_piece *piece);
void http_stream_end(struct http_request *request); /* in order; the request is dead afterwards */
