/* keeper.h: when snapshots are written, which are kept, and how the newest good one is found. */
#pragma once

#include "base/buf.h"
#include "store/store.h"

struct keeper {
    const struct store_config *config;
    void (*loaded)(void *ctx, enum err err, str bytes);
    void *ctx;
    log_pos newest, older; /* positions of the two that are kept; 0: none */
    log_pos writing;       /* of the one under way */
    uint64_t folded_bytes; /* since the newest */
    bool busy, stopped, held;
    struct os_job job;
    log_pos found[2], stale; /* by the job that loads: the two newest, and one that is older still */
    bool damaged;            /* found[0] was, and was put aside */
    struct buf bytes;        /* being written, or just read */
    void (*kept)(void *ctx, enum err err); /* who asked for the one under way, or NULL */
    void *kept_ctx;
    enum err err;
};

/* Finds the newest snapshot that checks and calls `loaded` with its bytes (absent: there is none), later. */
void keeper_start(struct keeper *keeper, const struct store_config *config,
                  void (*loaded)(void *ctx, enum err err, str bytes), void *ctx);

/* No job may be under way any more (the worker was drained). */
void keeper_stop(struct keeper *keeper);

void keeper_folded(struct keeper *keeper, size_t bytes);

/* Writes a snapshot if what was folded since the last one outweighs the state. */
void keeper_consider(struct keeper *keeper, const struct tree *entries, size_t value_bytes, log_pos folded_to);

/* The same whether it is worth it or not. IN_USE while one is being written, EXISTS if there is one of
 * this position; NO_MEMORY, TOO_LARGE. */
must_use enum err keeper_keep(struct keeper *keeper, const struct tree *entries, log_pos folded_to,
                              void (*kept)(void *ctx, enum err err), void *ctx);

/* The log before this position is not needed. */
log_pos keeper_needed_from(const struct keeper *keeper);
