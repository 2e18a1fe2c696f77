/* oom.h: for tests linked with --wrap=malloc, calloc and realloc: allocations of ours fail from a chosen one on. Those
 * of shared libraries stay real. Included by one file of a program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

static struct {
    long countdown; /* allocations that still succeed; negative: all */
    bool lasting;   /* when one has failed, the later ones fail as well */
} oom = { .countdown = -1 };

static bool oom_fails(void)
{
    if (oom.countdown > 0 || (oom.countdown == 0 && !oom.lasting))
        return oom.countdown-- == 0;
    return oom.countdown == 0;
}

void *__wrap_malloc(size_t size)
{
    return oom_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return oom_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return oom_fails() ? NULL : __real_realloc(at, size);
}
