/* lookup.h: what was found in the indexes of settled files, kept for the next read under a bound of bytes.
 *
 * The indexes themselves stay on disk. A reader that catches up asks for the same log of the same file again and
 * again, and one that waits asks files in which its log is not: both answers are worth keeping. The least recently
 * used goes first. */
#pragma once

#include "log/local/settled.h"

struct lookup_cache;

/* NULL without memory. */
struct lookup_cache *lookup_create(uint64_t bytes_max, uint64_t seed);
void lookup_destroy(struct lookup_cache *cache);

/* True if known; the entries stay the cache's and are valid until the next call. */
bool lookup_get(struct lookup_cache *cache, uint64_t file, log_id log, const struct settled_entry **ret_entries,
                uint32_t *ret_count);

/* Takes the array, which may be NULL for a log that is not in the file. */
void lookup_put(struct lookup_cache *cache, uint64_t file, log_id log, struct settled_entry *entries, uint32_t count);
