#include "buf.c"

#include "unit.h"

TEST("appends arrive in order whatever their form")
{
    struct buf buf;

    buf_init(&buf, 1 << 20);
    buf_append(&buf, STR("a"));
    buf_byte(&buf, 'b');
    buf_fmt(&buf, "%d", 42);
    buf_u64(&buf, UINT64_MAX);
    buf_u64(&buf, 0);
    CHECK_STR(buf_str(&buf), "ab42184467440737095516150");
    buf_drop(&buf, 4);
    CHECK_STR(buf_str(&buf), "184467440737095516150");
    buf_deinit(&buf);
}

TEST("the bound is kept and the first failure sticks")
{
    struct buf buf;

    buf_init(&buf, 10);
    buf_append(&buf, STR("12345678"));
    buf_append(&buf, STR("9abc"));
    CHECK_INT(buf.err, ERR_TOO_LARGE);
    buf_append(&buf, STR("x"));
    CHECK_STR(buf_str(&buf), "12345678");
    buf_clear(&buf);
    CHECK_INT(buf.err, OK);
    buf_append(&buf, STR("0123456789"));
    CHECK_INT(buf.err, OK);
    buf_deinit(&buf);
}

UNIT_MAIN
