"""Wrong JSON types: SerializationException with the recorded texts, checked before any constraint."""
from http_raw import CBOR
from table import Row, SERIALIZATION

BOOLEAN = "class java.lang.Boolean can not be converted to "
NUMBER = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
STRING = "class java.lang.String can not be converted to "
LIST = "Start of list found where not expected"
OBJECT = "Start of structure or map found where not expected."

WRONG = {
    "String": [(True, BOOLEAN + "an String"), (23, NUMBER + "an String"), (-2147483648, NUMBER + "an String"),
               (34.56, NUMBER + "an String"), ([], LIST), ({}, OBJECT)],
    "Integer": [("23", STRING + "an Integer"), (True, BOOLEAN + "an Integer"), ([], LIST), ({}, OBJECT)],
    "Boolean": [("23", "'23' can not be converted to an Boolean"), ("hello", "'HELLO' can not be converted to an Boolean"),
                (23, NUMBER + "an Boolean"), ([], LIST), ({}, OBJECT)],
    "Blob": [(True, BOOLEAN + "a Blob"), (23, NUMBER + "a Blob"), (34.56, NUMBER + "a Blob"), ([], LIST), ({}, OBJECT),
             ("23456", "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes "
                       "but found: 5"),
             ("=+/=", "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"),
             ("abc_", "'abc_' can not be converted to a Blob: Invalid Base64 character: '_'"),
             ("+/+=", "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected")],
    "Timestamp": [("2015", STRING + "milliseconds since epoch"), (True, BOOLEAN + "milliseconds since epoch"), ([], LIST),
                  ({}, OBJECT)],
    "List": [("23", "Expected list or null"), (23, "Expected list or null"), (True, "Expected list or null"), ({}, OBJECT)],
    "Map": [("23", "Expected map or null"), (23, "Expected map or null"), (True, "Expected map or null"), ([], LIST)],
    "Structure": [("23", "Expected null"), (23, "Expected null"), (True, "Expected null"), ([], LIST)],
}

# operation, path of the member (a number is a list index), its type; the members that were recorded one by one
MEMBERS = [
    ("AddTagsToStream", "StreamName", "String"), ("AddTagsToStream", "Tags", "Map"), ("AddTagsToStream", "Tags.a", "String"),
    ("CreateStream", "StreamName", "String"), ("CreateStream", "ShardCount", "Integer"),
    ("CreateStream", "StreamModeDetails", "Structure"), ("CreateStream", "StreamModeDetails.StreamMode", "String"),
    ("CreateStream", "Tags", "Map"),
    ("DecreaseStreamRetentionPeriod", "StreamName", "String"),
    ("DecreaseStreamRetentionPeriod", "RetentionPeriodHours", "Integer"),
    ("DeleteStream", "StreamName", "String"), ("DeleteStream", "EnforceConsumerDeletion", "Boolean"),
    ("DescribeStream", "StreamName", "String"), ("DescribeStream", "Limit", "Integer"),
    ("DescribeStream", "ExclusiveStartShardId", "String"), ("DescribeStreamSummary", "StreamName", "String"),
    ("EnableEnhancedMonitoring", "ShardLevelMetrics", "List"),
    ("GetRecords", "ShardIterator", "String"), ("GetRecords", "Limit", "Integer"),
    ("GetShardIterator", "ShardId", "String"), ("GetShardIterator", "ShardIteratorType", "String"),
    ("GetShardIterator", "StartingSequenceNumber", "String"), ("GetShardIterator", "StreamName", "String"),
    ("GetShardIterator", "Timestamp", "Timestamp"),
    ("IncreaseStreamRetentionPeriod", "StreamName", "String"),
    ("IncreaseStreamRetentionPeriod", "RetentionPeriodHours", "Integer"),
    ("ListShards", "MaxResults", "Integer"), ("ListShards", "NextToken", "String"),
    ("ListShards", "StreamCreationTimestamp", "Timestamp"), ("ListShards", "ShardFilter", "Structure"),
    ("ListStreams", "Limit", "Integer"), ("ListStreams", "ExclusiveStartStreamName", "String"),
    ("ListTagsForStream", "Limit", "Integer"), ("ListTagsForStream", "ExclusiveStartTagKey", "String"),
    ("ListTagsForStream", "StreamName", "String"),
    ("MergeShards", "ShardToMerge", "String"), ("MergeShards", "AdjacentShardToMerge", "String"),
    ("MergeShards", "StreamName", "String"),
    ("PutRecord", "Data", "Blob"), ("PutRecord", "ExplicitHashKey", "String"), ("PutRecord", "PartitionKey", "String"),
    ("PutRecord", "SequenceNumberForOrdering", "String"), ("PutRecord", "StreamName", "String"),
    ("PutRecords", "Records", "List"), ("PutRecords", "Records.0", "Structure"), ("PutRecords", "Records.0.Data", "Blob"),
    ("PutRecords", "Records.0.ExplicitHashKey", "String"), ("PutRecords", "Records.0.PartitionKey", "String"),
    ("PutRecords", "StreamName", "String"),
    ("RemoveTagsFromStream", "TagKeys", "List"), ("RemoveTagsFromStream", "TagKeys.0", "String"),
    ("RemoveTagsFromStream", "StreamName", "String"),
    ("SplitShard", "NewStartingHashKey", "String"), ("SplitShard", "ShardToSplit", "String"),
    ("SplitShard", "StreamName", "String"), ("SubscribeToShard", "StartingPosition", "Structure"),
    ("UpdateShardCount", "TargetShardCount", "Integer"),
]


def holding(path, value):
    """The smallest body that has this value at this path."""
    for part in reversed(path.split(".")):
        value = [value] if part.isdigit() else {part: value}
    return value


def rows(x):
    out = []
    for op, path, kind in MEMBERS:
        for value, text in WRONG[kind]:
            out.append(Row("%s.%s, %s, given %r" % (op, path, kind, value),
                       op, holding(path, value), SERIALIZATION, text))
    out += [
        Row("types come before constraints", "DescribeStream", {"StreamName": "", "Limit": "0"}, SERIALIZATION,
            STRING + "an Integer"),
        Row("types come before the stream", "SplitShard", {"StreamName": x.missing, "ShardToSplit": 1,
                                                           "NewStartingHashKey": "1"}, SERIALIZATION, NUMBER + "an String"),
        Row("a wrong type in the last of many records", "PutRecords",
            {"StreamName": x.S, "Records": [{"Data": "YQ==", "PartitionKey": "a"}]
                * 20 + [{"Data": 1, "PartitionKey": "a"}]},
            SERIALIZATION, NUMBER + "a Blob"),
        Row("a string for an integer in CBOR", "DescribeStream", {"StreamName": x.S, "Limit": "a"}, SERIALIZATION,
            kind=CBOR),
        Row("a list for a string in CBOR", "DescribeStream", {"StreamName": []}, SERIALIZATION, kind=CBOR),
        Row("a map for a list in CBOR", "PutRecords", {"StreamName": x.S, "Records": {}}, SERIALIZATION, kind=CBOR),
        Row("a fraction is floored for an integer", "DescribeStream", {"StreamName": x.S, "Limit": 1.9},
            check=lambda v: None if len(v["StreamDescription"]["Shards"]) == 1 else "not one shard"),
        Row("an exponent is read as an integer", "DescribeStream", b'{"StreamName":"%s","Limit":1e0}' % x.S.encode(),
            check=lambda v: None if len(v["StreamDescription"]["Shards"]) == 1 else "not one shard"),
        Row("an exponent is read as a timestamp", "GetShardIterator",
            b'{"StreamName":"%s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP",'
            b'"Timestamp":1.441215410867E9}' % x.S.encode()),
    ]
    for word in ("true", "FALSE", "Yes", "no", "1", "0"):
        out.append(Row("the word %r is a boolean" % word, "DeleteStream",
                       {"StreamName": x.missing, "EnforceConsumerDeletion": word}, "ResourceNotFoundException",
                       "Stream %s under account %s not found." % (x.missing, x.account)))
    return out
