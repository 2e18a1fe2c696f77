/* slowsync.c: a disk as slow as you like, in front of an unchanged program.
 *
 *   LD_PRELOAD=build/bench/slowsync.so LEAT_SYNC_DELAY_US=1000 leat serve ...
 *
 * Where this project is developed a sync takes 30 us, which hides bad batching. Each fsync, fdatasync, syncfs,
 * msync(MS_SYNC), sync_file_range that waits, and each write to a file opened with O_SYNC or O_DSYNC first sleeps for
 * the delay. Sleeps of several threads overlap, as they would in a device with a deep queue. Programs that are linked
 * statically or make system calls of their own (Go, io_uring) are not slowed: look at the rates before you compare. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void delay(void)
{
    const char *setting = getenv("LEAT_SYNC_DELAY_US");
    long us = setting ? strtol(setting, NULL, 10) : 0;
    struct timespec pause = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    int before = errno;

    while (us > 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, &pause) == EINTR)
        ;
    errno = before;
}

/* dlsym gives an object pointer where we need a function: the union is what POSIX allows. */
#define NEXT(name, result, ...)                                                                                        \
    static union {                                                                                                     \
        void *object;                                                                                                  \
        result (*call)(__VA_ARGS__);                                                                                   \
    } next;                                                                                                            \
    if (!next.object)                                                                                                  \
    next.object = dlsym(RTLD_NEXT, name)

static int is_synced(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & (O_DSYNC | O_SYNC)) != 0;
}

int fsync(int fd)
{
    NEXT("fsync", int, int);
    delay();
    return next.call(fd);
}

int fdatasync(int fd)
{
    NEXT("fdatasync", int, int);
    delay();
    return next.call(fd);
}

int syncfs(int fd)
{
    NEXT("syncfs", int, int);
    delay();
    return next.call(fd);
}

int msync(void *at, size_t size, int flags)
{
    NEXT("msync", int, void *, size_t, int);
    if (flags & MS_SYNC)
        delay();
    return next.call(at, size, flags);
}

int sync_file_range(int fd, off_t from, off_t size, unsigned int flags)
{
    NEXT("sync_file_range", int, int, off_t, off_t, unsigned int);
    if (flags & (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER))
        delay();
    return next.call(fd, from, size, flags);
}

ssize_t write(int fd, const void *at, size_t size)
{
    NEXT("write", ssize_t, int, const void *, size_t);
    if (is_synced(fd))
        delay();
    return next.call(fd, at, size);
}

ssize_t pwrite(int fd, const void *at, size_t size, off_t offset)
{
    NEXT("pwrite", ssize_t, int, const void *, size_t, off_t);
    if (is_synced(fd))
        delay();
    return next.call(fd, at, size, offset);
}

ssize_t pwrite64(int fd, const void *at, size_t size, off64_t offset)
{
    NEXT("pwrite64", ssize_t, int, const void *, size_t, off64_t);
    if (is_synced(fd))
        delay();
    return next.call(fd, at, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    NEXT("writev", ssize_t, int, const struct iovec *, int);
    if (is_synced(fd))
        delay();
    return next.call(fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    NEXT("pwritev", ssize_t, int, const struct iovec *, int, off_t);
    if (is_synced(fd))
        delay();
    return next.call(fd, parts, count, offset);
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    NEXT("pwritev2", ssize_t, int, const struct iovec *, int, off_t, int);
    if ((flags & (RWF_DSYNC | RWF_SYNC)) != 0 || is_synced(fd))
        delay();
    return next.call(fd, parts, count, offset, flags);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    NEXT("pwritev64", ssize_t, int, const struct iovec *, int, off64_t);
    if (is_synced(fd))
        delay();
    return next.call(fd, parts, count, offset);
}

ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    NEXT("pwritev64v2", ssize_t, int, const struct iovec *, int, off64_t, int);
    if ((flags & (RWF_DSYNC | RWF_SYNC)) != 0 || is_synced(fd))
        delay();
    return next.call(fd, parts, count, offset, flags);
}
