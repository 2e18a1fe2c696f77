#include "store/keeper.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/snapshot.h"

enum { PATH_MAX_BYTES = 4096, SNAPSHOT_BYTES_MAX = 1 << 30 };

static void path_of(const struct keeper *keeper, log_pos position, char ret_path[static PATH_MAX_BYTES])
{
    char name[SNAPSHOT_NAME_MAX];

    snapshot_name(keeper->config->name, position, name);
    (void)snprintf(ret_path, PATH_MAX_BYTES, "%s/%s", keeper->config->dir, name);
}

/* ---- loading --------------------------------------------------------------------------------------------------- */

static enum err note_name(void *ctx, const char *name)
{
    struct keeper *keeper = ctx;
    log_pos position;

    if (snapshot_name_parse(keeper->config->name, str_of(name), &position) != OK)
        return OK;
    if (position > keeper->found[0]) {
        keeper->stale = keeper->found[1];
        keeper->found[1] = keeper->found[0];
        keeper->found[0] = position;
    } else if (position > keeper->found[1]) {
        keeper->stale = keeper->found[1];
        keeper->found[1] = position;
    } else {
        keeper->stale = position;
    }
    return OK;
}

static enum err drop(struct keeper *keeper, log_pos position)
{
    char path[PATH_MAX_BYTES];
    enum err err;

    path_of(keeper, position, path);
    err = os_unlink(keeper->config->os, path);
    return err == ERR_MISSING ? OK : err;
}

/* Find the two newest. */
static enum err find(struct keeper *keeper)
{
    keeper->found[0] = keeper->found[1] = keeper->stale = 0;
    return os_list(keeper->config->os, keeper->config->dir, note_name, keeper);
}

/* Those that are older than the two are left over from a crash between writing one and dropping another. */
static enum err drop_stale(struct keeper *keeper)
{
    while (keeper->stale) {
        TRY(drop(keeper, keeper->stale));
        TRY(find(keeper));
    }
    return OK;
}

/* The unreadable one must go, or the next start would take it for the older of two good ones; for who wants to look at
 * it, it keeps its bytes under another name. */
static enum err put_aside(struct keeper *keeper, log_pos position)
{
    char path[PATH_MAX_BYTES], aside[PATH_MAX_BYTES + 16];

    path_of(keeper, position, path);
    (void)snprintf(aside, sizeof(aside), "%s.damaged", path);
    return os_rename(keeper->config->os, path, aside);
}

static enum err load(struct keeper *keeper, log_pos position)
{
    char path[PATH_MAX_BYTES];
    struct snapshot snapshot;
    char *at;
    size_t size;
    enum err err;

    path_of(keeper, position, path);
    TRY(os_read_file(keeper->config->os, path, SNAPSHOT_BYTES_MAX, &at, &size));
    err = snapshot_decode(str_bytes(at, size), &snapshot);
    if (err != OK) {
        free(at);
        return err;
    }
    keeper->bytes = (struct buf){ .at = at, .size = size, .capacity = size, .size_max = SNAPSHOT_BYTES_MAX };
    return OK;
}

static void load_work(struct os_job *job)
{
    struct keeper *keeper = container_of(job, struct keeper, job);

    keeper->err = find(keeper);
    if (keeper->err != OK || keeper->found[0] == 0)
        return;
    keeper->err = load(keeper, keeper->found[0]);
    if (keeper->err == OK) {
        keeper->err = drop_stale(keeper);
        return;
    }
    if ((keeper->err != ERR_CORRUPT && keeper->err != ERR_IO) || keeper->found[1] == 0)
        return;
    keeper->err = load(keeper, keeper->found[1]);
    if (keeper->err == OK)
        keeper->err = drop_stale(keeper);
    if (keeper->err == OK)
        keeper->err = put_aside(keeper, keeper->found[0]);
    if (keeper->err == OK)
        keeper->damaged = true;
}

/* What was found wrong, for the operator. */
static void tell(struct keeper *keeper)
{
    char name[SNAPSHOT_NAME_MAX], older[SNAPSHOT_NAME_MAX], sentence[400];

    if (keeper->config->report == NULL || keeper->found[0] == 0)
        return;
    snapshot_name(keeper->config->name, keeper->found[0], name);
    snapshot_name(keeper->config->name, keeper->found[1], older);
    if (keeper->damaged)
        (void)snprintf(sentence, sizeof(sentence),
                       "%s is damaged and is kept as %s.damaged; the state is built from %s and the log since, and is the same",
                       name, name, older);
    else if (keeper->err == ERR_CORRUPT || keeper->err == ERR_IO)
        (void)snprintf(sentence, sizeof(sentence), "%s %s, and the log goes back no further%s: restore the data directory from a backup",
                       name, keeper->found[1] ? "and the one before it are damaged" : "is damaged and there is no other",
                       keeper->stale ? " (an older one that is there does not reach it)" : "");
    else
        return;
    keeper->config->report(keeper->config->ctx, keeper->damaged ? 2 : 3, str_of(sentence));
}

static void load_done(struct os_job *job)
{
    struct keeper *keeper = container_of(job, struct keeper, job);
    struct buf bytes = keeper->bytes;

    keeper->busy = false;
    if (!keeper->stopped)
        tell(keeper);
    keeper->newest = keeper->damaged ? keeper->found[1] : keeper->found[0];
    keeper->older = keeper->damaged ? 0 : keeper->found[1];
    keeper->bytes = (struct buf){ 0 };
    if (!keeper->stopped)
        keeper->loaded(keeper->ctx, keeper->err, bytes.at ? buf_str(&bytes) : (str){ 0 });
    buf_deinit(&bytes);
}

static void start_empty(struct os_message *message)
{
    load_done(container_of(message, struct os_job, message));
}

void keeper_start(struct keeper *keeper, const struct store_config *config,
                  void (*loaded)(void *ctx, enum err err, str bytes), void *ctx)
{
    *keeper = (struct keeper){ .config = config, .loaded = loaded, .ctx = ctx, .busy = true };
    if (config->dir) {
        keeper->job = (struct os_job){ .work = load_work, .done = load_done };
        os_job_start(config->worker, config->loop, &keeper->job);
    } else {
        keeper->job.message.run = start_empty;
        os_post(config->loop, &keeper->job.message);
    }
}

void keeper_stop(struct keeper *keeper)
{
    keeper->stopped = true;
    buf_deinit(&keeper->bytes);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

void keeper_folded(struct keeper *keeper, size_t bytes)
{
    keeper->folded_bytes += bytes;
}

log_pos keeper_needed_from(const struct keeper *keeper)
{
    return keeper->older;
}

static void write_work(struct os_job *job)
{
    struct keeper *keeper = container_of(job, struct keeper, job);
    char path[PATH_MAX_BYTES];

    path_of(keeper, keeper->writing, path);
    keeper->err = os_replace_file(keeper->config->os, path, buf_str(&keeper->bytes));
    if (keeper->err == OK && keeper->older)
        keeper->err = drop(keeper, keeper->older);
}

/* A snapshot that could not be written costs a longer fold at the next start, nothing else: it is tried again after
 * as much has been folded once more. */
static void write_done(struct os_job *job)
{
    struct keeper *keeper = container_of(job, struct keeper, job);
    void (*kept)(void *ctx, enum err err) = keeper->kept;

    keeper->busy = false;
    keeper->kept = NULL;
    buf_deinit(&keeper->bytes);
    if (keeper->err == OK) {
        keeper->older = keeper->newest;
        keeper->newest = keeper->writing;
    }
    if (kept)
        kept(keeper->kept_ctx, keeper->err);
}

enum err keeper_keep(struct keeper *keeper, const struct tree *entries, log_pos folded_to,
                     void (*kept)(void *ctx, enum err err), void *ctx)
{
    const struct store_config *config = keeper->config;
    enum err err;

    if (config->dir == NULL || keeper->busy || keeper->stopped)
        return ERR_IN_USE;
    if (folded_to == keeper->newest)
        return ERR_EXISTS;
    keeper->folded_bytes = 0;
    buf_init(&keeper->bytes, SNAPSHOT_BYTES_MAX);
    snapshot_encode(entries, folded_to, &keeper->bytes);
    err = keeper->bytes.err;
    if (err != OK) {
        buf_deinit(&keeper->bytes);
        return err;
    }
    keeper->kept = kept;
    keeper->kept_ctx = ctx;
    keeper->busy = true;
    keeper->writing = folded_to;
    keeper->job = (struct os_job){ .work = write_work, .done = write_done };
    os_job_start(config->worker, config->loop, &keeper->job);
    return OK;
}

void keeper_consider(struct keeper *keeper, const struct tree *entries, size_t value_bytes, log_pos folded_to)
{
    const struct store_config *config = keeper->config;

    if (config->dir == NULL || keeper->busy || keeper->stopped || keeper->held || folded_to == keeper->newest ||
        keeper->folded_bytes < config->snapshot_bytes_min || keeper->folded_bytes < value_bytes)
        return;
    if (keeper_keep(keeper, entries, folded_to, NULL, NULL) != OK)
        return; /* a longer fold at the next start, nothing else; later it is tried again */
}
