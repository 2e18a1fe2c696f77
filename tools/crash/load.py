"""load.py: a server of our own, and those who will hold it to its word: writers, a tailing reader, a resharder.

Workers run until they are told to stop; everything they were promised and saw is the judge's. Which streams there are
is an argument everywhere: {name: shards}."""
import base64
import os
import random
import resource
import signal
import socket
import subprocess
import threading
import time

from judge import Place, payload
from kinesis import Client, Lost, Refused

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEAT = os.path.join(ROOT, "build", "leat")
START_S = 60
RECORD_BYTES_MAX = 200_000


class Ended(Exception):
    """The server is gone, or never came, and nobody has asked for that."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`env` is added to ours; `limits`: {resource.RLIMIT_...: bytes or count} from its first instruction on."""

    def __init__(self, command, port, log, env=None, limits=None):
        self.command = command
        self.port = port
        self.log = log
        self.env = dict(env or {})
        self.limits = dict(limits or {})
        self.process = None
        self.starts_ms = []

    def spawn(self):
        def limit():
            for which, value in self.limits.items():
                resource.setrlimit(which, (value, value))
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=dict(os.environ, **self.env), preexec_fn=limit if self.limits else None)

    def start(self):
        began = time.monotonic()
        self.spawn()
        client = Client(self.port)
        while True:
            try:
                client.call("ListStreams")
                break
            except (Lost, Refused):
                if self.process.poll() is not None:
                    raise Ended(f"the server ended by itself: status {self.process.returncode}") from None
                if time.monotonic() - began > START_S:
                    raise Ended(f"the server does not answer after {START_S} s") from None
                time.sleep(0.002)
        client.close()
        self.starts_ms.append((time.monotonic() - began) * 1e3)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, which):
        self.process.send_signal(which)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds):
        """Its status, or None when it goes on for longer."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


class Worker(threading.Thread):
    """Runs step() until told to stop; hold() makes it pause between two steps, and waits until it does."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client = Client(port)
        self.stopping = False
        self.go = threading.Event()
        self.go.set()
        self.resting = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.stopping:
                if not self.go.is_set():
                    self.resting.set()
                    self.go.wait()
                    self.resting.clear()
                else:
                    self.step()
        except BaseException as e:  # reported by the main thread
            self.error = e
        self.resting.set()

    def hold(self):
        self.go.clear()
        self.resting.wait()

    def resume(self):
        self.go.set()
        while self.resting.is_set() and self.is_alive():
            time.sleep(0.001)

    def stop(self):
        self.stopping = True
        self.go.set()


class Writer(Worker):
    def __init__(self, port, judge, streams, number, seed):
        super().__init__(port)
        self.judge = judge
        self.streams = list(streams)
        self.number = number
        self.rng = random.Random(seed)
        self.calls = 0
        self.refusals = 0
        self.losses = 0      # calls without an answer
        self.refusal = None  # the last one

    def size(self):
        kind = self.rng.random()
        if kind < 0.01:
            return self.rng.randrange(RECORD_BYTES_MAX)
        return self.rng.randrange(3000) if kind < 0.2 else self.rng.randrange(100)

    def step(self):
        rng, stream = self.rng, self.rng.choice(self.streams)
        count = 0 if rng.random() < 0.6 else rng.randrange(1, 60)
        self.calls += 1
        names = [f"{self.number}-{self.calls}-{i}" for i in range(max(count, 1))]
        records = [{"PartitionKey": f"{rng.randrange(1000)}",
                    "Data": base64.b64encode(payload(name, self.size(), rng)).decode()} for name in names]
        self.judge.sending(names)
        try:
            if count == 0:
                results = [self.client.call("PutRecord", StreamName=stream, **records[0])]
            else:
                results = self.client.call("PutRecords", StreamName=stream, Records=records)["Records"]
        except Lost:
            self.losses += 1
            time.sleep(0.005)
            return
        except Refused as e:
            self.refusals += 1
            self.refusal = e
            time.sleep(0.005)
            return
        self.judge.answered([(name, Place(stream, result["ShardId"], int(result["SequenceNumber"])))
                             for name, result in zip(names, results) if "SequenceNumber" in result])


class Reader(Worker):
    """Follows every shard; after each restart it goes on behind the last number it has seen."""

    def __init__(self, port, judge, streams):
        super().__init__(port)
        self.judge = judge
        self.streams = list(streams)
        self.losses = 0
        self.last = {}       # (stream, shard) -> the last sequence number, as text
        self.iterators = {}
        self.ended = set()   # shards read to their end

    def step(self):
        try:
            if not self.iterators:
                for stream in self.streams:
                    for shard in self.client.shards(stream):
                        if (stream, shard) not in self.ended:
                            self.iterators[stream, shard] = self.client.iterator(stream, shard,
                                                                                 self.last.get((stream, shard)))
            for (stream, shard), iterator in list(self.iterators.items()):
                answer = self.client.call("GetRecords", ShardIterator=iterator, Limit=10000)
                for record in answer["Records"]:
                    self.judge.read("reader", stream, shard, record, int(self.last.get((stream, shard), -1)))
                    self.last[stream, shard] = record["SequenceNumber"]
                self.iterators[stream, shard] = answer.get("NextShardIterator")
                if not self.iterators[stream, shard]:
                    self.ended.add((stream, shard))
                    self.iterators = {}      # there are children to be found
                    break
        except Lost:
            self.losses += 1
            self.iterators = {}
        except Refused as e:
            self.iterators = {}
            self.judge.refused(e)
        time.sleep(0.01)


class Resharder(Worker):
    """Splits and merges a stream while it is written to: a parent's end must survive like any record."""

    def __init__(self, port, stream, seed):
        super().__init__(port)
        self.stream = stream
        self.rng = random.Random(seed)
        self.done = 0
        self.due = 0.0

    def step(self):
        time.sleep(0.02)
        if time.monotonic() < self.due:
            return
        self.due = time.monotonic() + self.rng.uniform(0.3, 1.5)
        try:
            self.reshard(self.stream)
            self.done += 1
        except (Lost, Refused):
            pass

    def reshard(self, stream):
        shards = [shard for shard in self.client.call("ListShards", StreamName=stream)["Shards"]
                  if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        if len(shards) < 6 or (len(shards) < 12 and self.rng.random() < 0.5):
            shard = self.rng.choice(shards)
            low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
            self.client.call("SplitShard", StreamName=stream, ShardToSplit=shard["ShardId"],
                             NewStartingHashKey=str((low + high) // 2))
        else:
            at = self.rng.randrange(len(shards) - 1)
            self.client.call("MergeShards", StreamName=stream, ShardToMerge=shards[at]["ShardId"],
                             AdjacentShardToMerge=shards[at + 1]["ShardId"])


def create(port, streams):
    client = Client(port)
    for stream, shards in streams.items():
        client.call("CreateStream", StreamName=stream, ShardCount=shards)
    for stream in streams:
        status = None
        while status != "ACTIVE":
            time.sleep(0.01)
            answer = client.call("DescribeStreamSummary", StreamName=stream)
            status = answer["StreamDescriptionSummary"]["StreamStatus"]


def shard_log(client, judge, stream, shard):
    try:
        yield from client.read_all(stream, shard)
    except Refused as e:
        judge.refused(e)


def read_log(port, judge, streams):
    """Everything, from TRIM_HORIZON, as the judge wants it: ((stream, shard), records) one after the other."""
    client = Client(port)
    for stream in streams:
        try:
            for shard in client.shards(stream):
                yield (stream, shard), shard_log(client, judge, stream, shard)
        except Refused as e:
            judge.refused(e)
