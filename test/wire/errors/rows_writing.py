"""PutRecord, PutRecords, SplitShard, MergeShards, UpdateShardCount, retention, tags, consumers: their own refusals."""
import re

import sequence
from http_raw import CBOR
from table import ANY, IN_USE, INVALID, LIMIT, NOT_FOUND, Row, VALIDATION

HASH = "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
TOP = 2 ** 128


def rows(x):
    return missing(x) + putting(x) + dry_runs(x) + splitting(x) + merging(x) + counting(x) + retention(x) + tagging(x) \
        + consumers(x) + creating(x) + on_demand(x)


def absent(x, stream=None):
    return "Stream %s under account %s not found." % (stream or x.missing, x.account)


def missing(x):
    from rows_constraints import NAMED
    out = []
    for op, body in NAMED:
        if op in ("CreateStream", "GetShardIterator"):
            continue
        out.append(Row("%s of an unknown stream" % op, op, dict(body, StreamName=x.missing), NOT_FOUND, absent(x)))
    arn = x.arn.replace(x.S, x.missing)
    out += [
        Row("an unknown stream, CBOR", "PutRecord", {"StreamName": x.missing, "Data": b"", "PartitionKey": "a"}, NOT_FOUND,
            absent(x), kind=CBOR),
        Row("an unknown stream by ARN", "DescribeStreamSummary", {"StreamARN": arn}, NOT_FOUND, absent(x)),
        Row("consumers of an unknown stream", "ListStreamConsumers", {"StreamARN": arn}, NOT_FOUND, absent(x)),
        Row("a consumer for an unknown stream", "RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c"}, NOT_FOUND,
            absent(x)),
        Row("the mode of an unknown stream", "UpdateStreamMode",
            {"StreamARN": arn, "StreamModeDetails": {"StreamMode": "PROVISIONED"}}, NOT_FOUND, absent(x)),
    ]
    return out


def putting(x):
    one = {"StreamName": x.S, "Data": "", "PartitionKey": "a"}
    created = x.starts[0]["created"]

    def ordering(name, number):
        return Row(name, "PutRecord", dict(one, SequenceNumberForOrdering=number), INVALID, "ExclusiveMinimumSequenceNumber "
                   "%s used in PutRecord on stream %s under account %s is invalid." % (number, x.S, x.account))
    out = []
    for value in (TOP, 10 ** 39 - 1):
        out.append(Row("explicit hash key %d" % value, "PutRecord", dict(one, ExplicitHashKey=str(value)), INVALID,
                       HASH + str(value)))
        out.append(Row("explicit hash key %d among many" % value, "PutRecords",
                       {"StreamName": x.S, "Records": [{"Data": "", "PartitionKey": "a"}] * 3
                        + [{"Data": "", "PartitionKey": "a", "ExplicitHashKey": str(value)}]}, INVALID, HASH + str(value)))
    for name, digits in (("version 0", "2" + "0" * 46), ("version 3", "2" + "0" * 45 + "3"), ("version 4", "2" + "0" * 45 + "4"),
                         ("head 3", "3" + "0" * 45 + "1"), ("head 1", "1ffffffffff7fffffffffffffff000000000007fffffff2"),
                         ("a counter with its top bit", "20000000000800000000000000000000000000000000002"),
                         ("everything f", "2ffffffffff7fffffffffffffff000000000007fffffff2")):
        out.append(ordering("ordering behind " + name, str(int(digits, 16))))
    out.append(ordering("ordering behind the oldest layout with a late date", "26227199374822427428162556223570313216"))
    out.append(ordering("ordering behind the future", sequence.build(created, 0, 5, created + 10 ** 6)))
    out += [
        Row("the stream comes before the hash key", "PutRecord",
            {"StreamName": x.missing, "Data": "", "PartitionKey": "a", "ExplicitHashKey": str(TOP)}, NOT_FOUND, absent(x)),
        Row("the hash key comes before the ordering", "PutRecord",
            dict(one, ExplicitHashKey=str(TOP), SequenceNumberForOrdering="3" * 20), INVALID, HASH + str(TOP)),
        Row("explicit hash key 2^128-1 is the last shard", "PutRecord", dict(one, ExplicitHashKey=str(TOP - 1)),
            check=lambda v: None if v["ShardId"] == "shardId-000000000002" else repr(v)),
        Row("explicit hash key 0 is the first", "PutRecord", dict(one, ExplicitHashKey="0"),
            check=lambda v: None if v["ShardId"] == "shardId-000000000000" else repr(v)),
        Row("partition key a is placed by its MD5", "PutRecord", one,
            check=lambda v: None if v["ShardId"] == "shardId-000000000000" else repr(v)),
        Row("ordering behind a number of another shard", "PutRecord",
            dict(one, ExplicitHashKey="0", SequenceNumberForOrdering=x.records[1])),
        Row("ordering behind the last one is greater", "PutRecord",
            dict(one, ExplicitHashKey="0", SequenceNumberForOrdering=x.records[0]),
            check=lambda v: None if int(v["SequenceNumber"]) > int(x.records[0]) else "not greater"),
        Row("PutRecords answers in the order of the request", "PutRecords",
            {"StreamName": x.S, "Records": [{"Data": "", "PartitionKey": "a", "ExplicitHashKey": key}
                                            for key in (str(TOP - 1), "0", str(TOP // 2))]}, check=in_order),
        Row("an answer to PutRecord has no other member", "PutRecord", one,
            check=lambda v: None if set(v) <= {"ShardId", "SequenceNumber", "EncryptionType"} else repr(v)),
    ]
    return out


def in_order(value):
    got = [record["ShardId"][-1] for record in value["Records"]]
    return None if got == ["2", "0", "1"] and value["FailedRecordCount"] == 0 else repr(value)


def dry_runs(x):
    """Success is told as an error; every failure is the one of the real call."""
    name, text = "DryRunOperationException", "The request was rejected because the DryRun parameter was specified."
    put = {"StreamName": x.S, "Data": "", "PartitionKey": "a", "DryRun": True}
    return [
        Row("DryRun of PutRecord", "PutRecord", put, name, text),
        Row("DryRun of PutRecords", "PutRecords",
            {"StreamName": x.S, "Records": [{"Data": "", "PartitionKey": "a"}], "DryRun": True}, name, text),
        Row("DryRun of GetRecords", "GetRecords", {"ShardIterator": x.iterator_0, "DryRun": True}, name, text),
        Row("DryRun of GetShardIterator", "GetShardIterator",
            {"StreamName": x.S, "ShardId": "shardId-0", "ShardIteratorType": "LATEST", "DryRun": True}, name, text),
        Row("DryRun of PutRecord, CBOR", "PutRecord", dict(put, Data=b""), name, text, kind=CBOR),
        Row("DryRun of an unknown stream", "PutRecord", dict(put, StreamName=x.missing), NOT_FOUND, absent(x)),
        Row("DryRun of a bad iterator", "GetRecords", {"ShardIterator": "AAAA", "DryRun": True}, INVALID,
            "Invalid ShardIterator."),
        Row("DryRun of a violation", "PutRecord", dict(put, PartitionKey=""), VALIDATION,
            "1 validation error detected: Value '' at 'partitionKey' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1"),
        Row("DryRun false is the real call", "PutRecord", dict(put, DryRun=False)),
    ]


def no_shard(shard, stream, x):
    return "Could not find shard %s in stream %s under account %s." % (shard, stream, x.account)


def splitting(x):
    def split(shard, key="5", stream=None):
        return {"StreamName": stream or x.S, "ShardToSplit": shard, "NewStartingHashKey": key}

    def outside(name, shard, key, full, ends):
        return Row(name, "SplitShard", split(shard, key), INVALID, "NewStartingHashKey %s used in SplitShard() on shard %s in "
                   "stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less than "
                   "the shard's EndingHashKey %s." % (key, full, x.S, x.account, ends[0], ends[1]))
    out = []
    for stream in (x.missing, x.S):
        for shard in ("2147483648", "shardId-002147483648", "ABKLFD8", "2.14E4"):
            out.append(Row("splitting shard id %r of %s" % (shard, "no stream" if stream == x.missing else "a stream"),
                           "SplitShard", split(shard, stream=stream), NOT_FOUND, no_shard(shard, stream, x)))
    for shard in ("2147483647", "some-2147483647", "a-00002147483647", "-00002147483647"):
        out.append(Row("splitting shard id %r of no stream" % shard, "SplitShard", split(shard, stream=x.missing), NOT_FOUND,
                       absent(x)))
    ranges = [(s["HashKeyRange"]["StartingHashKey"], s["HashKeyRange"]["EndingHashKey"]) for s in x.shards]
    out += [
        Row("splitting a shard beyond the stream", "SplitShard", split("shardId-5"), NOT_FOUND,
            no_shard("shardId-000000000005", x.S, x)),
        outside("splitting at 0", "shardId-0", "0", "shardId-000000000000", ranges[0]),
        outside("splitting at start + 1", "shard-0", "1", "shardId-000000000000", ranges[0]),
        outside("splitting at the end", "shard-0", ranges[0][1], "shardId-000000000000", ranges[0]),
        outside("splitting at the start of another shard", "1", ranges[1][0], "shardId-000000000001", ranges[1]),
        outside("splitting at start + 1 of shard 1", "1",
                str(int(ranges[1][0]) + 1), "shardId-000000000001", ranges[1]),
        outside("splitting far beyond", "shard-2", "9" * 39, "shardId-000000000002", ranges[2]),
        Row("splitting a closed shard", "SplitShard", split("shardId-000000000000", "100", x.R), INVALID, closed(x)),
    ]
    return out


def closed(x, shard="shardId-000000000000"):
    return ("Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or "
            "splitting." % (shard, x.R, x.account))


def merging(x):
    def merge(one, other, stream=None):
        return {"StreamName": stream or x.S, "ShardToMerge": one, "AdjacentShardToMerge": other}

    def apart(name, one, other, first, second):
        return Row(name, "MergeShards", merge(one, other), INVALID, "Shards shardId-%012d and shardId-%012d in stream %s under "
                   "account %s are not an adjacent pair of shards eligible for merging" % (first, second, x.S, x.account))
    out = []
    for shard in ("2147483648", "ABKLFD8"):
        out.append(Row("merging shard id %r" % shard, "MergeShards", merge(shard, "shardId-0"), NOT_FOUND,
                       no_shard(shard, x.S, x)))
        out.append(Row("merging with shard id %r" % shard, "MergeShards", merge("shardId-0", shard), NOT_FOUND,
                       no_shard(shard, x.S, x)))
    out += [
        Row("merging shard ids of no stream", "MergeShards", merge(
            "shardId-0", "shardId-1", x.missing), NOT_FOUND, absent(x)),
        Row("merging a shard beyond the stream", "MergeShards", merge("shardId-5", "shardId-0"), NOT_FOUND,
            no_shard("shardId-000000000005", x.S, x)),
        Row("merging with a shard beyond the stream", "MergeShards", merge("shardId-0", "shardId-5"), NOT_FOUND,
            no_shard("shardId-000000000005", x.S, x)),
        apart("merging in the wrong order", "shardId-1", "shardId-0", 1, 0),
        apart("merging shards apart", "shardId-0", "shardId-2", 0, 2),
        apart("merging a shard with itself", "shardId-0", "shardId-0", 0, 0),
        Row("merging a closed shard", "MergeShards", merge("shardId-000000000000", "shardId-000000000001", x.R), INVALID,
            closed(x)),
    ]
    return out


def counting(x):
    def count(target):
        return {"StreamName": x.S, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"}
    return [
        Row("more than double the shards", "UpdateShardCount", count(7), LIMIT, re.compile(
            r"UpdateShardCount cannot scale up over double your current open shard count\. Current open shard count: 3"
            r"[,.:]? ?Target shard count: 7\.?")),
        Row("less than half the shards", "UpdateShardCount", count(1), LIMIT, re.compile(
            r"UpdateShardCount cannot scale down below half your current open shard count\. Current open shard count: 3"
            r"[,.:]? ?Target shard count: 1\.?")),
    ]


def retention(x):
    s = {"StreamName": x.S}
    up, down = "IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"
    low = "Minimum allowed retention period is 24 hours. Requested retention period (%d hours) is too short."
    high = "Maximum allowed retention period is 8760 hours. Requested retention period (%d hours) is too long."
    out = []
    for op in (up, down):
        for hours in (1, 23):
            out.append(Row("%s to %d" % (op, hours), op, dict(s, RetentionPeriodHours=hours), INVALID, low % hours))
        out.append(Row("%s to 8761" % op, op, dict(s, RetentionPeriodHours=8761), INVALID, high % 8761))
    out += [
        Row("decreasing to more", down, dict(s, RetentionPeriodHours=26), INVALID,
            "Requested retention period (26 hours) for stream %s can not be longer than existing retention period (24 hours). "
            "Use IncreaseRetentionPeriod API." % x.S),
        Row("increasing to the present value", up, dict(s, RetentionPeriodHours=24), xml=""),
        Row("decreasing to the present value", down, dict(s, RetentionPeriodHours=24), xml=""),
    ]
    return out


def tagging(x):
    s = {"StreamName": x.S}
    characters = ("Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % "
                  "@.")
    percent = ("Failed to add tags to stream %s under account %s because some tags contained illegal characters. The allowed "
               "characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'." % (x.S, x.account))
    out = []
    for letter in ";\t\n,":
        for tag in ({"abc%sdef" % letter: "1"}, {"a": "abc%sdef" % letter}):
            out.append(Row("tags %r" % tag, "AddTagsToStream", dict(s, Tags=tag), INVALID, characters))
    for tag in ({"abc%def": "1"}, {"a": "abc%def"}):
        out.append(Row("tags %r" % tag, "AddTagsToStream", dict(s, Tags=tag), INVALID, percent))
    out += [
        Row("51 tags", "AddTagsToStream", dict(s, Tags={"k%d" % i: "v" for i in range(51)}), INVALID, re.compile(re.escape(
            "Failed to add tags to stream %s under account %s because a given stream cannot have more than " % (x.S, x.account))
            + "(10|50) tags associated with it\\.")),
        Row("the allowed characters", "AddTagsToStream", dict(
            s, Tags={"ü0 _.": "a", "/=+-@": "a", "b": "ü0 _./=+-@"}), xml=""),
        Row("an empty tag value", "AddTagsToStream", dict(s, Tags={"c": ""}), xml=""),
        Row("tags are listed in order of their keys", "ListTagsForStream", s, check=lambda v: None if
            [tag["Key"] for tag in v["Tags"]] == ["/=+-@", "b", "c", "ü0 _."] and v["HasMoreTags"] is False else repr(v)),
        Row("a page of tags", "ListTagsForStream", dict(s, Limit=1, ExclusiveStartTagKey="a"), check=lambda v: None if
            v["Tags"] == [{"Key": "b", "Value": "ü0 _./=+-@"}] and v["HasMoreTags"] is True else repr(v)),
        Row("removing a tag that is not there", "RemoveTagsFromStream", dict(s, TagKeys=["none"]), xml=""),
        Row("removing the tags", "RemoveTagsFromStream", dict(s, TagKeys=["ü0 _.", "/=+-@", "b", "c"]), xml=""),
        Row("no tags are left", "ListTagsForStream", s, check=lambda v: None if v == {"HasMoreTags": False, "Tags": []}
            else repr(v)),
    ]
    return out


def consumers(x):
    consumer = x.arn + "/consumer/none:1500000000"
    return [
        Row("an unknown consumer by name", "DescribeStreamConsumer", {"StreamARN": x.arn, "ConsumerName": "none"}, NOT_FOUND,
            "Consumer none, account %s not found." % x.account),
        Row("an unknown consumer by ARN", "DescribeStreamConsumer", {"ConsumerARN": consumer}, NOT_FOUND, ANY),
        Row("deregistering an unknown consumer", "DeregisterStreamConsumer", {"StreamARN": x.arn, "ConsumerName": "none"},
            NOT_FOUND, "Consumer none, account %s not found." % x.account),
        Row("a consumer by nothing", "DescribeStreamConsumer", {}, INVALID),
        Row("a consumer by a name alone", "DescribeStreamConsumer", {"ConsumerName": "none"}, INVALID),
        Row("a subscription of an unknown consumer", "SubscribeToShard",
            {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}}, NOT_FOUND),
        Row("no policy is the empty document", "GetResourcePolicy", {"ResourceARN": x.arn},
            check=lambda v: None if v.get("Policy") == "{}" else repr(v)),
        Row("deleting no policy", "DeleteResourcePolicy", {"ResourceARN": x.arn}, NOT_FOUND,
            re.compile("No resource policy found for resource ARN.*")),
        Row("a policy that is no JSON", "PutResourcePolicy", {"ResourceARN": x.arn, "Policy": "{"}, INVALID),
    ]


def creating(x):
    return [
        Row("creating a stream that exists", "CreateStream", {"StreamName": x.S, "ShardCount": 1}, IN_USE,
            "Stream %s under account %s already exists." % (x.S, x.account)),
        Row("creating a stream that exists, CBOR", "CreateStream", {"StreamName": x.S, "ShardCount": 1}, IN_USE,
            "Stream %s under account %s already exists." % (x.S, x.account), kind=CBOR),
        Row("more shards than the account may have", "CreateStream", {"StreamName": x.missing, "ShardCount": 1000000}, LIMIT,
            re.compile(r"This request would exceed the shard limit for the account %s in %s\. Current shard count for the "
                       r"account: \d+\. Limit: \d+\. Number of additional shards that would have resulted from this request: "
                       r"1000000\. Refer to the AWS Service Limits page \(http://docs\.aws\.amazon\.com/general/latest/gr/"
                       r"aws_service_limits\.html\) for current limits and how to request higher limits\." % (x.account,
                                                                                                             x.region))),
    ]


def on_demand(x):
    """The on-demand stream is made by `scripts`, which run first."""
    text = "Request is invalid. Stream %s under account %s is in On-Demand mode." % (x.O, x.account)
    if x.O not in x.made:
        return []
    s = {"StreamName": x.O}
    return [
        Row("on demand, four shards at birth", "DescribeStream", s,
            check=lambda v: None if len(v["StreamDescription"]["Shards"]) == 4 else repr(v)),
        Row("on demand, no split", "SplitShard", dict(s, ShardToSplit="shardId-0", NewStartingHashKey="5"), VALIDATION, text),
        Row("on demand, no merge", "MergeShards", dict(s, ShardToMerge="shardId-0", AdjacentShardToMerge="shardId-1"),
            VALIDATION, text),
        Row("on demand, no count", "UpdateShardCount", dict(s, TargetShardCount=8, ScalingType="UNIFORM_SCALING"), VALIDATION,
            text),
    ]
