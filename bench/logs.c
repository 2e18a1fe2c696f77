/* logs.c: the modes ready and create for servers that speak a dialect of their own. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

enum { EXCHANGE_MS = 10000, PAUSE_US = 1000 };

const struct dialect *dialect_find(const char *name)
{
    static const struct dialect *const all[] = { &dialect_kafka, &dialect_nats, &dialect_redis };

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

/* True when every reply came and was good; what was not is noted in `ret_why`. */
static bool ask(const struct options *options, const struct bytes *body, int replies, char ret_why[200])
{
    struct request request = { .at = body->at, .size = body->size, .replies = replies };
    struct conn conn;
    bool good = false;

    snprintf(ret_why, 200, "no answer");
    if (body->failed || !conn_open_as(&conn, options->target.port, options->dialect, 0))
        return false;
    if (conn_exchange(&conn, &request, EXCHANGE_MS)) {
        good = conn.answer.status == 200;
        snprintf(ret_why, 200, "%.150s", conn.answer.body.at);
    }
    conn_close(&conn);
    return good;
}

/* Asks until the answer is good. */
static bool insist(const struct options *options, const struct bytes *body, int replies, double give_up)
{
    char why[200] = "";

    while (clock_now() < give_up) {
        if (ask(options, body, replies, why))
            return true;
        usleep(PAUSE_US);
    }
    fprintf(stderr, "bench-load: %s: %s\n", options->dialect->name, why);
    return false;
}

int logs_ready(const struct options *options)
{
    double start = options->since_ns > 0 ? (double)options->since_ns * 1e-9 : clock_now();
    struct usage usage;
    struct bytes body = { 0 };
    bool ready;

    options->dialect->ready(&body);
    ready = insist(options, &body, 1, clock_now() + options->seconds);
    bytes_deinit(&body);
    if (!ready)
        return 1;
    usage = server_usage(&options->server);
    printf("{\"mode\":\"ready\",\"ready_ms\":%.2f,\"server_rss_mb\":%.1f,\"server_cpu_s\":%.3f}\n",
           (clock_now() - start) * 1e3, usage.rss_mb, usage.cpu_s);
    return 0;
}

/* A log is there when it has taken a record: some servers answer before everybody in them knows of it. */
int logs_create(const struct options *options)
{
    static const char key[1][KEY_BYTES_MAX] = { "first" };
    double start = clock_now(), give_up = start + options->seconds;
    struct bytes body = { 0 };
    int replies = options->dialect->create(&body);
    bool made = replies == 0 || insist(options, &body, replies, give_up);

    for (int log = 0; log < LOGS && made; log++) {
        struct batch batch = { .log = log, .count = 1, .record_bytes = 1, .keys = key,
                               .data = (const unsigned char *)"x" };

        body.size = 0;
        options->dialect->append(&body, &batch);
        made = insist(options, &body, 1, give_up);
    }
    bytes_deinit(&body);
    if (made)
        printf("{\"mode\":\"create\",\"shards\":%d,\"create_ms\":%.2f,\"server_rss_mb\":%.1f}\n", LOGS,
               (clock_now() - start) * 1e3, server_usage(&options->server).rss_mb);
    return !made;
}
