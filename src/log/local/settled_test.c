#include "log/local/settled.c"

#include "os/sim/sim.h"
#include "unit.h"

/* A file that is nothing but an index, of `count` entries: log 10 has three, log 20 two hundred, the others one. */
static struct os_file *make_index(struct os *os, struct manifest_file *file, uint32_t count)
{
    struct settled_entry entries[SETTLED_ENTRIES_PER_BLOCK];
    struct os_file *os_file;
    log_pos next = 1;
    uint32_t filled = 0;
    log_id id = 1;

    CHECK(os_open(os, "/index", OS_READ | OS_WRITE | OS_CREATE, &os_file) == OK);
    *file = (struct manifest_file){ .index_offset = 4096 };
    for (uint32_t i = 0, runs = 1; i < count; i++) {
        char bytes[SETTLED_BLOCK_BYTES];

        entries[filled++] = (struct settled_entry){ .log = id, .first = next, .last = next, .offset = 32, .size = 48 };
        next++;
        if (--runs == 0) {
            id++;
            runs = id == 10 ? 3 : id == 20 ? 200 : 1;
        }
        if (filled < SETTLED_ENTRIES_PER_BLOCK && i + 1 < count)
            continue;
        settled_block_encode(entries, filled, file->block_count, bytes);
        CHECK(os_write_at(os_file, &(struct os_iov){ bytes, sizeof(bytes) }, 1,
                          4096 + (uint64_t)file->block_count++ * sizeof(bytes)) == OK);
        filled = 0;
    }
    return os_file;
}

TEST("every log is found with all its entries, and no other")
{
    struct os *os;
    struct manifest_file file;
    struct os_file *os_file;

    CHECK(sim_create(1, &os) == OK);
    os_file = make_index(os, &file, 500);
    for (log_id id = 1; id < 310; id++) {
        struct settled_entry *entries = NULL;
        uint32_t count = 0;
        uint32_t expected = id == 10 ? 3 : id == 20 ? 200 : id <= 299 ? 1 : 0;

        CHECK(settled_lookup(os_file, &file, id, &entries, &count) == OK);
        CHECK_INT(count, expected);
        for (uint32_t i = 0; i < count; i++)
            CHECK(entries[i].log == id && (i == 0 || entries[i].first == entries[i - 1].first + 1));
        free(entries);
    }
    os_close(os_file);
    os_destroy(os);
}

TEST("header, trailer and blocks come back, and any flipped bit of them is found")
{
    char header[SETTLED_HEADER_BYTES], trailer[SETTLED_TRAILER_BYTES], block[SETTLED_BLOCK_BYTES];
    struct settled_entry entry = { .log = 3, .first = 5, .last = 9, .offset = 100, .size = 50, .crc = 7 };
    struct manifest_file file = { .number = 7, .size = 9999, .block_count = 3 }, back;
    struct settled_block decoded;

    settled_header_encode(7, 2, header);
    settled_trailer_encode(&file, trailer);
    settled_block_encode(&entry, 1, 4, block);
    CHECK(settled_header_check(header, 7) == OK && settled_header_check(header, 8) == ERR_CORRUPT);
    CHECK(settled_trailer_decode(trailer, &back) == OK && back.number == 7 && back.block_count == 3);
    CHECK(settled_block_decode(block, 4, 150, &decoded) == OK && decoded.count == 1 && decoded.entries[0].last == 9);
    CHECK(settled_block_decode(block, 5, 150, &decoded) == ERR_CORRUPT);
    CHECK(settled_block_decode(block, 4, 149, &decoded) == ERR_CORRUPT);
    for (size_t i = 0; i < sizeof(header) * 8; i++) {
        header[i / 8] = (char)(header[i / 8] ^ 1 << i % 8);
        CHECK(settled_header_check(header, 7) == ERR_CORRUPT);
        header[i / 8] = (char)(header[i / 8] ^ 1 << i % 8);
    }
    for (size_t i = 0; i < sizeof(trailer) * 8; i++) {
        trailer[i / 8] = (char)(trailer[i / 8] ^ 1 << i % 8);
        CHECK(settled_trailer_decode(trailer, &back) == ERR_CORRUPT);
        trailer[i / 8] = (char)(trailer[i / 8] ^ 1 << i % 8);
    }
    for (size_t i = 0; i < sizeof(block) * 8; i += 5) {
        block[i / 8] = (char)(block[i / 8] ^ 1 << i % 8);
        CHECK(settled_block_decode(block, 4, 150, &decoded) == ERR_CORRUPT);
        block[i / 8] = (char)(block[i / 8] ^ 1 << i % 8);
    }
}

UNIT_MAIN
