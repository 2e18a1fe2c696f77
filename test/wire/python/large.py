"""The largest record: 10 MiB, put, read by both kinds of readers, and readable still when the bound is lowered."""
import hashlib
import os
import time

MOST = 10 << 20


def settled(client, name):
    for _ in range(100):
        summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return summary
        time.sleep(0.05)
    raise RuntimeError("%s did not get ACTIVE" % name)


def subscribed(client, arn, wanted):
    """The records of one subscription from the start."""
    made = client.register_stream_consumer(StreamARN=arn, ConsumerName="large")["Consumer"]["ConsumerARN"]
    for _ in range(100):
        if client.describe_stream_consumer(ConsumerARN=made)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE":
            break
        time.sleep(0.05)
    out = []
    for event in client.subscribe_to_shard(ConsumerARN=made, ShardId="shardId-000000000000",
                                           StartingPosition={"Type": "TRIM_HORIZON"})["EventStream"]:
        out += event["SubscribeToShardEvent"]["Records"]
        if len(out) >= wanted:
            return out


def run(count, client, once, refused, name):
    client.create_stream(StreamName=name, ShardCount=1)
    arn = settled(client, name)["StreamARN"]
    client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10240)
    count.equal("the largest record is raised", settled(client, name)["MaxRecordSizeInKiB"], 10240)
    data = os.urandom(MOST)
    client.put_record(StreamName=name, Data=data, PartitionKey="large")
    client.put_record(StreamName=name, Data=b"small", PartitionKey="small")
    client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=1024)
    settled(client, name)
    rule = "Value at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"
    refused("above a lowered bound nothing is taken", "ValidationException", "1 validation error detected: " + rule,
            once.put_record, StreamName=name, Data=bytes((1 << 20) + 1), PartitionKey="a")
    iterator = client.get_shard_iterator(StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    answer = client.get_records(ShardIterator=iterator["ShardIterator"])
    same = [hashlib.sha256(r["Data"]).digest() == hashlib.sha256(data).digest() for r in answer["Records"]]
    count.equal("10 MiB are read in one answer, unchanged", same, [True])
    refused("behind it the shard rests", "ProvisionedThroughputExceededException",
            "Rate exceeded for shard shardId-000000000000 in stream %s under account %s." % (name, arn.split(":")[4]),
            once.get_records, ShardIterator=answer["NextShardIterator"])
    records = subscribed(client, arn, 2)
    count.equal("10 MiB arrive in an event, unchanged, and the next record behind them",
                [hashlib.sha256(r["Data"]).digest() for r in records],
                [hashlib.sha256(d).digest() for d in (data, b"small")])
    client.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
