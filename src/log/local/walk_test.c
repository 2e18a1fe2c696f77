/* Walks over segments in memory: whole, torn, rotten, and with things in them that only look like frames. */
#include "log/local/walk.c"

#include <stdlib.h>

#include "base/crc32c.h"
#include "unit.h"

enum { SEGMENT_BYTES = 64 << 10, GENERATION = 1234 };

struct segment_image {
    char bytes[SEGMENT_BYTES];
    size_t size;
    uint64_t next;
    uint32_t chain;
    size_t at[64]; /* where frame n begins */
};

struct result {
    unsigned frames;
    uint64_t lost, lost_from;
};

static struct segment_image *image_create(void)
{
    struct segment_image *image = calloc(1, sizeof(*image));
    struct segment_head head = {
        .number = 1, .generation = GENERATION, .size = SEGMENT_BYTES, .first_frame = 1, .previous_crc = 55, .epoch = 1,
    };

    segment_encode(&head, image->bytes);
    image->size = SEGMENT_HEADER_BYTES;
    image->next = 1;
    image->chain = 55;
    return image;
}

static void image_add(struct segment_image *image, uint64_t vouched, uint32_t size)
{
    char *frame = image->bytes + image->size, *at = frame + FRAME_HEADER_BYTES;
    struct batch_head batch = { .log = 1, .first = image->next * 10, .count = 1, .size = size };
    struct frame_head head = {
        .generation = GENERATION, .number = image->next, .vouched = vouched, .length = batch_span(size),
        .batch_count = 1,
        .previous_crc = image->chain,
    };

    memset(at + BATCH_HEADER_BYTES, 'x', size);
    batch_seal(&batch, at);
    head.body_crc = crc32c(0, at, BATCH_HEADER_BYTES);
    frame_encode(&head, frame);
    image->at[image->next++] = image->size;
    image->chain = head.crc;
    image->size += FRAME_HEADER_BYTES + head.length;
}

static enum err count_frame(struct walk *walk, uint64_t offset, const struct frame_head *head, const char *frame)
{
    ((struct result *)walk->ctx)->frames++;
    return OK;
}

static enum err count_lost(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
    struct result *result = walk->ctx;

    result->lost += to - from;
    result->lost_from = from;
    return OK;
}

static struct result walk_image(struct segment_image *image, uint64_t limit, struct walk *walk)
{
    struct result result = { 0 };
    struct scan scan;
    bool damaged;

    scan_init_bytes(&scan, str_bytes(image->bytes, SEGMENT_BYTES), 0);
    *walk = (struct walk){ .scan = &scan, .limit = limit, .frame = count_frame, .lost = count_lost, .ctx = &result };
    CHECK(walk_head(&scan, 1, &walk->head, &damaged) == OK);
    CHECK(walk_segment(walk) == OK);
    scan_deinit(&scan);
    return result;
}

static struct segment_image *five(void)
{
    struct segment_image *image = image_create();

    for (uint64_t i = 1; i <= 5; i++)
        image_add(image, i - 1, 100);
    return image;
}

TEST("a whole segment is walked to its end")
{
    struct segment_image *image = five();
    struct walk walk;
    struct result result = walk_image(image, 0, &walk);

    CHECK(result.frames == 5 && result.lost == 0 && !walk.cut);
    CHECK(walk.next_frame == 6 && walk.end == image->size && walk.vouched == 4 && walk.chain == image->chain);
    free(image);
}

TEST("a broken last frame is a torn tail: cut, and not a word of loss")
{
    struct segment_image *image = five();
    struct walk walk;
    struct result result;

    image->bytes[image->at[5] + FRAME_HEADER_BYTES + 60] ^= 1;
    result = walk_image(image, 0, &walk);
    CHECK(result.frames == 4 && result.lost == 0 && walk.cut && walk.next_frame == 5 && walk.end == image->at[5]);
    free(image);
}

TEST("whatever bit of the last frame is another: it is cut, and the cut is told")
{
    struct segment_image *image = five();

    for (size_t bit = image->at[5] * 8; bit < image->size * 8; bit++) {
        struct walk walk;
        struct result result;

        image->bytes[bit / 8] ^= (char)(1 << bit % 8);
        result = walk_image(image, 0, &walk);
        CHECK(result.frames == 4 && result.lost == 0 && walk.cut && walk.end == image->at[5]);
        image->bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    free(image);
}

TEST("a broken frame that a later one vouches for is damage, and the rest is kept")
{
    for (int header = 0; header < 2; header++) {
        struct segment_image *image = five();
        struct walk walk;
        struct result result;

        image->bytes[image->at[3] + (header ? 20 : FRAME_HEADER_BYTES + 60)] ^= 1;
        result = walk_image(image, 0, &walk);
        CHECK(result.frames == 4 && result.lost == 1 && result.lost_from == 3 && !walk.cut && walk.next_frame == 6);
        free(image);
    }
}

TEST("a later frame that does not vouch for the broken one is cut with it")
{
    struct segment_image *image = image_create();
    struct walk walk;
    struct result result;

    for (uint64_t i = 1; i <= 5; i++)
        image_add(image, i > 2 ? 2 : 0, 100); /* acknowledged without a sync each */
    image->bytes[image->at[4] + 90] ^= 1;
    result = walk_image(image, 0, &walk);
    CHECK(result.frames == 3 && result.lost == 0 && walk.cut && walk.next_frame == 4);
    free(image);
}

TEST("the next segment vouches for every frame before its first, and voids what lies behind")
{
    struct segment_image *image = five();
    struct walk walk;
    struct result result = walk_image(image, 4, &walk);

    CHECK(result.frames == 3 && result.lost == 0 && walk.next_frame == 4);
    image->bytes[image->at[5] + 90] ^= 1;
    result = walk_image(image, 6, &walk);
    CHECK(result.frames == 4 && result.lost == 1 && result.lost_from == 5 && walk.next_frame == 6);
    result = walk_image(image, 9, &walk);
    CHECK(result.frames == 4 && result.lost == 4 && walk.next_frame == 9);
    free(image);
}

TEST("a damaged segment header is made up for by the frames behind it")
{
    struct segment_image *image = five();
    struct segment_head head;
    struct scan scan;
    bool damaged;

    image->bytes[30] ^= 4;
    scan_init_bytes(&scan, str_bytes(image->bytes, SEGMENT_BYTES), 0);
    CHECK(walk_head(&scan, 1, &head, &damaged) == OK);
    CHECK(damaged && head.generation == GENERATION && head.first_frame == 1 && head.previous_crc == 55);
    image->bytes[SEGMENT_HEADER_BYTES] ^= 1;
    CHECK(walk_head(&scan, 1, &head, &damaged) == ERR_MISSING);
    scan_deinit(&scan);
    free(image);
}

/* A record may hold the image of a frame, even a whole one of another segment; it is data. */
TEST("what looks like a frame inside a damaged frame is not taken for one")
{
    struct segment_image *image = image_create(), *other = image_create();
    struct walk walk;
    struct result result;
    struct frame_head head;
    char *inside;

    image_add(image, 0, 100);
    image_add(image, 1, 1000);
    image_add(image, 2, 100);
    inside = image->bytes + image->at[2] + FRAME_HEADER_BYTES + BATCH_HEADER_BYTES + 8;
    image_add(other, 0, 100);
    memcpy(inside, other->bytes + other->at[1], FRAME_HEADER_BYTES + batch_span(100));
    CHECK(frame_decode(inside, GENERATION, &head) == OK);
    head.generation = GENERATION + 1; /* nobody can know the generation of the segment his record will lie in */
    head.number = 9;
    frame_encode(&head, inside);
    result = walk_image(image, 0, &walk);
    CHECK(result.frames == 2 && result.lost == 1 && walk.next_frame == 4);
    free(image);
    free(other);
}

UNIT_MAIN
