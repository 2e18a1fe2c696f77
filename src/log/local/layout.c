/* layout.c: what becomes of the queue when a frame is laid out. On the loop, but for layout_fill. */
#include "log/local/layout.h"

#include <assert.h>

#include "base/crc32c.h"

/* Who comes behind a SEAL, and what an atomic commit makes of it. Marks the seals it finds. */
static enum err judge(struct local *local, struct log_commit *entry)
{
    bool sealed = false;
    enum err err = OK;

    for (uint32_t i = 0; i < entry->append_count; i++)
        entry->appends[i].err = ERR_PENDING;
    for (uint32_t i = 0; i < entry->append_count && err == OK; i++) {
        struct log_append *append = &entry->appends[i];

        append->err = idmap_get(&local->sealed, append->log) ? ERR_SEALED : OK;
        if (append->err == ERR_SEALED)
            sealed = true;
        else if (append->flags & LOG_SEAL)
            err = idmap_put(&local->sealed, append->log, SEAL_STAGED);
        if (err != OK)
            append->err = err;
    }
    if (err == OK && !(sealed && entry->atomic))
        return OK;
    for (uint32_t i = 0; i < entry->append_count; i++) {
        struct log_append *append = &entry->appends[i];

        if (append->err == OK) {
            if (append->flags & LOG_SEAL)
                idmap_remove(&local->sealed, append->log);
            append->err = ERR_CANCELLED;
        }
    }
    return err;
}

static void layout_add(struct layout *layout, const struct log_commit *entry, log_id control_log)
{
    for (uint32_t i = 0; i < entry->append_count; i++) {
        if (entry->appends[i].err == OK) {
            layout->bytes += batch_span(entry->appends[i].size);
            layout->batches++;
            layout->control |= entry->appends[i].log == control_log;
        }
    }
}

/* Move what fits from the queue to the flight and judge it. */
struct layout layout_take(struct local *local, uint64_t room)
{
    struct commit *commit = &local->commit;
    struct layout layout = { 0 };
    struct log_commit *entry;

    while ((entry = commit_queue_first(commit)) && layout.bytes + entry->bytes <= room) {
        enum err err = judge(local, entry);

        commit_queue_pop(local, entry);
        if (err != OK) {
            entry->done(entry, err);
            continue;
        }
        list_push(&commit->flight, &entry->link);
        layout_add(&layout, entry, local->config.control_log);
    }
    return layout;
}

static enum err stage_entry(struct local *local, struct log_commit *entry, struct tail_frame *frame, uint32_t *offset,
                            log_pos *next)
{
    for (uint32_t i = 0; i < entry->append_count; i++) {
        struct log_append *append = &entry->appends[i];

        if (append->err != OK)
            continue;
        TRY(tail_stage(&local->tail, frame, append->log, (struct tail_batch){
            .first = *next, .offset = *offset, .size = append->size, .count = append->count, .flags = append->flags,
        }));
        append->first = *next;
        *next = batch_end(*next, append->count);
        *offset += batch_span(append->size);
    }
    return OK;
}

void layout_undo(struct local *local)
{
    struct list *link;

    while ((link = list_pop(&local->commit.flight))) {
        struct log_commit *entry = container_of(link, struct log_commit, link);

        for (uint32_t i = 0; i < entry->append_count; i++) {
            if (entry->appends[i].err == OK && entry->appends[i].flags & LOG_SEAL)
                idmap_remove(&local->sealed, entry->appends[i].log);
        }
        entry->done(entry, ERR_NO_MEMORY);
    }
}

/* The frame of what is in flight, staged in the tail. */
enum err layout_stage(struct local *local, struct layout layout)
{
    struct commit *commit = &local->commit;
    struct tail_frame *frame = tail_frame_create(layout.batches);
    uint32_t offset = FRAME_HEADER_BYTES;
    log_pos next = commit->next;
    enum err err = OK;

    if (!frame)
        return ERR_NO_MEMORY;
    frame->number = commit->next_frame;
    frame->time = commit->time;
    frame->size = (uint32_t)(FRAME_HEADER_BYTES + layout.bytes);
    frame->segment = local->segments.active;
    if (frame->segment)
        frame->offset = frame->segment->used;
    frame->bytes = lane_chunk(frame->offset, frame->size);
    if (!frame->bytes)
        err = ERR_NO_MEMORY;
    for (struct list *link = commit->flight.next; link != &commit->flight && err == OK; link = link->next)
        err = stage_entry(local, container_of(link, struct log_commit, link), frame, &offset, &next);
    if (err != OK) {
        tail_unstage(&local->tail, frame);
        return err;
    }
    assert(offset == frame->size);
    commit->next = next;
    commit->next_frame++;
    commit->vouched = commit->synced;
    commit->control_back = local_control_back(local, frame->number);
    if (layout.control)
        commit->control = frame->number;
    commit->frame = frame;
    return OK;
}

/* Each body is written straight into the frame, which is what the disk and later the readers get. */
uint32_t layout_fill(struct commit *commit, char *at)
{
    uint32_t crc = 0;

    list_each(link, &commit->flight) {
        struct log_commit *entry = container_of(link, struct log_commit, link);

        for (uint32_t i = 0; i < entry->append_count; i++) {
            struct log_append *append = &entry->appends[i];

            if (append->err != OK)
                continue;

            struct batch_head head = {
                .log = append->log, .first = append->first, .time = commit->frame->time,
                .count = append->count, .flags = append->flags, .size = append->size,
            };

            if (append->size > 0)
                append->fill(append, at + BATCH_HEADER_BYTES);
            batch_seal(&head, at);
            crc = crc32c(crc, at, BATCH_HEADER_BYTES);
            at += batch_span(append->size);
        }
    }
    return crc;
}
