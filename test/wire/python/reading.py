"""Readers: a shard by polling, and a whole stream along its lineage by the rules that KCL insists on."""
import threading
import time


def drain(client, iterator, wanted=None, seconds=20):
    """Records from this iterator until there are `wanted`, or until the tip is reached."""
    out, end = [], time.time() + seconds
    while iterator and time.time() < end:
        answer = client.get_records(ShardIterator=iterator)
        out += answer["Records"]
        iterator = answer.get("NextShardIterator")
        if (wanted is not None and len(out) >= wanted) or (wanted is None and not answer["Records"]
                                                           and answer["MillisBehindLatest"] == 0):
            return out
        time.sleep(0.22)
    return out


class Lineage(threading.Thread):
    """Follows a stream from TRIM_HORIZON: a child is read only after all its parents have been read to their ends."""

    def __init__(self, client, stream):
        super().__init__(daemon=True)
        self.client, self.stream = client, stream
        self.records, self.complaints, self.done = [], [], set()
        self.wanted, self.order = None, []

    def run(self):
        try:
            self.follow()
        except Exception as why:
            self.complaints.append("%s: %s" % (type(why).__name__, why))

    def follow(self):
        shards = self.client.list_shards(StreamName=self.stream, ShardFilter={"Type": "AT_TRIM_HORIZON"})["Shards"]
        active = {s["ShardId"]: self.open(s["ShardId"]) for s in shards}
        waiting, end = {}, time.time() + 45
        while active and time.time() < end and not self.finished():
            for shard in list(active):
                answer = self.client.get_records(ShardIterator=active[shard])
                self.records += [(shard, r) for r in answer["Records"]]
                active[shard] = answer.get("NextShardIterator")
                if not active[shard]:
                    del active[shard]
                    self.ended(shard, answer, waiting, active)
                elif answer.get("ChildShards"):
                    self.complaints.append("ChildShards beside NextShardIterator")
            time.sleep(0.22)

    def open(self, shard):
        self.order.append(shard)
        return self.client.get_shard_iterator(StreamName=self.stream, ShardId=shard,
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

    def ended(self, shard, answer, waiting, active):
        self.done.add(shard)
        children = answer.get("ChildShards", [])
        if not children:
            self.complaints.append("no ChildShards at the end of " + shard)
        for child in children:
            if shard not in child.get("ParentShards", []):
                self.complaints.append("%s is no parent of its child %s" % (shard, child["ShardId"]))
            waiting[child["ShardId"]] = set(child["ParentShards"])
        for child, parents in list(waiting.items()):
            if parents <= self.done and child not in active and child not in self.order:
                active[child] = self.open(child)

    def finished(self):
        return self.wanted is not None and len(self.records) >= self.wanted


class Writer(threading.Thread):
    """Puts numbered records, one call after the other, a few keys in turn, until it is stopped."""
    KEYS = ["key-%d" % i for i in range(6)]

    def __init__(self, client, stream):
        super().__init__(daemon=True)
        self.client, self.stream = client, stream
        self.count, self.stopped, self.failure, self.places = 0, threading.Event(), None, {}

    def run(self):
        try:
            while not self.stopped.is_set():
                key = self.KEYS[self.count % len(self.KEYS)]
                number = self.count // len(self.KEYS)
                answer = self.client.put_record(StreamName=self.stream, PartitionKey=key,
                                                Data=("%s:%d" % (key, number)).encode())
                self.places[(key, number)] = (answer["ShardId"], answer["SequenceNumber"])
                self.count += 1
                time.sleep(0.01)
        except Exception as why:
            self.failure = "%s: %s" % (type(why).__name__, why)


def judge(writer, reader):
    """What is wrong with what was read: lost, doubled, out of order for its key, or in another place than acknowledged."""
    told, last = list(reader.complaints), {}
    for shard, record in reader.records:
        key, number = record["Data"].decode().rsplit(":", 1)
        if int(number) != last.get(key, -1) + 1:
            told.append("after %s:%d came %s" % (key, last.get(key, -1), number))
        last[key] = int(number)
        if writer.places.get((key, int(number))) != (shard, record["SequenceNumber"]):
            told.append("%s:%s was acknowledged elsewhere" % (key, number))
    if len(reader.records) != writer.count:
        told.append("%d records written, %d read" % (writer.count, len(reader.records)))
    return told
