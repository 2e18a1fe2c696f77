/* read.c: from positions to records: batches are taken apart, what has expired is passed over, what is sealed is
 * opened. */
#include <assert.h>
#include <stdlib.h>

#include "stream/keyring.h"
#include "stream/record.h"
#include "stream/room.h"

enum { RECORDS_FIRST = 64, BATCHES_PER_READ = 4096, ASKED_AHEAD = 4, LINE_BYTES = 64 };

/* One answer of the log that is still needed, with the plain text of its sealed batches. */
struct read_part {
    struct read_part *next;
    struct log *log;
    struct log_read log_read;
    struct plain *plains;
    bool held; /* log_read_release is owed */
};

struct plain {
    struct plain *next;
    char at[];
};

static void part_free(struct read_part *part)
{
    while (part->plains) {
        struct plain *plain = part->plains;

        part->plains = plain->next;
        free(plain);
    }
    if (part->held)
        log_read_release(part->log, &part->log_read);
    free(part);
}

void stream_parts_release(struct read_part *parts)
{
    while (parts) {
        struct read_part *next = parts->next;

        part_free(parts);
        parts = next;
    }
}

struct read_part *stream_read_take(struct stream_read *read)
{
    struct read_part *parts = read->parts;

    assert(read->waiting == NULL);
    read->parts = NULL;
    return parts;
}

void stream_read_release(struct stream_read *read)
{
    stream_parts_release(stream_read_take(read));
}

void stream_read_cancel(struct stream_read *read)
{
    assert(read->waiting);
    log_read_cancel(read->streams->config.log, read->waiting);
    read->waiting = NULL;
    stream_read_release(read);
}

/* ---- taking batches apart ---------------------------------------------------------------------------------------- */

static enum err record_add(struct stream_read *read, struct read_record record)
{
    if (read->count == read->capacity) {
        uint32_t capacity = read->capacity ? read->capacity * 2 : RECORDS_FIRST;
        struct read_record *records = ARENA_ARRAY(read->arena, capacity, struct read_record);

        if (records == NULL)
            return ERR_NO_MEMORY;
        if (read->count)
            memcpy(records, read->records, read->count * sizeof(*records));
        read->records = records;
        read->capacity = capacity;
    }
    read->records[read->count++] = record;
    read->bytes += record.key.size + record.data.size;
    return OK;
}

static enum err unseal(struct stream_read *read, struct read_part *part, const struct log_batch *batch, str *ret_body)
{
    struct plain *plain;
    size_t size;
    enum err err;

    if (batch->body.size < KEYRING_OVERHEAD)
        return ERR_CORRUPT;
    size = batch->body.size - KEYRING_OVERHEAD;
    plain = malloc(sizeof(*plain) + size);
    if (plain == NULL)
        return ERR_NO_MEMORY;
    plain->next = part->plains;
    part->plains = plain;
    read->held_bytes += size;
    err = keyring_unseal(read->streams->config.keyring, batch->log, batch->body, plain->at);
    if (err == OK)
        *ret_body = str_bytes(plain->at, size);
    else
        read->key_arn = keyring_key_arn(read->streams->config.keyring, batch->body);
    return err;
}

/* True when the answer has no room for a record of that size. */
static bool is_full(const struct stream_read *read, size_t bytes)
{
    return read->count >= read->records_max || (read->count > 0 && read->bytes + bytes > read->bytes_max);
}

/* Where a record begins is known when the one before it has been looked at, so each would cost a wait for memory. Most are
 * as large as the last one was: the head and the key of one of the next are asked for where they should be. */
static void ask_ahead(str rest, size_t record_size)
{
    size_t at = (ASKED_AHEAD - 1) * record_size;

    if (at + LINE_BYTES >= rest.size)
        return;
    __builtin_prefetch(rest.at + at);
    __builtin_prefetch(rest.at + at + LINE_BYTES / 2);
}

/* The records of one batch from read->next on; sets `ret_full` when the answer is full. */
static enum err batch_take(struct stream_read *read, struct read_part *part, const struct log_batch *batch,
                           bool *ret_full)
{
    bool encrypted = batch->flags & BATCH_ENCRYPTED;
    str body = batch->body;

    if (batch->time < read->not_before || batch->count == 0) {
        read->next = batch->first + batch->count;
        return OK;
    }
    if (encrypted)
        TRY(unseal(read, part, batch, &body));
    for (uint32_t i = 0; i < batch->count; i++) {
        struct read_record record = { .position = batch->first + i, .time = batch->time, .encrypted = encrypted };

        TRY(stream_record_next(&body, &record.key, &record.data));
        ask_ahead(body, stream_record_size(record.key, record.data));
        if (record.position < read->next)
            continue;
        if (is_full(read, record.key.size + record.data.size)) {
            *ret_full = true;
            return OK;
        }
        TRY(record_add(read, record));
        read->next = record.position + 1;
    }
    return OK;
}

static enum err part_take(struct stream_read *read, struct read_part *part, bool *ret_full)
{
    struct log_read *log_read = &part->log_read;

    read->held_bytes += log_read->held_bytes;
    for (uint32_t i = 0; i < log_read->batch_count && !*ret_full; i++)
        TRY(batch_take(read, part, &log_read->batches[i], ret_full));
    if (*ret_full)
        return OK;
    if (read->next < log_read->next)
        read->next = log_read->next;
    read->at_end = log_read->at_end;
    read->sealed = log_read->sealed;
    *ret_full = log_read->at_end || read->count >= read->records_max || read->bytes >= read->bytes_max;
    return OK;
}

/* ---- the loop over the log's answers ------------------------------------------------------------------------------
 */

static enum err go_on(struct stream_read *read);

static void log_done(struct log_read *log_read, enum err err)
{
    struct stream_read *read = log_read->ctx;
    struct read_part *part = container_of(log_read, struct read_part, log_read);
    bool full = false;

    read->waiting = NULL;
    if (err == OK) {
        part->held = true;
        err = part_take(read, part, &full);
    }
    if (err == OK && !full)
        err = go_on(read);
    if (err == ERR_PENDING)
        return;
    if (err != OK)
        stream_read_release(read);
    read->done(read, err);
}

static enum err go_on(struct stream_read *read)
{
    bool full = false;

    while (!full) {
        struct read_part *part = calloc(1, sizeof(*part));
        enum err err;

        if (part == NULL)
            return ERR_NO_MEMORY;
        part->log = read->streams->config.log;
        part->log_read = (struct log_read){ .log = shard_log(read->stream_id, read->shard),
                                            .from = read->next,
                                            .not_before = read->not_before,
                                            .bytes_max = read->bytes_max - read->bytes,
                                            .batches_max = read->records_max - read->count < BATCHES_PER_READ
                                                               ? read->records_max - read->count
                                                               : BATCHES_PER_READ,
                                            .done = log_done,
                                            .ctx = read };
        part->next = read->parts;
        read->parts = part;
        read->waiting = &part->log_read;
        err = log_read(part->log, &part->log_read);
        if (err == ERR_PENDING)
            return ERR_PENDING;
        read->waiting = NULL;
        TRY(err);
        part->held = true;
        TRY(part_take(read, part, &full));
    }
    return OK;
}

enum err stream_read_start(struct streams *streams, struct stream_read *read)
{
    enum err err;

    assert(read->records_max > 0 && read->bytes_max > 0);
    read->streams = streams;
    read->records = NULL;
    read->count = read->capacity = 0;
    read->bytes = read->held_bytes = 0;
    read->next = read->from;
    read->at_end = read->sealed = false;
    read->key_arn = (str){ 0 };
    read->parts = NULL;
    read->waiting = NULL;
    err = go_on(read);
    if (err != OK && err != ERR_PENDING)
        stream_read_release(read);
    return err;
}
