#include "log/local/frame.c"

#include <stdlib.h>

#include "unit.h"

/* A frame of `count` batches with bodies of `size`, in `bytes`; returns its head. */
static struct frame_head make_frame(char *bytes, uint32_t count, uint32_t size)
{
    struct frame_head head = { .generation = 7, .number = 3, .vouched = 2, .time = 1000, .batch_count = count, .control = 2 };
    char *at = bytes + FRAME_HEADER_BYTES;

    for (uint32_t i = 0; i < count; i++) {
        struct batch_head batch = { .log = 5 + i, .first = 100 + i, .time = 1000, .count = 1, .size = size };

        memset(at + BATCH_HEADER_BYTES, 'a' + (int)i, size);
        batch_seal(&batch, at);
        head.body_crc = crc32c(head.body_crc, at, BATCH_HEADER_BYTES);
        at += batch_span(size);
    }
    head.length = (uint32_t)(at - bytes) - FRAME_HEADER_BYTES;
    frame_encode(&head, bytes);
    return head;
}

TEST("a segment header comes back as it was, and a later version is refused")
{
    char bytes[SEGMENT_HEADER_BYTES];
    struct segment_head head = { 5, 0xabcdef, 1 << 20, 77, 99, 3, 12 }, back;

    segment_encode(&head, bytes);
    CHECK(segment_decode(bytes, &back) == OK);
    CHECK(head.number == back.number && head.generation == back.generation && head.size == back.size);
    CHECK(head.first_frame == back.first_frame && head.previous_crc == back.previous_crc);
    CHECK(head.epoch == back.epoch && head.control == back.control);
    store_le32(bytes + 8, FRAME_VERSION + 1);
    CHECK(segment_decode(bytes, &back) == ERR_CORRUPT);
    store_le32(bytes + 12, segment_crc(bytes));
    CHECK(segment_decode(bytes, &back) == ERR_NEWER);
}

TEST("a frame header comes back, but only under its own generation")
{
    char bytes[4096] = { 0 };
    struct frame_head head = make_frame(bytes, 3, 13), back;

    CHECK(frame_decode(bytes, 7, &back) == OK);
    CHECK(back.number == 3 && back.vouched == 2 && back.time == 1000 && back.batch_count == 3 && back.control == 2);
    CHECK(back.length == head.length && back.crc == head.crc && back.body_crc == head.body_crc);
    CHECK(frame_decode(bytes, 8, &back) == ERR_CORRUPT);
    CHECK(frame_check(bytes, &head) == OK);
}

TEST("any flipped bit of a frame is found")
{
    char bytes[4096] = { 0 };
    struct frame_head head = make_frame(bytes, 3, 13), back;
    size_t size = FRAME_HEADER_BYTES + head.length;

    for (size_t i = 0; i < size * 8; i++) {
        enum err err;

        bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
        err = frame_decode(bytes, 7, &back);
        if (err == OK)
            err = frame_check(bytes, &back);
        CHECK(err == ERR_CORRUPT);
        bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
    }
    CHECK(frame_check(bytes, &head) == OK);
}

TEST("a batch that does not fit, has no log or runs out of positions is not decoded")
{
    char bytes[256] = { 0 };
    struct batch_head batch = { .log = 1, .first = 10, .count = 2, .size = 20 }, back;

    batch_seal(&batch, bytes);
    CHECK(batch_decode(bytes, batch_span(20), &back) == OK);
    CHECK(batch_check(bytes, &back) && back.log == 1 && back.first == 10 && back.count == 2);
    CHECK(batch_decode(bytes, batch_span(20) - 1, &back) == ERR_CORRUPT);
    CHECK(batch_decode(bytes, BATCH_HEADER_BYTES - 1, &back) == ERR_CORRUPT);
    store_le64(bytes + 8, LOG_POS_END - 1);
    CHECK(batch_decode(bytes, sizeof(bytes), &back) == ERR_CORRUPT);
    store_le64(bytes + 8, 10);
    store_le64(bytes, 0);
    CHECK(batch_decode(bytes, sizeof(bytes), &back) == ERR_CORRUPT);
}

TEST("a batch occupies a place even when it is empty, and is padded to eight")
{
    CHECK_INT(batch_end(5, 0), 6);
    CHECK_INT(batch_end(5, 3), 8);
    CHECK_INT(batch_span(0), 48);
    CHECK_INT(batch_span(1), 56);
    CHECK_INT(batch_span(8), 56);
}

UNIT_MAIN
