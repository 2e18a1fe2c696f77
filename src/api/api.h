/* api.h: from a complete HTTP request to its answer: envelope, signature, shapes, policies, rates, handlers.
 *
 * One `struct api` for the server, on the loop's thread. What it knows of services is the tables in `services`; what
 * it knows of their business is nothing. */
#pragma once

#include "auth/credentials.h"
#include "auth/sigv4.h"
#include "catalog/catalog.h"
#include "count/api.h"
#include "http/http.h"
#include "shape/shape.h"
#include "stream/iter.h"
#include "stream/stream.h"

struct rq;
struct keyring;

/* A service and its handlers; the calls are in the order of the service's operations. */
struct api_service {
    const struct service *service;
    operation_call *const *calls;
};

/* Quotas of an account; 0: none. */
struct api_quotas {
    int64_t shards, on_demand_streams, streams_in_transition, consumers, consumers_committed, consumers_creating;
    bool call_rates;            /* per-operation calls per second are enforced */
    bool daily;                 /* limits per 24 hours are enforced */
};

struct api_config {
    struct os *os;
    struct os_loop *loop;
    const struct api_service *services;
    size_t service_count;
    struct catalog *catalog;
    struct streams *streams;
    struct log *log;
    struct keyring *keyring;
    struct iter_sealer *sealer;
    struct sigv4 *sigv4;
    str account, region;        /* in open mode, and where a scope names none */
    const struct stream_limits *limits;
    struct api_quotas quotas;
    size_t body_bytes_max;      /* after gunzip */
    size_t arena_bytes_max;     /* of one request */
    size_t requests_max;        /* at work at once */
    size_t answer_bytes_max;    /* of answers that are made or wait to be sent; beyond, further requests wait */
    const str *host_names;      /* Host headers accepted in open mode beside IP addresses and localhost */
    size_t host_name_count;
    uint64_t seed;
    struct count_api *count;
    bool tell_resources; /* the access log names the resource of every request */
    /* One finished request, for the access log. */
    void (*access)(void *ctx, const struct rq *rq, int status, str error, size_t bytes_out, int64_t micros);
    /* Something has been queued on the connection: send it. */
    void (*answered)(void *ctx, struct http_conn *conn);
    void *ctx;
};

struct api;

must_use enum err api_create(const struct api_config *config, struct api **ret_api);
void api_destroy(struct api *api); /* no request is at work */

/* From now on; NULL: open. The set is taken over (one reference). */
void api_set_credentials(struct api *api, struct credentials *credentials);

/* Serve it: http_respond or http_stream_* follow, now or later. `peer` is the address without port. */
void api_request(struct api *api, struct http_request *request, str peer);

/* The client has gone: the request dies. */
void api_cancelled(struct api *api, struct http_request *request);

/* A streamed answer may go on. */
void api_room(struct api *api, struct http_request *request);

/* In open mode a request must name an address, localhost or a configured host, lest a page in some browser reaches the
 * server by a name of its own. */
bool api_host_allowed(const struct api *api, const struct http_request *request);

/* Answers have left or were given up: requests that waited for this go on, in the order in which they came, but for those
 * whose connection does not take the answers that it has; `all` looks behind these. */
void api_resume(struct api *api, bool all);

/* Do requests wait for that, or may one that waits for the end of this turn? */
bool api_waits(const struct api *api);

/* Bytes of answers that are made or wait to be sent. */
size_t api_answer_bytes(const struct api *api);

/* Requests at work. */
size_t api_live(const struct api *api);

/* End all streamed answers in order (graceful stop). */
void api_end_streams(struct api *api);

const struct api_config *api_config(const struct api *api);
