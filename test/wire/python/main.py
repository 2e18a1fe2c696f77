"""boto3, unmodified: streams written, read, subscribed to, resharded, described and deleted.

Prints `ok  python: <what>` or `FAIL python: <what>: <why>` per check, then `N passed, N failed`.
"""
import os
import secrets
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

import boto3
import botocore.config
import botocore.exceptions

import kpl
import large
import reading
from count import Count

HALF = 1 << 127
TAG = secrets.token_hex(4)
S, R, T, N = ("wire-python-%s-%s" % (kind, TAG) for kind in ("main", "reshard", "throttle", "none"))
UNICODE = "clé-ключ-鍵-\U0001f511"
count = Count("python")


def client(endpoint, attempts=10):
    config = botocore.config.Config(retries={"mode": "standard", "max_attempts": attempts}, read_timeout=20,
                                    max_pool_connections=20)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    verify = os.environ.get("LEAT_CA") if endpoint.startswith("https") else None
    return boto3.client("kinesis", endpoint_url=endpoint, region_name=region, verify=verify, config=config)


k = client(os.environ["LEAT_HTTP"])
once = client(os.environ["LEAT_HTTP"], attempts=1)


def active(stream):
    """The stream's summary once it is ACTIVE."""
    for _ in range(200):
        summary = k.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return summary
        time.sleep(0.1)
    raise RuntimeError("%s is %s" % (stream, summary["StreamStatus"]))


def refused(what, code, message, call, **arguments):
    try:
        call(**arguments)
        count.check(what, False, "it was accepted")
    except botocore.exceptions.ClientError as why:
        count.equal(what, (why.response["Error"]["Code"], why.response["Error"]["Message"]), (code, message))


def create():
    for stream in (S, R):
        k.create_stream(StreamName=stream, ShardCount=2)
    summary = active(S)
    active(R)
    k.get_waiter("stream_exists").wait(StreamName=S)
    count.equal("a new stream has two open shards", summary["OpenShardCount"], 2)
    return summary["StreamARN"]


def put_all(records):
    """PutRecords until every record has been taken; answers its entries in order of the records."""
    entries, left = [None] * len(records), list(range(len(records)))
    for _ in range(50):
        answer = k.put_records(StreamName=S, Records=[records[i] for i in left])
        for i, entry in zip(list(left), answer["Records"]):
            if "ErrorCode" not in entry:
                entries[i] = entry
                left.remove(i)
        if not left:
            return entries
        time.sleep(0.2)
    raise RuntimeError("%d records were never taken" % len(left))


def put():
    """What goes to shard 0, in order, and the 1 MiB that goes to shard 1."""
    aggregated = kpl.aggregate([("a", b"one"), ("b", b"two"), ("a", b"\xc3\xa4")])
    big = os.urandom((1 << 20) - 3)
    records = [
        {"Data": b"hash key", "PartitionKey": "x", "ExplicitHashKey": "0"},
        {"Data": b"", "PartitionKey": "empty", "ExplicitHashKey": "1"},
        {"Data": "näive".encode(), "PartitionKey": UNICODE, "ExplicitHashKey": "2"},
        {"Data": aggregated, "PartitionKey": "a", "ExplicitHashKey": "3"},
        {"Data": big, "PartitionKey": "big", "ExplicitHashKey": str(HALF)},
    ]
    first = k.put_record(StreamName=S, PartitionKey="first", Data=b"single", ExplicitHashKey="0")
    count.equal("a single record lands in the shard of its hash key", first["ShardId"], "shardId-000000000000")
    entries = put_all(records)
    count.equal("a batch is answered in order", [e["ShardId"][-1] for e in entries], list("00001"))
    numbers = [first["SequenceNumber"]] + [e["SequenceNumber"] for e in entries[:4]]
    count.check("sequence numbers of a shard grow", sorted(numbers, key=int) == numbers, repr(numbers))
    placed = k.put_record(StreamName=S, PartitionKey="a", Data=b"md5")
    count.equal("a partition key is placed by its MD5", placed["ShardId"], "shardId-000000000000")
    sent = [("first", b"single")] + [(r["PartitionKey"], r["Data"]) for r in records[:4]] + [("a", b"md5")]
    return {"sent": sent, "numbers": numbers + [placed["SequenceNumber"]], "big": big, "aggregated": aggregated}


def at(shard, kind, **more):
    return k.get_shard_iterator(StreamName=S, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def poll(state):
    zero = "shardId-000000000000"
    sent, numbers = state["sent"], state["numbers"]
    records = reading.drain(k, at(zero, "TRIM_HORIZON"), len(sent))
    count.equal("TRIM_HORIZON reads everything", [(r["PartitionKey"], r["Data"]) for r in records], sent)
    count.equal("with the numbers acknowledged", [r["SequenceNumber"] for r in records], numbers)
    parts = kpl.disaggregate(records[4]["Data"])
    count.equal("an aggregated record comes apart", parts, [("a", b"one"), ("b", b"two"), ("a", b"\xc3\xa4")])
    count.check("an unencrypted record names no encryption", "EncryptionType" not in records[0], repr(records[0]))
    got = reading.drain(k, at(zero, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]), len(sent) - 2)
    count.equal("AT_SEQUENCE_NUMBER begins there", [r["SequenceNumber"] for r in got], numbers[2:])
    got = reading.drain(k, at(zero, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]), len(sent) - 3)
    count.equal("AFTER_SEQUENCE_NUMBER begins behind", [r["SequenceNumber"] for r in got], numbers[3:])
    moment = records[3]["ApproximateArrivalTimestamp"]
    wanted = [r["SequenceNumber"] for r in records if r["ApproximateArrivalTimestamp"] >= moment]
    got = reading.drain(k, at(zero, "AT_TIMESTAMP", Timestamp=moment), len(wanted))
    count.equal("AT_TIMESTAMP begins at that time", [r["SequenceNumber"] for r in got], wanted)
    off = abs(datetime.now(timezone.utc) - moment)
    count.check("arrival times are of now", off < timedelta(seconds=60), str(off))
    latest = at(zero, "LATEST")
    number = k.put_record(StreamName=S, PartitionKey="late", Data=b"late", ExplicitHashKey="7")["SequenceNumber"]
    got = reading.drain(k, latest, 1)
    count.equal("LATEST begins with the next record", [r["SequenceNumber"] for r in got], [number])
    state["sent"].append(("late", b"late"))
    state["numbers"].append(number)
    got = reading.drain(k, at("shardId-000000000001", "TRIM_HORIZON"), 1)
    count.check("1 MiB comes back unchanged", [r["Data"] for r in got] == [state["big"]], "%d records" % len(got))
    got = k.get_records(ShardIterator=at(zero, "TRIM_HORIZON"), Limit=2)
    count.check("Limit limits", len(got["Records"]) == 2 and got["MillisBehindLatest"] > 0, repr(got)[:300])


def consumer_active(arn):
    for _ in range(100):
        described = k.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]
        if described["ConsumerStatus"] == "ACTIVE":
            return described
        time.sleep(0.1)
    raise RuntimeError("the consumer never became ACTIVE")


class Subscription(threading.Thread):
    """Reads one subscription to its end, in the background."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.records, self.events, self.failure, self.ended = stream, [], [], None, False

    def run(self):
        try:
            for item in self.stream:
                event = item["SubscribeToShardEvent"]
                self.events.append({key: event.get(key) for key in ("ContinuationSequenceNumber", "ChildShards")})
                self.records += event["Records"]
            self.ended = True
        except Exception as why:
            self.failure = "%s: %s" % (type(why).__name__, why)

    def await_records(self, n, seconds=15):
        end = time.time() + seconds
        while len(self.records) < n and not self.failure and time.time() < end:
            time.sleep(0.05)
        return [r["SequenceNumber"] for r in self.records]


def subscribe(state, arn, k):
    """Over this client; answers the running subscription of shard 0."""
    made = k.register_stream_consumer(StreamARN=arn, ConsumerName="wire")["Consumer"]
    described = consumer_active(made["ConsumerARN"])
    count.equal("a consumer is described", (described["ConsumerName"], described["StreamARN"]), ("wire", arn))
    listed = k.list_stream_consumers(StreamARN=arn)["Consumers"]
    count.equal("a consumer is listed", [c["ConsumerARN"] for c in listed], [made["ConsumerARN"]])
    answer = k.subscribe_to_shard(ConsumerARN=made["ConsumerARN"], ShardId="shardId-000000000000",
                                  StartingPosition={"Type": "TRIM_HORIZON"})
    reader = Subscription(answer["EventStream"])
    reader.start()
    count.equal("a subscription reads from TRIM_HORIZON", reader.await_records(len(state["numbers"])), state["numbers"])
    for i in range(5):
        number = k.put_record(StreamName=S, PartitionKey="live", Data=b"live %d" %
                              i, ExplicitHashKey="9")["SequenceNumber"]
        state["numbers"].append(number)
    count.equal("and records put while it runs", reader.await_records(len(state["numbers"])), state["numbers"])
    gaps = [e for e in reader.events if not e["ContinuationSequenceNumber"]]
    count.check("every event says where to go on", not gaps, repr(gaps))
    time.sleep(1.2)  # more than a second: or the rate of calls is what is refused
    refused("a second subscription within 5 s is refused", "ResourceInUseException",
            "Another active subscription exists for this consumer: %s:%s:shardId-000000000000:wire" % (arn.split(":")[
                                                                                                       4], S),
            once.subscribe_to_shard, ConsumerARN=made["ConsumerARN"], ShardId="shardId-000000000000",
            StartingPosition={"Type": "LATEST"})
    return reader


def subscription_end(reader):
    """The split of its shard ends the subscription with the children."""
    k.split_shard(StreamName=S, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(HALF // 2))
    active(S)
    reader.join(20)
    last = reader.events[-1] if reader.events else {}
    children = sorted(c["ShardId"] for c in last.get("ChildShards") or [])
    count.equal("a subscription ends with the children of its shard", (children, last.get("ContinuationSequenceNumber")),
                (["shardId-000000000002", "shardId-000000000003"], None))
    count.check("and without an error", reader.ended and not reader.failure, str(reader.failure))


def reshard():
    writer, reader = reading.Writer(k, R), reading.Lineage(k, R)
    writer.start()
    reader.start()
    time.sleep(0.5)
    k.split_shard(StreamName=R, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(HALF // 2))
    active(R)
    time.sleep(0.5)
    k.merge_shards(StreamName=R, ShardToMerge="shardId-000000000003", AdjacentShardToMerge="shardId-000000000001")
    active(R)
    time.sleep(0.5)
    answer = k.update_shard_count(StreamName=R, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    count.equal("update-shard-count tells both counts",
                (answer["CurrentShardCount"], answer["TargetShardCount"]), (2, 4))
    summary = active(R)
    count.equal("update-shard-count opens four shards", summary["OpenShardCount"], 4)
    time.sleep(0.5)
    writer.stopped.set()
    writer.join(20)
    reader.wanted = writer.count
    reader.join(45)
    count.check("the writer was never refused", writer.failure is None, str(writer.failure))
    told = reading.judge(writer, reader)
    count.check("nothing lost, doubled or out of order over split, merge and scaling", not told, "; ".join(told[:5]))
    lineage()


def lineage():
    shards = {s["ShardId"]: s for s in k.list_shards(StreamName=R)["Shards"]}
    merged = shards["shardId-000000000004"]
    count.equal("a merged shard names both parents", (merged["ParentShardId"], merged["AdjacentParentShardId"]),
                ("shardId-000000000003", "shardId-000000000001"))
    open_shards = sorted((int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]))
                         for s in shards.values() if "EndingSequenceNumber" not in s["SequenceNumberRange"])
    quarter = 1 << 126
    count.equal("four equal shards cover the hash space", open_shards,
                [(i * quarter, (i + 1) * quarter - 1) for i in range(4)])
    latest = k.list_shards(StreamName=R, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    count.equal("AT_LATEST lists the open ones", len(latest), 4)


def errors(arn):
    account = arn.split(":")[4]
    refused("an unknown stream is told", "ResourceNotFoundException", "Stream %s under account %s not found." % (N, account),
            once.describe_stream_summary, StreamName=N)
    refused("a bad iterator is told", "InvalidArgumentException", "Invalid ShardIterator.", once.get_records,
            ShardIterator="AAAA")
    aged = "AAAAAAAAAAE" + "x7Qk" * 53
    refused("an iterator of nobody's is told", "InvalidArgumentException", "Invalid ShardIterator.", once.get_records,
            ShardIterator=aged + "=")
    refused("a token with a stream name is told", "InvalidArgumentException",
            "NextToken and StreamName cannot be provided together.", once.list_shards, StreamName=S, NextToken=aged)
    refused("a name that is taken is told", "ResourceInUseException",
            "Stream %s under account %s already exists." % (S, account), once.create_stream, StreamName=S, ShardCount=1)
    refused("a violation is told", "ValidationException", "1 validation error detected: Value 'a b' at 'streamName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            once.describe_stream_summary, StreamName="a b")


def throttling():
    k.create_stream(StreamName=T, ShardCount=1)
    account = active(T)["StreamARN"].split(":")[4]
    records = [{"Data": bytes(1 << 20)[:-1], "PartitionKey": "a"}] * 8
    failed = []
    for _ in range(3):
        answer = once.put_records(StreamName=T, Records=records)
        failed += [e for e in answer["Records"] if "ErrorCode" in e]
    text = "Rate exceeded for shard shardId-000000000000 in stream %s under account %s." % (T, account)
    entry = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": text}
    count.check("records beyond the shard's rate are refused one by one", failed and all(e == entry for e in failed),
                repr(failed[:2]))
    count.equal("and counted", answer["FailedRecordCount"], sum("ErrorCode" in e for e in answer["Records"]))
    k.delete_stream(StreamName=T)


def settings(arn):
    k.add_tags_to_stream(StreamName=S, Tags={"a": "1", "b": "zwei", "c": ""})
    page = k.list_tags_for_stream(StreamName=S, Limit=2)
    count.equal("a page of tags", ([t["Key"] for t in page["Tags"]], page["HasMoreTags"]), (["a", "b"], True))
    page = k.list_tags_for_stream(StreamName=S, ExclusiveStartTagKey="b")
    count.equal("the page behind", (page["Tags"], page["HasMoreTags"]), ([{"Key": "c", "Value": ""}], False))
    k.remove_tags_from_stream(StreamName=S, TagKeys=["a", "c"])
    k.tag_resource(ResourceARN=arn, Tags={"d": "4"})
    tags = k.list_tags_for_resource(ResourceARN=arn)["Tags"]
    count.equal("both families share the tags", tags, [{"Key": "b", "Value": "zwei"}, {"Key": "d", "Value": "4"}])
    k.increase_stream_retention_period(StreamName=S, RetentionPeriodHours=48)
    count.equal("retention is raised", active(S)["RetentionPeriodHours"], 48)
    k.decrease_stream_retention_period(StreamName=S, RetentionPeriodHours=24)
    count.equal("retention is lowered", active(S)["RetentionPeriodHours"], 24)
    encryption()


def encryption():
    k.start_stream_encryption(StreamName=R, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    summary = active(R)
    count.equal("encryption is on", (summary["EncryptionType"], summary["KeyId"]), ("KMS", "alias/aws/kinesis"))
    answer = k.put_record(StreamName=R, PartitionKey="secret", Data=b"secret")
    count.equal("a put says so", answer.get("EncryptionType"), "KMS")
    iterator = k.get_shard_iterator(StreamName=R, ShardId=answer["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER",
                                    StartingSequenceNumber=answer["SequenceNumber"])["ShardIterator"]
    record = reading.drain(k, iterator, 1)[0]
    count.equal("so does the record", (record["Data"], record.get("EncryptionType")), (b"secret", "KMS"))
    k.stop_stream_encryption(StreamName=R, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    summary = active(R)
    count.equal("encryption is off", (summary["EncryptionType"], summary.get("KeyId")), ("NONE", None))


def paging():
    page = k.describe_stream(StreamName=S, Limit=1)["StreamDescription"]
    count.equal("a page of DescribeStream", (len(page["Shards"]), page["HasMoreShards"]), (1, True))
    pages = k.get_paginator("describe_stream").paginate(StreamName=S, PaginationConfig={"PageSize": 1})
    ids = [s["ShardId"] for p in pages for s in p["StreamDescription"]["Shards"]]
    count.equal("its paginator lists every shard", ids, ["shardId-%012d" % i for i in range(len(ids))])
    first = k.list_shards(StreamName=S, MaxResults=1)
    rest = k.list_shards(NextToken=first["NextToken"])
    count.equal("ListShards by token", [s["ShardId"] for s in first["Shards"] + rest["Shards"]], ids)
    pages = k.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1, "MaxItems": 1000})
    names = [n for p in pages for n in p["StreamNames"]]
    mine = [n for n in names if n.endswith(TAG) and n != T]
    count.equal("ListStreams by pages of one, in order", mine, sorted([S, R]))
    limits = k.describe_limits()
    count.check("DescribeLimits counts the open shards", limits["OpenShardCount"] >= 6, repr(limits))


def tls():
    secure = client(os.environ["LEAT_HTTPS"])
    name = secure.describe_stream_summary(StreamName=S)["StreamDescriptionSummary"]["StreamName"]
    count.equal("the same over TLS", name, S)


def delete():
    refused("a stream with consumers is not deleted", "ResourceInUseException",
            "DeleteStream can't delete %(arn)s because there are consumers associated with this data stream. To delete %(name)s "
            "anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the consumers that are "
            "associated with it." % {"arn": ARN, "name": S}, once.delete_stream, StreamName=S)
    for stream in (S, R):
        k.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
        for _ in range(100):
            try:
                k.describe_stream_summary(StreamName=stream)
            except k.exceptions.ResourceNotFoundException:
                break
            time.sleep(0.1)
        else:
            count.check("%s is gone" % stream, False, "it is still there")
            continue
        count.check("%s stream is gone" % stream.split("-")[2], True)


def main():
    global ARN
    ARN = count.part("create", create)
    if ARN:
        state = count.part("put", put)
        count.part("poll", poll, state)
        reader = count.part("subscribe", subscribe, state, ARN, k)
        count.part("end of a subscription", subscription_end, reader)
        count.part("reshard", reshard)
        count.part("errors", errors, ARN)
        count.part("throttling", throttling)
        count.part("settings", settings, ARN)
        count.part("the largest record", large.run, count, k, once, refused, "wire-python-large-" + secrets.token_hex(4))
        count.part("paging", paging)
        if os.environ.get("LEAT_HTTPS"):
            count.part("TLS", tls)
        count.part("delete", delete)
    print("%d passed, %d failed" % (count.passed, count.failed))
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
