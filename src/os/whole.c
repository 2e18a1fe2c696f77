/* whole.c: small files read and replaced as a whole; the same code on both worlds. */
#include <assert.h>
#include <stdlib.h>

#include "os/os.h"

enum err os_read_file(struct os *os, const char *path, size_t size_max, char **ret_at, size_t *ret_size)
{
    struct os_file *file;
    uint64_t size;
    size_t got = 0;
    char *at = NULL;
    enum err err;

    TRY(os_open(os, path, OS_READ, &file));
    err = os_size(file, &size);
    if (err == OK && size > size_max)
        err = ERR_TOO_LARGE;
    if (err == OK) {
        at = malloc((size_t)size + 1);
        err = at ? os_read_at(file, at, (size_t)size, 0, &got) : ERR_NO_MEMORY;
    }
    os_close(file);
    if (err != OK) {
        free(at);
        return err;
    }
    assert(got <= size);
    at[got] = '\0';
    *ret_at = at;
    *ret_size = got;
    return OK;
}

/* `size` bytes of `path`, then `suffix`; NULL without memory. */
static char *path_with(const char *path, size_t size, const char *suffix)
{
    size_t suffix_size = strlen(suffix);
    char *joined = malloc(size + suffix_size + 1);

    if (joined == NULL)
        return NULL;
    memcpy(joined, path, size);
    memcpy(joined + size, suffix, suffix_size + 1);
    return joined;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return path_with(".", 1, "");
    return path_with(path, slash == path ? 1 : (size_t)(slash - path), "");
}

static enum err write_synced(struct os *os, const char *path, str content)
{
    struct os_iov iov = { .at = content.at, .size = content.size };
    struct os_file *file;
    enum err err;

    TRY(os_open(os, path, OS_WRITE | OS_CREATE, &file));
    err = os_truncate(file, 0);
    if (err == OK && content.size)
        err = os_write_at(file, &iov, 1, 0);
    if (err == OK)
        err = os_sync(file);
    os_close(file);
    return err;
}

enum err os_replace_file(struct os *os, const char *path, str content)
{
    char *next = path_with(path, strlen(path), ".tmp"), *directory = directory_of(path);
    enum err err = next && directory ? OK : ERR_NO_MEMORY;

    if (err == OK)
        err = write_synced(os, next, content);
    if (err == OK)
        err = os_rename(os, next, path);
    if (err == OK)
        err = os_sync_dir(os, directory);
    else if (next)
        (void)!os_unlink(os, next); /* what remains of it is harmless: the next replacement truncates it */
    free(next);
    free(directory);
    return err;
}
