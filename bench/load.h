/* load.h: what all modes of bench-load share: the options and the shape of a result. */
#pragma once

#include "drive.h"
#include "fill.h"

struct options {
    struct target target;
    struct server server;
    const char *mode, *stream, *file;
    const struct dialect *dialect; /* NULL: Kinesis */
    enum wire wire;
    bool unchecked; /* of a server that answers a constant only the status is looked at */
    int connections, records, limit, consumers, rounds;
    uint32_t shards;
    size_t record_bytes, pool_count, pool_bytes;
    double seconds, megabytes, silence_s, rate; /* rate: requests/s of an open loop, 0 for a closed one */
    uint64_t requests, errors_max, since_ns, expect;
};

/* Answers are good, the pool is fresh and there is still something to do: the `next` and `good` of puts. */
struct put_run {
    const struct options *options;
    struct pool pool;
    struct drive *drive;
    double signed_at, start;
    uint64_t asked, asked_max;
    size_t *taken;               /* by connection, where each has requests of its own */
    double seconds_max;
};

bool put_run_fill(struct put_run *run, const struct options *options, int records, bool numbered, uint32_t shards,
                  size_t count);
void put_run_deinit(struct put_run *run);
const struct request *put_next(void *ctx, int index);
bool put_good(void *ctx, int index, const struct conn *conn);

struct drive drive_of(const struct options *options);

/* One JSON object on standard output. `more` prints further members, each with a leading comma; may be NULL.
 * Returns the exit status: 0 when everything was answered as it should be. */
struct outcome {
    const struct options *options;
    struct drive *drive;
    struct usage before, after;
    uint64_t records, bytes;
    void (*more)(FILE *to, void *ctx);
    void *ctx;
};

int outcome_print(const struct outcome *outcome);
int complain(const char *what, int status, const struct answer *answer);

/* The ids of the stream's shards, `ret_ids` an array of fixed rows. Returns how many, 0 when that failed. */
enum { SHARD_ID_BYTES = 64 };
size_t shards_list(const struct options *options, char (**ret_ids)[SHARD_ID_BYTES]);

/* What an answer of GetRecords or an event of SubscribeToShard says. */
struct seen {
    uint64_t records, bytes;
    const char *rest; /* behind the last record's data */
    bool odd;         /* data that is not a string of the wire's kind */
};

struct seen json_records(const char *at, const char *end);
struct seen cbor_records(const char *at, const char *end);

int logs_ready(const struct options *options);
int logs_create(const struct options *options);
int mode_get(const struct options *options);
int mode_subscribe(const struct options *options);
int mode_sync(const struct options *options);
int mode_stalls(const struct options *options);
int mode_fanout(const struct options *options);
