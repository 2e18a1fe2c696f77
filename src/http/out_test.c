/* out_test.c: the output queue against a plain array of bytes. */
#include "http/out.c"

#include "base/buf.h"
#include "unit.h"

static size_t released;

static void on_release(void *ctx)
{
    released++;
}

/* Send up to `bytes` bytes into `sent`. */
static void send_some(struct out *out, size_t bytes, struct buf *sent)
{
    struct http_iov iov[5];
    size_t count = out_iov(out, iov, 5), total = 0;

    for (size_t i = 0; i < count && total < bytes; i++) {
        size_t part = iov[i].size < bytes - total ? iov[i].size : bytes - total;

        buf_append(sent, str_bytes(iov[i].at, part));
        total += part;
    }
    out_sent(out, total);
}

enum { PARTS_MAX = 40 };

/* A piece in up to PARTS_MAX places of `source`; its bytes go to the model as well. */
static struct http_piece scattered(const char *source, struct http_iov *parts, uint64_t *seed, struct buf *model)
{
    struct http_piece piece = { .release = on_release, .parts = parts };
    size_t count = 1 + unit_random(seed) % PARTS_MAX;

    for (size_t i = 0; i < count; i++) {
        parts[i].at = source + unit_random(seed) % 10000;
        parts[i].size = 1 + unit_random(seed) % (unit_random(seed) % 4 ? 200 : 9000);
        piece.size += parts[i].size;
        buf_append(model, str_bytes(parts[i].at, parts[i].size));
    }
    return piece;
}

TEST("whatever is queued, moved and sent in whatever parts comes out in order, and is released once")
{
    static char source[20000];
    static struct http_iov parts[100][PARTS_MAX];
    uint64_t seed = 7;

    for (size_t i = 0; i < sizeof(source); i++)
        source[i] = (char)unit_random(&seed);
    for (int round = 0; round < 200; round++) {
        struct buf model, sent;
        struct out from, to;
        size_t pieces = 0;

        released = 0;
        out_init(&from, 100);
        out_init(&to, 300);
        buf_init(&model, 1 << 24);
        buf_init(&sent, 1 << 24);
        for (int i = 0; i < 100; i++) {
            size_t size = unit_random(&seed) % (unit_random(&seed) % 2 ? 200 : 9000);
            struct http_piece piece = { .at = source + unit_random(&seed) % 10000, .size = size,
                                        .release = on_release };

            switch (unit_random(&seed) % 5) {
            case 0:
                out_text(&from, str_bytes(piece.at, size));
                buf_append(&model, str_bytes(piece.at, size));
                break;
            case 1:
                out_piece(&from, &piece);
                buf_append(&model, str_bytes(piece.at, size));
                pieces++;
                break;
            case 2:
                piece = scattered(source, parts[i], &seed, &model);
                out_piece(&from, &piece);
                pieces++;
                break;
            case 3:
                out_move(&to, &from, from.size ? unit_random(&seed) % (from.size + 1) : 0);
                break;
            default:
                send_some(&to, unit_random(&seed) % 20000, &sent);
                break;
            }
        }
        out_move(&to, &from, from.size);
        while (to.size)
            send_some(&to, 5000, &sent);
        CHECK(str_eq(buf_str(&sent), buf_str(&model)));
        CHECK_INT(released, pieces);
        CHECK(!to.failed && !from.failed);
        out_deinit(&from);
        out_deinit(&to);
        buf_deinit(&model);
        buf_deinit(&sent);
    }
}

TEST("neighbouring text is one piece, in memory that is used again")
{
    struct http_iov iov[2];
    struct out out;
    const void *at;

    out_init(&out, 100);
    out_text(&out, STR("abc"));
    out_text(&out, STR("def"));
    CHECK_INT(out_iov(&out, iov, 2), 1);
    CHECK_STR(str_bytes(iov[0].at, iov[0].size), "abcdef");
    at = iov[0].at;
    out_sent(&out, 6);
    out_text(&out, STR("ghi"));
    CHECK_INT(out_iov(&out, iov, 2), 1);
    CHECK(iov[0].at == at);
    out_deinit(&out);
}

TEST("what was shown stays where it is while more is queued")
{
    struct http_iov iov[2];
    struct out out;

    out_init(&out, 10);
    out_text(&out, STR("0123456789"));
    CHECK_INT(out_iov(&out, iov, 2), 1);
    for (int i = 0; i < 100; i++)
        out_text(&out, STR("more and more"));
    CHECK_STR(str_bytes(iov[0].at, iov[0].size), "0123456789");
    out_deinit(&out);
}

TEST("dropped pieces are released only after their slices have been sent")
{
    static char big[10000];
    struct http_piece piece = { .at = big, .size = sizeof(big), .release = on_release };
    struct out from, to;

    released = 0;
    out_init(&from, 100);
    out_init(&to, 100);
    out_piece(&from, &piece);
    out_move(&to, &from, 5000);
    out_drop(&from, &to);
    CHECK_INT(from.size, 0);
    CHECK_INT(released, 0);
    out_sent(&to, 4999);
    CHECK_INT(released, 0);
    out_sent(&to, 1);
    CHECK_INT(released, 1);
    out_deinit(&from);
    out_deinit(&to);
}

TEST("a small piece that shares a batch with large ones before it gives it back only after them")
{
    static char batch[9000];
    struct http_piece large = { .at = batch, .size = 8000 };
    struct http_piece last = { .at = batch + 8000, .size = 1000, .release = on_release };
    struct out stream, conn;

    released = 0;
    out_init(&stream, 100);
    out_init(&conn, 100);
    out_piece(&stream, &large);
    out_piece(&stream, &last);
    CHECK_INT(released, 0);
    out_move(&conn, &stream, 8000);
    out_move(&conn, &stream, 1000);
    CHECK_INT(released, 0);
    out_sent(&conn, 7999);
    CHECK_INT(released, 0);
    out_sent(&conn, 1001);
    CHECK_INT(released, 1);
    out_piece(&conn, &last);
    CHECK_INT(released, 2); /* nothing before it: copied, and done with */
    out_deinit(&stream);
    out_deinit(&conn);
}

UNIT_MAIN
