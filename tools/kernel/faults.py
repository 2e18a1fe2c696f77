"""faults.py: one call to the disk fails, is late, or does half of what it was asked for (the shim)."""
import base64
import os
import time

from kinesis import Client
from load import Writer
from stage import BigWriter, Skip, answers

# (call, file) -> what may become of a server whose Nth such call fails: it ends, or it goes on and nobody notices.
STRIKES = [
    ("fdatasync", "*/commit-*", "EIO", (1, 3, 40)),
    ("pwritev", "*/commit-*", "EIO", (1, 7)),
    ("pwritev", "*/commit-*", "ENOSPC", (2,)),
    ("open", "*/commit-*", "EIO", (1,)),
    ("rename", "*/commit-*", "EIO", (1,)),
    ("fsync", "*/data", "EIO", (1, 2)),
    ("open", "*/spare-*", "EIO", (1,)),
    ("pwritev", "*/spare-*", "EIO", (1, 5)),
    ("fdatasync", "*/spare-*", "EIO", (2,)),
    ("rename", "*/spare-*", "EIO", (1,)),
    ("open", "*/settled-*", "EIO", (1,)),
    ("pwritev", "*/settled-*", "EIO", (1, 3)),
    ("pwritev", "*/settled-*", "ENOSPC", (1,)),
    ("fdatasync", "*/settled-*", "EIO", (1,)),
    ("open", "*/manifest.tmp", "EMFILE", (1,)),
    ("fdatasync", "*/manifest.tmp", "EIO", (1,)),
    ("rename", "*/manifest", "EIO", (1,)),
    ("pread", "*/commit-*", "EIO", (1, 4)),
    ("pread", "*/settled-*", "EIO", (1, 4)),
    ("pwritev", "*/commit-*", "EROFS", (3,)),
]
SHORT = [0, 2, 6, 13, 14, 19]
MUST_END = {("fdatasync", "*/commit-*"), ("pwritev", "*/commit-*"), ("rename", "*/manifest")}
ENDING = ("EIO", "EROFS")


def shim(stage):
    if not os.path.exists(stage.args.shim):
        raise Skip("the shim is not built (ninja -C build tools/kernel/shim.so)")


def strike(stage, call, pattern, error, number):
    """The server, under load, has its Nth such call fail. Returns whether it ended of it, None if the call never came."""
    what = f"{error} at {call} {number} of {pattern}"
    stage.judge.patient = True
    said = len(stage.events("failed"))
    stage.rules(f"{call} {pattern} {number} {number} {error}")
    if not stage.until(lambda: stage.struck() or not stage.server.alive(), 5 if stage.short else 12):
        stage.rules()
        return None
    status = stage.server.wait(1)
    if status is None and (call, pattern) in MUST_END and error in ENDING:
        status = stage.server.wait(5)
    stage.rules()
    if status is None:
        stage.check(f"{what}: it goes on", stage.progress(), [worker.refusal for worker in stage.of(Writer)])
        stage.check(f"{what}: a failed write or sync ends the process", (call, pattern) not in MUST_END or error not in ENDING)
    else:
        lines = [line["reason"] for line in stage.events("failed")][said:]
        stage.check(f"{what}: status 1 and one sentence", status == 1 and len(lines) == 1, (status, lines))
        stage.server.start()
    if not stage.short:
        stage.verify()
    return status is not None


def one_call_fails(stage):
    """EIO, ENOSPC and EMFILE at the Nth write, sync, open, rename or read: it ends and starts again whole, or goes on."""
    shim(stage)
    stage.rules()
    stage.serve(shim=True).start()
    stage.load(3, kind=BigWriter)
    ended, went_on, never = 0, 0, []
    for index in SHORT if stage.short else range(len(STRIKES)):
        call, pattern, error, numbers = STRIKES[index]
        for number in numbers[:1] if stage.short else numbers:
            result = strike(stage, call, pattern, error, number)
            if result is None:
                never.append(f"{call} {pattern} {number}")
            ended += result is True
            went_on += result is False
    stage.verify()
    stage.check("most of these calls came", ended + went_on > 2 * len(never), never)
    stage.figure(f"{ended} faults ended it, {went_on} did not, {len(never)} never came")


def slow_syncs(stage):
    """A sync that takes 20 ms, now and then a second: puts take as long, and nothing else happens."""
    shim(stage)
    stage.rules("fdatasync * 1 0 delay=20000", "fdatasync *commit-* 10 12 delay=1000000")
    stage.serve(shim=True).start()
    stage.load(3)
    client, times = Client(stage.server.port), []
    for number in range(40 if stage.short else 200):
        began = time.monotonic()
        client.call("PutRecord", StreamName="one", PartitionKey="k", Data=base64.b64encode(b"timed-%d-0 00000000 " % number).decode())
        times.append((time.monotonic() - began) * 1e3)
    times.sort()
    stage.judge.sent.update(f"timed-{number}-0" for number in range(len(times)))
    stage.check("a put takes one or two syncs", 20 <= times[len(times) // 2] < 150, times[len(times) // 2])
    stage.check("and the long ones as long as the disk", times[-1] < 5000, times[-1])
    stage.verify()
    stage.check("nobody is refused", stage.refusals() == 0 and all(worker.losses == 0 for worker in stage.of(Writer)))
    stage.figure(f"puts: median {times[len(times) // 2]:.0f} ms, longest {times[-1]:.0f} ms")


def short_transfers(stage):
    """Writes and reads that move a part of what they were asked for: the rest follows."""
    shim(stage)
    stage.rules("pwritev *commit-* 1 0 short=4097", "pwritev *settled-* 1 0 short=4097", "pwritev *manifest* 1 0 short=1",
                "pread * 1 0 short=4099", "read *data* 1 0 short=7")
    stage.serve(shim=True).start()
    stage.load(2, kind=BigWriter)
    for _ in range(1 if stage.short else 4):
        stage.check("it serves", stage.progress(30, 200))
        stage.server.kill()
        stage.server.start()
    stage.verify()
    stage.check("nobody is refused", stage.refusals() == 0, [worker.refusal for worker in stage.of(Writer)])


def read_through(stage):
    """The numbers of a shard with one iterator after the other, and the refusals; the fault is over with the third."""
    client, got, refused = Client(stage.server.port), [], 0
    iterator = client.iterator("one", "shardId-000000000000")
    for _ in range(10000):
        answer, refusal = answers(client.call, "GetRecords", ShardIterator=iterator, Limit=50)
        if refusal:
            refused += 1
            stage.check("the error is one that clients retry", getattr(refusal, "status", 0) >= 500, refusal)
            if refused == 3:
                stage.rules()
            continue
        got += [record["SequenceNumber"] for record in answer["Records"]]
        iterator = answer["NextShardIterator"]
        if not answer["Records"] and not answer["MillisBehindLatest"]:
            break
    return got, refused


def reads_fail(stage):
    """EIO at the Nth read of what only the disk has, once, twice or until further notice: a call is answered with an
    error at most, and the same iterator reads on."""
    shim(stage)
    stage.rules()
    stage.serve(shim=True).start()
    stage.load(2, kind=BigWriter)
    stage.check("load", stage.progress(30, 1500))
    stage.rest()
    whole = [record["SequenceNumber"] for record in Client(stage.server.port).read_all("one", "shardId-000000000000")]
    refusals = faults = 0
    for first, last in ((1, 1), (2, 0)) if stage.short else ((1, 1), (1, 2), (3, 4), (8, 8), (1, 0), (2, 0), (5, 0), (9, 0)):
        stage.server.kill()     # nothing is left in its memory
        stage.server.start()
        stage.rules(f"pread *data* {first} {last} EIO")
        got, refused = read_through(stage)
        struck = refused > 0 or stage.struck()
        faults += struck
        stage.check(f"{first} to {last}: a disk that does not answer is told of", refused == 3 or last or not struck, refused)
        stage.check(f"{first} to {last}: with the same iterator everything is read, once", got == whole, (len(got), len(whole)))
        stage.rules()
        refusals += refused
    stage.check("most of the faults came", faults > 1, faults)
    stage.check("it lives", stage.server.alive(), stage.events("failed"))
    stage.verify()
    stage.figure(f"{refusals} calls refused, {len(whole)} records read")


def start_fails(stage, call, number):
    """A start whose Nth such call fails, while nobody else is there: True if it ended, False if it served, None if the call
    did not come."""
    what = f"EIO at {call} {number}"
    stage.rest()
    stage.server.kill()
    stage.rules(f"{call} *data* {number} {number} EIO")
    said = len(stage.events("failed"))
    stage.server.spawn()
    if not stage.until(lambda: stage.server.wait(0.01) is not None or answers(stage.call, "ListStreams")[1] is None, 30):
        stage.check(f"{what}: the start ends or serves", False, "neither")
        stage.server.kill()
    stage.server.wait(0.3)      # what it does at once when it serves belongs to the start
    struck, status = stage.struck(), stage.server.wait(0)
    stage.rules()
    if status is not None:
        lines = [line["reason"] for line in stage.events("failed")][said:]
        stage.check(f"{what}: status 1 and one sentence", status == 1 and len(lines) == 1, (status, lines))
        stage.server.start()
    stage.resume()
    return status is not None if struck else None


def starts_fail(stage):
    """EIO at the Nth call of a start: it ends with a sentence, or serves; the next start has everything."""
    shim(stage)
    stage.rules()
    stage.serve(shim=True).start()
    stage.load(2)
    refused = served = 0
    for call in ("pread", "open", "fdatasync") if stage.short else ("pread", "read", "open", "pwritev", "fdatasync", "fsync", "rename"):
        number = 1
        while number < 400:
            stage.check("load", stage.progress(20, 5))
            ended = start_fails(stage, call, number)
            if ended is None or (stage.short and number > 2):
                break
            refused += ended
            served += not ended
            number += 1 + number // 8
        stage.verify()
    stage.check("some of these faults came", refused > 2, refused)
    stage.figure(f"{refused} starts refused, {served} served although a call had failed")


SCENARIOS = (one_call_fails, slow_syncs, short_transfers, reads_fail, starts_fail)
