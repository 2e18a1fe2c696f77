/* fetch.h: an outgoing HTTP request (real world: libcurl).
 *
 * For the command-line clients and, later, for deliveries. We sign requests ourselves (auth/sigv4.h); this only
 * carries them. Bounded: response size, time, redirects are not followed, connections are kept and reused. */
#pragma once

#include "base/buf.h"
#include "os/os.h"

struct os_fetcher; /* connections to reuse, on one loop */

/* UNSUPPORTED: libcurl, which is loaded here, is not installed. */
must_use enum err os_fetcher_create(struct os_loop *loop, struct os_fetcher **ret_fetcher);

/* Cancels what is under way. Not from inside `bytes` or `done`. */
void os_fetcher_destroy(struct os_fetcher *fetcher);

struct os_fetch {
    /* filled by the caller, valid until `done` */
    str method, url;
    const struct os_fetch_header {
        str name, value;
    } *headers;
    size_t header_count;
    str body;
    str ca_file;        /* trust this PEM file (and nothing else); absent: the system's set */
    int64_t timeout_ms; /* 0: none (streams) */
    /* Called with response bytes as they come, if set; else they are gathered in `response`. */
    void (*bytes)(struct os_fetch *fetch, str bytes);
    /* OK: the response came, whatever its status; else MALFORMED (url or header), CLOSED, TIMEOUT, IO, TOO_LARGE or
     * NO_MEMORY. Never called from inside os_fetch_start. */
    void (*done)(struct os_fetch *fetch, enum err err);
    void *ctx;
    /* result */
    int status;          /* known from the first bytes on */
    struct buf response; /* buf_init by the caller with its bound */
    char error[256];     /* why it failed, for people */
    /* private */
    void *curl, *curl_headers;
    struct os_fetcher *fetcher;
};

void os_fetch_start(struct os_fetcher *fetcher, struct os_fetch *fetch);

/* Neither `bytes` nor `done` is called from here on, and the memory is the caller's again. Allowed from inside both
 * callbacks of other fetches and from inside `bytes` of this one. */
void os_fetch_cancel(struct os_fetch *fetch);
