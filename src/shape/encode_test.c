/* encode_test.c: the exact bytes, and random structs there and back in every format. */
#include "shape/encode.c"

#include <stdlib.h>

#include "kinesis_model.h"
#include "shape/decode.h"
#include "test_model.h"
#include "unit.h"

static str encoded(struct buf *buf, const struct format *format, const struct shape *shape, const void *value)
{
    buf_deinit(buf);
    buf_init(buf, 1 << 20);
    shape_encode(format, shape, value, buf);
    CHECK_INT(buf->err, OK);
    return buf_str(buf);
}

static void check_hex(str bytes, const char *hex)
{
    char digits[512];

    str_hex(bytes, digits);
    CHECK_STR(str_bytes(digits, bytes.size * 2), hex);
}

TEST("absent members are left out, required lists are not, and nothing is spaced")
{
    struct put_records_output out = { .failed_record_count = int_of(0) };
    struct list_shards_output shards = { 0 };
    struct buf buf = { 0 };

    CHECK_STR(encoded(&buf, &format_aws_json, &put_records_output_shape, &out),
              "{\"FailedRecordCount\":0,\"Records\":[]}");
    CHECK_STR(encoded(&buf, &format_aws_json, &list_shards_output_shape, &shards), "{}");
    shards.shards.present = true;
    CHECK_STR(encoded(&buf, &format_aws_json, &list_shards_output_shape, &shards), "{\"Shards\":[]}");
    buf_deinit(&buf);
}

TEST("timestamps are seconds in JSON, milliseconds in CBOR 1.1, tagged seconds in RPC v2")
{
    struct kinesis_record record = {
        .sequence_number = STR("1"),
        .approximate_arrival_timestamp = ms_of(1441215410867),
        .data = STR("hi"),
        .encryption_type = enum_of(ENCRYPTION_TYPE_KMS),
    };
    struct test_everything time = { .time = ms_of(1500) };
    struct buf buf = { 0 };

    CHECK_STR(encoded(&buf, &format_aws_json, &kinesis_record_shape, &record),
              "{\"SequenceNumber\":\"1\",\"ApproximateArrivalTimestamp\":1441215410.867,\"Data\":\"aGk=\","
              "\"EncryptionType\":\"KMS\"}");
    check_hex(encoded(&buf, &format_aws_cbor, &test_everything_shape, &time), "a16454696d651905dc");
    check_hex(encoded(&buf, &format_rpc_cbor, &test_everything_shape, &time), "a16454696d65c1fb3ff8000000000000");
    buf_deinit(&buf);
}

TEST("errors have a type and perhaps a message, whose key SerializationException spells its own way")
{
    struct buf buf;

    buf_init(&buf, 1024);
    shape_encode_error(&format_aws_json, STR("ResourceNotFoundException"), STR("Stream \"s\""), &buf);
    CHECK_STR(buf_str(&buf), "{\"__type\":\"ResourceNotFoundException\",\"message\":\"Stream \\\"s\\\"\"}");
    buf_clear(&buf);
    shape_encode_error(&format_aws_json, STR("SerializationException"), STR("m"), &buf);
    CHECK_STR(buf_str(&buf), "{\"__type\":\"SerializationException\",\"Message\":\"m\"}");
    buf_clear(&buf);
    shape_encode_error(&format_aws_json, STR("SerializationException"), (str){ 0 }, &buf);
    CHECK_STR(buf_str(&buf), "{\"__type\":\"SerializationException\"}");
    buf_clear(&buf);
    shape_encode_error(&format_aws_cbor, STR("A"), STR("m"), &buf);
    check_hex(buf_str(&buf), "a2665f5f747970656141676d657373616765616d");
    buf_deinit(&buf);
}

/* A value of any shape, as it could have been decoded. Depth bounds what holds itself. */
static void random_value(uint64_t *seed, struct arena *arena, const struct shape *shape, char *at, unsigned depth);

static str random_text(uint64_t *seed, struct arena *arena, bool bytes)
{
    static const char *texts[] = { "", "a", "\xc3\xa9", "line\nend\"\\", "\xf0\x9f\x98\x80 smile", "k" };
    char blob[40];
    size_t size = unit_random(seed) % sizeof(blob);

    if (!bytes)
        return arena_str(arena, str_of(texts[unit_random(seed) % 6]));
    for (size_t i = 0; i < size; i++)
        blob[i] = (char)unit_random(seed);
    return arena_str(arena, str_bytes(blob, size));
}

static void random_list(uint64_t *seed, struct arena *arena, const struct shape *shape, struct shape_list *list,
                        unsigned depth)
{
    *list = (struct shape_list){ .present = true, .count = depth ? unit_random(seed) % 4 : 0 };
    if (shape->has_max && list->count > (size_t)shape->max)
        list->count = (size_t)shape->max;
    if (list->count)
        list->at = arena_array(arena, list->count, shape->entry_size);
    for (size_t i = 0; i < list->count; i++) {
        char *entry = (char *)list->at + i * shape->entry_size;

        if (shape->kind == SHAPE_MAP)
            *(str *)(void *)entry = arena_fmt(arena, "key %zu", i);
        random_value(seed, arena, shape->element, entry + shape->value_offset, depth - 1);
    }
}

static void random_struct(uint64_t *seed, struct arena *arena, const struct shape *shape, char *at, unsigned depth)
{
    for (uint32_t i = 0; i < shape->member_count; i++) {
        const struct shape_member *member = &shape->members[i];
        char *value = at + member->offset;

        if (unit_random(seed) % 3 == 0)
            continue;
        if (member->shape->kind == SHAPE_STRUCTURE) {
            if (depth == 0)
                continue;
            *(void **)(void *)value = arena_alloc(arena, member->shape->size);
            value = *(void **)(void *)value;
        }
        random_value(seed, arena, member->shape, value, depth ? depth - 1 : 0);
    }
}

static void random_value(uint64_t *seed, struct arena *arena, const struct shape *shape, char *at, unsigned depth)
{
    void *value = at;

    switch (shape->kind) {
    case SHAPE_STRING:
    case SHAPE_BLOB:
        *(str *)value = random_text(seed, arena, shape->kind == SHAPE_BLOB);
        break;
    case SHAPE_INTEGER:
        *(struct opt_int *)value = int_of((int32_t)unit_random(seed));
        break;
    case SHAPE_LONG:
        *(struct opt_int *)value = int_of((int64_t)unit_random(seed));
        break;
    case SHAPE_DOUBLE:
        *(struct opt_double *)value = double_of((double)(int64_t)unit_random(seed) / 1e9);
        break;
    case SHAPE_BOOLEAN:
        *(struct opt_bool *)value = bool_of(unit_random(seed) & 1);
        break;
    case SHAPE_TIMESTAMP:
        *(struct opt_ms *)value = ms_of((ms)(unit_random(seed) % 4000000000000u) - 1000000000000);
        break;
    case SHAPE_ENUM:
        *(struct enum_value *)value = enum_of((int)(unit_random(seed) % shape->values->count) + 1);
        break;
    case SHAPE_LIST:
    case SHAPE_MAP:
        random_list(seed, arena, shape, value, depth);
        break;
    case SHAPE_STRUCTURE:
        random_struct(seed, arena, shape, at, depth);
        break;
    }
}

/* Encoding what was decoded gives the same bytes, also by way of the other format. */
static void there_and_back(const struct shape *shape, uint64_t seed)
{
    const struct format *formats[] = { &format_aws_json, &format_aws_cbor, &format_rpc_cbor };
    struct buf first = { 0 }, buf = { 0 };
    struct arena arena;
    void *value;
    str message;

    arena_init(&arena, 8 << 20);
    value = arena_alloc(&arena, shape->size);
    random_value(&seed, &arena, shape, value, 4);
    encoded(&first, &format_aws_json, shape, value);
    for (size_t i = 0; i < 3; i++) {
        str bytes = arena_str(&arena, encoded(&buf, formats[i], shape, value));
        void *back = arena_alloc(&arena, shape->size);

        CHECK_INT(shape_decode(formats[i], shape, (char *)bytes.at, bytes.size, &arena, back, &message), OK);
        CHECK(str_eq(encoded(&buf, &format_aws_json, shape, back), buf_str(&first)));
    }
    buf_deinit(&first);
    buf_deinit(&buf);
    arena_deinit(&arena);
}

TEST("random structs come back equal in every format")
{
    for (uint64_t seed = 1; seed <= 300; seed++)
        there_and_back(&test_everything_shape, seed * 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < kinesis_service.operation_count; i++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            there_and_back(kinesis_service.operations[i].input, seed * 0x9e3779b97f4a7c15u);
            there_and_back(kinesis_service.operations[i].output, seed * 0x9e3779b97f4a7c15u);
        }
    }
}

TEST("blobs set apart, put back where they belong, give the same bytes")
{
    static char text[5000];
    struct kinesis_record records[6] = { 0 };
    struct get_records_output out = { .records = { .at = records, .count = 6, .present = true } };
    const struct format *formats[] = { &format_aws_cbor, &format_rpc_cbor };
    const size_t sizes[6] = { 0, SHAPE_BLOB_APART_MIN - 1, SHAPE_BLOB_APART_MIN, 5000, 1, 1000 };
    struct buf whole = { 0 }, apart, joined;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7 + i / 256);
    for (size_t i = 0; i < 6; i++)
        records[i] = (struct kinesis_record){ .sequence_number = STR("12"), .data = str_bytes(text, sizes[i]),
                                              .partition_key = i == 5 ? (str){ 0 } : STR("key") };
    for (size_t f = 0; f < 2; f++) {
        struct shape_blobs blobs = { 0 };
        size_t from = 0;

        buf_init(&apart, 1 << 20);
        buf_init(&joined, 1 << 20);
        encoded(&whole, formats[f], &get_records_output_shape, &out);
        shape_encode_apart(formats[f], &get_records_output_shape, &out, &apart, &blobs);
        CHECK_INT(apart.err, OK);
        CHECK_INT(blobs.count, 3);
        CHECK_INT(blobs.bytes, SHAPE_BLOB_APART_MIN + 5000 + 1000);
        for (size_t i = 0; i < blobs.count; i++) {
            CHECK(blobs.at[i].bytes.at == text);
            buf_append(&joined, str_slice(buf_str(&apart), from, blobs.at[i].offset));
            buf_append(&joined, blobs.at[i].bytes);
            from = blobs.at[i].offset;
        }
        buf_append(&joined, str_slice(buf_str(&apart), from, apart.size));
        CHECK(str_eq(buf_str(&joined), buf_str(&whole)));
        free(blobs.at);
        buf_deinit(&apart);
        buf_deinit(&joined);
    }
    buf_deinit(&whole);
}

TEST("an unknown enum value goes out as it came in")
{
    struct test_everything value = { .colour = { .is = -1, .text = STR("PINK") } };
    struct buf buf = { 0 };

    CHECK_STR(encoded(&buf, &format_aws_json, &test_everything_shape, &value), "{\"Colour\":\"PINK\"}");
    buf_deinit(&buf);
}

UNIT_MAIN
