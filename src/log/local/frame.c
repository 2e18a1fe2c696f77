/* frame.c: segment, frame and batch headers to and from bytes; see frame.h for the drawing. */
#include "log/local/frame.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/crc32c.h"

static uint32_t segment_crc(const char *bytes)
{
    return crc32c(crc32c(0, bytes, 12), bytes + 16, 48);
}

void segment_encode(const struct segment_head *head, char ret_bytes[static SEGMENT_HEADER_BYTES])
{
    memset(ret_bytes, 0, SEGMENT_HEADER_BYTES);
    store_le64(ret_bytes, SEGMENT_MAGIC);
    store_le32(ret_bytes + 8, FRAME_VERSION);
    store_le64(ret_bytes + 16, head->number);
    store_le64(ret_bytes + 24, head->generation);
    store_le64(ret_bytes + 32, head->size);
    store_le64(ret_bytes + 40, head->first_frame);
    store_le32(ret_bytes + 48, head->previous_crc);
    store_le32(ret_bytes + 52, head->epoch);
    store_le64(ret_bytes + 56, head->control);
    store_le32(ret_bytes + 12, segment_crc(ret_bytes));
}

enum err segment_decode(const char *bytes, struct segment_head *ret_head)
{
    if (load_le64(bytes) != SEGMENT_MAGIC || load_le32(bytes + 12) != segment_crc(bytes))
        return ERR_CORRUPT;
    if (load_le32(bytes + 8) > FRAME_VERSION)
        return ERR_NEWER;
    *ret_head = (struct segment_head){
        .number = load_le64(bytes + 16),
        .generation = load_le64(bytes + 24),
        .size = load_le64(bytes + 32),
        .first_frame = load_le64(bytes + 40),
        .previous_crc = load_le32(bytes + 48),
        .epoch = load_le32(bytes + 52),
        .control = load_le32(bytes + 56),
    };
    return OK;
}

static uint32_t frame_crc(const char *bytes, uint64_t generation)
{
    char salt[8];

    store_le64(salt, generation);
    return crc32c(crc32c(0, salt, sizeof(salt)), bytes, FRAME_HEADER_BYTES - 4);
}

void frame_encode(struct frame_head *head, char ret_bytes[static FRAME_HEADER_BYTES])
{
    assert(head->vouched < head->number);
    assert(head->length % 8 == 0 && head->length <= FRAME_BYTES_MAX - FRAME_HEADER_BYTES);
    store_le32(ret_bytes, FRAME_MAGIC);
    store_le16(ret_bytes + 4, FRAME_VERSION);
    store_le16(ret_bytes + 6, 0);
    store_le64(ret_bytes + 8, head->generation);
    store_le64(ret_bytes + 16, head->number);
    store_le64(ret_bytes + 24, head->vouched);
    store_le64(ret_bytes + 32, (uint64_t)head->time);
    store_le32(ret_bytes + 40, head->length);
    store_le32(ret_bytes + 44, head->batch_count);
    store_le32(ret_bytes + 48, head->previous_crc);
    store_le32(ret_bytes + 52, head->body_crc);
    store_le32(ret_bytes + 56, head->control);
    head->crc = frame_crc(ret_bytes, head->generation);
    store_le32(ret_bytes + 60, head->crc);
}

enum err frame_decode(const char *bytes, uint64_t generation, struct frame_head *ret_head)
{
    struct frame_head head = {
        .generation = load_le64(bytes + 8),
        .number = load_le64(bytes + 16),
        .vouched = load_le64(bytes + 24),
        .time = (ms)load_le64(bytes + 32),
        .length = load_le32(bytes + 40),
        .batch_count = load_le32(bytes + 44),
        .previous_crc = load_le32(bytes + 48),
        .body_crc = load_le32(bytes + 52),
        .control = load_le32(bytes + 56),
        .crc = load_le32(bytes + 60),
    };

    if (load_le32(bytes) != FRAME_MAGIC || head.generation != generation)
        return ERR_CORRUPT;
    if (head.crc != frame_crc(bytes, generation))
        return ERR_CORRUPT;
    if (load_le16(bytes + 4) > FRAME_VERSION)
        return ERR_NEWER;
    if (head.length % 8 || head.length > FRAME_BYTES_MAX - FRAME_HEADER_BYTES || head.vouched >= head.number)
        return ERR_CORRUPT;
    if (head.batch_count > head.length / BATCH_HEADER_BYTES)
        return ERR_CORRUPT;
    *ret_head = head;
    return OK;
}

enum err frame_check(const char *frame, const struct frame_head *head)
{
    const char *at = frame + FRAME_HEADER_BYTES;
    size_t room = head->length;
    uint32_t crc = 0;

    for (uint32_t i = 0; i < head->batch_count; i++) {
        struct batch_head batch;

        TRY(batch_decode(at, room, &batch));
        if (!batch_check(at, &batch))
            return ERR_CORRUPT;
        crc = crc32c(crc, at, BATCH_HEADER_BYTES);
        room -= batch_span(batch.size);
        at += batch_span(batch.size);
    }
    return room == 0 && crc == head->body_crc ? OK : ERR_CORRUPT;
}

static uint32_t batch_crc(const char *at, uint32_t size)
{
    uint32_t crc = crc32c(0, at, BATCH_HEADER_BYTES - 4);

    return crc32c(crc, at + BATCH_HEADER_BYTES, batch_span(size) - BATCH_HEADER_BYTES);
}

void batch_seal(struct batch_head *head, char *at)
{
    uint32_t span = batch_span(head->size);

    assert(head->log != 0 && batch_end(head->first, head->count) <= LOG_POS_END);
    memset(at + BATCH_HEADER_BYTES + head->size, 0, span - BATCH_HEADER_BYTES - head->size);
    store_le64(at, head->log);
    store_le64(at + 8, head->first);
    store_le64(at + 16, (uint64_t)head->time);
    store_le32(at + 24, head->count);
    store_le32(at + 28, head->flags);
    store_le32(at + 32, head->size);
    store_le64(at + 36, 0);
    head->crc = batch_crc(at, head->size);
    store_le32(at + 44, head->crc);
}

enum err batch_decode(const char *at, size_t room, struct batch_head *ret_head)
{
    if (room < BATCH_HEADER_BYTES)
        return ERR_CORRUPT;

    struct batch_head head = {
        .log = load_le64(at),
        .first = load_le64(at + 8),
        .time = (ms)load_le64(at + 16),
        .count = load_le32(at + 24),
        .flags = load_le32(at + 28),
        .size = load_le32(at + 32),
        .crc = load_le32(at + 44),
    };

    if (head.log == 0 || head.size > FRAME_BYTES_MAX || batch_span(head.size) > room)
        return ERR_CORRUPT;
    if (head.first >= LOG_POS_END || batch_end(head.first, head.count) > LOG_POS_END)
        return ERR_CORRUPT;
    *ret_head = head;
    return OK;
}

bool batch_check(const char *at, const struct batch_head *head)
{
    return batch_crc(at, head->size) == head->crc;
}
