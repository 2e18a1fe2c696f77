#include "log/local/manifest.c"

#include "unit.h"

static struct buf encode(void)
{
    struct manifest_file files[] = {
        { .number = 3, .size = 1000, .index_offset = 500, .first = 1, .last = 9, .together = 10, .time_min = -5,
          .time_max = 77, .block_count = 2, .retention_class = 200 },
        { .number = 4 },
    };
    log_id sealed[] = { 11, 12 };
    struct manifest_hole holes[] = { { 5, 6, true }, { 8, 9, false } };
    struct manifest manifest = {
        .version_count = 9, .settled_segment = 8, .settled_frame = 7, .next_file = 6, .boot_segment = 5, .time = -4,
        .settled = 3, .epoch = 2, .file_count = 2, .sealed_count = 2, .hole_count = 2, .files = files, .sealed = sealed,
        .holes = holes,
    };
    struct buf buf;

    buf_init(&buf, 1 << 20);
    manifest_encode(&manifest, &buf);
    return buf;
}

TEST("a manifest comes back as it was")
{
    struct buf buf = encode();
    struct manifest back;

    CHECK(manifest_decode(buf_str(&buf), &back) == OK);
    CHECK(back.version_count == 9 && back.settled_segment == 8 && back.settled_frame == 7 && back.next_file == 6);
    CHECK(back.boot_segment == 5 && back.time == -4 && back.settled == 3 && back.epoch == 2);
    CHECK(back.file_count == 2 && back.files[0].number == 3 && back.files[0].time_min == -5);
    CHECK(back.files[0].retention_class == 200 && back.files[0].together == 10 && back.files[1].number == 4);
    CHECK(back.sealed_count == 2 && back.sealed[1] == 12 && back.hole_count == 2);
    CHECK(back.holes[0].to == 6 && back.holes[0].spares_control && back.holes[1].to == 9 && !back.holes[1].spares_control);
    manifest_deinit(&back);
    buf_deinit(&buf);
}

TEST("any flipped bit and any lost byte of it is found")
{
    struct buf buf = encode();
    struct manifest back;

    for (size_t i = 0; i < buf.size * 8; i++) {
        buf.at[i / 8] = (char)(buf.at[i / 8] ^ 1 << i % 8);
        CHECK(manifest_decode(buf_str(&buf), &back) == ERR_CORRUPT);
        buf.at[i / 8] = (char)(buf.at[i / 8] ^ 1 << i % 8);
    }
    for (size_t size = 0; size < buf.size; size++)
        CHECK(manifest_decode(str_bytes(buf.at, size), &back) == ERR_CORRUPT);
    buf_deinit(&buf);
}

UNIT_MAIN
