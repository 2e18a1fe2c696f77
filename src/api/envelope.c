/* envelope.c: what is decided before an operation is known, in the order in which the service decides it.
 *
 *   1. body above the bound                413, empty
 *   2. OPTIONS with Origin                 200, CORS
 *   3. not POST                            403, XML
 *   4. empty body                          400 SerializationException, or UnknownOperationException
 *   5. unknown content type                no target: 403 XML; with target: authentication as XML, then 404 XML
 *                                         (unknown operation: 500; unknown service: 403)
 *   6. body that cannot be parsed          400 SerializationException
 *   7. unknown target                      400 UnknownOperationException
 *
 * In open mode (no credentials) a page in some browser must not be able to drive us: Host has to be an address,
 * localhost or a configured name, and only loopback origins are answered. */
#include "api/room.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "shape/encode.h"

enum { BODY_DEPTH_MAX = 64 };

static const str json_type = { .at = "application/x-amz-json-1.1", .size = 26 };
static const str cbor_type = { .at = "application/x-amz-cbor-1.1", .size = 26 };
static const str old_type = { .at = "application/json", .size = 16 };

#define EXPOSED "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
#define NO_OPERATION                                                                                                   \
    "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"      \
    "</AccessDeniedException>\n"

/* ---- who may ask at all ----------------------------------------------------------------------------------------- */

/* "host:port", "[::1]:port" -> the host without brackets. */
static str host_of(str authority)
{
    if (authority.size && authority.at[0] == '[') {
        str rest = str_slice(authority, 1, authority.size);

        return str_cut(&rest, ']');
    }
    return str_cut(&authority, ':');
}

static bool is_address(str host)
{
    bool digits = host.size > 0;

    for (size_t i = 0; i < host.size; i++) {
        char c = host.at[i];

        if (c == ':')
            return true; /* no name holds a colon */
        digits = digits && ((c >= '0' && c <= '9') || c == '.');
    }
    return digits;
}

/* A name may begin with "127." as well; only an address is one. */
static bool is_loopback(str host)
{
    return str_eq_nocase(host, STR("localhost")) || str_eq(host, STR("::1")) || str_ends(host, STR(".localhost")) ||
           (is_address(host) && str_starts(host, STR("127.")));
}

bool api_host_allowed(const struct api *api, const struct http_request *http)
{
    const struct api_config *config = &api->config;
    str authority = http_find(http, STR("host"));
    str host;

    if (!str_present(authority))
        authority = http_find(http, STR(":authority"));
    if (api->credentials || !str_present(authority))
        return true;
    host = host_of(authority);
    if (is_address(host) || is_loopback(host))
        return true;
    for (size_t i = 0; i < config->host_name_count; i++)
        if (str_eq_nocase(host, config->host_names[i]))
            return true;
    return false;
}

static bool origin_allowed(const struct rq *rq, str origin)
{
    size_t scheme;

    if (rq->api->credentials)
        return true;
    scheme = str_index(origin, ':');
    return scheme + 3 < origin.size && is_loopback(host_of(str_slice(origin, scheme + 3, origin.size)));
}

size_t envelope_cors(struct rq *rq, struct http_header *ret_headers)
{
    str origin = http_find(rq->http, STR("origin"));

    if (!str_present(origin) || !origin_allowed(rq, origin))
        return 0;
    ret_headers[0] = (struct http_header){ STR("Access-Control-Allow-Origin"), STR("*") };
    ret_headers[1] = (struct http_header){ STR("Access-Control-Expose-Headers"), STR(EXPOSED) };
    return 2;
}

static void preflight(struct rq *rq)
{
    struct http_header headers[6];
    size_t count = 0;
    str allow_headers = http_find(rq->http, STR("access-control-request-headers"));
    str allow_methods = http_find(rq->http, STR("access-control-request-method"));
    char date[DATE_TEXT_MAX];

    headers[count++] = (struct http_header){ STR("x-amzn-RequestId"), str_bytes(rq->request_id, REQUEST_ID_CHARS) };
    headers[count++] = (struct http_header){ STR("Date"), str_bytes(date, date_format_http(rq->now, date)) };
    headers[count++] = (struct http_header){ STR("Access-Control-Allow-Origin"), STR("*") };
    if (str_present(allow_headers))
        headers[count++] = (struct http_header){ STR("Access-Control-Allow-Headers"), allow_headers };
    if (str_present(allow_methods))
        headers[count++] = (struct http_header){ STR("Access-Control-Allow-Methods"), allow_methods };
    headers[count++] = (struct http_header){ STR("Access-Control-Max-Age"), STR("172800") };
    respond(rq, &(struct http_response){ .status = 200, .headers = headers, .header_count = count });
    rq_done(rq, 200, (str){ 0 }, 0);
}

/* ---- target and content type ------------------------------------------------------------------------------------ */

static bool prefix_known(const struct rq *rq, str prefix)
{
    for (size_t i = 0; i < rq->api->config.service_count; i++)
        if (str_eq(rq->api->config.services[i].service->target_prefix, prefix))
            return true;
    return false;
}

static void find_operation(struct rq *rq)
{
    const struct api_config *config = &rq->api->config;
    str operation = http_find(rq->http, STR("x-amz-target"));
    str prefix = str_cut(&operation, '.');

    for (size_t i = 0; i < config->service_count; i++) {
        const struct service *service = config->services[i].service;

        if (!str_eq(service->target_prefix, prefix) || !str_present(operation))
            continue;
        rq->service = service;
        rq->operation = service_operation(service, operation);
    }
}

/* The type before ';', set as format and answer type. False: none that we know. */
static bool find_format(struct rq *rq)
{
    str rest = http_find(rq->http, STR("content-type"));
    str type = str_trim(str_cut(&rest, ';'));

    rq->format = &format_aws_json;
    rq->content_type = type;
    if (str_eq_nocase(type, json_type)) {
        rq->content_type = json_type;
        return true;
    }
    if (str_eq_nocase(type, cbor_type)) {
        rq->content_type = cbor_type;
        rq->format = &format_aws_cbor;
        return true;
    }
    return false;
}

/* Does the body follow its grammar, and is it a map? Leaves it as it is. */
static bool parses(const struct rq *rq, bool cbor)
{
    char *body = rq->http->body;
    size_t size = rq->http->body_size;

    if (cbor) {
        struct cbor reader;
        struct cbor_token token;

        cbor_init(&reader, body, size, BODY_DEPTH_MAX);
        return cbor_next(&reader, &token) == OK && token.kind == CBOR_MAP_BEGIN &&
               cbor_skip_rest(&reader, token.kind) == OK;
    } else {
        struct json reader;
        struct json_token token;

        json_init(&reader, body, size, BODY_DEPTH_MAX);
        return json_next(&reader, &token) == OK && token.kind == JSON_OBJECT_BEGIN &&
               json_skip_rest(&reader, token.kind) == OK && json_next(&reader, &token) == OK && token.kind == JSON_END;
    }
}

/* The oldest envelope of the service, which no client uses: nothing gets through it. */
static void refuse_old(struct rq *rq)
{
    if (parses(rq, /* cbor: */ false))
        answer_raw(rq, 404, old_type,
                   STR("{\"Output\":{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"},"
                       "\"Version\":\"1.0\"}"),
                   STR("UnknownOperationException"));
    else
        answer_raw(rq, 400, old_type,
                   STR("{\"Output\":{\"__type\":\"com.amazon.coral.service#SerializationException\"},"
                       "\"Version\":\"1.0\"}"),
                   STR("SerializationException"));
}

/* What an unknown content type gets when the signature is right: it depends on how much of the target is known. */
static void refuse_signed(struct rq *rq)
{
    str operation = http_find(rq->http, STR("x-amz-target"));
    str prefix = str_cut(&operation, '.');
    str xml;

    if (rq->operation) {
        answer_raw(rq, 404, (str){ 0 }, STR("<UnknownOperationException/>\n"), STR("UnknownOperationException"));
        return;
    }
    if (prefix_known(rq, prefix)) {
        answer_raw(rq, 500, (str){ 0 }, STR("<InternalFailure/>\n"), STR("InternalFailure"));
        return;
    }
    xml = arena_fmt(&rq->arena,
                    "<UnrecognizedClientException>\n  <Message>No authorization strategy was found for service: %.*s, "
                    "operation: %.*s</Message>\n</UnrecognizedClientException>\n",
                    STR_ARG(prefix), STR_ARG(operation));
    answer_raw(rq, 403, (str){ 0 }, xml, STR("UnrecognizedClientException"));
}

/* An unknown content type: authentication problems come as XML and before those of the target. */
static void refuse_type(struct rq *rq)
{
    struct sigv4_rules rules = { .credentials = rq->api->credentials,
                                 .open_account = rq->api->config.account,
                                 .skew_max = 300000 };
    const struct http_request *http = rq->http;
    struct sigv4_request request = { .method = http->method,
                                     .path = http->path,
                                     .query = http->query,
                                     .header_count = http->header_count,
                                     .body = str_bytes(http->body, http->body_size) };
    const struct service_error *error;
    str sentence = { 0 }, xml;
    enum err err;

    if (!str_present(http_find(http, STR("x-amz-target")))) {
        answer_raw(rq, 403, (str){ 0 }, STR(NO_OPERATION), STR("AccessDeniedException"));
        return;
    }
    request.headers = (const struct sigv4_header *)(const void *)http->headers;
    err = sigv4_verify(rq->api->config.sigv4, &rules, &request, rq->now, &rq->arena, &rq->identity, &sentence);
    if (err == OK || err == ERR_NO_MEMORY || err == ERR_TOO_LARGE) {
        refuse_signed(rq);
        return;
    }
    error = service_error(rq->service, err);
    xml = arena_fmt(&rq->arena, "<%.*s>\n  <Message>%.*s</Message>\n</%.*s>\n", STR_ARG(error->name), STR_ARG(sentence),
                    STR_ARG(error->name));
    answer_raw(rq, 403, (str){ 0 }, xml, error->name);
}

static void refuse_empty(struct rq *rq, bool known_type)
{
    bool json = known_type && rq->format == &format_aws_json;

    if (!json) {
        rq->format = &format_aws_cbor;
        rq->content_type = cbor_type;
    }
    answer_refusal(rq, rq->operation ? ERR_SERIALIZATION : ERR_UNKNOWN_OPERATION);
}

bool envelope_open(struct rq *rq)
{
    struct http_request *http = rq->http;
    str origin = http_find(http, STR("origin"));
    bool known_type;

    rq->service = rq->api->config.services[0].service;
    if (!api_host_allowed(rq->api, http) || (str_present(origin) && !origin_allowed(rq, origin))) {
        answer_raw(rq, 403, (str){ 0 },
                   STR("<AccessDeniedException>\n  <Message>Without credentials only loopback origins and Host "
                       "headers that are an address, localhost or a configured name are served</Message>\n"
                       "</AccessDeniedException>\n"),
                   STR("AccessDeniedException"));
        return false;
    }
    if (http->too_large) {
        answer_raw(rq, 413, (str){ 0 }, (str){ 0 }, STR("RequestEntityTooLarge"));
        return false;
    }
    if (str_eq(http->method, STR("OPTIONS")) && str_present(origin)) {
        preflight(rq);
        return false;
    }
    if (!str_eq(http->method, STR("POST"))) {
        answer_raw(rq, 403, (str){ 0 }, STR(NO_OPERATION), STR("AccessDeniedException"));
        return false;
    }
    find_operation(rq);
    known_type = find_format(rq);
    if (http->body_size == 0) {
        refuse_empty(rq, known_type);
        return false;
    }
    if (!known_type) {
        if (str_eq_nocase(rq->content_type, old_type))
            refuse_old(rq);
        else
            refuse_type(rq);
        return false;
    }
    if (rq->operation == NULL) {
        answer_refusal(rq, parses(rq, rq->format == &format_aws_cbor) ? ERR_UNKNOWN_OPERATION : ERR_SERIALIZATION);
        return false;
    }
    return true;
}
