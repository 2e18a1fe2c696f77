/* pages.c: sparse content in two levels, pages shared between images and copied when one of them is written. */
#include "os/sim/pages.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

struct page *pages_at(const struct pages *pages, uint64_t index)
{
    uint64_t chunk = index / CHUNK_PAGES;

    if (chunk >= pages->chunk_count || pages->chunks[chunk] == NULL)
        return NULL;
    return pages->chunks[chunk]->pages[index % CHUNK_PAGES];
}

/* Where the pointer to a page stands, made if need be; NULL without memory. */
static struct page **slot(struct pages *pages, uint64_t index)
{
    uint64_t chunk = index / CHUNK_PAGES;

    assert(index < PAGES_SIZE_MAX / PAGE_BYTES);
    if (chunk >= pages->chunk_count) {
        size_t count = (size_t)chunk + 1 + pages->chunk_count / 2;
        struct chunk **chunks = realloc(pages->chunks, count * sizeof(*chunks));

        if (chunks == NULL)
            return NULL;
        memset(chunks + pages->chunk_count, 0, (count - pages->chunk_count) * sizeof(*chunks));
        pages->chunks = chunks;
        pages->chunk_count = count;
    }
    if (pages->chunks[chunk] == NULL)
        pages->chunks[chunk] = calloc(1, sizeof(struct chunk));
    return pages->chunks[chunk] ? &pages->chunks[chunk]->pages[index % CHUNK_PAGES] : NULL;
}

/* Put `page` (a reference given to us, or NULL) where `at` points. */
static void put(struct pages *pages, struct page **at, struct page *page)
{
    struct page *before = *at;

    if (pages->used)
        *pages->used += (uint64_t)(page != NULL) - (uint64_t)(before != NULL);
    *at = page;
    if (before && --before->refs == 0)
        free(before);
}

/* The page at `index` for us alone; NULL without memory. */
static struct page *own(struct pages *pages, uint64_t index)
{
    struct page **at = slot(pages, index), *page;

    if (at == NULL)
        return NULL;
    if (*at && (*at)->refs == 1)
        return *at;
    page = malloc(sizeof(*page));
    if (page == NULL)
        return NULL;
    if (*at)
        memcpy(page->bytes, (*at)->bytes, PAGE_BYTES);
    else
        memset(page->bytes, 0, PAGE_BYTES);
    page->refs = 1;
    put(pages, at, page);
    return page;
}

static void drop(struct pages *pages, uint64_t index)
{
    if (pages_at(pages, index))
        put(pages, &pages->chunks[index / CHUNK_PAGES]->pages[index % CHUNK_PAGES], NULL);
}

void pages_deinit(struct pages *pages)
{
    for (size_t i = 0; i < pages->chunk_count; i++) {
        if (pages->chunks[i] == NULL)
            continue;
        for (size_t j = 0; j < CHUNK_PAGES; j++)
            drop(pages, i * CHUNK_PAGES + j);
        free(pages->chunks[i]);
    }
    free(pages->chunks);
    *pages = (struct pages){ .used = pages->used };
}

size_t pages_read(const struct pages *pages, void *to, size_t size, uint64_t offset)
{
    size_t got = 0;

    if (offset >= pages->size)
        return 0;
    size = (size_t)min_u64(size, pages->size - offset);
    while (got < size) {
        uint64_t at = offset + got;
        size_t in_page = (size_t)(at % PAGE_BYTES), n = (size_t)min_u64(size - got, PAGE_BYTES - in_page);
        const struct page *page = pages_at(pages, at / PAGE_BYTES);

        if (page)
            memcpy((char *)to + got, page->bytes + in_page, n);
        else
            memset((char *)to + got, 0, n);
        got += n;
    }
    return got;
}

enum err pages_write(struct pages *pages, const void *from, size_t size, uint64_t offset)
{
    size_t done = 0;

    while (done < size) {
        uint64_t at = offset + done;
        size_t in_page = (size_t)(at % PAGE_BYTES), n = (size_t)min_u64(size - done, PAGE_BYTES - in_page);
        struct page *page = own(pages, at / PAGE_BYTES);

        if (page == NULL)
            return ERR_NO_MEMORY;
        memcpy(page->bytes + in_page, (const char *)from + done, n);
        done += n;
        if (at + n > pages->size)
            pages->size = at + n;
    }
    return OK;
}

enum err pages_zero(struct pages *pages, uint64_t offset, uint64_t size)
{
    uint64_t end = min_u64(size > UINT64_MAX - offset ? UINT64_MAX : offset + size,
                           (uint64_t)pages->chunk_count * CHUNK_PAGES * PAGE_BYTES);

    while (offset < end) {
        size_t in_page = (size_t)(offset % PAGE_BYTES), n = (size_t)min_u64(end - offset, PAGE_BYTES - in_page);
        uint64_t index = offset / PAGE_BYTES;

        if (pages->chunks[index / CHUNK_PAGES] == NULL) {
            offset = (index / CHUNK_PAGES + 1) * CHUNK_PAGES * PAGE_BYTES;
            continue;
        }
        if (n == PAGE_BYTES) {
            drop(pages, index);
        } else if (pages_at(pages, index)) {
            struct page *page = own(pages, index);

            if (page == NULL)
                return ERR_NO_MEMORY;
            memset(page->bytes + in_page, 0, n);
        }
        offset += n;
    }
    return OK;
}

enum err pages_resize(struct pages *pages, uint64_t size)
{
    if (size < pages->size)
        TRY(pages_zero(pages, size, UINT64_MAX));
    pages->size = size;
    return OK;
}

enum err pages_share(struct pages *pages, const struct pages *from, uint64_t offset, uint64_t size)
{
    for (uint64_t i = offset / PAGE_BYTES; size && i <= (offset + size - 1) / PAGE_BYTES; i++) {
        struct page *page = pages_at(from, i), **at;

        if (page == NULL) {
            drop(pages, i);
            continue;
        }
        at = slot(pages, i);
        if (at == NULL)
            return ERR_NO_MEMORY;
        page->refs++;
        put(pages, at, page);
    }
    return OK;
}
