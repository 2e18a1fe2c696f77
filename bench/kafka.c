/* kafka.c: Produce (version 3, acks all) with one record batch (magic 2) for one partition.
 *
 * The correlation id says what was asked, and with it how the answer is to be read. */
#include <string.h>
#include <time.h>

#include "dialect.h"

enum { API_PRODUCE = 0, API_VERSIONS = 18, API_CREATE_TOPICS = 19, TIMEOUT_MS = 30000, TOPIC_EXISTS = 36 };

static const char topic[] = "bench";

/* ---- CRC-32C, eight bytes at a step ---- */

static uint32_t crc_tables[8][256];

static void crc_prepare(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        crc_tables[0][i] = crc;
    }
    for (int t = 1; t < 8; t++)
        for (uint32_t i = 0; i < 256; i++)
            crc_tables[t][i] = crc_tables[t - 1][i] >> 8 ^ crc_tables[0][crc_tables[t - 1][i] & 255];
}

static uint32_t crc_of(const char *at, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)at;
    uint32_t crc = ~0u;

    if (crc_tables[0][1] == 0)
        crc_prepare();
    for (; size >= 8; size -= 8, bytes += 8) {
        uint32_t next = 0;

        for (int i = 0; i < 4; i++)
            next ^= crc_tables[7 - i][(crc >> 8 * i & 255) ^ bytes[i]] ^ crc_tables[3 - i][bytes[4 + i]];
        crc = next;
    }
    for (; size > 0; size--)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ *bytes++) & 255];
    return ~crc;
}

/* ---- integers ---- */

static void be_store(char *to, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        to[i] = (char)(value >> 8 * (size - 1 - i));
}

static uint32_t be_load(const char *at, int size)
{
    uint32_t value = 0;

    for (int i = 0; i < size; i++)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

static void be_add(struct bytes *to, uint64_t value, int size)
{
    char text[8];

    be_store(text, value, size);
    bytes_add(to, text, (size_t)size);
}

static void text_add(struct bytes *to, const char *text)
{
    be_add(to, strlen(text), 2);
    bytes_add(to, text, strlen(text));
}

static size_t varint_make(char *to, uint64_t value)
{
    uint64_t left = value << 1; /* zigzag of what is never negative here */
    size_t size = 0;

    for (; left > 127; left >>= 7)
        to[size++] = (char)(left | 128);
    to[size++] = (char)left;
    return size;
}

static void varint_add(struct bytes *to, uint64_t value)
{
    char text[10];

    bytes_add(to, text, varint_make(text, value));
}

/* ---- requests ---- */

static size_t head_add(struct bytes *to, int api, int version)
{
    size_t at = to->size;

    be_add(to, 0, 4); /* the size, when it is known */
    be_add(to, (uint64_t)api, 2);
    be_add(to, (uint64_t)version, 2);
    be_add(to, (uint64_t)api, 4);
    text_add(to, "bench");
    return at;
}

static void size_set(struct bytes *to, size_t at, size_t behind)
{
    if (!to->failed)
        be_store(to->at + at, to->size - at - behind, 4);
}

static void record_add(struct bytes *to, uint64_t index, const char *key, const unsigned char *data, size_t size)
{
    size_t key_size = strlen(key);
    char offset[10], data_size[10];
    size_t offset_bytes = varint_make(offset, index), size_bytes = varint_make(data_size, size);

    varint_add(to, 1 + 1 + offset_bytes + 1 + key_size + size_bytes + size + 1);
    bytes_add(to, "\0\0", 2); /* attributes, delta of the timestamp */
    bytes_add(to, offset, offset_bytes);
    varint_add(to, key_size);
    bytes_add(to, key, key_size);
    bytes_add(to, data_size, size_bytes);
    bytes_add(to, data, size);
    bytes_add(to, "", 1); /* no headers */
}

static void batch_add(struct bytes *to, const struct batch *batch)
{
    size_t start = to->size, crc_at, length_at;
    uint64_t now_ms = (uint64_t)time(NULL) * 1000;

    be_add(to, 0, 8);            /* base offset */
    length_at = to->size;
    be_add(to, 0, 4);
    be_add(to, UINT64_MAX, 4);   /* leader epoch */
    be_add(to, 2, 1);            /* magic */
    crc_at = to->size;
    be_add(to, 0, 4);
    be_add(to, 0, 2);            /* attributes: not compressed */
    be_add(to, (uint64_t)batch->count - 1, 4);
    be_add(to, now_ms, 8);
    be_add(to, now_ms, 8);
    be_add(to, UINT64_MAX, 8);   /* no producer id, */
    be_add(to, UINT64_MAX, 2);   /* epoch, */
    be_add(to, UINT64_MAX, 4);   /* sequence */
    be_add(to, (uint64_t)batch->count, 4);
    for (int i = 0; i < batch->count; i++)
        record_add(to, (uint64_t)i, batch->keys[i], batch->data + (size_t)i * batch->record_bytes, batch->record_bytes);
    if (to->failed)
        return;
    be_store(to->at + length_at, to->size - start - 12, 4);
    be_store(to->at + crc_at, crc_of(to->at + crc_at + 4, to->size - crc_at - 4), 4);
}

static void kafka_append(struct bytes *to, const struct batch *batch)
{
    size_t at = head_add(to, API_PRODUCE, 3), records_at;

    be_add(to, UINT64_MAX, 2);   /* no transaction */
    be_add(to, UINT64_MAX, 2);   /* acks: all */
    be_add(to, TIMEOUT_MS, 4);
    be_add(to, 1, 4);
    text_add(to, topic);
    be_add(to, 1, 4);
    be_add(to, (uint64_t)batch->log, 4);
    records_at = to->size;
    be_add(to, 0, 4);
    batch_add(to, batch);
    size_set(to, records_at, 4);
    size_set(to, at, 4);
}

static void kafka_ready(struct bytes *to)
{
    size_set(to, head_add(to, API_VERSIONS, 0), 4);
}

static int kafka_create(struct bytes *to)
{
    size_t at = head_add(to, API_CREATE_TOPICS, 2);

    be_add(to, 1, 4);
    text_add(to, topic);
    be_add(to, LOGS, 4);
    be_add(to, 1, 2);            /* replicas */
    be_add(to, 0, 4);            /* no assignments */
    be_add(to, 0, 4);            /* no settings */
    be_add(to, TIMEOUT_MS, 4);
    be_add(to, 0, 1);            /* not only to be checked */
    size_set(to, at, 4);
    return 1;
}

static enum reply kafka_reply(const char *at, const char *end, size_t *ret_size)
{
    size_t left = (size_t)(end - at), size = left >= 4 ? 4 + (size_t)be_load(at, 4) : 0, error_at;
    uint32_t api, error;

    if (left < 4 || left < size)
        return REPLY_PART;
    *ret_size = size;
    api = size >= 8 ? be_load(at + 4, 4) : UINT32_MAX;
    switch (api) {
    case API_PRODUCE:       error_at = 12 + 2 + strlen(topic) + 8; break;
    case API_CREATE_TOPICS: error_at = 16 + 2 + strlen(topic); break;
    case API_VERSIONS:      error_at = 8; break;
    default:                return REPLY_BAD;
    }
    if (error_at + 2 > size)
        return REPLY_BAD;
    error = be_load(at + error_at, 2);
    return error == 0 || (api == API_CREATE_TOPICS && error == TOPIC_EXISTS) ? REPLY_GOOD : REPLY_BAD;
}

const struct dialect dialect_kafka = { .name = "kafka", .whole = true, .reply = kafka_reply, .ready = kafka_ready,
                                       .create = kafka_create, .append = kafka_append };
