/* walk.c: the frames of one segment, and the difference between a torn tail and damage; see recover.h. */
#include <assert.h>

#include "base/bytes.h"
#include "log/local/recover.h"

enum err walk_head(struct scan *scan, uint64_t number, struct segment_head *ret_head, bool *ret_damaged)
{
    struct frame_head frame;
    const char *at;
    enum err err = scan_bytes(scan, 0, SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES, &at);

    if (err == ERR_TRUNCATED)
        return ERR_MISSING;
    TRY(err);
    *ret_damaged = false;
    err = segment_decode(at, ret_head);
    if (err == OK && (number == 0 || ret_head->number == number)) {
        scan->generation = ret_head->generation;
        return OK;
    }
    if (err == ERR_NEWER)
        return err;

    uint64_t generation = load_le64(at + SEGMENT_HEADER_BYTES + 8);

    if (frame_decode(at + SEGMENT_HEADER_BYTES, generation, &frame) != OK)
        return ERR_MISSING;
    *ret_head = (struct segment_head){
        .number = number, .generation = generation, .size = scan->size, .first_frame = frame.number,
        .previous_crc = frame.previous_crc, .control = frame.control,
    };
    scan->generation = generation;
    *ret_damaged = true;
    return OK;
}

/* Is there, from `offset` on, a frame that vouches for frame `number`? Sets where the first later frame stands. */
static enum err find_later(struct walk *walk, uint64_t offset, uint64_t number, bool *ret_vouched, uint64_t *ret_offset,
                           struct frame_head *ret_head)
{
    struct frame_head head;
    uint64_t at;
    enum err err = scan_find(walk->scan, offset, number, ret_offset, ret_head);

    *ret_vouched = false;
    TRY(err);
    if (walk->limit) {
        *ret_vouched = ret_head->number < walk->limit;
        return *ret_vouched ? OK : ERR_MISSING;
    }
    *ret_vouched = ret_head->vouched >= number;
    for (at = *ret_offset, head = *ret_head; !*ret_vouched; *ret_vouched = head.vouched >= number) {
        err = scan_find(walk->scan, at + FRAME_HEADER_BYTES + head.length, number, &at, &head);
        if (err == ERR_MISSING)
            return OK;
        TRY(err);
    }
    return OK;
}

/* Did a header of this generation stand there, whatever has become of it? The generation is 64 random bits; if these are
 * what is broken, the crc of the rest tells. What the segment held before it was used again has another one. */
static bool is_ours(const char *at, uint64_t generation)
{
    char whole[FRAME_HEADER_BYTES];
    struct frame_head head;

    if (load_le64(at + 8) == generation)
        return true;
    memcpy(whole, at, sizeof(whole));
    store_le64(whole + 8, generation);
    return frame_decode(whole, generation, &head) == OK;
}

/* Something else than the next frame stands at walk->end. Sets whether the walk goes on (at walk->end). */
static enum err broken(struct walk *walk, const struct frame_head *head, bool *ret_go_on)
{
    uint64_t behind = walk->end, offset;
    struct frame_head later;
    bool vouched;
    enum err err;

    *ret_go_on = false;
    if (head->length > 0 && head->number == walk->next_frame)
        behind += FRAME_HEADER_BYTES + head->length; /* its header is whole: what is in it is not a frame */
    err = find_later(walk, behind < walk->scan->size ? behind : walk->scan->size & ~(uint64_t)7, walk->next_frame,
                     &vouched, &offset, &later);
    if (err == OK && vouched) {
        if (later.number > walk->next_frame)
            TRY(walk->lost(walk, walk->end, walk->next_frame, later.number));
        walk->end = offset;
        walk->next_frame = later.number;
        walk->chain = later.previous_crc;
        *ret_go_on = true;
        return OK;
    }
    if (err != OK && err != ERR_MISSING)
        return err;
    if (walk->limit) { /* the next segment vouches for everything before it */
        TRY(walk->lost(walk, walk->end, walk->next_frame, walk->limit));
        walk->next_frame = walk->limit;
    } else {
        const char *at;

        walk->cut = err == OK || head->length > 0 || walk->scan->unreadable > 0 ||
                    (scan_bytes(walk->scan, walk->end, FRAME_HEADER_BYTES, &at) == OK &&
                     is_ours(at, walk->head.generation));
    }
    return OK;
}

enum err walk_segment(struct walk *walk)
{
    walk->next_frame = walk->head.first_frame;
    walk->vouched = walk->head.first_frame - 1;
    walk->end = SEGMENT_HEADER_BYTES;
    walk->chain = walk->head.previous_crc;
    walk->cut = false;
    while (!walk->limit || walk->next_frame < walk->limit) {
        struct frame_head head;
        const char *frame;
        enum err err = scan_frame(walk->scan, walk->end, &head, &frame);
        bool go_on = true;

        if (err == OK && head.number == walk->next_frame && head.previous_crc == walk->chain) {
            TRY(walk->frame(walk, walk->end, &head, frame));
            walk->end += FRAME_HEADER_BYTES + head.length;
            walk->next_frame++;
            walk->chain = head.crc;
            if (head.vouched > walk->vouched)
                walk->vouched = head.vouched;
            continue;
        }
        if (err != OK && err != ERR_CORRUPT)
            return err;
        TRY(broken(walk, &head, &go_on));
        if (!go_on)
            return OK;
    }
    return OK;
}
