/* api.c: the life of a request.
 *
 *   envelope -> (pair.c) -> signature -> decode -> validate -> authorise -> rate -> handler -> commit -> answer
 *                                                                            ^                   |
 *                                                                            +---- CONFLICT -----+
 *
 * The service reports a body that cannot be parsed before it reports a bad signature, and a bad signature before a
 * member of a wrong type. The signature is computed first all the same, because decoding works in place on the bytes
 * that it covers. */
#include "api/api.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "api/room.h"
#include "codec/gunzip.h"
#include "shape/decode.h"
#include "shape/validate.h"

enum { SPARE_MAX = 1024, ATTEMPTS_MAX = 100, SKEW_MS = 300000, UNSENT_MAX = 64 << 10 };

enum err api_create(const struct api_config *config, struct api **ret_api)
{
    struct api *api = calloc(1, sizeof(*api));
    enum err err;

    if (api == NULL)
        return ERR_NO_MEMORY;
    api->config = *config;
    list_init(&api->live);
    list_init(&api->spare);
    list_init(&api->waiting);
    err = rate_create(config->seed, &api->rate);
    if (err != OK) {
        free(api);
        return err;
    }
    *ret_api = api;
    return OK;
}

void api_destroy(struct api *api)
{
    struct list *link;

    assert(list_empty(&api->live) && !api->turn_ends_posted);
    while ((link = list_pop(&api->spare))) {
        struct rq *rq = container_of(link, struct rq, link);

        arena_deinit(&rq->arena);
        free(rq);
    }
    rate_destroy(api->rate);
    credentials_give(api->credentials);
    free(api);
}

const struct api_config *api_config(const struct api *api)
{
    return &api->config;
}

size_t api_live(const struct api *api)
{
    return api->live_count;
}

void api_set_credentials(struct api *api, struct credentials *credentials)
{
    credentials_give(api->credentials);
    api->credentials = credentials;
}

/* ---- requests come and go ---------------------------------------------------------------------------------------- */

void rq_random(struct rq *rq, void *ret_bytes, size_t size)
{
    struct api *api = rq->api;
    uint8_t *from;

    assert(size <= sizeof(api->random));
    if (api->random_left < size) {
        os_entropy(api->config.os, api->random, sizeof(api->random));
        api->random_left = sizeof(api->random);
    }
    from = api->random + sizeof(api->random) - api->random_left;
    memcpy(ret_bytes, from, size);
    memset(from, 0, size); /* it is given out once, even by mistake */
    api->random_left -= size;
}

/* "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx" */
static void request_id(struct rq *rq, char ret_id[static REQUEST_ID_CHARS + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    size_t to = 0;

    rq_random(rq, bytes, sizeof(bytes));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            ret_id[to++] = '-';
        ret_id[to++] = digits[bytes[i] >> 4];
        ret_id[to++] = digits[bytes[i] & 15];
    }
    ret_id[to] = 0;
}

static struct rq *rq_create(struct api *api)
{
    struct list *link = list_pop(&api->spare);
    struct rq *rq;

    if (link) {
        struct arena arena;

        rq = container_of(link, struct rq, link);
        api->spare_count--;
        arena = rq->arena;
        *rq = (struct rq){ .arena = arena };
    } else {
        rq = calloc(1, sizeof(*rq));
        if (rq == NULL)
            return NULL;
        arena_init(&rq->arena, api->config.arena_bytes_max);
    }
    rq->api = api;
    list_init(&rq->turn);
    list_push(&api->live, &rq->link);
    api->live_count++;
    api->config.count->live = api->live_count;
    return rq;
}

void rq_done(struct rq *rq, int status, str error, size_t bytes_out)
{
    struct api *api = rq->api;
    int64_t micros = os_mono_us(api->config.os) - rq->started_us;
    struct count_api *count = api->config.count;

    if (rq->operation && status) {
        struct count_operation *operation = &count->operations[rq->operation->index];

        operation->ok += status < 400;
        operation->refused += status >= 400 && status < 500;
        operation->failed += status >= 500;
        histogram_add(&operation->micros, (uint64_t)micros);
    } else if (status) {
        count->envelope_refused++;
    }
    count->bytes_in += rq->bytes_in;
    count->bytes_out += bytes_out;
    if (status)
        api->config.access(api->config.ctx, rq, status, error, bytes_out, micros);
    list_remove(&rq->link);
    api->live_count--;
    count->live = api->live_count;
    api->answer_bytes -= rq->held;
    rq->held = 0;
    rq_take_back(rq);
    free(rq->body);
    rq->body = NULL;
    arena_reset(&rq->arena);
    if (api->spare_count < SPARE_MAX) {
        list_push_front(&api->spare, &rq->link);
        api->spare_count++;
    } else {
        arena_deinit(&rq->arena);
        free(rq);
    }
}

enum err fail(struct rq *rq, enum err err, const char *format, ...)
{
    va_list args;

    assert(err != OK && err != ERR_PENDING);
    va_start(args, format);
    rq->message = arena_vfmt(&rq->arena, format, args);
    va_end(args);
    return err;
}

/* ---- signature, shapes --------------------------------------------------------------------------------------------
 */

static enum err verify(struct rq *rq, str *ret_sentence)
{
    const struct api_config *config = &rq->api->config;
    const struct http_request *http = rq->http;
    struct sigv4_rules rules = { .credentials = rq->api->credentials,
                                 .open_account = config->account,
                                 .skew_max = SKEW_MS };
    struct sigv4_request request = { .method = http->method,
                                     .path = http->path,
                                     .query = http->query,
                                     .header_count = http->header_count,
                                     .body = str_bytes(http->body, http->body_size),
                                     .body_hash = rq->body_hash };
    enum err err;

    static_assert(sizeof(struct sigv4_header) == sizeof(struct http_header), "the same two strs");
    request.headers = (const struct sigv4_header *)(const void *)http->headers;
    err = sigv4_verify(config->sigv4, &rules, &request, rq->now, &rq->arena, &rq->identity, ret_sentence);
    if (err != OK)
        return err;
    rq->identity.access_key = arena_str(&rq->arena, rq->identity.access_key);
    rq->identity.service = arena_str(&rq->arena, rq->identity.service);
    rq->identity.region = arena_str(&rq->arena, rq->identity.region);
    rq->identity.principal_arn = arena_str(&rq->arena, rq->identity.principal_arn);
    rq->account = str_of(rq->identity.account);
    rq->region = rq->identity.region.size ? rq->identity.region : config->region;
    return OK;
}

/* The body without its Content-Encoding. */
static enum err inflate(struct rq *rq, char **ret_body, size_t *ret_size)
{
    str encoding = http_find(rq->http, STR("content-encoding"));
    struct buf plain;
    enum err err;

    *ret_body = rq->http->body;
    *ret_size = rq->http->body_size;
    if (!str_present(encoding) || str_eq_nocase(encoding, STR("identity")))
        return OK;
    if (!str_eq_nocase(encoding, STR("gzip")))
        return ERR_SERIALIZATION;
    buf_init(&plain, rq->api->config.body_bytes_max + 1);
    err = gunzip(&plain, str_bytes(rq->http->body, rq->http->body_size), rq->api->config.body_bytes_max);
    if (err == OK && buf_reserve(&plain, 1) == NULL)
        err = plain.err;
    if (err != OK) {
        buf_deinit(&plain);
        return err == ERR_NO_MEMORY || err == ERR_TOO_LARGE ? err : ERR_SERIALIZATION;
    }
    plain.at[plain.size] = 0;
    rq->body = plain.at;
    *ret_body = plain.at;
    *ret_size = plain.size;
    return OK;
}

static enum err decode(struct rq *rq, char *body, size_t size)
{
    const struct operation *operation = rq->operation;

    rq->in = arena_alloc(&rq->arena, operation->input->size ? operation->input->size : 1);
    rq->out = arena_alloc(&rq->arena, operation->output->size ? operation->output->size : 1);
    if (rq->in == NULL || rq->out == NULL)
        return ERR_NO_MEMORY;
    return shape_decode(rq->format, operation->input, body, size, &rq->arena, rq->in, &rq->message);
}

/* All checks in the order of the service. */
static enum err admit(struct rq *rq)
{
    str sentence = { 0 };
    char *body;
    size_t size;
    enum err signature = verify(rq, &sentence), err;

    err = inflate(rq, &body, &size);
    if (err != OK)
        return err;
    err = decode(rq, body, size);
    if (err == ERR_SERIALIZATION && !str_present(rq->message))
        return err;
    if (signature != OK) {
        rq->api->config.count->signature_refused++;
        rq->message = sentence;
        return signature;
    }
    TRY(err);
    TRY(shape_validate(rq->operation->input, rq->in, &rq->arena, &rq->message));
    TRY(authorize(rq));
    return rate_check(rq);
}

/* ---- the handler --------------------------------------------------------------------------------------------------
 */

static void run(struct rq *rq);

struct store_txn *rq_txn(struct rq *rq)
{
    if (!rq->txn_begun) {
        catalog_begin(rq->api->config.catalog, &rq->txn, &rq->arena);
        rq->txn.ctx = rq;
        rq->txn_begun = true;
    }
    return &rq->txn;
}

static void folded(struct store_txn *txn, enum err err)
{
    struct rq *rq = txn->ctx;

    rq->txn_begun = false;
    if (err == ERR_CONFLICT && rq->attempts < ATTEMPTS_MAX) {
        rq->api->config.count->conflicts++;
        run(rq);
        return;
    }
    rq_finish(rq, err);
}

static void run(struct rq *rq)
{
    size_t index = rq->operation->index;
    const struct api_service *services = rq->api->config.services;
    enum err err = ERR_UNKNOWN_OPERATION;

    rq->attempts++;
    rq->txn_begun = false;
    memset(rq->out, 0, rq->operation->output->size);
    for (size_t i = 0; i < rq->api->config.service_count; i++)
        if (services[i].service == rq->service)
            err = services[i].calls[index](rq, rq->in, rq->out);
    if (err == ERR_PENDING)
        return;
    if (err == OK && rq->txn_begun && store_has_writes(&rq->txn))
        store_commit(&rq->txn, os_wall_ms(rq->api->config.os), folded);
    else
        rq_finish(rq, err == OK && rq->txn_begun ? rq->txn.err : err);
}

void rq_again(struct rq *rq)
{
    rq->cancel = NULL;
    run(rq);
}

/* ---- memory of answers ---------------------------------------------------------------------------------------------
 */

void rq_hold(struct rq *rq, size_t bytes)
{
    rq->held += bytes;
    rq->api->answer_bytes += bytes;
}

static void leave_queue(struct rq *rq)
{
    list_remove(&rq->turn);
}

/* Does the connection of this request take its answers as they come? */
static bool keeps_up(const struct rq *rq)
{
    list_each(link, &rq->api->waiting) {
        if (container_of(link, struct rq, turn)->http->conn == rq->http->conn)
            return false;
    }
    return http_unsent(rq->http->conn) < UNSENT_MAX;
}

/* One queue for all, because answers of one connection leave in order: no request waits behind a later one's answer. */
static void wait_in_turn(struct rq *rq)
{
    list_push(&rq->api->waiting, &rq->turn);
    rq->cancel = leave_queue;
}

/* Most answers are small: who takes them as they come passes those that wait to read, up to twice the bound. */
static void run_in_turn(struct rq *rq)
{
    struct api *api = rq->api;

    if (api->answer_bytes / 2 <= api->config.answer_bytes_max && (list_empty(&api->waiting) || keeps_up(rq)))
        run(rq);
    else
        wait_in_turn(rq);
}

bool rq_must_wait(struct rq *rq)
{
    struct api *api = rq->api;

    if (rq->turn_came || (list_empty(&api->waiting) && api->answer_bytes <= api->config.answer_bytes_max))
        return false;
    wait_in_turn(rq);
    return true;
}

/* The first that may go on; without `all` only the very first is asked. */
static struct rq *next_in_turn(struct api *api, bool all)
{
    list_each(link, &api->waiting) {
        struct rq *rq = container_of(link, struct rq, turn);

        if (http_unsent(rq->http->conn) < UNSENT_MAX)
            return rq;
        if (!all)
            break;
    }
    return NULL;
}

void api_resume(struct api *api, bool all)
{
    struct rq *rq;

    if (api->resuming)
        return;
    api->resuming = true;
    while (api->answer_bytes <= api->config.answer_bytes_max && (rq = next_in_turn(api, all)) != NULL) {
        list_remove(&rq->turn);
        rq->cancel = NULL;
        rq->turn_came = true;
        run(rq);
    }
    api->resuming = false;
}

bool api_waits(const struct api *api)
{
    return !list_empty(&api->waiting) || api->single;
}

size_t api_answer_bytes(const struct api *api)
{
    return api->answer_bytes;
}

void rq_admit(struct rq *rq)
{
    enum err err = admit(rq);

    if (err == OK)
        run_in_turn(rq);
    else
        answer_refusal(rq, err);
}

/* ---- the end -------------------------------------------------------------------------------------------------------
 */

void rq_finish(struct rq *rq, enum err err)
{
    rq->cancel = NULL;
    if (err == OK && rq->arena.failed) /* the answer may lack a part */
        err = ERR_NO_MEMORY;
    if (rq->http == NULL)
        rq_done(rq, 0, (str){ 0 }, 0);
    else if (err == OK)
        answer_success(rq);
    else
        answer_refusal(rq, err);
}

/* ---- from and to the connection ------------------------------------------------------------------------------------
 */

void api_request(struct api *api, struct http_request *request, str peer)
{
    struct rq *rq = api->live_count < api->config.requests_max ? rq_create(api) : NULL;

    if (rq == NULL) {
        http_respond(request, &(struct http_response){ .status = 503, .close = true });
        return;
    }
    rq->http = request;
    request->user = rq;
    rq->now = os_wall_ms(api->config.os);
    rq->started_us = os_turn_us(api->config.loop);
    rq->bytes_in = request->body_size;
    rq->peer = peer;
    request_id(rq, rq->request_id);
    if (envelope_open(rq))
        pair_admit(rq);
}

/* Effects that are under way may still need the body: it is taken over. */
void api_cancelled(struct api *api, struct http_request *request)
{
    struct rq *rq = request->user;

    (void)api;
    if (rq == NULL)
        return;
    request->user = NULL;
    rq->http = NULL;
    if (rq->body == NULL && request->body_size) {
        rq->body = request->body;
        request->body = NULL;
    }
    if (rq->cancel) {
        rq->cancel(rq);
        rq_done(rq, 0, (str){ 0 }, 0);
    }
}

void api_room(struct api *api, struct http_request *request)
{
    struct rq *rq = request->user;

    (void)api;
    if (rq && rq->room)
        rq->room(rq);
}

void api_end_streams(struct api *api)
{
    list_each(link, &api->live) {
        struct rq *rq = container_of(link, struct rq, link);

        if (rq->stop)
            rq->stop(rq);
    }
}
