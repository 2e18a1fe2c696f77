#include "snapshot.c"

#include <stdlib.h>

#include "unit.h"

enum { ENTRIES = 3 };

static void sample(struct buf *ret_bytes)
{
    struct store_entry entries[ENTRIES] = { { .value = STR("1"), .version = 10 },
                                            { .value = STR(""), .version = 1ull << 61 },
                                            { .value = STR("three"), .version = 30 } };
    const char *keys[ENTRIES] = { "c", "a", "b/long/key" };
    struct tree tree;

    tree_init(&tree, 5);
    for (int i = 0; i < ENTRIES; i++)
        CHECK(tree_add(&tree, &entries[i].node, str_of(keys[i])) == OK);
    buf_init(ret_bytes, 1 << 20);
    snapshot_encode(&tree, 99, ret_bytes);
    CHECK_INT(ret_bytes->err, OK);
}

TEST("a snapshot is read back in the order of keys")
{
    struct buf bytes;
    struct snapshot snapshot;
    str key, value;
    log_pos version;

    sample(&bytes);
    CHECK_INT(snapshot_decode(buf_str(&bytes), &snapshot), OK);
    CHECK(snapshot.position == 99 && snapshot.entry_count == ENTRIES);
    CHECK(snapshot_next(&snapshot, &key, &value, &version) && version == 1ull << 61);
    CHECK_STR(key, "a");
    CHECK(str_present(value) && value.size == 0);
    CHECK(snapshot_next(&snapshot, &key, &value, &version) && version == 30);
    CHECK_STR(key, "b/long/key");
    CHECK_STR(value, "three");
    CHECK(snapshot_next(&snapshot, &key, &value, &version) && version == 10);
    CHECK_STR(value, "1");
    CHECK(!snapshot_next(&snapshot, &key, &value, &version));
    buf_deinit(&bytes);
}

TEST("every truncation and every flipped bit is refused")
{
    struct buf bytes;
    struct snapshot snapshot;

    sample(&bytes);
    for (size_t cut = 0; cut < bytes.size; cut++) {
        char *exact = malloc(cut ? cut : 1);

        memcpy(exact, bytes.at, cut);
        CHECK_INT(snapshot_decode(str_bytes(exact, cut), &snapshot), ERR_CORRUPT);
        free(exact);
    }
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        bytes.at[bit / 8] ^= (char)(1 << bit % 8);
        CHECK_INT(snapshot_decode(buf_str(&bytes), &snapshot), ERR_CORRUPT);
        bytes.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_deinit(&bytes);
}

TEST("a later version is refused as such")
{
    struct buf bytes;
    struct snapshot snapshot;

    sample(&bytes);
    bytes.at[8] = 2;
    store_le32(bytes.at + bytes.size - 4, crc32c(0, bytes.at, bytes.size - 4));
    CHECK_INT(snapshot_decode(buf_str(&bytes), &snapshot), ERR_NEWER);
    bytes.at[8] = 0;
    store_le32(bytes.at + bytes.size - 4, crc32c(0, bytes.at, bytes.size - 4));
    CHECK_INT(snapshot_decode(buf_str(&bytes), &snapshot), ERR_CORRUPT);
    buf_deinit(&bytes);
}

TEST("names carry the position, and others' files are not ours")
{
    char name[SNAPSHOT_NAME_MAX];
    log_pos position = 0;

    snapshot_name("catalog", 0x1234, name);
    CHECK_STR(str_of(name), "catalog-0000000000001234.snapshot");
    CHECK(snapshot_name_parse("catalog", str_of(name), &position) == OK && position == 0x1234);
    CHECK_INT(snapshot_name_parse("cat", str_of(name), &position), ERR_MISSING);
    CHECK_INT(snapshot_name_parse("catalog", STR("catalog-0000000000001234.snapshot.tmp"), &position), ERR_MISSING);
    CHECK_INT(snapshot_name_parse("catalog", STR("catalog-000000000000123g.snapshot"), &position), ERR_MISSING);
    CHECK_INT(snapshot_name_parse("catalog", STR(""), &position), ERR_MISSING);
}

UNIT_MAIN
