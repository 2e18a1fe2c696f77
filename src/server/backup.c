/* backup.c: a copy of the running server's data directory that a server can be started on.
 *
 * Snapshots and small files first, then the log, then the vault: what a snapshot refers to is in the log's copy and
 * what came later is folded from it, and whatever key sealed a batch of that copy is in the vault's. Until the log is
 * pinned no new snapshot is begun, or the log might be trimmed up to one that is not in the copy. The master key is
 * copied only if it lives in the directory. */
#include <stdio.h>
#include <stdlib.h>

#include "server/room.h"

enum { FILE_BYTES_MAX = 1 << 30 };

struct backup {
    struct server *server;
    struct os_job job;
    enum err err;
    bool log_copied;
    void (*done)(void *ctx, enum err err);
    void *ctx;
    char to[PATH_BYTES];
};

/* "vault.json" is taken by the last step. */
static bool wanted(const struct backup *backup, str name)
{
    static const char *const names[] = { "format", "token.key", "master.key", "ca.pem", "ca.key", "lock" };

    if (backup->log_copied)
        return str_eq(name, STR("vault.json"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(name, str_of(names[i])))
            return true;
    return str_ends(name, STR(".snapshot"));
}

static enum err copy(void *ctx, const char *name)
{
    struct backup *backup = ctx;
    struct os *os = backup->server->os;
    char path[PATH_BYTES];
    char *at;
    size_t size;
    enum err err;

    if (!wanted(backup, str_of(name)))
        return OK;
    (void)snprintf(path, sizeof(path), "%.3800s/%.200s", backup->server->dir, name);
    err = os_read_file(os, path, FILE_BYTES_MAX, &at, &size);
    if (err == ERR_MISSING) /* a snapshot that was replaced meanwhile: its successor is there */
        return OK;
    TRY(err);
    (void)snprintf(path, sizeof(path), "%.3800s/%.200s", backup->to, name);
    err = os_replace_file(os, path, str_bytes(at, size));
    free(at);
    return err;
}

static enum err not_empty(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return ERR_EXISTS;
}

static void work(struct os_job *job)
{
    struct backup *backup = container_of(job, struct backup, job);
    struct os *os = backup->server->os;

    backup->err = OK;
    if (!backup->log_copied) {
        backup->err = os_mkdir(os, backup->to);
        if (backup->err == OK)
            backup->err = os_list(os, backup->to, not_empty, NULL);
    }
    if (backup->err == OK)
        backup->err = os_list(os, backup->server->dir, copy, backup);
}

static void finish(struct backup *backup, enum err err)
{
    backup->done(backup->ctx, err);
    free(backup);
}

static void work_done(struct os_job *job);

static void work_start(struct backup *backup)
{
    backup->job = (struct os_job){ .work = work, .done = work_done };
    os_job_start(backup->server->worker, backup->server->loop, &backup->job);
}

static void log_done(void *ctx, enum err err)
{
    struct backup *backup = ctx;

    backup->log_copied = true;
    if (err == OK && backup->server->worker)
        work_start(backup);
    else
        finish(backup, err == OK ? ERR_STOPPED : err);
}

static void work_done(struct os_job *job)
{
    struct backup *backup = container_of(job, struct backup, job);
    enum err err = backup->err;

    if (err == OK && !backup->log_copied)
        err = log_local_backup(backup->server->log, backup->to, log_done, backup);
    store_hold(catalog_store(backup->server->catalog), false);
    if (err != OK || backup->log_copied)
        finish(backup, err);
}

enum err backup_begin(struct server *server, const char *to, void (*done)(void *ctx, enum err err), void *ctx)
{
    struct backup *backup;

    if (strlen(to) >= PATH_BYTES - 256)
        return ERR_TOO_LARGE;
    backup = calloc(1, sizeof(*backup));
    if (backup == NULL)
        return ERR_NO_MEMORY;
    backup->server = server;
    backup->done = done;
    backup->ctx = ctx;
    (void)snprintf(backup->to, sizeof(backup->to), "%s", to);
    store_hold(catalog_store(server->catalog), true);
    work_start(backup);
    return OK;
}
