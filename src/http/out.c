/* out.c: bytes that wait to be sent, as a queue of pieces that do not move. See out.h.
 *
 * A chunk counts its unsent bytes; it dies when they are sent, unless it is the one that is being written to, which
 * then starts anew. So a connection that answers one request after the other reuses one chunk for ever. */
#include "http/out.h"

#include <assert.h>
#include <stdlib.h>

struct out_chunk {
    size_t used, capacity, unsent;
    char bytes[];
};

struct out_piece {
    const char *at;
    size_t size;
    const struct http_iov *parts; /* what follows `at` */
    size_t behind;                /* bytes in them */
    struct out_chunk *chunk; /* of text; else NULL */
    bool lent;               /* by the owner: sent from where it is */
    void (*release)(void *ctx);
    void *ctx;
};

enum { RING_MIN = 4, RING_MAX = 1 << 20 };

void out_init(struct out *out, size_t chunk_size)
{
    *out = (struct out){ .chunk_size = chunk_size };
}

static struct out_piece *piece_at(const struct out *out, uint32_t index)
{
    return &out->ring[(out->first + index) & (out->capacity - 1)];
}

/* Some bytes of it are done with: it stands at the first that is not, if there is one. */
static void advance(struct out_piece *piece, size_t bytes)
{
    piece->at += bytes;
    piece->size -= bytes;
    if (piece->size == 0 && piece->behind) {
        piece->at = piece->parts->at;
        piece->size = piece->parts->size;
        piece->behind -= piece->size;
        piece->parts++;
    }
}

static void piece_end(struct out *out, struct out_piece *piece)
{
    if (piece->chunk && piece->chunk->unsent == 0) {
        if (piece->chunk == out->chunk)
            out->chunk->used = 0;
        else
            free(piece->chunk);
    }
    if (piece->release)
        piece->release(piece->ctx);
}

static void pop(struct out *out)
{
    struct out_piece piece = *piece_at(out, 0);

    out->first++;
    out->count--;
    if (piece.lent)
        out->lent--;
    piece_end(out, &piece);
}

void out_deinit(struct out *out)
{
    while (out->count) {
        struct out_piece *piece = piece_at(out, 0);

        if (piece->chunk)
            piece->chunk->unsent -= piece->size;
        pop(out);
    }
    free(out->chunk);
    free(out->ring);
    *out = (struct out){ .chunk_size = out->chunk_size, .failed = out->failed };
}

void out_trim(struct out *out)
{
    if (out->count == 0)
        out_deinit(out);
}

static bool grow(struct out *out)
{
    uint32_t capacity = out->capacity ? out->capacity * 2 : RING_MIN;
    struct out_piece *ring = capacity <= RING_MAX ? malloc(capacity * sizeof(*ring)) : NULL;

    if (ring == NULL)
        return false;
    for (uint32_t i = 0; i < out->count; i++)
        ring[i] = *piece_at(out, i);
    free(out->ring);
    out->ring = ring;
    out->capacity = capacity;
    out->first = 0;
    return true;
}

static struct out_piece *push(struct out *out)
{
    if (out->count == out->capacity && !grow(out)) {
        out->failed = true;
        return NULL;
    }
    out->count++;
    return piece_at(out, out->count - 1);
}

/* A chunk with nothing unsent belongs to no piece, so nobody else would free it. */
static void chunk_leave(struct out *out)
{
    if (out->chunk && out->chunk->unsent == 0)
        free(out->chunk);
    out->chunk = NULL;
}

char *out_reserve(struct out *out, size_t size)
{
    struct out_chunk *chunk = out->chunk;
    size_t capacity;

    if (chunk && chunk->capacity - chunk->used >= size)
        return chunk->bytes + chunk->used;
    capacity = size > out->chunk_size ? size : out->chunk_size;
    chunk = malloc(sizeof(*chunk) + capacity);
    if (chunk == NULL) {
        out->failed = true;
        return NULL;
    }
    *chunk = (struct out_chunk){ .capacity = capacity };
    chunk_leave(out);
    out->chunk = chunk;
    return chunk->bytes;
}

void out_commit(struct out *out, size_t size)
{
    struct out_chunk *chunk = out->chunk;
    struct out_piece *piece = out->count ? piece_at(out, out->count - 1) : NULL;
    const char *at;

    if (size == 0)
        return;
    assert(chunk && chunk->capacity - chunk->used >= size);
    at = chunk->bytes + chunk->used;
    if (piece == NULL || piece->chunk != chunk || piece->release || piece->at + piece->size != at) {
        piece = push(out);
        if (piece == NULL)
            return;
        *piece = (struct out_piece){ .at = at, .chunk = chunk };
    }
    piece->size += size;
    chunk->used += size;
    chunk->unsent += size;
    out->size += size;
}

void out_text(struct out *out, str text)
{
    char *to = text.size ? out_reserve(out, text.size) : NULL;

    if (to == NULL)
        return;
    memcpy(to, text.at, text.size);
    out_commit(out, text.size);
}

void out_release(struct out *out, void (*release)(void *ctx), void *ctx)
{
    struct out_piece *last = out->count ? piece_at(out, out->count - 1) : NULL;

    if (release == NULL)
        return;
    if (last && last->release) {
        last = push(out);
        /* Without memory for the marker the connection is given up (`failed`): nothing more of it will be sent. */
        if (last)
            *last = (struct out_piece){ .at = "" };
    }
    if (last == NULL) {
        release(ctx);
        return;
    }
    last->release = release;
    last->ctx = ctx;
}

void out_piece(struct out *out, const struct http_piece *piece)
{
    struct out_piece *queued = NULL;

    if (piece->size > OUT_COPY_MAX || piece->parts)
        queued = push(out);
    else
        out_text(out, str_bytes(piece->at, piece->size));
    if (queued) {
        *queued = (struct out_piece){ .lent = true, .release = piece->release, .ctx = piece->ctx };
        if (piece->parts) {
            queued->parts = piece->parts;
            queued->behind = piece->size;
        } else {
            queued->at = piece->at;
            queued->size = piece->size;
        }
        advance(queued, 0);
        out->lent++;
        out->size += piece->size;
    } else if (out->lent) {
        out_release(out, piece->release, piece->ctx);
    } else if (piece->release) {
        piece->release(piece->ctx);
    }
}

size_t out_iov(const struct out *out, struct http_iov *iov, size_t max)
{
    size_t count = 0;

    for (uint32_t i = 0; i < out->count && count < max; i++) {
        const struct out_piece *piece = piece_at(out, i);

        if (piece->size)
            iov[count++] = (struct http_iov){ .at = piece->at, .size = piece->size };
        for (size_t part = 0, bytes = 0; bytes < piece->behind && count < max; part++) {
            iov[count++] = piece->parts[part];
            bytes += piece->parts[part].size;
        }
    }
    return count;
}

void out_sent(struct out *out, size_t bytes)
{
    assert(bytes <= out->size);
    out->size -= bytes;
    while (out->count) {
        struct out_piece *piece = piece_at(out, 0);
        size_t part = piece->size < bytes ? piece->size : bytes;

        advance(piece, part);
        if (piece->chunk)
            piece->chunk->unsent -= part;
        bytes -= part;
        if (piece->size == 0)
            pop(out);
        else if (bytes == 0)
            break;
    }
    assert(bytes == 0);
}

void out_move(struct out *to, struct out *from, size_t bytes)
{
    assert(bytes <= from->size);
    while (bytes) {
        struct out_piece *piece = piece_at(from, 0);
        size_t part = piece->size < bytes ? piece->size : bytes;

        if (piece->chunk || part <= OUT_COPY_MAX) {
            out_text(to, str_bytes(piece->at, part));
        } else {
            struct out_piece *queued = push(to);

            if (queued) {
                *queued = (struct out_piece){ .at = piece->at, .size = part, .lent = true };
                to->lent++;
                to->size += part;
            }
        }
        if (part == piece->size && piece->behind == 0) {
            out_release(to, piece->release, piece->ctx);
            piece->release = NULL;
        }
        out_sent(from, part);
        bytes -= part;
    }
}

void out_drop(struct out *out, struct out *after)
{
    for (uint32_t i = 0; i < out->count; i++) {
        struct out_piece *piece = piece_at(out, i);

        out_release(after, piece->release, piece->ctx);
        piece->release = NULL;
    }
    out_deinit(out);
    out->size = 0;
}
