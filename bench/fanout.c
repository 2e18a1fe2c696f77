/* fanout.c: how long from a put to the event of SubscribeToShard, and how long the put itself took.
 *
 * Consumers are registered and every shard is subscribed to from LATEST before the clock starts. Each put carries its
 * number in the partition key, so an event says which put it answers. No number is used twice: the pool is the bound
 * of the run. Three clocks: put -> answer (the commit), put -> event, and answer -> event (0 where the
 * event came first). */
#include "load.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MESSAGE_HEAD = 12, MESSAGE_CRC = 4, DRAIN_MS = 2000, NUMBER_DIGITS = 16 };

struct subscription {
    struct conn conn;
    struct request request;
    bool open;        /* its first message has come */
    bool ended;
};

struct fanout {
    const struct options *options;
    struct put_run puts;
    struct drive drive; /* the puts' side, kept as a drive for its results */
    struct conn *putters;
    struct subscription *subscriptions;
    size_t subscription_count;
    int epoll, busy;
    double *sent, *answered; /* by number */
    uint64_t events, expected;
    struct samples event_us, lag_us;
};

static double now_us(void)
{
    return clock_now() * 1e6;
}

/* ---- setting up ---- */

static bool call_string(const struct options *options, const char *operation, const char *body, const char *key,
                        char *to, size_t size)
{
    struct answer answer = { 0 };
    int status = conn_call(&options->target, operation, body, &answer);
    bool found = status == 200 && json_string(answer.body.at, answer.body.at + answer.body.size, key, to, size);

    if (!found)
        complain(operation, status, &answer);
    answer_deinit(&answer);
    return found;
}

static bool consumer_make(const struct options *options, int number, char *ret_arn, size_t size)
{
    char body[1024], stream_arn[512], state[32];

    snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", options->stream);
    if (!call_string(options, "DescribeStreamSummary", body, "StreamARN", stream_arn, sizeof(stream_arn)))
        return false;
    snprintf(body, sizeof(body), "{\"StreamARN\":\"%s\",\"ConsumerName\":\"bench-%d-%d\"}", stream_arn, (int)getpid(),
             number);
    if (!call_string(options, "RegisterStreamConsumer", body, "ConsumerARN", ret_arn, size))
        return false;
    snprintf(body, sizeof(body), "{\"ConsumerARN\":\"%s\"}", ret_arn);
    for (int i = 0; i < 1000; i++) {
        if (!call_string(options, "DescribeStreamConsumer", body, "ConsumerStatus", state, sizeof(state)))
            return false;
        if (strcmp(state, "ACTIVE") == 0)
            return true;
        usleep(10000);
    }
    return false;
}

static bool subscribe(struct fanout *fanout, struct subscription *subscription, const char *consumer, const char *shard)
{
    struct epoll_event event = { .events = EPOLLIN };
    char body[1024];
    enum conn_step step;

    snprintf(body, sizeof(body),
             "{\"ConsumerARN\":\"%s\",\"ShardId\":\"%s\",\"StartingPosition\":{\"Type\":\"LATEST\"}}", consumer, shard);
    if (!conn_open(&subscription->conn, fanout->options->target.port) ||
        !request_build(&fanout->options->target, "SubscribeToShard", WIRE_JSON, body, strlen(body),
                       &subscription->request))
        return false;
    conn_start(&subscription->conn, &subscription->request);
    while ((step = conn_write(&subscription->conn)) == CONN_MORE)
        if (poll(&(struct pollfd){ .fd = subscription->conn.fd, .events = POLLOUT }, 1, 10000) <= 0)
            return false;
    event.data.u32 = (uint32_t)(subscription - fanout->subscriptions) | 1u << 31;
    return step == CONN_DONE && epoll_ctl(fanout->epoll, EPOLL_CTL_ADD, subscription->conn.fd, &event) == 0;
}

/* ---- events ---- */

static uint32_t load_be32(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void event_seen(struct fanout *fanout, uint64_t number, double now)
{
    if (number >= fanout->puts.pool.count || fanout->sent[number] == 0)
        return;
    fanout->events++;
    (void)samples_add(&fanout->event_us, now - fanout->sent[number]);
    if (fanout->answered[number] > 0)
        (void)samples_add(&fanout->lag_us, now - fanout->answered[number]);
    else
        (void)samples_add(&fanout->lag_us, 0);
}

static void payload_read(struct fanout *fanout, const char *at, const char *end, double now)
{
    static const char key[] = "\"PartitionKey\"";
    char digits[NUMBER_DIGITS + 1];
    const char *found;

    while ((found = memmem(at, (size_t)(end - at), key, sizeof(key) - 1))) {
        at = found + sizeof(key) - 1;
        found = memmem(at, (size_t)(end - at), "n-", 2);
        if (!found || end - found < 2 + NUMBER_DIGITS)
            return;
        memcpy(digits, found + 2, NUMBER_DIGITS);
        digits[NUMBER_DIGITS] = 0;
        event_seen(fanout, strtoull(digits, NULL, 16), now);
    }
}

/* Takes the complete messages off the body. False when they are no messages, or an exception. */
static bool messages_take(struct fanout *fanout, struct subscription *subscription)
{
    struct bytes *body = &subscription->conn.answer.body;
    double now = now_us();
    size_t at = 0;

    while (body->size - at >= MESSAGE_HEAD) {
        size_t total = load_be32(body->at + at), headers = load_be32(body->at + at + 4);
        const char *message = body->at + at;

        if (total < MESSAGE_HEAD + headers + MESSAGE_CRC || total > 32u << 20)
            return false;
        if (body->size - at < total)
            break;
        if (memmem(message + MESSAGE_HEAD, headers, ":exception-type", 15))
            return false;
        subscription->open = true;
        payload_read(fanout, message + MESSAGE_HEAD + headers, message + total - MESSAGE_CRC, now);
        at += total;
    }
    if (at > 0)
        memmove(body->at, body->at + at, body->size - at);
    body->size -= at;
    return true;
}

static bool subscription_read(struct fanout *fanout, struct subscription *subscription)
{
    enum conn_step step = conn_read(&subscription->conn);
    const struct answer *answer = &subscription->conn.answer;

    if (step != CONN_BROKEN && (answer->status == 0 || answer->status == 200) && messages_take(fanout, subscription) &&
        step == CONN_MORE)
        return true;
    if (!fanout->drive.first_error[0])
        drive_note(&fanout->drive, answer->status, &answer->body);
    subscription->ended = true;
    fanout->drive.broken++;
    conn_close(&subscription->conn);
    return false;
}

/* ---- puts ---- */

static void putter_ask(struct fanout *fanout, int index)
{
    struct conn *conn = &fanout->putters[index];
    uint64_t number = fanout->puts.asked;
    const struct request *request = number < fanout->puts.pool.count ? put_next(&fanout->puts, index) : NULL;

    if (!request) {
        fanout->busy--;
        return;
    }
    fanout->sent[number] = now_us();
    conn_start(conn, request);
    /* A small request on an idle connection: the socket's buffer takes it whole, or something is wrong. */
    if (conn_write(conn) != CONN_DONE) {
        fanout->drive.broken++;
        fanout->busy--;
    }
}

static void putter_read(struct fanout *fanout, int index)
{
    struct conn *conn = &fanout->putters[index];
    size_t number = (size_t)(conn->request - fanout->puts.pool.requests);
    enum conn_step step = conn_read(conn);

    if (step == CONN_MORE)
        return;
    fanout->drive.answers++;
    if (step == CONN_BROKEN || !put_good(&fanout->puts, index, conn)) {
        fanout->drive.errors++;
        drive_note(&fanout->drive, conn->answer.status, &conn->answer.body);
        fanout->busy--;
        conn_close(conn);
        return;
    }
    fanout->answered[number] = now_us();
    fanout->expected += (uint64_t)fanout->options->consumers;
    (void)samples_add(&fanout->drive.latency, fanout->answered[number] - fanout->sent[number]);
    putter_ask(fanout, index);
}

/* Handles what happens within `ms`; false when nothing did. */
static bool turn(struct fanout *fanout, int ms)
{
    struct epoll_event events[64];
    int count = epoll_wait(fanout->epoll, events, 64, ms);

    for (int i = 0; i < count; i++) {
        uint32_t index = events[i].data.u32;

        if (index >> 31)
            (void)subscription_read(fanout, &fanout->subscriptions[index & ~(1u << 31)]);
        else
            putter_read(fanout, (int)index);
    }
    return count > 0;
}

static bool all_open(struct fanout *fanout)
{
    double give_up = clock_now() + 20;

    for (size_t open = 0; clock_now() < give_up;) {
        (void)turn(fanout, 100);
        for (open = 0; open < fanout->subscription_count && fanout->subscriptions[open].open; open++)
            ;
        if (open == fanout->subscription_count)
            return fanout->drive.broken == 0;
        if (fanout->drive.broken > 0)
            break;
    }
    fprintf(stderr, "bench-load: SubscribeToShard failed: %s\n", fanout->drive.first_error);
    return false;
}

static bool measure(struct fanout *fanout)
{
    double start, cpu = cpu_self();

    for (int i = 0; i < fanout->options->connections; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };

        if (!conn_open(&fanout->putters[i], fanout->options->target.port) ||
            epoll_ctl(fanout->epoll, EPOLL_CTL_ADD, fanout->putters[i].fd, &event) != 0)
            return false;
    }
    start = clock_now();
    fanout->busy = fanout->options->connections;
    for (int i = 0; i < fanout->options->connections; i++)
        putter_ask(fanout, i);
    while (fanout->busy > 0 && fanout->drive.errors + fanout->drive.broken <= fanout->options->errors_max)
        if (!turn(fanout, 10000))
            break;
    fanout->drive.seconds = clock_now() - start;
    while (fanout->events < fanout->expected && turn(fanout, DRAIN_MS))
        ;
    fanout->drive.client_cpu_s = cpu_self() - cpu;
    if (fanout->events != fanout->expected) {
        fanout->drive.errors++;
        if (!fanout->drive.first_error[0])
            snprintf(fanout->drive.first_error, sizeof(fanout->drive.first_error), "%llu events for %llu puts",
                     (unsigned long long)fanout->events, (unsigned long long)fanout->expected);
    }
    return true;
}

static void fanout_more(FILE *to, void *ctx)
{
    struct fanout *fanout = ctx;

    samples_print(&fanout->event_us, "event_us", to);
    samples_print(&fanout->lag_us, "answer_to_event_us", to);
    fprintf(to, ",\"events\":%llu", (unsigned long long)fanout->events);
}

static bool fanout_open(struct fanout *fanout, char (*ids)[SHARD_ID_BYTES], size_t shard_count)
{
    const struct options *options = fanout->options;
    size_t count = shard_count * (size_t)options->consumers;
    char arn[512];

    fanout->epoll = epoll_create1(EPOLL_CLOEXEC);
    fanout->subscriptions = calloc(count, sizeof(*fanout->subscriptions));
    fanout->putters = calloc((size_t)options->connections, sizeof(*fanout->putters));
    if (fanout->epoll < 0 || !fanout->subscriptions || !fanout->putters)
        return false;
    for (int i = 0; i < options->connections; i++)
        fanout->putters[i].fd = -1;
    for (int consumer = 0; consumer < options->consumers; consumer++) {
        if (!consumer_make(options, consumer, arn, sizeof(arn)))
            return false;
        for (size_t i = 0; i < shard_count; i++)
            if (!subscribe(fanout, &fanout->subscriptions[fanout->subscription_count++], arn, ids[i]))
                return false;
    }
    return all_open(fanout);
}

static void fanout_close(struct fanout *fanout)
{
    for (size_t i = 0; i < fanout->subscription_count; i++) {
        if (!fanout->subscriptions[i].ended)
            conn_close(&fanout->subscriptions[i].conn);
        request_deinit(&fanout->subscriptions[i].request);
    }
    for (int i = 0; fanout->putters && i < fanout->options->connections; i++)
        conn_close(&fanout->putters[i]);
    pool_deinit(&fanout->puts.pool);
    free(fanout->subscriptions);
    free(fanout->putters);
    free(fanout->sent);
    free(fanout->answered);
    samples_deinit(&fanout->event_us);
    samples_deinit(&fanout->lag_us);
    samples_deinit(&fanout->drive.latency);
    if (fanout->epoll >= 0)
        close(fanout->epoll);
}

int mode_fanout(const struct options *options)
{
    struct fanout fanout = { .options = options, .drive = drive_of(options), .epoll = -1 };
    char (*ids)[SHARD_ID_BYTES] = NULL;
    size_t shard_count = shards_list(options, &ids);
    struct usage before;
    int status = 1;

    if (shard_count == 0 || !fanout_open(&fanout, ids, shard_count))
        goto out;
    if (!put_run_fill(&fanout.puts, options, 0, true, 0, options->pool_count))
        goto out;
    fanout.puts.drive = &fanout.drive;
    fanout.puts.asked_max = options->requests;
    fanout.puts.seconds_max = options->seconds;
    fanout.sent = calloc(fanout.puts.pool.count, sizeof(*fanout.sent));
    fanout.answered = calloc(fanout.puts.pool.count, sizeof(*fanout.answered));
    if (!fanout.sent || !fanout.answered)
        goto out;
    before = server_usage(&options->server);
    if (!measure(&fanout)) {
        complain("connect", 0, NULL);
        goto out;
    }
    status = outcome_print(&(struct outcome){ .options = options, .drive = &fanout.drive, .before = before,
                                              .after = server_usage(&options->server), .more = fanout_more,
                                              .records = fanout.drive.answers, .ctx = &fanout,
                                              .bytes = fanout.drive.answers * options->record_bytes });
out:
    fanout_close(&fanout);
    free(ids);
    return status;
}
