#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 4096, ALIGN = alignof(max_align_t) };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    alignas(max_align_t) char at[];
};

#ifdef LEAT_ARENA_MALLOC /* sanitized builds: no chunk is shared */
enum { SHARE_CHUNKS = 0 };
#else
enum { SHARE_CHUNKS = 1 };
#endif

void arena_init(struct arena *arena, size_t bytes_max)
{
    *arena = (struct arena){ .bytes_max = bytes_max };
}

static void chunks_free(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
}

static void disposes_run(struct arena *arena)
{
    while (arena->disposes) {
        struct arena_dispose *dispose = arena->disposes;

        arena->disposes = dispose->next;
        dispose->call(dispose);
    }
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunks;

    disposes_run(arena);
    while (kept && kept->next)
        kept = kept->next;
    if (kept && (kept->size > CHUNK_BYTES || !SHARE_CHUNKS))
        kept = NULL;
    for (struct arena_chunk *chunk = arena->chunks; chunk && chunk != kept;) {
        struct arena_chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
    *arena = (struct arena){ .chunks = kept, .bytes_max = arena->bytes_max };
    if (kept) {
        kept->next = NULL;
        arena->bytes = sizeof(*kept) + kept->size;
        arena->free_at = kept->at;
        arena->free_end = kept->at + kept->size;
    }
}

void arena_deinit(struct arena *arena)
{
    disposes_run(arena);
    chunks_free(arena->chunks);
    *arena = (struct arena){ .bytes_max = arena->bytes_max };
}

/* A fresh chunk with `size` bytes at its front taken. A large object gets a chunk of its own, and the room that is
 * left in the present one stays in use. */
static void *chunk_alloc(struct arena *arena, size_t size)
{
    bool shared = SHARE_CHUNKS && size <= CHUNK_BYTES / 4;
    size_t room = shared ? CHUNK_BYTES : size;
    struct arena_chunk *chunk;

    chunk = room > arena->bytes_max || arena->bytes + sizeof(*chunk) + room > arena->bytes_max
                ? NULL
                : malloc(sizeof(*chunk) + room);
    if (chunk == NULL) {
        arena->failed = true;
        return NULL;
    }
    chunk->size = room;
    arena->bytes += sizeof(*chunk) + room;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    if (shared) {
        arena->free_at = chunk->at + size;
        arena->free_end = chunk->at + room;
    }
    return chunk->at;
}

static void *take(struct arena *arena, size_t size)
{
    size_t room = (size_t)(arena->free_end - arena->free_at);
    char *at;

    if (size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    if (!SHARE_CHUNKS || arena->free_at == NULL || size > room)
        return chunk_alloc(arena, size);
    at = arena->free_at;
    arena->free_at += size;
    return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *at = take(arena, size);

    if (at)
        memset(at, 0, size);
    return at;
}

void *arena_bytes(struct arena *arena, size_t size)
{
    return take(arena, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return arena_alloc(arena, bytes);
}

str arena_str(struct arena *arena, str s)
{
    char *at = str_present(s) ? take(arena, s.size + 1) : NULL;

    if (at == NULL)
        return (str){ 0 };
    if (s.size)
        memcpy(at, s.at, s.size);
    at[s.size] = 0;
    return (str){ .at = at, .size = s.size };
}

str arena_vfmt(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    int size;
    char *at;

    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(size >= 0);
    at = take(arena, (size_t)size + 1);
    if (at == NULL)
        return (str){ 0 };
    (void)vsnprintf(at, (size_t)size + 1, format, args);
    return (str){ .at = at, .size = (size_t)size };
}

str arena_fmt(struct arena *arena, const char *format, ...)
{
    va_list args;
    str s;

    va_start(args, format);
    s = arena_vfmt(arena, format, args);
    va_end(args);
    return s;
}

void arena_on_reset(struct arena *arena, struct arena_dispose *dispose, void (*call)(struct arena_dispose *))
{
    assert(call);
    dispose->call = call;
    dispose->next = arena->disposes;
    arena->disposes = dispose;
}
