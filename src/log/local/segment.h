/* segment.h: the files of the commit log: taken, filled, settled, used again.
 *
 *     spare-N.log --take--> commit-N.log (active) --roll--> closed --settled--> spare-N.log, or removed
 *
 * A spare is a file whose blocks are all written, so that a sync of the commit log has no metadata to write. The next
 * one is filled with zeros in the background; later ones come back from the settler. A segment carries its name only
 * after its header is synced, so a commit file without a good header is damage, never a torn start. */
#pragma once

#include "log/local/frame.h"
#include "os/os.h"

struct local;
struct tail_frame;

enum {
    SPARES_MIN = 2,
    SPARES_MAX = 16,
    SEGMENT_FIRST_BYTES = 1 << 20,
    SEGMENT_GROWTH = 4,
    FILL_STEP_BYTES = 128 << 10,
    SEGMENT_CLOSED_MAX = 64, /* settle when there are more, however small they are */
    SEGMENTS_IN_TAIL = 4,
};

struct segment {
    struct list link;       /* segments.all, ascending */
    struct segment_head head;
    struct os_file *file;   /* of the active one; who reads opens it for himself, or each would hold a descriptor */
    uint64_t used;          /* where the next frame goes */
    uint64_t last_frame;    /* number of the last frame in it; head.first_frame - 1 if there is none */
    log_pos end;            /* behind the last position in it */
    ms time;                /* of its first frame */
    uint32_t batch_count;
    uint64_t lost_frames;   /* known to be damaged since the start */
    uint32_t refs;
    bool settling;
    struct local *local;
    struct os_job job;      /* its recycling */
    uint64_t spare_number;
    enum err err;
};

struct spare {
    uint64_t number, size;
};

struct segments {
    struct list all;        /* not yet settled */
    struct segment *active; /* NULL only without a disk, and before the first roll succeeded */
    struct spare spares[SPARES_MAX];
    uint32_t spare_count;
    uint64_t next_number;   /* of segments and of spares */
    uint64_t next_size;
    uint64_t bytes;         /* used by frames, in all: the backlog */
    uint32_t count;
    struct roll *roll;
    struct fill *fill;
};

enum { SEGMENT_NAME_MAX = 40 };
void segment_name(char ret_name[static SEGMENT_NAME_MAX], const char *kind, uint64_t number);

/* The number in a name such as commit-000000000000002a.log; MALFORMED. */
must_use enum err segment_name_parse(const char *name, const char *kind, uint64_t *ret_number);

/* Make `path` a file of `head->size` bytes on disk that begins with `prefix` (header and perhaps frames): from the
 * spare at `spare_path` if given, else written in full. Synced, and named durably. After a failure the spare has its name
 * again, and what was made is gone. For jobs. */
must_use enum err segment_make(struct os *os, const char *dir, const struct segment_head *head, const char *spare,
                               str prefix, struct os_file **ret_file);

/* Open it for reading. For jobs that hold a reference, which keeps its name. NO_MEMORY, MISSING, IO. */
must_use enum err segment_open(const struct segment *segment, struct os_file **ret_file);

/* It is written no more: its file need not stay open. */
void segment_shut(struct segment *segment);

/* Create the object in memory and put it last in the list; the list holds the reference. NULL without memory. */
struct segment *segment_add(struct local *local, const struct segment_head *head, struct os_file *file);
/* `frame` was added to it. */
void segment_count(struct segment *segment, const struct tail_frame *frame);
void segment_hold(struct segment *segment);

/* The last reference of a settled segment starts its recycling. */
void segment_release(struct segment *segment);

/* Everything in it is settled: it leaves the list. */
void segment_settled(struct segment *segment);

/* The size of a segment that shall be `wanted` bytes within the setting, and hold `bytes` of frames in any case. */
uint64_t segment_size_for(const struct local *local, uint64_t wanted, uint64_t bytes);

/* A file to be used again; the larger ones are kept, the rest is removed. */
void spare_give(struct local *local, struct spare spare);

/* Start a new active segment with room for a frame of `bytes`; commit_rolled hears about it. */
void segment_roll(struct local *local, uint64_t bytes);

/* After each frame: have the next spare ready in time. */
void segment_prepare(struct local *local);

/* Bytes of the next spare that are written. */
uint64_t segment_filled(const struct fill *fill);

void segments_init(struct local *local);
void segments_deinit(struct local *local);
