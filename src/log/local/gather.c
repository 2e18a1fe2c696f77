/* gather.c: what lies in the segments of a pass; see pass.h. */
#include <assert.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/grow.h"
#include "log/local/pass.h"
#include "log/local/recover.h"

enum { HOLD_SLICE = 4096 };

/* ---- holding --------------------------------------------------------------------------------------------------- */

static enum err hold(struct settle *settle, struct tail_frame *frame)
{
    TRY(GROW(settle->held, settle->held_count, settle->held_capacity, 256));
    frame->bytes->refs++;
    settle->held[settle->held_count++] = (struct held){
        .chunk = frame->bytes, .offset = frame->offset, .segment = settle->hold_segment,
    };
    return OK;
}

/* They all are in the tail: nothing that is not settled leaves it. */
enum err gather_hold(struct settle *settle)
{
    for (uint32_t i = 0; i < HOLD_SLICE && settle->hold; i++, settle->hold = settle->hold->next) {
        struct tail_frame *frame = settle->hold;

        while (settle->hold_segment < settle->segment_count && settle->segments[settle->hold_segment] != frame->segment)
            settle->hold_segment++;
        if (settle->hold_segment == settle->segment_count) {
            settle->hold = NULL;
            return OK;
        }
        if (!frame->bytes)
            settle->hot[settle->hold_segment] = false;
        else if (settle->hot[settle->hold_segment])
            TRY(hold(settle, frame));
    }
    return OK;
}

/* ---- listing --------------------------------------------------------------------------------------------------- */

static enum err log_push(struct settle *settle, log_id id, uint32_t *ret_place)
{
    TRY(GROW(settle->logs, settle->log_count, settle->log_capacity, 64));
    TRY(idmap_put(&settle->log_places, id, (void *)(uintptr_t)(settle->log_count + 1)));
    *ret_place = settle->log_count;
    settle->logs[settle->log_count++] = (struct pass_log){ .id = id, .ref = REF_END, .ref_last = REF_END };
    return OK;
}

/* The last one of its log. */
static void ref_link(struct settle *settle, uint32_t place)
{
    struct ref *ref = &settle->refs[place];
    struct pass_log *log = &settle->logs[ref->log];

    ref->next = REF_END;
    if (log->ref == REF_END)
        log->ref = place;
    else
        settle->refs[log->ref_last].next = place;
    log->ref_last = place;
}

static enum err ref_push(struct settle *settle, log_id id, struct ref ref)
{
    uintptr_t place = (uintptr_t)idmap_get(&settle->log_places, id);

    TRY(GROW(settle->refs, settle->ref_count, settle->ref_capacity, 1024));
    if (place == 0)
        TRY(log_push(settle, id, &ref.log));
    else
        ref.log = (uint32_t)(place - 1);
    settle->refs[settle->ref_count] = ref;
    ref_link(settle, settle->ref_count++);
    return OK;
}

/* What was listed of the present segment is not to be relied on. */
static void refs_undo(struct settle *settle)
{
    settle->ref_count = settle->ref_begun;
    for (uint32_t i = 0; i < settle->log_count; i++)
        settle->logs[i].ref = settle->logs[i].ref_last = REF_END;
    for (uint32_t i = 0; i < settle->ref_count; i++)
        ref_link(settle, i);
}

/* The batches of a frame that lies at `offset` of the segment. `kept`: where it lies in memory it stays for the pass. CORRUPT
 * if the headers are not those that were written. */
static enum err frame_refs(struct settle *settle, const char *frame, const struct frame_head *head, uint64_t offset,
                           bool kept)
{
    uint32_t at = FRAME_HEADER_BYTES, end = FRAME_HEADER_BYTES + head->length, crc = 0;

    for (uint32_t i = 0; i < head->batch_count; i++) {
        struct batch_head batch;

        TRY(batch_decode(frame + at, end - at, &batch));
        TRY(ref_push(settle, batch.log, (struct ref){
            .first = batch.first, .offset = offset + at, .at = kept ? frame + at : NULL,
            .size = batch.size, .segment = settle->scanned,
        }));
        crc = crc32c(crc, frame + at, BATCH_HEADER_BYTES);
        at += batch_span(batch.size);
    }
    return at == end && crc == head->body_crc ? OK : ERR_CORRUPT;
}

static enum err scan_frame_refs(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    return frame_refs(walk->ctx, frame, head, offset, false);
}

/* Frames held of the next segment, some of them. CORRUPT: one has rotted in memory. */
static enum err held_refs(struct settle *settle, bool *ret_more)
{
    const struct segment *segment = settle->segments[settle->scanned];
    uint64_t until = settle->through + settle->step_bytes;

    for (*ret_more = false; settle->held_listed < settle->held_count; settle->held_listed++) {
        const struct held *held = &settle->held[settle->held_listed];
        struct frame_head head;

        if (held->segment > settle->scanned)
            return OK;
        if (held->segment < settle->scanned || !settle->hot[held->segment])
            continue;
        if (settle->through >= until) {
            *ret_more = true;
            return OK;
        }
        TRY(frame_decode(held->chunk->at, segment->head.generation, &head));
        if (head.length + FRAME_HEADER_BYTES != held->chunk->size)
            return ERR_CORRUPT;
        TRY(frame_refs(settle, held->chunk->at, &head, held->offset, true));
        settle->through += held->chunk->size;
    }
    return OK;
}

static enum err scan_lost(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    struct settle *settle = walk->ctx;

    settle->lost_frames += to - from;
    if (settle->lost_frames <= settle->segments[settle->scanned]->lost_frames)
        return OK; /* told when the engine was opened */
    if (walk->scan->unreadable > 0)
        return ERR_IO; /* it may be readable another time: nothing is recycled, and the next start looks again */
    buf_fmt(&settle->report, "commit segment %llu is damaged at offset %llu: %llu acknowledged commits are lost\n",
            (unsigned long long)walk->head.number, (unsigned long long)offset, (unsigned long long)(to - from));
    buf_append(&settle->lost, str_bytes(&(struct lost){ 0, from, to }, sizeof(struct lost)));
    return settle->lost.err;
}

static enum err scan_segment(struct settle *settle, const struct segment *segment)
{
    struct scan scan;
    struct walk walk = {
        .scan = &scan, .head = segment->head, .limit = segment->last_frame + 1, .frame = scan_frame_refs,
        .lost = scan_lost, .ctx = settle,
    };
    struct os_file *file;
    enum err err;

    settle->lost_frames = 0;
    TRY(segment_open(segment, &file));
    scan_init_file(&scan, file, segment->used, segment->head.generation);
    err = walk_segment(&walk);
    scan_deinit(&scan);
    os_close(file);
    if (err == OK && settle->lost_frames > segment->lost_frames)
        settle->lost_frames -= segment->lost_frames;
    else
        settle->lost_frames = 0;
    return err;
}

/* From memory if all of it is there, else the disk says. */
enum err gather_list(struct settle *settle)
{
    bool more = false;
    enum err err = OK;

    if (settle->hot[settle->scanned]) {
        err = held_refs(settle, &more);
        if (err == OK && more)
            return OK;
        if (err != OK && err != ERR_CORRUPT)
            return err;
    }
    if (err == ERR_CORRUPT)
        refs_undo(settle);
    if (err == ERR_CORRUPT || !settle->hot[settle->scanned])
        TRY(scan_segment(settle, settle->segments[settle->scanned]));
    settle->scanned++;
    settle->ref_begun = settle->ref_count;
    return OK;
}

void gather_deinit(struct settle *settle)
{
    for (uint32_t i = 0; i < settle->held_count; i++)
        chunk_release(settle->held[i].chunk);
    free(settle->held);
    free(settle->refs);
    free(settle->logs);
    idmap_deinit(&settle->log_places);
    settle->log_places = (struct idmap){ 0 };
    settle->held = NULL;
    settle->refs = NULL;
    settle->logs = NULL;
    settle->hold = NULL;
    settle->held_count = settle->held_capacity = settle->held_listed = settle->hold_segment = 0;
    settle->scanned = settle->ref_count = settle->ref_capacity = settle->ref_begun = 0;
    settle->log_count = settle->log_capacity = settle->log_asked = 0;
    settle->through = 0;
}
