/* settled.c: settled files to and from bytes; see settled.h for the drawing. */
#include "log/local/settled.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/grow.h"
#include "log/local/segment.h"

#define SETTLED_MAGIC 0x545445535441454cu
#define TRAILER_MAGIC 0x4c4941545441454cu
#define BLOCK_MAGIC 0x5844494cu

enum { ENTRIES_OFFSET = 64 };

static_assert(ENTRIES_OFFSET + SETTLED_ENTRIES_PER_BLOCK * SETTLED_ENTRY_BYTES == SETTLED_BLOCK_BYTES,
              "on-disk format");
static_assert(SETTLED_TRAILER_BYTES == 16 + MANIFEST_FILE_BYTES, "on-disk format");

void settled_name(char ret_name[static SETTLED_NAME_MAX], uint64_t number)
{
    segment_name(ret_name, "settled", number);
}

static uint32_t crc_around(const char *bytes, size_t size)
{
    return crc32c(crc32c(0, bytes, 12), bytes + 16, size - 16);
}

void settled_header_encode(uint64_t number, uint8_t retention_class, char ret_bytes[static SETTLED_HEADER_BYTES])
{
    memset(ret_bytes, 0, SETTLED_HEADER_BYTES);
    store_le64(ret_bytes, SETTLED_MAGIC);
    store_le32(ret_bytes + 8, SETTLED_VERSION);
    store_le64(ret_bytes + 16, number);
    ret_bytes[24] = (char)retention_class;
    store_le32(ret_bytes + 12, crc_around(ret_bytes, SETTLED_HEADER_BYTES));
}

enum err settled_header_check(const char *bytes, uint64_t number)
{
    if (load_le64(bytes) != SETTLED_MAGIC || load_le32(bytes + 12) != crc_around(bytes, SETTLED_HEADER_BYTES))
        return ERR_CORRUPT;
    if (load_le32(bytes + 8) > SETTLED_VERSION)
        return ERR_NEWER;
    return load_le64(bytes + 16) == number ? OK : ERR_CORRUPT;
}

void settled_trailer_encode(const struct manifest_file *file, char ret_bytes[static SETTLED_TRAILER_BYTES])
{
    memset(ret_bytes, 0, SETTLED_TRAILER_BYTES);
    store_le64(ret_bytes, TRAILER_MAGIC);
    store_le32(ret_bytes + 8, SETTLED_VERSION);
    manifest_file_encode(file, ret_bytes + 16);
    store_le32(ret_bytes + 12, crc_around(ret_bytes, SETTLED_TRAILER_BYTES));
}

enum err settled_trailer_decode(const char *bytes, struct manifest_file *ret_file)
{
    if (load_le64(bytes) != TRAILER_MAGIC || load_le32(bytes + 12) != crc_around(bytes, SETTLED_TRAILER_BYTES))
        return ERR_CORRUPT;
    if (load_le32(bytes + 8) > SETTLED_VERSION)
        return ERR_NEWER;
    *ret_file = manifest_file_decode(bytes + 16);
    return OK;
}

/* ---- the index ------------------------------------------------------------------------------------------------- */

static uint32_t block_crc(const char *bytes)
{
    return crc32c(crc32c(0, bytes, 4), bytes + 8, SETTLED_BLOCK_BYTES - 8);
}

static void entry_encode(const struct settled_entry *entry, char *at)
{
    store_le64(at, entry->log);
    store_le64(at + 8, entry->first);
    store_le64(at + 16, entry->last);
    store_le64(at + 24, (uint64_t)entry->time_min);
    store_le64(at + 32, (uint64_t)entry->time_max);
    store_le64(at + 40, entry->offset);
    store_le32(at + 48, entry->size);
    store_le32(at + 52, entry->batch_count);
    store_le32(at + 56, entry->flags);
    store_le32(at + 60, entry->crc);
}

static struct settled_entry entry_decode(const char *at)
{
    return (struct settled_entry){
        .log = load_le64(at),
        .first = load_le64(at + 8),
        .last = load_le64(at + 16),
        .time_min = (ms)load_le64(at + 24),
        .time_max = (ms)load_le64(at + 32),
        .offset = load_le64(at + 40),
        .size = load_le32(at + 48),
        .batch_count = load_le32(at + 52),
        .flags = load_le32(at + 56),
        .crc = load_le32(at + 60),
    };
}

void settled_block_encode(const struct settled_entry *entries, uint32_t count, uint32_t number,
                          char ret_bytes[static SETTLED_BLOCK_BYTES])
{
    assert(count > 0 && count <= SETTLED_ENTRIES_PER_BLOCK);
    memset(ret_bytes, 0, SETTLED_BLOCK_BYTES);
    store_le32(ret_bytes, BLOCK_MAGIC);
    store_le32(ret_bytes + 8, number);
    store_le32(ret_bytes + 12, count);
    for (uint32_t i = 0; i < count; i++)
        entry_encode(&entries[i], ret_bytes + ENTRIES_OFFSET + i * SETTLED_ENTRY_BYTES);
    store_le32(ret_bytes + 4, block_crc(ret_bytes));
}

enum err settled_block_decode(const char *bytes, uint32_t number, uint64_t size_max, struct settled_block *ret_block)
{
    uint32_t count = load_le32(bytes + 12);

    if (load_le32(bytes) != BLOCK_MAGIC || load_le32(bytes + 4) != block_crc(bytes))
        return ERR_CORRUPT;
    if (load_le32(bytes + 8) != number || count == 0 || count > SETTLED_ENTRIES_PER_BLOCK)
        return ERR_CORRUPT;
    for (uint32_t i = 0; i < count; i++) {
        struct settled_entry entry = entry_decode(bytes + ENTRIES_OFFSET + i * SETTLED_ENTRY_BYTES);

        if (entry.log == 0 || entry.first > entry.last || entry.last >= LOG_POS_END)
            return ERR_CORRUPT;
        if (entry.offset > size_max || entry.size > size_max - entry.offset)
            return ERR_CORRUPT;
        ret_block->entries[i] = entry;
    }
    ret_block->count = count;
    return OK;
}

enum err settled_block_read(struct os_file *os_file, const struct manifest_file *file, uint32_t number,
                            struct settled_block *ret_block)
{
    char bytes[SETTLED_BLOCK_BYTES];
    size_t size;

    assert(number < file->block_count);
    TRY(os_read_at(os_file, bytes, sizeof(bytes), file->index_offset + (uint64_t)number * SETTLED_BLOCK_BYTES, &size));
    if (size != sizeof(bytes))
        return ERR_CORRUPT;
    return settled_block_decode(bytes, number, file->index_offset, ret_block);
}

/* The last block whose first entry stands before `log`, or block 0: the log's entries begin there or in the next. */
static enum err find_block(struct os_file *os_file, const struct manifest_file *file, log_id log,
                           struct settled_block *block, uint32_t *ret_number)
{
    uint32_t low = 0, high = file->block_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        TRY(settled_block_read(os_file, file, middle, block));
        if (block->entries[0].log < log)
            low = middle;
        else
            high = middle;
    }
    *ret_number = low;
    return OK;
}

struct entries {
    struct settled_entry *at;
    uint32_t count, capacity;
};

static enum err entries_push(struct entries *entries, const struct settled_entry *entry)
{
    TRY(GROW(entries->at, entries->count, entries->capacity, 4));
    entries->at[entries->count++] = *entry;
    return OK;
}

static enum err collect(struct os_file *os_file, const struct manifest_file *file, log_id log,
                        struct settled_block *block, struct entries *entries)
{
    uint32_t number = 0;

    if (file->block_count == 0)
        return OK;
    TRY(find_block(os_file, file, log, block, &number));
    for (; number < file->block_count; number++) {
        TRY(settled_block_read(os_file, file, number, block));
        for (uint32_t i = 0; i < block->count; i++) {
            if (block->entries[i].log > log)
                return OK;
            if (block->entries[i].log == log)
                TRY(entries_push(entries, &block->entries[i]));
        }
    }
    return OK;
}

enum err settled_lookup(struct os_file *os_file, const struct manifest_file *file, log_id log,
                        struct settled_entry **ret_entries, uint32_t *ret_count)
{
    struct entries entries = { 0 };
    struct settled_block *block = malloc(sizeof(*block));
    enum err err = block ? collect(os_file, file, log, block, &entries) : ERR_NO_MEMORY;

    free(block);
    if (err != OK) {
        free(entries.at);
        return err;
    }
    *ret_entries = entries.at;
    *ret_count = entries.count;
    return OK;
}
