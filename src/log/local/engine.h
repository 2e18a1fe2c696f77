/* engine.h: the embedded engine from within: one struct, owned by the loop's thread, and what its files owe each other.
 *
 * Jobs never touch it. A job is handed what it needs (references, numbers, a frame being built), and its `done`, on
 * the loop, applies the result. The workers:
 *   commit   one thread   take a new segment, write and sync frames
 *   sync     one thread   LOG_OS: the syncs that nobody waits for
 *   settle   one thread   recovery, settling, manifests, trim, backup
 *   read     four threads cold reads, free space, spare segments (which must not wait behind the settler) */
#pragma once

#include "base/buf.h"
#include "count/log.h"
#include "log/local/idmap.h"
#include "log/local/lane.h"
#include "log/local/local.h"
#include "log/local/manifest.h"
#include "log/local/segment.h"
#include "log/local/tail.h"

/* For log_user.report: the levels of the server's log. */
enum { REPORT_INFO = 1, REPORT_WARNING, REPORT_ERROR };

enum {
    PATH_BYTES_MAX = 4096,
    POSITION_COUNTER_BITS = 44,
    EPOCH_MAX = (1 << 18) - 1,
    POSITIONS_PER_COMMIT_MAX = 1 << 24,
    SYNC_TIMER_US = 100 * 1000, /* LOG_OS: a sync so long after the first frame that it will cover, */
    SYNC_BYTES = 256 << 10,      /* or when so much is written */
    ROLL_REST_US = 100 * 1000,
    HOLES_MAX = 1024,
};

/* commit.c */
struct commit {
    struct list queue;        /* log_commit: waiting */
    struct list flight;       /* log_commit: in the frame that is being written */
    struct tail_frame *frame; /* NULL: nothing in flight */
    struct os_job job;
    struct os_message kick;
    struct os_timer sync_timer;
    struct os_job sync_job;
    struct segment *sync_segment;
    uint64_t next_frame;      /* number of the next frame */
    uint64_t synced;          /* frames up to this number are synced: what the next one may vouch for */
    uint64_t sync_number;     /* what a running timed sync will have covered */
    uint64_t unsynced_bytes;  /* written since the last one began */
    uint64_t queued_bytes;
    struct lane lane;
    log_pos next;             /* the next position to give */
    ms time;                  /* of the latest frame */
    uint32_t chain;           /* header crc of the latest frame */
    uint64_t vouched;         /* of the frame in flight */
    uint64_t control;         /* the latest frame with a batch of the control log, or one behind it */
    uint32_t control_back;    /* of the frame in flight: how many frames back that was */
    int64_t work_us, sync_us;
    uint64_t seen_bytes;      /* queued at the last look whether more is coming */
    int64_t seen_us;          /* when more had come */
    int64_t wait_until;       /* 0: nobody waits for more */
    int64_t rest_us;          /* until then appends are refused, because there was no memory or no descriptor for a segment */
    enum err err, sync_err;
    bool busy, kicked, pressed, sync_armed, sync_busy, syncs_in_job, direct;
};

/* local.c: manifests being written, one at a time. */
struct manifest_wait {
    struct list link;
    void (*done)(struct manifest_wait *wait, enum err err);
};

struct settle;
struct trim;
struct lookup_cache;

/* A settled file that is in the manifest; shared by the readers that look into it. */
struct settled_file {
    struct manifest_file at;
    uint32_t refs;
    bool dying;               /* left the manifest; removed with the last reference */
    ms check_at;              /* trim need not look before */
    uint64_t dead_bytes;      /* that trim has given back so far */
    struct local *local;
};

struct local {
    struct log log;
    struct log_local_config config;
    struct count_log *count;
    char *dir;
    struct os *os;
    struct os_loop *loop;
    struct os_worker *commit_worker, *sync_worker, *settle_worker, *read_worker;

    uint32_t epoch;           /* of this boot */
    uint32_t epoch_reserved;  /* what the manifest on disk says: positions up to its end may be given */
    struct commit commit;
    struct tail tail;
    struct segments segments;

    struct idmap sealed;      /* log -> SEAL_STAGED or SEAL_DURABLE */
    struct idmap watches;     /* log -> struct watch_node */
    struct list watches_dirty;
    struct list watches_deaf; /* there was no memory to tell them apart: they hear of all growth */
    struct os_message watches_run;
    bool watches_posted;

    struct settled_file **files; /* in the order of what they settled */
    uint32_t file_count, file_capacity;
    uint64_t files_bytes;
    struct manifest_hole *holes;
    uint32_t hole_count;
    uint64_t manifest_count, settled_segment, settled_frame, next_file, boot_segment;
    ms settled_time;
    log_pos settled;          /* everything before it is in settled files */
    struct list manifest_waits, manifest_flight;
    struct os_job manifest_job;
    struct buf manifest_bytes;
    enum err manifest_err;
    uint32_t manifest_epoch;  /* what the next manifest says */
    struct manifest_wait epoch_wait;
    struct os_timer manifest_timer;
    bool manifest_busy, manifest_retrying, epoch_busy;

    struct settle *settle;
    struct trim *trim;
    struct lookup_cache *lookups;
    struct backup *backup;    /* NULL: none is being made */

    struct os_timer space_timer;
    struct os_job space_job;
    uint64_t space_wanted, space_free;
    bool space_busy, no_space;

    uint32_t jobs;            /* started and not done */
    bool failed, closing, closed_frame;
    struct os_message close_check;
    bool close_posted;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

extern char local_seal_marks[2];
#define SEAL_STAGED ((void *)&local_seal_marks[0])
#define SEAL_DURABLE ((void *)&local_seal_marks[1])

/* local.c */
void local_job(struct local *local, struct os_worker *worker, struct os_job *job, void (*work)(struct os_job *job),
               void (*done)(struct os_job *job));
void local_job_done(struct local *local); /* every `done` calls it, last */
void local_report(struct local *local, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void local_fail(struct local *local, enum err err, const char *what);
void local_path(const struct local *local, const char *name, char ret_path[static PATH_BYTES_MAX]);
void local_manifest_save(struct local *local, struct manifest_wait *wait);
must_use enum err local_manifest_encode(struct local *local, struct buf *buf); /* as it would be saved now */
void settled_file_release(struct settled_file *file);
must_use enum err local_file_add(struct local *local, const struct manifest_file *at); /* last in the order */
void local_files_drop(struct local *local, uint32_t count); /* the last ones; nobody has seen them yet */
void local_hole(struct local *local, struct manifest_hole hole);
uint32_t local_control_back(const struct local *local, uint64_t frame); /* as its header says it */
bool local_sealed(const struct local *local, log_id log); /* durably */
void local_reserve_epoch(struct local *local);            /* have the manifest hold one more */
void local_close_check(struct local *local);              /* closing: is it time? */

/* watch.c */
void watch_add(struct log *log, struct log_watch *watch);
void watch_remove(struct log *log, struct log_watch *watch);
void watch_grown(struct local *local, const struct tail_frame *frame);
void watch_run(struct local *local);
void watches_deinit(struct local *local);

/* commit.c */
must_use enum err commit_init(struct local *local);
enum err commit_submit(struct log *log, struct log_commit *commit);
void commit_kick(struct local *local);
void commit_rolled(struct local *local, enum err err);
void commit_fail_all(struct local *local, enum err err);
bool commit_idle(const struct local *local);
bool commit_finish(struct local *local); /* on close: true when nothing is left to do */

/* read.c */
enum err read_start(struct log *log, struct log_read *read);
void read_release(struct log *log, struct log_read *read);
void read_cancel(struct log *log, struct log_read *read);

