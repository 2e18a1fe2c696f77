"""Checks that need more than one request: states, deleted incarnations, subscriptions. Each yields (name, complaint)."""
import time

import cbor
from http_raw import CBOR
from table import IN_USE, INVALID, NOT_FOUND, Row, judge, perform


def told(x, row):
    return row.name, judge(row, perform(x.wire, row))


def run(x):
    for script in (while_creating, retention_texts, same_name_again, closed_shard, consumer_life, subscription, limits_of_state):
        try:
            yield from script(x)
        except (RuntimeError, KeyError, OSError, ValueError) as why:
            yield script.__name__.replace("_", " "), "%s: %s" % (type(why).__name__, why)


def status(x, name):
    answer = x.wire.call("DescribeStream", {"StreamName": name})
    return answer.value()["StreamDescription"] if answer.status == 200 else {"StreamStatus": None}


def while_creating(x):
    """Told only if the stream was CREATING before and after: a server may be quick."""
    rows = [
        Row("while CREATING, no put", "PutRecord", {"StreamName": x.C, "Data": "", "PartitionKey": "a"}, NOT_FOUND,
            "Stream %s under account %s not found." % (x.C, x.account)),
        Row("while CREATING, no shard", "GetShardIterator", {"StreamName": x.C, "ShardId": "shardId-0",
                                                             "ShardIteratorType": "LATEST"}, NOT_FOUND,
            "Shard shardId-000000000000 in stream %s under account %s does not exist" % (x.C, x.account)),
        Row("while CREATING, no split", "SplitShard", {"StreamName": x.C, "ShardToSplit": "shardId-0",
                                                       "NewStartingHashKey": "5"}, IN_USE,
            "Stream %s under account %s not ACTIVE, instead in state CREATING" % (x.C, x.account)),
        Row("while CREATING, the name is taken", "CreateStream", {"StreamName": x.C, "ShardCount": 1}, IN_USE,
            "Stream %s under account %s already exists." % (x.C, x.account)),
    ]
    x.must("CreateStream", {"StreamName": x.C, "ShardCount": 1})
    x.made.append(x.C)
    described = status(x, x.C)
    if described["StreamStatus"] == "CREATING" and (described["Shards"] or described["HasMoreShards"]):
        yield "while CREATING, no shards are described", repr(described["Shards"])
    for row in rows:
        before = status(x, x.C)["StreamStatus"]
        name, complaint = told(x, row)
        if before == "CREATING" and status(x, x.C)["StreamStatus"] == "CREATING":
            yield name, complaint
    x.wait(x.C)


def retention_texts(x):
    s = {"StreamName": x.R}
    up, down = "IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"
    x.must(up, dict(s, RetentionPeriodHours=25))
    x.wait(x.R)
    yield told(x, Row("increasing to less", up, dict(s, RetentionPeriodHours=24), INVALID,
                      "Requested retention period (24 hours) for stream %s can not be shorter than existing retention period "
                      "(25 hours). Use DecreaseRetentionPeriod API." % x.R))
    yield told(x, Row("decreasing to more than 25", down, dict(s, RetentionPeriodHours=26), INVALID,
                      "Requested retention period (26 hours) for stream %s can not be longer than existing retention period "
                      "(25 hours). Use IncreaseRetentionPeriod API." % x.R))
    x.must(down, dict(s, RetentionPeriodHours=24))
    x.wait(x.R)


def same_name_again(x):
    """Neither an iterator nor a sequence number of the deleted stream may work on the new one."""
    name = x.S + "-again"
    x.create(name, ShardCount=1)
    number = x.put(name, 0)
    iterator = x.iterator_of(name)
    x.must("DeleteStream", {"StreamName": name})
    x.wait(name, "gone")
    time.sleep(2.1)  # a creation second of its own
    x.create(name, ShardCount=1)
    x.put(name, 0)
    answer = x.wire.call("GetRecords", {"ShardIterator": iterator})
    yield "an iterator of an earlier stream of the name", None if answer.status != 200 else "it was served: %r" % answer.body
    yield told(x, Row("a number of an earlier stream of the name", "GetShardIterator",
                      {"StreamName": name, "ShardId": "shardId-0", "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                       "StartingSequenceNumber": number}, INVALID,
                      "StartingSequenceNumber %s used in GetShardIterator on shard shardId-000000000000 in stream %s under "
                      "account %s is invalid because it did not come from this stream." % (number, name, x.account)))


def closed_shard(x):
    """The end of a closed shard, by the rules that KCL insists on."""
    shards = status(x, x.R)["Shards"]
    ends = [s["ShardId"] for s in shards if "EndingSequenceNumber" in s["SequenceNumberRange"]]
    yield "exactly the split shard is closed", None if ends == ["shardId-000000000000"] else repr(ends)
    children = [s for s in shards if s.get("ParentShardId") == "shardId-000000000000"]
    wrong = [s for s in children if "AdjacentParentShardId" in s]
    yield "a split has two children of one parent", None if len(children) == 2 and not wrong else repr(children)
    for kind in ("TRIM_HORIZON", "LATEST"):
        iterator, value = x.iterator(x.R, 0, kind), {}
        for _ in range(20):
            value = x.must("GetRecords", {"ShardIterator": iterator})
            iterator = value.get("NextShardIterator")
            if not iterator:
                break
            time.sleep(0.25)
        got = sorted((c["ShardId"], c["ParentShards"]) for c in value.get("ChildShards", []))
        wanted = [("shardId-00000000000%d" % i, ["shardId-000000000000"]) for i in (2, 3)]
        yield "the end of a closed shard names its children, from " + kind, None if not iterator and got == wanted else repr(
            value)
    seen = {}
    for kind in ("AT_TRIM_HORIZON", "AT_LATEST", "FROM_TRIM_HORIZON"):
        listed = x.must("ListShards", {"StreamName": x.R, "ShardFilter": {"Type": kind}})["Shards"]
        seen[kind] = [int(s["ShardId"][-2:]) for s in listed]
    wanted = {"AT_TRIM_HORIZON": [0, 1], "AT_LATEST": [1, 2, 3], "FROM_TRIM_HORIZON": [0, 1, 2, 3]}
    yield "shard filters tell generations apart", None if seen == wanted else repr(seen)


def consumer(x, name):
    made = x.must("RegisterStreamConsumer", {"StreamARN": x.arn, "ConsumerName": name})["Consumer"]
    for _ in range(100):
        answer = x.wire.call("DescribeStreamConsumer", {"ConsumerARN": made["ConsumerARN"]})
        if answer.status == 200 and answer.value()["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE":
            return made
        time.sleep(0.1)
    raise RuntimeError("consumer %s never became ACTIVE" % name)


def consumer_life(x):
    made = consumer(x, "wire")
    arn = "%s/consumer/wire:%d" % (x.arn, int(made["ConsumerCreationTimestamp"]))
    yield "a consumer's ARN ends in its creation second", None if made["ConsumerARN"] == arn else made["ConsumerARN"]
    yield told(x, Row("a consumer name that is taken", "RegisterStreamConsumer",
                      {"StreamARN": x.arn, "ConsumerName": "wire"}, IN_USE))
    yield told(x, Row("deleting a stream with consumers", "DeleteStream", {"StreamName": x.S}, IN_USE,
                      "DeleteStream can't delete %s because there are consumers associated with this data stream. To delete %s "
                      "anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the consumers "
                      "that are associated with it." % (x.arn, x.S)))


def subscription(x):
    """The framing of the event stream is the SDK's to check; here are the refusals before it opens."""
    arn = x.must("DescribeStreamConsumer", {"StreamARN": x.arn, "ConsumerName": "wire"})[
                 "ConsumerDescription"]["ConsumerARN"]

    def at(name, shard, position, type, message=None, **more):
        row = Row(name, "SubscribeToShard", {"ConsumerARN": arn,
                  "ShardId": shard, "StartingPosition": position}, type, **more)
        if message:
            row.message = message
        return told(x, row)
    yield at("a subscription of a shard that is not there", "shardId-000000000009", {"Type": "LATEST"}, NOT_FOUND)
    yield at("a subscription at no number", "shardId-000000000000", {"Type": "AT_SEQUENCE_NUMBER"}, INVALID)
    yield at("a subscription at no number, CBOR", "shardId-000000000000", {"Type": "AT_SEQUENCE_NUMBER"}, INVALID, kind=CBOR)
    yield at("a subscription at no time", "shardId-000000000000", {"Type": "AT_TIMESTAMP"}, INVALID)
    yield at("a subscription in the future", "shardId-000000000000", {"Type": "AT_TIMESTAMP", "Timestamp": time.time() + 3600},
             INVALID)
    yield at("a subscription at another shard's number", "shardId-000000000000",
             {"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": x.records[1]}, INVALID)
    yield at("a subscription of an unknown type", "shardId-000000000000", {"Type": "HELLO"}, "ValidationException")
    yield from dry_subscription(x, arn)
    x.must("DeregisterStreamConsumer", {"ConsumerARN": arn})


def dry_subscription(x, arn):
    body = {"ConsumerARN": arn, "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "LATEST"}, "DryRun": True}
    raw = x.wire.call("SubscribeToShard", body, CBOR)
    value = cbor.decode(raw.body) if raw.status == 400 else {}
    yield "DryRun of SubscribeToShard, CBOR", None if value.get("__type") == "DryRunOperationException" else repr(
        (raw.status, raw.body[:200]))


def limits_of_state(x):
    """What an update of the stream refuses while it is UPDATING, told only if it is seen UPDATING."""
    x.must("SplitShard", {"StreamName": x.R, "ShardToSplit": "shardId-000000000001",
                          "NewStartingHashKey": str(3 << 126)})
    row = Row("while UPDATING, no split", "SplitShard", {"StreamName": x.R, "ShardToSplit": "shardId-2",
                                                         "NewStartingHashKey": "100"}, IN_USE,
              "Stream %s under account %s not ACTIVE, instead in state UPDATING" % (x.R, x.account))
    before = status(x, x.R)["StreamStatus"]
    if before == "UPDATING":
        put = x.wire.call("PutRecord", {"StreamName": x.R, "Data": "", "PartitionKey": "a"})
        name, complaint = told(x, row)
        if status(x, x.R)["StreamStatus"] == "UPDATING":
            yield name, complaint
            yield "while UPDATING, puts go on", None if put.status == 200 else repr(put.body[:200])
    x.wait(x.R)
