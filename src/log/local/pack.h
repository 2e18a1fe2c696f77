/* pack.h: a settled file while it is written: batches in, runs and their index pack. For jobs.
 *
 * Bytes are gathered in one buffer and leave it in whole blocks, past the cache of the system where that can be: what is
 * settled is read again much later or never, and pages it would leave behind hold up the syncs of the commit log. */
#pragma once

#include "log/local/frame.h"
#include "log/local/settled.h"

struct pack {
    struct os_file *file;
    struct manifest_file at;
    uint64_t offset, synced;  /* in whole blocks */
    char *memory, *bytes;     /* `bytes`: where `memory` is aligned */
    size_t size, capacity;
    struct settled_entry *entries;
    uint32_t entry_count, entry_capacity;
};

/* Make the file at `path` and write its header. On failure nothing is held. */
must_use enum err pack_open(struct pack *pack, struct os *os, const char *path, const struct manifest_file *at);
void pack_close(struct pack *pack);

/* Room for a batch of `size` bytes, valid until the next call. */
must_use enum err pack_reserve(struct pack *pack, size_t size, char **ret_at);

/* The whole batch that lies at the reserved place belongs to the file, behind the one before; `fresh`: it begins a run,
 * for it is the first of its log. */
must_use enum err pack_accept(struct pack *pack, const struct batch_head *head, bool fresh);

/* What is gathered goes to the file, but for less than a block. */
must_use enum err pack_flush(struct pack *pack);

/* The index and the trailer, synced. */
must_use enum err pack_finish(struct pack *pack);
