/* file.c: files and directories by the plain system calls. errno stops here. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/grow.h"
#include "os/real/real.h"

struct os_file {
    int fd;
    int direct; /* the same file for OS_DIRECT; -1: there is none */
};

enum {
    IOV_ONCE = 64, /* pieces handed to the kernel in one call */
    PROBE_BYTES = 4096,
};

static enum err err_of_errno(void)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case ENOENT:
    case ENOTDIR:
        return ERR_MISSING;
    case EEXIST:
        return ERR_EXISTS;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return ERR_NO_MEMORY;
    case EWOULDBLOCK:
        return ERR_LOCKED;
    case EOPNOTSUPP:
    case ENOSYS:
        return ERR_UNSUPPORTED;
    default:
        return ERR_IO;
    }
}

/* The value of a call that says -1 for failure, made again when a signal came between. */
#define RETRY(call)                                                                                                    \
    ({                                                                                                                 \
        long long retry_value_;                                                                                        \
        do {                                                                                                           \
            retry_value_ = (call);                                                                                     \
        } while (retry_value_ < 0 && errno == EINTR);                                                                  \
        retry_value_;                                                                                                  \
    })

static enum err check(long long value)
{
    return value < 0 ? err_of_errno() : OK;
}

enum err os_open(struct os *os, const char *path, unsigned flags, struct os_file **ret_file)
{
    int mode = (flags & OS_WRITE) == 0 ? O_RDONLY : (flags & OS_READ) ? O_RDWR : O_WRONLY;
    struct os_file *file;
    int fd;

    assert(flags & (OS_READ | OS_WRITE));
    if (flags & OS_CREATE)
        mode |= O_CREAT;
    if (flags & OS_EXCLUSIVE)
        mode |= O_EXCL;
    file = malloc(sizeof(*file));
    if (file == NULL)
        return ERR_NO_MEMORY;
    fd = (int)RETRY(open(path, mode | O_CLOEXEC, 0600));
    if (fd < 0) {
        enum err err = err_of_errno();

        free(file);
        return err;
    }
    file->fd = fd;
    file->direct = -1;
    if (flags & OS_DIRECT) /* if that cannot be, everything goes the usual way */
        file->direct = (int)RETRY(open(path, O_WRONLY | O_DIRECT | O_CLOEXEC));
    *ret_file = file;
    return OK;
}

void os_close(struct os_file *file)
{
    (void)close(file->fd);
    if (file->direct >= 0)
        (void)close(file->direct);
    free(file);
}

enum err os_read_at(struct os_file *file, void *to, size_t size, uint64_t offset, size_t *ret_size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = (ssize_t)RETRY(pread(file->fd, (char *)to + got, size - got, (off_t)(offset + got)));

        if (n < 0)
            return err_of_errno();
        if (n == 0)
            break;
        got += (size_t)n;
    }
    *ret_size = got;
    return OK;
}

/* Copy up to IOV_ONCE pieces, the first `skip` bytes of the first left out. Returns their number. */
static int gather(const struct os_iov *iov, size_t count, size_t skip, struct iovec ret_some[static IOV_ONCE])
{
    size_t i;

    for (i = 0; i < count && i < IOV_ONCE; i++) {
        ret_some[i].iov_base = (char *)(uintptr_t)iov[i].at;
        ret_some[i].iov_len = iov[i].size;
    }
    if (i) {
        ret_some[0].iov_base = (char *)ret_some[0].iov_base + skip;
        ret_some[0].iov_len -= skip;
    }
    return (int)i;
}

static bool whole_blocks(const struct os_iov *iov, size_t count, uint64_t offset)
{
    uint64_t bits = offset;

    for (size_t i = 0; i < count; i++)
        bits |= (uintptr_t)iov[i].at | iov[i].size;
    return bits % OS_BLOCK_BYTES == 0;
}

enum err os_write_at(struct os_file *file, const struct os_iov *iov, size_t count, uint64_t offset)
{
    int fd = file->direct >= 0 && whole_blocks(iov, count, offset) ? file->direct : file->fd;
    size_t skip = 0;

    for (;;) {
        struct iovec some[IOV_ONCE];
        ssize_t n;

        while (count && skip == iov->size) {
            iov++;
            count--;
            skip = 0;
        }
        if (count == 0)
            return OK;
        n = (ssize_t)RETRY(pwritev(fd, some, gather(iov, count, skip, some), (off_t)offset));
        if (n < 0 && errno == EINVAL && fd != file->fd) { /* the rest of a short write, or blocks larger than ours */
            fd = file->fd;
            continue;
        }
        if (n <= 0)
            return n < 0 ? err_of_errno() : ERR_IO;
        offset += (uint64_t)n;
        for (skip += (size_t)n; count && skip > iov->size; iov++, count--)
            skip -= iov->size;
    }
}

bool os_is_direct(const struct os_file *file)
{
    return file->direct >= 0;
}

enum err os_sync(struct os_file *file)
{
    return check(RETRY(fdatasync(file->fd)));
}

#ifdef O_DIRECT
static bool block_answers(int fd, void *block, off_t offset)
{
    return RETRY(pread(fd, block, PROBE_BYTES, offset)) > 0;
}

enum err os_probe(struct os_file *file)
{
    char path[40];
    struct stat found;
    void *block = aligned_alloc(PROBE_BYTES, PROBE_BYTES);
    bool answers = false;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
    fd = block ? (int)RETRY(open(path, O_RDONLY | O_DIRECT | O_CLOEXEC)) : -1;
    if (fd >= 0 && fstat(fd, &found) == 0 && found.st_size > 0)
        answers = block_answers(fd, block, 0) ||
                  block_answers(fd, block, (found.st_size - 1) / PROBE_BYTES * PROBE_BYTES);
    if (fd >= 0)
        (void)close(fd);
    free(block);
    return answers ? OK : ERR_IO;
}
#else
enum err os_probe(struct os_file *file)
{
    (void)file;
    return ERR_IO;
}
#endif

enum err os_size(struct os_file *file, uint64_t *ret_size)
{
    struct stat stat;

    TRY(check(fstat(file->fd, &stat)));
    *ret_size = (uint64_t)stat.st_size;
    return OK;
}

enum err os_truncate(struct os_file *file, uint64_t size)
{
    return check(RETRY(ftruncate(file->fd, (off_t)size)));
}

enum err os_punch(struct os_file *file, uint64_t offset, uint64_t size)
{
    if (size == 0)
        return OK;
    return check(RETRY(fallocate(file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size)));
}

enum err os_lock(struct os_file *file)
{
    return check(RETRY(flock(file->fd, LOCK_EX | LOCK_NB)));
}

enum err os_rename(struct os *os, const char *from, const char *to)
{
    return check(rename(from, to));
}

enum err os_unlink(struct os *os, const char *path)
{
    return check(unlink(path));
}

enum err os_mkdir(struct os *os, const char *path)
{
    struct stat stat_;

    if (mkdir(path, 0700) == 0)
        return OK;
    if (errno == EEXIST && stat(path, &stat_) == 0)
        return S_ISDIR(stat_.st_mode) ? OK : ERR_EXISTS;
    return err_of_errno();
}

enum err os_sync_dir(struct os *os, const char *path)
{
    int fd = (int)RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    enum err err;

    if (fd < 0)
        return err_of_errno();
    err = check(RETRY(fsync(fd)));
    (void)close(fd);
    return err;
}

struct names {
    char **at;
    size_t count, capacity;
};

static enum err names_add(struct names *names, const char *name)
{
    TRY(GROW(names->at, names->count, names->capacity, 64));
    names->at[names->count] = strdup(name);
    if (names->at[names->count] == NULL)
        return ERR_NO_MEMORY;
    names->count++;
    return OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err names_read(const char *path, struct names *names)
{
    DIR *dir = opendir(path);
    enum err err = OK;

    if (dir == NULL)
        return err_of_errno();
    while (err == OK) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(dir);
        if (entry == NULL) {
            err = errno ? err_of_errno() : OK;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = names_add(names, entry->d_name);
    }
    (void)closedir(dir);
    return err;
}

enum err os_list(struct os *os, const char *path, enum err (*each)(void *ctx, const char *name), void *ctx)
{
    struct names names = { NULL, 0, 0 };
    enum err err = names_read(path, &names);

    if (names.count)
        qsort(names.at, names.count, sizeof(names.at[0]), by_bytes);
    for (size_t i = 0; i < names.count; i++) {
        if (err == OK)
            err = each(ctx, names.at[i]);
        free(names.at[i]);
    }
    free(names.at);
    return err;
}

enum err os_stat(struct os *os, const char *path, struct os_stat *ret_stat)
{
    struct stat found;

    TRY(check(stat(path, &found)));
    *ret_stat = (struct os_stat){
        .size = (uint64_t)found.st_size,
        .modified = (ms)found.st_mtim.tv_sec * 1000 + found.st_mtim.tv_nsec / 1000000,
        .directory = S_ISDIR(found.st_mode),
    };
    return OK;
}

enum err os_disk_free(struct os *os, const char *path, uint64_t *ret_bytes)
{
    struct statvfs found;

    TRY(check(RETRY(statvfs(path, &found))));
    *ret_bytes = (uint64_t)found.f_bavail * found.f_frsize;
    return OK;
}
