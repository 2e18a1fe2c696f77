/* redis.c: XADD over RESP, pipelined; every reply is the entry's id. */
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

static enum reply redis_reply(const char *at, const char *end, size_t *ret_size)
{
    const char *line = memchr(at, '\n', (size_t)(end - at));
    size_t size = line ? (size_t)(line + 1 - at) : 0;
    bool bulk = line && *at == '$' && at[1] != '-';

    if (!line)
        return REPLY_PART;
    if (bulk)
        size += strtoul(at + 1, NULL, 10) + 2;
    if ((size_t)(end - at) < size)
        return REPLY_PART;
    *ret_size = size;
    return bulk || *at == '+' ? REPLY_GOOD : REPLY_BAD;
}

static void redis_ready(struct bytes *to)
{
    bytes_printf(to, "*1\r\n$4\r\nPING\r\n");
}

static int redis_create(struct bytes *to)
{
    (void)to;
    return 0; /* the first XADD does it */
}

static void redis_append(struct bytes *to, const struct batch *batch)
{
    for (int i = 0; i < batch->count; i++) {
        const char *key = batch->keys[i];

        bytes_printf(to, "*7\r\n$4\r\nXADD\r\n$6\r\nbench%d\r\n$1\r\n*\r\n$1\r\nk\r\n$%zu\r\n%s\r\n$1\r\nd\r\n$%zu\r\n",
                     batch->log, strlen(key), key, batch->record_bytes);
        bytes_add(to, batch->data + (size_t)i * batch->record_bytes, batch->record_bytes);
        bytes_add(to, "\r\n", 2);
    }
}

const struct dialect dialect_redis = { .name = "redis", .reply = redis_reply, .ready = redis_ready,
                                       .create = redis_create, .append = redis_append };
