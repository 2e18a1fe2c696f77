/* fetch.c: bring in what a read wants from commit segments and from settled files, checking every byte. */
#include "log/local/fetch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/grow.h"
#include "log/local/lookup.h"
#include "log/local/scan.h"

enum {
    FETCH_BYTES_MAX = 2 * FRAME_BYTES_MAX,
    FETCH_BATCHES_MAX = 4096,
    FETCH_FILES_MAX = 16,
    FETCH_CHUNKS_MAX = 64,
};

struct found {
    uint32_t chunk;
    struct batch_head head;
    const char *body;
};

/* One job. What is wanted is set on the loop, what was found in the job. */
struct fetch {
    struct os_job job;
    struct local *local;
    struct log_read *read; /* NULL when it was cancelled meanwhile */
    log_id log;
    log_pos from, next;
    ms not_before;
    uint64_t bytes_max, bytes;
    uint32_t batches_max;

    struct segment *segment;
    struct extent *extents;
    uint32_t extent_count;

    struct fetch_file {
        struct settled_file *file;
        struct settled_entry *entries;
        uint32_t count;
        bool known, fresh;
    } *files;
    uint32_t file_count, file_capacity;

    struct chunk *chunks[FETCH_CHUNKS_MAX];
    uint32_t chunk_count;
    struct found *found;
    uint32_t found_count, found_capacity;
    bool damaged, full;
    uint64_t damaged_offset; /* where, for the report */
    char damaged_name[SEGMENT_NAME_MAX];
    uint32_t damaged_count;
    enum err err;
};

struct extent {
    uint64_t offset;
    log_pos first;
    uint32_t size; /* of the body */
};

static struct fetch *fetch_create(struct local *local, struct log_read *read)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    if (!fetch)
        return NULL;
    fetch->local = local;
    fetch->read = read;
    fetch->log = read->log;
    fetch->from = fetch->next = read->next;
    fetch->not_before = read->not_before;
    fetch->bytes_max = read->bytes_max < FETCH_BYTES_MAX ? read->bytes_max : FETCH_BYTES_MAX;
    fetch->batches_max = read->batches_max < FETCH_BATCHES_MAX ? read->batches_max : FETCH_BATCHES_MAX;
    return fetch;
}

static void fetch_destroy(struct fetch *fetch)
{
    for (uint32_t i = 0; i < fetch->chunk_count; i++)
        chunk_release(fetch->chunks[i]);
    for (uint32_t i = 0; i < fetch->file_count; i++) {
        free(fetch->files[i].entries);
        settled_file_release(fetch->files[i].file);
    }
    free(fetch->files);
    if (fetch->segment)
        segment_release(fetch->segment);
    free(fetch->extents);
    free(fetch->found);
    free(fetch);
}

static struct chunk *chunk_add(struct fetch *fetch, size_t size)
{
    struct chunk *chunk = fetch->chunk_count < FETCH_CHUNKS_MAX ? chunk_create(size) : NULL;

    if (chunk)
        fetch->chunks[fetch->chunk_count++] = chunk;
    return chunk;
}

static enum err found_push(struct fetch *fetch, const struct batch_head *head, const char *body)
{
    TRY(GROW(fetch->found, fetch->found_count, fetch->found_capacity, 16));
    fetch->found[fetch->found_count++] = (struct found){ fetch->chunk_count - 1, *head, body };
    fetch->bytes += head->size;
    return OK;
}

static void damage(struct fetch *fetch, const char *name, uint64_t offset)
{
    fetch->damaged = true;
    fetch->damaged_count++;
    fetch->damaged_offset = offset;
    memcpy(fetch->damaged_name, name, SEGMENT_NAME_MAX);
}

/* ---- back on the loop ------------------------------------------------------------------------------------------ */

static void keep_lookups(struct fetch *fetch)
{
    for (uint32_t i = 0; i < fetch->file_count; i++) {
        struct fetch_file *file = &fetch->files[i];

        if (!file->fresh)
            continue;
        lookup_put(fetch->local->lookups, file->file->at.number, fetch->log, file->entries, file->count);
        file->entries = NULL;
    }
}

static enum err hand_over(struct fetch *fetch, struct log_read *read)
{
    for (uint32_t i = 0; i < fetch->found_count; i++) {
        const struct found *found = &fetch->found[i];

        TRY(read_push(read, (struct log_batch){
            .log = found->head.log, .first = found->head.first, .count = found->head.count,
            .flags = found->head.flags, .time = found->head.time, .body = str_bytes(found->body, found->head.size),
        }, fetch->chunks[found->chunk]));
    }
    read->damaged |= fetch->damaged;
    if (read->next < fetch->next)
        read->next = fetch->next;
    return OK;
}

static void fetch_done(struct os_job *job)
{
    struct fetch *fetch = container_of(job, struct fetch, job);
    struct local *local = fetch->local;
    struct log_read *read = fetch->read;
    enum err err = fetch->err;

    keep_lookups(fetch);
    if (fetch->damaged) {
        local->count->damaged_runs += fetch->damaged_count;
        local_report(local, REPORT_ERROR, "%s is damaged at offset %llu: %u pieces of log %llu cannot be read",
                     fetch->damaged_name, (unsigned long long)fetch->damaged_offset, fetch->damaged_count,
                     (unsigned long long)fetch->log);
    }
    if (read) {
        read->engine = NULL;
        if (err == OK)
            err = hand_over(fetch, read);
        fetch_destroy(fetch);
        read_fetched(local, read, err);
    } else {
        fetch_destroy(fetch);
    }
    local_job_done(local);
}

void read_cancel(struct log *log, struct log_read *read)
{
    struct fetch *fetch = read->engine;

    if (fetch) {
        assert(fetch->read == read);
        fetch->read = NULL;
        read->engine = NULL;
    }
    read_release(log, read);
}

static enum err fetch_start(struct fetch *fetch, void (*work)(struct os_job *job))
{
    fetch->read->engine = fetch;
    local_job(fetch->local, fetch->local->read_worker, &fetch->job, work, fetch_done);
    return ERR_PENDING;
}

/* ---- from a commit segment ------------------------------------------------------------------------------------- */

/* How many extents from `i` on lie back to back in the file. */
static uint32_t adjacent(const struct fetch *fetch, uint32_t i, size_t *ret_size)
{
    uint32_t count = 0;
    uint64_t start = fetch->extents[i].offset, end = start;

    while (i + count < fetch->extent_count && fetch->extents[i + count].offset == end)
        end += batch_span(fetch->extents[i + count++].size);
    *ret_size = (size_t)(end - start);
    return count;
}

/* CORRUPT: this place is broken, and will be. IO: nothing can be read at present; whoever reads keeps his place. */
static enum err read_place(struct os_file *file, char *to, size_t size, uint64_t offset, size_t *ret_got)
{
    enum err err = os_read_at(file, to, size, offset, ret_got);

    if (err != ERR_IO || !file_answers(file))
        return err;
    err = os_read_at(file, to, size, offset, ret_got);
    return err == ERR_IO ? ERR_CORRUPT : err;
}

static enum err cold_extent(struct fetch *fetch, const struct extent *extent, const char *at)
{
    struct batch_head head;
    char name[SEGMENT_NAME_MAX];

    if (batch_decode(at, batch_span(extent->size), &head) == OK && head.log == fetch->log &&
        head.first == extent->first && head.size == extent->size && batch_check(at, &head))
        return found_push(fetch, &head, at + BATCH_HEADER_BYTES);
    segment_name(name, "commit", fetch->segment->head.number);
    damage(fetch, name, extent->offset);
    return OK;
}

/* `file` NULL: it is gone, and so is what lay in it. */
static enum err cold_read(struct fetch *fetch, struct os_file *file, char *to)
{
    for (uint32_t i = 0; i < fetch->extent_count;) {
        size_t size, got = 0;
        uint32_t count = adjacent(fetch, i, &size);
        enum err err = file ? read_place(file, to, size, fetch->extents[i].offset, &got) : ERR_CORRUPT;

        if (err != ERR_CORRUPT) /* damage of what lies there, not the end of everything */
            TRY(err);
        memset(to + got, 0, size - got);
        for (; count > 0; count--, i++) {
            TRY(cold_extent(fetch, &fetch->extents[i], to));
            to += batch_span(fetch->extents[i].size);
        }
    }
    return OK;
}

static void cold_work(struct os_job *job)
{
    struct fetch *fetch = container_of(job, struct fetch, job);
    struct os_file *file = NULL;
    struct chunk *chunk;
    size_t total = 0;

    for (uint32_t i = 0; i < fetch->extent_count; i++)
        total += batch_span(fetch->extents[i].size);
    chunk = chunk_add(fetch, total);
    fetch->err = chunk ? segment_open(fetch->segment, &file) : ERR_NO_MEMORY;
    if (fetch->err == OK || fetch->err == ERR_MISSING)
        fetch->err = cold_read(fetch, file, chunk->at);
    if (file)
        os_close(file);
}

enum err fetch_cold(struct local *local, struct log_read *read, const struct tail_batch *batch)
{
    struct fetch *fetch = fetch_create(local, read);
    uint64_t bytes = 0;

    if (!fetch)
        return ERR_NO_MEMORY;
    fetch->extents = malloc(fetch->batches_max * sizeof(struct extent));
    if (!fetch->extents) {
        fetch_destroy(fetch);
        return ERR_NO_MEMORY;
    }
    fetch->segment = batch->frame->segment;
    segment_hold(fetch->segment);
    for (; batch && !batch->frame->bytes && batch->frame->segment == fetch->segment;
         batch = tail_next(&local->tail, read->log, batch)) {
        if (fetch->extent_count == fetch->batches_max || (fetch->extent_count > 0 && bytes >= fetch->bytes_max))
            break;
        fetch->extents[fetch->extent_count++] = (struct extent){
            .offset = batch->frame->offset + batch->offset, .first = batch->first, .size = batch->size,
        };
        bytes += batch->size;
        fetch->next = batch_end(batch->first, batch->count);
    }
    local->count->reads_commit_log++;
    return fetch_start(fetch, cold_work);
}

/* ---- from settled files ---------------------------------------------------------------------------------------- */

static bool full(const struct fetch *fetch)
{
    return fetch->found_count >= fetch->batches_max || (fetch->found_count > 0 && fetch->bytes >= fetch->bytes_max) ||
           fetch->chunk_count == FETCH_CHUNKS_MAX;
}

static bool all_zeros(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i])
            return false;
    }
    return true;
}

/* Do the headers of the run, taken together, say what the index says? Then batches may be passed over unchecked. */
static bool headers_sound(const struct settled_entry *entry, const char *run)
{
    uint32_t at = 0, crc = 0, count = 0;
    struct batch_head head;

    for (; at < entry->size && batch_decode(run + at, entry->size - at, &head) == OK; at += batch_span(head.size)) {
        crc = crc32c(crc, run + at, BATCH_HEADER_BYTES);
        count++;
    }
    return at == entry->size && crc == entry->crc && count == entry->batch_count;
}

/* Walk the run from its start to what is wanted. */
static enum err run_walk(struct fetch *fetch, const struct settled_entry *entry, const char *name, const char *run)
{
    bool sound = headers_sound(entry, run);
    uint32_t at = 0;

    while (at < entry->size && !full(fetch)) {
        struct batch_head head;
        enum err err = batch_decode(run + at, entry->size - at, &head);

        if (err != OK) {
            damage(fetch, name, entry->offset + at); /* the rest of the run cannot be found */
            break;
        }
        bool wanted = batch_end(head.first, head.count) > fetch->next && head.time >= fetch->not_before;

        if ((wanted || !sound) && (head.log != entry->log || !batch_check(run + at, &head))) {
            damage(fetch, name, entry->offset + at);
        } else if (wanted) {
            TRY(found_push(fetch, &head, run + at + BATCH_HEADER_BYTES));
            fetch->next = batch_end(head.first, head.count);
        }
        at += batch_span(head.size);
    }
    if (!full(fetch) && fetch->next <= entry->last)
        fetch->next = entry->last + 1;
    return OK;
}

static enum err run_read(struct fetch *fetch, struct os_file *os_file, const struct manifest_file *file,
                         const struct settled_entry *entry)
{
    struct chunk *chunk = chunk_add(fetch, entry->size);
    char name[SEGMENT_NAME_MAX];
    size_t got = 0;

    if (!chunk)
        return ERR_NO_MEMORY;
    settled_name(name, file->number);
    enum err err = read_place(os_file, chunk->at, entry->size, entry->offset, &got);

    if (err != OK && err != ERR_CORRUPT)
        return err;
    if (err == ERR_CORRUPT)
        got = 0;
    memset(chunk->at + got, 0, entry->size - got);
    if (err == OK && got == entry->size && all_zeros(chunk->at, BATCH_HEADER_BYTES)) {
        fetch->next = entry->last + 1; /* punched: nobody wanted it any more */
        return OK;
    }
    return run_walk(fetch, entry, name, chunk->at);
}

static enum err file_lookup(struct fetch *fetch, struct fetch_file *file, struct os_file *os_file)
{
    enum err err;

    if (file->known)
        return OK;
    err = settled_lookup(os_file, &file->file->at, fetch->log, &file->entries, &file->count);
    if (err == ERR_IO && file_answers(os_file)) {
        err = settled_lookup(os_file, &file->file->at, fetch->log, &file->entries, &file->count);
        if (err == ERR_IO)
            err = ERR_CORRUPT;
    }
    if (err == ERR_CORRUPT) {
        char name[SEGMENT_NAME_MAX];

        settled_name(name, file->file->at.number);
        damage(fetch, name, file->file->at.index_offset);
        return OK;
    }
    file->known = file->fresh = err == OK;
    return err;
}

static enum err file_read(struct fetch *fetch, struct fetch_file *file)
{
    char name[SETTLED_NAME_MAX], path[PATH_BYTES_MAX];
    struct os_file *os_file;
    enum err err;

    if (file->known && file->count == 0)
        return OK;
    settled_name(name, file->file->at.number);
    local_path(fetch->local, name, path);
    err = os_open(fetch->local->os, path, OS_READ, &os_file);
    if (err == ERR_MISSING) { /* NO_MEMORY: no descriptor; later there may be one */
        damage(fetch, name, 0);
        return OK;
    }
    TRY(err);
    err = file_lookup(fetch, file, os_file);
    for (uint32_t i = 0; i < file->count && err == OK && !full(fetch); i++) {
        if (file->entries[i].last >= fetch->next && file->entries[i].time_max >= fetch->not_before)
            err = run_read(fetch, os_file, &file->file->at, &file->entries[i]);
    }
    os_close(os_file);
    return err;
}

static void settled_work(struct os_job *job)
{
    struct fetch *fetch = container_of(job, struct fetch, job);

    fetch->err = OK;
    for (uint32_t i = 0; i < fetch->file_count && fetch->err == OK; i++) {
        fetch->err = file_read(fetch, &fetch->files[i]);
        if (fetch->err != OK || full(fetch))
            return;

        /* A log is in one file of those that were settled together; the others may still come. */
        log_pos together = fetch->files[i].file->at.together;
        bool last = i + 1 == fetch->file_count || fetch->files[i + 1].file->at.together != together;

        if (last && fetch->next < together)
            fetch->next = together;
    }
}

/* The first file that was settled together with something behind `from`. */
static uint32_t first_file(const struct local *local, log_pos from)
{
    uint32_t low = 0, high = local->file_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (local->files[middle]->at.together > from)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool file_wanted(const struct settled_file *file, const struct log_read *read)
{
    return file->at.last >= read->next && file->at.time_max >= read->not_before;
}

/* Take a file into the job, with what is known of the log in it; unless it is known that the log is not in it. */
static enum err file_add(struct fetch *fetch, struct settled_file *file)
{
    const struct settled_entry *entries = NULL;
    struct fetch_file at = { .file = file };

    at.known = lookup_get(fetch->local->lookups, file->at.number, fetch->log, &entries, &at.count);
    if (at.known && at.count == 0)
        return OK;
    TRY(GROW(fetch->files, fetch->file_count, fetch->file_capacity, 4));
    if (at.known) {
        at.entries = malloc(at.count * sizeof(*entries));
        if (!at.entries)
            return ERR_NO_MEMORY;
        memcpy(at.entries, entries, at.count * sizeof(*entries));
    }
    file->refs++;
    fetch->files[fetch->file_count++] = at;
    return OK;
}

/* Files enough for one job, always all that were settled together. */
static enum err files_add(struct fetch *fetch)
{
    struct local *local = fetch->local;
    log_pos together = 0;

    for (uint32_t i = first_file(local, fetch->from); i < local->file_count; i++) {
        struct settled_file *file = local->files[i];

        if (fetch->file_count >= FETCH_FILES_MAX && file->at.together != together)
            return OK;
        together = file->at.together;
        if (file_wanted(file, fetch->read))
            TRY(file_add(fetch, file));
    }
    return fetch->file_count > 0 ? OK : ERR_MISSING;
}

enum err fetch_settled(struct local *local, struct log_read *read)
{
    struct fetch *fetch = fetch_create(local, read);
    enum err err;

    if (!fetch)
        return ERR_NO_MEMORY;
    err = files_add(fetch);
    if (err != OK) {
        fetch_destroy(fetch);
        return err;
    }
    local->count->reads_settled++;
    return fetch_start(fetch, settled_work);
}
