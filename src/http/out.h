/* out.h: bytes that wait to be sent, as a queue of pieces that do not move.
 *
 * Small text (heads, frames) is copied into chunks and neighbouring text becomes one piece; big bodies are sent from
 * where they are. What out_iov has shown stays where it is until out_sent. */
#pragma once

#include "base/str.h"
#include "http/http.h"

struct out_chunk;
struct out_piece;

struct out {
    struct out_piece *ring;
    uint32_t first, count, capacity; /* capacity: a power of two */
    uint32_t lent;                   /* pieces that are sent from where they are */
    size_t size;                     /* bytes waiting */
    size_t chunk_size;
    struct out_chunk *chunk; /* where text goes now */
    bool failed;             /* no memory: what is queued is incomplete */
};

enum { OUT_COPY_MAX = 2048 }; /* a piece up to this size is copied rather than referred to */

void out_init(struct out *out, size_t chunk_size);
void out_deinit(struct out *out); /* releases every piece */

/* Room for `size` bytes of text in one run, then out_commit with what was used. NULL: failed. */
char *out_reserve(struct out *out, size_t size);
void out_commit(struct out *out, size_t size);
void out_text(struct out *out, str text);

/* A piece in place; a small one is copied and released at once, unless pieces in place wait before it: releases keep
 * the order of the pieces. Released at once as well when memory is short. */
void out_piece(struct out *out, const struct http_piece *piece);

/* Call `release` when everything queued so far has been sent. */
void out_release(struct out *out, void (*release)(void *ctx), void *ctx);

size_t out_iov(const struct out *out, struct http_iov *iov, size_t max);
void out_sent(struct out *out, size_t bytes);

/* Move the first `bytes` bytes to the end of `to`, with what is to be released after them. */
void out_move(struct out *to, struct out *from, size_t bytes);

/* Forget the content; releases happen after what waits in `after`, since slices of the pieces may be there. */
void out_drop(struct out *out, struct out *after);

/* Give back the memory of an empty queue. */
void out_trim(struct out *out);
