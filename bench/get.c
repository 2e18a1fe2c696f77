/* get.c: read every shard from TRIM_HORIZON to its end, several shards at a time.
 *
 * The iterators are fetched before the clock starts; the reads themselves form a chain (each iterator comes with the
 * answer before), so these few hundred bytes are signed on the way. Records are counted and their data measured,
 * without decoding base64: the client should not be what is measured. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { ITERATOR_BYTES = 4096, EMPTY_MAX = 1000 };

struct cursor {
    char iterator[ITERATOR_BYTES]; /* "" when the shard is read to its end */
    int empty;                     /* answers in a row without records */
};

struct reading {
    const struct options *options;
    struct cursor *cursors;        /* one for each shard */
    size_t count, taken;
    size_t *of;                    /* the shard each connection reads */
    struct request *requests;      /* in flight, one for each connection */
    uint64_t records, bytes;
};

struct seen json_records(const char *at, const char *end)
{
    struct seen seen = { .rest = at };
    const char *data;

    while ((data = memmem(seen.rest, (size_t)(end - seen.rest), "\"Data\"", 6))) {
        const char *open = data + 6, *close;

        open += strspn(open, " ");
        if (*open != ':') { /* a value, not a key */
            seen.rest = open;
            continue;
        }
        open += 1 + strspn(open + 1, " ");
        close = open < end && *open == '"' ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;
        seen.odd = !close;
        if (seen.odd)
            break;
        seen.records++;
        seen.bytes += (uint64_t)(close - open - 1) / 4 * 3 - (close[-1] == '=') - (close[-2] == '=');
        seen.rest = close;
    }
    return seen;
}

/* The head of a definite string or number; false for anything else. */
static bool cbor_head(const char *at, const char *end, unsigned major, uint64_t *ret_value, const char **ret_after)
{
    unsigned char first = at < end ? (unsigned char)*at : 0xff, info = first & 31;
    size_t size = info < 24 ? 0 : info < 28 ? (size_t)1 << (info - 24) : SIZE_MAX;
    uint64_t value = info;

    if (first >> 5 != major || size == SIZE_MAX || (size_t)(end - at) < 1 + size)
        return false;
    if (size > 0)
        value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (unsigned char)at[1 + i];
    *ret_value = value;
    *ret_after = at + 1 + size;
    return true;
}

struct seen cbor_records(const char *at, const char *end)
{
    struct seen seen = { .rest = at };
    const char *data, *body;
    uint64_t size;

    while ((data = memmem(seen.rest, (size_t)(end - seen.rest), "dData", 5))) {
        seen.odd = !cbor_head(data + 5, end, 2, &size, &body) || size > (uint64_t)(end - body);
        if (seen.odd)
            break;
        seen.records++;
        seen.bytes += size;
        seen.rest = body + size;
    }
    return seen;
}

static bool cbor_string(const char *at, const char *end, const char *key, char *to, size_t room)
{
    const char *found = memmem(at, (size_t)(end - at), key, strlen(key)), *text;
    uint64_t size;

    if (!found || !cbor_head(found + strlen(key), end, 3, &size, &text) || size >= room ||
        size > (uint64_t)(end - text))
        return false;
    memcpy(to, text, size);
    to[size] = 0;
    return true;
}

static bool at_tip(enum wire wire, const char *at, const char *end)
{
    static const char key[] = "MillisBehindLatest";
    const char *found = memmem(at, (size_t)(end - at), key, sizeof(key) - 1), *after;
    uint64_t value = 0;

    if (!found)
        return true;
    found += sizeof(key) - 1;
    if (wire == WIRE_CBOR)
        return !cbor_head(found, end, 0, &value, &after) || value == 0;
    while (found < end && (*found == '"' || *found == ':' || *found == ' '))
        found++;
    return found >= end || strtod(found, NULL) == 0;
}

static bool reading_good(void *ctx, int index, const struct conn *conn)
{
    struct reading *reading = ctx;
    struct cursor *cursor = &reading->cursors[reading->of[index]];
    enum wire wire = reading->options->wire;
    const char *at = conn->answer.body.at, *end = at + conn->answer.body.size;
    struct seen seen;
    bool next;

    request_deinit(&reading->requests[index]);
    cursor->iterator[0] = 0;
    if (conn->answer.status != 200)
        return false;
    seen = wire == WIRE_CBOR ? cbor_records(at, end) : json_records(at, end);
    reading->records += seen.records;
    reading->bytes += seen.bytes;
    if (seen.odd)
        return false;
    cursor->empty = seen.records > 0 ? 0 : cursor->empty + 1;
    /* The other members stand behind the records, with some servers before them. */
    for (int side = 0; side < 2; side++) {
        const char *from = side == 0 ? seen.rest : at;

        if (wire == WIRE_CBOR)
            next = cbor_string(from, end, "NextShardIterator", cursor->iterator, ITERATOR_BYTES);
        else
            next = json_string(from, end, "NextShardIterator", cursor->iterator, ITERATOR_BYTES) != NULL;
        if (next)
            break;
    }
    if (seen.records == 0 && (cursor->empty >= EMPTY_MAX || at_tip(wire, at, end)))
        cursor->iterator[0] = 0;
    return true;
}

static const struct request *reading_next(void *ctx, int index)
{
    struct reading *reading = ctx;
    struct cursor *cursor = reading->of[index] < reading->count ? &reading->cursors[reading->of[index]] : NULL;
    struct bytes body = { 0 };
    size_t size;
    bool built;

    if (!cursor || !cursor->iterator[0]) {
        if (reading->taken == reading->count)
            return NULL;
        reading->of[index] = reading->taken++;
        cursor = &reading->cursors[reading->of[index]];
    }
    size = strlen(cursor->iterator);
    if (reading->options->wire == WIRE_CBOR) {
        unsigned char text[] = { 0x79, (unsigned char)(size >> 8), (unsigned char)size };
        unsigned char limit[] = { 0x19, (unsigned char)(reading->options->limit >> 8),
                                  (unsigned char)reading->options->limit };

        bytes_add(&body, "\xa2\x6dShardIterator", 15);
        bytes_add(&body, text, sizeof(text));
        bytes_add(&body, cursor->iterator, size);
        bytes_add(&body, "\x65Limit", 6);
        bytes_add(&body, limit, sizeof(limit));
    } else {
        bytes_printf(&body, "{\"ShardIterator\":\"");
        bytes_add(&body, cursor->iterator, size);
        bytes_printf(&body, "\",\"Limit\":%d}", reading->options->limit);
    }
    built = !body.failed && request_build(&reading->options->target, "GetRecords", reading->options->wire, body.at,
                                          body.size, &reading->requests[index]);
    bytes_deinit(&body);
    return built ? &reading->requests[index] : NULL;
}

static bool iterators_fetch(struct reading *reading, char (*ids)[SHARD_ID_BYTES])
{
    struct answer answer = { 0 };
    char body[512];
    bool fetched = true;

    for (size_t i = 0; i < reading->count && fetched; i++) {
        int status;

        snprintf(body, sizeof(body),
                 "{\"StreamName\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}",
                 reading->options->stream, ids[i]);
        status = conn_call(&reading->options->target, "GetShardIterator", body, &answer);
        fetched = status == 200 && json_string(answer.body.at, answer.body.at + answer.body.size, "ShardIterator",
                                               reading->cursors[i].iterator, ITERATOR_BYTES);
        if (!fetched)
            complain("GetShardIterator", status, &answer);
    }
    answer_deinit(&answer);
    return fetched;
}

int mode_get(const struct options *options)
{
    struct reading reading = { .options = options };
    struct drive drive = drive_of(options);
    struct usage before;
    char (*ids)[SHARD_ID_BYTES] = NULL;
    int status = 1;

    reading.count = shards_list(options, &ids);
    if (reading.count == 0)
        return 1;
    reading.cursors = calloc(reading.count, sizeof(*reading.cursors));
    reading.of = calloc((size_t)options->connections, sizeof(*reading.of));
    reading.requests = calloc((size_t)options->connections, sizeof(*reading.requests));
    if (!reading.cursors || !reading.of || !reading.requests || !iterators_fetch(&reading, ids))
        goto out;
    for (int i = 0; i < options->connections; i++)
        reading.of[i] = SIZE_MAX;
    drive.next = reading_next;
    drive.good = reading_good;
    drive.ctx = &reading;
    before = server_usage(&options->server);
    if (!drive_run(&drive)) {
        complain("connect", 0, NULL);
        goto out;
    }
    if (options->expect > 0 && reading.records != options->expect && !drive.first_error[0]) {
        drive.errors++;
        snprintf(drive.first_error, sizeof(drive.first_error), "%llu records expected",
                 (unsigned long long)options->expect);
    }
    status = outcome_print(&(struct outcome){ .options = options, .drive = &drive, .before = before,
                                              .after = server_usage(&options->server), .records = reading.records,
                                              .bytes = reading.bytes });
out:
    for (int i = 0; reading.requests && i < options->connections; i++)
        request_deinit(&reading.requests[i]);
    free(reading.requests);
    free(reading.of);
    free(reading.cursors);
    free(ids);
    samples_deinit(&drive.latency);
    return status;
}
