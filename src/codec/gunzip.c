/* gunzip.c: inflate straight into the buf, a piece at a time, with one spare byte to notice that the bound is passed.
 */
#include "codec/gunzip.h"

#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

enum { PIECE = 64 * 1024, GZIP_WINDOW_BITS = 15 + 16 };

/* Inflate once, into the buf while `size_left` allows, else into a spare byte: if that is used, it is too much. */
static enum err inflate_piece(struct buf *buf, z_stream *stream, size_t size_left, int *ret_result)
{
    size_t piece = size_left < PIECE ? size_left : PIECE, room = buf->size_max - buf->size;
    char spare, *to;

    if (piece > room)
        piece = room;
    to = piece ? buf_reserve(buf, piece) : &spare;
    if (to == NULL)
        return buf->err;
    stream->next_out = (Bytef *)to;
    stream->avail_out = piece ? (uInt)piece : 1;
    *ret_result = inflate(stream, Z_NO_FLUSH);
    if (piece == 0)
        return stream->avail_out == 0 ? ERR_TOO_LARGE : OK;
    buf->size += piece - stream->avail_out;
    return OK;
}

/* After one step: OK to go on or, with `*ret_done`, at the end of the last member. */
static enum err judge(z_stream *stream, int result, bool *ret_done)
{
    *ret_done = result == Z_STREAM_END && stream->avail_in == 0;
    switch (result) {
    case Z_STREAM_END:
        return *ret_done || inflateReset(stream) == Z_OK ? OK : ERR_MALFORMED;
    case Z_OK:
    case Z_BUF_ERROR:
        return stream->avail_in == 0 && stream->avail_out != 0 ? ERR_TRUNCATED : OK;
    case Z_MEM_ERROR:
        return ERR_NO_MEMORY;
    default:
        return ERR_MALFORMED;
    }
}

static enum err inflate_all(struct buf *buf, z_stream *stream, size_t size_max)
{
    size_t start = buf->size;
    bool done = false;
    int result = Z_OK;

    while (!done) {
        TRY(inflate_piece(buf, stream, size_max - (buf->size - start), &result));
        TRY(judge(stream, result, &done));
    }
    return OK;
}

enum err gunzip(struct buf *buf, str zipped, size_t size_max)
{
    z_stream stream = { .next_in = (const Bytef *)zipped.at, .avail_in = (uInt)zipped.size };
    size_t start = buf->size;
    enum err err;

    if (buf->err != OK)
        return buf->err;
    if (zipped.size > UINT_MAX)
        return ERR_TOO_LARGE;
    if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK)
        return ERR_NO_MEMORY;
    err = inflate_all(buf, &stream, size_max);
    (void)inflateEnd(&stream);
    if (err != OK)
        buf->size = start;
    return err;
}
