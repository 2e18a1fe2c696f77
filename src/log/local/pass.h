/* pass.h: one pass of the settler, as its three parts see it.
 *
 *     settle.c    picks segments, asks who still wants what, has the manifest name the files
 *     gather.c    what lies in those segments, from memory if it is there, else from the disk
 *     arrange.c   batch after batch into one file per class */
#pragma once

#include "log/local/openings.h"
#include "log/local/pack.h"
#include "log/local/settle.h"

enum {
    PASS_SEGMENTS_MAX = 256,
    PASS_CLASSES = 256,
};

/* Where a batch lies. */
struct ref {
    log_pos first;
    uint64_t offset;
    const char *at;           /* NULL: not in memory */
    uint32_t size, segment;
    uint32_t log;             /* which one it was when it was listed */
    uint32_t next;            /* the next of its log, or REF_END; positions only grow */
};

#define REF_END UINT32_MAX

/* A frame that is still in memory, and stays there for the pass. */
struct held {
    struct chunk *chunk;
    uint64_t offset;
    uint32_t segment;
};

struct pass_log {
    log_id id;
    log_pos before;
    ms before_time;
    uint32_t ref, ref_last;   /* its batches, or REF_END */
    uint8_t retention_class;
    bool gone;
};

/* Found damaged: a batch of `log` at position `from`; or, without a log, the frames numbered `from` to `to` - 1. */
struct lost {
    log_id log;
    uint64_t from, to;
};

struct settle {
    struct os_job job;
    struct local *local;
    bool busy, resting;
    struct os_message ask, hold_more;
    struct os_timer rest;
    struct manifest_wait saved;
    struct segment *segments[PASS_SEGMENTS_MAX];
    bool hot[PASS_SEGMENTS_MAX]; /* all of the segment is in memory */
    uint32_t segment_count, scanned;
    struct tail_frame *hold; /* the next frame to be looked at; NULL: all were */
    struct held *held;
    uint32_t held_count, held_capacity, held_listed, hold_segment;
    struct ref *refs;
    uint32_t ref_count, ref_capacity;
    uint32_t ref_begun;      /* of the segment that is being listed, the first */
    struct pass_log *logs;   /* in the order of their classes, once they are arranged */
    struct idmap log_places; /* log -> its place in `logs` and one, while batches are listed */
    uint32_t log_count, log_capacity, log_asked;
    bool keep_expired;       /* the clock is not trusted at present */

    struct pack pack;        /* the file that is being written, if `packing` */
    bool sorted, packing, fresh; /* fresh: the next batch is the first of its log there */
    struct openings openings;    /* of segments, for what is not in memory */
    uint32_t log_written;        /* logs that are through, */
    uint32_t ref_next;           /* and of the one that is not, the next batch */
    uint64_t through;        /* bytes of batches that were listed or arranged */
    uint64_t backlog_begun;  /* the backlog when the pass began */
    uint64_t step_bytes;     /* of the present step */
    struct manifest_file files[PASS_CLASSES];
    uint32_t file_count;
    uint64_t next_file;

    log_pos together;
    struct buf report;       /* lines */
    struct buf lost;         /* struct lost, one after the other */
    uint64_t lost_frames;
    enum err err;
};

/* gather.c */

/* On the loop: take hold of what is in memory of the segments of the pass, some frames a turn, until `hold` is NULL. */
must_use enum err gather_hold(struct settle *settle);

/* In a job: list the batches of the next segment, about `step_bytes` of it when it is in memory. */
must_use enum err gather_list(struct settle *settle);
void gather_deinit(struct settle *settle);

/* arrange.c */

/* In a job: the next `step_bytes` of batches into their files, and whatever ends a file. */
must_use enum err arrange_step(struct settle *settle);
bool arrange_done(const struct settle *settle);

/* The file that is being written is given up; its name stays taken until it is removed. */
void arrange_stop(struct settle *settle);
