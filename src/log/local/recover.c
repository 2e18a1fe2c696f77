/* recover.c: from a directory to an engine; see recover.h for the rule it follows. */
#include <assert.h>
#include <stdlib.h>

#include "log/local/directory.h"

/* ---- frames ---------------------------------------------------------------------------------------------------- */

static void hole_begin(struct recover *state, uint64_t from)
{
    if (state->hole)
        return;
    state->hole = true;
    state->hole_from = from;
    state->control = 0;
}

static bool hole_spares(const struct recover *state)
{
    return state->control > 0 && state->control_frame - state->control < state->hole_from;
}

/* What stands behind the hole, a frame or the header of its segment, says how far back the control log was written. One
 * that proves something is enough: what was written without such proof says too much. */
static void hole_witness(struct recover *state, uint64_t number, uint32_t control)
{
    if (!state->hole || hole_spares(state))
        return;
    state->control_frame = number;
    state->control = control;
}

static void hole_end(struct recover *state, log_pos to)
{
    struct local *local = state->local;
    bool spares = hole_spares(state);

    if (!state->hole)
        return;
    state->hole = false;
    local_hole(local, (struct manifest_hole){ .from = local->tail.end, .to = to, .spares_control = spares });
    local->commit.control = spares ? state->control_frame - state->control : state->expected - 1;
    if (local->config.control_log)
        recover_report(state, REPORT_ERROR, spares ? "none of the lost commits is the catalog's: it is whole, and the start goes on; "
                                                     "reads of streams across them say that something is missing"
                                                   : "whether the catalog is among what was lost cannot be known, or it is");
}

/* Positions must go on from where we are; anything else was not written by us, whatever its crc says. */
static bool frame_plausible(const struct recover *state, const struct frame_head *head, const char *frame)
{
    const char *at = frame + FRAME_HEADER_BYTES;
    log_pos least = state->local->tail.end;

    if (head->number < state->expected)
        return false;
    for (uint32_t i = 0; i < head->batch_count; i++) {
        struct batch_head batch;

        if (batch_decode(at, FRAME_BYTES_MAX, &batch) != OK || batch.first < least)
            return false;
        least = batch_end(batch.first, batch.count);
        at += batch_span(batch.size);
    }
    return true;
}

static enum err stage_batches(struct recover *state, struct tail_frame *tail_frame, const char *frame, log_pos *end)
{
    struct local *local = state->local;

    for (uint32_t i = 0, offset = FRAME_HEADER_BYTES; i < tail_frame->batch_capacity; i++) {
        struct batch_head batch;

        TRY(batch_decode(frame + offset, FRAME_BYTES_MAX, &batch));
        TRY(tail_stage(&local->tail, tail_frame, batch.log, (struct tail_batch){
            .first = batch.first, .offset = offset, .size = batch.size, .count = batch.count, .flags = batch.flags,
        }));
        if (batch.log == local->config.control_log)
            local->commit.control = tail_frame->number;
        if (batch.flags & LOG_SEAL)
            TRY(idmap_put(&local->sealed, batch.log, SEAL_DURABLE));
        *end = batch_end(batch.first, batch.count);
        offset += batch_span(batch.size);
    }
    return OK;
}

/* One frame that counts, which lies in `segment` at `offset`. */
static enum err take_frame(struct recover *state, struct segment *segment, uint64_t offset, const struct frame_head *head,
                           const char *frame)
{
    struct local *local = state->local;
    struct tail_frame *tail_frame;
    log_pos end = local->tail.end;

    if (!frame_plausible(state, head, frame)) {
        recover_report(state, REPORT_ERROR, "commit segment %llu holds a frame out of order at offset %llu; it is passed over",
               (unsigned long long)segment->head.number, (unsigned long long)offset);
        return OK;
    }
    state->expected = head->number + 1;
    segment->last_frame = head->number;
    if (head->time > local->commit.time)
        local->commit.time = head->time;
    hole_witness(state, head->number, head->control);
    if (head->batch_count == 0)
        return OK;
    tail_frame = tail_frame_create(head->batch_count);
    if (!tail_frame)
        return ERR_NO_MEMORY;
    tail_frame->number = head->number;
    tail_frame->time = head->time;
    tail_frame->segment = segment;
    tail_frame->offset = offset;
    tail_frame->size = FRAME_HEADER_BYTES + head->length;

    struct batch_head first;
    enum err err = batch_decode(frame + FRAME_HEADER_BYTES, FRAME_BYTES_MAX, &first);

    if (err == OK) {
        hole_end(state, first.first);
        err = stage_batches(state, tail_frame, frame, &end);
    }
    if (err != OK) {
        tail_unstage(&local->tail, tail_frame);
        return err;
    }
    tail_publish(&local->tail, tail_frame, end);
    segment_count(segment, tail_frame);
    return OK;
}

static enum err on_frame(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    struct recover *state = walk->ctx;

    return take_frame(state, state->segment, offset, head, frame);
}

static enum err on_lost(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    struct recover *state = walk->ctx;
    char name[SEGMENT_NAME_MAX];

    segment_name(name, "commit", walk->head.number);
    recover_report(state, REPORT_ERROR,
           "%s is damaged at offset %llu: %llu acknowledged commits (frames %llu to %llu) are lost", name,
           (unsigned long long)offset, (unsigned long long)(to - from), (unsigned long long)from,
           (unsigned long long)to - 1);
    state->recovery->damaged_frames += to - from;
    state->segment->lost_frames += to - from;
    hole_begin(state, from);
    return OK;
}

static enum err measure_frame(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    return OK;
}

static enum err measure_lost(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    return OK;
}

/* ---- segments -------------------------------------------------------------------------------------------------- */

/* Look at a segment's head and put it into the list, unless there is nothing to go by. */
static enum err take_segment(struct recover *state, uint64_t number)
{
    struct local *local = state->local;
    char name[SEGMENT_NAME_MAX], path[PATH_BYTES_MAX];
    struct os_file *file;
    struct segment_head head;
    struct scan scan;
    uint64_t size;
    bool damaged = false;
    enum err err;

    segment_name(name, "commit", number);
    local_path(local, name, path);
    TRY(os_open(local->os, path, OS_READ, &file));
    err = os_size(file, &size);
    if (err == OK) {
        scan_init_file(&scan, file, size, 0);
        err = walk_head(&scan, number, &head, &damaged);
        scan_deinit(&scan);
    }
    os_close(file);
    if (err == ERR_MISSING || damaged)
        recover_report(state, REPORT_ERROR, "%s: its header is damaged%s", name,
               damaged ? "; the frames behind it say enough" : " and no frame stands behind it: it is passed over");
    else if (err == ERR_NEWER)
        recover_report(state, REPORT_ERROR, "%s was written by a newer version", name);
    if (err == OK) {
        head.size = size;
        return segment_add(local, &head, NULL) ? OK : ERR_NO_MEMORY;
    }
    return err == ERR_MISSING ? OK : err;
}

static enum err take_segments(struct recover *state)
{
    uint64_t boot = state->manifest.boot_segment;

    if (boot > state->manifest.settled_segment && !numbers_known(&state->commits, boot)) {
        recover_report(state, REPORT_ERROR, "commit segment %llu is missing: what was acknowledged in it is lost",
               (unsigned long long)boot);
        state->end_missing = state->commits.count == 0 || boot > state->commits.at[state->commits.count - 1];
    }
    for (uint32_t i = 0; i < state->commits.count; i++) {
        uint64_t number = state->commits.at[i];
        char name[SEGMENT_NAME_MAX];

        if (number > state->manifest.settled_segment) {
            TRY(take_segment(state, number));
        } else {
            segment_name(name, "commit", number);
            recover_doom(state, name);
        }
    }
    return OK;
}

static struct segment *next_segment(struct local *local, struct segment *segment)
{
    struct list *link = segment ? segment->link.next : local->segments.all.next;

    return link == &local->segments.all ? NULL : container_of(link, struct segment, link);
}

/* The gap in front of a segment whose first frame is not the one we expect. */
static void gap(struct recover *state, const struct segment *segment)
{
    if (segment->head.first_frame <= state->expected)
        return;
    recover_report(state, REPORT_ERROR, "a commit segment is missing: %llu acknowledged commits (frames %llu to %llu) are lost",
           (unsigned long long)(segment->head.first_frame - state->expected), (unsigned long long)state->expected,
           (unsigned long long)segment->head.first_frame - 1);
    state->recovery->damaged_frames += segment->head.first_frame - state->expected;
    hole_begin(state, state->expected);
    state->expected = segment->head.first_frame;
}

static enum err walk_into_tail(struct recover *state, struct segment *segment, struct scan *scan, uint64_t limit,
                               struct walk *walk)
{
    struct local *local = state->local;

    gap(state, segment);
    if (segment != local->segments.active)
        hole_witness(state, segment->head.first_frame, segment->head.control);
    state->segment = segment;
    *walk = (struct walk){
        .scan = scan, .head = segment->head, .limit = limit, .frame = on_frame, .lost = on_lost, .ctx = state,
    };
    TRY(walk_segment(walk));
    if (walk->next_frame > state->expected)
        state->expected = walk->next_frame;
    segment->used = walk->end;
    segment->last_frame = state->expected - 1;
    local->segments.bytes += segment->used - SEGMENT_HEADER_BYTES;
    return OK;
}

/* ---- the last segment ------------------------------------------------------------------------------------------ */

/* Copy frames `from` to `to` - 1 behind the header of the fresh segment, with its generation and chain. */
static enum err copy_frames(struct scan *scan, uint64_t offset, uint64_t from, uint64_t to,
                            const struct segment_head *fresh, struct buf *prefix, uint32_t *ret_chain)
{
    uint32_t chain = fresh->previous_crc;
    struct frame_head head;

    if (from < to)
        TRY(scan_find(scan, offset, from, &offset, &head));
    for (uint64_t number = from; number < to; number++) {
        const char *frame;

        TRY(scan_frame(scan, offset, &head, &frame));
        offset += FRAME_HEADER_BYTES + head.length;
        buf_append(prefix, str_bytes(frame, FRAME_HEADER_BYTES + head.length));
        TRY(prefix->err);
        head.generation = fresh->generation;
        head.previous_crc = chain;
        head.vouched = from - 1;
        frame_encode(&head, prefix->at + prefix->size - FRAME_HEADER_BYTES - head.length);
        chain = head.crc;
    }
    *ret_chain = chain;
    return OK;
}

/* The spare that will do, if any, else a new file: synced and named when this returns. */
static enum err make_fresh(struct recover *state, struct segment_head *head, struct buf *prefix,
                           struct os_file **ret_file)
{
    struct local *local = state->local;
    struct segments *segments = &local->segments;
    char name[SEGMENT_NAME_MAX], *spare = NULL;

    for (uint32_t i = 0; i < segments->spare_count; i++) {
        if (segments->spares[i].size >= prefix->size + FRAME_HEADER_BYTES) {
            segment_name(name, "spare", segments->spares[i].number);
            spare = name;
            head->size = segments->spares[i].size;
            segments->spares[i] = segments->spares[--segments->spare_count];
            break;
        }
    }
    segment_encode(head, prefix->at);
    return segment_make(local->os, local->dir, head, spare, buf_str(prefix), ret_file);
}

/* The fresh segment goes into the list and its frames into the tail. */
static enum err take_fresh(struct recover *state, const struct segment_head *head, struct os_file *file,
                           const struct buf *prefix)
{
    struct segment *segment = segment_add(state->local, head, file);
    struct scan scan;
    struct walk walk;
    enum err err;

    if (!segment) {
        os_close(file);
        return ERR_NO_MEMORY;
    }
    state->local->segments.active = segment;
    scan_init_bytes(&scan, buf_str(prefix), head->generation);
    err = walk_into_tail(state, segment, &scan, 0, &walk);
    scan_deinit(&scan);
    if (err == OK)
        lane_resume(&state->local->commit.lane, str_slice(buf_str(prefix), 0, segment->used), segment->used);
    return err;
}

/* `scan` and `walk` are at the end of the last segment (NULL if there is none). */
static enum err begin_fresh(struct recover *state, struct scan *scan, const struct walk *walk, uint64_t to)
{
    struct local *local = state->local;
    struct commit *commit = &local->commit;

    if (state->end_missing)
        hole_begin(state, state->expected);
    if (state->hole && !hole_spares(state)) /* the frames behind it prove nothing that would be true of it */
        commit->control = state->expected - 1;

    struct segment_head head = {
        .number = local->segments.next_number++,
        .first_frame = state->expected,
        .previous_crc = walk ? walk->chain : 0,
        .epoch = local->epoch,
        .control = local_control_back(local, state->expected),
    };
    struct os_file *file = NULL;
    struct buf prefix;
    enum err err = OK;

    os_entropy(local->os, &head.generation, sizeof(head.generation));
    buf_init(&prefix, (size_t)1 << 40);
    buf_zeros(&prefix, SEGMENT_HEADER_BYTES);
    commit->chain = head.previous_crc;
    err = prefix.err;
    if (err == OK && walk)
        err = copy_frames(scan, walk->end, head.first_frame, to, &head, &prefix, &commit->chain);
    head.size = segment_size_for(local, local->segments.next_size, prefix.size);
    if (err == OK)
        err = make_fresh(state, &head, &prefix, &file);
    if (err == ERR_NO_SPACE && prefix.size == SEGMENT_HEADER_BYTES) {
        recover_report(state, REPORT_ERROR, "the disk is full: appends are refused until there is room again");
        local->no_space = true;
        err = OK;
    } else if (err == OK) {
        err = take_fresh(state, &head, file, &prefix);
        local->segments.next_size = segment_size_for(local, head.size * SEGMENT_GROWTH, 0);
    }
    buf_deinit(&prefix);
    commit->next_frame = state->expected;
    commit->synced = state->expected - 1;
    return err;
}

static void report_cut(struct recover *state, const struct walk *walk)
{
    if (!walk->cut)
        return;
    state->recovery->cut_tails++;
    recover_report(state, REPORT_WARNING, "commit segment %llu: its tail from offset %llu (frame %llu on) was torn by a crash, "
           "nobody vouches for it, and it is cut", (unsigned long long)walk->head.number, (unsigned long long)walk->end,
           (unsigned long long)walk->next_frame);
}

static enum err walk_last(struct recover *state, struct segment *segment, struct scan *scan)
{
    struct walk measure = {
        .scan = scan, .head = segment->head, .frame = measure_frame, .lost = measure_lost, .ctx = state,
    };
    struct walk walk;

    TRY(walk_segment(&measure));
    report_cut(state, &measure);
    TRY(walk_into_tail(state, segment, scan, measure.vouched + 1, &walk));
    return begin_fresh(state, scan, &walk, measure.next_frame);
}

static enum err walk_segments(struct recover *state)
{
    struct local *local = state->local;
    struct segment *segment = next_segment(local, NULL), *next;

    if (!segment)
        return begin_fresh(state, NULL, NULL, 0);
    for (;; segment = next) {
        struct os_file *file;
        struct scan scan;
        struct walk walk;
        enum err err;

        next = next_segment(local, segment);
        TRY(segment_open(segment, &file));
        scan_init_file(&scan, file, segment->head.size, segment->head.generation);
        err = next ? walk_into_tail(state, segment, &scan, next->head.first_frame, &walk)
                   : walk_last(state, segment, &scan);
        scan_deinit(&scan);
        os_close(file);
        if (err != OK || !next)
            return err;
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* A new epoch: behind everything ever given, also if the manifest is older than what the segments hold. */
static enum err begin_epoch(struct recover *state)
{
    struct local *local = state->local;
    uint64_t epoch = state->manifest.epoch;

    list_each(link, &local->segments.all) {
        if (container_of(link, struct segment, link)->head.epoch > epoch)
            epoch = container_of(link, struct segment, link)->head.epoch;
    }
    if (++epoch > EPOCH_MAX) {
        recover_report(state, REPORT_ERROR, "this directory was started %d times, which is the most there can be", EPOCH_MAX);
        return ERR_FULL;
    }
    local->epoch = local->epoch_reserved = (uint32_t)epoch;
    return OK;
}

/* The new epoch is durable before the first position of it is given. */
static enum err save_epoch(struct recover *state)
{
    struct local *local = state->local;
    char path[PATH_BYTES_MAX];
    struct buf bytes;
    enum err err;

    state->manifest.epoch = local->epoch;
    local->boot_segment = local->segments.active ? local->segments.active->head.number : 0;
    state->manifest.boot_segment = local->boot_segment;
    local->manifest_count = ++state->manifest.version_count;
    state->manifest.next_file = local->next_file;
    buf_init(&bytes, MANIFEST_BYTES_MAX);
    manifest_encode(&state->manifest, &bytes);
    err = bytes.err;
    local_path(local, "manifest", path);
    if (err == OK)
        err = os_replace_file(local->os, path, buf_str(&bytes));
    buf_deinit(&bytes);
    return err;
}

static enum err run(struct recover *state)
{
    struct local *local = state->local;
    log_pos begin;

    TRY(directory_read(state));
    if (!state->manifest_found)
        TRY(save_epoch(state)); /* so that from the first segment on there always is a manifest */
    TRY(directory_take(state));
    TRY(take_segments(state));
    if (state->number_max < state->manifest.settled_segment)
        state->number_max = state->manifest.settled_segment;
    local->segments.next_number = state->number_max + 1;
    TRY(begin_epoch(state));
    TRY(walk_segments(state));
    TRY(save_epoch(state));
    begin = (log_pos)local->epoch << POSITION_COUNTER_BITS;
    if (begin < local->tail.end) { /* nothing of ours gives positions of a later epoch */
        recover_report(state, REPORT_ERROR, "the commit log holds positions of a boot that the manifest does not know");
        return ERR_CORRUPT;
    }
    hole_end(state, begin);
    local->tail.end = local->commit.next = begin;
    return OK;
}

void recover_work(struct os_job *job)
{
    struct recovery *recovery = container_of(job, struct recovery, job);
    struct recover state = { .recovery = recovery, .local = recovery->local };

    recovery->err = run(&state);
    manifest_deinit(&state.manifest);
    free(state.commits.at);
    free(state.spares.at);
    free(state.settled.at);
}
