/* h1_slot.h: one HTTP/1.1 request and its answer. Private to h1*.c. */
#pragma once

#include "http/conn.h"
#include "http/h1_parse.h"

struct h1_slot {
    struct http_request request; /* request.link: in the queue, or among the idle */
    struct buf text;             /* the head as received */
    struct h1_head head;
    size_t body_capacity;        /* granted for the body */
    size_t body_room;            /* of the memory in which it lies, if there is any */
    char *kept;                  /* the memory of an earlier, small body, with `kept_room`; NULL: none */
    size_t kept_room;
    int64_t charged;             /* what conn_memory granted for the body and an unusual head */
    struct out held;             /* the answer, while an earlier request is unanswered */
    bool delivered;              /* the owner knows it */
    bool streaming, chunked;     /* the answer */
    bool answered;               /* completely */
    bool close;                  /* the connection ends with this answer */
    bool head_only;
    bool waiting_room;
    bool continue_due;           /* 100 Continue is to be sent as soon as it is this request's turn */
    char nothing[1];             /* the body of a request without one */
};

static inline struct h1_slot *h1_slot_of(const struct http_request *request)
{
    return container_of(request, struct h1_slot, request);
}

/* True if it is this request's turn to be answered. */
bool h1_is_first(const struct h1_slot *slot);
struct out *h1_out(struct h1_slot *slot);

/* Queue what is answered and next in turn; ends the connection where that was asked for. */
void h1_flush(struct http_conn *conn);

struct h1_slot *h1_slot_take(struct http_conn *conn);
void h1_slot_give(struct http_conn *conn, struct h1_slot *slot);

/* Answer without the owner, then close. */
void h1_refuse(struct http_conn *conn, int status);

/* The body: begin after the head; use input in the state of that name (bytes: false when refused); give back. */
void h1_body_begin(struct http_conn *conn, struct h1_slot *slot);
size_t h1_step_length(struct http_conn *conn, const char *at, size_t size);
size_t h1_step_chunk_data(struct http_conn *conn, const char *at, size_t size);
bool h1_step_chunk_byte(struct http_conn *conn, unsigned char byte);
bool h1_step_trailer_byte(struct http_conn *conn, unsigned char byte);
void h1_body_free(struct http_conn *conn, struct h1_slot *slot);
