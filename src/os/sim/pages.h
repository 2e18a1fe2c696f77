/* pages.h: the content of one file as pages that its images share until one of them changes. */
#pragma once

#include "base/str.h"

enum { PAGE_BYTES = 4096, CHUNK_PAGES = 512 };

/* Files end here: 1 TiB. */
#define PAGES_SIZE_MAX ((uint64_t)1 << 40)

struct page {
    unsigned refs;
    uint8_t bytes[PAGE_BYTES];
};

struct chunk {
    struct page *pages[CHUNK_PAGES]; /* NULL: zeros */
};

/* Zero-initialised is empty. Bytes behind `size` are always zeros. */
struct pages {
    struct chunk **chunks; /* NULL: zeros */
    size_t chunk_count;
    uint64_t size;
    uint64_t *used; /* counts the pages, if set */
};

void pages_deinit(struct pages *pages);

/* Bytes from `offset` on; fewer than `size` only at the end. */
size_t pages_read(const struct pages *pages, void *to, size_t size, uint64_t offset);

/* May leave a part written. The size grows if need be. */
must_use enum err pages_write(struct pages *pages, const void *from, size_t size, uint64_t offset);

/* Zeros in place of the range; whole pages are given back. The size stays. */
must_use enum err pages_zero(struct pages *pages, uint64_t offset, uint64_t size);
must_use enum err pages_resize(struct pages *pages, uint64_t size);

/* Make the pages that overlap the range the same as in `from`. The size stays. */
must_use enum err pages_share(struct pages *pages, const struct pages *from, uint64_t offset, uint64_t size);

/* The page at an index, or NULL where there are zeros. */
struct page *pages_at(const struct pages *pages, uint64_t index);
