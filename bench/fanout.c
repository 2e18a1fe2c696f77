/* fanout.c: how long from a put to the event of SubscribeToShard, and how long the put itself took.
 *
 * Consumers are registered and every shard is subscribed to from LATEST before the clock starts. Each put carries its
 * number in the partition key, so an event says which put it answers. No number is used twice: the pool is the bound
 * of the run. Three clocks: put -> answer (the commit), put -> event, and answer -> event (0 where the
 * event came first). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "subscription.h"

enum { DRAIN_MS = 2000, NUMBER_DIGITS = 16 };

/* In what epoll tells: the rest is a subscription's index, else a putter's. */
#define EVENT_SIDE (1u << 31)

struct fanout {
    const struct options *options;
    struct put_run puts;
    struct drive drive; /* the puts' side, kept as a drive for its results */
    struct conn *putters;
    struct subscription *subscriptions;
    size_t subscription_count;
    int epoll, busy;
    bool over;               /* nothing more to put */
    double *sent, *answered; /* by number */
    uint64_t events, expected;
    struct samples event_us, lag_us;
    struct pace pace;        /* of an open loop */
    bool paced;
};

static double now_us(void)
{
    return clock_now() * 1e6;
}

/* ---- events ---- */

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

static void payload_read(void *ctx, const char *at, const char *end)
{
    struct fanout *fanout = ctx;
    double now = now_us();
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

static bool subscription_read(struct fanout *fanout, struct subscription *subscription)
{
    enum conn_step step = conn_read(&subscription->conn);
    const struct answer *answer = &subscription->conn.answer;

    if (step == CONN_MORE && (answer->status == 0 || answer->status == 200) &&
        subscription_messages(subscription, payload_read, fanout))
        return true;
    if (!fanout->drive.first_error[0])
        drive_note(&fanout->drive, answer->status, &answer->body);
    subscription->ended = true;
    fanout->drive.broken++;
    conn_close(&subscription->conn);
    return false;
}

/* ---- puts ---- */

/* Sends the next put as connection `index`; `due` is when it should have been sent, 0 is now. */
static void putter_ask(struct fanout *fanout, int index, double due)
{
    struct conn *conn = &fanout->putters[index];
    uint64_t number = fanout->puts.asked;
    const struct request *request = number < fanout->puts.pool.count ? put_next(&fanout->puts, index) : NULL;

    if (!request) {
        fanout->busy--;
        fanout->over = true;
        return;
    }
    fanout->sent[number] = due > 0 ? due * 1e6 : now_us();
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
    if (fanout->options->rate > 0) {
        pace_free(&fanout->pace, index);
        fanout->busy--;
    } else {
        putter_ask(fanout, index, 0);
    }
}

/* Handles what happens within `ms`; false when nothing did. */
static bool turn(struct fanout *fanout, int ms)
{
    struct epoll_event events[64];
    int count = fanout->paced ? pace_wait(&fanout->pace, fanout->epoll, events, 64, ms * 1e-3)
                              : epoll_wait(fanout->epoll, events, 64, ms);

    for (int i = 0; i < count; i++) {
        uint32_t index = events[i].data.u32;

        if (index & EVENT_SIDE)
            (void)subscription_read(fanout, &fanout->subscriptions[index & ~EVENT_SIDE]);
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

static void put_closed(struct fanout *fanout)
{
    fanout->busy = fanout->options->connections;
    for (int i = 0; i < fanout->options->connections; i++)
        putter_ask(fanout, i, 0);
    while (fanout->busy > 0 && fanout->drive.errors + fanout->drive.broken <= fanout->options->errors_max)
        if (!turn(fanout, 10000))
            break;
}

static bool put_open(struct fanout *fanout)
{
    double last = clock_now(), due;
    int index;

    if (!pace_init(&fanout->pace, fanout->options->rate, fanout->options->connections))
        return false;
    fanout->paced = true;
    while (!fanout->over && fanout->drive.errors + fanout->drive.broken <= fanout->options->errors_max) {
        while (!fanout->over && (index = pace_take(&fanout->pace, &due)) >= 0) {
            fanout->busy++;
            putter_ask(fanout, index, due);
        }
        if (turn(fanout, 1000))
            last = clock_now();
        else if (clock_now() - last > fanout->options->silence_s)
            break;
    }
    fanout->paced = false;
    while (fanout->busy > 0 && turn(fanout, DRAIN_MS))
        ;
    pace_deinit(&fanout->pace);
    return true;
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
    if (fanout->options->rate <= 0)
        put_closed(fanout);
    else if (!put_open(fanout))
        return false;
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
        for (size_t i = 0; i < shard_count; i++) {
            size_t number = fanout->subscription_count++;

            if (!subscription_open(&fanout->subscriptions[number], options, arn, ids[i], "LATEST", fanout->epoll,
                                   (uint32_t)number | EVENT_SIDE))
                return false;
        }
    }
    return true;
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
    put_run_deinit(&fanout->puts);
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

    if (shard_count == 0 || !fanout_open(&fanout, ids, shard_count) || !all_open(&fanout))
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
