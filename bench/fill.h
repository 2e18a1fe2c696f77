/* fill.h: puts, made before the clock starts: every one with data, keys and a signature of its own. */
#pragma once

#include "dialect.h"

struct pool {
    struct request *requests;
    size_t count, bytes;
};

struct fill {
    const struct target *target;
    const char *stream;
    const struct dialect *dialect; /* NULL: Kinesis, as `wire` says */
    int connections;     /* a dialect's request n is for connection n mod this */
    enum wire wire;
    size_t record_bytes;
    int records;         /* per request; 0 makes PutRecord, else PutRecords */
    bool numbered;       /* partition keys "n-<index in 16 hex digits>", else random */
    uint32_t shards;     /* not 0: record i goes to shard (i mod shards) by explicit hash key; JSON only */
    uint64_t seed;
};

/* Makes up to `count` requests, fewer (but at least one) when they would take more than `bytes_max`. */
bool pool_fill(struct pool *pool, const struct fill *fill, size_t count, size_t bytes_max);
void pool_deinit(struct pool *pool);
