/* conn.h: a connection as the parts of this room see it. Private to the room. */
#pragma once

#include "base/buf.h"
#include "http/h1.h"
#include "http/h2.h"
#include "http/http.h"
#include "http/out.h"

struct tls_io;

enum http_protocol { PROTOCOL_SNIFF, PROTOCOL_H1, PROTOCOL_H2 };

enum {
    TEXT_CHUNK_SIZE = 4 << 10,
    TLS_TEXT_CHUNK_SIZE = 960,   /* given back whenever nothing waits, so a size that malloc has at hand */
    OUTPUT_QUEUE_MAX = 64 << 10, /* above this no more answer bytes are pulled together */
    STASH_MAX = 4 << 20          /* input taken while it could not be used */
};

/* A time that is to be set at the next call that brings the clock. */
#define UNSET INT64_MIN

struct http_conn {
    const struct http_config *config;
    void *ctx;
    int64_t now_ms;         /* of the latest call that brought it */
    int64_t active_ms;      /* the latest input or output */
    int64_t first_byte_ms;  /* of a handshake or preface under way; else UNSET */
    int64_t write_since_ms; /* since when the peer takes too little of the waiting output; UNSET: not yet known */
    size_t taken;           /* bytes that it has taken since then */
    enum http_protocol protocol;
    bool broken;            /* given up: close now */
    bool ending;            /* close when the output has been sent */
    bool peer_ended;
    bool stopping;          /* http_shutdown was called */
    bool tls_ready;         /* the handshake is over */
    bool tls_paused;        /* decrypted input may be waiting in the filter */
    bool tls_failed;        /* only the alert is still to be sent */
    bool said_goodbye;
    uint8_t sniffed;        /* bytes of the HTTP/2 preface seen */
    const char *complaint;  /* the first thing that the peer did wrong; NULL: nothing */
    struct tls_context *tls_context;
    struct tls_io *tls;
    struct buf stash;       /* plain input that could not be used yet */
    struct buf cipher_stash; /* the same, still encrypted */
    struct out out;         /* plain output */
    struct h1 h1;
    struct h2 *h2;
};

/* Ask the owner for memory, or give it back. */
bool conn_memory(struct http_conn *conn, int64_t bytes);

/* Bytes queued, plain and encrypted. */
size_t conn_waiting(const struct http_conn *conn);

/* Keep in mind what is wrong with the peer, for the log: the first reason is the one that counts. */
static inline void conn_complain(struct http_conn *conn, const char *complaint)
{
    if (conn->complaint == NULL)
        conn->complaint = complaint;
}

/* The same, and give the connection up. */
static inline void conn_cut(struct http_conn *conn, const char *complaint)
{
    conn_complain(conn, complaint);
    conn->broken = true;
}

/* path, query and everything else is set: hand it to the owner. */
static inline void conn_request(struct http_conn *conn, struct http_request *request)
{
    conn->config->request(conn->ctx, request);
}
