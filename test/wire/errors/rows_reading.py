"""GetShardIterator, GetRecords and ListShards: the operations' own refusals, in the recorded order of their checks."""
import base64
import re
import time

import sequence
from http_raw import CBOR
from table import ANY, INVALID, NOT_FOUND, Row

FORM = ("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON "
        "or LATEST and no StartingSequenceNumber. Request specified ")
NO_TIME = ("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
           "parameter.")
FUTURE = re.compile(r"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. "
                    r"timestampInMillis: [0-9.E]+, currentTimestampInMillis: \d+")


def rows(x):
    return shard_ids(x) + iterator_forms(x) + iterator_numbers(x) + get_records(x) + list_shards(x) + describing(x)


def ask(x, shard, kind="LATEST", stream=None, **more):
    return dict({"StreamName": stream or x.S, "ShardId": shard, "ShardIteratorType": kind}, **more)


def shard_ids(x):
    out = []
    for stream, known in ((x.missing, "an unknown stream"), (x.S, "a known stream")):
        for shard in ("2147483648", "shardId-002147483648", "ABKLFD8", "2.14E4", "shardId-", "shardId--1", "a-b-0",
                      "shardId-0x0"):
            out.append(Row("shard id %r of %s is none" % (shard, known), "GetShardIterator", ask(x, shard, stream=stream),
                           NOT_FOUND, "Could not find shard %s in stream %s under account %s." % (shard, stream, x.account)))
        for shard in ("2147483647", "some-2147483647", "a-00002147483647", "-00002147483647"):
            out.append(Row("shard id %r of %s does not exist" % (shard, known), "GetShardIterator",
                           ask(x, shard, stream=stream), NOT_FOUND, "Shard shardId-002147483647 in stream %s under account "
                           "%s does not exist" % (stream, x.account)))
    for shard in ("5", "shardId-5", "foo-000000000005"):
        out.append(Row("shard id %r is beyond the stream" % shard, "GetShardIterator", ask(x, shard), NOT_FOUND,
                       "Shard shardId-000000000005 in stream %s under account %s does not exist" % (x.S, x.account)))
    for shard in ("0", "shardId-0", "foo-0", "-0", "shardId-000000000002"):
        out.append(Row("shard id %r is read leniently" % shard, "GetShardIterator", ask(x, shard)))
    out.append(Row("a shard id is checked before the form", "GetShardIterator",
                   ask(x, "5", "AT_SEQUENCE_NUMBER"), NOT_FOUND,
                   "Shard shardId-000000000005 in stream %s under account %s does not exist" % (x.S, x.account)))
    out.append(Row("an unknown stream, CBOR", "GetShardIterator", ask(x, "0", stream=x.missing), NOT_FOUND,
                   "Shard shardId-000000000000 in stream %s under account %s does not exist" % (x.missing, x.account),
                   kind=CBOR))
    return out


def iterator_forms(x):
    out = []
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        out.append(Row("%s without a number" % kind, "GetShardIterator", ask(x, "shardId-0", kind), INVALID,
                       FORM + kind + " and no StartingSequenceNumber."))
    for kind in ("LATEST", "TRIM_HORIZON"):
        for number in ("5", x.records[0]):
            out.append(Row("%s with the number %s" % (kind, number[:4]), "GetShardIterator",
                           ask(x, "shardId-0", kind, StartingSequenceNumber=number), INVALID,
                           FORM + kind + " and also a StartingSequenceNumber."))
    out += [
        Row("AT_TIMESTAMP without a time", "GetShardIterator", ask(x, "shardId-0", "AT_TIMESTAMP"), INVALID, NO_TIME),
        Row("AT_TIMESTAMP in an hour", "GetShardIterator",
            ask(x, "shardId-0", "AT_TIMESTAMP", Timestamp=time.time() + 3600), INVALID, FUTURE),
        Row("AT_TIMESTAMP in an hour, CBOR", "GetShardIterator",
            ask(x, "shardId-0", "AT_TIMESTAMP", Timestamp=int(time.time() + 3600) * 1000), INVALID, FUTURE, kind=CBOR),
        Row("AT_TIMESTAMP of 1970 is the oldest record", "GetShardIterator",
            ask(x, "shardId-0", "AT_TIMESTAMP", Timestamp=0)),
    ]
    return out


def iterator_numbers(x):
    created = x.starts[0]["created"]

    def at(name, shard, number, type, text, status=None, kind="AT_SEQUENCE_NUMBER"):
        return Row(name, "GetShardIterator", ask(x, "shardId-%d" % shard, kind, StartingSequenceNumber=number), type, text,
                   status=status)

    def invalid(name, number, tail="."):
        return at(name, 0, number, INVALID, "StartingSequenceNumber %s used in GetShardIterator on shard shardId-000000000000"
                  " in stream %s under account %s is invalid%s" % (number, x.S, x.account, tail))
    foreign = "Invalid StartingSequenceNumber. It encodes shardId-%012d, while it was used in a call to a shard with " \
        "shardId-%012d"
    hexes = [("version 0", "2" + "0" * 45 + "0"), ("version 3", "2" + "0" * 45 + "3"), ("version 4", "2" + "0" * 45 + "4"),
             ("head 3", "3" + "0" * 45 + "1"), ("head 1", "1ffffffffff7fffffffffffffff000000000007fffffff2"),
             ("a counter with its top bit", "20000000000800000000000000000000000000000000002"),
             ("a late creation time", "2ffffffffff7fffffffffffffff000000000007fffffff2")]
    out = [invalid("a number of " + name, str(int(digits, 16))) for name, digits in hexes]
    out += [
        invalid("a number of the oldest layout with a late date", "26227199374822427428162556223570313216"),
        at("the number 5 encodes shard 5 of the oldest layout", 0, "5", INVALID, foreign % (5, 0)),
        at("the number 0 on shard 0 is a failure of the service", 0, "0", "InternalFailure", ANY, status=500),
        at("the number 0 on shard 1 encodes shard 0", 1, "0", INVALID, foreign % (0, 1)),
        at("a number of shard 1 on shard 0", 0, x.records[1], INVALID, foreign % (1, 0)),
        at("a number of shard 0 on shard 2, AFTER", 2, x.records[0], INVALID, foreign % (0, 2),
           kind="AFTER_SEQUENCE_NUMBER"),
        invalid("a number of another creation", sequence.build(created - 1000, 0, 5),
                " because it did not come from this stream."),
        at("the shard's own start", 0, x.shards[0]["SequenceNumberRange"]["StartingSequenceNumber"], None, None),
        at("a number that belongs to no record", 0, sequence.build(created, 0, 1 << 40), None, None),
    ]
    return out


def get_records(x):
    sound = base64.b64decode(x.iterator_0)
    flipped = base64.b64encode(sound[:60] + bytes([sound[60] ^ 1]) + sound[61:]).decode()
    shaped = base64.b64encode(bytes(7) + b"\x01" + bytes(range(160))).decode()
    values = [("garbage", "AAAAAAAAAA"), ("a UUID", "46d0ee91-7b5d-4d4a-8a2f-6d0a2d9f3d55"), ("not base64", "%%%%"),
              ("one bit flipped", flipped), ("the last character changed", changed(x.iterator_0)),
              ("cut short", x.iterator_0[:-8]), ("lengthened", x.iterator_0 + "AAAA"), ("of foreign making", shaped),
              ("not canonical base64", x.iterator_0.rstrip("=") + "\n"), ("all zero", base64.b64encode(bytes(168)).decode()),
              ("of 512 characters", "A" * 512)]
    out = [Row("an iterator that is %s" % name, "GetRecords", {"ShardIterator": value}, INVALID, "Invalid ShardIterator.")
           for name, value in values]
    out += [
        Row("a bad iterator, CBOR", "GetRecords", {"ShardIterator": flipped},
            INVALID, "Invalid ShardIterator.", kind=CBOR),
        Row("an iterator in double quotes is good", "GetRecords", {"ShardIterator": '"%s"' % x.iterator_0}),
        Row("an iterator is good any number of times", "GetRecords", {"ShardIterator": x.iterator_0, "Limit": 1},
            check=lambda v: None if [r["SequenceNumber"] for r in v["Records"]] == x.records[:1] else "not the first record"),
        Row("an iterator of a deleted stream", "GetRecords", {"ShardIterator": x.gone_iterator}, NOT_FOUND,
            "Shard shardId-000000000000 in stream %s under account %s does not exist" % (x.gone, x.account)),
        Row("MillisBehindLatest is always there", "GetRecords", {"ShardIterator": x.iterator_0},
            check=lambda v: None if isinstance(v.get("MillisBehindLatest"), int) else "it is not"),
        Row("a record bears exactly its four members", "GetRecords", {"ShardIterator": x.iterator_0}, check=members),
    ]
    return out


def changed(text):
    at = len(text.rstrip("=")) - 6
    return text[:at] + ("B" if text[at] != "B" else "C") + text[at + 1:]


def members(value):
    got = sorted(value["Records"][0])
    return None if got == ["ApproximateArrivalTimestamp", "Data", "PartitionKey", "SequenceNumber"] else "members %r" % got


def list_shards(x):
    # the token of a page of one, so a genuine one
    page = x.must("ListShards", {"StreamName": x.S, "MaxResults": 1})
    token = page.get("NextToken", "AAAA")
    together = "NextToken and %s cannot be provided together."
    return [
        Row("neither token nor stream", "ListShards", {}, INVALID, "Either NextToken or StreamName should be provided."),
        Row("token and stream", "ListShards", {"StreamName": x.S,
            "NextToken": token}, INVALID, together % "StreamName"),
        Row("token and start", "ListShards", {"NextToken": token, "ExclusiveStartShardId": "shardId-0"}, INVALID,
            together % "ExclusiveStartShardId"),
        Row("token and creation time", "ListShards", {"NextToken": token, "StreamCreationTimestamp": 1441215410}, INVALID,
            together % "StreamCreationTimestamp"),
        Row("token and filter", "ListShards", {"NextToken": token, "ShardFilter": {"Type": "AT_LATEST"}}, INVALID,
            together % "ShardFilter"),
        Row("a token alone goes on behind the page", "ListShards", {"NextToken": token},
            check=lambda v: None if [s["ShardId"] for s in v["Shards"]] == ["shardId-000000000001", "shardId-000000000002"]
            else "shards %r" % v),
        Row("a token with MaxResults", "ListShards", {"NextToken": token, "MaxResults": 1},
            check=lambda v: None if len(v["Shards"]) == 1 and v.get("NextToken") else repr(v)),
        Row("a broken token", "ListShards", {"NextToken": "AAAAAAAAAAH"}, (INVALID, "ExpiredNextTokenException")),
        Row("an unknown stream", "ListShards", {"StreamName": x.missing}, NOT_FOUND,
            "Stream %s under account %s not found." % (x.missing, x.account)),
        Row("a start beyond the last shard", "ListShards", {"StreamName": x.S, "ExclusiveStartShardId": "shardId-000000000009"},
            check=lambda v: None if v == {"Shards": []} else repr(v)),
        Row("another incarnation of the stream", "ListShards", {"StreamName": x.S, "StreamCreationTimestamp": 1441215410},
            NOT_FOUND),
        Row("a filter that lacks its shard", "ListShards", {"StreamName": x.S, "ShardFilter": {"Type": "AFTER_SHARD_ID"}},
            INVALID),
        Row("a filter that lacks its time", "ListShards", {"StreamName": x.S, "ShardFilter": {"Type": "AT_TIMESTAMP"}},
            INVALID),
    ]


def describing(x):
    def layout(value):
        shards = value["StreamDescription"]["Shards"]
        edges = ["0", "113427455640312821154458202477256070485", "226854911280625642308916404954512140970"]
        if [s["HashKeyRange"]["StartingHashKey"] for s in shards] != edges:
            return "hash ranges %r" % [s["HashKeyRange"] for s in shards]
        if any("EndingSequenceNumber" in s["SequenceNumberRange"] or "ParentShardId" in s for s in shards):
            return "open first shards with an end or a parent"
        first, second = (int(s["SequenceNumberRange"]["StartingSequenceNumber"]) for s in shards[:2])
        return None if second - first == 22300745198530623141535718272648361505980432 else "starts are %d apart" % (
            second - first)

    def plain(value):
        d = value["StreamDescription"]
        wrong = [k for k in ("KeyId",) if k in d]
        if d["EnhancedMonitoring"] != [{"ShardLevelMetrics": []}] or d["EncryptionType"] != "NONE" or wrong:
            return "monitoring or encryption: %r" % d
        return None if d["HasMoreShards"] is False and d["RetentionPeriodHours"] == 24 else repr(d)

    def numbers(value):
        told = [sequence.complaint(number, shard) for shard, number in enumerate(x.records)]
        return next((text for text in told if text), None)
    s = {"StreamName": x.S}
    return [
        Row("three shards share the hash space as recorded", "DescribeStream", s, check=layout),
        Row("a new stream is described as recorded", "DescribeStream", s, check=plain),
        Row("sequence numbers have the service's layout", "DescribeStream", s, check=numbers),
        Row("a page of shards", "DescribeStream", dict(s, Limit=2),
            check=lambda v: None if v["StreamDescription"]["HasMoreShards"] is True else "HasMoreShards is not true"),
        Row("the page behind", "DescribeStream", dict(s, ExclusiveStartShardId="shardId-000000000001"),
            check=lambda v: None if [i["ShardId"] for i in v["StreamDescription"]["Shards"]] == ["shardId-000000000002"]
            else repr(v)),
    ]
