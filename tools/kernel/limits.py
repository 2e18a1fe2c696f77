"""limits.py: too few descriptors, too little memory; at first, or all of a sudden."""
import base64
import os
import random
import resource
import socket
import threading
import time

from kinesis import Client
from load import Reader, Writer
from stage import BigWriter, Skip, answers

CGROUP_1, CGROUP_2 = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"
ENOUGH = 128  # descriptors, a quarter of which are kept for files
BOUNDED = ("--memory-bytes", "32MiB", "--tail-bytes", "1MiB", "--index-cache-bytes", "1MiB")


def crowd(port, count):
    """Connections that ask for nothing; as many as the kernel lets us begin."""
    sockets = []
    for _ in range(count):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        sockets.append(s)
    time.sleep(0.3)
    return sockets


def descriptors(stage):
    return len(os.listdir(f"/proc/{stage.server.process.pid}/fd"))


def no_spinning(stage, what):
    stage.rest()
    time.sleep(0.3)
    before = stage.cpu()
    time.sleep(1)
    used = stage.cpu() - before
    stage.resume()
    stage.check(f"{what}: it does not spin", used < 0.2, f"{used:.2f} s of processor time in a second")


def few_descriptors(stage):
    """More peers than descriptors: those who are in go on, the log rolls and settles, the others wait their turn. Where
    there are fewer than the log wants for itself, puts are refused now and then, and taken again."""
    limits = (64,) if stage.short else (48, 64, 128, 256, 512)
    for limit in limits:
        stage.serve(limits={resource.RLIMIT_NOFILE: limit}).start()
        stage.load(3 if limit == limits[0] else 0, kind=BigWriter)
        stage.judge.patient = limit < ENOUGH
        stage.check(f"{limit}: load", stage.progress(20, 300))
        before = stage.refusals()
        peers = crowd(stage.server.port, limit + 100)
        rolled = sum(len(found) for _, _, found in os.walk(stage.data))
        stage.check(f"{limit}: those who are in go on", stage.progress(30, 800 if stage.short else 2000))
        stage.check(f"{limit}: it lives", stage.server.alive(), stage.events("failed"))
        no_spinning(stage, limit)
        if limit >= ENOUGH:
            stage.check(f"{limit}: nobody who is in is refused", stage.refusals() == before,
                        [worker.refusal for worker in stage.of(Writer)])
        for peer in peers:
            peer.close()
        fresh = Client(stage.server.port)
        began = time.monotonic()
        stage.check(f"{limit}: a newcomer is served when the others have left",
                    answers(fresh.call, "ListStreams")[1] is None)
        stage.check(f"{limit}: soon", time.monotonic() - began < 8, time.monotonic() - began)
        stage.verify()
        files = sum(len(found) for _, _, found in os.walk(stage.data))
        stage.figure(f"{limit}: {len(peers)} peers, {rolled} to {files} files")
        stage.check(f"{limit}: it ends in order", stage.term()[0] == 0, stage.events("failed"))


def few_descriptors_many_segments(stage):
    """128 descriptors, and a commit log of up to 65 segments: those that are closed need none, so that puts are taken and
    newcomers served all the time, beside peers who only sit there; also after the next start."""
    limit = 128
    stage.serve("--backlog-bytes", "1GiB", limits={resource.RLIMIT_NOFILE: limit}).start()
    stage.load(3, kind=BigWriter)
    peers = crowd(stage.server.port, limit // 4)
    most = segments = slowest = 0
    end = time.monotonic() + 20
    while (segments < 60 or not stage.short) and time.monotonic() < end:
        stage.check("load", stage.progress(20, 20))
        began = time.monotonic()
        stage.check("a newcomer is served", answers(stage.call, "ListStreams")[1] is None)
        slowest = max(slowest, time.monotonic() - began)
        most = max(most, descriptors(stage) - len(peers))
        segments = max(segments, sum(name.startswith("commit") for name in os.listdir(stage.data)))
    stage.check("there were many segments", segments >= 60, segments)
    stage.check("newcomers are served soon", slowest < 2, slowest)
    stage.check("no put is refused", stage.refusals() == 0, [worker.refusal for worker in stage.of(Writer)])
    stage.check("few descriptors are for files", most < 48, most)
    stage.rest()
    stage.server.kill()
    stage.server.start()
    stage.resume()
    stage.check("after a start puts go on", stage.progress(20, 100), stage.events("failed"))
    stage.verify()
    for peer in peers:
        peer.close()
    stage.figure(f"{limit}: {segments} segments, {most} descriptors at most that are not those of {len(peers)} idle peers, "
                 f"newcomers served in {slowest * 1000:.0f} ms at most")
    stage.check("it ends in order", stage.term()[0] == 0, stage.events("failed"))


def descriptors_taken_away(stage):
    """The limit falls below what is open: whatever needs a new file is refused or waits, and comes back."""
    server = stage.serve()
    server.start()
    stage.load(3, kind=BigWriter)
    for round_ in range(1 if stage.short else 5):
        stage.check("load", stage.progress(20, 500))
        had = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        stage.judge.patient = True
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (3, had[1]))
        time.sleep(2 if stage.short else 5)
        stage.check("it lives without a descriptor to spare", server.alive(), stage.events("failed")[-1:])
        if not server.alive():
            return
        peers = crowd(server.port, 5)
        no_spinning(stage, "none to spare")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, had)
        for peer in peers:
            peer.close()
        stage.check("puts go on when there are some", stage.progress(20, 500), [w.refusal for w in stage.of(Writer)])
        stage.check("newcomers are served", answers(stage.call, "ListStreams")[1] is None)
        stage.verify()
    refused = sorted({worker.refusal.status for worker in stage.of(Writer) if worker.refusal})
    stage.check("refusals are such that clients come again", refused == [503], refused)
    stage.figure(f"{stage.refusals()} puts refused meanwhile")


class Glutton(threading.Thread):
    """Puts and reads five megabytes at a time, without a journal, and shrugs."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.client, self.stopping, self.rng = Client(port), False, random.Random(number)
        self.taken = self.refused = 0

    def run(self):
        data = base64.b64encode(self.rng.randbytes(900_000)).decode()
        records = [{"PartitionKey": f"{i}", "Data": data} for i in range(5)]
        while not self.stopping:
            answer, _ = answers(self.client.call, "PutRecords", StreamName="large", Records=records)
            self.taken += answer is not None
            self.refused += answer is None
            iterator, _ = answers(self.client.iterator, "large", "shardId-000000000000")
            if iterator:
                answers(self.client.call, "GetRecords", ShardIterator=iterator, Limit=10000)


def feast(stage, seconds, count=12):
    """(calls taken, calls refused) of gluttons beside the usual load."""
    answers(stage.call, "CreateStream", StreamName="large", ShardCount=1)
    gluttons = [Glutton(stage.server.port, number) for number in range(count)]
    for glutton in gluttons:
        glutton.start()
    time.sleep(seconds)
    for glutton in gluttons:
        glutton.stopping = True
    for glutton in gluttons:
        glutton.join(40)
    return sum(glutton.taken for glutton in gluttons), sum(glutton.refused for glutton in gluttons)


def little_address_space(stage):
    """RLIMIT_AS a little above what it has: calls fail, the server does not, and with memory all is well again."""
    rooms = (24,) if stage.short else (4, 16, 64)
    server = stage.serve()
    server.start()
    stage.load(2)
    for room in rooms:
        stage.check("load", stage.progress(20, 100))
        with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as file:
            size = int(next(line for line in file if line.startswith("VmSize")).split()[1]) << 10
        had = resource.prlimit(server.process.pid, resource.RLIMIT_AS)
        stage.judge.patient = True
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, (size + (room << 20), had[1]))
        taken, refused = feast(stage, 2 if stage.short else 10)
        if not stage.check(f"{room} MiB to spare: it lives", server.alive(), (server.process.returncode, stage.events("failed"))):
            return
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, had)
        stage.check(f"{room} MiB to spare: with memory puts go on", stage.progress(20, 200),
                    [worker.refusal for worker in stage.of(Writer)])
        stage.verify()
        stage.figure(f"{room} MiB to spare: {taken} large calls taken, {refused} refused")


def cgroup(stage, mib):
    """The directory of a new group that may use so much memory, swap included."""
    for root, limit in ((CGROUP_1, "memory.limit_in_bytes"), (CGROUP_2, "memory.max")):
        place = os.path.join(root, f"leat-kernel-{os.getpid()}")
        try:
            if not os.path.exists(os.path.join(root, "cgroup.procs")):
                continue
            os.mkdir(place)
            with open(os.path.join(place, limit), "w", encoding="utf-8") as file:
                file.write(str(mib << 20))
            return place
        except OSError:
            if os.path.isdir(place):
                os.rmdir(place)
    raise Skip("no cgroup with a memory limit can be made here")


def little_memory(stage):
    """A cgroup as large as the settings promise: the page cache shrinks, nothing is killed, nothing lost."""
    mib = 256
    group = cgroup(stage, mib)
    try:
        server = stage.serve(*BOUNDED)
        server.start()
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="utf-8") as file:
            file.write(str(server.process.pid))
        stage.load(2)
        taken, refused = feast(stage, 2 if stage.short else 30)
        stage.check("it lives", server.alive(), server.process.returncode)
        stage.check("puts go on", stage.progress(20, 200), [worker.refusal for worker in stage.of(Writer)])
        stage.verify()
        with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as file:
            peak = int(next(line for line in file if line.startswith("VmHWM")).split()[1]) >> 10
        stage.figure(f"{mib} MiB: {taken} large calls taken, {refused} refused, {peak} MiB resident at most")
        stage.check("it ends in order", stage.term()[0] == 0)
    finally:
        if stage.server.alive():
            stage.server.kill()
        os.rmdir(group)


SCENARIOS = (few_descriptors, few_descriptors_many_segments, descriptors_taken_away, little_address_space, little_memory)
