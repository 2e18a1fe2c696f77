/* openings.h: commit segments that one job reads in turns, open while it does so: a few of them, whatever their number. */
#pragma once

#include "log/local/segment.h"

enum { OPENINGS_MAX = 16 };

/* Zero is empty. */
struct openings {
    struct {
        const struct segment *segment; /* NULL: nothing here */
        struct os_file *file;
    } at[OPENINGS_MAX];
};

/* The segment's file, until the next call. The caller holds a reference on the segment. NO_MEMORY, MISSING, IO. */
must_use enum err openings_take(struct openings *openings, const struct segment *segment, struct os_file **ret_file);

/* None stays open. */
void openings_close(struct openings *openings);
