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
    log_id log;
    log_pos first;
    uint64_t offset;
    const char *at;           /* NULL: not in memory */
    uint32_t size;
    uint32_t segment;
};

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
    uint32_t ref, ref_count;
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
    struct ref *refs;        /* in the order of the logs, once all is listed */
    uint32_t ref_count, ref_capacity;
    struct pass_log *logs;   /* in the order of their classes, once all were asked */
    uint32_t log_count, log_asked;
    bool keep_expired;       /* the clock is not trusted at present */

    struct pack pack;        /* the file that is being written, if `packing` */
    bool packing, fresh;     /* fresh: the next batch is the first of its log there */
    struct openings openings; /* of segments, for what is not in memory */
    uint32_t log_written, ref_written; /* logs that are through, and batches of the one that is not */
    uint64_t arranged;       /* bytes of batches that are through */
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

/* In a job: list the batches of the next segment; after the last, bring them in order and list their logs. */
must_use enum err gather_list(struct settle *settle);
void gather_deinit(struct settle *settle);

/* arrange.c */

/* In a job: the next `step_bytes` of batches into their files, and whatever ends a file. */
must_use enum err arrange_step(struct settle *settle);
bool arrange_done(const struct settle *settle);

/* The file that is being written is given up; its name stays taken until it is removed. */
void arrange_stop(struct settle *settle);
