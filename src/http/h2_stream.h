/* h2_stream.h: one stream of HTTP/2, which is a request and its answer. Private to h2*.c. */
#pragma once

#include <nghttp2/nghttp2.h>

#include "http/conn.h"
#include "http/h2.h"

struct h2 {
    nghttp2_session *session;
    struct list streams;   /* all of them, by request.link */
    struct list receiving; /* bodies that come in, by `timed`, the longest silent first */
    struct list starved;   /* bodies whose window waits for memory, by `timed`, in order of arrival */
    struct list answering; /* complete answers being sent, by `timed`, the longest stuck first */
    struct list lingering; /* answered before their body was in, by `timed`, the earliest first */
    struct list waiting;   /* streamed answers that were told there is no room, by `room` */
    struct list ready;     /* those of them that may have some now */
    struct list gone;      /* closed by the peer before the owner was done, by `timed` */
    uint32_t stream_count;
    int32_t last_stream_id; /* the latest request begun */
    size_t debt;            /* body bytes held beyond what memory has granted */
    size_t unsent;          /* bytes in the queues of all streams */
    int64_t head_since_ms;  /* start of a header block under way, or UNSET */
    int64_t patience, patience_ms;
    bool queue_was_full;    /* someone waits because conn->out was long */
};

struct h2_stream {
    struct http_request request;
    struct list timed, room;
    nghttp2_rcbuf **kept; /* what the headers' texts stand in */
    size_t kept_count, kept_capacity, header_capacity, header_bytes;
    int64_t content_length; /* -1: not given */
    uint64_t received, promised; /* body bytes; promised: the window ever granted */
    uint64_t charged;
    size_t body_capacity;
    int64_t since_ms;    /* of the list `timed` is on: begin, or latest stride */
    size_t stride;       /* bytes of the body, or of the answer, since then */
    struct out out;      /* of the answer's body, not yet framed */
    int refused;         /* not for the owner: the status of our own answer, or 1 if reset */
    bool head_charged;   /* conn_memory granted an unusually large head */
    bool expects;        /* Expect: 100-continue */
    bool head_only;
    bool delivered;      /* the owner knows the request */
    bool done;           /* the owner's answer is complete: the request is dead */
    bool closed;         /* nghttp2 has forgotten the stream */
    bool streaming, starved;
    char nothing[1];
};

static inline struct h2_stream *h2_stream_of(const struct http_request *request)
{
    return container_of(request, struct h2_stream, request);
}

/* A failure of nghttp2 (negative) is the end of the connection. */
static inline void h2_check(struct http_conn *conn, ssize_t code)
{
    if (code < 0)
        conn_cut(conn, nghttp2_strerror((int)code));
}

static inline void h2_put_on(struct list *list, struct h2_stream *stream)
{
    list_remove(&stream->timed);
    list_push(list, &stream->timed);
}

/* The body: give it back; widen its window if memory allows, else let it starve; hand the request over; end it. */
void h2_body_free(struct h2_stream *stream);
void h2_widen(struct h2_stream *stream);
void h2_deliver(struct h2_stream *stream);
void h2_reset(struct h2_stream *stream, uint32_t code);
int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *at, size_t size, void *ctx);

/* Give back what the request held; the answer may still be on its way. */
void h2_request_free(struct h2_stream *stream);
void h2_stream_free(struct h2_stream *stream);

/* Answer with a status alone, without the owner. */
void h2_refuse(struct h2_stream *stream, int status);

/* Of nghttp2's callbacks: what the answer's DATA frames hold. */
int h2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t size,
                 nghttp2_data_source *source, void *ctx);
