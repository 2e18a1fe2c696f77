/* subscription.c: one SubscribeToShard and the event-stream messages that it brings. */
#include "subscription.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_HEAD = 12, MESSAGE_CRC = 4, MESSAGE_BYTES_MAX = 32 << 20 };

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

bool consumer_make(const struct options *options, int number, char *ret_arn, size_t size)
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

static void cbor_text(struct bytes *body, const char *text)
{
    size_t size = strlen(text);
    unsigned char head[3] = { 0x79, (unsigned char)(size >> 8), (unsigned char)size };

    bytes_add(body, head, sizeof(head));
    bytes_add(body, text, size);
}

static void body_make(enum wire wire, const char *consumer, const char *shard, const char *position, struct bytes *body)
{
    if (wire == WIRE_JSON) {
        bytes_printf(body, "{\"ConsumerARN\":\"%s\",\"ShardId\":\"%s\",\"StartingPosition\":{\"Type\":\"%s\"}}",
                     consumer, shard, position);
        return;
    }
    bytes_add(body, "\xa3", 1);
    cbor_text(body, "ConsumerARN");
    cbor_text(body, consumer);
    cbor_text(body, "ShardId");
    cbor_text(body, shard);
    cbor_text(body, "StartingPosition");
    bytes_add(body, "\xa1", 1);
    cbor_text(body, "Type");
    cbor_text(body, position);
}

bool subscription_open(struct subscription *subscription, const struct options *options, const char *consumer,
                       const char *shard, const char *position, int epoll, uint32_t tag)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = tag };
    struct bytes body = { 0 };
    enum conn_step step;
    bool built;

    body_make(options->wire, consumer, shard, position, &body);
    built = !body.failed && request_build(&options->target, "SubscribeToShard", options->wire, body.at, body.size,
                                          &subscription->request);
    bytes_deinit(&body);
    if (!built || !conn_open(&subscription->conn, options->target.port))
        return false;
    conn_start(&subscription->conn, &subscription->request);
    while ((step = conn_write(&subscription->conn)) == CONN_MORE)
        if (poll(&(struct pollfd){ .fd = subscription->conn.fd, .events = POLLOUT }, 1, 10000) <= 0)
            return false;
    return step == CONN_DONE && epoll_ctl(epoll, EPOLL_CTL_ADD, subscription->conn.fd, &event) == 0;
}

static uint32_t load_be32(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

bool subscription_messages(struct subscription *subscription,
                           void (*payload)(void *ctx, const char *at, const char *end), void *ctx)
{
    struct bytes *body = &subscription->conn.answer.body;
    size_t at = 0;

    while (body->size - at >= MESSAGE_HEAD) {
        size_t total = load_be32(body->at + at), headers = load_be32(body->at + at + 4);
        const char *message = body->at + at;

        if (total < MESSAGE_HEAD + headers + MESSAGE_CRC || total > MESSAGE_BYTES_MAX)
            return false;
        if (body->size - at < total)
            break;
        if (memmem(message + MESSAGE_HEAD, headers, ":exception-type", 15))
            return false;
        subscription->open = true;
        payload(ctx, message + MESSAGE_HEAD + headers, message + total - MESSAGE_CRC);
        at += total;
    }
    if (at > 0)
        memmove(body->at, body->at + at, body->size - at);
    body->size -= at;
    return true;
}
