/* nats.c: JetStream over NATS's text protocol: each record is published with a reply subject, where its ack arrives.
 *
 * One stream for each log, with one subject. A subject for each key would cost the server an index entry for each
 * record, so the key goes in front of the data. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

static bool starts(const char *at, const char *line, const char *word)
{
    size_t size = strlen(word);

    return (size_t)(line - at) >= size && memcmp(at, word, size) == 0;
}

static bool contains(const char *at, size_t size, const char *text)
{
    return memmem(at, size, text, strlen(text)) != NULL;
}

static enum reply nats_reply(const char *at, const char *end, size_t *ret_size)
{
    const char *line = memchr(at, '\n', (size_t)(end - at)), *number;
    size_t head = line ? (size_t)(line + 1 - at) : 0, size;

    if (!line)
        return REPLY_PART;
    *ret_size = head;
    if (starts(at, line, "PING"))
        return REPLY_PING;
    if (starts(at, line, "-ERR"))
        return REPLY_BAD;
    if (!starts(at, line, "MSG "))
        return REPLY_OTHER;
    number = memrchr(at, ' ', head);
    size = strtoul(number + 1, NULL, 10);
    if ((size_t)(end - at) < head + size + 2)
        return REPLY_PART;
    *ret_size = head + size + 2;
    at += head;
    if (contains(at, size, "\"error\""))
        return contains(at, size, "10058") ? REPLY_GOOD : REPLY_BAD; /* the stream is there already */
    return contains(at, size, "\"seq\":") || contains(at, size, "\"type\":") ? REPLY_GOOD : REPLY_BAD;
}

static void nats_hello(struct bytes *to, int connection)
{
    bytes_printf(to, "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":false,\"lang\":\"c\","
                     "\"version\":\"1\",\"name\":\"bench\"}\r\nSUB _INBOX.%d 1\r\n", connection);
}

static void nats_ready(struct bytes *to)
{
    bytes_printf(to, "PUB $JS.API.INFO _INBOX.0 0\r\n\r\n");
}

static int nats_create(struct bytes *to)
{
    char body[256];

    for (int log = 0; log < LOGS; log++) {
        snprintf(body, sizeof(body), "{\"name\":\"bench%d\",\"subjects\":[\"bench.%d\"],\"storage\":\"file\","
                                     "\"retention\":\"limits\",\"num_replicas\":1}", log, log);
        bytes_printf(to, "PUB $JS.API.STREAM.CREATE.bench%d _INBOX.0 %zu\r\n%s\r\n", log, strlen(body), body);
    }
    return LOGS;
}

static void nats_append(struct bytes *to, const struct batch *batch)
{
    for (int i = 0; i < batch->count; i++) {
        const char *key = batch->keys[i];

        bytes_printf(to, "PUB bench.%d _INBOX.%d %zu\r\n%s", batch->log, batch->connection,
                     strlen(key) + batch->record_bytes, key);
        bytes_add(to, batch->data + (size_t)i * batch->record_bytes, batch->record_bytes);
        bytes_add(to, "\r\n", 2);
    }
}

const struct dialect dialect_nats = { .name = "nats", .pong = "PONG\r\n", .reply = nats_reply, .hello = nats_hello,
                                      .ready = nats_ready, .create = nats_create, .append = nats_append };
