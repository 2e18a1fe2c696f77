#include "record.c"

#include <stdlib.h>

#include "unit.h"

enum { SIZE_MAX_ = 4096 };

/* A transaction of two reads and three writes, as bytes. */
static size_t sample(char *to)
{
    struct store_read second = { .key = STR("gone"), .version = 0 };
    struct store_read first = { .next = &second, .key = STR("there"), .version = 1234567890123 };
    struct store_write third = { .key = STR("empty"), .value = STR("") };
    struct store_write middle = { .next = &third, .key = STR("out") };
    struct store_write write = { .next = &middle, .key = STR("in"), .value = str_bytes("a\0b", 3) };
    struct store_txn txn = { .reads = &first, .writes = &write, .id = 77, .time = -5 };
    size_t size = record_size(&txn);

    record_encode(&txn, to);
    return size;
}

TEST("what was written is read back")
{
    char bytes[SIZE_MAX_];
    struct record record;
    str key, value;
    log_pos version;

    CHECK_INT(record_decode(str_bytes(bytes, sample(bytes)), &record), OK);
    CHECK(record.id == 77 && record.time == -5 && record.read_count == 2 && record.write_count == 3);
    CHECK(record_next_read(&record, &key, &version) && version == 1234567890123);
    CHECK_STR(key, "there");
    CHECK(record_next_read(&record, &key, &version) && version == 0);
    CHECK_STR(key, "gone");
    CHECK(!record_next_read(&record, &key, &version));
    CHECK(record_next_write(&record, &key, &value));
    CHECK_STR(key, "in");
    CHECK(str_eq(value, str_bytes("a\0b", 3)));
    CHECK(record_next_write(&record, &key, &value) && !str_present(value));
    CHECK_STR(key, "out");
    CHECK(record_next_write(&record, &key, &value) && str_present(value) && value.size == 0);
    CHECK_STR(key, "empty");
    CHECK(!record_next_write(&record, &key, &value));
}

TEST("no part of a record is a record, nor is more")
{
    char bytes[SIZE_MAX_] = { 0 };
    size_t size = sample(bytes);
    struct record record;

    for (size_t cut = 0; cut < size; cut++) {
        char *exact = malloc(cut ? cut : 1); /* so that the sanitizer sees a read behind it */

        memcpy(exact, bytes, cut);
        CHECK_INT(record_decode(str_bytes(exact, cut), &record), ERR_CORRUPT);
        free(exact);
    }
    CHECK_INT(record_decode(str_bytes(bytes, size + 1), &record), ERR_CORRUPT);
}

TEST("a later version is told apart from damage")
{
    char bytes[SIZE_MAX_];
    size_t size = sample(bytes);
    struct record record;

    bytes[0] = 2;
    CHECK_INT(record_decode(str_bytes(bytes, size), &record), ERR_NEWER);
    bytes[0] = 0;
    CHECK_INT(record_decode(str_bytes(bytes, size), &record), ERR_CORRUPT);
    bytes[0] = 1;
    bytes[2] = 1;
    CHECK_INT(record_decode(str_bytes(bytes, size), &record), ERR_CORRUPT);
}

TEST("whatever a flipped bit makes of a record is walked within its bounds")
{
    char bytes[SIZE_MAX_];
    size_t size = sample(bytes);

    for (size_t bit = 0; bit < size * 8; bit++) {
        struct record record;
        str key, value;
        log_pos version;

        bytes[bit / 8] ^= (char)(1 << bit % 8);
        if (record_decode(str_bytes(bytes, size), &record) == OK) {
            size_t walked = 0;

            while (record_next_read(&record, &key, &version))
                walked += 10 + key.size;
            while (record_next_write(&record, &key, &value))
                walked += 6 + key.size + value.size;
            CHECK_INT(walked, size - RECORD_HEADER_BYTES);
        }
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}

UNIT_MAIN
