/* measure.c: clocks, quantiles, and what the kernel knows about the server. */
#include "measure.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

double cpu_self(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

enum { CHUNK_BYTES = 1 << 20 };

int file_written(const char *path, size_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char *chunk = calloc(1, CHUNK_BYTES);
    bool whole = fd >= 0 && chunk;

    for (size_t at = 0; whole && at < bytes; at += CHUNK_BYTES)
        whole = pwrite(fd, chunk, CHUNK_BYTES, (off_t)at) == CHUNK_BYTES;
    whole = whole && fsync(fd) == 0;
    free(chunk);
    if (fd >= 0)
        unlink(path);
    if (!whole && fd >= 0)
        close(fd);
    return whole ? fd : -1;
}

bool samples_add(struct samples *samples, double us)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity ? samples->capacity * 2 : 1 << 16;
        float *at = realloc(samples->at, capacity * sizeof(*at));

        if (!at)
            return false;
        samples->at = at;
        samples->capacity = capacity;
    }
    samples->at[samples->count++] = (float)us;
    return true;
}

void samples_deinit(struct samples *samples)
{
    free(samples->at);
    *samples = (struct samples){ 0 };
}

static int compare(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;

    return (left > right) - (left < right);
}

static double quantile(const struct samples *samples, double q)
{
    size_t rank = (size_t)ceil(q * (double)samples->count);

    return (double)samples->at[rank > 0 ? rank - 1 : 0];
}

void samples_print(struct samples *samples, const char *name, FILE *to)
{
    double sum = 0;

    if (samples->count == 0) {
        fprintf(to, ",\"%s\":null", name);
        return;
    }
    qsort(samples->at, samples->count, sizeof(*samples->at), compare);
    for (size_t i = 0; i < samples->count; i++)
        sum += (double)samples->at[i];
    fprintf(to,
            ",\"%s\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,\"mean\":%.1f,\"count\":%zu}",
            name, quantile(samples, 0.5), quantile(samples, 0.9), quantile(samples, 0.99), quantile(samples, 0.999),
            (double)samples->at[samples->count - 1], sum / (double)samples->count, samples->count);
}

static double status_mb(const char *text, const char *field)
{
    const char *at = strstr(text, field);

    return at ? strtod(at + strlen(field), NULL) * 1024 / 1e6 : 0;
}

static size_t proc_read(int pid, const char *name, char *to, size_t size)
{
    char path[64];
    size_t got;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    file = fopen(path, "r");
    if (!file)
        return 0;
    got = fread(to, 1, size - 1, file);
    to[got] = 0;
    fclose(file);
    return got;
}

struct usage server_usage(const struct server *server)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);
    struct usage usage = { 0 };
    char text[8192];

    for (int i = 0; i < server->pid_count; i++) {
        unsigned long user = 0, system = 0;
        const char *after_name;

        if (proc_read(server->pids[i], "stat", text, sizeof(text)) == 0)
            continue;
        after_name = strrchr(text, ')');
        if (after_name && sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                                 &system) == 2)
            usage.cpu_s += (double)(user + system) / ticks;
        if (proc_read(server->pids[i], "status", text, sizeof(text)) == 0)
            continue;
        usage.rss_mb += status_mb(text, "VmRSS:");
        usage.anon_mb += status_mb(text, "RssAnon:");
        usage.peak_mb += status_mb(text, "VmHWM:");
    }
    return usage;
}
