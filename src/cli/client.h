/* client.h: signed calls of Data Streams operations, as any client makes them. */
#pragma once

#include "cli/cli.h"
#include "os/fetch.h"

struct client_options {
    const char *endpoint, *region, *access_key, *secret_key, *ca;
    bool json;
};

extern const struct option client_option_table[];
extern const size_t client_option_count;

struct client;

/* Fills what the options left open from AWS_* variables. A sentence has been printed on failure. */
must_use enum err client_create(struct cli *cli, const struct client_options *options, struct os_loop *loop,
                                struct client **ret_client);
void client_destroy(struct client *client); /* cancels what is under way */

enum client_outcome {
    CALL_DONE,    /* status 200; `answer` holds the body */
    CALL_AGAIN,   /* throttled, a 5xx, or the connection broke: worth another try */
    CALL_REFUSED, /* `error` says why; trying again will not help */
};

enum { CLIENT_ERROR_MAX = 1024, CLIENT_ANSWER_MAX = 48 << 20, CLIENT_HEADERS = 7 };

struct client_call {
    const char *operation; /* "PutRecords" */
    struct buf body;       /* by the caller, kept for another try */
    void (*done)(struct client_call *call, enum client_outcome outcome);
    void *ctx;
    /* result */
    struct buf *answer; /* the reader may destroy it */
    char type[96];      /* "ResourceNotFoundException"; empty if no answer came */
    char error[CLIENT_ERROR_MAX];
    /* private */
    struct client *client;
    struct arena arena;
    struct os_fetch fetch;
    struct os_fetch_header headers[CLIENT_HEADERS];
};

void client_call_init(struct client_call *call, struct client *client, const char *operation, size_t body_bytes_max);
void client_call_deinit(struct client_call *call); /* not while it is under way */

/* Sign and send the body; `done` follows, possibly before this returns. */
void client_start(struct client_call *call);

/* How long to wait before try number `tries` (1, 2, ...): doubling from 50 ms to 5 s, with jitter. */
int64_t client_backoff_us(struct client *client, unsigned tries);

/* How many tries in a row are worth it: few while the server has never answered, for then the endpoint is wrong. */
unsigned client_tries_max(const struct client *client);

const char *client_endpoint(const struct client *client);
