/* cbor_test.c: the vectors of RFC 8949, every refusal, and round trips of random items. */
#include "codec/cbor.c"

#include <stdlib.h>

#include "codec/number.h"
#include "unit.h"

static void trace_token(struct buf *out, const struct cbor_token *token)
{
    static const char letters[] = ".{}[]ksbidtf0#!";

    buf_byte(out, token->kind == CBOR_SIMPLE ? 'q' : letters[token->kind]);
    switch (token->kind) {
    case CBOR_KEY:
    case CBOR_TEXT:
    case CBOR_BYTES:
        buf_fmt(out, "(%.*s)", STR_ARG(token->text));
        break;
    case CBOR_INT:
    case CBOR_TAG:
    case CBOR_SIMPLE:
        buf_fmt(out, "(%lld)", (long long)token->integer);
        break;
    case CBOR_DOUBLE:
        buf_fmt(out, "(%.17g)", token->real);
        break;
    default:
        break;
    }
}

static void trace(struct buf *out, char *body, size_t size)
{
    struct cbor_token token = { 0 };
    struct cbor cbor;

    buf_clear(out);
    cbor_init(&cbor, body, size, 4);
    do {
        if (cbor_next(&cbor, &token) != OK) {
            buf_byte(out, '!');
            CHECK_INT(cbor_next(&cbor, &token), ERR_MALFORMED);
            return;
        }
        trace_token(out, &token);
    } while (token.kind != CBOR_END);
    CHECK_INT(cbor_next(&cbor, &token), OK);
    CHECK_INT(token.kind, CBOR_END);
}

/* `hex` in memory of exactly its size. */
static char *unhex(const char *hex)
{
    char *body = malloc(strlen(hex) / 2 + (hex[0] == 0));

    if (body == NULL || str_unhex(str_of(hex), (uint8_t *)body) != OK)
        abort();
    return body;
}

static void check_trace(const char *hex, const char *expected)
{
    char *body = unhex(hex);
    struct buf out;

    buf_init(&out, 65536);
    trace(&out, body, strlen(hex) / 2);
    if (!str_eq(buf_str(&out), str_of(expected)))
        printf("  body: %s\n", hex);
    CHECK_STR(buf_str(&out), expected);
    buf_deinit(&out);
    free(body);
}

TEST("the vectors of RFC 8949, appendix A")
{
    static const char *const rows[][2] = {
        { "00", "i(0)." },
        { "17", "i(23)." },
        { "1818", "i(24)." },
        { "1903e8", "i(1000)." },
        { "1a000f4240", "i(1000000)." },
        { "1b000000e8d4a51000", "i(1000000000000)." },
        { "1bffffffffffffffff", "i(9223372036854775807)." },
        { "20", "i(-1)." },
        { "3903e7", "i(-1000)." },
        { "3bffffffffffffffff", "i(-9223372036854775808)." },
        { "3b7fffffffffffffff", "i(-9223372036854775808)." },
        { "f90000", "d(0)." },
        { "f98000", "d(-0)." },
        { "f93c00", "d(1)." },
        { "f93e00", "d(1.5)." },
        { "f97bff", "d(65504)." },
        { "f90001", "d(5.9604644775390625e-08)." },
        { "f90400", "d(6.103515625e-05)." },
        { "f9c400", "d(-4)." },
        { "f97c00", "d(inf)." },
        { "f97e00", "d(nan)." },
        { "f9fc00", "d(-inf)." },
        { "fa47c35000", "d(100000)." },
        { "fa7f7fffff", "d(3.4028234663852886e+38)." },
        { "fb3ff199999999999a", "d(1.1000000000000001)." },
        { "fbc010666666666666", "d(-4.0999999999999996)." },
        { "f4", "f." },
        { "f5", "t." },
        { "f6", "0." },
        { "f7", "0." },
        { "f0", "q(16)." },
        { "f8ff", "q(255)." },
        { "c11a514b67b0", "#(1)i(1363896240)." },
        { "d74401020304", "#(23)b(\x01\x02\x03\x04)." },
        { "c1c2f6", "#(1)#(2)0." },
        { "40", "b()." },
        { "60", "s()." },
        { "6449455446", "s(IETF)." },
        { "64f0908591", "s(\xf0\x90\x85\x91)." },
        { "80", "[]." },
        { "83010203", "[i(1)i(2)i(3)]." },
        { "8301820203820405", "[i(1)[i(2)i(3)][i(4)i(5)]]." },
        { "a0", "{}." },
        { "a26161016162820203", "{k(a)i(1)k(b)[i(2)i(3)]}." },
        { "826161a161626163", "[s(a){k(b)s(c)}]." },
        { "5f42616243636465ff", "b(abcde)." },
        { "7f657374726561646d696e67ff", "s(streaming)." },
        { "7fff", "s()." },
        { "5fff", "b()." },
        { "9fff", "[]." },
        { "9f018202039f0405ffff", "[i(1)[i(2)i(3)][i(4)i(5)]]." },
        { "bf61610161629f0203ffff", "{k(a)i(1)k(b)[i(2)i(3)]}." },
        { "bf6346756ef563416d7421ff", "{k(Fun)tk(Amt)i(-2)}." },
        { "bf7f61616162ff01ff", "{k(ab)i(1)}." },
        { "a16161c101", "{k(a)#(1)i(1)}." },
        { "190001", "i(1)." },
        { "5800", "b()." },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check_trace(rows[i][0], rows[i][1]);
}

TEST("what is not well-formed, or announces more than there is, is refused")
{
    static const char *const rows[][2] = {
        { "", "!" },
        { "0000", "i(0)!" },
        { "18", "!" },
        { "19ff", "!" },
        { "1b00000000000000", "!" },
        { "1c", "!" },
        { "1f", "!" },
        { "3f", "!" },
        { "df00", "!" },
        { "fc", "!" },
        { "ff", "!" },
        { "f818", "!" },
        { "f81f", "!" },
        { "41", "!" },
        { "62", "!" },
        { "6261", "!" },
        { "5bffffffffffffffff00", "!" },
        { "61ff", "!" },
        { "62c328", "!" },
        { "7f61c361a9ff", "!" },
        { "7f4161ff", "!" },
        { "5f5f4161ffff", "!" },
        { "5f4161", "!" },
        { "5f", "!" },
        { "81", "!" },
        { "820101", "[i(1)i(1)]." },
        { "8201", "!" },
        { "9bffffffffffffffff", "!" },
        { "bbffffffffffffffff", "!" },
        { "bb8000000000000000", "!" },
        { "a1", "!" },
        { "a16161", "{!" },
        { "a10101", "{!" },
        { "a1c1616101", "{!" },
        { "a1406101", "{!" },
        { "bf6161ff", "{k(a)!" },
        { "9f01", "[i(1)!" },
        { "9fc1ff", "[#(1)!" },
        { "c1", "#(1)!" },
        { "81ff", "[!" },
        { "82820101", "[!" },
        { "8281018101", "[[i(1)][i(1)]]." },
        { "8282010100", "[[i(1)i(1)]i(0)]." },
        { "8181818101", "[[[[i(1)]]]]." },
        { "818181818101", "[[[[!" },
        { "9f9f9f9f9f", "[[[[!" },
        { "82426162", "[!" },
        { "826261", "[!" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check_trace(rows[i][0], rows[i][1]);
}

TEST("skip passes over an item with its tags; expect looks through tags")
{
    /* {"a": 1([1, {"b": h''}]), "c": 1(5)} */
    char *body = unhex("a26161c18201a16162406163c105");
    struct cbor_token token = { 0 };
    struct cbor cbor;

    cbor_init(&cbor, body, 14, 4);
    CHECK_INT(cbor_expect(&cbor, CBOR_MAP_BEGIN, &token), OK);
    CHECK_INT(cbor_expect(&cbor, CBOR_KEY, &token), OK);
    CHECK_INT(cbor_skip(&cbor), OK);
    CHECK_INT(cbor_expect(&cbor, CBOR_KEY, &token), OK);
    CHECK_STR(token.text, "c");
    CHECK_INT(cbor_expect(&cbor, CBOR_INT, &token), OK);
    CHECK_INT(token.integer, 5);
    CHECK_INT(cbor_expect(&cbor, CBOR_MAP_END, &token), OK);
    CHECK_INT(cbor_skip(&cbor), ERR_MALFORMED);
    free(body);
}

TEST("skip_rest leaves a container, or passes over what a tag stands before")
{
    /* [[1, [2]], 1(3), 4] */
    char *body = unhex("8382018102c10304");
    struct cbor_token token = { 0 };
    struct cbor cbor;

    cbor_init(&cbor, body, 8, 4);
    CHECK_INT(cbor_expect(&cbor, CBOR_ARRAY_BEGIN, &token), OK);
    CHECK_INT(cbor_expect(&cbor, CBOR_ARRAY_BEGIN, &token), OK);
    CHECK_INT(cbor_skip_rest(&cbor, token.kind), OK);
    CHECK_INT(cbor_next(&cbor, &token), OK);
    CHECK_INT(token.kind, CBOR_TAG);
    CHECK_INT(cbor_skip_rest(&cbor, token.kind), OK);
    CHECK_INT(cbor_expect(&cbor, CBOR_INT, &token), OK);
    CHECK_INT(token.integer, 4);
    CHECK_INT(cbor_expect(&cbor, CBOR_ARRAY_END, &token), OK);
    free(body);
}

static void check_written(struct buf *buf, const char *hex)
{
    char digits[200];

    CHECK(buf->size * 2 <= sizeof(digits));
    str_hex(buf_str(buf), digits);
    CHECK_STR(str_bytes(digits, buf->size * 2), hex);
    buf_clear(buf);
}

TEST("the writer uses the shortest heads")
{
    static const struct {
        uint64_t number;
        const char *hex;
    } rows[] = { { 0, "00" },
                 { 23, "17" },
                 { 24, "1818" },
                 { 255, "18ff" },
                 { 256, "190100" },
                 { 65535, "19ffff" },
                 { 65536, "1a00010000" },
                 { UINT32_MAX, "1affffffff" },
                 { (uint64_t)UINT32_MAX + 1, "1b0000000100000000" },
                 { UINT64_MAX, "1bffffffffffffffff" } };
    struct buf buf;

    buf_init(&buf, 4096);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cbor_write_uint(&buf, rows[i].number);
        check_written(&buf, rows[i].hex);
    }
    cbor_write_int(&buf, -1);
    cbor_write_int(&buf, INT64_MIN);
    cbor_write_int(&buf, 5);
    check_written(&buf, "203b7fffffffffffffff05");
    cbor_write_map(&buf, 1);
    cbor_write_text(&buf, STR("a"));
    cbor_write_tag(&buf, 1);
    cbor_write_double(&buf, 1.1);
    check_written(&buf, "a16161c1fb3ff199999999999a");
    cbor_write_map_begin(&buf);
    cbor_write_text(&buf, STR("b"));
    cbor_write_array_begin(&buf);
    cbor_write_bool(&buf, true);
    cbor_write_bool(&buf, false);
    cbor_write_null(&buf);
    cbor_write_break(&buf);
    cbor_write_break(&buf);
    check_written(&buf, "bf61629ff5f4f6ffff");
    cbor_write_array(&buf, 2);
    cbor_write_bytes(&buf, STR("xy"));
    cbor_write_bytes(&buf, (str){ 0 });
    check_written(&buf, "8242787940");
    buf_deinit(&buf);
}

/* The model writes a random item and, beside it, the trace that it must give. */
struct model {
    struct buf body, expected;
    uint64_t seed;
};

static void model_item(struct model *model, unsigned depth);

/* A string cut in chunks or not, of ASCII letters. */
static void model_string(struct model *model, bool text, char letter)
{
    unsigned chunks = (unsigned)(unit_random(&model->seed) % 4);
    struct cbor_token token = { .kind = letter == 'k' ? CBOR_KEY : text ? CBOR_TEXT : CBOR_BYTES };
    char letters[64];
    size_t used = 0;

    if (chunks)
        buf_byte(&model->body, text ? '\x7f' : '\x5f');
    for (unsigned i = 0; i < (chunks ? chunks : 1); i++) {
        size_t size = unit_random(&model->seed) % 16, from = used;

        while (used < from + size)
            letters[used++] = (char)('a' + unit_random(&model->seed) % 26);
        if (text)
            cbor_write_text(&model->body, str_bytes(letters + from, size));
        else
            cbor_write_bytes(&model->body, str_bytes(letters + from, size));
    }
    if (chunks)
        cbor_write_break(&model->body);
    token.text = str_bytes(letters, used);
    trace_token(&model->expected, &token);
}

static void model_container(struct model *model, unsigned depth, bool map)
{
    unsigned count = (unsigned)(unit_random(&model->seed) % 4);
    bool indefinite = unit_random(&model->seed) % 2;

    if (indefinite && map)
        cbor_write_map_begin(&model->body);
    else if (indefinite)
        cbor_write_array_begin(&model->body);
    else if (map)
        cbor_write_map(&model->body, count);
    else
        cbor_write_array(&model->body, count);
    buf_byte(&model->expected, map ? '{' : '[');
    for (unsigned i = 0; i < count; i++) {
        if (map)
            model_string(model, true, 'k');
        model_item(model, depth - 1);
    }
    if (indefinite)
        cbor_write_break(&model->body);
    buf_byte(&model->expected, map ? '}' : ']');
}

static void model_scalar(struct model *model)
{
    struct cbor_token token = { .kind = CBOR_INT };

    token.integer = (int64_t)unit_random(&model->seed) >> unit_random(&model->seed) % 64;
    token.real = (double)token.integer / 8;
    switch (unit_random(&model->seed) % 3) {
    case 0:
        cbor_write_int(&model->body, token.integer);
        break;
    case 1:
        token.kind = CBOR_DOUBLE;
        cbor_write_double(&model->body, token.real);
        break;
    default:
        token.kind = CBOR_TRUE;
        cbor_write_bool(&model->body, true);
    }
    trace_token(&model->expected, &token);
}

static void model_item(struct model *model, unsigned depth)
{
    struct cbor_token tag = { .kind = CBOR_TAG, .integer = 1 };

    if (unit_random(&model->seed) % 8 == 0) {
        cbor_write_tag(&model->body, 1);
        trace_token(&model->expected, &tag);
    }
    if (depth && unit_random(&model->seed) % 2)
        model_container(model, depth, unit_random(&model->seed) % 2);
    else if (unit_random(&model->seed) % 2)
        model_string(model, unit_random(&model->seed) % 2, 's');
    else
        model_scalar(model);
}

TEST("random items read back as they were written, cut short they are refused")
{
    struct model model = { .seed = 17 };
    struct buf out;

    buf_init(&model.body, 1 << 20);
    buf_init(&model.expected, 1 << 20);
    buf_init(&out, 1 << 20);
    for (int round = 0; round < 20000; round++) {
        char *copy;
        size_t cut;

        buf_clear(&model.body);
        buf_clear(&model.expected);
        model_item(&model, 4);
        buf_byte(&model.expected, '.');
        copy = malloc(model.body.size);
        if (copy == NULL)
            abort();
        cut = unit_random(&model.seed) % model.body.size;
        memcpy(copy, model.body.at, cut);
        trace(&out, copy, cut);
        CHECK(out.at[out.size - 1] == '!');
        memcpy(copy, model.body.at, model.body.size);
        trace(&out, copy, model.body.size);
        free(copy);
        if (!CHECK(str_eq(buf_str(&out), buf_str(&model.expected))))
            break;
    }
    buf_deinit(&model.body);
    buf_deinit(&model.expected);
    buf_deinit(&out);
}

UNIT_MAIN
