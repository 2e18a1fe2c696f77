#include "log/local/tail.c"

#include "unit.h"

/* A frame in which each of `logs` gets one batch of one record, published at once. */
static struct tail_frame *add(struct tail *tail, uint64_t number, bool memory, uint32_t count, const log_id *logs)
{
    struct tail_frame *frame = tail_frame_create(count);
    log_pos next = tail->end;

    frame->number = number;
    frame->size = 100;
    frame->time = (ms)number * 10;
    frame->segment = (struct segment *)(void *)tail; /* anything: it lies on disk */
    frame->bytes = memory ? chunk_create(100) : NULL;
    for (uint32_t i = 0; i < count; i++)
        CHECK(tail_stage(tail, frame, logs[i], (struct tail_batch){ .first = next++, .count = 1, .size = 1 }) == OK);
    tail_publish(tail, frame, next);
    return frame;
}

TEST("what is staged is not found before it is published")
{
    struct tail tail;
    struct tail_frame *frame = tail_frame_create(1);

    tail_init(&tail, 1000);
    frame->number = 1;
    frame->bytes = chunk_create(10);
    CHECK(tail_stage(&tail, frame, 5, (struct tail_batch){ .first = 3, .count = 2 }) == OK);
    CHECK(tail_find(&tail, 5, 0, 0) == NULL);
    tail_publish(&tail, frame, 5);
    CHECK(tail_find(&tail, 5, 0, 0)->first == 3);
    CHECK(tail_find(&tail, 5, 4, 0)->first == 3);
    CHECK(tail_find(&tail, 5, 5, 0) == NULL);
    CHECK(tail_find(&tail, 6, 0, 0) == NULL);
    tail_deinit(&tail);
}

TEST("what is unstaged was never there")
{
    struct tail tail;
    struct tail_frame *frame = tail_frame_create(2);

    tail_init(&tail, 1000);
    add(&tail, 1, true, 1, (log_id[]){ 5 });
    CHECK(tail_stage(&tail, frame, 5, (struct tail_batch){ .first = 10, .count = 2 }) == OK);
    CHECK(tail_stage(&tail, frame, 6, (struct tail_batch){ .first = 12, .count = 2 }) == OK);
    tail_unstage(&tail, frame);
    CHECK(tail.logs.count == 1);
    CHECK(tail_next(&tail, 5, tail_find(&tail, 5, 0, 0)) == NULL);
    tail_deinit(&tail);
}

TEST("memory is given up oldest first, and the index stays until the frame is settled")
{
    struct tail tail;

    tail_init(&tail, 250);
    for (uint64_t i = 1; i <= 5; i++)
        add(&tail, i, true, 2, (log_id[]){ 7, 8 });
    CHECK_INT(tail.bytes, 200);
    CHECK(tail_find(&tail, 7, 0, 0)->frame->number == 1 && !tail_find(&tail, 7, 0, 0)->frame->bytes);
    CHECK(tail_find(&tail, 7, 6, 0)->frame->bytes != NULL);
    CHECK_INT(tail.start, 0);
    CHECK_INT(tail.unsettled->number, 1);
    tail_settled(&tail, 4);
    CHECK_INT(tail.unsettled->number, 5);
    CHECK(tail_find(&tail, 7, 0, 0)->frame->number == 4); /* settled, but in memory */
    CHECK_INT(tail.start, 6);
    CHECK_INT(tail.frames, 2);
    tail_deinit(&tail);
}

TEST("a log whose frames have gone costs nothing")
{
    struct tail tail;

    tail_init(&tail, 100);
    add(&tail, 1, false, 3, (log_id[]){ 1, 2, 3 });
    add(&tail, 2, true, 1, (log_id[]){ 1 });
    CHECK_INT(tail.logs.count, 3);
    tail_settled(&tail, 2);
    CHECK_INT(tail.logs.count, 1);
    add(&tail, 3, true, 1, (log_id[]){ 9 });
    CHECK_INT(tail.logs.count, 1);
    CHECK(tail_find(&tail, 1, 0, 0) == NULL && tail_find(&tail, 9, 0, 0) != NULL);
    tail_deinit(&tail);
}

TEST("batches are found by position and by time among thousands, also after the oldest have gone")
{
    struct tail tail;

    tail_init(&tail, 1 << 20);
    for (uint64_t i = 1; i <= 3000; i++) {
        add(&tail, i, false, 1, (log_id[]){ 4 });
        if (i == 2000)
            tail_settled(&tail, 1500);
    }
    CHECK_INT(tail_find(&tail, 4, 0, 0)->first, 1500);
    CHECK_INT(tail_find(&tail, 4, 2222, 0)->first, 2222);
    CHECK_INT(tail_find(&tail, 4, 0, 25000)->first, 2499);
    CHECK(tail_find(&tail, 4, 0, 30001) == NULL);
    unsigned count = 0;

    for (const struct tail_batch *batch = tail_find(&tail, 4, 0, 0); batch; batch = tail_next(&tail, 4, batch))
        count++;
    CHECK_INT(count, 1500);
    tail_settled(&tail, 3000);
    CHECK_INT(tail.logs.count, 0);
    tail_deinit(&tail);
}

UNIT_MAIN
