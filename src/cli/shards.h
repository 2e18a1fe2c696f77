/* shards.h: the shards of a stream as a reader walks them: what ListShards and GetRecords tell about them. No I/O. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/list.h"

enum { SHARDS_MAX = 100000 };

/* A shard and how far it has been read. */
struct cursor {
    struct list link; /* in the queue of those that want to be read */
    str id, parent, adjacent;
    str iterator;      /* absent: one must be had first */
    str last_sequence; /* of the last record that was printed; absent: none */
    bool from_start;   /* TRIM_HORIZON, whatever was asked for: it came to be while we read */
    bool queued, drained;
    int64_t due_us; /* not before */
    unsigned tries;
    char *iterator_memory, *sequence_memory;
};

struct shards {
    struct cursor **cursors; /* by id, which is the order of creation */
    size_t count, capacity;
    struct arena arena;
};

void shards_init(struct shards *shards);
void shards_deinit(struct shards *shards);

struct cursor *shards_find(const struct shards *shards, str id);

/* The cursor of that shard, made if it is new; NULL without memory or beyond SHARDS_MAX. */
struct cursor *shards_add(struct shards *shards, str id, str parent, str adjacent);

/* May it be read: are its parents drained, or not among those we read? */
bool shards_ready(const struct shards *shards, const struct cursor *cursor);

/* One page of ListShards. `*ret_token` (in the arena) is absent behind the last. The answer is destroyed. */
must_use enum err shards_page(struct shards *shards, struct buf *answer, str *ret_token);

/* What GetRecords says beside its records. */
struct records_answer {
    str iterator; /* absent: the shard has ended */
    int64_t behind_ms;
    size_t records;
};

struct record_line {
    str key, sequence;
    str data; /* decoded */
    ms arrived;
};

/* Walk an answer of GetRecords: `each` for every record, `child` for every child shard; both may refuse. The answer is
 * destroyed. */
struct records_reader {
    enum err (*each)(void *ctx, const struct record_line *line);
    enum err (*child)(void *ctx, str id, str parent, str adjacent);
    void *ctx;
};

must_use enum err shards_records(struct buf *answer, const struct records_reader *reader,
                                 struct records_answer *ret_answer);
