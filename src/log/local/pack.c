/* pack.c: a settled file while it is written; see pack.h. */
#include "log/local/pack.h"

#include <assert.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/grow.h"

enum {
    PACK_BYTES = 1 << 20,
    SYNC_STEP_BYTES = 4 << 20,          /* of what lies in the page cache, so that no commit waits behind all of it */
    SYNC_STEP_DIRECT_BYTES = 64 << 20,
};

/* Write `size` bytes from the start of the buffer. */
static enum err pack_write(struct pack *pack, size_t size)
{
    TRY(os_write_at(pack->file, &(struct os_iov){ .at = pack->bytes, .size = size }, 1, pack->offset));
    pack->offset += size;
    pack->size -= size;
    return OK;
}

enum err pack_flush(struct pack *pack)
{
    size_t size = pack->size & ~(size_t)(OS_BLOCK_BYTES - 1);

    if (size == 0)
        return OK;
    TRY(pack_write(pack, size));
    memmove(pack->bytes, pack->bytes + size, pack->size);
    if (pack->offset - pack->synced < (os_is_direct(pack->file) ? SYNC_STEP_DIRECT_BYTES : SYNC_STEP_BYTES))
        return OK;
    pack->synced = pack->offset;
    return os_sync(pack->file);
}

static enum err pack_grow(struct pack *pack, size_t capacity)
{
    char *memory = malloc(capacity + OS_BLOCK_BYTES), *bytes;

    if (!memory)
        return ERR_NO_MEMORY;
    bytes = os_block_in(memory);
    if (pack->size > 0)
        memcpy(bytes, pack->bytes, pack->size);
    free(pack->memory);
    pack->memory = memory;
    pack->bytes = bytes;
    pack->capacity = capacity;
    return OK;
}

enum err pack_reserve(struct pack *pack, size_t size, char **ret_at)
{
    if (pack->size + size > pack->capacity) {
        TRY(pack_flush(pack));
        if (pack->size + size > pack->capacity)
            TRY(pack_grow(pack, pack->size + size > PACK_BYTES ? pack->size + size : PACK_BYTES));
    }
    *ret_at = pack->bytes + pack->size;
    return OK;
}

static enum err pack_append(struct pack *pack, str bytes)
{
    char *at;

    TRY(pack_reserve(pack, bytes.size, &at));
    memcpy(at, bytes.at, bytes.size);
    pack->size += bytes.size;
    return OK;
}

static enum err entry_begin(struct pack *pack, const struct batch_head *head)
{
    TRY(GROW(pack->entries, pack->entry_count, pack->entry_capacity, 64));
    pack->entries[pack->entry_count++] = (struct settled_entry){
        .log = head->log, .first = head->first, .time_min = head->time, .time_max = head->time,
        .offset = pack->offset + pack->size,
    };
    return OK;
}

static void file_note(struct manifest_file *file, const struct batch_head *head)
{
    log_pos last = batch_end(head->first, head->count) - 1;

    if (head->first < file->first)
        file->first = head->first;
    if (last > file->last)
        file->last = last;
    if (head->time < file->time_min)
        file->time_min = head->time;
    if (head->time > file->time_max)
        file->time_max = head->time;
}

enum err pack_accept(struct pack *pack, const struct batch_head *head, bool fresh)
{
    uint32_t span = batch_span(head->size);

    assert(pack->size + span <= pack->capacity);
    if (fresh || pack->entries[pack->entry_count - 1].size >= RUN_BYTES)
        TRY(entry_begin(pack, head));

    struct settled_entry *entry = &pack->entries[pack->entry_count - 1];

    entry->last = batch_end(head->first, head->count) - 1;
    entry->time_max = head->time;
    entry->size += span;
    entry->batch_count++;
    entry->flags |= head->flags;
    entry->crc = crc32c(entry->crc, pack->bytes + pack->size, BATCH_HEADER_BYTES);
    file_note(&pack->at, head);
    pack->size += span;
    return OK;
}

enum err pack_finish(struct pack *pack)
{
    char bytes[SETTLED_BLOCK_BYTES], trailer[SETTLED_TRAILER_BYTES];

    pack->at.index_offset = pack->offset + pack->size;
    for (uint32_t i = 0; i < pack->entry_count; i += SETTLED_ENTRIES_PER_BLOCK) {
        uint32_t left = pack->entry_count - i;

        settled_block_encode(&pack->entries[i], left < SETTLED_ENTRIES_PER_BLOCK ? left : SETTLED_ENTRIES_PER_BLOCK,
                             pack->at.block_count++, bytes);
        TRY(pack_append(pack, str_bytes(bytes, sizeof(bytes))));
    }
    pack->at.size = pack->offset + pack->size + SETTLED_TRAILER_BYTES;
    settled_trailer_encode(&pack->at, trailer);
    TRY(pack_append(pack, str_bytes(trailer, sizeof(trailer))));
    TRY(pack_flush(pack));
    if (pack->size > 0)
        TRY(pack_write(pack, pack->size));
    return os_sync(pack->file);
}

enum err pack_open(struct pack *pack, struct os *os, const char *path, const struct manifest_file *at)
{
    char header[SETTLED_HEADER_BYTES];
    enum err err;

    *pack = (struct pack){ .at = *at };
    TRY(os_open(os, path, OS_WRITE | OS_CREATE | OS_DIRECT, &pack->file));
    settled_header_encode(at->number, at->retention_class, header);
    err = pack_append(pack, str_bytes(header, sizeof(header)));
    if (err != OK)
        pack_close(pack);
    return err;
}

void pack_close(struct pack *pack)
{
    os_close(pack->file);
    free(pack->memory);
    free(pack->entries);
}
