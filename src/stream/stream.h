/* stream.h: shards at run time: append, read, and what that costs against their limits.
 *
 * One `struct streams` for the server, on the loop's thread. What a shard needs at run time (buckets, counters,
 * subscriptions) is made when it is first used, so tens of thousands of idle shards cost nothing here. */
#pragma once

#include "base/arena.h"
#include "catalog/catalog.h"
#include "count/stream.h"
#include "log/log.h"
#include "os/os.h"
#include "stream/throttle.h"

struct keyring;

/* Per shard and second; see DESIGN of the service: write 1 MiB and 1,000 records, read 2 MiB and 5 calls. */
struct stream_limits {
    bool enforced;
    int64_t write_bytes, write_records;
    int64_t write_burst_bytes; /* a shard lets this much through at once, for large records */
    int64_t read_bytes, read_calls, iterator_calls;
    int64_t fanout_bytes;    /* per consumer and shard */
    int64_t hot_shard_bytes; /* on-demand: a shard above this rate is split */
};

struct streams_config {
    struct os *os;
    struct os_loop *loop;
    struct log *log;
    struct catalog *catalog;
    struct keyring *keyring;
    const struct stream_limits *limits; /* may change at run time */
    struct count_stream *total;         /* over all streams */
    size_t waiting_max;                 /* puts that wait for a reshard or a key */
    int64_t waiting_ms_max;             /* for how long at most */
};

struct streams;

must_use enum err streams_create(const struct streams_config *config, struct streams **ret_streams);

/* To be called when the log has been closed: nothing happens by itself any more. */
void streams_stop(struct streams *streams);
void streams_destroy(struct streams *streams);

/* To be called for each event of the catalog. */
void streams_event(struct streams *streams, enum catalog_event event, struct stream *stream, void *object);

/* A data key has become usable, or will not: puts that wait for one go on. */
void streams_keys_changed(struct streams *streams);

/* What is kept for a stream, a shard; made on first use, NULL without memory. */
struct stream_run {
    struct count_stream count;
    struct list waiting; /* of struct put */
};

struct shard_run {
    struct shard *shard;
    struct bucket write_bytes, write_records, read_bytes, read_calls, iterator_calls;
    struct count_shard count;
    struct list subscriptions; /* of struct subscription */
    uint64_t put_stamp;        /* of the put that is being grouped, */
    uint32_t put_group;        /* and the group this shard has in it */
    uint64_t rate_bytes;       /* autoscale: bytes since rate_at_us, */
    int64_t rate_at_us;
};

struct stream_run *stream_run(struct stream *stream);
struct shard_run *shard_run(struct shard *shard);

/* ---- put -------------------------------------------------------------------------------------------------------- */

struct put_entry {
    str key; /* absent: none was given */
    str data;
    u128 hash;   /* where it belongs: given if `placed`, else made from the key */
    bool placed;
    /* result */
    enum err err; /* OK, THROTTLED, or INTERNAL and the like */
    uint32_t shard;
    log_pos position;
    ms time;       /* of the record */
    uint32_t next; /* private: of the same group */
};

struct put {
    uint64_t stream_id;
    struct put_entry *entries;
    uint32_t count;
    struct arena *arena; /* lives until `done` */
    /* OK: look at each entry (THROTTLED, or FULL, NO_SPACE, IO ... of its own), of which some may have been written.
     * Else none was. NOT_FOUND: the stream went away.
     * KMS_*: nothing was written. FULL: too many puts wait for a reshard. */
    void (*done)(struct put *put, enum err err);
    void *ctx;
    /* result */
    bool encrypted;
    /* private */
    struct streams *streams;
    struct list link;
    int64_t waiting_since_us;
    struct log_commit commit;
    struct put_group *groups;
    uint32_t group_count;
    uint32_t key_id;
    uint8_t key_bytes[32]; /* a copy: the stream may be deleted, and its keys forgotten, before the commit */
    bool throttled;        /* admission has been decided once */
};

/* Route, admit and append the entries; `done` is called once, possibly before this returns. */
void put_start(struct streams *streams, struct put *put);

/* The hash that places a record: MD5 of the key's bytes, as one big-endian number. */
u128 put_hash(str key);

/* ---- read ------------------------------------------------------------------------------------------------------- */

struct read_record {
    str key, data; /* valid until stream_read_release */
    log_pos position;
    ms time;
    bool encrypted;
};

struct stream_read {
    uint64_t stream_id;
    uint32_t shard;
    log_pos from;
    ms not_before; /* the later of the trim horizon and what the reader asked for */
    uint32_t records_max;
    size_t bytes_max;    /* of keys and data; one record is returned whatever its size */
    struct arena *arena; /* for the answer; lives until stream_read_release */
    void (*done)(struct stream_read *read, enum err err); /* only after PENDING */
    void *ctx;
    /* answer */
    struct read_record *records;
    uint32_t count;
    size_t bytes;
    size_t held_bytes; /* of memory that keys and data keep from being freed */
    log_pos next; /* continue here */
    bool at_end;  /* nothing more is there now */
    bool sealed;  /* at_end, and nothing will ever follow */
    str key_arn;  /* after KMS_*: which key, if that is known; to be used at once */
    /* private */
    struct streams *streams;
    struct read_part *parts;
    struct log_read *waiting;
    uint32_t capacity;
};

/* OK, or PENDING, or an error (KMS_*: a record cannot be decrypted). After OK the caller owes stream_read_release. */
must_use enum err stream_read_start(struct streams *streams, struct stream_read *read);
void stream_read_release(struct stream_read *read);

/* What keys and data lie in, for who needs them longer than the read and its arena: stream_parts_release is owed instead.
 * NULL: nothing is owed. */
struct read_part *stream_read_take(struct stream_read *read);
void stream_parts_release(struct read_part *parts);

/* Between PENDING and `done`: give it up; releases as well. */
void stream_read_cancel(struct stream_read *read);

/* The oldest arrival time that is still within the stream's retention. */
ms stream_horizon(const struct stream *stream, ms now);
