/* readout.c: everything that can be read of the script's streams, as text that two servers can be compared by. */
#include <stdio.h>
#include <stdlib.h>

#include "sweep.h"

enum { ITERATOR_BYTES_MAX = 1024, SHARDS_MAX = 32, PAGES_MAX = 60, BODY_BYTES_MAX = 2048, TEXT_BYTES_MAX = 16 << 20 };

static const char *const streams[] = { "a", "b", "declared", "e", "f", "m", "big" };

/* The text of a member, from `*at` on, which goes behind it; false: there is none. */
static bool next_text(const char **at, const char *name, char *to, size_t size)
{
    char label[64];
    const char *from, *end;

    (void)snprintf(label, sizeof(label), "\"%s\":\"", name);
    from = strstr(*at, label);
    if (from == NULL)
        return false;
    from += strlen(label);
    end = strchr(from, '"');
    if (end == NULL || (size_t)(end - from) >= size)
        return false;
    memcpy(to, from, (size_t)(end - from));
    to[end - from] = 0;
    *at = end;
    return true;
}

/* One shard from its beginning: a line per record, or per refusal. */
static void read_shard(struct sweep *sweep, const char *stream, const char *shard, struct buf *to)
{
    char iterator[ITERATOR_BYTES_MAX], body[BODY_BYTES_MAX];
    const char *at;

    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%.64s\",\"ShardId\":\"%.64s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}",
                   stream, shard);
    if (ask(sweep, "GetShardIterator", body) != 200 ||
        (at = sweep->answer.at, !next_text(&at, "ShardIterator", iterator, sizeof(iterator)))) {
        buf_fmt(to, "refused: GetShardIterator %s %s\n", stream, shard);
        return;
    }
    for (int page = 0; page < PAGES_MAX; page++) {
        bool any = false;
        int status;

        (void)snprintf(body, sizeof(body), "{\"ShardIterator\":\"%.1000s\"}", iterator);
        status = ask(sweep, "GetRecords", body);
        if (status != 200) {
            buf_fmt(to, "refused: GetRecords %s %s: %d\n", stream, shard, status);
            return;
        }
        for (const char *record = strstr(sweep->answer.at, "{\"SequenceNumber\""), *end; record;
             record = strstr(end, "{\"SequenceNumber\"")) {
            end = strchr(record, '}');
            if (end == NULL)
                break;
            buf_fmt(to, "record %s %s ", stream, shard);
            buf_append(to, str_bytes(record, (size_t)(end + 1 - record)));
            buf_byte(to, '\n');
            any = true;
        }
        at = sweep->answer.at;
        if (!next_text(&at, "NextShardIterator", iterator, sizeof(iterator)) ||
            (!any && answer_has(sweep, "\"MillisBehindLatest\":0")))
            return;
    }
}

void readout_records(struct sweep *sweep, const char *stream, struct buf *to)
{
    char body[256], shards[SHARDS_MAX][64];
    size_t count = 0;
    const char *at;

    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", stream);
    if (ask(sweep, "ListShards", body) != 200) {
        buf_fmt(to, "refused: ListShards %s\n", stream);
        return;
    }
    at = sweep->answer.at;
    while (count < SHARDS_MAX && next_text(&at, "ShardId", shards[count], sizeof(shards[0])))
        count++;
    for (size_t i = 0; i < count; i++)
        read_shard(sweep, stream, shards[i], to);
}

static void one(struct sweep *sweep, const char *operation, const char *body, struct buf *to)
{
    int status = ask(sweep, operation, body);

    if (status == 200)
        buf_fmt(to, "answer %s %s %s\n", operation, body, sweep->answer.at);
    else if (status == 400 && answer_has(sweep, "ResourceNotFoundException"))
        buf_fmt(to, "none %s %s\n", operation, body);
    else
        buf_fmt(to, "refused: %s %s %d\n", operation, body, status);
}

static void of_stream(struct sweep *sweep, const char *name, struct buf *to)
{
    static const char *const by_name[] = { "DescribeStreamSummary", "ListShards", "ListTagsForStream" };
    char body[256];

    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\"}", name);
    for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
        one(sweep, by_name[i], body, to);
    (void)snprintf(body, sizeof(body), "{\"StreamARN\":\"arn:aws:kinesis:us-east-1:123456789012:stream/%s\"}", name);
    one(sweep, "ListStreamConsumers", body, to);
    (void)snprintf(body, sizeof(body), "{\"ResourceARN\":\"arn:aws:kinesis:us-east-1:123456789012:stream/%s\"}", name);
    one(sweep, "GetResourcePolicy", body, to);
    readout_records(sweep, name, to);
}

void readout_take(struct sweep *sweep, struct buf *ret_text)
{
    buf_init(ret_text, TEXT_BYTES_MAX);
    one(sweep, "ListStreams", "{}", ret_text);
    one(sweep, "DescribeLimits", "{}", ret_text);
    one(sweep, "DescribeAccountSettings", "{}", ret_text);
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
        of_stream(sweep, streams[i], ret_text);
    if (ret_text->err != OK)
        abort();
}

/* ---- comparing ------------------------------------------------------------------------------------------------------ */

/* Is there such a line, from `*at` on? Then `*at` goes behind it: both texts have one order. */
static bool has_line(str *at, str line)
{
    for (str rest = *at; rest.size;) {
        if (str_eq(str_cut(&rest, '\n'), line)) {
            *at = rest;
            return true;
        }
    }
    return false;
}

enum difference readout_compare(str before, str now, char ret_what[static WHY_BYTES_MAX])
{
    str rest = before, line;

    ret_what[0] = 0;
    if (str_eq(before, now))
        return READ_SAME;
    for (str lines = now; lines.size;) {
        line = str_cut(&lines, '\n');
        if (!str_starts(line, STR("refused: ")) && !has_line(&rest, line)) {
            (void)snprintf(ret_what, WHY_BYTES_MAX, "%.*s", line.size < 300 ? (int)line.size : 300, line.at);
            return READ_OTHER;
        }
    }
    rest = now;
    for (str lines = before; lines.size && !ret_what[0];) {
        line = str_cut(&lines, '\n');
        if (!has_line(&rest, line))
            (void)snprintf(ret_what, WHY_BYTES_MAX, "%.*s", line.size < 300 ? (int)line.size : 300, line.at);
    }
    return READ_LESS;
}
