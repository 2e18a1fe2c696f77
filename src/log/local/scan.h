/* scan.h: walk the frames of one commit segment, whatever its bytes are.
 *
 * The segment is looked at through a window, so that a gigabyte needs no gigabyte of memory. Nothing here decides what
 * a broken place means; that is recover.h. */
#pragma once

#include "log/local/frame.h"
#include "os/os.h"

struct scan {
    struct os_file *file;  /* NULL: `bytes` is the whole segment */
    str bytes;
    uint64_t size;         /* of the segment */
    uint64_t generation;
    char *window;
    uint64_t window_offset;
    size_t window_size, window_capacity;
    uint64_t unreadable;   /* blocks that the disk refused to read so far; they count as zeros */
};

/* Does the disk answer for another place of the file, past every cache? If not, or if that cannot be known, a place that
 * cannot be read is not taken for broken: the disk may be away. */
bool file_answers(struct os_file *file);

/* Of a file, or of bytes in memory. `size` is what may be looked at. */
void scan_init_file(struct scan *scan, struct os_file *file, uint64_t size, uint64_t generation);
void scan_init_bytes(struct scan *scan, str bytes, uint64_t generation);
void scan_deinit(struct scan *scan);

/* `size` bytes at `offset`, valid until the next call; TRUNCATED beyond the end. */
must_use enum err scan_bytes(struct scan *scan, uint64_t offset, size_t size, const char **ret_at);

/* The frame at `offset`, header and body checked. CORRUPT if there is none; then, if at least its header is whole,
 * `ret_head` is set and its length is not 0. NEWER, IO, NO_MEMORY. */
must_use enum err scan_frame(struct scan *scan, uint64_t offset, struct frame_head *ret_head, const char **ret_frame);

/* The first whole frame at or behind `offset` with a number of at least `number`; MISSING if there is none. */
must_use enum err scan_find(struct scan *scan, uint64_t offset, uint64_t number, uint64_t *ret_offset,
                            struct frame_head *ret_head);
