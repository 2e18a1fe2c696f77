/* room.h: what the files of the framework share; handlers include rq.h only. */
#pragma once

#include "api/rq.h"
#include "base/buf.h"

struct rate;

enum { API_RANDOM_BYTES = 4096 };

struct api {
    struct api_config config;
    struct credentials *credentials; /* NULL: open */
    struct rate *rate;
    struct list live, spare;
    struct list waiting; /* for answers of others to leave: their links `turn` */
    size_t live_count, spare_count;
    size_t answer_bytes;
    bool resuming;
    struct rq *single;              /* pair.c: a large body that may find another until the turn ends */
    struct os_message turn_ends;
    bool turn_ends_posted;
    size_t random_left; /* how much of `random`, from its end, has not been given out */
    uint8_t random[API_RANDOM_BYTES];
    uint64_t id2;                   /* what x-amz-id-2 is made from; 0: not begun */
    int64_t date_s;                 /* the second that `date` tells */
    char date[DATE_TEXT_MAX];
    size_t date_size;
};

/* envelope.c: which service, operation and format; answers what never gets that far. True: go on with rq. */
bool envelope_open(struct rq *rq);

/* The headers that a request with an Origin gets; returns how many (at most 2). */
size_t envelope_cors(struct rq *rq, struct http_header *ret_headers);

/* All checks, then the handler. */
void rq_admit(struct rq *rq);

/* pair.c: rq_admit, at once or at the end of the loop's turn. */
void pair_admit(struct rq *rq);

/* authorize.c: ACCESS_DENIED with the service's text. */
must_use enum err authorize(struct rq *rq);

/* rate.c: calls per second by account and by stream. */
must_use enum err rate_create(uint64_t seed, struct rate **ret_rate);
void rate_destroy(struct rate *rate);
must_use enum err rate_check(struct rq *rq);

/* answer.c: the end of a request. */
void answer_success(struct rq *rq);
void answer_refusal(struct rq *rq, enum err err);
/* Memory for what the handler expects to be written. */
void rq_reserve(const struct rq *rq, struct buf *bytes);

/* What the handler lent and no answer needs. */
void rq_take_back(struct rq *rq);
/* Hand the answer to the connection; the request is no longer HTTP's. */
void respond(struct rq *rq, const struct http_response *response);
void answer_raw(struct rq *rq, int status, str content_type, str body, str error);

/* Headers that every answer has; returns how many. `ret_headers` holds ANSWER_HEADERS_MAX. */
enum { ANSWER_HEADERS_MAX = 12 };
size_t answer_headers(struct rq *rq, str content_type, struct http_header *ret_headers);

/* The answer has left (or the client has): count, log, and make the request spare. */
void rq_done(struct rq *rq, int status, str error, size_t bytes_out);
