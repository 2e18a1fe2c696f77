/* arrange.c: batches into settled files, some at a time; see pass.h. */
#include <stdlib.h>

#include "log/local/pass.h"

static bool sound(const char *at, log_id log, const struct ref *ref, struct batch_head *ret_head)
{
    return batch_decode(at, batch_span(ref->size), ret_head) == OK && ret_head->log == log &&
           ret_head->first == ref->first && ret_head->size == ref->size && batch_check(at, ret_head);
}

/* Bring one batch to `to`: from memory if it is there, else (or if it has rotted there) from the segment. What is settled
 * replaces the only other copy, so nothing is passed on unchecked. CORRUPT if it is in neither place. */
static enum err fetch_batch(struct settle *settle, log_id log, const struct ref *ref, char *to,
                            struct batch_head *ret_head)
{
    uint32_t span = batch_span(ref->size);
    struct os_file *file;
    size_t got;

    if (ref->at && sound(ref->at, log, ref, ret_head)) {
        memcpy(to, ref->at, span);
        return OK;
    }
    TRY(openings_take(&settle->openings, settle->segments[ref->segment], &file));
    TRY(os_read_at(file, to, span, ref->offset, &got));
    return got == span && sound(to, log, ref, ret_head) ? OK : ERR_CORRUPT;
}

static enum err copy_batch(struct settle *settle, const struct pass_log *log, const struct ref *ref)
{
    struct pack *pack = &settle->pack;
    struct batch_head head;
    char *to;
    enum err err;

    TRY(pack_reserve(pack, batch_span(ref->size), &to));
    err = fetch_batch(settle, log->id, ref, to, &head);
    if (err == ERR_CORRUPT) {
        buf_fmt(&settle->report, "commit segment %llu is damaged at offset %llu: a batch of log %llu is lost\n",
                (unsigned long long)settle->segments[ref->segment]->head.number, (unsigned long long)ref->offset,
                (unsigned long long)log->id);
        settle->lost_frames++;
        buf_append(&settle->lost, str_bytes(&(struct lost){ log->id, ref->first, 0 }, sizeof(struct lost)));
        return settle->lost.err;
    }
    TRY(err);
    if (batch_end(head.first, head.count) <= log->before)
        return OK;
    if (head.time < log->before_time && !settle->keep_expired)
        return OK;
    TRY(pack_accept(pack, &head, settle->fresh));
    settle->fresh = false;
    return OK;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static void file_path(const struct settle *settle, uint64_t number, char ret_path[static PATH_BYTES_MAX])
{
    char name[SETTLED_NAME_MAX];

    settled_name(name, number);
    local_path(settle->local, name, ret_path);
}

static void log_begin(struct settle *settle)
{
    settle->fresh = true;
    if (settle->log_written < settle->log_count)
        settle->ref_next = settle->logs[settle->log_written].ref;
}

static enum err file_begin(struct settle *settle)
{
    struct manifest_file at = {
        .number = settle->next_file++, .first = LOG_POS_END, .time_min = INT64_MAX, .time_max = INT64_MIN,
        .together = settle->together, .retention_class = settle->logs[settle->log_written].retention_class,
    };
    char path[PATH_BYTES_MAX];

    file_path(settle, at.number, path);
    TRY(pack_open(&settle->pack, settle->local->os, path, &at));
    settle->packing = true;
    log_begin(settle);
    return OK;
}

/* Nothing was wanted any more: no file. */
static enum err file_end(struct settle *settle)
{
    struct pack *pack = &settle->pack;
    char path[PATH_BYTES_MAX];
    bool wanted = pack->entry_count > 0;

    if (wanted)
        TRY(pack_finish(pack));
    pack_close(pack);
    openings_close(&settle->openings);
    settle->packing = false;
    if (wanted) {
        settle->files[settle->file_count++] = pack->at;
        return OK;
    }
    file_path(settle, pack->at.number, path);
    return os_unlink(settle->local->os, path) == OK ? OK : ERR_IO;
}

void arrange_stop(struct settle *settle)
{
    if (settle->packing)
        pack_close(&settle->pack);
    openings_close(&settle->openings);
    settle->packing = settle->sorted = false;
    settle->log_written = 0;
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

static int by_class(const void *a, const void *b)
{
    const struct pass_log *left = a, *right = b;

    if (left->retention_class != right->retention_class)
        return left->retention_class < right->retention_class ? -1 : 1;
    return (left->id > right->id) - (left->id < right->id);
}

static void sort_logs(struct settle *settle)
{
    if (!settle->sorted && settle->log_count > 0)
        qsort(settle->logs, settle->log_count, sizeof(settle->logs[0]), by_class);
    settle->sorted = true;
}

bool arrange_done(const struct settle *settle)
{
    return settle->log_written == settle->log_count && !settle->packing;
}

/* The next batch of the class whose file is open; false in `ret_more` if there is none. */
static enum err arrange_next(struct settle *settle, bool *ret_more)
{
    const struct pass_log *log = &settle->logs[settle->log_written];
    const struct ref *ref;

    *ret_more = settle->log_written < settle->log_count && log->retention_class == settle->pack.at.retention_class;
    if (!*ret_more)
        return OK;
    if (log->gone || settle->ref_next == REF_END) {
        settle->log_written++;
        log_begin(settle);
        return OK;
    }
    ref = &settle->refs[settle->ref_next];
    settle->ref_next = ref->next;
    settle->through += batch_span(ref->size);
    return copy_batch(settle, log, ref);
}

enum err arrange_step(struct settle *settle)
{
    uint64_t until = settle->through + settle->step_bytes;
    bool more = true;

    sort_logs(settle);
    if (settle->log_written < settle->log_count || settle->packing) {
        if (!settle->packing)
            TRY(file_begin(settle));
        while (more && settle->through < until)
            TRY(arrange_next(settle, &more));
        if (more)
            return pack_flush(&settle->pack);
        TRY(file_end(settle));
    }
    return arrange_done(settle) ? os_sync_dir(settle->local->os, settle->local->dir) : OK;
}
