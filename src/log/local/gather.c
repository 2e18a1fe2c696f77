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

static enum err ref_push(struct settle *settle, struct ref ref)
{
    TRY(GROW(settle->refs, settle->ref_count, settle->ref_capacity, 1024));
    settle->refs[settle->ref_count++] = ref;
    return OK;
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
        TRY(ref_push(settle, (struct ref){
            .log = batch.log, .first = batch.first, .offset = offset + at, .at = kept ? frame + at : NULL,
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

/* The frames held of the next segment. CORRUPT: one has rotted in memory. */
static enum err held_refs(struct settle *settle)
{
    const struct segment *segment = settle->segments[settle->scanned];

    for (; settle->held_listed < settle->held_count; settle->held_listed++) {
        const struct held *held = &settle->held[settle->held_listed];
        struct frame_head head;

        if (held->segment > settle->scanned)
            return OK;
        if (held->segment < settle->scanned || !settle->hot[held->segment])
            continue;
        TRY(frame_decode(held->chunk->at, segment->head.generation, &head));
        if (head.length + FRAME_HEADER_BYTES != held->chunk->size)
            return ERR_CORRUPT;
        TRY(frame_refs(settle, held->chunk->at, &head, held->offset, true));
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

/* The batches of the next segment: from memory if all of it is there, else the disk says. */
static enum err list_segment(struct settle *settle)
{
    uint32_t before = settle->ref_count;
    enum err err = held_refs(settle);

    if (settle->hot[settle->scanned] && err != ERR_CORRUPT)
        return err;
    settle->ref_count = before;
    return scan_segment(settle, settle->segments[settle->scanned]);
}

static int by_log(const void *a, const void *b)
{
    const struct ref *left = a, *right = b;

    if (left->log != right->log)
        return left->log < right->log ? -1 : 1;
    return (left->first > right->first) - (left->first < right->first);
}

static enum err list_logs(struct settle *settle)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < settle->ref_count; i++)
        count += i == 0 || settle->refs[i].log != settle->refs[i - 1].log;
    settle->logs = calloc(count + 1u, sizeof(*settle->logs));
    if (!settle->logs)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < settle->ref_count; i++) {
        if (i == 0 || settle->refs[i].log != settle->refs[i - 1].log)
            settle->logs[settle->log_count++] = (struct pass_log){ .id = settle->refs[i].log, .ref = i };
        settle->logs[settle->log_count - 1].ref_count++;
    }
    return OK;
}

enum err gather_list(struct settle *settle)
{
    TRY(list_segment(settle));
    if (++settle->scanned < settle->segment_count)
        return OK;
    if (settle->ref_count > 0)
        qsort(settle->refs, settle->ref_count, sizeof(settle->refs[0]), by_log);
    return list_logs(settle);
}

void gather_deinit(struct settle *settle)
{
    for (uint32_t i = 0; i < settle->held_count; i++)
        chunk_release(settle->held[i].chunk);
    free(settle->held);
    free(settle->refs);
    free(settle->logs);
    settle->held = NULL;
    settle->refs = NULL;
    settle->logs = NULL;
    settle->hold = NULL;
    settle->held_count = settle->held_capacity = settle->held_listed = settle->hold_segment = 0;
    settle->scanned = settle->ref_count = settle->ref_capacity = 0;
    settle->log_count = settle->log_asked = 0;
}
