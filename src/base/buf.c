#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 256 };

void buf_init(struct buf *buf, size_t size_max)
{
    *buf = (struct buf){ .size_max = size_max };
}

void buf_deinit(struct buf *buf)
{
    free(buf->at);
    *buf = (struct buf){ .size_max = buf->size_max };
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->err = OK;
}

static enum err grow(struct buf *buf, size_t need)
{
    size_t capacity = buf->capacity ? buf->capacity : CAPACITY_MIN;
    char *at;

    if (need > buf->size_max)
        return ERR_TOO_LARGE;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity > buf->size_max)
        capacity = buf->size_max;
    at = realloc(buf->at, capacity);
    if (at == NULL)
        return ERR_NO_MEMORY;
    buf->at = at;
    buf->capacity = capacity;
    return OK;
}

char *buf_grow(struct buf *buf, size_t size)
{
    size_t need;

    if (buf->err != OK)
        return NULL;
    if (__builtin_add_overflow(buf->size, size, &need))
        buf->err = ERR_TOO_LARGE;
    else if (need > buf->capacity || buf->at == NULL)
        buf->err = grow(buf, need ? need : 1);
    if (buf->err != OK)
        return NULL;
    assert(buf->size + size <= buf->capacity);
    return buf->at + buf->size;
}

void buf_zeros(struct buf *buf, size_t size)
{
    char *to = size ? buf_reserve(buf, size) : NULL;

    if (to == NULL)
        return;
    memset(to, 0, size);
    buf->size += size;
}

void buf_vfmt(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    int size;
    char *to;

    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(size >= 0);
    to = buf_reserve(buf, (size_t)size + 1);
    if (to == NULL)
        return;
    (void)vsnprintf(to, (size_t)size + 1, format, args);
    buf->size += (size_t)size;
}

void buf_fmt(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vfmt(buf, format, args);
    va_end(args);
}

void buf_u64(struct buf *buf, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    buf_append(buf, str_bytes(digits + at, sizeof(digits) - at));
}

void buf_drop(struct buf *buf, size_t size)
{
    assert(size <= buf->size);
    if (size == 0)
        return;
    memmove(buf->at, buf->at + size, buf->size - size);
    buf->size -= size;
}
