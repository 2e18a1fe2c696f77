/* subscription.h: one SubscribeToShard and the event-stream messages that it brings. */
#pragma once

#include "load.h"

struct subscription {
    struct conn conn;
    struct request request;
    bool open;        /* its first message has come */
    bool ended;
};

/* Registers consumer `number` of this process with the stream and waits until it is ACTIVE. */
bool consumer_make(const struct options *options, int number, char *ret_arn, size_t size);

/* Asks for the shard from `position`, in the wire of the options; epoll will tell of it with `tag`. */
bool subscription_open(struct subscription *subscription, const struct options *options, const char *consumer,
                       const char *shard, const char *position, int epoll, uint32_t tag);

/* Hands the payload of each whole message over and takes it off the body. False when they are no messages, or an
 * exception. */
bool subscription_messages(struct subscription *subscription,
                           void (*payload)(void *ctx, const char *at, const char *end), void *ctx);
