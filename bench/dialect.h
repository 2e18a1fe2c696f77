/* dialect.h: how a log server that does not speak Kinesis is asked to append, and how it answers. */
#pragma once

#include "request.h"

enum { LOGS = 4, KEY_BYTES_MAX = 24 };

enum reply {
    REPLY_PART,  /* not whole yet */
    REPLY_GOOD,  /* what was asked for is done */
    REPLY_BAD,   /* it is not */
    REPLY_PING,  /* the server wants to hear `pong` */
    REPLY_OTHER, /* no answer to anything */
};

/* What one request appends, all of it to one log: keys and data stand one behind the other in equal steps. */
struct batch {
    int log;             /* 0 to LOGS - 1 */
    int connection;      /* which will send it */
    int count;
    size_t record_bytes;
    const char (*keys)[KEY_BYTES_MAX];
    const unsigned char *data;
};

struct dialect {
    const char *name;
    bool whole;          /* one reply for a batch; else one for each record */
    const char *pong;    /* NULL when the server never asks */
    /* What stands at `at`: its size is set unless it is a part. */
    enum reply (*reply)(const char *at, const char *end, size_t *ret_size);
    void (*hello)(struct bytes *to, int connection); /* sent on connecting, never answered; may be NULL */
    void (*ready)(struct bytes *to);                 /* one reply */
    int (*create)(struct bytes *to);                 /* the logs; returns how many replies will come */
    void (*append)(struct bytes *to, const struct batch *batch);
};

extern const struct dialect dialect_kafka, dialect_nats, dialect_redis;

const struct dialect *dialect_find(const char *name);
