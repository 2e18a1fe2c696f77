/* answer.c: the end of a request: encode, headers, out. */
#include <assert.h>
#include <stdlib.h>

#include "api/room.h"
#include "codec/base64.h"
#include "shape/encode.h"

enum { ANSWER_BYTES_MAX = 32 << 20, LOAN_FACTOR_MAX = 2, ID2_WORDS = 9, ID2_CHARS = ID2_WORDS * 8 / 3 * 4 };

/* An answer's body on its way out. */
struct body {
    struct buf bytes;
    struct http_iov *parts; /* NULL: it is all in `bytes`; else in turns there and in what is lent */
    size_t lent;
    struct rq_loan loan;
    struct api *api;
    size_t charged; /* of api->answer_bytes */
};

static void loan_end(struct rq_loan *loan)
{
    if (loan->release)
        loan->release(loan->ctx);
    *loan = (struct rq_loan){ 0 };
}

static void body_release(void *ctx)
{
    struct body *body = ctx;

    body->api->answer_bytes -= body->charged;
    buf_deinit(&body->bytes);
    free(body->parts);
    loan_end(&body->loan);
    free(body);
}

/* An opaque text that differs each time. Nobody relies on its not being guessed: a small generator (splitmix64) makes
 * it, from one word of the kernel's. */
static void id2_format(struct api *api, char ret_text[static ID2_CHARS])
{
    uint64_t words[ID2_WORDS];

    if (api->id2 == 0)
        os_entropy(api->config.os, &api->id2, sizeof(api->id2));
    for (size_t i = 0; i < ID2_WORDS; i++) {
        uint64_t word = api->id2 += 0x9e3779b97f4a7c15;

        word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
        word = (word ^ word >> 27) * 0x94d049bb133111eb;
        words[i] = word ^ word >> 31;
    }
    base64_encode(str_bytes(words, sizeof(words)), ret_text);
}

/* Written once per second. */
static str date_header(struct api *api, ms now)
{
    if (api->date_size == 0 || now / 1000 != api->date_s) {
        api->date_s = now / 1000;
        api->date_size = date_format_http(now, api->date);
    }
    return str_bytes(api->date, api->date_size);
}

size_t answer_headers(struct rq *rq, str content_type, struct http_header *ret_headers)
{
    char *id2 = arena_bytes(&rq->arena, ID2_CHARS);
    size_t count = 0;

    ret_headers[count++] =
        (struct http_header){ STR("x-amzn-RequestId"), str_bytes(rq->request_id, REQUEST_ID_CHARS) };
    if (id2) {
        id2_format(rq->api, id2);
        ret_headers[count++] = (struct http_header){ STR("x-amz-id-2"), str_bytes(id2, ID2_CHARS) };
    }
    ret_headers[count++] = (struct http_header){ STR("Date"), date_header(rq->api, rq->now) };
    if (content_type.size)
        ret_headers[count++] = (struct http_header){ STR("Content-Type"), content_type };
    return count + envelope_cors(rq, ret_headers + count);
}

void respond(struct rq *rq, const struct http_response *response)
{
    struct http_conn *conn = rq->http->conn;

    rq->http->user = NULL;
    http_respond(rq->http, response);
    rq->api->config.answered(rq->api->config.ctx, conn);
}

void rq_expect(struct rq *rq, size_t blobs, size_t rest)
{
    rq->expected_blobs = blobs;
    rq->expected_rest = rest;
}

void rq_lend(struct rq *rq, struct rq_loan loan)
{
    assert(rq->loan.release == NULL);
    rq->loan = loan;
}

void rq_take_back(struct rq *rq)
{
    loan_end(&rq->loan);
}

static void send(struct rq *rq, int status, str content_type, struct body *body, str error)
{
    struct http_header headers[ANSWER_HEADERS_MAX];
    size_t size = body ? body->bytes.size + body->lent : 0;
    struct http_piece piece = { .size = size, .release = body_release, .ctx = body };
    struct http_response response = { .status = status, .headers = headers };

    response.header_count = answer_headers(rq, content_type, headers);
    if (error.size && status >= 400 && response.header_count < ANSWER_HEADERS_MAX && rq->operation)
        headers[response.header_count++] = (struct http_header){ STR("x-amzn-ErrorType"), error };
    if (body) {
        piece.at = body->bytes.at;
        piece.parts = body->parts;
        body->charged = body->bytes.capacity + body->loan.bytes;
        rq->api->answer_bytes += body->charged;
        response.pieces = &piece;
        response.piece_count = 1;
    }
    respond(rq, &response);
    rq_done(rq, status, error, size);
}

static struct body *body_create(const struct rq *rq)
{
    struct body *body = calloc(1, sizeof(*body));

    if (body) {
        body->api = rq->api;
        buf_init(&body->bytes, ANSWER_BYTES_MAX);
    }
    return body;
}

/* Without memory for an answer there is one left to give. */
static void send_bare(struct rq *rq)
{
    send(rq, 500, (str){ 0 }, NULL, STR("InternalFailure"));
}

/* Memory that is used by a small part is not kept for a peer who takes his time: then the blobs are copied. */
static bool worth_lending(const struct rq *rq)
{
    return rq->loan.release && rq->format->wire == FORMAT_CBOR &&
           rq->loan.bytes / LOAN_FACTOR_MAX <= rq->expected_blobs;
}

void rq_reserve(const struct rq *rq, struct buf *bytes)
{
    size_t blobs = rq->expected_blobs, size;

    if (rq->format->wire == FORMAT_JSON)
        blobs += blobs / 3;
    size = blobs + rq->expected_rest;
    if (size)
        (void)buf_reserve(bytes, size < bytes->size_max - bytes->size ? size : bytes->size_max - bytes->size);
}

/* Put together what was written and what is lent. */
static enum err join(struct body *body, const struct shape_blobs *blobs)
{
    struct http_iov *part = malloc((2 * blobs->count + 1) * sizeof(*part));
    size_t from = 0;

    if (part == NULL)
        return ERR_NO_MEMORY;
    body->parts = part;
    for (size_t i = 0; i < blobs->count; i++) {
        const struct shape_blob *blob = &blobs->at[i];

        *part++ = (struct http_iov){ body->bytes.at + from, blob->offset - from };
        *part++ = (struct http_iov){ blob->bytes.at, blob->bytes.size };
        from = blob->offset;
    }
    *part = (struct http_iov){ body->bytes.at + from, body->bytes.size - from };
    body->lent = blobs->bytes;
    return OK;
}

static enum err encode_lent(struct rq *rq, struct body *body)
{
    struct shape_blobs blobs = { 0 };
    enum err err;

    if (rq->expected_rest < ANSWER_BYTES_MAX)
        (void)buf_reserve(&body->bytes, rq->expected_rest);
    shape_encode_apart(rq->format, rq->operation->output, rq->out, &body->bytes, &blobs);
    err = body->bytes.err;
    if (err == OK && blobs.count > 0)
        err = join(body, &blobs);
    free(blobs.at);
    if (err == OK && body->parts) {
        body->loan = rq->loan;
        rq->loan = (struct rq_loan){ 0 };
    }
    return err;
}

static enum err encode(struct rq *rq, struct body *body)
{
    if (worth_lending(rq))
        return encode_lent(rq, body);
    rq_reserve(rq, &body->bytes);
    shape_encode(rq->format, rq->operation->output, rq->out, &body->bytes);
    return body->bytes.err;
}

void answer_success(struct rq *rq)
{
    struct body *body = NULL;

    if (rq->operation->has_output) {
        body = body_create(rq);
        if (body == NULL) {
            send_bare(rq);
            return;
        }
        if (encode(rq, body) != OK) {
            body_release(body);
            send_bare(rq);
            return;
        }
    }
    send(rq, rq->operation->http_status ? rq->operation->http_status : 200, rq->content_type, body, (str){ 0 });
}

/* What is wrong inside is told to clients as one of these two. */
static enum err outward(enum err err)
{
    switch (err) {
    case ERR_NO_SPACE:
    case ERR_FULL:
    case ERR_STOPPED:
    case ERR_CONFLICT:
        return ERR_UNAVAILABLE;
    case ERR_NO_MEMORY:
    case ERR_IO:
    case ERR_CORRUPT:
    case ERR_TIMEOUT:
    case ERR_CANCELLED:
    case ERR_SEALED:
    case ERR_MALFORMED:
    case ERR_MISSING:
        return ERR_INTERNAL;
    default:
        return err;
    }
}

static str default_message(enum err err)
{
    if (err == ERR_INTERNAL)
        return STR("Internal service failure.");
    if (err == ERR_UNAVAILABLE)
        return STR("The service cannot take this request at present. Try again later.");
    return (str){ 0 };
}

void answer_refusal(struct rq *rq, enum err err)
{
    const struct service_error *error;
    struct body *body;

    if (err == ERR_TOO_LARGE) {
        send(rq, 413, (str){ 0 }, NULL, STR("RequestEntityTooLarge"));
        return;
    }
    if (outward(err) != err) {
        err = outward(err);
        rq->message = (str){ 0 };
    }
    error = service_error(rq->service, err);
    body = body_create(rq);
    if (body == NULL) {
        send_bare(rq);
        return;
    }
    if (!str_present(rq->message))
        rq->message = default_message(err);
    shape_encode_error(rq->format, error->name, rq->message, &body->bytes);
    if (body->bytes.err != OK) {
        body_release(body);
        send_bare(rq);
        return;
    }
    send(rq, error->status, rq->content_type, body, error->name);
}

void answer_raw(struct rq *rq, int status, str content_type, str bytes, str error)
{
    struct body *body = bytes.size ? body_create(rq) : NULL;

    if (body) {
        buf_append(&body->bytes, bytes);
        if (body->bytes.err != OK) {
            body_release(body);
            body = NULL;
        }
    }
    send(rq, status, content_type, body, error);
}
