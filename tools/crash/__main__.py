"""python3 tools/crash [--rounds 10]: kill the server again and again, and hold it to its word.

Writers put, a reader tails, the server dies by SIGKILL at a random moment (sometimes while it is still recovering) and
is started again on the same directory. Every few rounds, and at the end, everything is read from TRIM_HORIZON: each
acknowledged record must be there once, whole, in its shard, under its sequence number; what was not acknowledged may
be there at most once; what any reader ever saw must still be there.

SIGKILL leaves the page cache alone, so this proves the log and its recovery, not the syncs: those are the simulator's.
Prints "N rounds, M records acknowledged, 0 lost" and, last, "N passed, N failed"."""
import argparse
import base64
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from judge import Judge, Place, payload
from kinesis import Client, Lost, Refused

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEAT = os.path.join(ROOT, "build", "leat")
# The smallest sizes, so that segments roll, are settled and are recycled all the time.
COMMAND = ("{leat} serve --listen 127.0.0.1:{port} --data {data} --durability {durability} --limits off "
           "--call-rates off --transition 0 --segment-bytes 32MiB --backlog-bytes 64MiB --tail-bytes 1MiB "
           "--settled-bytes 16MiB")
STREAMS = {"crash-wide": 8, "crash-narrow": 1}
START_S = 60
RECORD_BYTES_MAX = 200_000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, command, port, log):
        self.command = command
        self.port = port
        self.log = log
        self.process = None
        self.starts_ms = []

    def spawn(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

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
                    raise SystemExit(f"the server ended by itself: status {self.process.returncode}")
                if time.monotonic() - began > START_S:
                    raise SystemExit(f"the server does not answer after {START_S} s")
                time.sleep(0.002)
        client.close()
        self.starts_ms.append((time.monotonic() - began) * 1e3)

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


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
    def __init__(self, port, judge, number, seed):
        super().__init__(port)
        self.judge = judge
        self.number = number
        self.rng = random.Random(seed)
        self.calls = 0
        self.refusals = 0

    def size(self):
        kind = self.rng.random()
        if kind < 0.01:
            return self.rng.randrange(RECORD_BYTES_MAX)
        return self.rng.randrange(3000) if kind < 0.2 else self.rng.randrange(100)

    def step(self):
        rng, stream = self.rng, self.rng.choice(list(STREAMS))
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
            time.sleep(0.005)
            return
        except Refused:
            self.refusals += 1
            time.sleep(0.005)
            return
        self.judge.answered([(name, Place(stream, result["ShardId"], int(result["SequenceNumber"])))
                             for name, result in zip(names, results) if "SequenceNumber" in result])


class Reader(Worker):
    """Follows every shard; after each restart it goes on behind the last number it has seen."""

    def __init__(self, port, judge):
        super().__init__(port)
        self.judge = judge
        self.last = {}       # (stream, shard) -> the last sequence number, as text
        self.iterators = {}
        self.ended = set()   # shards read to their end

    def step(self):
        try:
            if not self.iterators:
                for stream in STREAMS:
                    for shard in self.client.shards(stream):
                        if (stream, shard) not in self.ended:
                            self.iterators[stream, shard] = self.client.iterator(stream, shard,
                                                                                 self.last.get((stream, shard)))
            for (stream, shard), iterator in list(self.iterators.items()):
                answer = self.client.call("GetRecords", ShardIterator=iterator, Limit=10000)
                for record in answer["Records"]:
                    self.judge.read(stream, shard, record, int(self.last.get((stream, shard), -1)))
                    self.last[stream, shard] = record["SequenceNumber"]
                self.iterators[stream, shard] = answer.get("NextShardIterator")
                if not self.iterators[stream, shard]:
                    self.ended.add((stream, shard))
                    self.iterators = {}      # there are children to be found
                    break
        except Lost:
            self.iterators = {}
        except Refused as e:
            self.iterators = {}
            self.judge.refused(e)
        time.sleep(0.01)


class Resharder(Worker):
    """Splits and merges the wide stream while it is written to: a parent's end must survive like any record."""

    def __init__(self, port, seed):
        super().__init__(port)
        self.rng = random.Random(seed)
        self.done = 0
        self.due = 0.0

    def step(self):
        time.sleep(0.02)
        if time.monotonic() < self.due:
            return
        self.due = time.monotonic() + self.rng.uniform(0.3, 1.5)
        try:
            self.reshard("crash-wide")
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


def create(port):
    client = Client(port)
    for stream, shards in STREAMS.items():
        client.call("CreateStream", StreamName=stream, ShardCount=shards)
    for stream in STREAMS:
        status = None
        while status != "ACTIVE":
            time.sleep(0.01)
            answer = client.call("DescribeStreamSummary", StreamName=stream)
            status = answer["StreamDescriptionSummary"]["StreamStatus"]


def read_log(port, judge):
    client = Client(port)
    log = {}
    for stream in STREAMS:
        try:
            for shard in client.shards(stream):
                log[stream, shard] = list(client.read_all(stream, shard))
        except Refused as e:
            judge.refused(e)
    return log


def rounds_run(args, server, judge, workers, rng):
    lost = 0
    for number in range(1, args.rounds + 1):
        time.sleep(rng.uniform(0.02, args.seconds))
        for worker in workers:
            if worker.error:
                raise worker.error
        if not server.alive():
            raise SystemExit(f"the server ended by itself: status {server.process.returncode}")
        server.kill()
        for _ in range(2):
            if rng.random() < 0.2:      # die in the middle of recovery
                server.spawn()
                time.sleep(rng.uniform(0, 0.05))
                server.kill()
        server.start()
        if number % args.every == 0 or number == args.rounds:
            for worker in workers:
                worker.hold()
            lost += judge.verify(read_log(server.port, judge))
            print(f"round {number}: {len(judge.promised)} acknowledged, {lost} lost, "
                  f"last start {server.starts_ms[-1]:.0f} ms", flush=True)
            if number < args.rounds:
                for worker in workers:
                    worker.resume()
    return lost


def main():
    parser = argparse.ArgumentParser(prog="tools/crash", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--every", type=int, default=10, help="verify everything every so many rounds")
    parser.add_argument("--seconds", type=float, default=0.8, help="longest life of the server between two kills")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--no-reshard", action="store_true", help="leave the shards as they are")
    parser.add_argument("--leat", default=LEAT)
    parser.add_argument("--durability", default="sync", choices=["sync", "os"])
    parser.add_argument("--data", default=None, help="an empty directory (default: a temporary one)")
    parser.add_argument("--command", default=COMMAND, help="how to start the server; {leat} {port} {data} {durability}")
    args = parser.parse_args()

    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    rng = random.Random(seed)
    data = args.data or tempfile.mkdtemp(prefix="leat-crash-")
    port = free_port()
    command = [word.format(leat=args.leat, port=port, data=data, durability=args.durability)
               for word in shlex.split(args.command)]
    log = open(data.rstrip("/") + ".log", "ab")
    server = Server(command, port, log)
    judge = Judge(lambda line: print(line, flush=True))
    resharder = Resharder(port, seed)
    workers = [Writer(port, judge, i, seed + i) for i in range(args.writers)] + [Reader(port, judge)]
    workers += [] if args.no_reshard else [resharder]
    lost, problem = 0, None
    try:
        server.start()
        create(port)
        for worker in workers:
            worker.start()
        lost = rounds_run(args, server, judge, workers, rng)
    except (SystemExit, Exception) as e:
        problem = e
    finally:
        for worker in workers:
            worker.stop()
        if server.process and server.alive():
            server.kill()
    if problem is not None:
        judge.failed += 1
        print(f"FAULT {problem}")
    starts = sorted(server.starts_ms) or [0]
    refused = sum(worker.refusals for worker in workers if isinstance(worker, Writer))
    print(f"seed {seed}, {len(judge.sent)} records sent, {refused} calls refused, {resharder.done} splits and merges; "
          f"start after a kill: median {starts[len(starts) // 2]:.0f} ms, longest {starts[-1]:.0f} ms")
    print(f"{args.rounds} rounds, {len(judge.promised)} records acknowledged, {lost} lost")
    if judge.failed:
        print(f"kept for you: {data} and {log.name}")
    elif not args.data:
        shutil.rmtree(data, ignore_errors=True)
        os.unlink(log.name)
    if not judge.promised:
        judge.failed += 1
    print(f"{judge.passed} passed, {judge.failed} failed")
    sys.exit(1 if judge.failed else 0)


if __name__ == "__main__":
    main()
