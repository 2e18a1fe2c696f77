/* grow.h: room for one more at the end of an array that is known by its place, its count and its capacity. */
#pragma once

#include <stdlib.h>

#include "base/err.h"

/* Twice the capacity when it is full, `first` when there is nothing yet. NO_MEMORY: all is as it was. The variables are
 * named more than once. It is no function, so that counts may be of any type, and so that where a test fails the
 * allocations of a room these are among them. */
#define GROW(array, count, capacity, first)                                                                            \
    ({                                                                                                                 \
        void *grown_ = (array);                                                                                        \
        if ((count) == (capacity)) {                                                                                   \
            size_t more_ = (capacity) ? (size_t)(capacity)*2 : (first);                                                \
            grown_ = realloc((array), more_ * sizeof(*(array)));                                                       \
            if (grown_) {                                                                                              \
                (array) = grown_;                                                                                      \
                (capacity) = (__typeof__(capacity))more_;                                                              \
            }                                                                                                          \
        }                                                                                                              \
        (enum err)(grown_ ? OK : ERR_NO_MEMORY);                                                                       \
    })
