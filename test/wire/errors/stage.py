"""Sets the stage for the table: streams, records, iterators; and strikes it."""
import base64
import os
import secrets
import time

import sequence

TOP = 2 ** 128 - 1


class Stage:
    def __init__(self, wire):
        self.wire = wire
        tag = secrets.token_hex(4)
        self.S, self.missing = "wire-err-" + tag, "wire-none-" + tag
        self.R, self.O, self.C = ("wire-err-%s-%s" % (kind, tag) for kind in ("split", "ondemand", "creating"))
        self.gone = "wire-err-gone-" + tag
        self.region = wire.region
        self.cors_origin = os.environ.get("LEAT_CORS_ORIGIN", "*")
        self.oversize = 33 << 20
        self.made = []

    def must(self, operation, body):
        answer = self.wire.call(operation, body)
        if answer.status != 200:
            raise RuntimeError("%s %r: %d %r" % (operation, body, answer.status, answer.body[:300]))
        return answer.value() or {}

    def create(self, name, **more):
        self.must("CreateStream", dict({"StreamName": name}, **more))
        self.made.append(name)
        return self.wait(name)

    def wait(self, name, status="ACTIVE"):
        for _ in range(200):
            answer = self.wire.call("DescribeStreamSummary", {"StreamName": name})
            if answer.status == 200 and answer.value()["StreamDescriptionSummary"]["StreamStatus"] == status:
                return answer.value()["StreamDescriptionSummary"]
            if answer.status != 200 and status == "gone":
                return None
            time.sleep(0.1)
        raise RuntimeError("stream %s never became %s" % (name, status))

    def iterator(self, stream, shard, kind="TRIM_HORIZON", **more):
        return self.must("GetShardIterator", dict({"StreamName": stream, "ShardId": "shardId-%012d" % shard,
                                                   "ShardIteratorType": kind}, **more))["ShardIterator"]

    def put(self, stream, hash_key):
        return self.must("PutRecord", {"StreamName": stream, "Data": base64.b64encode(b"x").decode(), "PartitionKey": "a",
                                       "ExplicitHashKey": str(hash_key)})["SequenceNumber"]

    def up(self):
        summary = self.create(self.S, ShardCount=3)
        self.arn = summary["StreamARN"]
        self.account = self.arn.split(":")[4]
        described = self.must("DescribeStream", {"StreamName": self.S})["StreamDescription"]
        self.shards = described["Shards"]
        self.starts = [sequence.parse(s["SequenceNumberRange"]["StartingSequenceNumber"]) for s in self.shards]
        self.records = [self.put(self.S, s["HashKeyRange"]["StartingHashKey"]) for s in self.shards]
        self.iterator_0 = self.iterator_of(self.S)
        self.create(self.gone, ShardCount=1)
        self.gone_iterator = self.iterator_of(self.gone)
        self.must("DeleteStream", {"StreamName": self.gone})
        self.wait(self.gone, "gone")
        self.split_stage()

    def iterator_of(self, stream):
        return self.iterator(stream, 0)

    def split_stage(self):
        """R: shard 0 is split into 2 and 3, so that there is a closed shard."""
        self.create(self.R, ShardCount=2)
        self.must("SplitShard", {"StreamName": self.R, "ShardToSplit": "shardId-000000000000",
                                 "NewStartingHashKey": str(TOP // 4)})
        self.wait(self.R)

    def down(self):
        for name in self.made:
            try:
                self.wire.call("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True})
            except OSError:
                return  # the server is gone, and its streams with it
