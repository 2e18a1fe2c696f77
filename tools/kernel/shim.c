/* shim.c: a kernel that fails when it is told to, in front of an unchanged program.
 *
 *   LD_PRELOAD=build/tools/kernel/shim.so LEAT_FAULTS=rules leat serve ...
 *
 * The file named by LEAT_FAULTS holds a rule per line, CALL PATTERN FIRST LAST ACTION, and is read again whenever it
 * has been replaced (renamed over); counting begins anew then:
 *
 *   fdatasync *commit-*  3 3 EIO         the third sync of a commit segment fails
 *   pwritev   *          1 0 short=1000  every write takes 1000 bytes at most (0: for ever)
 *   fdatasync *          1 0 delay=5000  every sync first sleeps for 5 ms
 *
 * Calls: open pread pwrite pwritev fdatasync fsync ftruncate fallocate rename unlink, and read (of regular files only).
 * A rule that strikes for the first time adds a line to RULES.struck, so that a test can tell a fault that was survived
 * from one that never came. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { RULES_MAX = 32, PATH_BYTES = 4096 };

struct rule {
    char call[16], pattern[256], action[32];
    unsigned long first, last, seen;
    int error;
    long delay_us;
    size_t most;
};

struct fault {
    int error;
    long delay_us;
    size_t most; /* bytes that a read or write may move; 0: any */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct rule rules[RULES_MAX];
static size_t rule_count;
static ino_t loaded;

static int error_of(const char *name)
{
    static const struct {
        const char *name;
        int error;
    } errors[] = { { "EIO", EIO },       { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EROFS", EROFS },
                   { "EMFILE", EMFILE }, { "ENOMEM", ENOMEM }, { "EINTR", EINTR },   { "EACCES", EACCES } };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strcmp(name, errors[i].name) == 0)
            return errors[i].error;
    return 0;
}

static bool rule_read(const char *line, struct rule *rule)
{
    *rule = (struct rule){ 0 };
    if (sscanf(line, "%15s %255s %lu %lu %31s", rule->call, rule->pattern, &rule->first, &rule->last, rule->action) !=
        5)
        return false;
    if (strncmp(rule->action, "delay=", 6) == 0)
        rule->delay_us = strtol(rule->action + 6, NULL, 10);
    else if (strncmp(rule->action, "short=", 6) == 0)
        rule->most = strtoul(rule->action + 6, NULL, 10);
    else
        rule->error = error_of(rule->action);
    return rule->delay_us > 0 || rule->most > 0 || rule->error != 0;
}

/* A rule that cannot be read ends the program: a test that tests nothing must not pass. */
static void load(const char *path)
{
    char line[PATH_BYTES];
    struct stat now;
    FILE *file;

    if (stat(path, &now) < 0 || now.st_ino == loaded)
        return;
    file = fopen(path, "re");
    if (!file)
        return; /* without descriptors: the next call tries again */
    loaded = now.st_ino;
    rule_count = 0;
    while (fgets(line, sizeof(line), file)) {
        if (line[0] == '\n')
            continue;
        if (rule_count == RULES_MAX || !rule_read(line, &rules[rule_count])) {
            fprintf(stderr, "shim: not a rule: %s", line);
            abort();
        }
        rule_count++;
    }
    (void)fclose(file);
}

static void tell(const char *rules_path, const struct rule *rule)
{
    char path[PATH_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "%s.struck", rules_path);
    file = fopen(path, "ae");
    if (!file)
        return;
    fprintf(file, "%s %s %lu %s\n", rule->call, rule->pattern, rule->seen, rule->action);
    (void)fclose(file);
}

/* What becomes of this call. Sleeps here, outside the lock, so that delays overlap as in a device. */
static struct fault decide(const char *call, const char *path)
{
    const char *rules_path = getenv("LEAT_FAULTS");
    struct fault fault = { 0 };
    int before = errno;

    if (!rules_path)
        return fault;
    pthread_mutex_lock(&mutex);
    load(rules_path);
    for (size_t i = 0; i < rule_count; i++) {
        struct rule *rule = &rules[i];

        if (strcmp(rule->call, call) != 0 || fnmatch(rule->pattern, path, 0) != 0)
            continue;
        rule->seen++;
        if (rule->seen < rule->first || (rule->last && rule->seen > rule->last))
            continue;
        if (rule->seen == rule->first)
            tell(rules_path, rule);
        fault.error = rule->error ? rule->error : fault.error;
        fault.delay_us += rule->delay_us;
        fault.most = rule->most ? rule->most : fault.most;
    }
    pthread_mutex_unlock(&mutex);

    struct timespec pause = { .tv_sec = fault.delay_us / 1000000, .tv_nsec = fault.delay_us % 1000000 * 1000 };

    while (fault.delay_us > 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, &pause) == EINTR)
        ;
    errno = fault.error ? fault.error : before;
    return fault;
}

static struct fault decide_fd(const char *call, int fd)
{
    char link[64], path[PATH_BYTES];
    int before = errno;
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof(path) - 1);
    errno = before;
    if (size <= 0 || path[0] != '/')
        return (struct fault){ 0 }; /* a socket, a pipe */
    path[size] = 0;
    return decide(call, path);
}

/* dlsym gives an object pointer where we need a function: the union is what POSIX allows. */
#define NEXT(name, result, ...)                                                                                        \
    static union {                                                                                                     \
        void *object;                                                                                                  \
        result (*call)(__VA_ARGS__);                                                                                   \
    } next;                                                                                                            \
    if (!next.object)                                                                                                  \
    next.object = dlsym(RTLD_NEXT, name)

static size_t at_most(size_t size, struct fault fault)
{
    return fault.most && fault.most < size ? fault.most : size;
}

/* ---- the calls, under both of their names ------------------------------------------------------------------------ */

#define OPEN(function)                                                                                                 \
    int function(const char *path, int flags, ...)                                                                     \
    {                                                                                                                  \
        NEXT(#function, int, const char *, int, ...);                                                                  \
        mode_t mode = 0;                                                                                               \
                                                                                                                       \
        if (flags & O_CREAT) {                                                                                         \
            va_list args;                                                                                              \
                                                                                                                       \
            va_start(args, flags);                                                                                     \
            mode = va_arg(args, mode_t);                                                                               \
            va_end(args);                                                                                              \
        }                                                                                                              \
        return decide("open", path).error ? -1 : next.call(path, flags, mode);                                         \
    }

#define PREAD(function, offset_type)                                                                                   \
    ssize_t function(int fd, void *to, size_t size, offset_type offset)                                                \
    {                                                                                                                  \
        NEXT(#function, ssize_t, int, void *, size_t, offset_type);                                                    \
        struct fault fault = decide_fd("pread", fd);                                                                   \
                                                                                                                       \
        return fault.error ? -1 : next.call(fd, to, at_most(size, fault), offset);                                     \
    }

#define PWRITE(function, offset_type)                                                                                  \
    ssize_t function(int fd, const void *from, size_t size, offset_type offset)                                        \
    {                                                                                                                  \
        NEXT(#function, ssize_t, int, const void *, size_t, offset_type);                                              \
        struct fault fault = decide_fd("pwrite", fd);                                                                  \
                                                                                                                       \
        return fault.error ? -1 : next.call(fd, from, at_most(size, fault), offset);                                   \
    }

/* A write that is cut short takes a part of the first piece that is not empty. */
#define PWRITEV(function, offset_type)                                                                                 \
    ssize_t function(int fd, const struct iovec *parts, int count, offset_type offset)                                 \
    {                                                                                                                  \
        NEXT(#function, ssize_t, int, const struct iovec *, int, offset_type);                                         \
        struct fault fault = decide_fd("pwritev", fd);                                                                 \
        struct iovec piece;                                                                                            \
                                                                                                                       \
        if (fault.error)                                                                                               \
            return -1;                                                                                                 \
        if (!fault.most)                                                                                               \
            return next.call(fd, parts, count, offset);                                                                \
        while (count > 1 && parts->iov_len == 0) {                                                                     \
            parts++;                                                                                                   \
            count--;                                                                                                   \
        }                                                                                                              \
        piece = (struct iovec){ parts->iov_base, at_most(parts->iov_len, fault) };                                     \
        return next.call(fd, &piece, 1, offset);                                                                       \
    }

#define FTRUNCATE(function, offset_type)                                                                               \
    int function(int fd, offset_type size)                                                                             \
    {                                                                                                                  \
        NEXT(#function, int, int, offset_type);                                                                        \
        return decide_fd("ftruncate", fd).error ? -1 : next.call(fd, size);                                            \
    }

#define FALLOCATE(function, offset_type)                                                                               \
    int function(int fd, int mode, offset_type offset, offset_type size)                                               \
    {                                                                                                                  \
        NEXT(#function, int, int, int, offset_type, offset_type);                                                      \
        return decide_fd("fallocate", fd).error ? -1 : next.call(fd, mode, offset, size);                              \
    }

OPEN(open)
OPEN(open64)
PREAD(pread, off_t)
PREAD(pread64, off64_t)
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)
FALLOCATE(fallocate, off_t)
FALLOCATE(fallocate64, off64_t)

ssize_t read(int fd, void *to, size_t size)
{
    NEXT("read", ssize_t, int, void *, size_t);
    struct fault fault = decide_fd("read", fd);

    return fault.error ? -1 : next.call(fd, to, at_most(size, fault));
}

int fdatasync(int fd)
{
    NEXT("fdatasync", int, int);
    return decide_fd("fdatasync", fd).error ? -1 : next.call(fd);
}

int fsync(int fd)
{
    NEXT("fsync", int, int);
    return decide_fd("fsync", fd).error ? -1 : next.call(fd);
}

int rename(const char *from, const char *to)
{
    NEXT("rename", int, const char *, const char *);
    return decide("rename", to).error ? -1 : next.call(from, to);
}

int unlink(const char *path)
{
    NEXT("unlink", int, const char *);
    return decide("unlink", path).error ? -1 : next.call(path);
}
