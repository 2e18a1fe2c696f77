/* layout.h: the arithmetic of hash ranges: where shards begin, and how to get from one layout to another. Pure. */
#pragma once

#include "catalog/catalog.h"

/* Range `i` of `n` equal ones: width floor(2^128 / n), the last one takes the rest. */
void layout_range(uint32_t n, uint32_t i, u128 *ret_start, u128 *ret_end);

/* True if `a` ends exactly where `b` begins. The topmost shard has no successor and must not wrap round to zero. */
bool layout_precedes(u128 a_end, u128 b_start);

/* The next step from the open shards (by start, covering everything) to `target` equal ranges: split open[at] at
 * `key`, or merge open[at] with open[at + 1]. The steps of a whole scaling go from the lowest range upwards. */
enum layout_step { LAYOUT_DONE, LAYOUT_SPLIT, LAYOUT_MERGE };

enum layout_step layout_next(struct shard *const *open, size_t open_count, uint32_t target, size_t *ret_at,
                             u128 *ret_key);
