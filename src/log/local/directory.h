/* directory.h: the state of a start while it is under way, and its first half: names and manifest. */
#pragma once

#include "log/local/recover.h"

struct numbers {
    uint64_t *at;
    uint32_t count, capacity;
};

struct recover {
    struct recovery *recovery;
    struct local *local;
    struct manifest manifest;
    struct numbers commits, spares, settled;
    bool manifest_found;
    uint64_t expected;      /* number of the next frame */
    bool hole;              /* frames were lost in front of the next one, */
    uint64_t hole_from;     /* from this number on; */
    uint64_t control_frame; /* and what stands behind says of the control log, see frame.h */
    uint32_t control;
    bool end_missing;       /* the last segment is gone */
    /* the segment that is being walked */
    struct segment *segment;
    uint64_t number_max;    /* of any segment or spare, whatever became of it */
};

/* One line for the operator, told when the job is done. */
void recover_report(struct recover *state, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The file is to be removed in the background. */
void recover_doom(struct recover *state, const char *name);

/* Is the number among them? They are ascending. */
bool numbers_known(const struct numbers *numbers, uint64_t number);

/* List the names and read the manifest. CORRUPT, NEWER. */
must_use enum err directory_read(struct recover *state);

/* Take over what the manifest says, settled files and spares. */
must_use enum err directory_take(struct recover *state);
