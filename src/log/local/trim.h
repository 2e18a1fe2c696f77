/* trim.h: give back what nobody wants any more, in steps small enough that no commit waits behind them. */
#pragma once

#include "log/local/engine.h"

must_use enum err trim_create(struct local *local);
void trim_destroy(struct local *local);

/* The engine is open; it is about to close. */
void trim_start(struct local *local);
void trim_stop(struct local *local);

/* Physical trim waits for ten minutes after the start and after the wall clock stepped: what seems to have expired may
 * not have. */
enum {
    TRIM_PAUSE_US = 10 * 60 * 1000 * 1000,
    TRIM_CLOCK_STEP_MS = 5 * 60 * 1000,
    TRIM_TIMER_US = 30 * 1000 * 1000,
    TRIM_STEP_BYTES = 4 << 20,
    TRIM_CHECK_MS_MIN = 60 * 1000,      /* a file is looked at again not sooner */
    TRIM_CHECK_MS_MAX = 60 * 60 * 1000, /* and not later: settings change, logs are deleted */
};

bool trim_paused(const struct local *local);

/* Remove a file of the directory in the background: cut off from its end in steps, then unlinked. If it cannot be
 * done now, the next start does it. */
void trim_remove(struct local *local, const char *name);
