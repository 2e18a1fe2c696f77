/* h1_parse.c: the head of an HTTP/1.1 request, from bytes to fields.
 *
 * Strict where leniency is how requests are smuggled past whoever stands before us: lines end with CR LF, names are
 * tokens directly followed by the colon, no folded lines, no control bytes, one length, no coding but chunked. */
#include "http/h1_parse.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { HEADERS_FIRST = 24, LENGTH_DIGITS_MAX = 18 };

/* Bytes of a token, RFC 9110 section 5.6.2, by what looks them up soonest. */
#define FIVE(c) [(c)] = true, [(c) + 1] = true, [(c) + 2] = true, [(c) + 3] = true, [(c) + 4] = true
#define LETTERS(a) FIVE(a), FIVE((a) + 5), FIVE((a) + 10), FIVE((a) + 15), FIVE((a) + 20), [(a) + 25] = true
static const bool token_bytes[256] = {
    FIVE('0'), FIVE('5'), LETTERS('A'), LETTERS('a'), ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true,
    ['&'] = true, ['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
    ['`'] = true, ['|'] = true, ['~'] = true,
};
#undef LETTERS
#undef FIVE

/* The first byte that is none of a token. */
static const char *skip_token(const char *at, const char *end)
{
    while (at < end && token_bytes[(unsigned char)*at])
        at++;
    return at;
}

/* The first byte that is below a space or DEL; many at a time, since values are most of a request. */
static const char *skip_text(const char *at, const char *end)
{
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1f)), text);
        int found = _mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(text, _mm_set1_epi8(0x7f))));

        if (found)
            return at + __builtin_ctz((unsigned)found);
    }
#endif
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;

    while (end - at >= 8) {
        uint64_t word, del;

        memcpy(&word, at, 8);
        del = word ^ ones * 0x7f;
        if (((word - ones * 0x20) & ~word & highs) | ((del - ones) & ~del & highs))
            break;
        at += 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && *at != 0x7f)
        at++;
    return at;
}

static str span(const char *from, const char *to)
{
    return str_bytes(from, (size_t)(to - from));
}

/* The target in origin form, absolute form (whose host we leave to the Host header) or "*". */
static int parse_target(str target, struct h1_head *head)
{
    if (str_eq(target, STR("*"))) {
        target = STR("/");
    } else if (target.at[0] != '/') {
        size_t scheme = str_index(target, ':');
        str rest = str_slice(target, scheme, target.size);
        size_t authority;

        if (!str_starts(rest, STR("://")))
            return 400;
        rest = str_slice(rest, 3, rest.size);
        for (authority = 0; authority < rest.size && rest.at[authority] != '/' && rest.at[authority] != '?';)
            authority++;
        if (authority == 0)
            return 400;
        target = str_slice(rest, authority, rest.size);
    }
    head->query = target;
    head->path = str_cut(&head->query, '?');
    if (head->path.size == 0)
        head->path = STR("/");
    return 0;
}

static int parse_version(const char **at, const char *end, struct h1_head *head)
{
    const char *p = *at;

    if (end - p < 10 || memcmp(p, "HTTP/", 5) != 0 || p[6] != '.' || p[8] != '\r' || p[9] != '\n')
        return 400;
    if (p[5] < '0' || p[5] > '9' || p[7] < '0' || p[7] > '9')
        return 400;
    if (p[5] != '1')
        return 505;
    head->http10 = p[7] == '0';
    *at = p + 10;
    return 0;
}

static int parse_request_line(const char **at, const char *end, struct h1_head *head)
{
    const char *p = *at, *from = p;
    int status;

    p = skip_token(p, end);
    if (p == end || p == from || *p != ' ')
        return 400;
    head->method = span(from, p);
    from = ++p;
    while (p < end && (unsigned char)*p > ' ' && *p != 0x7f)
        p++;
    if (p == end || p == from || *p != ' ')
        return 400;
    status = parse_target(span(from, p), head);
    if (status)
        return status;
    *at = p + 1;
    return parse_version(at, end, head);
}

static int add(struct h1_head *head, str name, str value)
{
    if (head->header_count == head->header_capacity) {
        size_t capacity = head->header_capacity ? head->header_capacity * 2 : HEADERS_FIRST;
        struct http_header *headers;

        if (head->header_count == HTTP_HEADERS_MAX)
            return 431;
        if (capacity > HTTP_HEADERS_MAX)
            capacity = HTTP_HEADERS_MAX;
        headers = realloc(head->headers, capacity * sizeof(*headers));
        if (headers == NULL)
            return 503;
        head->headers = headers;
        head->header_capacity = capacity;
    }
    head->headers[head->header_count++] = (struct http_header){ .name = name, .value = value };
    return 0;
}

static int take_length(struct h1_head *head, str value)
{
    uint64_t length;

    if (value.size > LENGTH_DIGITS_MAX || value.size == 0 || str_u64(value, &length) != OK)
        return 400;
    if (head->content_length >= 0 && head->content_length != (int64_t)length)
        return 400;
    head->content_length = (int64_t)length;
    return 0;
}

static void take_connection(struct h1_head *head, str value)
{
    while (str_present(value)) {
        str word = str_trim(str_cut(&value, ','));

        if (str_eq_nocase(word, STR("close")))
            head->close = true;
        else if (str_eq_nocase(word, STR("keep-alive")))
            head->keep_alive = true;
    }
}

/* The headers that decide how the message is framed. */
static int take_framing(struct h1_head *head, str name, str value, bool *host)
{
    switch (name.size) {
    case 4:
        if (str_eq_nocase(name, STR("Host"))) {
            if (*host)
                return 400;
            *host = true;
        }
        break;
    case 6:
        if (str_eq_nocase(name, STR("Expect"))) {
            if (!str_eq_nocase(value, STR("100-continue")))
                return 417;
            head->expect_continue = true;
        }
        break;
    case 10:
        if (str_eq_nocase(name, STR("Connection")))
            take_connection(head, value);
        break;
    case 14:
        if (str_eq_nocase(name, STR("Content-Length")))
            return take_length(head, value);
        break;
    case 17:
        if (str_eq_nocase(name, STR("Transfer-Encoding"))) {
            if (!str_eq_nocase(value, STR("chunked")))
                return 501;
            if (head->chunked)
                return 400;
            head->chunked = true;
        }
        break;
    default:
        break;
    }
    return 0;
}

static int parse_header(const char **at, const char *end, struct h1_head *head, bool *host)
{
    const char *p = *at, *from = p;
    str name, value;
    int status;

    p = skip_token(p, end);
    if (p == end || p == from || *p != ':')
        return 400;
    name = span(from, p);
    from = ++p;
    for (;;) {
        p = skip_text(p, end);
        if (p == end)
            return 400;
        if (*p != '\t')
            break;
        p++;
    }
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
        return 400;
    value = str_trim(span(from, p));
    *at = p + 2;
    status = add(head, name, value);
    return status ? status : take_framing(head, name, value, host);
}

int h1_parse(str text, struct h1_head *head)
{
    const char *at = text.at, *end = text.at + text.size;
    bool host = false;
    int status;

    *head = (struct h1_head){
        .headers = head->headers, .header_capacity = head->header_capacity, .content_length = -1
    };
    status = parse_request_line(&at, end, head);
    while (status == 0) {
        if (end - at == 2 && at[0] == '\r' && at[1] == '\n')
            break;
        status = parse_header(&at, end, head, &host);
    }
    if (status)
        return status;
    if (head->chunked && (head->content_length >= 0 || head->http10))
        return 400;
    return host || head->http10 ? 0 : 400;
}
