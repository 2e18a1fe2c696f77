/* own.h: memory of the world's own, which is neither counted nor made to fail. The files of os/sim are compiled with
 * these in the place of malloc, calloc and realloc. */
#pragma once

#include <stddef.h>

void *own_malloc(size_t size);
void *own_calloc(size_t count, size_t size);
void *own_realloc(void *at, size_t size);
