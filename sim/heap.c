/* heap.c: a table of the server's living pieces, beside the C library's heap. */
#include "heap.h"

#include <stdlib.h>
#include <string.h>


void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void __real_free(void *at);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *at);
extern char __executable_start;

struct piece {
    void *at; /* NULL: free */
    size_t size;
    uint64_t serial;
    void *site;
};

/* The calls of malloc carry no context, so this is the one place of the simulator with a global. */
static struct {
    bool server;
    uint64_t random, serial;
    unsigned per_million;
    struct piece *table; /* open addressing; a power of two, at most half full */
    size_t capacity;
    struct heap_count count;
} heap;

enum { FIRST_CAPACITY = 1 << 16 };

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static size_t home(const void *at)
{
    return (size_t)(((uintptr_t)at >> 4) * 0x9e3779b97f4a7c15u >> 20) & (heap.capacity - 1);
}

static struct piece *find(const void *at)
{
    if (heap.capacity == 0 || at == NULL)
        return NULL;
    for (size_t i = home(at); heap.table[i].at; i = (i + 1) & (heap.capacity - 1))
        if (heap.table[i].at == at)
            return &heap.table[i];
    return NULL;
}

static void insert(struct piece piece)
{
    size_t i = home(piece.at);

    while (heap.table[i].at)
        i = (i + 1) & (heap.capacity - 1);
    heap.table[i] = piece;
}

static void grow(void)
{
    struct piece *old = heap.table;
    size_t capacity = heap.capacity;

    heap.capacity = capacity ? capacity * 2 : FIRST_CAPACITY;
    heap.table = __real_calloc(heap.capacity, sizeof(*heap.table));
    if (heap.table == NULL)
        abort();
    for (size_t i = 0; i < capacity; i++)
        if (old[i].at)
            insert(old[i]);
    __real_free(old);
}

static void *add(void *at, size_t size, void *site)
{
    if (at == NULL || !heap.server)
        return at;
    if (heap.count.pieces * 2 >= heap.capacity)
        grow();
    insert((struct piece){ at, size, ++heap.serial, site });
    heap.count.pieces++;
    heap.count.bytes += size;
    if (heap.count.bytes > heap.count.peak_bytes)
        heap.count.peak_bytes = heap.count.bytes;
    return at;
}

/* Whoever stands behind moves up. */
static void drop(struct piece *piece)
{
    size_t hole = (size_t)(piece - heap.table), mask = heap.capacity - 1;

    heap.count.pieces--;
    heap.count.bytes -= piece->size;
    for (size_t i = (hole + 1) & mask; heap.table[i].at; i = (i + 1) & mask)
        if (((i - home(heap.table[i].at)) & mask) >= ((i - hole) & mask)) {
            heap.table[hole] = heap.table[i];
            hole = i;
        }
    heap.table[hole].at = NULL;
}

/* ---- the calls ---------------------------------------------------------------------------------------------------- */

static bool fails(void)
{
    if (!heap.server || heap.per_million == 0)
        return false;
    heap.random = heap.random * 6364136223846793005u + 1442695040888963407u;
    if ((heap.random >> 33) % 1000000 >= heap.per_million)
        return false;
    heap.count.failed++;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : add(__real_malloc(size), size, __builtin_return_address(0));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : add(__real_calloc(count, size), count * size, __builtin_return_address(0));
}

void *__wrap_realloc(void *at, size_t size)
{
    struct piece *piece = find(at), old;
    bool server = heap.server;
    void *moved;

    if (fails())
        return NULL;
    if (piece) {
        old = *piece;
        drop(piece);
    }
    moved = __real_realloc(at, size);
    heap.server = piece || (server && at == NULL); /* whose it was it stays */
    if (moved)
        (void)add(moved, size, __builtin_return_address(0));
    else if (piece)
        (void)add(old.at, old.size, old.site);
    heap.server = server;
    return moved;
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = fails() ? NULL : add(__real_malloc(size), size, __builtin_return_address(0));

    return copy ? memcpy(copy, text, size) : NULL;
}

void __wrap_free(void *at)
{
    struct piece *piece = find(at);

    if (piece)
        drop(piece);
    __real_free(at);
}

/* ---- the contract ------------------------------------------------------------------------------------------------- */

void heap_enter(bool server)
{
    heap.server = server;
}

void heap_fail(uint64_t seed, unsigned per_million)
{
    heap.random = seed * 0x9e3779b97f4a7c15u + 1;
    heap.per_million = per_million;
    heap.count.failed = 0;
}

struct heap_count heap_count(void)
{
    struct heap_count count = heap.count;

    for (size_t i = 0; i < heap.capacity; i++) {
        const struct piece *piece = &heap.table[i];

        if (piece->at == NULL || (count.oldest_serial && piece->serial > count.oldest_serial))
            continue;
        count.oldest_serial = piece->serial;
        count.oldest_bytes = piece->size;
        count.oldest_site = (uintptr_t)piece->site - (uintptr_t)&__executable_start;
    }
    return count;
}

void heap_forget(void)
{
    for (size_t i = 0; i < heap.capacity; i++) {
        __real_free(heap.table[i].at);
        heap.table[i].at = NULL;
    }
    heap.count = (struct heap_count){ 0 };
}
