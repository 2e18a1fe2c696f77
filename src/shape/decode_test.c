/* decode_test.c: what the service says about types, and what arrives in the structs. */
#include "shape/decode.c"

#include <stdlib.h>

#include "kinesis_model.h"
#include "test_model.h"
#include "unit.h"

struct fixture {
    struct arena arena;
    char body[4096];
    struct test_everything in;
    str message;
};

static void setup(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    arena_init(&fixture->arena, 1 << 20);
}

static enum err decode_bytes(struct fixture *fixture, const struct format *format, str body)
{
    memcpy(fixture->body, body.at, body.size);
    return shape_decode(format, &test_everything_shape, fixture->body, body.size, &fixture->arena, &fixture->in,
                        &fixture->message);
}

static enum err decode_json(struct fixture *fixture, const char *body)
{
    return decode_bytes(fixture, &format_aws_json, str_of(body));
}

static enum err decode_cbor(struct fixture *fixture, const char *hex)
{
    uint8_t bytes[1024];

    CHECK(str_unhex(str_of(hex), bytes) == OK);
    return decode_bytes(fixture, &format_aws_cbor, str_bytes(bytes, strlen(hex) / 2));
}

/* The table of section 3.1 of the service's reference, and what follows from it for other kinds. */
static const struct {
    const char *body, *message;
} refusals[] = {
    { "{\"Text\":true}", "class java.lang.Boolean can not be converted to an String" },
    { "{\"Text\":12}",
      "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String" },
    { "{\"Colour\":false}", "class java.lang.Boolean can not be converted to an String" },
    { "{\"Small\":\"1\"}", "class java.lang.String can not be converted to an Integer" },
    { "{\"Small\":true}", "class java.lang.Boolean can not be converted to an Integer" },
    { "{\"Big\":\"1\"}", "class java.lang.String can not be converted to an Long" },
    { "{\"Truth\":1}",
      "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an Boolean" },
    { "{\"Truth\":\"hello\"}", "'HELLO' can not be converted to an Boolean" },
    { "{\"Bytes\":true}", "class java.lang.Boolean can not be converted to a Blob" },
    { "{\"Bytes\":1}", "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob" },
    { "{\"Bytes\":\"23456\"}", "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple "
                               "of 4 bytes but found: 5" },
    { "{\"Bytes\":\"=+/=\"}", "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='" },
    { "{\"Bytes\":\"+_+=\"}", "'+_+=' can not be converted to a Blob: Invalid Base64 character: '_'" },
    { "{\"Bytes\":\"+/+=\"}",
      "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected" },
    { "{\"Time\":\"x\"}", "class java.lang.String can not be converted to milliseconds since epoch" },
    { "{\"Time\":true}", "class java.lang.Boolean can not be converted to milliseconds since epoch" },
    { "{\"Text\":[]}", "Start of list found where not expected" },
    { "{\"Text\":{}}", "Start of structure or map found where not expected." },
    { "{\"Small\":[1]}", "Start of list found where not expected" },
    { "{\"Time\":{\"a\":1}}", "Start of structure or map found where not expected." },
    { "{\"Bytes\":[]}", "Start of list found where not expected" },
    { "{\"Texts\":\"a\"}", "Expected list or null" },
    { "{\"Texts\":3}", "Expected list or null" },
    { "{\"Texts\":{}}", "Start of structure or map found where not expected." },
    { "{\"Labels\":\"a\"}", "Expected map or null" },
    { "{\"Labels\":[]}", "Start of list found where not expected" },
    { "{\"Inner\":\"a\"}", "Expected null" },
    { "{\"Inner\":1}", "Expected null" },
    { "{\"Inner\":[]}", "Start of list found where not expected" },
    { "{\"Texts\":[1]}",
      "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String" },
    { "{\"Things\":[{\"Text\":true}]}", "class java.lang.Boolean can not be converted to an String" },
    { "{\"Labels\":{\"a\":{}}}", "Start of structure or map found where not expected." },
};

TEST("a member of a wrong type is refused in the service's words")
{
    struct fixture fixture;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        setup(&fixture);
        CHECK_INT(decode_json(&fixture, refusals[i].body), ERR_SERIALIZATION);
        CHECK_STR(fixture.message, refusals[i].message);
        arena_deinit(&fixture.arena);
    }
}

TEST("the first offender is told, and only if the whole body can be read")
{
    struct fixture fixture;

    setup(&fixture);
    CHECK_INT(decode_json(&fixture, "{\"Inner\":{\"Small\":\"a\"},\"Text\":{\"a\":[1]},\"Truth\":\"no\"}"),
              ERR_SERIALIZATION);
    CHECK_STR(fixture.message, "class java.lang.String can not be converted to an Integer");
    CHECK_INT(decode_json(&fixture, "{\"Small\":\"a\",\"Text\":}"), ERR_SERIALIZATION);
    CHECK(!str_present(fixture.message));
    arena_deinit(&fixture.arena);
}

TEST("a body that is no object is refused without a text")
{
    static const char *bodies[] = { "", " ", "[]", "\"a\"", "1", "null", "{", "{}x", "{\"Text\":\"a\"" };
    struct fixture fixture;

    setup(&fixture);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        CHECK_INT(decode_json(&fixture, bodies[i]), ERR_SERIALIZATION);
        CHECK(!str_present(fixture.message));
    }
    arena_deinit(&fixture.arena);
}

TEST("every kind arrives")
{
    struct fixture fixture;

    setup(&fixture);
    CHECK_INT(decode_json(&fixture, "{\"Text\":\"a\\u00e9\",\"Bytes\":\"aGk=\",\"Small\":10.7,\"Big\":5e12,\"Real\":"
                                    "2.5,\"Truth\":\"YES\",\"Time\":1.441215410867E9,\"Colour\":\"Dark Blue\",\"Texts\""
                                    ":[\"x\",\"\"],\"Grid\":[[1,2],[]],\"Labels\":{\"k\":\"v\"},\"Shelf\":{\"s\":{"
                                    "\"Small\":-1}},\"Inner\":{\"Inner\":{}},\"renamed-member\":\"r\",\"Default\":\"d\""
                                    ",\"Unknown\":[{}]}"),
              OK);
    CHECK_STR(fixture.in.text, "a\xc3\xa9");
    CHECK_STR(fixture.in.bytes, "hi");
    CHECK_INT(fixture.in.small.value, 10);
    CHECK_INT(fixture.in.big.value, 5000000000000);
    CHECK(fixture.in.real.present && fixture.in.real.value > 2.4 && fixture.in.real.value < 2.6);
    CHECK(fixture.in.truth.present && fixture.in.truth.value);
    CHECK_INT(fixture.in.time.value, 1441215410867);
    CHECK_INT(fixture.in.colour.is, TEST_COLOUR_DARK_BLUE);
    CHECK_INT(fixture.in.texts.count, 2);
    CHECK(str_present(fixture.in.texts.at[1]));
    CHECK_INT(fixture.in.grid.at[0].at[1].value, 2);
    CHECK(fixture.in.grid.at[1].present && fixture.in.grid.at[1].count == 0);
    CHECK_STR(fixture.in.labels.at[0].value, "v");
    CHECK_INT(fixture.in.shelf.at[0].value.small.value, -1);
    CHECK(fixture.in.inner->inner && !fixture.in.inner->inner->inner);
    CHECK_STR(fixture.in.renamed, "r");
    CHECK_STR(fixture.in.default_, "d");
    arena_deinit(&fixture.arena);
}

TEST("integers are floored and clamped, longs clamped further out")
{
    struct fixture fixture;

    setup(&fixture);
    CHECK_INT(decode_json(&fixture, "{\"Small\":3000000000,\"Big\":1e30}"), OK);
    CHECK_INT(fixture.in.small.value, 2147483647);
    CHECK(fixture.in.big.value == INT64_MAX);
    CHECK_INT(decode_json(&fixture, "{\"Small\":-1.5}"), OK);
    CHECK_INT(fixture.in.small.value, -2);
    arena_deinit(&fixture.arena);
}

TEST("null is absent, and of two equal keys the last counts")
{
    struct fixture fixture;

    setup(&fixture);
    CHECK_INT(decode_json(&fixture, "{\"Text\":\"a\",\"Text\":null,\"Small\":1,\"Small\":2,\"Inner\":{\"Small\":1},"
                                    "\"Inner\":{\"Big\":1},\"Labels\":{\"a\":\"1\",\"b\":null,\"a\":\"2\"}}"),
              OK);
    CHECK(!str_present(fixture.in.text));
    CHECK_INT(fixture.in.small.value, 2);
    CHECK(!fixture.in.inner->small.present && fixture.in.inner->big.present);
    CHECK_INT(fixture.in.labels.count, 1);
    CHECK_STR(fixture.in.labels.at[0].value, "2");
    arena_deinit(&fixture.arena);
}

TEST("what is not in the enum keeps its text")
{
    struct fixture fixture;

    setup(&fixture);
    CHECK_INT(decode_json(&fixture, "{\"Colour\":\"BLUE\"}"), OK);
    CHECK_INT(fixture.in.colour.is, -1);
    CHECK_STR(fixture.in.colour.text, "BLUE");
    arena_deinit(&fixture.arena);
}

/* Definite and indefinite lengths, tag 1 before milliseconds as Java writes it, a double as seconds. */
TEST("CBOR arrives in all of its forms")
{
    struct fixture fixture;

    setup(&fixture);
    CHECK_INT(decode_cbor(&fixture, "bf64546578747f61616162ff6542797465734268696454696d65"
                                    "c11b0000014f8eacc2536554657874739f6178ff65536d616c6c1903e8ff"),
              OK);
    CHECK_STR(fixture.in.text, "ab");
    CHECK_STR(fixture.in.bytes, "hi");
    CHECK_INT(fixture.in.time.value, 0x14f8eacc253);
    CHECK_INT(fixture.in.texts.count, 1);
    CHECK_INT(fixture.in.small.value, 1000);
    CHECK_INT(decode_cbor(&fixture, "a16454696d65fb3ff8000000000000"), OK);
    CHECK_INT(fixture.in.time.value, 1500);
    CHECK_INT(decode_cbor(&fixture, "a16454696d65f6"), OK);
    CHECK(!fixture.in.time.present);
    arena_deinit(&fixture.arena);
}

TEST("CBOR of wrong types is refused in the same words")
{
    struct fixture fixture;

    setup(&fixture);
    CHECK_INT(decode_cbor(&fixture, "a16454657874f5"), ERR_SERIALIZATION);
    CHECK_STR(fixture.message, "class java.lang.Boolean can not be converted to an String");
    CHECK_INT(decode_cbor(&fixture, "a16542797465736161"), ERR_SERIALIZATION);
    CHECK_STR(fixture.message, "class java.lang.String can not be converted to a Blob");
    CHECK_INT(decode_cbor(&fixture, "a165546578747380"), OK);
    CHECK_INT(decode_cbor(&fixture, "a1655465787473a0"), ERR_SERIALIZATION);
    CHECK_STR(fixture.message, "Start of structure or map found where not expected.");
    CHECK_INT(decode_cbor(&fixture, "a164546578"), ERR_SERIALIZATION);
    CHECK(!str_present(fixture.message));
    arena_deinit(&fixture.arena);
}

TEST("timestamps of RPC v2 CBOR are seconds")
{
    struct fixture fixture;
    uint8_t bytes[16];

    setup(&fixture);
    CHECK(str_unhex(STR("a16454696d65c11a00000002"), bytes) == OK);
    CHECK_INT(decode_bytes(&fixture, &format_rpc_cbor, str_bytes(bytes, 12)), OK);
    CHECK_INT(fixture.in.time.value, 2000);
    arena_deinit(&fixture.arena);
}

TEST("a list keeps one element more than its model allows")
{
    struct arena arena;
    struct put_records_input in;
    char *body = malloc(20000);
    size_t size = 0;
    str message;

    arena_init(&arena, 1 << 20);
    size += (size_t)sprintf(body, "{\"Records\":[");
    for (int i = 0; i < 600; i++)
        size += (size_t)sprintf(body + size, "%s{\"Data\":\"aGk=\"}", i ? "," : "");
    size += (size_t)sprintf(body + size, "],\"StreamName\":\"s\"}");
    CHECK_INT(shape_decode(&format_aws_json, &put_records_input_shape, body, size, &arena, &in, &message), OK);
    CHECK_INT(in.records.count, 501);
    CHECK_STR(in.records.at[500].data, "hi");
    CHECK_STR(in.stream_name, "s");
    arena_deinit(&arena);
    free(body);
}

TEST("members that travel outside of the body are not read from it")
{
    char body[] = "{\"Name\":\"a\",\"ThingARN\":\"b\",\"Count\":1,\"Everything\":{\"Text\":\"c\"}}";
    struct arena arena;
    struct test_touch_input in;
    str message;

    arena_init(&arena, 1 << 20);
    CHECK_INT(shape_decode(&format_aws_json, &test_touch_input_shape, body, strlen(body), &arena, &in, &message), OK);
    CHECK(!str_present(in.name) && !str_present(in.thing_arn) && !in.count.present);
    CHECK_STR(in.everything->text, "c");
    arena_deinit(&arena);
}

TEST("a long text is quoted up to a bound, in whole characters")
{
    struct fixture fixture;
    char body[DECODE_QUOTE_MAX + 100];
    char *at = body;
    str message;

    setup(&fixture);
    at += sprintf(at, "{\"Truth\":\"x");
    for (int i = 0; i < DECODE_QUOTE_MAX / 2 + 10; i++)
        at += sprintf(at, "\xc3\xa9");
    at += sprintf(at, "\"}");
    CHECK_INT(shape_decode(&format_aws_json, &test_everything_shape, body, (size_t)(at - body), &fixture.arena,
                           &fixture.in, &message),
              ERR_SERIALIZATION);
    CHECK(message.size < DECODE_QUOTE_MAX + 60);
    CHECK(str_is_utf8(message));
    arena_deinit(&fixture.arena);
}

TEST("a full arena is no memory, at whatever allocation it runs out")
{
    const char *json = "{\"Texts\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"],\"Inner\":{\"Inner\":{}},"
                       "\"Labels\":{\"a\":\"b\"},\"Truth\":\"maybe\"}";
    struct fixture fixture;
    unsigned refused = 0;

    for (size_t bytes = 0; bytes < 16384; bytes += 64) {
        enum err err;

        setup(&fixture);
        arena_init(&fixture.arena, bytes);
        err = decode_json(&fixture, json);
        CHECK(err == ERR_NO_MEMORY || err == ERR_SERIALIZATION);
        refused += err == ERR_NO_MEMORY;
        arena_deinit(&fixture.arena);
    }
    CHECK(refused > 0 && refused < 256);
}

UNIT_MAIN
