/* validate_test.c: what the service says about constraints. */
#include "shape/validate.c"

#include <stdlib.h>

#include "kinesis_model.h"
#include "shape/decode.h"
#include "test_model.h"
#include "unit.h"

static struct arena arena;

/* Decode a request and return what the validator says; absent if all is well. The next call forgets it. */
static str verdict(const struct shape *shape, const char *json)
{
    static char body[1 << 20];
    static char in[4096];
    str message = { 0 };
    enum err err;

    arena_deinit(&arena);
    arena_init(&arena, 16 << 20);
    assert(strlen(json) <= sizeof(body) && shape->size <= sizeof(in));
    memcpy(body, json, strlen(json));
    CHECK_INT(shape_decode(&format_aws_json, shape, body, strlen(json), &arena, in, &message), OK);
    err = shape_validate(shape, in, &arena, &message);
    CHECK_INT(err, str_present(message) ? ERR_VALIDATION : OK);
    return message;
}

#define FAILED "' failed to satisfy constraint: Member must "
#define NAME_PATTERN "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"

/* Recorded from the service: two kinds of missing members, in the recorded order. */
TEST("absent members are null without quotes, in the model's error order")
{
    CHECK_STR(verdict(&create_stream_input_shape, "{}"),
              "1 validation error detected: Value null at 'streamName" FAILED "not be null");
    CHECK_STR(verdict(&merge_shards_input_shape, "{}"),
              "2 validation errors detected: Value null at 'shardToMerge" FAILED "not be null; "
              "Value null at 'adjacentShardToMerge" FAILED "not be null");
    CHECK_STR(verdict(&put_records_input_shape, "{\"Records\":[{}]}"),
              "1 validation error detected: Value null at 'records.1.member.data" FAILED "not be null");
}

TEST("an empty name breaks its pattern first, then its length")
{
    CHECK_STR(verdict(&create_stream_input_shape, "{\"StreamName\":\"\",\"ShardCount\":0}"),
              "3 validation errors detected: Value '0' at 'shardCount" FAILED
              "have value greater than or equal to 1; Value '' at 'streamName" FAILED NAME_PATTERN
              "; Value '' at 'streamName" FAILED "have length greater than or equal to 1");
}

TEST("lengths and values have two ends")
{
    char json[300];

    (void)snprintf(json, sizeof(json), "{\"StreamName\":\"%0129d\"}", 0);
    CHECK(str_ends(verdict(&create_stream_input_shape, json),
                   STR("at 'streamName" FAILED "have length less than or equal to 128")));
    CHECK_STR(verdict(&get_records_input_shape, "{\"ShardIterator\":\"a\",\"Limit\":10001}"),
              "1 validation error detected: Value '10001' at 'limit" FAILED "have value less than or equal to 10000");
    CHECK(!str_present(verdict(&get_records_input_shape, "{\"ShardIterator\":\"a\",\"Limit\":10000}")));
}

TEST("an enum's set is told in the service's own order")
{
    CHECK_STR(verdict(&get_shard_iterator_input_shape,
                      "{\"StreamName\":\"s\",\"ShardId\":\"0\",\"ShardIteratorType\":\"NOW\"}"),
              "1 validation error detected: Value 'NOW' at 'shardIteratorType" FAILED "satisfy enum value set: "
              "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]");
}

/* Section 3.2, "Field order inside a multi-error message", for every operation named there. */
TEST("members are told in the recorded order, newer ones after")
{
    static const struct {
        const struct shape *shape;
        const char *json, *order[8];
    } rows[] = {
        { &create_stream_input_shape, "{\"StreamName\":\"\",\"ShardCount\":0}", { "shardCount", "streamName" } },
        { &describe_stream_input_shape,
          "{\"StreamName\":\"!\",\"Limit\":0,\"ExclusiveStartShardId\":\"!\",\"StreamARN\":\"a\"}",
          { "limit", "exclusiveStartShardId", "streamName", "streamARN" } },
        { &get_records_input_shape, "{\"ShardIterator\":\"\",\"Limit\":0}", { "limit", "shardIterator" } },
        { &get_shard_iterator_input_shape,
          "{\"StreamName\":\"!\",\"ShardId\":\"!\",\"ShardIteratorType\":\"a\",\"StartingSequenceNumber\":\"a\"}",
          { "shardId", "shardIteratorType", "startingSequenceNumber", "streamName" } },
        { &list_streams_input_shape, "{\"ExclusiveStartStreamName\":\"!\",\"Limit\":0}",
          { "limit", "exclusiveStartStreamName" } },
        { &list_tags_for_stream_input_shape, "{\"StreamName\":\"!\",\"ExclusiveStartTagKey\":\"\",\"Limit\":51}",
          { "limit", "exclusiveStartTagKey", "streamName" } },
        { &merge_shards_input_shape, "{\"StreamName\":\"!\"}",
          { "shardToMerge", "adjacentShardToMerge", "streamName" } },
        { &put_record_input_shape,
          "{\"StreamName\":\"!\",\"SequenceNumberForOrdering\":\"a\",\"PartitionKey\":\"\",\"ExplicitHashKey\":\"a\"}",
          { "sequenceNumberForOrdering", "partitionKey", "explicitHashKey", "data", "streamName" } },
        { &put_records_input_shape,
          "{\"StreamName\":\"!\",\"Records\":[{\"PartitionKey\":\"\",\"ExplicitHashKey\":\"a\"}]}",
          { "records.1.member.partitionKey", "records.1.member.explicitHashKey", "records.1.member.data",
            "streamName" } },
        { &split_shard_input_shape, "{\"StreamName\":\"!\"}",
          { "newStartingHashKey", "streamName", "shardToSplit" } },
        { &add_tags_to_stream_input_shape, "{\"StreamName\":\"!\"}", { "tags", "streamName" } },
        { &remove_tags_from_stream_input_shape, "{\"StreamName\":\"!\"}", { "tagKeys", "streamName" } },
        { &increase_stream_retention_period_input_shape, "{\"StreamName\":\"!\"}",
          { "retentionPeriodHours", "streamName" } },
        { &decrease_stream_retention_period_input_shape, "{\"StreamName\":\"!\"}",
          { "retentionPeriodHours", "streamName" } },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        str message = verdict(rows[i].shape, rows[i].json);
        const char *at = message.at;

        for (size_t k = 0; k < 8 && rows[i].order[k]; k++) {
            char place[80];

            (void)snprintf(place, sizeof(place), "at '%s'", rows[i].order[k]);
            at = memmem(at, (size_t)(message.at + message.size - at), place, strlen(place));
            if (!CHECK(at != NULL)) {
                printf("  %s in %.*s\n", place, STR_ARG(message));
                break;
            }
        }
    }
}

TEST("ten violations are told and no more")
{
    CHECK(str_starts(verdict(&put_records_input_shape, "{\"Records\":[{},{},{},{},{},{},{},{},{},{},{},{}]}"),
                     STR("10 validation errors detected: ")));
}

TEST("a blob's value is left out")
{
    CHECK_STR(verdict(&test_limits_shape, "{\"Word\":\"a\",\"Payload\":\"aGhoaA==\",\"Last\":true}"),
              "1 validation error detected: Value at 'payload" FAILED "have length less than or equal to 3");
}

TEST("keys and values of maps are told once each, in the service's brackets")
{
    CHECK_STR(verdict(&test_limits_shape,
                      "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Marks\":{\"\":\"abc\",\"abcd\":\"!\"}}"),
              "2 validation errors detected: Value '{=abc, abcd=!}' at 'marks' failed to satisfy constraint: Map keys "
              "must satisfy constraint: [Member must have length less than or equal to 3, Member must have length "
              "greater than or equal to 1]; Value '{=abc, abcd=!}' at 'marks' failed to satisfy constraint: Map value "
              "must satisfy constraint: [Member must have length less than or equal to 2, Member must have length "
              "greater than or equal to 0, Member must satisfy regular expression pattern: [^!]*]");
}

TEST("the tag operations say what production says")
{
    CHECK_STR(verdict(&remove_tags_from_stream_input_shape, "{\"StreamName\":\"s\",\"TagKeys\":[\"a\",\"\"]}"),
              "1 validation error detected: Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must "
              "satisfy constraint: [Member must have length less than or equal to 128, Member must have length "
              "greater than or equal to 1]");
    CHECK_STR(verdict(&add_tags_to_stream_input_shape, "{\"StreamName\":\"s\",\"Tags\":{\"\":\"v\"}}"),
              "1 validation error detected: Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy "
              "constraint: [Member must have length less than or equal to 128, Member must have length greater than or "
              "equal to 1]");
    CHECK_STR(verdict(&add_tags_to_stream_input_shape, "{\"StreamName\":\"s\",\"Tags\":{}}"),
              "1 validation error detected: Value '{}' at 'tags" FAILED "have length greater than or equal to 1");
}

TEST("an element of an enum list names the set")
{
    CHECK_STR(verdict(&test_limits_shape,
                      "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Colours\":[\"RED\",\"PINK\"]}"),
              "1 validation error detected: Value '[RED, PINK]' at 'colours' failed to satisfy constraint: Member must "
              "satisfy constraint: [Member must satisfy enum value set: [Dark Blue, RED, GREEN]]");
}

TEST("structures in lists, maps and lists of lists are walked")
{
    CHECK_STR(verdict(&test_limits_shape, "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Boxes\":[{\"Size\":1},"
                                          "{\"Size\":11}],\"Crates\":{\"c\":{}},\"Rows\":[[1,0]]}"),
              "3 validation errors detected: Value '11' at 'boxes.2.member.size" FAILED
              "have value less than or equal to 10; Value null at 'crates.c.member.size" FAILED
              "not be null; Value '[1, 0]' at 'rows.1.member' failed to satisfy constraint: Member must satisfy "
              "constraint: [Member must have value less than or equal to 10, Member must have value greater than or "
              "equal to 1]");
    CHECK(str_starts(verdict(&test_limits_shape, "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Boxes\":[]}"),
                     STR("1 validation error detected: Value '[]' at 'boxes" FAILED "have length greater")));
    CHECK_STR(verdict(&describe_stream_input_shape, "{}"), "");
    CHECK(str_present(verdict(&update_stream_mode_input_shape, "{\"StreamModeDetails\":{\"StreamMode\":\"X\"}}")));
}

TEST("lengths are UTF-16 units: an astral character is two, an accented one is one")
{
    CHECK(!str_present(verdict(&test_limits_shape, "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Wide\":"
                                                   "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}")));
    CHECK(!str_present(verdict(&test_limits_shape, "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Wide\":"
                                                   "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}")));
    CHECK(str_present(verdict(&test_limits_shape, "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Wide\":"
                                                  "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80x\"}")));
}

TEST("a member may add constraints to those of its shape")
{
    CHECK_STR(verdict(&test_limits_shape,
                      "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Own\":\"abc\",\"Odd\":\"no\"}"),
              "2 validation errors detected: Value 'abc' at 'own" FAILED "have length less than or equal to 2; "
              "Value 'no' at 'odd" FAILED "satisfy regular expression pattern: ^$|(?!no)[a-z]+");
}

TEST("a missing element of a list of scalars is refused")
{
    CHECK_STR(verdict(&test_limits_shape, "{\"Word\":\"a\",\"Payload\":\"aGk=\",\"Last\":true,\"Keys\":[null]}"),
              "1 validation error detected: Value '[null]' at 'keys' failed to satisfy constraint: Member must satisfy "
              "constraint: [Member must have length less than or equal to 4, Member must have length greater than or "
              "equal to 1, Member must satisfy regular expression pattern: [a-z]+]");
}

TEST("a huge value is quoted up to a bound, in whole characters")
{
    static char json[400000];
    char *at = json + sprintf(json, "{\"StreamName\":\"x");
    str message;

    for (int i = 0; i < 100000; i++)
        at += sprintf(at, "\xe2\x82\xac");
    (void)sprintf(at, "\"}");
    message = verdict(&create_stream_input_shape, json);
    CHECK(message.size < 2 * (VALIDATE_VALUE_MAX + 200));
    CHECK(str_is_utf8(message));
}

TEST("one value can be checked alone")
{
    str name = STR("a b"), message = { 0 };

    arena_deinit(&arena);
    arena_init(&arena, 1 << 20);
    CHECK_INT(shape_validate_value(&kinesis_stream_name_shape, &name, STR("streamName"), &arena, &message),
              ERR_VALIDATION);
    CHECK_STR(message, "1 validation error detected: Value 'a b' at 'streamName" FAILED NAME_PATTERN);
}

TEST("without memory for the text it says so")
{
    struct create_stream_input in = { .shard_count = int_of(0) };
    str message = { 0 };

    arena_deinit(&arena);
    arena_init(&arena, 0);
    CHECK_INT(shape_validate(&create_stream_input_shape, &in, &arena, &message), ERR_NO_MEMORY);
    arena_deinit(&arena);
}

UNIT_MAIN
