/* h1.h: HTTP/1.1 on one connection: a machine over the input, and answers in the order of the requests. Private. */
#pragma once

#include "base/list.h"
#include "http/http.h"

struct h1_slot;

enum h1_state {
    H1_HEAD,
    H1_LENGTH,     /* a body with Content-Length */
    H1_CHUNK_SIZE, /* chunked: the size, ... */
    H1_CHUNK_EXT,  /* ... an extension, ... */
    H1_CHUNK_LF,   /* ... the end of that line, ... */
    H1_CHUNK_DATA, /* ... the data, ... */
    H1_CHUNK_END,  /* ... the CR and LF after it */
    H1_TRAILER,
    H1_DISCARD     /* no further request will be read */
};

struct h1 {
    struct list queue; /* requests complete but not yet answered, in order */
    struct list idle;  /* slots for later */
    uint32_t queue_count, idle_count;
    struct h1_slot *receiving;
    enum h1_state state;
    bool starved;      /* memory for the body was refused */
    bool linger;       /* the peer may still be sending what nobody wants: closing at once could cost it the answer */
    uint64_t left;     /* bytes to come of the body or chunk */
    uint64_t swallowed;
    size_t line_size;  /* of the line that is being read */
    size_t extra_size; /* of all chunk extensions and trailers */
    uint8_t digits;
    uint32_t stride;   /* bytes of the body since `since_ms` */
    int64_t since_ms;  /* start of the head; latest stride of the body; start of starving, of lingering */
};

void h1_init(struct http_conn *conn);
void h1_deinit(struct http_conn *conn);

/* Use input; returns how much. Less than `size` only while h1_blocked. */
size_t h1_input(struct http_conn *conn, const char *at, size_t size);
bool h1_blocked(const struct http_conn *conn);
void h1_input_end(struct http_conn *conn);
void h1_input_buffer(struct http_conn *conn, char **ret_at, size_t *ret_size);
void h1_memory_freed(struct http_conn *conn);
void h1_sent(struct http_conn *conn);
void h1_shutdown(struct http_conn *conn);
int64_t h1_deadline(const struct http_conn *conn);
void h1_timeout(struct http_conn *conn);
bool h1_finished(const struct http_conn *conn);
bool h1_idle(const struct http_conn *conn); /* no request is under way, not even its first byte */

void h1_respond(struct http_request *request, const struct http_response *response);
void h1_stream_begin(struct http_request *request, const struct http_response *response);
size_t h1_stream_room(const struct http_request *request);
void h1_stream_write(struct http_request *request, const struct http_piece *piece);
void h1_stream_end(struct http_request *request);
size_t h1_unsent(const struct http_conn *conn);
