"""Constraint violations: ValidationException, one message for all of them, in the recorded order of fields."""
import re

from http_raw import CBOR
from table import (HASH_PATTERN, INVALID, NAME_PATTERN, NOT_FOUND, NOT_NULL, Row, SEQUENCE_PATTERN, VALIDATION, at_least,
                   at_most, constraints, longer, shorter)

ITERATOR_TYPES = ("Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, "
                  "TRIM_HORIZON]")
LONG = "a" * 129
KEY_RULE = "Map keys must satisfy constraint: [%s, %s]" % (shorter(128), longer(1))
VALUE_RULE = "Map value must satisfy constraint: [%s, %s]" % (shorter(256), longer(0))
ITEM_RULE = "Member must satisfy constraint: [%s, %s]" % (shorter(128), longer(1))

# operations that name a stream, with otherwise sound members
NAMED = [
    ("AddTagsToStream", {"Tags": {"a": "b"}}), ("CreateStream", {"ShardCount": 1}),
    ("DecreaseStreamRetentionPeriod", {"RetentionPeriodHours": 24}), ("DeleteStream", {}), ("DescribeStream", {}),
    ("DescribeStreamSummary", {}), ("DisableEnhancedMonitoring", {"ShardLevelMetrics": ["ALL"]}),
    ("EnableEnhancedMonitoring", {"ShardLevelMetrics": ["ALL"]}),
    ("GetShardIterator", {"ShardId": "shardId-0", "ShardIteratorType": "LATEST"}),
    ("IncreaseStreamRetentionPeriod", {"RetentionPeriodHours": 24}), ("ListShards", {}), ("ListTagsForStream", {}),
    ("MergeShards", {"ShardToMerge": "shardId-0", "AdjacentShardToMerge": "shardId-1"}),
    ("PutRecord", {"Data": "", "PartitionKey": "a"}), ("PutRecords", {"Records": [{"Data": "", "PartitionKey": "a"}]}),
    ("RemoveTagsFromStream", {"TagKeys": ["a"]}), ("SplitShard",
     {"ShardToSplit": "shardId-0", "NewStartingHashKey": "5"}),
    ("StartStreamEncryption", {"EncryptionType": "KMS", "KeyId": "k"}),
    ("StopStreamEncryption", {"EncryptionType": "KMS", "KeyId": "k"}),
    ("UpdateShardCount", {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
]


def empty(path):
    return [("", path, NAME_PATTERN), ("", path, longer(1))]


def bad(name, op, body, *parts, **more):
    return Row(name, op, body, VALIDATION, constraints(*parts), **more)


def rows(x):
    return names(x) + nulls(x) + several(x) + numbers(x) + lengths(x) + tags(x) + enums(x) + arns(x) + put_records(x)


def names(x):
    out = []
    for op, body in NAMED:
        out.append(bad("%s, empty stream name" % op, op, dict(body, StreamName=""), *empty("streamName")))
        out.append(bad("%s, long stream name" % op, op, dict(body, StreamName=LONG), (LONG, "streamName", shorter(128))))
    for name in ("a b", "a/b", "ä", "a\nb", "a:b"):
        out.append(bad("stream name %r" % name, "DescribeStreamSummary", {"StreamName": name},
                       (name, "streamName", NAME_PATTERN)))
    out += [
        bad("an empty stream name, CBOR", "DescribeStreamSummary", {"StreamName": ""}, *empty("streamName"), kind=CBOR),
        bad("a long start name", "ListStreams", {"ExclusiveStartStreamName": LONG},
            (LONG, "exclusiveStartStreamName", shorter(128))),
        Row("a stream name of 128 is no violation", "DescribeStreamSummary", {"StreamName": "a" * 128}, NOT_FOUND,
            "Stream %s under account %s not found." % ("a" * 128, x.account)),
    ]
    return out


def nulls(x):
    def missing(op, body, *paths):
        return bad("%s without %s" % (op, " and ".join(paths)), op, body, *[(None, path, NOT_NULL) for path in paths])
    s = {"StreamName": x.S}
    return [
        missing("CreateStream", {"ShardCount": 1}, "streamName"),
        missing("GetRecords", {}, "shardIterator"),
        missing("AddTagsToStream", s, "tags"),
        missing("RemoveTagsFromStream", s, "tagKeys"),
        missing("GetShardIterator", dict(s, ShardIteratorType="LATEST"), "shardId"),
        missing("GetShardIterator", dict(s, ShardId="shardId-0"), "shardIteratorType"),
        missing("GetShardIterator", s, "shardId", "shardIteratorType"),
        missing("MergeShards", s, "shardToMerge", "adjacentShardToMerge"),
        missing("MergeShards", dict(s, ShardToMerge="shardId-0"), "adjacentShardToMerge"),
        missing("SplitShard", dict(s, ShardToSplit="shardId-0"), "newStartingHashKey"),
        missing("SplitShard", dict(s, NewStartingHashKey="5"), "shardToSplit"),
        missing("SplitShard", s, "newStartingHashKey", "shardToSplit"),
        missing("PutRecord", dict(s, PartitionKey="a"), "data"),
        missing("PutRecords", s, "records"),
        missing("PutRecords", dict(s, Records=[{"PartitionKey": "a"}]), "records.1.member.data"),
        missing("IncreaseStreamRetentionPeriod", s, "retentionPeriodHours"),
        missing("DecreaseStreamRetentionPeriod", s, "retentionPeriodHours"),
        bad("JSON null is absent", "GetRecords", {"ShardIterator": None}, (None, "shardIterator", NOT_NULL)),
        bad("an absent member, CBOR", "GetRecords", {}, (None, "shardIterator", NOT_NULL), kind=CBOR),
        bad("a null and a bad name", "AddTagsToStream", {
            "StreamName": ""}, (None, "tags", NOT_NULL), *empty("streamName")),
        bad("a null and a bad name, split", "SplitShard", {"StreamName": "", "ShardToSplit": "shardId-0"},
            (None, "newStartingHashKey", NOT_NULL), *empty("streamName")),
        bad("a null and a bad name, tag keys", "RemoveTagsFromStream", {"StreamName": ""}, (None, "tagKeys", NOT_NULL),
            *empty("streamName")),
        bad("a null and a bad name, retention", "IncreaseStreamRetentionPeriod", {"StreamName": ""},
            (None, "retentionPeriodHours", NOT_NULL), *empty("streamName")),
    ]


def several(x):
    return [
        bad("CreateStream: shardCount, streamName", "CreateStream", {"StreamName": "", "ShardCount": 0},
            (0, "shardCount", at_least(1)), *empty("streamName")),
        bad("DescribeStream: limit, exclusiveStartShardId, streamName", "DescribeStream",
            {"StreamName": "", "Limit": 0, "ExclusiveStartShardId": ""}, (0, "limit", at_least(1)),
            *empty("exclusiveStartShardId"), *empty("streamName")),
        bad("DescribeStream: too much of everything", "DescribeStream",
            {"StreamName": LONG, "Limit": 100000, "ExclusiveStartShardId": LONG}, (100000, "limit", at_most(10000)),
            (LONG, "exclusiveStartShardId", shorter(128)), (LONG, "streamName", shorter(128))),
        bad("GetRecords: limit, shardIterator", "GetRecords", {"ShardIterator": "", "Limit": 0}, (0, "limit", at_least(1)),
            ("", "shardIterator", longer(1))),
        bad("GetRecords: too much of both", "GetRecords", {"ShardIterator": "a" * 513, "Limit": 100000},
            (100000, "limit", at_most(10000)), ("a" * 513, "shardIterator", shorter(512))),
        bad("GetShardIterator: shardId, type, number, name", "GetShardIterator",
            {"StreamName": "", "ShardIteratorType": "", "ShardId": "", "StartingSequenceNumber": ""}, *empty("shardId"),
            ("", "shardIteratorType", ITERATOR_TYPES), ("", "startingSequenceNumber", SEQUENCE_PATTERN),
            *empty("streamName")),
        bad("GetShardIterator: long names", "GetShardIterator",
            {"StreamName": LONG, "ShardId": LONG, "ShardIteratorType": "LATEST"}, (LONG, "shardId", shorter(128)),
            (LONG, "streamName", shorter(128))),
        bad("ListStreams: limit, exclusiveStartStreamName", "ListStreams", {"Limit": 0, "ExclusiveStartStreamName": ""},
            (0, "limit", at_least(1)), *empty("exclusiveStartStreamName")),
        bad("ListStreams: too much of both", "ListStreams", {"Limit": 1000000, "ExclusiveStartStreamName": LONG},
            (1000000, "limit", at_most(10000)), (LONG, "exclusiveStartStreamName", shorter(128))),
        bad("ListTagsForStream: limit, exclusiveStartTagKey, streamName", "ListTagsForStream",
            {"StreamName": "", "Limit": 0, "ExclusiveStartTagKey": ""}, (0, "limit", at_least(1)),
            ("", "exclusiveStartTagKey", longer(1)), *empty("streamName")),
        bad("ListTagsForStream: too much of everything", "ListTagsForStream",
            {"StreamName": LONG, "Limit": 100, "ExclusiveStartTagKey": LONG}, (100, "limit", at_most(50)),
            (LONG, "exclusiveStartTagKey", shorter(128)), (LONG, "streamName", shorter(128))),
        bad("MergeShards: shardToMerge, adjacentShardToMerge, streamName", "MergeShards",
            {"StreamName": "", "ShardToMerge": "", "AdjacentShardToMerge": ""}, *empty("shardToMerge"),
            *empty("adjacentShardToMerge"), *empty("streamName")),
        bad("PutRecord: number, key, hash, name", "PutRecord",
            {"StreamName": "", "PartitionKey": "", "Data": "", "ExplicitHashKey": "", "SequenceNumberForOrdering": ""},
            ("", "sequenceNumberForOrdering", SEQUENCE_PATTERN), ("", "partitionKey", longer(1)),
            ("", "explicitHashKey", HASH_PATTERN), *empty("streamName")),
        bad("PutRecords: records before streamName", "PutRecords", {"StreamName": "", "Records": []},
            ("[]", "records", longer(1)), *empty("streamName")),
        bad("PutRecords: members of a record", "PutRecords",
            {"StreamName": "", "Records": [{"PartitionKey": "", "Data": "", "ExplicitHashKey": ""}]},
            ("", "records.1.member.partitionKey", longer(1)), ("", "records.1.member.explicitHashKey", HASH_PATTERN),
            *empty("streamName")),
        bad("SplitShard: hash, name, shard", "SplitShard", {"StreamName": "", "NewStartingHashKey": "", "ShardToSplit": ""},
            ("", "newStartingHashKey", HASH_PATTERN), *empty("streamName"), *empty("shardToSplit")),
        bad("AddTags: tags, streamName", "AddTagsToStream", {"StreamName": "", "Tags": {}}, ("{}", "tags", longer(1)),
            *empty("streamName")),
        bad("RemoveTags: tagKeys, streamName", "RemoveTagsFromStream", {"StreamName": "", "TagKeys": []},
            ("[]", "tagKeys", longer(1)), *empty("streamName")),
        bad("several violations, CBOR", "DescribeStream", {"StreamName": "", "Limit": 0}, (0, "limit", at_least(1)),
            *empty("streamName"), kind=CBOR),
    ]


def numbers(x):
    s = {"StreamName": x.S}
    out = []
    for op, member, most in (("DescribeStream", "Limit", 10000), ("ListShards", "MaxResults", 10000),
                             ("ListTagsForStream", "Limit", 50)):
        path = member[0].lower() + member[1:]
        for value, rule in ((0, at_least(1)), (-1, at_least(1)), (most + 1, at_most(most))):
            out.append(bad("%s, %s %d" % (op, path, value), op, dict(s, **{member: value}), (value, path, rule)))
    for value, rule in ((0, at_least(1)), (10001, at_most(10000))):
        out.append(bad("GetRecords, limit %d" % value, "GetRecords", {"ShardIterator": x.iterator_0, "Limit": value},
                       (value, "limit", rule)))
        out.append(bad("ListStreams, limit %d" % value, "ListStreams", {"Limit": value}, (value, "limit", rule)))
        out.append(bad("ListStreamConsumers, maxResults %d" % value, "ListStreamConsumers",
                       {"StreamARN": x.arn, "MaxResults": value}, (value, "maxResults", rule)))
    out += [
        bad("UpdateShardCount, targetShardCount 0", "UpdateShardCount",
            dict(s, TargetShardCount=0, ScalingType="UNIFORM_SCALING"), (0, "targetShardCount", at_least(1))),
        bad("an integer clamps at 2147483647", "ListStreams", {"Limit": 99999999999},
            (2147483647, "limit", at_most(10000))),
        bad("UpdateMaxRecordSize, too small", "UpdateMaxRecordSize", {"StreamARN": x.arn, "MaxRecordSizeInKiB": 1023},
            (1023, "maxRecordSizeInKiB", at_least(1024))),
        bad("UpdateMaxRecordSize, too large", "UpdateMaxRecordSize", {"StreamARN": x.arn, "MaxRecordSizeInKiB": 10241},
            (10241, "maxRecordSizeInKiB", at_most(10240))),
    ]
    return out


def lengths(x):
    s = {"StreamName": x.S, "Data": ""}
    key = "a" * 257
    surrogate = "\U0001f600" * 128 + "a"
    out = [
        bad("a partition key of 257", "PutRecord", dict(s, PartitionKey=key), (key, "partitionKey", shorter(256))),
        bad("a partition key counts in UTF-16 units", "PutRecord", dict(s, PartitionKey=surrogate),
            (surrogate, "partitionKey", shorter(256))),
        Row("a partition key of 256 wide characters is fine", "PutRecord", dict(s, PartitionKey="ü" * 256)),
        Row("empty data is fine", "PutRecord", dict(s, PartitionKey="a")),
    ]
    for value in ("", "00", "01", "-1", "a", "1" * 40, "1.0", " 1", "+1"):
        out.append(bad("explicit hash key %r" % value, "PutRecord", dict(s, PartitionKey="a", ExplicitHashKey=value),
                       (value, "explicitHashKey", HASH_PATTERN)))
    for value in ("", "00", "-1", "a", "1" * 130):
        out.append(bad("starting sequence number %r" % value[:8], "GetShardIterator",
                       {"StreamName": x.S, "ShardId": "shardId-0", "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                        "StartingSequenceNumber": value}, (value, "startingSequenceNumber", SEQUENCE_PATTERN)))
    out.append(bad("new starting hash key of 40 digits", "SplitShard",
                   {"StreamName": x.S, "ShardToSplit": "shardId-0", "NewStartingHashKey": "1" * 40},
                   ("1" * 40, "newStartingHashKey", HASH_PATTERN)))
    out.append(bad("an empty next token", "ListShards", {"NextToken": ""}, ("", "nextToken", longer(1))))
    out.append(bad("a shard id with a space", "GetShardIterator",
                   {"StreamName": x.S, "ShardId": "shard 0", "ShardIteratorType": "LATEST"},
                   ("shard 0", "shardId", NAME_PATTERN)))
    return out


def tags(x):
    s = {"StreamName": x.S}
    long_key, long_value = "a" * 129, "a" * 257
    many = {"k%d" % i: "v" for i in range(201)}
    too_many = re.compile(r"1 validation error detected: Value '\{.*\}' at 'tags' failed to satisfy constraint: "
                          r"Member must have length less than or equal to 200")
    keys = ["k%d" % i for i in range(51)]
    return [
        bad("a long tag key", "AddTagsToStream", dict(
            s, Tags={long_key: "a"}), ("{%s=a}" % long_key, "tags", KEY_RULE)),
        bad("an empty tag key", "AddTagsToStream", dict(s, Tags={"": "a"}), ("{=a}", "tags", KEY_RULE)),
        bad("a long tag value", "AddTagsToStream", dict(s, Tags={"a": long_value}),
            ("{a=%s}" % long_value, "tags", VALUE_RULE)),
        Row("201 tags", "AddTagsToStream", dict(s, Tags=many), VALIDATION, too_many),
        bad("51 tag keys", "RemoveTagsFromStream", dict(s, TagKeys=keys),
            ("[" + ", ".join(keys) + "]", "tagKeys", shorter(50))),
        bad("an empty tag key to remove", "RemoveTagsFromStream", dict(
            s, TagKeys=["a", ""]), ("[a, ]", "tagKeys", ITEM_RULE)),
        bad("a long tag key to remove", "RemoveTagsFromStream", dict(s, TagKeys=[long_key]),
            ("[%s]" % long_key, "tagKeys", ITEM_RULE)),
    ]


def enums(x):
    def row(name, op, body, value, path, text):
        return Row(name, op, body, VALIDATION, re.compile(re.escape(
            "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: " % (value, path)) + text))
    any_set = r"Member must satisfy enum value set: \[[A-Za-z_, ]+\]"
    s = {"StreamName": x.S}
    return [
        bad("an unknown iterator type", "GetShardIterator", dict(s, ShardId="shardId-0", ShardIteratorType="HELLO"),
            ("HELLO", "shardIteratorType", ITERATOR_TYPES)),
        bad("an iterator type in lower case", "GetShardIterator", dict(s, ShardId="shardId-0", ShardIteratorType="latest"),
            ("latest", "shardIteratorType", ITERATOR_TYPES)),
        bad("an unknown scaling type", "UpdateShardCount", dict(s, TargetShardCount=2, ScalingType="HELLO"),
            ("HELLO", "scalingType", "Member must satisfy enum value set: [UNIFORM_SCALING]")),
        row("an unknown stream mode", "CreateStream",
            {"StreamName": x.missing, "ShardCount": 1, "StreamModeDetails": {"StreamMode": "HELLO"}}, "HELLO",
            "streamModeDetails.streamMode", any_set),
        row("an unknown encryption type", "StartStreamEncryption", dict(s, EncryptionType="HELLO", KeyId="k"), "HELLO",
            "encryptionType", any_set),
        row("an unknown shard filter", "ListShards", dict(s, ShardFilter={"Type": "HELLO"}), "HELLO", "shardFilter.type",
            any_set),
    ]


def arns(x):
    pattern = r"Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+"
    return [
        bad("an ARN that is a name", "ListStreamConsumers", {"StreamARN": x.S}, (x.S, "streamARN", pattern)),
        bad("an ARN of another service", "DescribeStreamSummary", {"StreamARN": "arn:aws:s3:::bucket"},
            ("arn:aws:s3:::bucket", "streamARN", pattern)),
        bad("no stream ARN where only that is taken", "ListStreamConsumers", {}, (None, "streamARN", NOT_NULL)),
        Row("the stream is found by its ARN", "DescribeStreamSummary", {"StreamARN": x.arn}),
        Row("name and ARN of the same stream agree", "DescribeStreamSummary", {"StreamARN": x.arn, "StreamName": x.S}),
        Row("name and ARN of different streams do not", "DescribeStreamSummary",
            {"StreamARN": x.arn, "StreamName": x.S + "x"}, (INVALID, VALIDATION)),
    ]


def put_records(x):
    s = {"StreamName": x.S}
    one = {"Data": "YQ==", "PartitionKey": "a"}
    over = "a" * ((1048576 + 3) // 3 * 4)
    huge = "a" * ((10485760 + 4) // 3 * 4)

    def blob(path, limit, size):
        """The text with the value printed as the service did, or without it as it does now."""
        rest = " at '%s' failed to satisfy constraint: %s" % (path, shorter(limit))
        head = "1 validation error detected: Value"
        return (head + rest, head + " 'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]'" % (size, size) + rest)
    ten = re.compile(r"10 validation errors detected: (Value null at 'records\.\d+\.member\.data' failed to satisfy "
                     r"constraint: Member must not be null(; )?){10}")
    return [
        Row("501 records", "PutRecords", dict(s, Records=[one] * 501), VALIDATION,
            re.compile(r"1 validation error detected: Value ('\[.*\]' )?at 'records' failed to satisfy constraint: "
                       r"Member must have length less than or equal to 500", re.S)),
        Row("at most ten violations are told", "PutRecords", dict(
            s, Records=[{"PartitionKey": "a"}] * 12), VALIDATION, ten),
        bad("the second record is numbered 2", "PutRecords", dict(s, Records=[one, {"Data": "", "PartitionKey": ""}]),
            ("", "records.2.member.partitionKey", longer(1))),
        Row("a record over the stream's 1 MiB fails PutRecords as a whole", "PutRecords",
            dict(s, Records=[{"Data": over, "PartitionKey": "a"}]), VALIDATION,
            blob("records.1.member.data", 1048576, 1048578)),
        Row("so it does as the second record", "PutRecords", dict(s, Records=[one, {"Data": over, "PartitionKey": "a"}]),
            VALIDATION, blob("records.2.member.data", 1048576, 1048578)),
        Row("a record over the stream's 1 MiB fails PutRecord", "PutRecord", dict(s, Data=over, PartitionKey="a"),
            VALIDATION, blob("data", 1048576, 1048578)),
        Row("a record over the model's 10 MiB fails PutRecord", "PutRecord", dict(s, Data=huge, PartitionKey="a"), VALIDATION,
            blob("data", 10485760, 10485762) + blob("data", 1048576, 10485762)),
    ]
