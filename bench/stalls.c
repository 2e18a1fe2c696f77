/* stalls.c: how often this machine takes a processor away. One thread on each does nothing but look at the clock; where
 * two looks lie far apart it did not run. No latency of a loaded server can be better than that. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"

enum { CPUS_MAX = 64 };

#define STALL_SECONDS 0.0005

struct watcher {
    pthread_t thread;
    size_t cpu;
    double seconds, lost, longest;
    bool pinned;
};

static void *watch(void *arg)
{
    struct watcher *watcher = arg;
    double start, before, now;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(watcher->cpu, &set);
    watcher->pinned = pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0;
    start = before = clock_now();
    for (; watcher->pinned && before - start < watcher->seconds; before = now) {
        now = clock_now();
        if (now - before < STALL_SECONDS)
            continue;
        watcher->lost += now - before;
        if (now - before > watcher->longest)
            watcher->longest = now - before;
    }
    return NULL;
}

int mode_stalls(const struct options *options)
{
    struct watcher watchers[CPUS_MAX];
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = online < 1 ? 0 : online > CPUS_MAX ? CPUS_MAX : (size_t)online, begun = 0;
    double lost = 0, longest = 0;
    bool good = count > 0;

    for (; good && begun < count; begun += good) {
        watchers[begun] = (struct watcher){ .cpu = begun, .seconds = options->seconds };
        good = pthread_create(&watchers[begun].thread, NULL, watch, &watchers[begun]) == 0;
    }
    for (size_t i = 0; i < begun; i++) {
        good = pthread_join(watchers[i].thread, NULL) == 0 && watchers[i].pinned && good;
        lost += watchers[i].lost;
        longest = watchers[i].longest > longest ? watchers[i].longest : longest;
    }
    if (!good) {
        fprintf(stderr, "bench-load: stalls: no thread on each processor\n");
        return 1;
    }
    printf("{\"mode\":\"stalls\",\"processors\":%zu,\"stalled_percent\":%.3f,\"longest_ms\":%.3f}\n", count,
           100 * lost / (options->seconds * (double)count), longest * 1e3);
    return 0;
}
