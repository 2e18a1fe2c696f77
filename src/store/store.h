/* store.h: an ordered map that is the fold of a log.
 *
 * State changes only when a durable record is folded in. A transaction says which versions it read, what it writes
 * and when; the fold applies it if none of those versions has changed, else rejects it (CONFLICT, and the caller
 * runs its pure decision again on the new state). So two writers, in one process or in many, need no lock: the order
 * of the log decides. A version is the position of the record that wrote the value.
 *
 * A snapshot bounds what must be folded at start. Two are kept, and the log back to the older one.
 *
 * Values and keys are bytes; whoever owns the store gives them meaning and follows changes by `changed`. Everything
 * is called on the loop's thread. */
#pragma once

#include "base/arena.h"
#include "base/tree.h"
#include "log/log.h"
#include "os/os.h"

enum { STORE_KEY_BYTES_MAX = 1024, STORE_TXN_BYTES_MAX = 4 << 20 };

struct store;

struct store_entry {
    struct tree_node node; /* node.key is the key */
    str value;
    log_pos version;
};

struct store_config {
    struct os *os;
    struct os_loop *loop;
    struct os_worker *worker; /* writes snapshots */
    struct log *log;
    log_id log_id;
    const char *dir;             /* for snapshots; NULL: none are written, the log is folded from its start */
    const char *name;            /* snapshots are called <name>-<position>.snapshot */
    uint64_t seed;               /* from entropy */
    uint64_t snapshot_bytes_min; /* folded bytes before a snapshot is worth writing */

    /* A key has a new value, or none (`now` absent). Called in the order of the fold, also while the store is opened.
     * `time` is that of the transaction. After an error nothing more is folded, for what follows would rest on a state
     * that is not whole: `failed` is called (while a snapshot is loaded: `opened` with the error). */
    enum err (*changed)(void *ctx, str key, str was, str now, ms time);
    /* The fold cannot go on (damage in the log, no memory): the process should exit. */
    void (*failed)(void *ctx, enum err err, str sentence);
    /* One line for the operator; `level` as in log.h. May be NULL. */
    void (*report)(void *ctx, int level, str sentence);
    /* Go on where the log was damaged: what was written there is missing from the state, and so is what was decided from
     * it. For repairs only: the caller then writes a snapshot with store_keep, so that no later start meets the damage. */
    bool accept_loss;
    void *ctx;
};

/* What accept_loss has accepted so far: damaged places, and transactions that did not fit on what was left. */
struct store_loss {
    uint64_t places, transactions;
};

/* Load the newest good snapshot, fold what follows, then call `opened` once. */
must_use enum err store_open(const struct store_config *config, void (*opened)(void *ctx, enum err err),
                             struct store **ret_store);

/* To be called when the log has been closed: from now on transactions are refused with STOPPED. */
void store_stop(struct store *store);

/* Log closed, store stopped, worker drained. Transactions under way are answered STOPPED. */
void store_close(struct store *store);

/* The folded state. Pointers stay valid until the loop's next turn. */
const struct store_entry *store_find(const struct store *store, str key);

/* The first entry whose key is >= `key` (> with `after`) and starts with `prefix`, or NULL. */
const struct store_entry *store_seek(const struct store *store, str key, bool after, str prefix);

/* What of the store's log is still needed (for the log's horizon callback). */
log_pos store_needed_from(const struct store *store);

size_t store_count(const struct store *store);

/* While held no new snapshot is begun, so that those there can be copied together with the log behind them. */
void store_hold(struct store *store, bool held);

/* Write a snapshot of what is folded in now; `kept` is called later, once. IN_USE while another is being
 * written, EXISTS if there is one already. */
must_use enum err store_keep(struct store *store, void (*kept)(void *ctx, enum err err), void *ctx);

struct store_loss store_loss(const struct store *store);

/* ---- transactions ---------------------------------------------------------------------------------------------- */

struct store_read {
    struct store_read *next;
    str key;
    log_pos version; /* 0: it was not there */
};

struct store_write {
    struct store_write *next;
    str key, value; /* value absent: remove */
};

struct store_txn {
    /* private but for `ctx` */
    struct store *store;
    struct arena *arena;
    struct store_read *reads;
    struct store_write *writes, **last_write;
    enum err err;
    ms time;
    void (*done)(struct store_txn *txn, enum err err);
    void *ctx;
    uint64_t id;
    bool logged, folded; /* the log is done with it; the fold has met it, and `err` is the verdict */
    struct list link;    /* in the store's `pending` or `refused` */
    struct log_append append;
    struct log_commit commit;
    char *record;
};

/* Everything the transaction remembers lives in `arena`, at least until `done`. */
void store_begin(struct store *store, struct store_txn *txn, struct arena *arena);

/* The folded value, and the promise that the transaction is void if it changes. NULL if there is none (which is
 * remembered as well). */
const struct store_entry *store_read(struct store_txn *txn, str key);

/* Writes are copied. Writing a key twice: the later one counts. */
void store_put(struct store_txn *txn, str key, str value);
void store_remove(struct store_txn *txn, str key);

bool store_has_writes(const struct store_txn *txn);

/* Submit. `done` is called once and later: OK when it has been folded in, CONFLICT when the fold rejected it (begin
 * again), or what kept it from the log: FULL, NO_SPACE, IO, STOPPED, NO_MEMORY, TOO_LARGE. */
void store_commit(struct store_txn *txn, ms time, void (*done)(struct store_txn *txn, enum err err));
