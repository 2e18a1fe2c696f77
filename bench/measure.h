/* measure.h: clocks, quantiles, and what the kernel knows about the server. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

double clock_now(void);       /* seconds, monotonic */
double cpu_self(void);        /* seconds of user and system time of this process */

/* A file whose `bytes` (whole megabytes) are all written and synced, as a recycled segment's are, and that nobody can find
 * by its name any more. Returns its descriptor, or -1 with errno; there may not be one at `path`. */
int file_written(const char *path, size_t bytes);

/* Latencies in microseconds; grows as needed. */
struct samples {
    float *at;
    size_t count, capacity;
};

bool samples_add(struct samples *samples, double us);
void samples_deinit(struct samples *samples);

/* Prints ,"NAME":{"p50":..,"p90":..,"p99":..,"p999":..,"max":..,"mean":..} and sorts on the way. */
void samples_print(struct samples *samples, const char *name, FILE *to);

/* The server's processes, by id; none is fine and gives zeros. */
enum { SERVER_PIDS_MAX = 16 };

struct server {
    int pids[SERVER_PIDS_MAX];
    int pid_count;
};

struct usage {
    double cpu_s, rss_mb, anon_mb, peak_mb;
};

struct usage server_usage(const struct server *server);
