/* drive.h: a closed loop over N connections in one thread: whoever has its answer sends the next request. */
#pragma once

#include "conn.h"
#include "measure.h"

struct drive {
    uint16_t port;
    int connections;
    double silence_s;    /* without any answer for so long: give up */
    uint64_t errors_max; /* give up behind so many */

    /* The next request of connection `index`, NULL when it has none left; stays valid until it is answered. */
    const struct request *(*next)(void *ctx, int index);
    /* Looks at an answer; false if it is not what it should be. */
    bool (*good)(void *ctx, int index, const struct conn *conn);
    void *ctx;

    /* results */
    uint64_t answers, errors, broken;
    double seconds, client_cpu_s;
    struct samples latency;
    char first_error[200];
};

/* False when it could not even begin. What went wrong on the way is in the results. */
bool drive_run(struct drive *drive);

void drive_note(struct drive *drive, int status, const struct bytes *body);
