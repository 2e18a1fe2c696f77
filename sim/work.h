/* work.h: what the files of the eight clients share: what one has asked for, and the shard that it reads. */
#pragma once

#include "sim.h"

enum { BATCH_MAX = 20, KEYS = 24, ITERATOR_BYTES = 1024, SHARDS_WANTED_MAX = 36 };

/* since.c: of a reader that began at LATEST or AT_TIMESTAMP. */
struct since {
    bool on, latest;
    ms time;                  /* of AT_TIMESTAMP */
    uint64_t asked, answered; /* moments: LATEST lies between */
    char last[SEQNO_BYTES];   /* shown; empty: nothing yet */
};

void since_begin(struct since *since, struct sim *sim, bool latest, ms time);
void since_answered(struct since *since, struct sim *sim);
void since_saw(struct since *since, struct sim *sim, struct shard_model *shard, const struct node *node);

/* A reader that follows one shard. */
struct reader {
    struct shard_model *shard; /* NULL: none */
    size_t index;              /* of the next record */
    struct since since;
    char iterator[ITERATOR_BYTES];
};

/* What a client has asked for. */
struct call {
    struct client *client;
    struct stream_model *stream;
    struct record *records[BATCH_MAX];
    size_t count;
    bool control, created;     /* created: the stream was known to be ACTIVE when this was asked */
    enum life life_before;
    uint64_t look, hours;
    uint32_t tag;
    bool add;
    enum fact_kind fact;
    ms horizon; /* when it was asked */
    int64_t asked_us;
    unsigned steps;
    int value;
    const char *name;
};

/* work.c */
void work_think(struct client *client);
void work_ask(struct client *client, const char *name, struct stream_model *stream, bool control, const char *body,
              answered *done);

/* To be called first with every answer: true if nothing is to be learnt from it. */
bool work_is_done(struct sim *sim, struct call *call, int status, const struct node *answer);
void work_saw_shards(struct sim *sim, void *ctx, int status, const struct node *answer);

/* write.c, read.c, change.c, admin.c: each asks for one thing, or thinks again */
void work_put(struct client *client, struct stream_model *stream, size_t count); /* 0: PutRecord */
void work_read(struct client *client, struct stream_model *stream);
void work_create(struct client *client);
void work_change(struct client *client, struct stream_model *stream);
void work_administer(struct client *client, struct stream_model *stream);
