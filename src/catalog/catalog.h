/* catalog.h: what exists: streams, their shards and consumers, accounts.
 *
 * The objects here are views of the store, rebuilt from each durable record as it is folded in. Nobody else writes to
 * them. To change something, a handler stages new records in a transaction; the objects change when it has been
 * folded. Pointers to streams, shards and consumers stay valid until the fold that removes them, and are looked up
 * again on every request rather than kept.
 *
 * States that move by themselves (CREATING to ACTIVE, a reshard, a deletion) are carried on by transition.c when they
 * are due, also after a restart in their middle. */
#pragma once

#include "base/map.h"
#include "base/tree.h"
#include "base/u128.h"
#include "catalog/state.h"
#include "catalog_model.h"
#include "count/stream.h"
#include "os/os.h"
#include "store/store.h"

/* The log of a shard; internal logs have ids below 2^32. */
static inline log_id shard_log(uint64_t stream_id, uint32_t index)
{
    return stream_id << 32 | index;
}

enum { CATALOG_LOG = 1, SHARD_NONE = -1 };

struct shard {
    uint32_t index;
    int64_t parent, adjacent; /* indices, or SHARD_NONE */
    u128 start, end;          /* inclusive */
    int64_t created_s;        /* of its sequence numbers */
    ms closed_at;             /* 0: open */
    struct stream *stream;
    void *run; /* what the stream room keeps for it; NULL while cold */
};

struct consumer {
    struct tree_node node; /* in stream->consumers, by name */
    struct stream *stream;
    struct arena memory; /* holds the record */
    struct catalog_consumer_record *record;
    struct os_timer due;
    struct count_consumer count; /* of its subscriptions */
};

struct stream {
    struct tree_node node; /* by "account/region/name" */
    struct map_node by_id;
    uint64_t id;
    struct catalog *catalog;
    struct arena memory; /* holds the record */
    struct catalog_stream_record *record;
    struct shard **shards; /* all that are not expired, by index */
    size_t shard_count, shard_capacity;
    struct shard **open; /* the open ones, by start of hash range; see stream_open_shards */
    size_t open_count;
    bool open_stale;
    struct tree consumers;
    struct os_timer due, expiry;
    bool moving; /* a transition of ours is on its way through the log */
    void *run;   /* what the stream room keeps for it; NULL while cold */
};

enum catalog_event { STREAM_CHANGED, STREAM_GONE, SHARD_CHANGED, SHARD_GONE, CONSUMER_CHANGED, CONSUMER_GONE };

struct catalog_config {
    struct os *os;
    struct os_loop *loop;
    struct os_worker *worker;
    struct log *log;
    const char *dir; /* for snapshots; NULL: none */
    uint64_t seed;
    int64_t transition_ms; /* how long CREATING, UPDATING, DELETING last at least */
    uint64_t snapshot_bytes_min;
    /* After a fold; the object is what the event says (for *_GONE about to be freed). */
    void (*event)(void *ctx, enum catalog_event event, struct stream *stream, void *object);
    void (*failed)(void *ctx, enum err err, str sentence);
    void (*report)(void *ctx, int level, str sentence); /* one line for the operator; may be NULL */
    void *ctx;
};

struct catalog;

must_use enum err catalog_open(const struct catalog_config *config, void (*opened)(void *ctx, enum err err),
                               struct catalog **ret_catalog);
/* To be called when the log has been closed: nothing happens by itself any more, and transactions are refused. */
void catalog_stop(struct catalog *catalog);

/* Log closed, catalog stopped, worker drained. */
void catalog_close(struct catalog *catalog);

/* What of a log is still wanted: its stream's retention, or nothing if stream or shard are gone. Everything, until the
 * catalog is open: what it has not read yet is not gone. */
struct log_horizon catalog_horizon(const struct catalog *catalog, log_id id, ms now);

struct store *catalog_store(struct catalog *catalog);
int64_t catalog_transition_ms(const struct catalog *catalog);

/* ---- finding --------------------------------------------------------------------------------------------------- */

struct stream *catalog_stream(const struct catalog *catalog, str account, str region, str name);
struct stream *catalog_stream_by_id(const struct catalog *catalog, uint64_t id);

/* The next stream of the account and region by name, after `after` (absent: the first); NULL behind the last. */
struct stream *catalog_next_stream(const struct catalog *catalog, str account, str region, str after);

/* Every stream there is, in no useful order for people; NULL starts and ends. */
struct stream *catalog_each_stream(const struct catalog *catalog, const struct stream *after);

/* By index; NULL if it never was or has expired. */
struct shard *stream_shard(const struct stream *stream, uint32_t index);

/* The position of the first shard whose index is >= `index` in stream->shards. */
size_t stream_shard_from(const struct stream *stream, uint32_t index);

/* The open shards by start of their hash range; together they cover the hash space unless the stream is CREATING. */
struct shard *const *stream_open_shards(struct stream *stream, size_t *ret_count);

/* The open shard whose range holds `hash`; NULL only while CREATING. */
struct shard *stream_shard_for(struct stream *stream, u128 hash);

struct consumer *stream_consumer(const struct stream *stream, str name);
struct consumer *stream_next_consumer(const struct stream *stream, str after);

/* What is set for the account; zeroed if nothing is. Lives in `arena`. NULL without memory. */
struct catalog_account_record *catalog_account(const struct catalog *catalog, str account, str region,
                                               struct arena *arena);

static inline int64_t stream_retention_ms(const struct stream *stream)
{
    return stream->record->retention_hours.value * 3600000;
}

/* ---- staging changes ------------------------------------------------------------------------------------------- */

/* Begin a transaction on the catalog's store. */
void catalog_begin(struct catalog *catalog, struct store_txn *txn, struct arena *arena);

/* The transaction is void if the stream (consumer) changes before it is folded. */
void catalog_read_stream(struct store_txn *txn, const struct stream *stream);
void catalog_read_consumer(struct store_txn *txn, const struct consumer *consumer);

/* Void if such a stream (consumer) comes into being. */
void catalog_read_stream_name(struct store_txn *txn, str account, str region, str name);
void catalog_read_consumer_name(struct store_txn *txn, const struct stream *stream, str name);

/* A fresh stream id; two transactions that ask at once conflict. */
uint64_t catalog_take_id(struct catalog *catalog, struct store_txn *txn);

/* After a loss: leave out more ids than any lost transactions can have taken, for none may be given twice. */
void catalog_skip_ids(struct store_txn *txn);

/* Write a record. Errors (no memory) are kept in the transaction. */
void catalog_put_stream(struct store_txn *txn, const struct catalog_stream_record *record);
void catalog_put_shard(struct store_txn *txn, uint64_t stream_id, const struct shard *shard);
void catalog_put_consumer(struct store_txn *txn, uint64_t stream_id, const struct catalog_consumer_record *record);
void catalog_put_account(struct catalog *catalog, struct store_txn *txn, str account, str region,
                         const struct catalog_account_record *record);
void catalog_remove_shard(struct store_txn *txn, const struct shard *shard);
void catalog_remove_consumer(struct store_txn *txn, const struct consumer *consumer);

/* The stream with its shards and consumers. */
void catalog_remove_stream(struct store_txn *txn, const struct stream *stream);

/* The state after `record` was told to become UPDATING for `job`, due after the transition time. */
void catalog_begin_job(const struct catalog *catalog, struct catalog_stream_record *record, struct catalog_job *job,
                       ms now);
