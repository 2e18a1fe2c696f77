/* heap.h: the server's memory: counted, made to fail, and forgotten with a server that was killed.
 *
 * The linker gives us every call of malloc, calloc, realloc, strdup and free in this program (--wrap). What is asked for
 * while the server runs is the server's; the world's own files are compiled to keep out of this, and what shared
 * libraries ask for (OpenSSL, nghttp2) is neither counted nor made to fail. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From now on the server runs, or does not. */
void heap_enter(bool server);

/* Each allocation of the server fails with that chance; picked by `seed`. 0: none fails. */
void heap_fail(uint64_t seed, unsigned per_million);

struct heap_count {
    size_t pieces, bytes;     /* alive */
    size_t peak_bytes;        /* the most since heap_forget */
    uint64_t failed;          /* since heap_fail */
    uint64_t oldest_serial;   /* of the living */
    size_t oldest_bytes;
    uintptr_t oldest_site;    /* who asked for it, from the program's beginning: addr2line -e leat-sim 0x... */
};

struct heap_count heap_count(void);

/* The memory of a process that is dead. */
void heap_forget(void);
