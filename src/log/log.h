/* log.h: named, ordered, durable logs; the only way anything survives.
 *
 * A shard is a log, the catalog is a log, later a lease table or the input of a delivery stream. Nothing above this
 * room knows which engine is behind: log/local (files of our own), log/hostile (a test engine that does everything
 * the contract allows and nobody likes), one day a Kafka-protocol cluster.
 *
 * What may be relied on
 *   - A commit is atomic: after a crash, all of its appends are there or none.
 *   - The engine gives positions when it commits, in the order of its queue. Within one log they only grow; they are
 *     not dense, not known before `done`, and never given twice, even if a power loss took what had them.
 *   - Arrival times never decrease within one log, whatever the clock does.
 *   - A reader sees a batch only when it is durable, and then for as long as its retention lasts.
 *   - An ended (sealed) log takes nothing more: the append answers SEALED and nothing of it was written.
 * What may not be relied on: that this process is the only writer of a log; that an append is readable the moment
 * `done` is called by somebody else's reader first; any order between different logs.
 *
 * All functions are called on the loop's thread. */
#pragma once

#include "base/date.h"
#include "base/list.h"
#include "base/str.h"

struct log;

typedef uint64_t log_id;  /* given by the caller, never reused; 0 is no log */
typedef uint64_t log_pos; /* below LOG_POS_END; 0 is before everything */

#define LOG_POS_END ((log_pos)1 << 62)

/* ---- appending ------------------------------------------------------------------------------------------------- */

enum log_flag {
    LOG_SEAL = 1,          /* ends the log behind this batch (which may be empty: count 0, size 0) */
    LOG_USER_SHIFT = 8,    /* bits 8-15 belong to the caller and come back with the batch */
};

/* One batch for one log: `count` records that get the positions first, first + 1, ... */
struct log_append {
    log_id log;
    uint32_t count, flags;
    uint32_t size;         /* bytes of the body */
    /* Writes exactly `size` bytes. Called once, on a thread of the engine, after log_submit and before `done`; may
     * touch only what the append points to. */
    void (*fill)(const struct log_append *append, char *to);
    void *ctx;             /* the caller's */
    /* result, set before `done` */
    enum err err;          /* OK or SEALED; in an atomic commit CANCELLED where another append was SEALED */
    log_pos first;
};

struct log_commit {
    struct log_append *appends;
    uint32_t append_count;
    bool atomic;           /* one SEALED append voids all of them */
    /* Called once: OK (look at each append's err), or IO/NO_SPACE/STOPPED: nothing of it will ever be visible, or,
     * after IO, it is unknown until the next start whether it is. */
    void (*done)(struct log_commit *commit, enum err err);
    void *ctx;             /* the caller's */
    /* result */
    ms time;               /* arrival time of every record of the commit */
    /* private */
    struct list link;
    uint64_t bytes;
};

/* Queue it. FULL when the queue is at its bound, TOO_LARGE beyond LOG_COMMIT_BYTES_MAX in all, NO_SPACE below the
 * low-water mark of the disk, STOPPED after a failure: then nothing was queued and `done` is not called. */
must_use enum err log_submit(struct log *log, struct log_commit *commit);

enum { LOG_COMMIT_BYTES_MAX = 15 << 20 };

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* As written: immutable, and valid until log_read_release. */
struct log_batch {
    log_id log;
    log_pos first;
    uint32_t count, flags;
    ms time;
    str body;
    void *frame; /* private: what keeps it alive */
};

struct log_read {
    /* the question */
    log_id log;
    log_pos from;             /* the first position wanted; a batch that holds it is returned whole */
    ms not_before;            /* batches that arrived earlier are passed over */
    size_t bytes_max;         /* stop once the bodies reach it; the first batch is returned whatever its size */
    uint32_t batches_max;
    void (*done)(struct log_read *read, enum err err); /* only after PENDING */
    void *ctx;
    /* the answer */
    struct log_batch *batches; /* ascending; owned by the read */
    uint32_t batch_count;
    log_pos next;             /* continue here */
    bool at_end;              /* nothing durable at or behind `next` now */
    bool sealed;              /* at_end, and nothing will ever follow */
    bool damaged;             /* something in between failed its checksum: it was reported and is passed over */
    size_t held_bytes;        /* of memory that cannot be freed before log_read_release; the bodies are part of it */
    /* private */
    struct list link;
    void *engine;
    uint32_t batch_capacity;
};

/* OK: the answer is set and `done` will not be called (what is in memory is served so). PENDING: `done` comes later.
 * A log that nobody ever wrote to is empty. After OK (here or in `done`) the caller owes log_read_release. */
must_use enum err log_read(struct log *log, struct log_read *read);
void log_read_release(struct log *log, struct log_read *read);

/* Only between PENDING and `done`: gives it up, `done` is not called, nothing is owed. */
void log_read_cancel(struct log *log, struct log_read *read);

/* The end of what is durable: everything readable now lies before it, everything later at or behind it. */
log_pos log_end(struct log *log, log_id id);

/* Calls `grown` whenever something was appended to the log or it was sealed; on the loop, never from within a call. */
struct log_watch {
    struct list link;         /* private */
    log_id log;
    void (*grown)(struct log_watch *watch);
};

void log_watch(struct log *log, struct log_watch *watch);
void log_unwatch(struct log *log, struct log_watch *watch);

/* False: there was no memory for it, `grown` will not be called, and the owner must look again by himself. */
static inline bool log_watched(const struct log_watch *watch)
{
    return !list_empty(&watch->link);
}

/* ---- what the engine asks its user ----------------------------------------------------------------------------- */

/* What of a log is still wanted, by present settings. Asked from the loop whenever something might be trimmed. */
struct log_horizon {
    bool gone;                /* the log was deleted: all of it may go */
    log_pos before;           /* batches that end at or before this position may go */
    ms before_time;           /* and those that arrived earlier than this */
    uint8_t retention_class;  /* where to settle: logs that expire together share files; a hint */
};

struct log_user {
    struct log_horizon (*horizon)(void *ctx, log_id id);
    /* One line for the operator: damage, a cut tail, a full disk, ... `level` as in the server's log. */
    void (*report)(void *ctx, int level, str sentence);
    /* The engine can go on no more (a failed write or sync): the process should exit. */
    void (*failed)(void *ctx, enum err err, str sentence);
    void *ctx;
};

/* ---- engines --------------------------------------------------------------------------------------------------- */

struct log_engine {
    enum err (*submit)(struct log *log, struct log_commit *commit);
    enum err (*read)(struct log *log, struct log_read *read);
    void (*release)(struct log *log, struct log_read *read);
    void (*cancel)(struct log *log, struct log_read *read);
    log_pos (*end)(struct log *log, log_id id);
    void (*watch)(struct log *log, struct log_watch *watch);
    void (*unwatch)(struct log *log, struct log_watch *watch);
    /* Finish what was submitted, then call `closed`; nothing else may be called after. */
    void (*close)(struct log *log, void (*closed)(void *ctx), void *ctx);
};

/* The head of every engine's own struct. */
struct log {
    const struct log_engine *engine;
};

void log_close(struct log *log, void (*closed)(void *ctx), void *ctx);
