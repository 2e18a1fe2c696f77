/* json_test.c: the reader against a naive reader, against the RFC's corners, and against the writer. */
#include "codec/json.c"
#include "codec/json_write.c"

#include <stdlib.h>

#include "unit.h"

/* Tokens as one letter each, with texts in parentheses; "!" where it was refused. */
static void trace(struct buf *out, char *body, size_t size, unsigned depth_max)
{
    static const char letters[] = ".{}[]ksntf0";
    struct json_token token = { 0 };
    struct json json;

    buf_clear(out);
    json_init(&json, body, size, depth_max);
    do {
        if (json_next(&json, &token) != OK) {
            buf_byte(out, '!');
            CHECK_INT(json_next(&json, &token), ERR_MALFORMED);
            return;
        }
        buf_byte(out, letters[token.kind]);
        if (str_present(token.text)) {
            buf_byte(out, '(');
            buf_append(out, token.text);
            buf_byte(out, ')');
        }
    } while (token.kind != JSON_END);
    CHECK_INT(json_next(&json, &token), OK);
    CHECK_INT(token.kind, JSON_END);
}

/* The body in memory of exactly its size, so that the sanitizer sees a step too far. */
static char *exact_copy(const char *text, size_t size)
{
    char *copy = malloc(size ? size : 1);

    if (copy == NULL)
        abort();
    memcpy(copy, text, size);
    return copy;
}

static void check_trace(const char *text, const char *expected)
{
    size_t size = strlen(text);
    char *body = exact_copy(text, size);
    struct buf out;

    buf_init(&out, 1 << 20);
    trace(&out, body, size, 8);
    if (!str_eq(buf_str(&out), str_of(expected)))
        printf("  body: %s\n", text);
    CHECK_STR(buf_str(&out), expected);
    buf_deinit(&out);
    free(body);
}

TEST("tokens of a body, whatever the blanks")
{
    check_trace("{\"a\":[1,-2.5e3,\"x\",true,false,null],\"b\":{}}", "{k(a)[n(1)n(-2.5e3)s(x)tf0]k(b){}}.");
    check_trace(" \t\r\n{ \"a\" : [ ] , \"\" : \"\" } \n", "{k(a)[]k()s()}.");
    check_trace("7", "n(7).");
    check_trace("\"s\"", "s(s).");
    check_trace("[[[]]]", "[[[]]].");
    check_trace("[{},{}]", "[{}{}].");
}

TEST("everything outside the grammar is refused where it stands")
{
    static const char *const rows[][2] = {
        { "", "!" },
        { "  ", "!" },
        { "[1,]", "[n(1)!" },
        { "[,1]", "[!" },
        { "[1 2]", "[n(1)!" },
        { "[1", "[n(1)!" },
        { "{\"a\":1,}", "{k(a)n(1)!" },
        { "{\"a\" 1}", "{!" },
        { "{\"a\":}", "{k(a)!" },
        { "{\"a\"}", "{!" },
        { "{a:1}", "{!" },
        { "{1:1}", "{!" },
        { "{,}", "{!" },
        { "{\"a\":1 \"b\":2}", "{k(a)n(1)!" },
        { "[}", "[!" },
        { "{]", "{!" },
        { "[1}", "[n(1)!" },
        { "]", "!" },
        { "{} {}", "{}!" },
        { "1 1", "n(1)!" },
        { "tru", "!" },
        { "truex", "t!" },
        { "True", "!" },
        { "nul", "!" },
        { "NaN", "!" },
        { "+1", "!" },
        { "01", "n(0)!" },
        { "1.", "!" },
        { "-", "!" },
        { "1e", "!" },
        { "'a'", "!" },
        { "\"a", "!" },
        { "\"a\\", "!" },
        { "\"\\x\"", "!" },
        { "\"\\u12\"", "!" },
        { "\"\\u12g4\"", "!" },
        { "\"a\tb\"", "!" },
        { "\"a\x01\"", "!" },
        { "\"\\ud800\"", "!" },
        { "\"\\ud800x\"", "!" },
        { "\"\\ud800\\n\"", "!" },
        { "\"\\udc00\"", "!" },
        { "\"\\ud800\\ud800\"", "!" },
        { "\"\\ud800\\u0041\"", "!" },
        { "\"\xff\"", "!" },
        { "\"\xc3\"", "!" },
        { "\"\xc0\x80\"", "!" },
        { "\"\xed\xa0\x80\"", "!" },
        { "\xef\xbb\xbf{}", "!" },
        { "[1]//", "[n(1)]!" },
        { "[[[[[[[[[]]]]]]]]]", "[[[[[[[[!" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        check_trace(rows[i][0], rows[i][1]);
}

TEST("escapes are undone in place, wherever they stand")
{
    check_trace("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s(\"\\/\b\f\n\r\t).");
    check_trace("\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"", "s(A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80).");
    check_trace("\"abcdefghijklmnopqrstuvwxyz\\nabcdefghijklmnopqrstuvwxyz\\/0123456789\"",
                "s(abcdefghijklmnopqrstuvwxyz\nabcdefghijklmnopqrstuvwxyz/0123456789).");
    check_trace("{\"a\\u0062\":\"\xc3\xa9\\n\xc3\xa9\"}", "{k(ab)s(\xc3\xa9\n\xc3\xa9)}.");
}

TEST("an escaped zero byte is a byte like any other")
{
    char body[] = "\"a\\u0000b\"";
    struct json json;
    struct json_token token = { 0 };

    json_init(&json, body, sizeof(body) - 1, 1);
    CHECK_INT(json_next(&json, &token), OK);
    CHECK(str_eq(token.text, STR("a\0b")));
}

TEST("skip passes over one value, raw gives its text and leaves its escapes")
{
    char body[] = "{\"a\":{\"x\":[1,\"\\n\"]},\"b\":2,\"c\":[\"\\u0041\" , {}],\"d\":\"\\t\"}";
    struct json json;
    struct json_token token = { 0 };
    str raw;

    json_init(&json, body, sizeof(body) - 1, 8);
    CHECK_INT(json_expect(&json, JSON_OBJECT_BEGIN, &token), OK);
    CHECK_INT(json_expect(&json, JSON_KEY, &token), OK);
    CHECK_INT(json_skip(&json), OK);
    CHECK_INT(json_expect(&json, JSON_KEY, &token), OK);
    CHECK_STR(token.text, "b");
    CHECK_INT(json_raw(&json, &raw), OK);
    CHECK_STR(raw, "2");
    CHECK_INT(json_expect(&json, JSON_KEY, &token), OK);
    CHECK_INT(json_raw(&json, &raw), OK);
    CHECK_STR(raw, "[\"\\u0041\" , {}]");
    CHECK_INT(json_expect(&json, JSON_KEY, &token), OK);
    CHECK_INT(json_expect(&json, JSON_STRING, &token), OK);
    CHECK_STR(token.text, "\t");
    CHECK_INT(json_expect(&json, JSON_OBJECT_END, &token), OK);
    CHECK_INT(json_expect(&json, JSON_END, &token), OK);
}

TEST("skip where no value stands is refused, and what is skipped is checked")
{
    static const char *const bodies[] = { "[]", "[[1,]]", "[\"\\ud800\"]", "[{\"a\" 1}]", "[\"\x01\"]" };
    struct json_token token = { 0 };
    struct json json;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        char *body = exact_copy(bodies[i], strlen(bodies[i]));

        json_init(&json, body, strlen(bodies[i]), 8);
        CHECK_INT(json_expect(&json, JSON_ARRAY_BEGIN, &token), OK);
        CHECK_INT(json_skip(&json), ERR_MALFORMED);
        CHECK_INT(json_next(&json, &token), ERR_MALFORMED);
        free(body);
    }
}

TEST("skip_rest leaves an object that has been entered")
{
    char body[] = "[{\"a\":{\"b\":[]},\"c\":1},5]";
    struct json json;
    struct json_token token = { 0 };

    json_init(&json, body, sizeof(body) - 1, 8);
    CHECK_INT(json_expect(&json, JSON_ARRAY_BEGIN, &token), OK);
    CHECK_INT(json_expect(&json, JSON_OBJECT_BEGIN, &token), OK);
    CHECK_INT(json_skip_rest(&json, token.kind), OK);
    CHECK_INT(json_expect(&json, JSON_NUMBER, &token), OK);
    CHECK_STR(token.text, "5");
    CHECK_INT(json_skip_rest(&json, token.kind), OK);
    CHECK_INT(json_expect(&json, JSON_ARRAY_END, &token), OK);
}

TEST("levels remember what they are down to the deepest")
{
    enum { DEPTH = JSON_DEPTH_MAX };
    static char body[DEPTH * 8];
    size_t size = 0;
    struct json json;

    for (int i = 0; i < DEPTH; i++)
        size += (size_t)sprintf(body + size, i % 3 ? "[" : i == DEPTH - 1 ? "{" : "{\"k\":");
    for (int i = DEPTH - 1; i >= 0; i--)
        body[size++] = i % 3 ? ']' : '}';
    json_init(&json, body, size, DEPTH);
    CHECK_INT(json_skip(&json), OK);
    json_init(&json, body, size, DEPTH - 1);
    CHECK_INT(json_skip(&json), ERR_MALFORMED);
}

/* A naive reader by recursive descent, which only says yes or no. */
struct naive {
    const char *at, *end;
};

static bool naive_take(struct naive *naive, char c)
{
    if (naive->at == naive->end || *naive->at != c)
        return false;
    naive->at++;
    return true;
}

static void naive_blanks(struct naive *naive)
{
    while (naive_take(naive, ' '))
        continue;
}

static bool naive_string(struct naive *naive)
{
    if (!naive_take(naive, '"'))
        return false;
    while (naive->at < naive->end && *naive->at != '"') {
        if (*naive->at++ != '\\')
            continue;
        if (!naive_take(naive, 'n') && !naive_take(naive, '"') && !naive_take(naive, '\\'))
            return false;
    }
    return naive_take(naive, '"');
}

static bool naive_number(struct naive *naive)
{
    if (naive_take(naive, '0'))
        return true;
    if (!naive_take(naive, '1'))
        return false;
    while (naive_take(naive, '0') || naive_take(naive, '1'))
        continue;
    return true;
}

static bool naive_value(struct naive *naive, unsigned depth);

static bool naive_list(struct naive *naive, unsigned depth, char end, bool keys)
{
    naive_blanks(naive);
    if (naive_take(naive, end))
        return true;
    do {
        naive_blanks(naive);
        if (keys && !naive_string(naive))
            return false;
        naive_blanks(naive);
        if (keys && !naive_take(naive, ':'))
            return false;
        if (!naive_value(naive, depth))
            return false;
    } while (naive_take(naive, ','));
    return naive_take(naive, end);
}

static bool naive_value(struct naive *naive, unsigned depth)
{
    bool fine;

    naive_blanks(naive);
    if (naive_take(naive, '{'))
        fine = depth && naive_list(naive, depth - 1, '}', true);
    else if (naive_take(naive, '['))
        fine = depth && naive_list(naive, depth - 1, ']', false);
    else if (naive->at < naive->end && *naive->at == '"')
        fine = naive_string(naive);
    else
        fine = naive_number(naive);
    naive_blanks(naive);
    return fine;
}

TEST("a naive reader accepts exactly the same short bodies")
{
    static const char letters[] = "{}[]\"\":,10 n\\[{";
    uint64_t seed = 11;
    unsigned accepted = 0;
    char body[12], copy[12];

    for (int round = 0; round < 1000000; round++) {
        size_t size = 1 + unit_random(&seed) % (sizeof(body) - 1);
        struct naive naive = { .at = copy, .end = copy + size };
        struct json_token token = { .kind = JSON_NULL };
        struct json json;
        bool expected;

        for (size_t i = 0; i < size; i++)
            body[i] = copy[i] = letters[unit_random(&seed) % (sizeof(letters) - 1)];
        expected = naive_value(&naive, 2) && naive.at == naive.end;
        json_init(&json, body, size, 2);
        while (json_next(&json, &token) == OK && token.kind != JSON_END)
            continue;
        accepted += expected;
        if (!CHECK((json.err == OK) == expected)) {
            printf("  body: %.*s\n", (int)size, copy);
            return;
        }
    }
    CHECK(accepted > 1000);
}

static unsigned random_point(uint64_t *seed)
{
    static const unsigned bounds[] = { 0x20, 0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000 };
    unsigned point = (unsigned)(unit_random(seed) % bounds[unit_random(seed) % 7]);

    return point >= 0xd800 && point < 0xe000 ? point - 0x800 : point;
}

/* Write `point` as JSON in one of the ways there are. */
static void write_point(struct buf *body, unsigned point, uint64_t *seed)
{
    char utf8[4];
    size_t size = encode_utf8(point, utf8);

    if (point >= 0x20 && point != '"' && point != '\\' && unit_random(seed) % 4)
        buf_append(body, str_bytes(utf8, size));
    else if (point >= 0x10000)
        buf_fmt(body, "\\u%04x\\u%04X", 0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
    else
        buf_fmt(body, unit_random(seed) % 2 ? "\\u%04X" : "\\u%04x", point);
}

TEST("random strings, escaped at random, come out as they were, and again after our own writer")
{
    uint64_t seed = 5;
    struct buf expected, body;
    struct json_writer writer;
    struct json_token token = { 0 };
    struct json json;

    buf_init(&expected, 4096);
    buf_init(&body, 8192);
    for (int round = 0; round < 20000; round++) {
        size_t count = unit_random(&seed) % 100;

        buf_clear(&expected);
        buf_clear(&body);
        buf_byte(&body, '"');
        for (size_t i = 0; i < count; i++) {
            unsigned point = random_point(&seed);
            char utf8[4];

            buf_append(&expected, str_bytes(utf8, encode_utf8(point, utf8)));
            write_point(&body, point, &seed);
        }
        buf_byte(&body, '"');
        json_init(&json, body.at, body.size, 1);
        if (!CHECK_INT(json_next(&json, &token), OK) || !CHECK(str_eq(token.text, buf_str(&expected))))
            break;
        buf_clear(&body);
        json_write_init(&writer, &body);
        json_write_string(&writer, buf_str(&expected));
        json_init(&json, body.at, body.size, 1);
        if (!CHECK_INT(json_next(&json, &token), OK) || !CHECK(str_eq(token.text, buf_str(&expected))))
            break;
    }
    CHECK(expected.err == OK && body.err == OK);
    buf_deinit(&expected);
    buf_deinit(&body);
}

TEST("the writer knows where commas go and writes no blanks")
{
    struct json_writer writer;
    struct buf buf;

    buf_init(&buf, 4096);
    json_write_init(&writer, &buf);
    json_write_object_begin(&writer);
    json_write_key(&writer, STR("a"));
    json_write_array_begin(&writer);
    json_write_int(&writer, INT64_MIN);
    json_write_uint(&writer, UINT64_MAX);
    json_write_array_begin(&writer);
    json_write_array_end(&writer);
    json_write_object_begin(&writer);
    json_write_object_end(&writer);
    json_write_array_end(&writer);
    json_write_key(&writer, STR("b"));
    json_write_bool(&writer, true);
    json_write_key(&writer, STR("c"));
    json_write_null(&writer);
    json_write_key(&writer, STR("d"));
    json_write_seconds(&writer, 1441215410867);
    json_write_key(&writer, STR("e"));
    json_write_base64(&writer, STR("any carnal pleas"));
    json_write_key(&writer, STR("f"));
    json_write_double(&writer, 0.1);
    json_write_key(&writer, STR("g"));
    json_write_double(&writer, (double)-INFINITY);
    json_write_key(&writer, STR("h"));
    json_write_raw(&writer, STR("{\"x\":1}"));
    json_write_object_end(&writer);
    CHECK_STR(buf_str(&buf), "{\"a\":[-9223372036854775808,18446744073709551615,[],{}],\"b\":true,\"c\":null,"
                             "\"d\":1441215410.867,\"e\":\"YW55IGNhcm5hbCBwbGVhcw==\",\"f\":0.1,\"g\":\"-Infinity\","
                             "\"h\":{\"x\":1}}");
    buf_deinit(&buf);
}

TEST("only what must be escaped is, and what is not UTF-8 is replaced")
{
    struct json_writer writer;
    struct buf buf;

    buf_init(&buf, 4096);
    json_write_init(&writer, &buf);
    json_write_string(&writer, STR("a/\"\\\b\f\n\r\t\x01\x1f\x7f\xc3\xa9<>"));
    json_write_string(&writer, STR("x\xffy\xc3"));
    json_write_string(&writer, (str){ 0 });
    CHECK_STR(buf_str(&buf), "\"a/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9<>\","
                             "\"x\xef\xbf\xbdy\xef\xbf\xbd\",\"\"");
    buf_deinit(&buf);
}

TEST("a writer that runs into the bound says so at the end")
{
    struct json_writer writer;
    struct buf buf;

    buf_init(&buf, 4);
    json_write_init(&writer, &buf);
    json_write_string(&writer, STR("abcdef"));
    CHECK_INT(buf.err, ERR_TOO_LARGE);
    buf_deinit(&buf);
}

UNIT_MAIN
