/* segment.c: commit segments and spares as files; see segment.h. */
#include "log/local/segment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "log/local/engine.h"
#include "log/local/trim.h"

void segment_name(char ret_name[static SEGMENT_NAME_MAX], const char *kind, uint64_t number)
{
    snprintf(ret_name, SEGMENT_NAME_MAX, "%s-%016llx.log", kind, (unsigned long long)number);
}

enum err segment_name_parse(const char *name, const char *kind, uint64_t *ret_number)
{
    str rest = str_of(name), digits;
    uint64_t number = 0;

    if (!str_starts(rest, str_of(kind)) || !str_ends(rest, STR(".log")))
        return ERR_MALFORMED;
    digits = str_slice(rest, strlen(kind), rest.size - 4);
    if (digits.size != 17 || digits.at[0] != '-')
        return ERR_MALFORMED;
    for (size_t i = 1; i < digits.size; i++) {
        static const char hex[] = "0123456789abcdef";
        const char *digit = memchr(hex, digits.at[i], 16);

        if (!digit)
            return ERR_MALFORMED;
        number = number << 4 | (uint64_t)(digit - hex);
    }
    *ret_number = number;
    return OK;
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

static enum err write_at(struct os_file *file, str bytes, uint64_t offset)
{
    return os_write_at(file, &(struct os_iov){ .at = bytes.at, .size = bytes.size }, 1, offset);
}

/* Zeros from `from` to `to`, in steps of whole blocks. */
static enum err fill_zeros(struct os_file *file, uint64_t from, uint64_t to)
{
    char *memory = calloc(1, FILL_STEP_BYTES + OS_BLOCK_BYTES);
    enum err err = OK;

    if (!memory)
        return ERR_NO_MEMORY;
    while (err == OK && from < to) {
        size_t most = FILL_STEP_BYTES - from % OS_BLOCK_BYTES, size = to - from < most ? (size_t)(to - from) : most;

        err = write_at(file, str_bytes(os_block_in(memory), size), from);
        from += size;
    }
    free(memory);
    return err;
}

enum err segment_make(struct os *os, const char *dir, const struct segment_head *head, const char *spare, str prefix,
                      struct os_file **ret_file)
{
    char name[SEGMENT_NAME_MAX], path[PATH_BYTES_MAX], from[PATH_BYTES_MAX];
    struct os_file *file;
    enum err err;

    segment_name(name, "commit", head->number);
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    snprintf(from, sizeof(from), "%s/%s%s", dir, spare ? spare : name, spare ? "" : ".tmp");
    TRY(os_open(os, from, OS_READ | OS_WRITE | OS_DIRECT | (spare ? 0 : OS_CREATE), &file));
    err = write_at(file, prefix, 0);
    if (err == OK && !spare)
        err = fill_zeros(file, prefix.size, head->size);
    if (err == OK)
        err = os_sync(file);
    if (err == OK)
        err = os_rename(os, from, path);
    if (err == OK) {
        err = os_sync_dir(os, dir);
        if (err != OK && os_rename(os, path, from) != OK)
            path[0] = 0; /* the next start passes over it */
    }
    if (err != OK) {
        os_close(file);
        if (!spare && path[0] && os_unlink(os, from) != OK)
            return err;
        return err;
    }
    *ret_file = file;
    return OK;
}

enum err segment_open(const struct segment *segment, struct os_file **ret_file)
{
    char name[SEGMENT_NAME_MAX], path[PATH_BYTES_MAX];

    segment_name(name, "commit", segment->head.number);
    local_path(segment->local, name, path);
    return os_open(segment->local->os, path, OS_READ, ret_file);
}

void segment_shut(struct segment *segment)
{
    os_close(segment->file);
    segment->file = NULL;
}

static void add(struct local *local, struct segment *segment, const struct segment_head *head, struct os_file *file)
{
    segment->head = *head;
    segment->file = file;
    segment->used = SEGMENT_HEADER_BYTES;
    segment->last_frame = head->first_frame - 1;
    segment->refs = 1;
    segment->local = local;
    list_push(&local->segments.all, &segment->link);
    local->segments.count++;
    local->count->commit_segments = local->segments.count;
}

struct segment *segment_add(struct local *local, const struct segment_head *head, struct os_file *file)
{
    struct segment *segment = calloc(1, sizeof(*segment));

    if (segment)
        add(local, segment, head, file);
    return segment;
}

void segment_count(struct segment *segment, const struct tail_frame *frame)
{
    if (segment->batch_count == 0)
        segment->time = frame->time;
    segment->batch_count += frame->batch_count;
    segment->end = frame->end;
}

void segment_hold(struct segment *segment)
{
    assert(segment->refs > 0);
    segment->refs++;
}

/* ---- spares ---------------------------------------------------------------------------------------------------- */

static void spare_remove(struct local *local, struct spare spare)
{
    char name[SEGMENT_NAME_MAX];

    segment_name(name, "spare", spare.number);
    trim_remove(local, name);
}

/* As many as the settler gives back at once, but some in any case. */
static bool shelf_full(const struct local *local, uint64_t size)
{
    const struct segments *segments = &local->segments;
    uint64_t bytes = size;

    for (uint32_t i = 0; i < segments->spare_count; i++)
        bytes += segments->spares[i].size;
    return segments->spare_count == SPARES_MAX ||
           (segments->spare_count >= SPARES_MIN && bytes > local->config.backlog_bytes_max / 2);
}

void spare_give(struct local *local, struct spare spare)
{
    struct segments *segments = &local->segments;
    bool full = shelf_full(local, spare.size);

    for (uint32_t i = 0; i < segments->spare_count && full; i++) {
        if (segments->spares[i].size < spare.size) { /* keep the larger ones */
            struct spare smaller = segments->spares[i];

            segments->spares[i] = spare;
            spare = smaller;
        }
    }
    if (full || spare.size > local->config.segment_bytes_max * 2) {
        spare_remove(local, spare);
        return;
    }
    segments->spares[segments->spare_count++] = spare;
    local->count->recycled_segments++;
}

/* What was taken and not used. */
static void spare_back(struct local *local, struct spare spare)
{
    if (local->segments.spare_count < SPARES_MAX)
        local->segments.spares[local->segments.spare_count++] = spare;
    else
        spare_remove(local, spare);
}

/* ---- recycling ------------------------------------------------------------------------------------------------- */

static void recycle_work(struct os_job *job)
{
    struct segment *segment = container_of(job, struct segment, job);
    struct local *local = segment->local;
    char name[SEGMENT_NAME_MAX], from[PATH_BYTES_MAX], to[PATH_BYTES_MAX];

    segment_name(name, "commit", segment->head.number);
    local_path(local, name, from);
    segment_name(name, "spare", segment->spare_number);
    local_path(local, name, to);
    segment->err = os_rename(local->os, from, to);
}

static void recycle_done(struct os_job *job)
{
    struct segment *segment = container_of(job, struct segment, job);
    struct local *local = segment->local;

    if (segment->err != OK) {
        local_report(local, REPORT_WARNING, "cannot recycle a commit segment: %s", err_sentence(segment->err));
    } else {
        spare_give(local, (struct spare){ .number = segment->spare_number, .size = segment->head.size });
    }
    free(segment);
    local_job_done(local);
}

static void recycle(struct segment *segment)
{
    struct segments *segments = &segment->local->segments;

    segment->spare_number = segments->next_number++;
    local_job(segment->local, segment->local->settle_worker, &segment->job, recycle_work, recycle_done);
}

void segment_release(struct segment *segment)
{
    assert(segment->refs > 0);
    if (--segment->refs > 0)
        return;
    assert(!segment->file);
    if (segment->local->closing || segment->local->failed) { /* the next start finds it and recycles it */
        free(segment);
        return;
    }
    recycle(segment);
}

void segment_settled(struct segment *segment)
{
    struct segments *segments = &segment->local->segments;

    assert(segment != segments->active);
    list_remove(&segment->link);
    segments->bytes -= segment->used - SEGMENT_HEADER_BYTES;
    segments->count--;
    segment->local->count->commit_segments = segments->count;
    segment->local->count->backlog_bytes = segments->bytes;
    segment_release(segment);
}

/* ---- rolling --------------------------------------------------------------------------------------------------- */

struct roll {
    struct os_job job;
    struct local *local;
    struct segment_head head;
    struct segment *segment; /* to be: an empty file that nobody knows would be taken for one that has lost its frames */
    struct segment *before;  /* NULL: there is none */
    bool syncs_before;       /* LOG_OS: the header of the new one vouches for all of it */
    struct os_file *file;
    uint64_t spare, low_water;
    bool has_spare, fatal;
    enum err err;
};

static void roll_work(struct os_job *job)
{
    struct roll *roll = container_of(job, struct roll, job);
    struct local *local = roll->local;
    char header[SEGMENT_HEADER_BYTES], name[SEGMENT_NAME_MAX];
    uint64_t free_bytes;

    roll->fatal = false;
    roll->err = os_disk_free(local->os, local->dir, &free_bytes);
    if (roll->err == OK && free_bytes < roll->low_water)
        roll->err = ERR_NO_SPACE;
    if (roll->err != OK)
        return;
    if (roll->syncs_before) {
        roll->err = os_sync(roll->before->file);
        roll->fatal = true;
        if (roll->err != OK)
            return;
    }
    segment_encode(&roll->head, header);
    segment_name(name, "spare", roll->spare);
    roll->err = segment_make(local->os, local->dir, &roll->head, roll->has_spare ? name : NULL,
                             str_bytes(header, sizeof(header)), &roll->file);
    roll->fatal = roll->err != ERR_NO_SPACE && roll->err != ERR_NO_MEMORY;
}

static void roll_done(struct os_job *job)
{
    struct roll *roll = container_of(job, struct roll, job);
    struct local *local = roll->local;
    struct segments *segments = &local->segments;
    enum err err = roll->err;

    segments->roll = NULL;
    if (roll->syncs_before && err == OK)
        local->commit.synced = roll->head.first_frame - 1;
    if (err == OK && roll->before && roll->before != local->commit.sync_segment)
        segment_shut(roll->before); /* all of it is synced */
    if (err == OK) {
        add(local, roll->segment, &roll->head, roll->file);
        segments->active = roll->segment;
    } else {
        free(roll->segment);
    }
    if (err != OK && roll->fatal)
        local_fail(local, err, "taking a new commit segment");
    else if (roll->err != OK && roll->has_spare)
        spare_back(local, (struct spare){ .number = roll->spare, .size = roll->head.size });
    commit_rolled(local, err);
    free(roll);
    local_job_done(local);
}

/* The smallest spare of at least `size` bytes leaves the shelf. */
static bool spare_take(struct segments *segments, uint64_t size, struct spare *ret_spare)
{
    uint32_t best = SPARES_MAX;

    for (uint32_t i = 0; i < segments->spare_count; i++) {
        if (segments->spares[i].size >= size &&
            (best == SPARES_MAX || segments->spares[i].size < segments->spares[best].size))
            best = i;
    }
    if (best == SPARES_MAX)
        return false;
    *ret_spare = segments->spares[best];
    segments->spares[best] = segments->spares[--segments->spare_count];
    return true;
}

/* Some segments fit into the tail, so that they can be settled while they are in memory. */
uint64_t segment_size_for(const struct local *local, uint64_t wanted, uint64_t bytes)
{
    uint64_t least = (SEGMENT_HEADER_BYTES + bytes + 4095) & ~(uint64_t)4095;
    uint64_t most = local->config.tail_bytes_max / SEGMENTS_IN_TAIL;

    if (most < SEGMENT_FIRST_BYTES)
        most = SEGMENT_FIRST_BYTES;
    if (most > local->config.segment_bytes_max)
        most = local->config.segment_bytes_max;
    if (wanted > most)
        wanted = most & ~(uint64_t)4095;
    return wanted > least ? wanted : least;
}

void segment_roll(struct local *local, uint64_t bytes)
{
    struct segments *segments = &local->segments;
    struct roll *roll = calloc(1, sizeof(*roll));
    struct spare spare = { 0 };

    assert(!segments->roll);
    if (roll)
        roll->segment = calloc(1, sizeof(*roll->segment));
    if (!roll || !roll->segment) {
        free(roll);
        commit_rolled(local, ERR_NO_MEMORY);
        return;
    }
    segments->roll = roll;
    roll->local = local;
    roll->head = (struct segment_head){
        .number = segments->next_number++,
        .size = segment_size_for(local, segments->next_size, bytes),
        .first_frame = local->commit.next_frame,
        .previous_crc = local->commit.chain,
        .epoch = local->epoch,
        .control = local_control_back(local, local->commit.next_frame),
    };
    os_entropy(local->os, &roll->head.generation, sizeof(roll->head.generation));
    roll->has_spare = spare_take(segments, roll->head.size, &spare);
    if (roll->has_spare) {
        roll->spare = spare.number;
        roll->head.size = spare.size;
    }
    roll->low_water = segments->bytes + (roll->has_spare ? 1 : 2) * roll->head.size;
    roll->before = segments->active; /* which stays in the list: nobody settles it before this is done */
    roll->syncs_before = local->config.durability == LOG_OS && roll->before;
    segments->next_size = segment_size_for(local, roll->head.size * SEGMENT_GROWTH, 0);
    local_job(local, local->commit_worker, &roll->job, roll_work, roll_done);
}

/* ---- the next spare -------------------------------------------------------------------------------------------- */

struct fill {
    struct os_job job;
    struct local *local;
    struct os_file *file;
    uint64_t number, size, at, low_water;
    uint64_t beside; /* number of the segment that was active when it began */
    bool busy;
    enum err err;
};

static void fill_path(const struct fill *fill, const char *suffix, char path[static PATH_BYTES_MAX])
{
    char name[SEGMENT_NAME_MAX], whole[SEGMENT_NAME_MAX + 8];

    segment_name(name, "spare", fill->number);
    snprintf(whole, sizeof(whole), "%s%s", name, suffix);
    local_path(fill->local, whole, path);
}

static enum err fill_step(struct fill *fill)
{
    char from[PATH_BYTES_MAX], to[PATH_BYTES_MAX];
    uint64_t end = fill->at + FILL_STEP_BYTES < fill->size ? fill->at + FILL_STEP_BYTES : fill->size;

    fill_path(fill, ".tmp", from);
    if (!fill->file) {
        uint64_t free_bytes;

        TRY(os_disk_free(fill->local->os, fill->local->dir, &free_bytes));
        if (free_bytes < fill->low_water)
            return ERR_NO_SPACE;
        TRY(os_open(fill->local->os, from, OS_WRITE | OS_CREATE | OS_DIRECT, &fill->file));
    }
    TRY(fill_zeros(fill->file, fill->at, end));
    TRY(os_sync(fill->file)); /* in steps, so that no commit waits behind all of it */
    fill->at = end;
    if (end < fill->size)
        return OK;
    fill_path(fill, "", to);
    return os_rename(fill->local->os, from, to);
}

static void fill_work(struct os_job *job)
{
    struct fill *fill = container_of(job, struct fill, job);

    fill->err = fill_step(fill);
    if (fill->err != OK) {
        char path[PATH_BYTES_MAX];

        fill_path(fill, ".tmp", path);
        if (os_unlink(fill->local->os, path) == OK)
            return; /* the next start would remove it too */
    }
}

static void fill_end(struct fill *fill)
{
    if (fill->file)
        os_close(fill->file);
    fill->local->segments.fill = NULL;
    free(fill);
}

/* It goes on as the active segment fills, so that it is neither late nor in the way of the commits for long: from a
 * quarter of that to three quarters, or at once when somebody might be waiting for it. */
static uint64_t fill_due(const struct fill *fill)
{
    const struct segment *active = fill->local->segments.active;
    uint64_t quarter = active->head.size / 4;

    if (active->head.number != fill->beside || active->used >= 3 * quarter)
        return fill->size;
    return active->used <= quarter ? 0 : fill->size * (active->used - quarter) / (2 * quarter);
}

static void fill_done(struct os_job *job);

static void fill_go_on(struct fill *fill)
{
    struct local *local = fill->local;

    if (fill->busy || local->closing || local->failed || fill->at > fill_due(fill))
        return;
    fill->busy = true;
    local_job(local, local->read_worker, &fill->job, fill_work, fill_done);
}

static void fill_done(struct os_job *job)
{
    struct fill *fill = container_of(job, struct fill, job);
    struct local *local = fill->local;

    fill->busy = false;
    if (fill->err == OK && fill->at < fill->size) {
        fill_go_on(fill);
    } else {
        if (fill->err == OK)
            spare_give(local, (struct spare){ .number = fill->number, .size = fill->size });
        fill_end(fill);
    }
    local_job_done(local);
}

uint64_t segment_filled(const struct fill *fill)
{
    return fill->at;
}

static bool spare_fits(const struct segments *segments)
{
    for (uint32_t i = 0; i < segments->spare_count; i++) {
        if (segments->spares[i].size >= segments->next_size)
            return true;
    }
    return false;
}

void segment_prepare(struct local *local)
{
    struct segments *segments = &local->segments;
    struct segment *active = segments->active;

    if (segments->fill) {
        fill_go_on(segments->fill);
        return;
    }
    if (!active || active->used < active->head.size / 4 || local->no_space || local->closing || spare_fits(segments))
        return;

    struct fill *fill = calloc(1, sizeof(*fill));

    if (!fill)
        return; /* without a spare the roll fills its own */
    fill->local = local;
    fill->number = segments->next_number++;
    fill->size = segments->next_size;
    fill->low_water = segments->bytes + 3 * fill->size; /* or it would be the spare that fills the disk */
    fill->beside = active->head.number;
    segments->fill = fill;
    fill_go_on(fill);
}

void segments_init(struct local *local)
{
    list_init(&local->segments.all);
    local->segments.next_number = 1;
    local->segments.next_size = segment_size_for(local, SEGMENT_FIRST_BYTES, 0);
}

void segments_deinit(struct local *local)
{
    struct list *link;

    if (local->segments.fill)
        fill_end(local->segments.fill); /* the next start removes the file */
    while ((link = list_pop(&local->segments.all))) {
        struct segment *segment = container_of(link, struct segment, link);

        assert(segment->refs == 1);
        if (segment->file)
            os_close(segment->file);
        free(segment);
    }
}
