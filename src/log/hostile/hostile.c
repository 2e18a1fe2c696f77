/* hostile.c: see hostile.h. Each log is an array of batches; everything happens in timers. */
#include "log/hostile/hostile.h"

#include <assert.h>
#include <stdlib.h>

#include "base/grow.h"
#include "log/local/idmap.h"

struct entry {
    struct log_batch batch;
    char *bytes;
};

struct stream {
    struct entry *entries;
    uint32_t count, capacity;
    bool sealed;
    struct list watches;
};

/* A commit or a read that waits for its moment. */
struct pending {
    struct os_timer timer;
    struct list link;
    struct hostile *hostile;
    struct log_commit *commit;
    struct log_read *read;
};

struct hostile {
    struct log log;
    struct log_hostile_config config;
    uint64_t random;
    struct idmap streams;
    struct list pending;
    log_pos next;
    ms time;
    uint64_t commits;
    bool failed;
    struct os_timer grown, close;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static uint64_t below(struct hostile *hostile, uint64_t bound)
{
    hostile->random ^= hostile->random >> 12;
    hostile->random ^= hostile->random << 25;
    hostile->random ^= hostile->random >> 27;
    return bound ? (hostile->random * 0x2545f4914f6cdd1du >> 16) % bound : 0;
}

static struct stream *stream_get(struct hostile *hostile, log_id id)
{
    struct stream *stream = idmap_get(&hostile->streams, id);

    if (stream)
        return stream;
    stream = calloc(1, sizeof(*stream));
    if (!stream || idmap_put(&hostile->streams, id, stream) != OK) {
        free(stream);
        return NULL;
    }
    list_init(&stream->watches);
    return stream;
}

static struct pending *pending_start(struct hostile *hostile, void (*fire)(struct os_timer *timer))
{
    struct pending *pending = calloc(1, sizeof(*pending));
    uint64_t delay_us = below(hostile, (uint64_t)hostile->config.delay_us_max + 1);

    if (!pending)
        return NULL;
    pending->hostile = hostile;
    pending->timer.fire = fire;
    list_push(&hostile->pending, &pending->link);
    os_timer_start(hostile->config.loop, &pending->timer, (int64_t)delay_us);
    return pending;
}

/* ---- commits --------------------------------------------------------------------------------------------------- */

static enum err entry_add(struct hostile *hostile, struct stream *stream, struct log_append *append)
{
    struct entry *entry;

    TRY(GROW(stream->entries, stream->count, stream->capacity, 8));
    entry = &stream->entries[stream->count];
    entry->bytes = malloc(append->size + 1u);
    if (!entry->bytes)
        return ERR_NO_MEMORY;
    if (append->size > 0)
        append->fill(append, entry->bytes);
    hostile->next += 1 + below(hostile, 1000);
    append->first = hostile->next;
    entry->batch = (struct log_batch){
        .log = append->log, .first = hostile->next, .count = append->count, .flags = append->flags,
        .time = hostile->time, .body = str_bytes(entry->bytes, append->size),
    };
    hostile->next += append->count ? append->count : 1;
    stream->count++;
    stream->sealed |= (append->flags & LOG_SEAL) != 0;
    os_timer_start(hostile->config.loop, &hostile->grown, 0);
    return OK;
}

/* An atomic commit is void when one of its logs has ended, be it by the commit itself. */
static bool void_commit(struct hostile *hostile, struct log_commit *commit)
{
    bool bad = false;

    for (uint32_t i = 0; i < commit->append_count && commit->atomic; i++) {
        struct log_append *append = &commit->appends[i];
        const struct stream *stream = idmap_get(&hostile->streams, append->log);

        append->err = stream && stream->sealed ? ERR_SEALED : ERR_CANCELLED;
        for (uint32_t j = 0; j < i; j++) {
            if (commit->appends[j].log == append->log && commit->appends[j].flags & LOG_SEAL)
                append->err = ERR_SEALED;
        }
        bad |= append->err == ERR_SEALED;
    }
    return bad;
}

static enum err apply(struct hostile *hostile, struct log_commit *commit)
{
    ms wall = os_wall_ms(hostile->config.os);

    hostile->time = wall > hostile->time ? wall : hostile->time;
    commit->time = hostile->time;
    if (void_commit(hostile, commit))
        return OK;
    for (uint32_t i = 0; i < commit->append_count; i++) {
        struct log_append *append = &commit->appends[i];
        struct stream *stream = stream_get(hostile, append->log);

        if (!stream)
            return ERR_NO_MEMORY;
        append->err = stream->sealed ? ERR_SEALED : OK;
        if (append->err == OK)
            TRY(entry_add(hostile, stream, append));
    }
    return OK;
}

static void pending_drop(struct pending *pending)
{
    list_remove(&pending->link);
    os_timer_stop(&pending->timer);
    free(pending);
}

static bool shares_log(const struct log_commit *a, const struct log_commit *b)
{
    for (uint32_t i = 0; i < a->append_count; i++) {
        for (uint32_t j = 0; j < b->append_count; j++) {
            if (a->appends[i].log == b->appends[j].log)
                return true;
        }
    }
    return false;
}

static void commit_now(struct pending *pending);

/* Whoever was submitted earlier to one of the same logs comes first; between other logs there is no order. */
static void commit_earlier(struct pending *pending)
{
    struct hostile *hostile = pending->hostile;

    for (struct list *link = hostile->pending.next; link != &pending->link;) {
        struct pending *other = container_of(link, struct pending, link);

        if (other->commit && shares_log(other->commit, pending->commit)) {
            commit_now(other);
            link = hostile->pending.next; /* others may have come or gone meanwhile */
        } else {
            link = link->next;
        }
    }
}

static void commit_now(struct pending *pending)
{
    struct hostile *hostile = pending->hostile;
    struct log_commit *commit = pending->commit;
    enum err err;

    commit_earlier(pending);
    if (hostile->failed) {
        if (below(hostile, 2) && apply(hostile, commit) != OK)
            commit->time = 0;
        err = ERR_IO;
    } else {
        err = apply(hostile, commit);
    }
    pending_drop(pending);
    commit->done(commit, err);
}

static void on_commit(struct os_timer *timer)
{
    commit_now(container_of(timer, struct pending, timer));
}

static enum err submit(struct log *log, struct log_commit *commit)
{
    struct hostile *hostile = container_of(log, struct hostile, log);
    struct pending *pending;
    uint64_t bytes = 0;

    if (hostile->failed || hostile->closed)
        return ERR_STOPPED;
    for (uint32_t i = 0; i < commit->append_count; i++)
        bytes += commit->appends[i].size;
    if (bytes > LOG_COMMIT_BYTES_MAX)
        return ERR_TOO_LARGE;
    if (below(hostile, 1000) < hostile->config.full_per_mille)
        return ERR_FULL;
    pending = pending_start(hostile, on_commit);
    if (!pending)
        return ERR_NO_MEMORY;
    pending->commit = commit;
    return OK;
}

/* ---- reads ----------------------------------------------------------------------------------------------------- */

static enum err push(struct log_read *read, const struct entry *entry)
{
    TRY(GROW(read->batches, read->batch_count, read->batch_capacity, 8));
    read->batches[read->batch_count++] = entry->batch;
    read->held_bytes += entry->batch.body.size;
    return OK;
}

static enum err answer(struct hostile *hostile, struct log_read *read)
{
    const struct stream *stream = idmap_get(&hostile->streams, read->log);
    uint64_t bytes = 0, most = below(hostile, 4) ? read->batches_max : 1 + below(hostile, read->batches_max);

    for (uint32_t i = 0; stream && i < stream->count; i++) {
        const struct log_batch *batch = &stream->entries[i].batch;

        if (batch->first + (batch->count ? batch->count : 1) <= read->from || batch->time < read->not_before)
            continue;
        if (read->batch_count >= most || (read->batch_count > 0 && bytes >= read->bytes_max)) {
            read->next = batch->first;
            return OK;
        }
        TRY(push(read, &stream->entries[i]));
        bytes += batch->body.size;
    }
    read->next = read->from > hostile->next ? read->from : hostile->next;
    read->at_end = true;
    read->sealed = stream && stream->sealed;
    return OK;
}

static void on_read(struct os_timer *timer)
{
    struct pending *pending = container_of(timer, struct pending, timer);
    struct hostile *hostile = pending->hostile;
    struct log_read *read = pending->read;
    enum err err;

    pending_drop(pending);
    read->engine = NULL;
    err = answer(hostile, read);
    read->done(read, err);
}

static enum err hostile_read(struct log *log, struct log_read *read)
{
    struct hostile *hostile = container_of(log, struct hostile, log);
    struct pending *pending;

    read->batches = NULL;
    read->batch_count = read->batch_capacity = 0;
    read->held_bytes = 0;
    read->at_end = read->sealed = read->damaged = false;
    read->next = read->from;
    read->engine = NULL;
    if (below(hostile, 2))
        return answer(hostile, read);
    pending = pending_start(hostile, on_read);
    if (!pending)
        return ERR_NO_MEMORY;
    pending->read = read;
    read->engine = pending;
    return ERR_PENDING;
}

static void release(struct log *log, struct log_read *read)
{
    free(read->batches);
    read->batches = NULL;
    read->batch_count = read->batch_capacity = 0;
}

static void cancel(struct log *log, struct log_read *read)
{
    if (read->engine)
        pending_drop(read->engine);
    read->engine = NULL;
}

static log_pos end(struct log *log, log_id id)
{
    return container_of(log, struct hostile, log)->next;
}

/* ---- watches --------------------------------------------------------------------------------------------------- */

static void watch_add(struct log *log, struct log_watch *watch)
{
    struct stream *stream = stream_get(container_of(log, struct hostile, log), watch->log);

    list_init(&watch->link);
    if (stream)
        list_push(&stream->watches, &watch->link);
}

static void watch_remove(struct log *log, struct log_watch *watch)
{
    list_remove(&watch->link);
}

/* Everybody is woken, whether there is something for him or not. */
static void on_grown(struct os_timer *timer)
{
    struct hostile *hostile = container_of(timer, struct hostile, grown);
    struct list all, *link;
    size_t cursor = 0;

    list_init(&all);
    for (struct idmap_slot *slot; (slot = idmap_next(&hostile->streams, &cursor));)
        list_take_all(&all, &((struct stream *)slot->value)->watches);
    while ((link = list_pop(&all))) {
        struct log_watch *watch = container_of(link, struct log_watch, link);
        struct stream *stream = idmap_get(&hostile->streams, watch->log);

        list_push(&stream->watches, link);
        watch->grown(watch);
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

void log_hostile_seal(struct log *log, log_id id)
{
    struct hostile *hostile = container_of(log, struct hostile, log);
    struct log_append append = { .log = id, .flags = LOG_SEAL };
    struct log_commit commit = { .appends = &append, .append_count = 1 };

    if (apply(hostile, &commit) != OK)
        hostile->failed = true;
}

void log_hostile_fail(struct log *log)
{
    container_of(log, struct hostile, log)->failed = true;
}

static void on_close(struct os_timer *timer)
{
    struct hostile *hostile = container_of(timer, struct hostile, close);
    void (*closed)(void *ctx) = hostile->closed;
    void *ctx = hostile->closed_ctx;
    size_t cursor = 0;

    if (!list_empty(&hostile->pending)) {
        os_timer_start(hostile->config.loop, &hostile->close, 1000);
        return;
    }
    os_timer_stop(&hostile->grown);
    for (struct idmap_slot *slot; (slot = idmap_next(&hostile->streams, &cursor));) {
        struct stream *stream = slot->value;

        for (uint32_t i = 0; i < stream->count; i++)
            free(stream->entries[i].bytes);
        free(stream->entries);
        free(stream);
    }
    idmap_deinit(&hostile->streams);
    free(hostile);
    closed(ctx);
}

static void hostile_close(struct log *log, void (*closed)(void *ctx), void *ctx)
{
    struct hostile *hostile = container_of(log, struct hostile, log);

    hostile->closed = closed;
    hostile->closed_ctx = ctx;
    os_timer_start(hostile->config.loop, &hostile->close, 0);
}

static const struct log_engine engine = {
    .submit = submit,
    .read = hostile_read,
    .release = release,
    .cancel = cancel,
    .end = end,
    .watch = watch_add,
    .unwatch = watch_remove,
    .close = hostile_close,
};

enum err log_hostile_open(const struct log_hostile_config *config, struct log **ret_log)
{
    struct hostile *hostile = calloc(1, sizeof(*hostile));

    if (!hostile)
        return ERR_NO_MEMORY;
    hostile->log.engine = &engine;
    hostile->config = *config;
    hostile->random = config->seed | 1;
    hostile->next = 1;
    hostile->grown.fire = on_grown;
    hostile->close.fire = on_close;
    list_init(&hostile->pending);
    *ret_log = &hostile->log;
    return OK;
}
