/* buf.h: a growing run of bytes with a bound.
 *
 * Writers append without checking each call: the first failure (no memory, or the bound) is kept in `err`, later
 * appends do nothing, and the caller looks once at the end. */
#pragma once

#include <stdarg.h>

#include "base/str.h"

struct buf {
    char *at;
    size_t size, capacity, size_max;
    enum err err; /* OK, NO_MEMORY or TOO_LARGE */
};

/* An empty buffer that may grow to `size_max` bytes. Allocates nothing yet. */
void buf_init(struct buf *buf, size_t size_max);
void buf_deinit(struct buf *buf);

/* Forget the content and a failure; keep the memory. */
void buf_clear(struct buf *buf);

/* The slow way of buf_reserve. */
char *buf_grow(struct buf *buf, size_t size);

/* Room for `size` more bytes, to be filled by the caller, who then adds to buf->size what he used. NULL on failure. */
static inline char *buf_reserve(struct buf *buf, size_t size)
{
    if (buf->err == OK && buf->at && size <= buf->capacity - buf->size)
        return buf->at + buf->size;
    return buf_grow(buf, size);
}

static inline void buf_append(struct buf *buf, str s)
{
    char *to = s.size ? buf_reserve(buf, s.size) : NULL;

    if (to == NULL)
        return;
    memcpy(to, s.at, s.size);
    buf->size += s.size;
}

static inline void buf_byte(struct buf *buf, char byte)
{
    char *to = buf_reserve(buf, 1);

    if (to == NULL)
        return;
    *to = byte;
    buf->size++;
}

void buf_zeros(struct buf *buf, size_t size);
void buf_fmt(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *buf, const char *format, va_list args);
void buf_u64(struct buf *buf, uint64_t number); /* decimal digits */

/* Remove `size` bytes from the front. */
void buf_drop(struct buf *buf, size_t size);

static inline str buf_str(const struct buf *buf)
{
    return (str){ .at = buf->at ? buf->at : "", .size = buf->size };
}
