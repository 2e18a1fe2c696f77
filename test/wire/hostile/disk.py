"""A full disk, and one that cannot be written: on file systems of our own, where mounting is allowed."""
import base64
import contextlib
import os
import subprocess
import time

import rot
from house import House, made, read_all

FIX = rot.FIX + ["--queue-bytes", "16MiB"]


def tool(*words):
    return subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode == 0


@contextlib.contextmanager
def mounted(folder, size):
    """A file system in memory, or None where that is not allowed."""
    folder.mkdir()
    if not tool("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder):
        yield None
        return
    try:
        yield folder
    finally:
        tool("mount", "-o", "remount,rw", folder)
        tool("umount", "-l", folder)


def putting(house, number, most):
    """Puts until one is refused: (how many were taken, the refusal or None)."""
    with house.link() as one:
        for count in range(most):
            data = base64.b64encode(b"%08d" % (number + count) + os.urandom(700000)).decode()
            got = one.call("PutRecord", {"StreamName": "s", "Data": data, "PartitionKey": "a"})
            if got.status != 200:
                return count, got
            putting.taken.append(data)
    return most, None


def full(folder):
    with mounted(folder / "small", "240m") as place:
        if place is None:
            yield "a full disk: not tested, because nothing can be mounted here", True, ""
            return
        putting.taken = []
        with House(folder / "house", *FIX, data=place / "data") as house:
            made(house, "s")
            putting(house, 0, 20)
            (place / "ballast").write_bytes(b"")
            with open(place / "ballast", "wb") as file:
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(1 << 20))
            _, got = putting(house, 100, 400)
            yield "a full disk: a put is refused so that it is tried again", got is not None and got.status >= 500, got
            found, bad = read_all(house, "s")
            yield "reads go on, and everything that was taken is there", bad is None and found == putting.taken, \
                (bad, len(found), len(putting.taken))
            yield "it is said", any("full" in str(line) and line["level"] in ("warn", "error") for line in house.lines()), \
                house.text()[-400:]
            said = sum("full" in str(line) for line in house.lines() if line["event"] != "request")
            for number in range(20):
                house.call("PutRecord", {"StreamName": "s", "Data": "aGk=", "PartitionKey": "a"})
            again = sum("full" in str(line) for line in house.lines() if line["event"] != "request")
            yield "and not again for every put", again - said <= 2, (said, again)
            os.unlink(place / "ballast")
            begun, count = time.monotonic(), 0
            while count == 0 and time.monotonic() - begun < 15:
                count, got = putting(house, 1000, 5)
                time.sleep(0.1)
            yield "puts resume by themselves when there is room", count == 5, got
            found, bad = read_all(house, "s")
            small = [data for data in found if data == "aGk="]
            yield "nothing is missing and nothing refused appears", bad is None and not small and found == putting.taken, \
                (len(small), len(found), len(putting.taken), bad)
            yield "it stops with status 0", house.stop() == 0, house.text()[-500:]
            yield "and starts again", house.start() and read_all(house, "s")[0] == putting.taken, house.text()[-500:]
            yield "and stops", house.stop() == 0, house.text()[-500:]


def read_only(folder):
    with mounted(folder / "locked", "200m") as place:
        if place is None:
            yield "a read-only disk: not tested, because nothing can be mounted here", True, ""
            return
        house = House(folder / "reader", *FIX, data=place / "data")
        yield "it starts while it may write", house.start() and house.stop() == 0, house.text()[-300:]
        tool("mount", "-o", "remount,ro", place)
        started = house.start()
        failed = [line["reason"] for line in house.events("failed")]
        yield "on a read-only disk: status 1, and one line with the file and why", not started and \
            house.process.wait() == 1 and len(failed) == 1 and "read-only" in failed[0] and str(place) in failed[0], \
            house.text()[-400:]


PARTS = [full, read_only]
