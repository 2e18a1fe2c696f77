/* idle.c: bench-idle, what connections cost that say nothing.
 *
 *   bench-idle --port P --pid PID --connections N --http 1|2 [--plain] [--seconds S] [--check]
 *
 * Opens N connections, TLS unless --plain, from several addresses of loopback; makes one signed ListStreams on each,
 * reads the answer to its end, and holds them all. Then it prints what they cost the server's memory, each, what the
 * server's CPU did for S seconds in which nobody spoke, and what is left of the memory after they are closed. With
 * --check every connection makes a second request before it closes, since one that was dropped costs nothing either.
 * A handful of connections are made and closed before the first look, so that what is made once is not counted. */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"
#include "request.h"

enum { WARM_UP = 50, SOURCES = 8, READ_BYTES = 16 << 10, HEADERS_MAX = 16, SETTLE_US = 1500000 };

struct idle {
    struct target target;
    struct server server;
    SSL_CTX *tls; /* NULL: plain */
    int http, connections;
    double seconds;
    bool check;
};

struct link {
    int fd;
    SSL *ssl;
    nghttp2_session *h2;
    int status;    /* of the answer that is coming in */
    bool answered; /* completely */
};

/* ---- bytes ---- */

static bool send_all(struct link *link, const void *at, size_t size)
{
    const char *from = at;

    while (size > 0) {
        ssize_t sent = link->ssl ? SSL_write(link->ssl, from, (int)size) : send(link->fd, from, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        from += sent;
        size -= (size_t)sent;
    }
    return true;
}

static ssize_t receive(struct link *link, char *to, size_t size)
{
    return link->ssl ? SSL_read(link->ssl, to, (int)size) : recv(link->fd, to, size, 0);
}

static int open_socket(const struct idle *idle, int index)
{
    struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(index % SOURCES));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(idle->target.port);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

/* ---- one request on HTTP/1.1 ---- */

/* ListStreams answers with a length and in one piece or a few. */
static bool ask_h1(struct link *link, const struct request *request)
{
    char text[READ_BYTES + 1];
    size_t size = 0;

    if (!send_all(link, request->at, request->size))
        return false;
    while (size < READ_BYTES) {
        ssize_t got = receive(link, text + size, READ_BYTES - size);
        const char *end, *length;

        if (got <= 0)
            return false;
        text[size += (size_t)got] = 0;
        end = strstr(text, "\r\n\r\n");
        length = strcasestr(text, "\r\ncontent-length:");
        if (end && length && size >= (size_t)(end + 4 - text) + strtoul(length + 17, NULL, 10))
            return strncmp(text, "HTTP/1.1 200", 12) == 0;
    }
    return false;
}

/* ---- one request on HTTP/2 ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
    struct link *link = ctx;

    (void)session, (void)frame, (void)value_size, (void)flags;
    if (name_size == 7 && memcmp(name, ":status", 7) == 0)
        link->status = atoi((const char *)value);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    struct link *link = ctx;

    (void)session, (void)id;
    link->answered = true;
    if (code != 0)
        link->status = 0;
    return 0;
}

static ssize_t give_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
                         nghttp2_data_source *source, void *ctx)
{
    (void)session, (void)id, (void)source, (void)ctx;
    if (size < 2)
        return 0;
    memcpy(to, "{}", 2);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 2;
}

static bool start_h2(struct link *link)
{
    nghttp2_session_callbacks *callbacks;
    int code;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return false;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    code = nghttp2_session_client_new(&link->h2, callbacks, link);
    nghttp2_session_callbacks_del(callbacks);
    return code == 0 && nghttp2_submit_settings(link->h2, 0, NULL, 0) == 0;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name,
                         .namelen = strlen(name),
                         .value = (uint8_t *)(uintptr_t)value,
                         .valuelen = strlen(value) };
}

/* The same request: its lines, names in lower case, become fields. `text` is taken apart. */
static size_t fields_of(char *text, nghttp2_nv *fields)
{
    size_t count = 0;
    char *rest, *line = strtok_r(text, "\r\n", &rest);

    fields[count++] = field(":method", "POST");
    fields[count++] = field(":scheme", "https");
    fields[count++] = field(":path", "/");
    while ((line = strtok_r(NULL, "\r\n", &rest)) != NULL && count < HEADERS_MAX) {
        char *colon = strchr(line, ':');

        if (!colon)
            break;
        *colon = 0;
        for (char *c = line; *c; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
        fields[count++] = field(strcmp(line, "host") == 0 ? ":authority" : line, colon + 2);
    }
    return count;
}

static bool push_h2(struct link *link)
{
    const uint8_t *at;
    ssize_t size;

    while ((size = nghttp2_session_mem_send(link->h2, &at)) > 0)
        if (!send_all(link, at, (size_t)size))
            return false;
    return size == 0;
}

static bool ask_h2(struct link *link, const struct request *request)
{
    nghttp2_data_provider body = { .read_callback = give_body };
    char *text = strndup(request->at, request->size), bytes[READ_BYTES];
    nghttp2_nv fields[HEADERS_MAX];
    int32_t id = -1;

    if (text)
        id = nghttp2_submit_request(link->h2, NULL, fields, fields_of(text, fields), &body, NULL);
    free(text);
    link->answered = false;
    link->status = 0;
    while (id >= 0 && !link->answered) {
        ssize_t got;

        if (!push_h2(link))
            return false;
        got = receive(link, bytes, sizeof(bytes));
        if (got <= 0 || nghttp2_session_mem_recv(link->h2, (const uint8_t *)bytes, (size_t)got) < 0)
            return false;
    }
    return push_h2(link) && link->status == 200;
}

/* ---- many ---- */

static bool ask(const struct idle *idle, struct link *link)
{
    struct request request;
    bool fine;

    if (!request_build(&idle->target, "ListStreams", WIRE_JSON, "{}", 2, &request))
        return false;
    fine = idle->http == 2 ? ask_h2(link, &request) : ask_h1(link, &request);
    request_deinit(&request);
    return fine;
}

static bool open_link(const struct idle *idle, int index, struct link *link)
{
    static const unsigned char names[] = "\x02h2\x08http/1.1";

    *link = (struct link){ .fd = open_socket(idle, index) };
    if (link->fd < 0)
        return false;
    if (idle->tls) {
        link->ssl = SSL_new(idle->tls);
        if (!link->ssl || SSL_set_fd(link->ssl, link->fd) != 1)
            return false;
        (void)SSL_set_alpn_protos(link->ssl, idle->http == 2 ? names : names + 3, idle->http == 2 ? 12 : 9);
        if (SSL_connect(link->ssl) != 1)
            return false;
    }
    return (idle->http == 1 || start_h2(link)) && ask(idle, link);
}

static void close_link(struct link *link)
{
    nghttp2_session_del(link->h2);
    SSL_free(link->ssl);
    if (link->fd >= 0)
        close(link->fd);
    *link = (struct link){ .fd = -1 };
}

static int open_links(const struct idle *idle, struct link *links, int count)
{
    for (int i = 0; i < count; i++) {
        if (open_link(idle, i, &links[i]))
            continue;
        fprintf(stderr, "bench-idle: connection %d failed\n", i);
        close_link(&links[i]);
        return i;
    }
    return count;
}

static void close_links(struct link *links, int count)
{
    for (int i = 0; i < count; i++)
        close_link(&links[i]);
    usleep(SETTLE_US);
}

/* Proportional set size in kB: shared pages count by their share. */
static double pss_kb(int pid)
{
    char path[64], line[256];
    double kb = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "Pss: %lf kB", &kb) == 1)
            break;
    if (file)
        fclose(file);
    return kb;
}

static int measure(const struct idle *idle, struct link *links)
{
    struct usage before, opened, silent, closed;
    double pss_before, pss_opened, start;
    int held, again = 0;

    close_links(links, open_links(idle, links, idle->connections < WARM_UP ? idle->connections : WARM_UP));
    before = server_usage(&idle->server);
    pss_before = pss_kb(idle->server.pids[0]);
    start = clock_now();
    held = open_links(idle, links, idle->connections);
    start = clock_now() - start;
    usleep(SETTLE_US);
    opened = server_usage(&idle->server);
    pss_opened = pss_kb(idle->server.pids[0]);
    usleep((useconds_t)(idle->seconds * 1e6));
    silent = server_usage(&idle->server);
    for (int i = 0; idle->check && i < held; i++)
        again += ask(idle, &links[i]);
    close_links(links, held);
    closed = server_usage(&idle->server);
    printf("{\"mode\":\"idle connections\",\"tls\":%s,\"http\":%d,\"connections\":%d,\"open_s\":%.1f,"
           "\"kib_each_rss\":%.2f,\"kib_each_pss\":%.2f,\"server_rss_mb\":%.1f,\"server_rss_before_mb\":%.1f,"
           "\"server_rss_closed_mb\":%.1f,\"open_cpu_ms_each\":%.3f,\"silent_s\":%.0f,\"silent_cpu_s\":%.3f,"
           "\"answered_again\":%d}\n",
           idle->tls ? "true" : "false", idle->http, held, start, (opened.rss_mb - before.rss_mb) * 1e6 / 1024 / held,
           (pss_opened - pss_before) / held, opened.rss_mb, before.rss_mb, closed.rss_mb,
           (opened.cpu_s - before.cpu_s) * 1e3 / held, idle->seconds, silent.cpu_s - opened.cpu_s, again);
    return held == idle->connections && (!idle->check || again == held) ? 0 : 1;
}

static const struct option names[] = {
    { "port", required_argument, NULL, 'p' },
    { "pid", required_argument, NULL, 'i' },
    { "connections", required_argument, NULL, 'c' },
    { "http", required_argument, NULL, 'h' },
    { "seconds", required_argument, NULL, 't' },
    { "plain", no_argument, NULL, 'P' },
    { "check", no_argument, NULL, 'k' },
    { 0 },
};

static bool options_read(int argc, char **argv, struct idle *idle, bool *ret_plain)
{
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (name) {
        case 'p':
            idle->target.port = (uint16_t)atoi(optarg);
            break;
        case 'i':
            idle->server = (struct server){ .pids = { atoi(optarg) }, .pid_count = 1 };
            break;
        case 'c':
            idle->connections = atoi(optarg);
            break;
        case 'h':
            idle->http = atoi(optarg);
            break;
        case 't':
            idle->seconds = atof(optarg);
            break;
        case 'P':
            *ret_plain = true;
            break;
        case 'k':
            idle->check = true;
            break;
        default:
            return false;
        }
    }
    return idle->target.port && idle->server.pid_count && idle->connections > 0 && idle->http >= 1 && idle->http <= 2;
}

int main(int argc, char **argv)
{
    struct idle idle = { .target = { .access_key = "test", .secret_key = "test", .region = "us-east-1" },
                         .http = 1,
                         .connections = 1000,
                         .seconds = 10 };
    struct rlimit files;
    struct link *links;
    bool plain = false;
    int status;

    if (!options_read(argc, argv, &idle, &plain)) {
        fprintf(stderr, "usage: bench-idle --port P --pid PID --connections N --http 1|2 [--plain] [--check]\n");
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (!plain) {
        idle.tls = SSL_CTX_new(TLS_client_method());
        if (!idle.tls)
            return 1;
        SSL_CTX_set_mode(idle.tls, SSL_MODE_RELEASE_BUFFERS);
    }
    links = calloc((size_t)idle.connections, sizeof(*links));
    status = links ? measure(&idle, links) : 1;
    free(links);
    SSL_CTX_free(idle.tls);
    return status;
}
