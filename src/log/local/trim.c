/* trim.c: retention on disk.
 *
 * Two small machines. The remover takes away whole files: cut from the end in steps of 4 MiB, a job each, then unlinked
 * (a plain unlink of a gigabyte stalls commits for half a second). The checker looks at one settled file after the
 * other: it reads the index in pieces, asks of each log what is still wanted, and either drops the file or punches the
 * runs that nobody wants. It looks again when the next run will have expired. */
#include "log/local/trim.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/grow.h"
#include "log/local/settled.h"

enum {
    CHECK_BLOCKS = 32,      /* of an index, per job */
    PUNCH_BYTES_MIN = 4096, /* less than a block gives nothing back */
    SEALED_SLICE = 4096,
    FORGET_MAX = 256,
};

struct removal {
    struct list link;
    char name[SEGMENT_NAME_MAX + 8];
};

struct remover {
    struct os_job job;
    struct list queue;
    struct removal *now;
    struct os_file *file;
    uint64_t size;
    bool finished;
};

struct range {
    uint64_t offset, size;
};

struct checker {
    struct os_job job;
    struct manifest_wait saved;
    struct settled_file *file; /* NULL: idle */
    struct os_file *os_file;
    uint32_t block;            /* the next to read */
    struct settled_block *blocks;
    uint32_t block_count;
    struct range *dead;        /* ascending, merged */
    uint32_t dead_count, dead_capacity, punched;
    uint64_t dead_bytes, live_bytes;
    ms now, next_death;
    enum err err;
};

struct trim {
    struct local *local;
    struct os_timer timer;
    struct remover remover;
    struct checker checker;
    size_t sealed_cursor;
    int64_t last_mono_us, paused_until_us;
    ms last_wall;
};

/* ---- removing -------------------------------------------------------------------------------------------------- */

static void remover_next(struct trim *trim);

static enum err remove_step(struct remover *remover, struct local *local)
{
    char path[PATH_BYTES_MAX];

    local_path(local, remover->now->name, path);
    if (!remover->file) {
        TRY(os_open(local->os, path, OS_WRITE, &remover->file));
        TRY(os_size(remover->file, &remover->size));
    }
    if (remover->size > TRIM_STEP_BYTES) {
        remover->size -= TRIM_STEP_BYTES;
        remover->finished = false;
        return os_truncate(remover->file, remover->size);
    }
    os_close(remover->file);
    remover->file = NULL;
    return os_unlink(local->os, path);
}

static void remove_work(struct os_job *job)
{
    struct remover *remover = container_of(job, struct remover, job);
    struct trim *trim = container_of(remover, struct trim, remover);
    enum err err;

    remover->finished = true;
    err = remove_step(remover, trim->local);
    if (err != OK)
        remover->finished = true; /* the next start tries again */
    if (remover->finished && remover->file) {
        os_close(remover->file);
        remover->file = NULL;
    }
}

static void remove_done(struct os_job *job)
{
    struct remover *remover = container_of(job, struct remover, job);
    struct trim *trim = container_of(remover, struct trim, remover);
    struct local *local = trim->local;

    if (remover->finished) {
        free(remover->now);
        remover->now = NULL;
    }
    remover_next(trim);
    local_job_done(local);
}

static void remover_next(struct trim *trim)
{
    struct remover *remover = &trim->remover;
    struct local *local = trim->local;

    if (local->closing || local->failed)
        return;
    if (!remover->now) {
        struct list *link = list_pop(&remover->queue);

        if (!link)
            return;
        remover->now = container_of(link, struct removal, link);
    }
    local_job(local, local->settle_worker, &remover->job, remove_work, remove_done);
}

void trim_remove(struct local *local, const char *name)
{
    struct remover *remover = &local->trim->remover;
    struct removal *removal = calloc(1, sizeof(*removal));

    if (!removal)
        return;
    snprintf(removal->name, sizeof(removal->name), "%s", name);
    list_push(&remover->queue, &removal->link);
    if (!remover->now)
        remover_next(local->trim);
}

/* ---- checking one file ----------------------------------------------------------------------------------------- */

static void checker_next(struct trim *trim);

static enum err dead_push(struct checker *checker, uint64_t offset, uint64_t size)
{
    struct range *last = checker->dead_count ? &checker->dead[checker->dead_count - 1] : NULL;

    checker->dead_bytes += size;
    if (last && last->offset + last->size == offset) {
        last->size += size;
        return OK;
    }
    TRY(GROW(checker->dead, checker->dead_count, checker->dead_capacity, 64));
    checker->dead[checker->dead_count++] = (struct range){ .offset = offset, .size = size };
    return OK;
}

static bool entry_dead(const struct settled_entry *entry, const struct log_horizon *horizon)
{
    return horizon->gone || entry->last < horizon->before || entry->time_max < horizon->before_time;
}

/* What stands in the index blocks just read. */
static enum err judge(struct checker *checker, struct local *local)
{
    struct log_horizon horizon = { 0 };
    log_id asked = 0;

    for (uint32_t b = 0; b < checker->block_count; b++) {
        for (uint32_t i = 0; i < checker->blocks[b].count; i++) {
            const struct settled_entry *entry = &checker->blocks[b].entries[i];

            if (entry->log != asked)
                horizon = local->config.user.horizon(local->config.user.ctx, entry->log);
            asked = entry->log;
            if (entry_dead(entry, &horizon)) {
                TRY(dead_push(checker, entry->offset, entry->size));
                continue;
            }
            checker->live_bytes += entry->size;
            if (horizon.before_time > 0 && entry->time_max + (checker->now - horizon.before_time) < checker->next_death)
                checker->next_death = entry->time_max + (checker->now - horizon.before_time);
        }
    }
    return OK;
}

static enum err read_blocks(struct checker *checker, struct local *local)
{
    char name[SETTLED_NAME_MAX], path[PATH_BYTES_MAX];

    if (!checker->os_file) {
        settled_name(name, checker->file->at.number);
        local_path(local, name, path);
        TRY(os_open(local->os, path, OS_READ | OS_WRITE, &checker->os_file));
    }
    for (checker->block_count = 0; checker->block_count < CHECK_BLOCKS; checker->block_count++) {
        if (checker->block == checker->file->at.block_count)
            break;
        TRY(settled_block_read(checker->os_file, &checker->file->at, checker->block++,
                               &checker->blocks[checker->block_count]));
    }
    return OK;
}

static void read_work(struct os_job *job)
{
    struct checker *checker = container_of(job, struct checker, job);
    struct trim *trim = container_of(checker, struct trim, checker);

    checker->err = read_blocks(checker, trim->local);
}

static void check_end(struct trim *trim)
{
    struct checker *checker = &trim->checker;
    struct settled_file *file = checker->file;

    if (checker->os_file)
        os_close(checker->os_file);
    free(checker->blocks);
    free(checker->dead);
    *checker = (struct checker){ 0 };
    settled_file_release(file);
}

static void on_dropped(struct manifest_wait *wait, enum err err)
{
    struct checker *checker = container_of(wait, struct checker, saved);
    struct trim *trim = container_of(checker, struct trim, checker);
    struct local *local = trim->local;

    if (err != OK) {
        if (!local->closing)
            local_fail(local, err, "writing the manifest");
        settled_file_release(checker->file); /* the list's */
        check_end(trim);
        return;
    }
    local->count->trimmed_bytes += checker->file->at.size;
    checker->file->dying = true;
    settled_file_release(checker->file); /* the list's */
    check_end(trim);
    checker_next(trim);
}

/* Nothing in it is wanted: first the manifest forgets it, then the file goes. */
static void drop_file(struct trim *trim)
{
    struct local *local = trim->local;
    struct settled_file *file = trim->checker.file;
    uint32_t i = 0;

    while (local->files[i] != file)
        i++;
    memmove(&local->files[i], &local->files[i + 1], (local->file_count - i - 1) * sizeof(struct settled_file *));
    local->file_count--;
    local->files_bytes -= file->at.size;
    local->count->settled_files = local->file_count;
    local->count->settled_bytes = local->files_bytes;
    trim->checker.saved.done = on_dropped;
    local_manifest_save(local, &trim->checker.saved);
}

/* The next step of at most TRIM_STEP_BYTES; UNSUPPORTED ends it. */
static void punch_work(struct os_job *job)
{
    struct checker *checker = container_of(job, struct checker, job);
    struct range *range = &checker->dead[checker->punched];
    uint64_t size = range->size < TRIM_STEP_BYTES ? range->size : TRIM_STEP_BYTES;

    checker->err = OK;
    if (range->size >= PUNCH_BYTES_MIN || size < range->size)
        checker->err = os_punch(checker->os_file, range->offset, size);
    range->offset += size;
    range->size -= size;
    if (range->size == 0)
        checker->punched++;
}

static void check_file_next(struct trim *trim);

static void punch_done(struct os_job *job)
{
    struct checker *checker = container_of(job, struct checker, job);
    struct trim *trim = container_of(checker, struct trim, checker);
    struct local *local = trim->local;

    if (checker->err != OK)
        checker->punched = checker->dead_count; /* space we do not get back; nothing is lost */
    check_file_next(trim);
    local_job_done(local);
}

static void read_done(struct os_job *job)
{
    struct checker *checker = container_of(job, struct checker, job);
    struct trim *trim = container_of(checker, struct trim, checker);
    struct local *local = trim->local;

    if (checker->err == OK)
        checker->err = judge(checker, local);
    if (checker->err == ERR_CORRUPT || checker->err == ERR_IO || checker->err == ERR_MISSING)
        local_report(local, REPORT_ERROR, "the index of settled file %llu is damaged; it is kept as it is",
                     (unsigned long long)checker->file->at.number);
    check_file_next(trim);
    local_job_done(local);
}

static ms check_at(const struct checker *checker)
{
    ms at = checker->next_death;

    if (at < checker->now + TRIM_CHECK_MS_MIN)
        return checker->now + TRIM_CHECK_MS_MIN;
    return at > checker->now + TRIM_CHECK_MS_MAX ? checker->now + TRIM_CHECK_MS_MAX : at;
}

/* Where the check stands, read downwards. */
static void check_file_next(struct trim *trim)
{
    struct checker *checker = &trim->checker;
    struct local *local = trim->local;
    struct settled_file *file = checker->file;

    if (checker->err != OK || local->closing || local->failed) {
        file->check_at = checker->now + TRIM_CHECK_MS_MAX;
        check_end(trim);
        checker_next(trim);
        return;
    }
    if (checker->block < file->at.block_count) {
        local_job(local, local->settle_worker, &checker->job, read_work, read_done);
        return;
    }
    if (checker->live_bytes == 0) {
        drop_file(trim);
        return;
    }
    if (checker->dead_bytes == file->dead_bytes)
        checker->punched = checker->dead_count; /* as last time */
    if (checker->punched < checker->dead_count) {
        local_job(local, local->settle_worker, &checker->job, punch_work, punch_done);
        return;
    }
    if (checker->dead_bytes > file->dead_bytes)
        local->count->trimmed_bytes += checker->dead_bytes - file->dead_bytes;
    file->dead_bytes = checker->dead_bytes;
    file->check_at = check_at(checker);
    check_end(trim);
    checker_next(trim);
}

/* ---- which file ------------------------------------------------------------------------------------------------ */

static void checker_next(struct trim *trim)
{
    struct checker *checker = &trim->checker;
    struct local *local = trim->local;
    ms now = os_wall_ms(local->os);

    if (local->closing || local->failed || trim_paused(local) || checker->file)
        return;
    for (uint32_t i = 0; i < local->file_count; i++) {
        struct settled_file *file = local->files[i];

        if (file->check_at > now)
            continue;
        checker->blocks = malloc(CHECK_BLOCKS * sizeof(*checker->blocks));
        if (!checker->blocks)
            return;
        checker->file = file;
        checker->now = now;
        checker->next_death = INT64_MAX;
        file->refs++;
        check_file_next(trim);
        return;
    }
}

/* Sealed logs of which nothing is left need not be remembered. */
static void forget_sealed(struct trim *trim)
{
    struct local *local = trim->local;
    log_id gone[FORGET_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < SEALED_SLICE && count < FORGET_MAX; i++) {
        struct idmap_slot *slot = idmap_next(&local->sealed, &trim->sealed_cursor);

        if (!slot) {
            trim->sealed_cursor = 0;
            break;
        }
        if (slot->value == SEAL_DURABLE && local->config.user.horizon(local->config.user.ctx, slot->id).gone)
            gone[count++] = slot->id;
    }
    while (count > 0)
        idmap_remove(&local->sealed, gone[--count]);
}

/* Did the wall clock go another way than the other one? */
static void watch_clock(struct trim *trim)
{
    struct os *os = trim->local->os;
    int64_t mono_us = os_mono_us(os);
    ms wall = os_wall_ms(os);
    int64_t step = (wall - trim->last_wall) - (mono_us - trim->last_mono_us) / 1000;

    if (step > TRIM_CLOCK_STEP_MS || step < -TRIM_CLOCK_STEP_MS) {
        trim->paused_until_us = mono_us + TRIM_PAUSE_US;
        local_report(trim->local, REPORT_WARNING, "the clock stepped by %lld s: nothing is trimmed for ten minutes",
                     (long long)(step / 1000));
    }
    trim->last_mono_us = mono_us;
    trim->last_wall = wall;
}

static void on_timer(struct os_timer *timer)
{
    struct trim *trim = container_of(timer, struct trim, timer);
    struct local *local = trim->local;

    watch_clock(trim);
    if (!trim_paused(local) && !local->failed) {
        forget_sealed(trim);
        checker_next(trim);
    }
    os_timer_start(local->loop, &trim->timer, TRIM_TIMER_US);
}

bool trim_paused(const struct local *local)
{
    return os_mono_us(local->os) < local->trim->paused_until_us;
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

void trim_start(struct local *local)
{
    struct trim *trim = local->trim;

    trim->last_mono_us = os_mono_us(local->os);
    trim->last_wall = os_wall_ms(local->os);
    trim->paused_until_us = trim->last_mono_us + TRIM_PAUSE_US;
    os_timer_start(local->loop, &trim->timer, TRIM_TIMER_US);
}

void trim_stop(struct local *local)
{
    os_timer_stop(&local->trim->timer);
}

enum err trim_create(struct local *local)
{
    local->trim = calloc(1, sizeof(*local->trim));
    if (!local->trim)
        return ERR_NO_MEMORY;
    local->trim->local = local;
    local->trim->timer.fire = on_timer;
    list_init(&local->trim->remover.queue);
    return OK;
}

void trim_destroy(struct local *local)
{
    struct trim *trim = local->trim;
    struct list *link;

    if (!trim)
        return;
    while ((link = list_pop(&trim->remover.queue)))
        free(container_of(link, struct removal, link));
    free(trim->remover.now);
    if (trim->remover.file)
        os_close(trim->remover.file);
    free(trim);
}
