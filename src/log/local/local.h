/* local.h: the embedded engine, as its owner sees it. See README.md for the shape of it. */
#pragma once

#include "log/log.h"
#include "os/os.h"

struct count_log; /* count/log.h: what the engine counts */

enum log_durability {
    LOG_SYNC,   /* acknowledge after fdatasync */
    LOG_OS,     /* acknowledge after write; sync every 100 ms */
    LOG_MEMORY, /* nothing on disk; what leaves the tail is gone. For tests */
};

struct log_local_config {
    struct os *os;
    struct os_loop *loop;
    const char *dir;             /* exists, and is locked by the caller; the engine owns what it finds in it */
    enum log_durability durability;
    struct log_user user;
    uint64_t tail_bytes_max;     /* recent frames kept in memory for readers */
    uint64_t backlog_bytes_max;  /* bound of what is committed and not yet settled */
    uint64_t queue_bytes_max;    /* bound of what waits for a commit */
    uint64_t segment_bytes_max;  /* of the commit log; at least 32 MiB in production, small in tests */
    uint64_t settled_bytes_max;  /* of one settled file */
    int64_t bucket_ms;           /* time span of one settled file */
    uint64_t index_cache_bytes;  /* LRU of settled indexes */
    log_id control_log;          /* a read of it says `damaged` only if it was hit, or that cannot be known; 0: none */
    struct count_log *count;
};

/* Recover what is in the directory, then call `opened` with the log, or with CORRUPT, NEWER, IO, NO_SPACE, NO_MEMORY
 * (the user's `report` has said what and where). Returns at once; the work is done by jobs. */
must_use enum err log_local_open(const struct log_local_config *config,
                                 void (*opened)(void *ctx, enum err err, struct log *log), void *ctx);

/* The engine's boot epoch: one more than that of any earlier start on this directory. Never 0. */
uint32_t log_local_epoch(const struct log *log);

/* A consistent copy of everything durable now, made while appends go on: what is copied is pinned against trim and
 * recycling until `done`. `to` is an existing, empty directory. One at a time (IN_USE). */
must_use enum err log_local_backup(struct log *log, const char *to, void (*done)(void *ctx, enum err err), void *ctx);

/* Print any file of the engine for people (`leat show`), one line per frame, batch, run or index entry; every checksum is
 * verified, and what does not match is a line that begins with "DAMAGED". The body of each batch of a commit segment goes
 * to `batch` behind its line. UNSUPPORTED if the file is not one of ours; CORRUPT, when all that can be was printed, if
 * something in it is damaged. */
struct log_local_printer {
    void (*line)(void *ctx, str text);
    void (*batch)(void *ctx, log_id log, str body); /* may be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t size); /* bytes of the file; may be NULL */
    void *ctx;
};

must_use enum err log_local_show(struct os *os, const char *path, const struct log_local_printer *printer);
