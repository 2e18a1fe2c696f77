/* client.c: signed calls of Data Streams operations, as any client makes them. */
#include "cli/client.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/sigv4.h"
#include "codec/json.h"

#define OPTION(field_, type_) .type = (type_), .offset = offsetof(struct client_options, field_)

const struct option client_option_table[] = {
    { .name = "endpoint",
      .value = "URL",
      OPTION(endpoint, OPTION_TEXT),
      .manual = "The server; else AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, or http://127.0.0.1:4567." },
    { .name = "region",
      .value = "REGION",
      OPTION(region, OPTION_TEXT),
      .manual = "Else AWS_REGION, AWS_DEFAULT_REGION, or us-east-1." },
    { .name = "access-key",
      .value = "KEY",
      OPTION(access_key, OPTION_TEXT),
      .manual = "Else AWS_ACCESS_KEY_ID, or \"leat\", which a server without credentials accepts." },
    { .name = "secret-key",
      .value = "SECRET",
      OPTION(secret_key, OPTION_TEXT),
      .manual = "Else AWS_SECRET_ACCESS_KEY; better there, where other users do not see it." },
    { .name = "ca",
      .value = "FILE",
      OPTION(ca, OPTION_TEXT),
      .manual = "Trust this certificate (leat ca prints it) for an https endpoint; else AWS_CA_BUNDLE." },
    { .name = "json", OPTION(json, OPTION_FLAG), .manual = "Print for scripts: one JSON object per line." },
};
const size_t client_option_count = sizeof(client_option_table) / sizeof(*client_option_table);

enum {
    CALL_ARENA_MAX = 1 << 20,
    CALL_TIMEOUT_MS = 60000,
    BACKOFF_FIRST_US = 50000,
    BACKOFF_MAX_US = 5000000,
    TRIES_MAX = 20,
    TRIES_UNANSWERED_MAX = 4,
};

struct client {
    struct os *os;
    struct os_fetcher *fetcher;
    struct sigv4 *sigv4;
    struct sigv4_signer signer;
    str endpoint; /* without a slash at the end */
    str host;     /* as it stands in the Host header */
    str ca;
    bool answered; /* at least once */
};

static const char *first_of(const char *a, const char *b, const char *c)
{
    if (a)
        return a;
    return b ? b : c;
}

/* "https://host:port" gives what stands in the Host header: no port if it is the scheme's own. */
static bool parse_endpoint(str url, str *ret_endpoint, str *ret_host)
{
    bool tls = str_starts(url, STR("https://"));
    str rest = str_slice(url, tls ? 8 : 7, url.size), host;

    if (!tls && !str_starts(url, STR("http://")))
        return false;
    host = str_cut(&rest, '/');
    if (host.size == 0 || rest.size > 0)
        return false;
    *ret_endpoint = str_slice(url, 0, (size_t)(host.at - url.at) + host.size);
    if (str_ends(host, tls ? STR(":443") : STR(":80")))
        host = str_slice(host, 0, host.size - (tls ? 4 : 3));
    *ret_host = host;
    return true;
}

static void fill_signer(struct cli *cli, const struct client_options *options, struct sigv4_signer *ret_signer)
{
    const char *token = options->access_key ? NULL : cli_env(cli, "AWS_SESSION_TOKEN");

    *ret_signer = (struct sigv4_signer){
        .access_key = str_of(first_of(options->access_key, cli_env(cli, "AWS_ACCESS_KEY_ID"), "leat")),
        .secret_key = str_of(first_of(options->secret_key, cli_env(cli, "AWS_SECRET_ACCESS_KEY"), "leat")),
        .session_token = str_of(token),
        .region = str_of(first_of(options->region, cli_env(cli, "AWS_REGION"),
                                  first_of(cli_env(cli, "AWS_DEFAULT_REGION"), NULL, "us-east-1"))),
        .service = STR("kinesis"),
    };
}

enum err client_create(struct cli *cli, const struct client_options *options, struct os_loop *loop,
                       struct client **ret_client)
{
    struct client *client = arena_alloc(&cli->arena, sizeof(*client));
    const char *url = first_of(options->endpoint, cli_env(cli, "AWS_ENDPOINT_URL_KINESIS"),
                               first_of(cli_env(cli, "AWS_ENDPOINT_URL"), NULL, "http://127.0.0.1:4567"));
    struct sigv4_bounds bounds = { .cached_keys_max = 4, .canonical_bytes_max = 64 << 10 };
    uint64_t seed;
    enum err err;

    if (!client)
        return ERR_NO_MEMORY;
    client->os = cli->os;
    client->ca = str_of(first_of(options->ca, cli_env(cli, "AWS_CA_BUNDLE"), NULL));
    fill_signer(cli, options, &client->signer);
    if (!parse_endpoint(str_of(url), &client->endpoint, &client->host)) {
        cli_fail(cli, EXIT_USAGE, "the endpoint is \"%.200s\"; allowed: http://HOST:PORT or https://HOST:PORT", url);
        return ERR_INVALID_ARGUMENT;
    }
    os_entropy(cli->os, &seed, sizeof(seed));
    TRY(sigv4_create(bounds, seed, &client->sigv4));
    err = os_fetcher_create(loop, &client->fetcher);
    if (err != OK) {
        cli_fail(cli, EXIT_FAILED, "%s",
                 err == ERR_UNSUPPORTED ? "outgoing requests need libcurl (libcurl.so.4)" : err_sentence(err));
        sigv4_destroy(client->sigv4);
        return err;
    }
    *ret_client = client;
    return OK;
}

void client_destroy(struct client *client)
{
    if (!client)
        return;
    os_fetcher_destroy(client->fetcher);
    sigv4_destroy(client->sigv4);
}

const char *client_endpoint(const struct client *client)
{
    return client->endpoint.at;
}

unsigned client_tries_max(const struct client *client)
{
    return client->answered ? TRIES_MAX : TRIES_UNANSWERED_MAX;
}

int64_t client_backoff_us(struct client *client, unsigned tries)
{
    int64_t wait_us = tries < 8 ? (int64_t)BACKOFF_FIRST_US << (tries - 1) : BACKOFF_MAX_US;
    uint32_t chance;

    os_entropy(client->os, &chance, sizeof(chance));
    if (wait_us > BACKOFF_MAX_US)
        wait_us = BACKOFF_MAX_US;
    return wait_us / 2 + (int64_t)(chance % (uint32_t)(wait_us / 2));
}

/* ---- one call -------------------------------------------------------------------------------------------------- */

/* {"__type": "...#Type", "message": "..."} of a refusal, as far as it can be read. */
static void read_refusal(struct client_call *call, struct buf *answer)
{
    struct json json;
    struct json_token token, value;
    str type = { 0 }, message = { 0 };

    json_init(&json, answer->at, answer->size, 8);
    if (json_expect(&json, JSON_OBJECT_BEGIN, &token) == OK) {
        while (json_next(&json, &token) == OK && token.kind == JSON_KEY && json_next(&json, &value) == OK) {
            if (str_eq(token.text, STR("__type")))
                type = value.text;
            else if (str_eq_nocase(token.text, STR("message")))
                message = value.text;
            if (json_skip_rest(&json, value.kind) != OK)
                break;
        }
    }
    if (str_index(type, '#') < type.size)
        str_cut(&type, '#');
    snprintf(call->type, sizeof(call->type), "%.*s", STR_ARG(type));
    snprintf(call->error, sizeof(call->error), "%s %.*s (%s answered %d to %s)",
             *call->type ? call->type : "refused:", STR_ARG(message), client_endpoint(call->client), call->fetch.status,
             call->operation);
}

static bool is_throttle(const char *type)
{
    return strcmp(type, "ProvisionedThroughputExceededException") == 0 || strcmp(type, "LimitExceededException") == 0 ||
           strcmp(type, "ThrottlingException") == 0 || strcmp(type, "KMSThrottlingException") == 0 ||
           strcmp(type, "ResourceInUseException") == 0;
}

static void fetched(struct os_fetch *fetch, enum err err)
{
    struct client_call *call = fetch->ctx;
    enum client_outcome outcome = CALL_DONE;

    call->type[0] = 0;
    call->client->answered |= err == OK;
    if (err != OK) {
        snprintf(call->error, sizeof(call->error), "%s: %s; is leat serve running there?",
                 client_endpoint(call->client), fetch->error[0] ? fetch->error : err_sentence(err));
        outcome = err == ERR_TOO_LARGE || err == ERR_NO_MEMORY ? CALL_REFUSED : CALL_AGAIN;
    } else if (fetch->status != 200) {
        read_refusal(call, &fetch->response);
        outcome = fetch->status >= 500 || is_throttle(call->type) ? CALL_AGAIN : CALL_REFUSED;
    }
    call->done(call, outcome);
}

void client_call_init(struct client_call *call, struct client *client, const char *operation, size_t body_bytes_max)
{
    *call = (struct client_call){ .client = client, .operation = operation };
    buf_init(&call->body, body_bytes_max);
    buf_init(&call->fetch.response, CLIENT_ANSWER_MAX);
    arena_init(&call->arena, CALL_ARENA_MAX);
    call->answer = &call->fetch.response;
}

void client_call_deinit(struct client_call *call)
{
    buf_deinit(&call->body);
    buf_deinit(&call->fetch.response);
    arena_deinit(&call->arena);
}

static void add_header(struct client_call *call, const char *name, str value)
{
    if (str_present(value))
        call->headers[call->fetch.header_count++] = (struct os_fetch_header){ .name = str_of(name), .value = value };
}

static enum err sign(struct client_call *call)
{
    struct client *client = call->client;
    str target = arena_fmt(&call->arena, "Kinesis_20131202.%s", call->operation);
    const struct sigv4_header headers[] = {
        { STR("host"), client->host },
        { STR("content-type"), STR("application/x-amz-json-1.1") },
        { STR("x-amz-target"), target },
    };
    struct sigv4_request request = {
        .method = STR("POST"),
        .path = STR("/"),
        .headers = headers,
        .header_count = 3,
        .body = buf_str(&call->body),
    };
    struct sigv4_signed made;

    if (!str_present(target))
        return ERR_NO_MEMORY;
    TRY(sigv4_sign(client->sigv4, &client->signer, &request, os_wall_ms(client->os), &call->arena, &made));
    call->fetch.header_count = 0;
    for (size_t i = 0; i < 3; i++)
        add_header(call, headers[i].name.at, headers[i].value);
    add_header(call, "authorization", made.authorization);
    add_header(call, "x-amz-date", made.amz_date);
    add_header(call, "x-amz-security-token", made.security_token);
    return OK;
}

void client_start(struct client_call *call)
{
    enum err err = call->body.err;

    arena_reset(&call->arena);
    buf_clear(&call->fetch.response);
    if (err == OK)
        err = sign(call);
    if (err != OK) {
        snprintf(call->error, sizeof(call->error), "cannot make the request: %s", err_sentence(err));
        call->type[0] = 0;
        call->done(call, CALL_REFUSED);
        return;
    }
    call->fetch.method = STR("POST");
    call->fetch.url = arena_fmt(&call->arena, "%.*s/", STR_ARG(call->client->endpoint));
    call->fetch.headers = call->headers;
    call->fetch.body = buf_str(&call->body);
    call->fetch.ca_file = call->client->ca;
    call->fetch.timeout_ms = CALL_TIMEOUT_MS;
    call->fetch.done = fetched;
    call->fetch.ctx = call;
    os_fetch_start(call->client->fetcher, &call->fetch);
}
