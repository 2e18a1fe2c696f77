/* put.c: records into the logs of their shards.
 *
 *   route and admit --> one append per shard, one commit --> done
 *         ^                                       |
 *         |  the children are there               | SEALED: the shard ended meanwhile
 *         +-------------- wait <------------------+
 *
 * Admission (the shard's throughput) is decided once; routing again after SEALED does not charge twice. A put to an
 * encrypted stream also waits, before anything else, until its data key is on disk. */
#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/md5.h"
#include "stream/keyring.h"
#include "stream/record.h"
#include "stream/room.h"

enum { NO_ENTRY = UINT32_MAX, RECORD_KIB_USUAL = 1024, KEYS_AT_ONCE = 64 };

/* The entries of one put that go to one shard: one append. */
struct put_group {
    struct put *put;
    struct shard_run *run;
    uint32_t shard_index;
    uint32_t first, last, count;
    size_t plain_size;
    char *plain; /* what will be sealed; NULL when the stream is not encrypted */
};

u128 put_hash(str key)
{
    uint8_t digest[MD5_BYTES];

    md5_many(&key, 1, &digest);
    return u128_load_be(digest);
}

/* The hashes of the entries that are placed by their keys. */
static void hash_keys(struct put *put)
{
    str keys[KEYS_AT_ONCE];
    uint8_t digests[KEYS_AT_ONCE][MD5_BYTES];
    struct put_entry *entries[KEYS_AT_ONCE];
    uint32_t count = 0;

    for (uint32_t i = 0; i < put->count; i++) {
        struct put_entry *entry = &put->entries[i];

        if (!entry->placed) {
            keys[count] = entry->key;
            entries[count++] = entry;
        }
        if (count == 0 || (count < KEYS_AT_ONCE && i + 1 < put->count))
            continue;
        md5_many(keys, count, digests);
        while (count--)
            entries[count]->hash = u128_load_be(digests[count]);
        count = 0;
    }
}

/* Entries that are still to be written carry SEALED. */
static void fail_rest(struct put *put, enum err err)
{
    for (uint32_t i = 0; i < put->count; i++)
        if (put->entries[i].err == ERR_SEALED)
            put->entries[i].err = err;
}

/* What has been written before the rest failed is told entry by entry. */
static void finish(struct put *put, enum err err)
{
    fail_rest(put, err == OK ? ERR_INTERNAL : err);
    for (uint32_t i = 0; i < put->count && err != OK; i++)
        if (put->entries[i].err == OK)
            err = OK;
    OPENSSL_cleanse(put->key_bytes, sizeof(put->key_bytes));
    put->done(put, err);
}

/* ---- admission -------------------------------------------------------------------------------------------------- */

/* What a shard lets through at once: a second's worth, or more where large records are allowed. */
static int64_t burst_of(const struct stream_limits *limits, const struct stream *stream)
{
    const struct catalog_stream_record *record = stream->record;
    bool large = record->record_kib.present && record->record_kib.value > RECORD_KIB_USUAL;

    return large && limits->write_burst_bytes > limits->write_bytes ? limits->write_burst_bytes : limits->write_bytes;
}

/* PutRecord rounds each record up to the next KiB; PutRecords charges bytes as they are and rounds their sum, which
 * differs by less than a KiB per call and shard: not charged here. A record that with its key is beyond the burst is
 * taken when nothing else was, and owed. */
static bool admit(struct put *put, struct shard_run *run, size_t bytes, int64_t now_us)
{
    const struct stream_limits *limits = put->streams->config.limits;
    int64_t units = (int64_t)(put->count == 1 ? (bytes + 1023) / 1024 * 1024 : bytes);
    int64_t most = burst_of(limits, run->shard->stream);

    if (!limits->enforced)
        return true;
    if (bucket_level(&run->write_records, limits->write_records, limits->write_records, now_us) < 1 ||
        bucket_level(&run->write_bytes, limits->write_bytes, most, now_us) < (units < most ? units : most))
        return false;
    bucket_charge(&run->write_records, 1);
    bucket_charge(&run->write_bytes, units);
    return true;
}

static void throttled(struct stream *stream, struct shard_run *run, struct put_entry *entry, uint32_t shard)
{
    struct stream_run *of_stream = stream_run(stream);

    entry->err = ERR_THROTTLED;
    entry->shard = shard;
    run->count.write_exceeded++;
    if (of_stream)
        of_stream->count.write_exceeded++;
}

/* ---- routing ---------------------------------------------------------------------------------------------------- */

static struct put_group *group_of(struct put *put, struct shard_run *run, uint64_t stamp)
{
    struct put_group *group;

    if (run->put_stamp == stamp)
        return &put->groups[run->put_group];
    run->put_stamp = stamp;
    run->put_group = put->group_count;
    group = &put->groups[put->group_count++];
    *group = (struct put_group){
        .put = put, .run = run, .shard_index = run->shard->index, .first = NO_ENTRY, .last = NO_ENTRY
    };
    return group;
}

static void group_add(struct put *put, struct put_group *group, uint32_t index)
{
    struct put_entry *entry = &put->entries[index];

    entry->next = NO_ENTRY;
    entry->shard = group->shard_index;
    if (group->first == NO_ENTRY)
        group->first = index;
    else
        put->entries[group->last].next = index;
    group->last = index;
    group->count++;
    group->plain_size += stream_record_size(entry->key, entry->data);
}

/* Sort what is still to be written (err SEALED) into groups. */
static enum err route(struct put *put, struct stream *stream)
{
    uint64_t stamp = ++put->streams->put_stamp;
    int64_t now_us = os_turn_us(put->streams->config.loop);

    put->group_count = 0;
    for (uint32_t i = 0; i < put->count; i++) {
        struct put_entry *entry = &put->entries[i];
        struct shard *shard;
        struct shard_run *run;

        if (entry->err != ERR_SEALED)
            continue;
        shard = stream_shard_for(stream, entry->hash);
        run = shard ? shard_run(shard) : NULL;
        if (run == NULL)
            return ERR_NO_MEMORY;
        if (!put->throttled && !admit(put, run, entry->key.size + entry->data.size, now_us))
            throttled(stream, run, entry, shard->index);
        else
            group_add(put, group_of(put, run, stamp), i);
    }
    put->throttled = true;
    return OK;
}

/* ---- the commit ------------------------------------------------------------------------------------------------- */

static void encode(const struct put_group *group, char *to)
{
    const struct put *put = group->put;

    for (uint32_t i = group->first; i != NO_ENTRY; i = put->entries[i].next)
        to = stream_record_encode(put->entries[i].key, put->entries[i].data, to);
}

static void fill_plain(const struct log_append *append, char *to)
{
    encode(append->ctx, to);
}

/* On the committer's thread, one append after the other: the keyring's sealing context belongs to it. */
static void fill_sealed(const struct log_append *append, char *to)
{
    struct put_group *group = append->ctx;
    const struct put *put = group->put;

    encode(group, group->plain);
    keyring_seal(put->streams->config.keyring, put->key_bytes, put->key_id, append->log,
                 str_bytes(group->plain, group->plain_size), to);
}

/* Put it aside until the catalog changes or a key is there. */
static void wait_for_change(struct put *put, struct stream *stream)
{
    struct stream_run *run = stream_run(stream);

    if (run == NULL || !waiting_add(put->streams, run, put))
        finish(put, ERR_FULL);
}

static void count_accepted(struct put *put, struct stream *stream, const struct put_group *group)
{
    struct stream_run *run = stream ? stream_run(stream) : NULL;
    struct shard *shard = stream ? stream_shard(stream, group->shard_index) : NULL;
    struct shard_run *of_shard = shard ? shard_run(shard) : NULL;
    uint64_t bytes = group->plain_size - (uint64_t)group->count * RECORD_HEAD_BYTES;

    put->streams->config.total->incoming_bytes += bytes;
    put->streams->config.total->incoming_records += group->count;
    if (run) {
        run->count.incoming_bytes += bytes;
        run->count.incoming_records += group->count;
    }
    if (of_shard) {
        of_shard->count.incoming_bytes += bytes;
        of_shard->count.incoming_records += group->count;
        autoscale_note(put->streams, stream, of_shard, bytes);
    }
}

/* What became of one group; true if its shard had ended. */
static bool group_done(struct put *put, struct stream *stream, struct put_group *group, const struct log_append *append)
{
    log_pos position = append->first;

    free(group->plain);
    group->plain = NULL;
    if (append->err == ERR_SEALED)
        return true;
    for (uint32_t i = group->first; i != NO_ENTRY; i = put->entries[i].next) {
        put->entries[i].err = append->err;
        put->entries[i].position = position++;
        put->entries[i].time = put->commit.time;
    }
    if (append->err == OK)
        count_accepted(put, stream, group);
    return false;
}

/* Is the catalog already past the end of the shards that answered SEALED? Then no change is to be waited for. */
static bool is_rerouted(const struct put *put, struct stream *stream)
{
    for (uint32_t i = 0; i < put->count; i++) {
        const struct put_entry *entry = &put->entries[i];
        const struct shard *shard = entry->err == ERR_SEALED ? stream_shard_for(stream, entry->hash) : NULL;

        if (entry->err == ERR_SEALED && (shard == NULL || shard->index == entry->shard))
            return false;
    }
    return true;
}

static void attempt(struct put *put);

static void committed(struct log_commit *commit, enum err err)
{
    struct put *put = commit->ctx;
    struct stream *stream = catalog_stream_by_id(put->streams->config.catalog, put->stream_id);
    bool sealed = false;

    for (uint32_t i = 0; i < put->group_count; i++) {
        if (err != OK)
            commit->appends[i].err = err;
        sealed |= group_done(put, stream, &put->groups[i], &commit->appends[i]);
    }
    if (!sealed)
        finish(put, OK);
    else if (stream == NULL)
        finish(put, ERR_NOT_FOUND);
    else if (is_rerouted(put, stream))
        attempt(put);
    else
        wait_for_change(put, stream);
}

static void groups_free(struct put *put)
{
    for (uint32_t i = 0; i < put->group_count; i++) {
        free(put->groups[i].plain);
        put->groups[i].plain = NULL;
    }
}

static enum err submit(struct put *put)
{
    struct log_append *appends = ARENA_ARRAY(put->arena, put->group_count, struct log_append);

    if (appends == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < put->group_count; i++) {
        struct put_group *group = &put->groups[i];

        appends[i] = (struct log_append){ .log = shard_log(put->stream_id, group->shard_index),
                                          .count = group->count,
                                          .size = (uint32_t)group->plain_size,
                                          .fill = fill_plain,
                                          .ctx = group };
        if (!put->encrypted)
            continue;
        group->plain = malloc(group->plain_size);
        if (group->plain == NULL)
            return ERR_NO_MEMORY;
        appends[i].size += KEYRING_OVERHEAD;
        appends[i].flags = BATCH_ENCRYPTED;
        appends[i].fill = fill_sealed;
    }
    put->commit =
        (struct log_commit){ .appends = appends, .append_count = put->group_count, .done = committed, .ctx = put };
    return log_submit(put->streams->config.log, &put->commit);
}

/* The data key of an encrypted stream; PENDING while it is on its way to the disk. */
static enum err take_key(struct put *put, struct stream *stream)
{
    const uint8_t *bytes;

    put->encrypted = str_present(stream->record->key_arn);
    if (!put->encrypted)
        return OK;
    TRY(keyring_current(put->streams->config.keyring, stream, &put->key_id, &bytes));
    memcpy(put->key_bytes, bytes, sizeof(put->key_bytes));
    return OK;
}

/* Once more from the top: at first, and after each wait. */
static void attempt(struct put *put)
{
    struct stream *stream = catalog_stream_by_id(put->streams->config.catalog, put->stream_id);
    enum err err;

    if (stream == NULL) {
        finish(put, ERR_NOT_FOUND);
        return;
    }
    err = take_key(put, stream);
    if (err == ERR_PENDING) {
        wait_for_change(put, stream);
        return;
    }
    if (err == OK)
        err = route(put, stream);
    if (err == OK && put->group_count > 0)
        err = submit(put);
    if (err == OK && put->group_count > 0)
        return;
    if (err != OK)
        groups_free(put);
    fail_rest(put, err);
    finish(put, err == ERR_FULL || err == ERR_NO_SPACE || err == ERR_NO_MEMORY || err == ERR_STOPPED ? OK : err);
}

void put_again(struct put *put)
{
    attempt(put);
}

void put_give_up(struct put *put, enum err err)
{
    fail_rest(put, err);
    finish(put, err == ERR_TIMEOUT ? OK : err);
}

void put_start(struct streams *streams, struct put *put)
{
    put->streams = streams;
    put->throttled = false;
    put->waiting_since_us = 0;
    list_init(&put->link);
    for (uint32_t i = 0; i < put->count; i++)
        put->entries[i].err = ERR_SEALED;
    hash_keys(put);
    put->groups = ARENA_ARRAY(put->arena, put->count, struct put_group);
    if (put->groups == NULL) {
        finish(put, ERR_NO_MEMORY);
        return;
    }
    attempt(put);
}
