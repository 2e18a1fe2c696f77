/* plain.c: what is asked by GET and belongs to no service: /health and /metrics.
 *
 * Nothing here is signed. Anybody who can reach the port may read it, as with any exporter; --metrics off ends it. In
 * open mode the Host header is looked at as for every request, so that no page in some browser reads it. */
#include <stdlib.h>

#include "metric/metric.h"
#include "server/room.h"

enum { METRICS_BYTES_MAX = 64 << 20 };

static void release(void *ctx)
{
    struct buf *text = ctx;

    buf_deinit(text);
    free(text);
}

static void answer(struct http_request *request, int status, str type, struct buf *text)
{
    char date[DATE_TEXT_MAX];
    struct server *server = request->user;
    struct http_header headers[] = {
        { STR("Date"), str_bytes(date, date_format_http(server_now(server), date)) },
        { STR("Content-Type"), type },
        { STR("Cache-Control"), STR("no-store") },
    };
    struct http_piece piece = { .at = text->at, .size = text->size, .release = release, .ctx = text };

    request->user = NULL;
    http_respond(request, &(struct http_response){ .status = status,
                                                   .headers = headers,
                                                   .header_count = sizeof(headers) / sizeof(headers[0]),
                                                   .pieces = &piece,
                                                   .piece_count = 1 });
}

static void health(struct server *server, struct http_request *request, struct buf *text)
{
    bool serving = server->state == SERVER_SERVING;

    buf_fmt(text, "{\"status\":\"%s\",\"connections\":%zu}\n", serving ? "ok" : "stopping", server->conn_count);
    answer(request, serving ? 200 : 503, STR("application/json"), text);
}

static void metrics(struct server *server, struct http_request *request, struct buf *text)
{
    struct metric_sources sources = { .log = &server->count_log,
                                      .api = &server->count_api,
                                      .http = &server->count_http,
                                      .streams = &server->count_streams,
                                      .service = api_config(server->api)->services[0].service,
                                      .catalog = server->catalog };

    server->count_http.memory_bytes = (uint64_t)server->memory_used + api_answer_bytes(server->api);
    metric_write(text, &sources);
    answer(request, text->err == OK ? 200 : 500, STR("text/plain; version=0.0.4; charset=utf-8"), text);
}

static void forbidden(struct http_request *request, struct buf *text, str sentence)
{
    buf_append(text, sentence);
    answer(request, 403, STR("text/plain"), text);
}

bool plain_request(struct server *server, struct http_request *request)
{
    bool get = str_eq(request->method, STR("GET")) || str_eq(request->method, STR("HEAD"));
    bool is_health = get && str_eq(request->path, STR("/health"));
    bool is_metrics = get && str_eq(request->path, STR("/metrics")) && server->settings->metrics == SWITCH_ON;
    bool is_insecure = server->settings->tls == TLS_REQUIRED && !request->secure;
    struct buf *text;

    if (!is_health && !is_metrics && !is_insecure)
        return false;
    text = calloc(1, sizeof(*text));
    if (text == NULL) {
        http_respond(request, &(struct http_response){ .status = 503, .close = true });
        return true;
    }
    buf_init(text, METRICS_BYTES_MAX);
    request->user = server;
    if (is_insecure)
        forbidden(request, text, STR("This server speaks TLS only.\n"));
    else if (!api_host_allowed(server->api, request))
        forbidden(request, text, STR("Without credentials the Host header must be an address, localhost or a "
                                     "public-host of the settings.\n"));
    else if (is_health)
        health(server, request, text);
    else
        metrics(server, request, text);
    return true;
}
