/* pattern_test.c: the models' patterns, run as automata. */
#include "shape/pattern.c"

#include "kinesis_model.h"
#include "test_model.h"
#include "unit.h"

static bool matches(const struct shape *shape, const char *text)
{
    return pattern_matches(shape->pattern, str_of(text));
}

TEST("names take letters, digits, underscore, dot and dash, and at least one")
{
    CHECK(matches(&kinesis_stream_name_shape, "a.B_9-"));
    CHECK(!matches(&kinesis_stream_name_shape, ""));
    CHECK(!matches(&kinesis_stream_name_shape, "a b"));
    CHECK(!matches(&kinesis_stream_name_shape, "a\n"));
    CHECK(!matches(&kinesis_stream_name_shape, "\xc3\xa9"));
}

TEST("hash keys have no leading zeros and at most 39 digits")
{
    CHECK(matches(&kinesis_hash_key_shape, "0"));
    CHECK(matches(&kinesis_hash_key_shape, "340282366920938463463374607431768211455"));
    CHECK(!matches(&kinesis_hash_key_shape, "3402823669209384634633746074317682114550"));
    CHECK(!matches(&kinesis_hash_key_shape, "00"));
    CHECK(!matches(&kinesis_hash_key_shape, "-1"));
    CHECK(!matches(&kinesis_hash_key_shape, ""));
}

TEST("sequence numbers have at most 129 digits")
{
    char digits[131];

    memset(digits, '9', sizeof(digits));
    digits[129] = 0;
    CHECK(matches(&kinesis_sequence_number_shape, digits));
    digits[129] = '9';
    digits[130] = 0;
    CHECK(!matches(&kinesis_sequence_number_shape, digits));
}

TEST("ARNs of streams, consumers, channels and queues are told apart")
{
    const char *stream = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";
    const char *consumer = "arn:aws-cn:kinesis:us-east-1:123456789012:stream/orders/consumer/c-1:1600000000";
    const char *channel = "arn:aws:kinesis:us-east-1:123456789012:channel/8c0";
    const char *queue = "arn:aws:kinesis:us-east-1:123456789012:queue/8c0";

    CHECK(matches(&kinesis_stream_arn_shape, stream));
    CHECK(matches(&kinesis_stream_arn_shape, consumer));
    CHECK(matches(&kinesis_consumer_arn_shape, consumer));
    CHECK(!matches(&kinesis_consumer_arn_shape, stream));
    CHECK(!matches(&kinesis_stream_arn_shape, channel));
    CHECK(matches(&kinesis_channel_arn_shape, channel));
    CHECK(matches(&kinesis_resource_arn_shape, consumer));
    CHECK(matches(&kinesis_resource_arn_shape, channel));
    CHECK(matches(&kinesis_queue_arn_shape, queue));
    CHECK(!matches(&kinesis_queue_arn_shape, channel));
    CHECK(matches(&kinesis_resource_arn_shape, queue));
    CHECK(!matches(&kinesis_resource_arn_shape, "arn:aws:kinesis:us-east-1:123456789012:application/8c0"));
    CHECK(!matches(&kinesis_stream_arn_shape, "arn:aws:kinesis:us-east-1:12345678901:stream/orders"));
    CHECK(!matches(&kinesis_stream_arn_shape, "arn:aws:kinesis:us-east-1:123456789012:stream/a b"));
    CHECK(!matches(&kinesis_stream_arn_shape, "arn:aws:kinesis:us-east-1:123456789012:stream/"));
    CHECK(!matches(&kinesis_stream_arn_shape, "orders"));
}

/* \S and [^!] take what lies beyond ASCII; the dot takes no line ends; broken UTF-8 matches nothing. */
TEST("characters beyond ASCII are taken as wholes")
{
    CHECK(matches(&kinesis_stream_arn_shape, "arn:aws:kinesis:r:123456789012:stream/\xf0\x9f\x98\x80"));
    CHECK(!matches(&kinesis_stream_arn_shape, "arn:aws\n:kinesis:r:123456789012:stream/a"));
    CHECK(!matches(&kinesis_stream_arn_shape, "arn:aws\xe2\x80\xa8:kinesis:r:123456789012:stream/a"));
    CHECK(matches(&kinesis_stream_arn_shape, "arn:aws\xe2\x80\xaa:kinesis:r:123456789012:stream/a"));
    CHECK(!matches(&test_mark_value_shape, "\xc3"));
    CHECK(!matches(&test_mark_value_shape, "\xff"));
    CHECK(matches(&test_mark_value_shape, "\xc3\xbf"));
}

TEST("anchors and lookaheads mean what they mean in the service's language")
{
    const struct shape *odd = test_limits_shape.members[10].shape;

    CHECK_STR(odd->pattern->text, "^$|(?!no)[a-z]+");
    CHECK(matches(odd, ""));
    CHECK(matches(odd, "yes"));
    CHECK(matches(odd, "n"));
    CHECK(!matches(odd, "no"));
    CHECK(!matches(odd, "none"));
    CHECK(!matches(odd, "A"));
}

TEST("a pattern is no way to burn time")
{
    static char text[1 << 20];

    memset(text, ':', sizeof(text));
    memcpy(text, "arn:aws", 7);
    CHECK(!pattern_matches(kinesis_resource_arn_shape.pattern, str_bytes(text, sizeof(text))));
}

UNIT_MAIN
