/* arena.h: memory that is given up all at once.
 *
 * A request, a page of work or a transaction allocates from its arena and frees nothing. The arena grows in chunks
 * up to its bound; a failed allocation returns NULL and the caller passes NO_MEMORY up. What has a life of its own
 * (a reference, a file) hangs a dispose function on the arena. Under the address sanitizer each object is a malloc
 * of its own, so that an overrun is seen. */
#pragma once

#include <stdarg.h>

#include "base/str.h"

struct arena_chunk;

struct arena_dispose {
    struct arena_dispose *next;
    void (*call)(struct arena_dispose *);
};

struct arena {
    struct arena_chunk *chunks;
    struct arena_dispose *disposes;
    char *free_at, *free_end;
    size_t bytes, bytes_max; /* taken from malloc so far; the bound */
    bool failed;             /* NULL was returned since arena_init or arena_reset: what was built may lack a part */
};

void arena_init(struct arena *arena, size_t bytes_max);

/* Dispose in reverse order, then free all but the first chunk: ready for the next use. */
void arena_reset(struct arena *arena);
void arena_deinit(struct arena *arena);

/* Zeroed, aligned for any type; NULL when the bound is reached or malloc fails. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc));

/* The same, not zeroed: for bytes that the caller writes at once. */
void *arena_bytes(struct arena *arena, size_t size) __attribute__((malloc));

/* An array of `count` zeroed objects; NULL also on overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *)arena_array((arena), (count), sizeof(type)))

/* A copy with a zero byte behind it; absent if there is no memory, or if `s` is absent. */
str arena_str(struct arena *arena, str s);

/* printf into the arena; absent if there is no memory. A zero byte follows. */
str arena_fmt(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
str arena_vfmt(struct arena *arena, const char *format, va_list args);

/* Have `call` run when the arena is reset. */
void arena_on_reset(struct arena *arena, struct arena_dispose *dispose, void (*call)(struct arena_dispose *));
