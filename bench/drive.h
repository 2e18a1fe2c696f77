/* drive.h: a loop over N connections in one thread: closed (whoever has its answer sends the next request), or open. */
#pragma once

#include <sys/epoll.h>

#include "conn.h"
#include "measure.h"

/* An open loop: request n is due at start + n / rate and sent by whoever is free; its latency counts from then. */
struct pace {
    double rate, start;
    uint64_t count;          /* requests that were due until now */
    int *idle, idle_count;   /* connections without a request */
};

bool pace_init(struct pace *pace, double rate, int connections);
void pace_deinit(struct pace *pace);
void pace_free(struct pace *pace, int connection);

/* Whoever shall send now, and when that was due; -1: nobody is free, or nothing is due. */
int pace_take(struct pace *pace, double *ret_due);

/* How long to wait for events at most: until the next request is due, if anybody could send it. */
int pace_wait(const struct pace *pace, int epoll, struct epoll_event *events, int count, double seconds_max);

struct drive {
    uint16_t port;
    const struct dialect *dialect; /* NULL: HTTP */
    double rate;         /* of an open loop; 0 for a closed one */
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
