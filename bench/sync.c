/* sync.c: what one write and its fdatasync take on this disk, in a file that is written already (as a recycled segment
 * is). Durable latencies mean nothing without it. With a rate there is a rest between them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { FILE_BYTES = 64 << 20 };

/* Until the write with this number is due; at a rate that the disk cannot keep there is no rest between them. */
static void wait_due(const struct options *options, double start, uint64_t number)
{
    double rest = options->rate > 0 ? start + (double)number / options->rate - clock_now() : 0;
    struct timespec time = { .tv_sec = (time_t)rest, .tv_nsec = (long)((rest - (double)(time_t)rest) * 1e9) };

    if (rest > 0)
        (void)nanosleep(&time, NULL);
}

int mode_sync(const struct options *options)
{
    int fd = file_written(options->file, FILE_BYTES);
    size_t size = options->record_bytes;
    struct samples samples = { 0 };
    char *data = malloc(size);
    bool good = fd >= 0 && data && size <= FILE_BYTES;
    double start = clock_now(), before = start;
    uint64_t number = 0;

    if (data)
        memset(data, 'x', size);
    for (off_t at = 0; good && before - start < options->seconds; at += (off_t)size) {
        double after;

        if (at + (off_t)size > FILE_BYTES)
            at = 0;
        wait_due(options, start, number++);
        before = clock_now();
        good = pwrite(fd, data, size, at) == (ssize_t)size && fdatasync(fd) == 0;
        after = clock_now();
        good = good && samples_add(&samples, (after - before) * 1e6);
        before = after;
    }
    if (good) {
        printf("{\"mode\":\"sync\",\"bytes\":%zu", size);
        samples_print(&samples, "sync_us", stdout);
        printf("}\n");
    } else {
        perror("bench-load: sync");
    }
    samples_deinit(&samples);
    free(data);
    if (fd >= 0)
        close(fd);
    return !good;
}
