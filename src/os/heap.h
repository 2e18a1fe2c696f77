/* heap.h: armed timers, soonest first.
 *
 * An intrusive pairing heap: the links live in the timer, so arming cannot fail. Adding is O(1), removing O(log n)
 * amortised. Timers due at the same microsecond come out in any order. */
#pragma once

#include "os/os.h"

/* Both return the new root. `root` may be NULL (an empty heap). */
must_use struct os_timer *heap_add(struct os_timer *root, struct os_timer *timer);
must_use struct os_timer *heap_remove(struct os_timer *root, struct os_timer *timer);
