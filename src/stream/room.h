/* room.h: what the files of this room share. Nobody else includes it. */
#pragma once

#include "stream/stream.h"

struct subscription;

/* The caller's bit of a batch's flags: its body is sealed. */
enum { BATCH_ENCRYPTED = 1 << LOG_USER_SHIFT };

struct streams {
    struct streams_config config;
    uint64_t put_stamp;    /* of the last put that was grouped */
    size_t waiting_count;  /* puts in all `waiting` lists */
    struct os_timer again; /* armed: waiting puts may go on */
    struct os_timer waiting_timer;
    bool stopped;
};

/* put.c */
void put_again(struct put *put);
void put_give_up(struct put *put, enum err err);

/* run.c: puts that wait for a reshard or a key. False when too many wait. */
bool waiting_add(struct streams *streams, struct stream_run *run, struct put *put);

/* autoscale.c: `bytes` were accepted by a shard of an on-demand stream. */
void autoscale_note(struct streams *streams, struct stream *stream, struct shard_run *run, uint64_t bytes);

/* subscription.c: the shard or the consumer is gone, or has changed. */
void subscriptions_end(struct list *subscriptions, enum err err);
