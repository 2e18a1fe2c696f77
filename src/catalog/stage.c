/* stage.c: records into a transaction. */
#include <assert.h>

#include "base/bytes.h"
#include "catalog/keys.h"
#include "catalog/room.h"
#include "shape/decode.h"
#include "shape/encode.h"

enum { RECORD_BYTES_MAX = 256 << 10 };

static void put(struct store_txn *txn, str key, const struct shape *shape, const void *record)
{
    struct buf bytes;

    buf_init(&bytes, RECORD_BYTES_MAX);
    shape_encode(&format_aws_cbor, shape, record, &bytes);
    if (bytes.err == OK)
        store_put(txn, key, buf_str(&bytes));
    else if (txn->err == OK)
        txn->err = bytes.err;
    buf_deinit(&bytes);
}

void catalog_begin(struct catalog *catalog, struct store_txn *txn, struct arena *arena)
{
    store_begin(catalog->store, txn, arena);
}

void catalog_read_stream(struct store_txn *txn, const struct stream *stream)
{
    catalog_read_stream_name(txn, stream->record->account, stream->record->region, stream->record->name);
}

void catalog_read_stream_name(struct store_txn *txn, str account, str region, str name)
{
    struct key key = key_stream(account, region, name);

    (void)store_read(txn, key_str(&key));
}

void catalog_read_consumer(struct store_txn *txn, const struct consumer *consumer)
{
    catalog_read_consumer_name(txn, consumer->stream, consumer->record->name);
}

void catalog_read_consumer_name(struct store_txn *txn, const struct stream *stream, str name)
{
    struct key key = key_consumer(stream->id, name);

    (void)store_read(txn, key_str(&key));
}

static uint64_t take_ids(struct store_txn *txn, uint32_t count)
{
    struct key key = key_stream_counter();
    const struct store_entry *entry = store_read(txn, key_str(&key));
    struct catalog_counter_record record = { .next = int_of(1) };
    str message;
    uint64_t id;

    if (entry) {
        str copy = arena_str(txn->arena, entry->value);
        enum err err = str_present(copy)
                           ? shape_decode(&format_aws_cbor, &catalog_counter_record_shape, (char *)(uintptr_t)copy.at,
                                          copy.size, txn->arena, &record, &message)
                           : ERR_NO_MEMORY;

        if (err != OK)
            txn->err = err;
    }
    id = (uint64_t)record.next.value;
    record.next.value += count;
    put(txn, key_str(&key), &catalog_counter_record_shape, &record);
    return id;
}

uint64_t catalog_take_id(struct catalog *catalog, struct store_txn *txn)
{
    (void)catalog;
    return take_ids(txn, 1);
}

void catalog_skip_ids(struct store_txn *txn)
{
    (void)take_ids(txn, 1 << 20);
}

void catalog_put_stream(struct store_txn *txn, const struct catalog_stream_record *record)
{
    struct key key = key_stream(record->account, record->region, record->name);

    assert(record->id.value > 0 && record->status.present);
    put(txn, key_str(&key), &catalog_stream_record_shape, record);
}

void catalog_put_shard(struct store_txn *txn, uint64_t stream_id, const struct shard *shard)
{
    struct key key = key_shard(stream_id, shard->index);
    char start[16], end[16];
    struct catalog_shard_record record = { .index = int_of(shard->index),
                                           .start = str_bytes(start, 16),
                                           .end = str_bytes(end, 16),
                                           .created_second = int_of(shard->created_s) };

    assert(shard->start <= shard->end);
    store_be64(start, (uint64_t)(shard->start >> 64));
    store_be64(start + 8, (uint64_t)shard->start);
    store_be64(end, (uint64_t)(shard->end >> 64));
    store_be64(end + 8, (uint64_t)shard->end);
    if (shard->parent != SHARD_NONE)
        record.parent = int_of(shard->parent);
    if (shard->adjacent != SHARD_NONE)
        record.adjacent = int_of(shard->adjacent);
    if (shard->closed_at)
        record.closed_at = ms_of(shard->closed_at);
    put(txn, key_str(&key), &catalog_shard_record_shape, &record);
}

void catalog_put_consumer(struct store_txn *txn, uint64_t stream_id, const struct catalog_consumer_record *record)
{
    struct key key = key_consumer(stream_id, record->name);

    put(txn, key_str(&key), &catalog_consumer_record_shape, record);
}

void catalog_put_account(struct catalog *catalog, struct store_txn *txn, str account, str region,
                         const struct catalog_account_record *record)
{
    struct key key = key_account(account, region);

    (void)catalog;
    (void)store_read(txn, key_str(&key));
    put(txn, key_str(&key), &catalog_account_record_shape, record);
}

void catalog_remove_shard(struct store_txn *txn, const struct shard *shard)
{
    struct key key = key_shard(shard->stream->id, shard->index);

    store_remove(txn, key_str(&key));
}

void catalog_remove_consumer(struct store_txn *txn, const struct consumer *consumer)
{
    struct key key = key_consumer(consumer->stream->id, consumer->record->name);

    store_remove(txn, key_str(&key));
}

void catalog_remove_stream(struct store_txn *txn, const struct stream *stream)
{
    struct key key = key_stream(stream->record->account, stream->record->region, stream->record->name);

    for (size_t i = 0; i < stream->shard_count; i++)
        catalog_remove_shard(txn, stream->shards[i]);
    for (struct tree_node *node = tree_first(&stream->consumers); node; node = tree_next(node))
        catalog_remove_consumer(txn, container_of(node, struct consumer, node));
    store_remove(txn, key_str(&key));
}

void catalog_begin_job(const struct catalog *catalog, struct catalog_stream_record *record, struct catalog_job *job,
                       ms now)
{
    record->status = int_of(STREAM_UPDATING);
    record->due_at = ms_of(now + catalog->config.transition_ms);
    record->job = job;
}
