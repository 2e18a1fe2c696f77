/* gunzip_test.c: what comes out, what never may, and every way to be broken. */
#include "codec/gunzip.c"

#include <stdlib.h>

#include "unit.h"

enum { BIG = 1000 * 1000 };

/* `text` as one gzip member, appended. */
static void zip(struct buf *buf, str text)
{
    z_stream stream = { 0 };
    char *to;

    CHECK(deflateInit2(&stream, 6, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    to = buf_reserve(buf, deflateBound(&stream, text.size));
    if (to == NULL)
        abort();
    stream.next_in = (const Bytef *)text.at;
    stream.avail_in = (uInt)text.size;
    stream.next_out = (Bytef *)to;
    stream.avail_out = (uInt)deflateBound(&stream, text.size);
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    buf->size += stream.total_out;
    deflateEnd(&stream);
}

static char *zeros(size_t size)
{
    char *memory = calloc(1, size);

    if (memory == NULL)
        abort();
    return memory;
}

TEST("one member, several, and none of content are appended to what is there")
{
    struct buf zipped, out;

    buf_init(&zipped, BIG);
    buf_init(&out, BIG);
    zip(&zipped, STR("hello, "));
    zip(&zipped, STR(""));
    zip(&zipped, STR("world"));
    buf_append(&out, STR("> "));
    CHECK_INT(gunzip(&out, buf_str(&zipped), 100), OK);
    CHECK_STR(buf_str(&out), "> hello, world");
    CHECK_INT(gunzip(&out, buf_str(&zipped), 12), OK);
    CHECK_INT(gunzip(&out, buf_str(&zipped), 11), ERR_TOO_LARGE);
    CHECK_STR(buf_str(&out), "> hello, worldhello, world");
    buf_deinit(&zipped);
    buf_deinit(&out);
}

TEST("a bomb stops at the bound, be it the caller's or the buffer's")
{
    char *nothing = zeros(BIG);
    struct buf zipped, out;

    buf_init(&zipped, BIG * 2);
    buf_init(&out, BIG);
    zip(&zipped, str_bytes(nothing, BIG));
    CHECK(zipped.size < 2000);
    CHECK_INT(gunzip(&out, buf_str(&zipped), BIG - 1), ERR_TOO_LARGE);
    CHECK_INT(out.size, 0);
    CHECK_INT(gunzip(&out, buf_str(&zipped), BIG), OK);
    CHECK_INT(out.size, BIG);
    CHECK(memcmp(out.at, nothing, BIG) == 0);
    buf_deinit(&out);
    buf_init(&out, BIG - 1);
    CHECK_INT(gunzip(&out, buf_str(&zipped), SIZE_MAX), ERR_TOO_LARGE);
    CHECK_INT(out.size, 0);
    buf_deinit(&out);
    buf_deinit(&zipped);
    free(nothing);
}

TEST("cut short it is TRUNCATED at every place; broken or followed by something else it is MALFORMED")
{
    struct buf zipped, out;

    buf_init(&zipped, BIG);
    buf_init(&out, BIG);
    zip(&zipped, STR("a body that is long enough to have some bytes of its own, own, own"));
    for (size_t size = 0; size < zipped.size; size++)
        CHECK_INT(gunzip(&out, str_slice(buf_str(&zipped), 0, size), 1000), ERR_TRUNCATED);
    zipped.at[zipped.size - 6] ^= 1;
    CHECK_INT(gunzip(&out, buf_str(&zipped), 1000), ERR_MALFORMED);
    zipped.at[zipped.size - 6] ^= 1;
    CHECK_INT(gunzip(&out, STR("{\"not\":\"gzip\"}"), 1000), ERR_MALFORMED);
    buf_append(&zipped, STR("tail"));
    CHECK_INT(gunzip(&out, buf_str(&zipped), 1000), ERR_MALFORMED);
    CHECK_INT(out.size, 0);
    CHECK_INT(out.err, OK);
    buf_deinit(&zipped);
    buf_deinit(&out);
}

UNIT_MAIN
