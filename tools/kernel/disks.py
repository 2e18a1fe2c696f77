"""disks.py: a disk that is full and has room again, and one that the kernel has made read-only."""
import base64
import os
import time

from kinesis import Client
from load import Writer
from stage import BigWriter, Skip, answers, tool

MIB = 320  # two segments, what is not settled, a settled file, and the room that is kept


def fill(place):
    """Takes all that is left, twice, because a file system gives some of it late."""
    with open(os.path.join(place, "ballast"), "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def refused_now(stage, count=20):
    before = stage.refusals()
    return stage.until(lambda: stage.refusals() >= before + count, 60)


def expect_full(stage, when):
    """Puts are refused as documented, everything is read, and the log says it once."""
    stage.check(f"{when}: puts are refused", refused_now(stage), "nobody was")
    told = {(worker.refusal.status, b"ServiceUnavailable" in worker.refusal.body or b"InternalFailure" in worker.refusal.body)
            for worker in stage.of(Writer) if worker.refusal}
    stage.check(f"{when}: with an error that clients retry", told and all(status >= 500 and known for status, known in told), told)
    stage.check(f"{when}: it lives", stage.server.alive(), stage.events("failed")[-1:])
    stage.verify()


def start_while_full(stage):
    """Whether it starts. One that does not says where and what to do."""
    before = len(stage.events("failed"))
    stage.server.spawn()
    for _ in range(400):
        if stage.server.wait(0.05) is not None:
            said = [line["reason"] for line in stage.events("failed")][before:]
            stage.check("a start that finds no room at all: status 1, and where and what to do",
                        stage.server.process.returncode == 1 and len(said) == 1 and stage.data in said[0] and "full" in said[0],
                        (stage.server.process.returncode, said))
            return False
        if answers(stage.call, "ListStreams")[1] is None:
            return True
    return stage.check("a start while the disk is full ends or serves", False, "neither")


def full_disk(stage):
    """Full, killed while full, started while full, ended while full, and free again, round after round."""
    stage.mount(MIB)
    stage.serve().start()
    stage.load(3, kind=BigWriter)
    rounds, resumed, starts = 1 if stage.short else 4, [], []
    for _ in range(rounds):
        stage.check("load", stage.progress(20, 200))
        said = len([line for line in stage.events("log_error") if "full" in line["what"]])
        fill(stage.place)
        expect_full(stage, "full")
        more = len([line for line in stage.events("log_error") if "full" in line["what"]]) - said
        stage.check("it is said, and not for every put", 1 <= more <= 3, more)
        stage.server.kill()
        fill(stage.place)
        started = start_while_full(stage)
        starts.append(started)
        if started:
            expect_full(stage, "killed and started while full")
            status, _ = stage.term()
            stage.check("it ends in order while full", status == 0, status)
            fill(stage.place)
            started = start_while_full(stage)
            starts.append(started)
            if started:
                expect_full(stage, "ended and started while full")
        os.unlink(os.path.join(stage.place, "ballast"))
        if not started:
            stage.server.start()
        began = time.monotonic()
        stage.check("puts go on by themselves when there is room", stage.progress(15, 100),
                    [worker.refusal for worker in stage.of(Writer)])
        resumed.append(time.monotonic() - began)
        stage.verify()
    stage.check("it ends in order", stage.term()[0] == 0)
    stage.server.start()
    stage.verify()
    stage.figure(f"{len(starts)} starts while full, {sum(starts)} of them served")
    stage.figure(f"{rounds} times full, puts go on after {max(resumed):.1f} s, {stage.refusals()} refused meanwhile")


def full_for_the_first_start(stage):
    """A start that finds no room at all ends with a sentence, and leaves nothing behind that hinders the next."""
    stage.mount(MIB)
    os.makedirs(stage.data)
    fill(stage.place)
    server = stage.serve()
    server.spawn()
    status = server.wait(20)
    said = [line["reason"] for line in stage.events("failed")]
    stage.check("no room: status 1 and one sentence", status == 1 and len(said) == 1 and stage.data in said[0], (status, said))
    os.unlink(os.path.join(stage.place, "ballast"))
    if status is None:
        server.kill()
    server.start()
    stage.load(1)
    stage.check("with room it starts and serves", stage.progress())
    stage.verify()


def read_only_disk(stage):
    """The kernel takes write access away, as it does when a file system is damaged (errors=remount-ro)."""
    stage.mount(MIB, kinds=("ext4",))
    device = os.path.basename(os.path.realpath(found_device(stage.place)))
    trigger = f"/sys/fs/ext4/{device}/trigger_fs_error"
    if not os.access(trigger, os.W_OK):
        raise Skip("this kernel cannot be told that a file system is damaged")
    stage.serve().start()
    stage.load(3, kind=BigWriter)
    stage.check("load", stage.progress(20, 200))
    with open(trigger, "w", encoding="utf-8") as file:
        file.write("leat")
    status = stage.server.wait(20)
    said = [line["reason"] for line in stage.events("failed")]
    stage.check("a failed write ends the process, with a sentence", status == 1 and len(said) == 1, (status, said))
    stage.server.spawn()
    status = stage.server.wait(20)
    said = [line["reason"] for line in stage.events("failed")][1:]
    stage.check("while it is read-only it is not started: status 1, the file and why",
                status == 1 and len(said) == 1 and "read-only" in said[0] and stage.data in said[0], (status, said))
    if stage.server.alive():
        stage.server.kill()
    stage.rest()
    tool("umount", stage.place)
    tool("e2fsck", "-fy", stage.image)
    mounted = tool("mount", "-o", "loop,errors=remount-ro", stage.image, stage.place)
    stage.check("(it is mounted again)", mounted)
    stage.server.start()
    stage.resume()
    stage.check("writable again, it goes on", stage.progress())
    stage.verify()


def found_device(place):
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            if line.split()[1] == place:
                return line.split()[0]
    raise Skip("the mounted device is not in /proc/self/mounts")


def old_readers_on_a_full_disk(stage):
    """Records that only the disk has are read while it is full, from the first to the last."""
    stage.mount(MIB)
    stage.serve().start()
    stage.load(1, kind=BigWriter)
    stage.check("load", stage.progress(20, 300))
    fill(stage.place)
    stage.check("puts are refused", refused_now(stage))
    client = Client(stage.server.port)
    stage.rest()
    count, bad = 0, None
    for shard in client.shards("one"):
        for record in client.read_all("one", shard):
            count += 1
            bad = bad or (None if base64.b64decode(record["Data"]) else record)
    held = sum(place.stream == "one" for place in stage.judge.promised.values())
    stage.check("all of them", count >= held and not bad, (count, held))
    answer, refusal = answers(client.call, "ListShards", StreamName="one")
    stage.check("and all that only asks", answer and not refusal, refusal)


SCENARIOS = (full_disk, full_for_the_first_start, read_only_disk, old_readers_on_a_full_disk)
