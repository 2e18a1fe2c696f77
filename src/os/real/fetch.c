/* fetch.c: outgoing requests by libcurl's multi interface on our loop.
 *
 * libcurl says which sockets it waits for and when it wants to be called; we poll and call. Its handles may not be
 * touched from inside its callbacks, so a fetch is first put in line (`starting`), and one that is cancelled from
 * inside is detached from its owner at once and taken from libcurl when libcurl has returned.
 *
 *   starting --timer--> in libcurl --(message)--> done, freed
 *        any of them --cancel--> detached, freed */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/fetch.h"
#include "os/real/libcurl.h"
#include "os/real/real.h"

enum { CONNECTIONS_KEPT = 64, CONNECT_TIMEOUT_MS = 10000 };

struct os_fetcher {
    struct os_loop *loop;
    struct libcurl curl;
    CURLM *multi;
    struct os_timer timer;                      /* libcurl's */
    struct os_timer begin;                      /* takes what is in `starting` */
    struct os_fetch *starting, **starting_last; /* linked by curl_headers */
    struct list requests;
    bool inside;  /* libcurl is on the stack */
    bool telling; /* `done` is being called */
};

/* One fetch inside libcurl. */
struct request {
    struct list link;
    struct os_fetch *fetch; /* NULL once cancelled */
    const struct libcurl *curl;
    CURL *easy;
    struct curl_slist *headers;
    size_t sent;
    enum err err; /* why we broke it off */
    char error[CURL_ERROR_SIZE];
};

/* A socket that libcurl waits for. */
struct waiting {
    uv_poll_t poll;
    struct os_fetcher *fetcher;
    curl_socket_t fd;
};

/* ---- what libcurl asks of us ----------------------------------------------------------------------------------- */

static size_t take_bytes(char *at, size_t one, size_t size, void *ctx)
{
    struct request *request = ctx;
    struct os_fetch *fetch = request->fetch;
    long status = 0;

    if (fetch == NULL)
        return CURL_WRITEFUNC_ERROR;
    (void)request->curl->easy_get(request->easy, CURLINFO_RESPONSE_CODE, &status);
    fetch->status = (int)status;
    if (fetch->bytes) {
        fetch->bytes(fetch, str_bytes(at, size));
        return request->fetch ? size : CURL_WRITEFUNC_ERROR;
    }
    buf_append(&fetch->response, str_bytes(at, size));
    request->err = fetch->response.err;
    return request->err == OK ? size : CURL_WRITEFUNC_ERROR;
}

static size_t give_body(char *to, size_t one, size_t size, void *ctx)
{
    struct request *request = ctx;
    str rest;

    if (request->fetch == NULL)
        return CURL_READFUNC_ABORT;
    rest = str_slice(request->fetch->body, request->sent, request->sent + size);
    if (rest.size)
        memcpy(to, rest.at, rest.size);
    request->sent += rest.size;
    return rest.size;
}

/* A kept connection turned out to be dead: the body begins again. */
static int rewind_body(void *ctx, curl_off_t offset, int origin)
{
    struct request *request = ctx;

    if (request->fetch == NULL || origin != SEEK_SET || offset < 0 || (uint64_t)offset > request->fetch->body.size)
        return CURL_SEEKFUNC_FAIL;
    request->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static void reap(struct os_fetcher *fetcher);

static void act(struct os_fetcher *fetcher, curl_socket_t fd, int events)
{
    int running;

    assert(!fetcher->inside);
    fetcher->inside = true;
    (void)fetcher->curl.multi_act(fetcher->multi, fd, events, &running);
    fetcher->inside = false;
    reap(fetcher);
}

static void timer_fired(struct os_timer *timer)
{
    act(container_of(timer, struct os_fetcher, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct os_fetcher *fetcher = ctx;

    if (timeout_ms < 0)
        os_timer_stop(&fetcher->timer);
    else
        os_timer_start(fetcher->loop, &fetcher->timer, (int64_t)timeout_ms * 1000);
    return 0;
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct waiting *waiting = container_of(poll, struct waiting, poll);
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;

    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(waiting->fetcher, waiting->fd, flags);
}

static void waiting_closed(uv_handle_t *handle)
{
    free(container_of(handle, struct waiting, poll));
}

static struct waiting *wait_create(struct os_fetcher *fetcher, curl_socket_t fd)
{
    struct waiting *waiting = malloc(sizeof(*waiting));

    if (waiting == NULL)
        return NULL;
    *waiting = (struct waiting){ .fetcher = fetcher, .fd = fd };
    if (uv_poll_init_socket(&fetcher->loop->uv, &waiting->poll, fd) != 0) {
        free(waiting);
        return NULL;
    }
    (void)fetcher->curl.multi_tie(fetcher->multi, fd, waiting);
    return waiting;
}

static int set_waiting(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct os_fetcher *fetcher = ctx;
    struct waiting *waiting = socket_ctx;
    int events = 0;

    if (what == CURL_POLL_REMOVE) {
        if (waiting)
            uv_close((uv_handle_t *)&waiting->poll, waiting_closed);
        (void)fetcher->curl.multi_tie(fetcher->multi, fd, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    if (waiting == NULL)
        waiting = wait_create(fetcher, fd);
    if (waiting == NULL)
        return -1; /* libcurl fails the fetch */
    (void)uv_poll_start(&waiting->poll, events, socket_ready);
    return 0;
}

/* ---- one request ----------------------------------------------------------------------------------------------- */

static void request_free(struct os_fetcher *fetcher, struct request *request)
{
    list_remove(&request->link);
    if (request->easy) {
        (void)fetcher->curl.multi_remove(fetcher->multi, request->easy);
        fetcher->curl.easy_destroy(request->easy);
    }
    fetcher->curl.list_free(request->headers);
    free(request);
}

static char *zero_terminated(str s)
{
    char *copy = malloc(s.size + 1);

    if (copy) {
        if (s.size)
            memcpy(copy, s.at, s.size);
        copy[s.size] = '\0';
    }
    return copy;
}

static bool is_one_line(str s)
{
    return s.size == 0 || (!memchr(s.at, '\r', s.size) && !memchr(s.at, '\n', s.size) && !memchr(s.at, '\0', s.size));
}

static enum err add_header(struct request *request, str name, str value)
{
    struct buf line;
    struct curl_slist *more = NULL;
    enum err err;

    if (name.size == 0 || !is_one_line(name) || !is_one_line(value))
        return ERR_MALFORMED;
    buf_init(&line, name.size + value.size + 3);
    buf_append(&line, name);
    /* "Name;" is how libcurl is told to send an empty value rather than none. */
    buf_append(&line, value.size ? STR(": ") : STR(";"));
    buf_append(&line, value);
    buf_byte(&line, '\0');
    err = line.err;
    if (err == OK) {
        more = request->curl->list_append(request->headers, line.at);
        err = more ? OK : ERR_NO_MEMORY;
    }
    buf_deinit(&line);
    if (more)
        request->headers = more;
    return err;
}

static enum err set_headers(struct request *request)
{
    const struct os_fetch *fetch = request->fetch;
    struct curl_slist *more = request->curl->list_append(NULL, "Expect:");

    /* No waiting for "100 Continue": our bodies are small. */
    if (more == NULL)
        return ERR_NO_MEMORY;
    request->headers = more;
    for (size_t i = 0; i < fetch->header_count; i++)
        TRY(add_header(request, fetch->headers[i].name, fetch->headers[i].value));
    return request->curl->easy_set(request->easy, CURLOPT_HTTPHEADER, request->headers) == CURLE_OK ? OK : ERR_NO_MEMORY;
}

/* Any option that is a text: libcurl wants a zero byte and copies. */
static enum err set_text(struct request *request, CURLoption option, str text)
{
    char *copy = zero_terminated(text);
    CURLcode code;

    if (copy == NULL)
        return ERR_NO_MEMORY;
    code = is_one_line(text) ? request->curl->easy_set(request->easy, option, copy) : CURLE_URL_MALFORMAT;
    free(copy);
    return code == CURLE_OK ? OK : code == CURLE_OUT_OF_MEMORY ? ERR_NO_MEMORY : ERR_MALFORMED;
}

static enum err set_method(struct request *request)
{
    const struct os_fetch *fetch = request->fetch;
    const struct libcurl *curl = request->curl;
    CURL *easy = request->easy;
    bool has_body = fetch->body.size || str_eq(fetch->method, STR("POST")) || str_eq(fetch->method, STR("PUT"));

    if (str_eq(fetch->method, STR("HEAD")))
        (void)curl->easy_set(easy, CURLOPT_NOBODY, 1L);
    if (has_body) {
        (void)curl->easy_set(easy, CURLOPT_UPLOAD, 1L);
        (void)curl->easy_set(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)fetch->body.size);
        (void)curl->easy_set(easy, CURLOPT_READFUNCTION, give_body);
        (void)curl->easy_set(easy, CURLOPT_READDATA, request);
        (void)curl->easy_set(easy, CURLOPT_SEEKFUNCTION, rewind_body);
        (void)curl->easy_set(easy, CURLOPT_SEEKDATA, request);
    }
    return set_text(request, CURLOPT_CUSTOMREQUEST, fetch->method);
}

static enum err set_options(struct request *request)
{
    const struct os_fetch *fetch = request->fetch;
    const struct libcurl *curl = request->curl;
    CURL *easy = request->easy;

    (void)curl->easy_set(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl->easy_set(easy, CURLOPT_PRIVATE, request);
    (void)curl->easy_set(easy, CURLOPT_ERRORBUFFER, request->error);
    (void)curl->easy_set(easy, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl->easy_set(easy, CURLOPT_WRITEDATA, request);
    (void)curl->easy_set(easy, CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms);
    (void)curl->easy_set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    TRY(set_text(request, CURLOPT_PROTOCOLS_STR, STR("http,https")));
    TRY(set_text(request, CURLOPT_URL, fetch->url));
    if (str_present(fetch->ca_file)) {
        TRY(set_text(request, CURLOPT_CAINFO, fetch->ca_file));
        (void)curl->easy_set(easy, CURLOPT_CAPATH, NULL);
    }
    TRY(set_method(request));
    return set_headers(request);
}

/* ---- beginning and end ----------------------------------------------------------------------------------------- */

static void tell(struct os_fetcher *fetcher, struct os_fetch *fetch, enum err err)
{
    fetch->fetcher = NULL;
    fetch->curl = NULL;
    fetcher->telling = true;
    fetch->done(fetch, err);
    fetcher->telling = false;
}

static enum err hand_over(struct os_fetcher *fetcher, struct os_fetch *fetch)
{
    struct request *request = calloc(1, sizeof(*request));
    enum err err;

    if (request == NULL)
        return ERR_NO_MEMORY;
    request->fetch = fetch;
    request->curl = &fetcher->curl;
    list_init(&request->link);
    request->easy = fetcher->curl.easy_create();
    err = request->easy ? set_options(request) : ERR_NO_MEMORY;
    if (err == OK && fetcher->curl.multi_add(fetcher->multi, request->easy) != CURLM_OK)
        err = ERR_NO_MEMORY;
    if (err != OK) {
        request_free(fetcher, request);
        return err;
    }
    list_push(&fetcher->requests, &request->link);
    fetch->curl = request;
    return OK;
}

static void begin_fired(struct os_timer *timer)
{
    struct os_fetcher *fetcher = container_of(timer, struct os_fetcher, begin);

    while (fetcher->starting) {
        struct os_fetch *fetch = fetcher->starting;
        enum err err;

        fetcher->starting = fetch->curl_headers;
        if (fetcher->starting == NULL)
            fetcher->starting_last = &fetcher->starting;
        err = hand_over(fetcher, fetch);
        if (err != OK) {
            (void)snprintf(fetch->error, sizeof(fetch->error), "%s", err_sentence(err));
            tell(fetcher, fetch, err);
        }
    }
}

static enum err err_of_code(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return OK;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return ERR_NO_MEMORY;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return ERR_MALFORMED;
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return ERR_CLOSED;
    default:
        return ERR_IO;
    }
}

static void finish(struct os_fetcher *fetcher, struct request *request, CURLcode code)
{
    struct os_fetch *fetch = request->fetch;
    enum err err = request->err != OK ? request->err : err_of_code(code);
    long status = 0;

    (void)request->curl->easy_get(request->easy, CURLINFO_RESPONSE_CODE, &status);
    if (fetch) {
        fetch->status = (int)status;
        fetch->error[0] = '\0';
        if (err != OK)
            (void)snprintf(fetch->error, sizeof(fetch->error), "%s",
                           request->error[0] ? request->error : fetcher->curl.easy_sentence(code));
    }
    request_free(fetcher, request);
    if (fetch)
        tell(fetcher, fetch, err);
}

/* libcurl has returned: take from it what is finished and what was cancelled meanwhile. */
static void reap(struct os_fetcher *fetcher)
{
    CURLMsg *message;
    int left;

    list_each(link, &fetcher->requests) {
        struct request *request = container_of(link, struct request, link);

        if (request->fetch == NULL)
            request_free(fetcher, request);
    }
    while ((message = fetcher->curl.multi_next(fetcher->multi, &left)) != NULL) {
        struct request *request = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)fetcher->curl.easy_get(message->easy_handle, CURLINFO_PRIVATE, &request);
        finish(fetcher, request, message->data.result);
    }
}

void os_fetch_start(struct os_fetcher *fetcher, struct os_fetch *fetch)
{
    assert(fetch->done != NULL);
    fetch->fetcher = fetcher;
    fetch->curl = fetch->curl_headers = NULL;
    fetch->status = 0;
    fetch->error[0] = '\0';
    *fetcher->starting_last = fetch;
    fetcher->starting_last = (struct os_fetch **)&fetch->curl_headers;
    os_timer_start(fetcher->loop, &fetcher->begin, 0);
}

void os_fetch_cancel(struct os_fetch *fetch)
{
    struct os_fetcher *fetcher = fetch->fetcher;
    struct request *request = fetch->curl;
    struct os_fetch **at;

    if (fetcher == NULL)
        return;
    fetch->fetcher = NULL;
    fetch->curl = NULL;
    if (request) {
        request->fetch = NULL;
        if (!fetcher->inside)
            request_free(fetcher, request);
        return;
    }
    for (at = &fetcher->starting; *at != fetch; at = (struct os_fetch **)&(*at)->curl_headers)
        assert(*at != NULL);
    *at = fetch->curl_headers;
    if (*at == NULL)
        fetcher->starting_last = at;
}

static enum err begin_curl(struct os_fetcher *fetcher)
{
    struct libcurl *curl = &fetcher->curl;

    TRY(libcurl_open(curl));
    if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        libcurl_close(curl);
        return ERR_NO_MEMORY;
    }
    fetcher->multi = curl->multi_create();
    if (fetcher->multi == NULL) {
        curl->global_cleanup();
        libcurl_close(curl);
        return ERR_NO_MEMORY;
    }
    (void)curl->multi_set(fetcher->multi, CURLMOPT_SOCKETFUNCTION, set_waiting);
    (void)curl->multi_set(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    (void)curl->multi_set(fetcher->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl->multi_set(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    (void)curl->multi_set(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return OK;
}

enum err os_fetcher_create(struct os_loop *loop, struct os_fetcher **ret_fetcher)
{
    struct os_fetcher *fetcher = calloc(1, sizeof(*fetcher));
    enum err err;

    if (fetcher == NULL)
        return ERR_NO_MEMORY;
    fetcher->loop = loop;
    fetcher->timer.fire = timer_fired;
    fetcher->begin.fire = begin_fired;
    fetcher->starting_last = &fetcher->starting;
    list_init(&fetcher->requests);
    err = begin_curl(fetcher);
    if (err != OK) {
        free(fetcher);
        return err;
    }
    *ret_fetcher = fetcher;
    return OK;
}

void os_fetcher_destroy(struct os_fetcher *fetcher)
{
    assert(!fetcher->inside && !fetcher->telling);
    while (fetcher->starting)
        os_fetch_cancel(fetcher->starting);
    while (!list_empty(&fetcher->requests))
        os_fetch_cancel(container_of(fetcher->requests.next, struct request, link)->fetch);
    (void)fetcher->curl.multi_destroy(fetcher->multi);
    fetcher->curl.global_cleanup();
    libcurl_close(&fetcher->curl);
    os_timer_stop(&fetcher->timer);
    os_timer_stop(&fetcher->begin);
    free(fetcher);
}
