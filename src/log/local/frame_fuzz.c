/* Recovery over arbitrary bytes of a segment: it must end, stay within the bytes, and report frames in order. */
#include <assert.h>
#include <stdlib.h>


#include "log/local/frame.c"
#include "log/local/scan.c"
#include "log/local/walk.c"

static enum err on_frame(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    uint64_t *last = walk->ctx;

    assert(head->number > *last && offset % 8 == 0);
    assert(frame_check(frame, head) == OK);
    *last = head->number;
    return OK;
}

static enum err on_lost(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    assert(from < to);
    return OK;
}

/* So that the fuzzer gets past the checksums: make the crcs of whatever stands there right. */
static void make_right(char *bytes, size_t size)
{
    struct segment_head head = { .number = 1, .generation = 5, .size = size, .first_frame = 1, .epoch = 1 };

    segment_encode(&head, bytes);
    for (size_t at = SEGMENT_HEADER_BYTES; at + FRAME_HEADER_BYTES + BATCH_HEADER_BYTES <= size;) {
        struct frame_head frame = { .generation = 5, .number = 1 + (uint8_t)bytes[at], .batch_count = 1 };
        struct batch_head batch = { .log = 1 + (uint8_t)bytes[at + 1], .first = (uint8_t)bytes[at + 2], .count = 1 };

        frame.vouched = (uint8_t)bytes[at + 3] % frame.number;
        batch.size = (uint8_t)bytes[at + 4];
        if (bytes[at + 5] & 1 || at + FRAME_HEADER_BYTES + batch_span(batch.size) > size) {
            at += 8;
            continue;
        }
        frame.length = batch_span(batch.size);
        batch_seal(&batch, bytes + at + FRAME_HEADER_BYTES);
        frame.body_crc = crc32c(0, bytes + at + FRAME_HEADER_BYTES, BATCH_HEADER_BYTES);
        frame_encode(&frame, bytes + at);
        at += FRAME_HEADER_BYTES + frame.length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scan scan;
    struct walk walk;
    uint64_t last = 0;
    char *bytes;
    bool damaged;
    enum err err;

    if (size < 2 || size > 1 << 16)
        return 0;
    bytes = calloc(1, SEGMENT_HEADER_BYTES + size);
    memcpy(bytes + (data[0] & 1 ? SEGMENT_HEADER_BYTES : 0), data + 1, size - 1);
    if (data[0] & 1)
        make_right(bytes, SEGMENT_HEADER_BYTES + size);
    scan_init_bytes(&scan, str_bytes(bytes, SEGMENT_HEADER_BYTES + size), 0);
    walk = (struct walk){ .scan = &scan, .limit = data[0] >> 3, .frame = on_frame, .lost = on_lost, .ctx = &last };
    err = walk_head(&scan, 1, &walk.head, &damaged);
    if (err == OK)
        err = walk_segment(&walk);
    assert(err != OK || walk.end <= scan.size);
    scan_deinit(&scan);
    free(bytes);
    return 0;
}
