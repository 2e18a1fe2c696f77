/* rq.h: a request, as its handler sees it.
 *
 * Before the handler runs, the framework has authenticated, decoded, validated, authorised and rated the call; what
 * is left is the business. A handler checks, stages its effects and returns:
 *
 *   OK        `out` is filled. What was staged in rq_txn() is committed first, and the answer waits until it is
 *             folded in; if somebody else's change came between, the handler runs again on the new state.
 *   fail(...) the refusal; nothing staged is committed.
 *   PENDING   the handler has arranged for rq_finish() to be called later (puts, cold reads).
 *
 * Memory comes from rq->arena and is never freed by hand. */
#pragma once

#include "api/api.h"
#include "auth/identity.h"
#include "base/arena.h"
#include "catalog/catalog.h"
#include "http/http.h"
#include "shape/format.h"
#include "shape/shape.h"
#include "stream/stream.h"

enum { REQUEST_ID_CHARS = 36, RQ_ARN_MAX = 512 };

/* Memory that an answer's blobs lie in. */
struct rq_loan {
    void (*release)(void *ctx); /* NULL: nothing is lent */
    void *ctx;
    size_t bytes;               /* that cannot be freed before */
};

struct rq {
    struct arena arena;
    struct api *api;
    const struct service *service;
    const struct operation *operation;
    const struct format *format;
    str content_type;           /* of the answer: that of the request */
    struct identity identity;
    str account, region;        /* the resource space of names */
    ms now;                     /* when the request came in */
    void *in, *out;
    bool dry_run;               /* refused with DRY_RUN if everything else passes */
    void *state;                /* the handler's, over its asynchronous steps */
    /* Called instead of an answer when the client has gone while PENDING; must leave nothing under way that points to
     * the request, unless `detached` puts will still call rq_finish. NULL: rq_finish will come. */
    void (*cancel)(struct rq *rq);
    void (*room)(struct rq *rq); /* of a stream of events: more may be sent */
    void (*stop)(struct rq *rq); /* of a stream of events: end it, the server stops */

    /* the framework's */
    struct http_request *http;  /* NULL when the client has gone */
    char *body;                 /* taken over from http when the client went while effects were under way */
    char request_id[REQUEST_ID_CHARS + 1];
    int64_t started_us;
    const char *body_hash;      /* of the whole body, if it was hashed beside another; in the arena */
    str message;                /* of a refusal */
    str target;                 /* for the access log: what the call was about */
    struct store_txn txn;
    bool txn_begun, streaming;
    unsigned attempts;
    size_t bytes_in, bytes_out;
    str peer;
    struct list link;           /* api->live, or api->spare */
    struct list turn;           /* api->waiting */
    bool turn_came;             /* it has waited its turn */
    size_t held;                /* of api->answer_bytes, for what is being read */
    size_t expected_rest, expected_blobs; /* bytes of the answer, about */
    struct rq_loan loan;
};

/* Refuse: the sentence waits in the request, the code travels up. Returns `err`. */
must_use enum err fail(struct rq *rq, enum err err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The transaction of this request on the catalog, begun at the first call. */
struct store_txn *rq_txn(struct rq *rq);

/* The later end of a handler that returned PENDING. */
void rq_finish(struct rq *rq, enum err err);

/* The other one: what it waited for has come, and it runs from its start. */
void rq_again(struct rq *rq);

/* What an answer is made from will take so much memory until the answer is made: others wait while it is too much. */
void rq_hold(struct rq *rq, size_t bytes);

/* The answer, or the next event, will have about so many bytes of blobs and of the rest: its memory is taken at once and does not move while
 * it is written. */
void rq_expect(struct rq *rq, size_t blobs, size_t rest);

/* The blobs of the answer may be sent from where they are: the loan is given back when the answer has been sent, or needs
 * it no more. Once per request. */
void rq_lend(struct rq *rq, struct rq_loan loan);

/* For handlers whose answers may be of megabytes, before anything else. True: it is too much at present; return PENDING,
 * the handler will run again in its turn. */
bool rq_must_wait(struct rq *rq);

/* Admit one call of whatever `key` names, at most `per_second`; true also when call rates are not enforced. */
bool rq_rate(struct rq *rq, str key, uint32_t per_second);

/* ---- names ------------------------------------------------------------------------------------------------------ */

/* A stream's ARN, and its parts. Texts in the arena, absent without memory. */
str rq_stream_arn(struct rq *rq, str region, str account, str name);
str stream_arn(struct rq *rq, const struct stream *stream);
str consumer_arn(struct rq *rq, const struct consumer *consumer);

struct arn {
    str region, account;
    str stream;                 /* its name */
    str consumer;               /* absent for a stream */
    int64_t consumer_created_s;
};

/* "arn:aws:kinesis:R:A:stream/S" and "...stream/S/consumer/C:123". MALFORMED otherwise. */
must_use enum err arn_parse(str text, struct arn *ret_arn);

/* The stream that name or ARN (or both, which must agree) name, in any state. NOT_FOUND with the service's text. */
must_use enum err find_stream(struct rq *rq, str name, str arn, struct stream **ret_stream);

/* IN_USE unless the stream is ACTIVE. */
must_use enum err expect_active(struct rq *rq, const struct stream *stream);

/* The shard of a request's shard id: NOT_FOUND "Could not find shard X in stream S under account A." */
must_use enum err find_shard(struct rq *rq, struct stream *stream, str shard_id, struct shard **ret_shard);

/* By consumer ARN, or stream ARN and name. */
must_use enum err find_consumer(struct rq *rq, str consumer_arn, str stream_arn, str name,
                                struct consumer **ret_consumer);

/* What a ResourceARN names: the stream, and the consumer if it is one (else NULL). */
must_use enum err find_resource(struct rq *rq, str arn, struct stream **ret_stream, struct consumer **ret_consumer);

/* ---- what answers are made of ------------------------------------------------------------------------------------- */

/* A text in the arena that is absent without memory; rq_finish then answers with an internal failure. */
str rq_fmt(struct rq *rq, const char *format, ...) __attribute__((format(printf, 2, 3)));
str rq_join(struct rq *rq, const str *parts, size_t count);
str rq_shard_id(struct rq *rq, uint32_t index);

/* Bytes from the kernel's generator, of which the framework keeps a stock: a system call per page, not per call. */
void rq_random(struct rq *rq, void *ret_bytes, size_t size);

/* A copy of a list of moments without those older than a day, with `now` added. */
struct catalog_times times_add(struct rq *rq, const struct catalog_times *times);
size_t times_within_day(const struct rq *rq, const struct catalog_times *times);
