/* scan.c: the window over a segment, and what can be found through it. */
#include "log/local/scan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"

enum { WINDOW_BYTES = 256 << 10, BLOCK_BYTES = 4096 };

void scan_init_file(struct scan *scan, struct os_file *file, uint64_t size, uint64_t generation)
{
    *scan = (struct scan){ .file = file, .size = size, .generation = generation };
}

void scan_init_bytes(struct scan *scan, str bytes, uint64_t generation)
{
    *scan = (struct scan){ .bytes = bytes, .size = bytes.size, .generation = generation };
}

void scan_deinit(struct scan *scan)
{
    free(scan->window);
    *scan = (struct scan){ 0 };
}

static enum err window_grow(struct scan *scan, size_t size)
{
    char *window;

    if (size <= scan->window_capacity)
        return OK;
    window = realloc(scan->window, size);
    if (!window)
        return ERR_NO_MEMORY;
    scan->window = window;
    scan->window_capacity = size;
    return OK;
}

bool file_answers(struct os_file *file)
{
    return os_probe(file) == OK;
}

/* One block that could not be read with the others: again, and if the rest of the file answers while it does not, it
 * is lost and counts as zeros. If nothing answers nothing is known, and nothing may be judged. */
static enum err block_read(struct scan *scan, char *to, size_t size, uint64_t offset, size_t *ret_got)
{
    enum err err = os_read_at(scan->file, to, size, offset, ret_got);

    if (err != ERR_IO)
        return err;
    if (!file_answers(scan->file))
        return ERR_IO;
    err = os_read_at(scan->file, to, size, offset, ret_got);
    if (err != ERR_IO)
        return err;
    memset(to, 0, size);
    *ret_got = size;
    scan->unreadable++;
    return OK;
}

/* Read behind what the window holds until it is full. What cannot be read counts as zeros, block by block: the disk has
 * lost these, not what lies around them. */
static enum err window_fill(struct scan *scan)
{
    size_t got, wanted = scan->window_capacity - scan->window_size;
    uint64_t offset = scan->window_offset + scan->window_size;
    char *to = scan->window + scan->window_size;
    enum err err = os_read_at(scan->file, to, wanted, offset, &got);

    if (err == OK)
        scan->window_size += got;
    if (err != ERR_IO)
        return err;
    for (size_t at = 0; at < wanted; at += got) {
        size_t size = wanted - at < BLOCK_BYTES ? wanted - at : BLOCK_BYTES;

        TRY(block_read(scan, to + at, size, offset + at, &got));
        if (got == 0)
            break;
        scan->window_size += got;
    }
    return OK;
}

/* Move the window so that it begins at `offset`, keeping what it already holds from there on. */
static void window_move(struct scan *scan, uint64_t offset)
{
    uint64_t end = scan->window_offset + scan->window_size;
    size_t keep = offset >= scan->window_offset && offset < end ? (size_t)(end - offset) : 0;

    if (keep > 0)
        memmove(scan->window, scan->window + (offset - scan->window_offset), keep);
    scan->window_offset = offset;
    scan->window_size = keep;
}

enum err scan_bytes(struct scan *scan, uint64_t offset, size_t size, const char **ret_at)
{
    if (offset > scan->size || size > scan->size - offset)
        return ERR_TRUNCATED;
    if (!scan->file) {
        *ret_at = scan->bytes.at + offset;
        return OK;
    }
    if (offset < scan->window_offset || offset + size > scan->window_offset + scan->window_size) {
        window_move(scan, offset);
        TRY(window_grow(scan, size > WINDOW_BYTES ? size : WINDOW_BYTES));
        TRY(window_fill(scan));
        if (scan->window_size < size)
            return ERR_TRUNCATED;
    }
    *ret_at = scan->window + (offset - scan->window_offset);
    return OK;
}

enum err scan_frame(struct scan *scan, uint64_t offset, struct frame_head *ret_head, const char **ret_frame)
{
    const char *at;
    struct frame_head head;
    enum err err = scan_bytes(scan, offset, FRAME_HEADER_BYTES, &at);

    ret_head->length = 0;
    if (err == ERR_TRUNCATED)
        return ERR_CORRUPT;
    TRY(err);
    TRY(frame_decode(at, scan->generation, &head));
    *ret_head = head;
    err = scan_bytes(scan, offset, FRAME_HEADER_BYTES + head.length, &at);
    if (err == ERR_TRUNCATED)
        return ERR_CORRUPT;
    TRY(err);
    TRY(frame_check(at, &head));
    *ret_frame = at;
    return OK;
}

/* The next offset, in steps of 8, where a frame's magic stands; MISSING. */
static enum err find_magic(struct scan *scan, uint64_t *offset)
{
    for (; *offset + FRAME_HEADER_BYTES <= scan->size; *offset += 8) {
        const char *at;
        size_t room = scan->size - *offset < 65536 ? (size_t)(scan->size - *offset) : 65536;
        enum err err = scan_bytes(scan, *offset, room, &at);

        if (err == ERR_TRUNCATED)
            return ERR_MISSING;
        TRY(err);
        for (size_t i = 0; i + FRAME_HEADER_BYTES <= room; i += 8) {
            if (load_le32(at + i) == FRAME_MAGIC) {
                *offset += i;
                return OK;
            }
        }
        *offset += (room - FRAME_HEADER_BYTES) & ~(size_t)7;
    }
    return ERR_MISSING;
}

enum err scan_find(struct scan *scan, uint64_t offset, uint64_t number, uint64_t *ret_offset,
                   struct frame_head *ret_head)
{
    assert(offset % 8 == 0);
    for (;; offset += 8) {
        struct frame_head head;
        const char *frame;

        TRY(find_magic(scan, &offset));

        enum err err = scan_frame(scan, offset, &head, &frame);

        if (err == OK && head.number >= number) {
            *ret_offset = offset;
            *ret_head = head;
            return OK;
        }
        if (err != OK && err != ERR_CORRUPT)
            return err;
    }
}
