/* recover.h: what a start does with the directory, and what it refuses to guess.
 *
 * Every segment that is not settled is walked frame by frame. At the first frame that does not check:
 *   - if a later frame, or the header of a later segment, vouches for the place, those bytes were acknowledged and are
 *     damaged: reported, passed over, and remembered as a hole, so that a read across it can say so;
 *   - if none does, it is a tail torn by a crash: cut, and the cut is reported.
 * One case cannot be decided: rot in the very last frame before a crash. It looks like a torn tail.
 *
 * What no later frame vouches for may be in the page cache only (a failed sync marks pages clean). Such frames are
 * copied into a fresh segment and synced there before anything is visible. The header of the fresh segment says with
 * which frame it begins, so what the old one holds from there on is void. */
#pragma once

#include "log/local/engine.h"
#include "log/local/scan.h"
#include "log/local/settled.h"

/* What was found in one segment. Frames are reported in order. */
struct walk {
    struct scan *scan;
    struct segment_head head;
    uint64_t limit;         /* number of the first frame of the next segment; 0 if this is the last */
    /* called for each frame that counts, `frame` is valid during the call */
    enum err (*frame)(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame);
    /* called where frames from..to-1 should be and are not */
    enum err (*lost)(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to);
    void *ctx;
    /* result */
    uint64_t next_frame;    /* the number behind the last frame */
    uint64_t end;           /* the offset behind it */
    uint64_t vouched;       /* the highest number that some frame vouches for */
    uint32_t chain;         /* header crc of the last frame */
    bool cut;               /* something stands behind `end` that was torn */
};

/* Walk a segment from its first frame. Pure: looks at nothing but the scan. OK, or IO, NO_MEMORY, NEWER. */
must_use enum err walk_segment(struct walk *walk);

/* The header of segment `number` (0: whichever it is); when it is damaged, its generation is taken from the first frame,
 * and `ret_damaged` set. MISSING when there is nothing to go by. */
must_use enum err walk_head(struct scan *scan, uint64_t number, struct segment_head *ret_head, bool *ret_damaged);

struct recovery {
    struct os_job job;
    struct local *local;
    struct buf report;      /* lines "0 sentence\n", the digit is the level */
    struct buf doomed;      /* lines: names of files to remove */
    uint64_t damaged_frames, cut_tails;
    enum err err;
};

/* The work: fills local->tail, segments, sealed, files and the counters of commit. Nobody else runs yet. */
void recover_work(struct os_job *job);
