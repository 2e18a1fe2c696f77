/* fill.c: puts, made before the clock starts: every one with data, keys and a signature of its own. */
#include "fill.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

static void random_bytes(uint64_t *state, unsigned char *to, size_t size)
{
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t word = random_next(state);

        memcpy(to + i, &word, size - i < sizeof(word) ? size - i : sizeof(word));
    }
}

/* The middle of shard `index` of `count` equal ones, in decimal. */
static const char *hash_key(uint32_t index, uint32_t count, char *to, size_t size)
{
    unsigned __int128 width = ~(unsigned __int128)0 / count, key = width * index + width / 2;
    char *at = to + size;

    *--at = 0;
    do {
        *--at = (char)('0' + (int)(key % 10));
        key /= 10;
    } while (key > 0 && at > to);
    return at;
}

static void key_make(const struct fill *fill, uint64_t *state, uint64_t index, char *to, size_t size)
{
    if (fill->numbered)
        snprintf(to, size, "n-%016llx", (unsigned long long)index);
    else
        snprintf(to, size, "k-%016llx", (unsigned long long)random_next(state));
}

static void json_record(const struct fill *fill, uint64_t *state, uint64_t index, unsigned char *data,
                        struct bytes *body)
{
    char key[KEY_BYTES_MAX], explicit_key[48];

    key_make(fill, state, index, key, sizeof(key));
    random_bytes(state, data, fill->record_bytes);
    bytes_printf(body, "\"PartitionKey\":\"%s\",", key);
    if (fill->shards > 0)
        bytes_printf(body, "\"ExplicitHashKey\":\"%s\",",
                     hash_key((uint32_t)(index % fill->shards), fill->shards, explicit_key, sizeof(explicit_key)));
    bytes_printf(body, "\"Data\":\"");
    if (bytes_reserve(body, fill->record_bytes / 3 * 4 + 8))
        body->size += (size_t)EVP_EncodeBlock((unsigned char *)body->at + body->size, data, (int)fill->record_bytes);
    bytes_printf(body, "\"");
}

static void cbor_head(struct bytes *body, unsigned major, size_t count)
{
    unsigned char head[5] = { (unsigned char)(major << 5) };
    size_t size = 1;

    if (count < 24) {
        head[0] |= (unsigned char)count;
    } else if (count < 256) {
        head[0] |= 24;
        head[size++] = (unsigned char)count;
    } else if (count < 65536) {
        head[0] |= 25;
        head[size++] = (unsigned char)(count >> 8);
        head[size++] = (unsigned char)count;
    } else {
        head[0] |= 26;
        for (int shift = 24; shift >= 0; shift -= 8)
            head[size++] = (unsigned char)(count >> shift);
    }
    bytes_add(body, head, size);
}

static void cbor_text(struct bytes *body, const char *text)
{
    cbor_head(body, 3, strlen(text));
    bytes_add(body, text, strlen(text));
}

static void cbor_record(const struct fill *fill, uint64_t *state, uint64_t index, unsigned char *data,
                        struct bytes *body)
{
    char key[KEY_BYTES_MAX];

    key_make(fill, state, index, key, sizeof(key));
    random_bytes(state, data, fill->record_bytes);
    cbor_text(body, "PartitionKey");
    cbor_text(body, key);
    cbor_text(body, "Data");
    cbor_head(body, 2, fill->record_bytes);
    bytes_add(body, data, fill->record_bytes);
}

static void body_make(const struct fill *fill, uint64_t *state, size_t number, unsigned char *data, struct bytes *body)
{
    uint64_t first = (uint64_t)number * (uint64_t)(fill->records > 0 ? fill->records : 1);

    body->size = 0;
    if (fill->wire == WIRE_JSON) {
        bytes_printf(body, "{\"StreamName\":\"%s\",%s", fill->stream, fill->records > 0 ? "\"Records\":[{" : "");
        json_record(fill, state, first, data, body);
        for (int i = 1; i < fill->records; i++) {
            bytes_printf(body, "},{");
            json_record(fill, state, first + (uint64_t)i, data, body);
        }
        bytes_printf(body, fill->records > 0 ? "}]}" : "}");
        return;
    }
    cbor_head(body, 5, fill->records > 0 ? 2 : 3);
    cbor_text(body, "StreamName");
    cbor_text(body, fill->stream);
    if (fill->records == 0) {
        cbor_record(fill, state, first, data, body);
        return;
    }
    cbor_text(body, "Records");
    cbor_head(body, 4, (size_t)fill->records);
    for (int i = 0; i < fill->records; i++) {
        cbor_head(body, 5, 2);
        cbor_record(fill, state, first + (uint64_t)i, data, body);
    }
}

/* The request `number` to a log server: whole batches go to one log after the other, as its own clients send them. */
static bool dialect_request(const struct fill *fill, uint64_t *state, size_t number, struct request *ret_request)
{
    int count = fill->records > 0 ? fill->records : 1;
    char (*keys)[KEY_BYTES_MAX] = malloc((size_t)count * sizeof(*keys));
    unsigned char *data = malloc((size_t)count * fill->record_bytes + sizeof(uint64_t));
    struct batch batch = { .log = (int)(number / (size_t)fill->connections % LOGS), .count = count, .data = data,
                           .connection = (int)(number % (size_t)fill->connections), .keys = keys,
                           .record_bytes = fill->record_bytes };
    struct bytes body = { 0 };
    bool made = keys && data;

    if (made) {
        batch.log = (batch.log + batch.connection) % LOGS;
        for (int i = 0; i < count; i++)
            key_make(fill, state, number * (size_t)count + (size_t)i, keys[i], sizeof(keys[i]));
        random_bytes(state, data, (size_t)count * fill->record_bytes);
        fill->dialect->append(&body, &batch);
        made = !body.failed;
    }
    free(keys);
    free(data);
    if (made)
        *ret_request = (struct request){ .at = body.at, .size = body.size,
                                         .replies = fill->dialect->whole ? 1 : count };
    else
        bytes_deinit(&body);
    return made;
}

static bool kinesis_request(const struct fill *fill, uint64_t *state, size_t number, unsigned char *data,
                            struct bytes *body, struct request *ret_request)
{
    body_make(fill, state, number, data, body);
    return !body->failed && request_build(fill->target, fill->records > 0 ? "PutRecords" : "PutRecord", fill->wire,
                                          body->at, body->size, ret_request);
}

bool pool_fill(struct pool *pool, const struct fill *fill, size_t count, size_t bytes_max)
{
    unsigned char *data = malloc(fill->record_bytes + sizeof(uint64_t));
    uint64_t state = fill->seed | 1;
    struct bytes body = { 0 };
    bool whole = false;

    *pool = (struct pool){ .requests = calloc(count, sizeof(*pool->requests)) };
    if (!pool->requests || !data)
        goto out;
    while (pool->count < count && (pool->count == 0 || pool->bytes < bytes_max)) {
        struct request *request = &pool->requests[pool->count];

        if (fill->dialect ? !dialect_request(fill, &state, pool->count, request)
                          : !kinesis_request(fill, &state, pool->count, data, &body, request))
            goto out;
        pool->bytes += pool->requests[pool->count++].size;
    }
    whole = true;
out:
    free(data);
    bytes_deinit(&body);
    if (!whole)
        pool_deinit(pool);
    return whole;
}

void pool_deinit(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        request_deinit(&pool->requests[i]);
    free(pool->requests);
    *pool = (struct pool){ 0 };
}
