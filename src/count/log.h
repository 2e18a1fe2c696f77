/* log.h: what the log engine counts. Plain fields, bumped on the loop's thread. */
#pragma once

#include "count/histogram.h"

struct count_log {
    uint64_t commits, batches, records, bytes;  /* made durable */
    uint64_t syncs, sync_failures, written_bytes;
    struct histogram commit_us;                 /* from the queue to durable */
    struct histogram sync_us;                   /* one fdatasync */
    struct histogram commit_bytes;              /* size of one frame: the batching */
    uint64_t queued_commits, queued_bytes;      /* now */
    uint64_t tail_bytes, backlog_bytes;         /* now */
    uint64_t commit_segments, settled_files, settled_bytes; /* now */
    uint64_t reads_tail, reads_commit_log, reads_settled;
    uint64_t trimmed_bytes, recycled_segments;
    uint64_t damaged_frames, damaged_runs, cut_tails;
    uint64_t refused_full, refused_no_space;
};
