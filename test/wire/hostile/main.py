"""What bad input gets: from peers, from bodies, from the disk, from the settings.

Prints `ok  hostile: <what>` or `FAIL hostile: <what>: <why>` per check, then `N passed, N failed`. Names of parts may be
given: peers payloads frames doors rot disk wrong.
"""
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))  # link.py, sign.py

import base64
import os

import disk
import doors
import frames
import payloads
import peers
import rot
import wrong
from guest import Guest
from house import House, PROGRAM, made, read_all

SMALL = ["--memory-bytes", "32MiB", "--connections-max", "200", "--header-timeout", "1s", "--body-timeout", "1s",
         "--write-timeout", "3s", "--idle-timeout", "5s", "--tail-bytes", "1MiB", "--queue-bytes", "16MiB",
         "--index-cache-bytes", "1MiB", "--limits", "off", "--log-level", "info"]
TIMES = os.environ.get("LEAT_TIMES")
RSS_MIB = 160  # 32 of bodies, 32 of answers and one beyond, 16 of the queue, and the rest of the program


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, good, why=""):
        if good:
            self.passed += 1
            print("ok  hostile: %s" % what, flush=True)
        else:
            self.failed += 1
            print("FAIL hostile: %s: %.600s" % (what, why), flush=True)

    def run(self, part, *arguments):
        """A part is a function that yields (what, good, why); what it throws is its failure and ends that part only."""
        try:
            for told in part(*arguments):
                self.check(*told)
        except Exception as why:
            self.check(part.__name__.replace("_", " "), False, "%s: %s" % (type(why).__name__, why))


def siege(count, folder, parts):
    """One server, one guest who behaves, and everybody else."""
    with House(folder, *SMALL) as house:
        for name in ("untouched", "kept", "large", "guest"):
            made(house, name)
        block = {"Data": base64.b64encode(os.urandom(1000000)).decode(), "PartitionKey": "a"}
        with house.link() as link:
            for _ in range(2):
                link.call("PutRecords", {"StreamName": "large", "Records": [block] * 10})
        guest = Guest(house, "guest")
        guest.start()
        patience = 20 if house.sanitized() else 4
        for module in parts:
            for part in module.PARTS:
                (before, _), begun = guest.since(), time.monotonic()
                count.run(part, house)
                time.sleep(0.1)
                calls, slowest = guest.since()
                count.check("the guest notices nothing of %s" % part.__name__.replace("_", " "),
                            not guest.wrong and calls > before and slowest < patience,
                            "%s, %d calls, slowest %.2f s" % (guest.wrong[:3], calls - before, slowest))
                if TIMES:
                    print("   %s took %.1f s, guest %.2f s" % (part.__name__, time.monotonic() - begun, slowest))
        wrong = guest.leave()
        count.check("its %d records are there, once and in order" % len(guest.acknowledged), not wrong, wrong[:3])
        found, _ = read_all(house, "untouched")
        count.check("nothing that was refused had an effect", found == [], found[:3])
        if not house.sanitized():
            count.check("the server stayed below %d MiB" % RSS_MIB, house.peak_mib() < RSS_MIB, "%d MiB" % house.peak_mib())
        bad = house.events("bad_peer")
        count.check("who was cut off is in the log, with a reason", len(bad) > 100 and all(line.get("reason") for line in bad),
                    len(bad))
        status = house.stop()
        count.check("and it stops with status 0", status == 0, "%s: %s" % (status, house.text()[-600:]))
        clean = not any(word in house.text() for word in ("Sanitizer", "runtime error", "Assertion"))
        count.check("nothing on its standard error but its log", clean, house.text()[-3000:])


def main():
    count = Count()
    if not PROGRAM:
        print("ok  hostile: there is no program to start here (LEAT_PROGRAM), only an endpoint: nothing is tested")
        print("1 passed, 0 failed")
        return 0
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="leat-hostile-") as folder:
        modules = {"payloads": payloads, "peers": peers, "frames": frames}
        parts = [module for name, module in modules.items() if not wanted or name in wanted]
        if parts:
            siege(count, pathlib.Path(folder) / "siege", parts)
        for name, module in {"doors": doors, "wrong": wrong, "rot": rot, "disk": disk}.items():
            if wanted and name not in wanted:
                continue
            place = pathlib.Path(folder) / name
            place.mkdir()
            for part in module.PARTS:
                begun = time.monotonic()
                count.run(part, place)
                if TIMES:
                    print("   %s took %.1f s" % (part.__name__, time.monotonic() - begun))
    print("%d passed, %d failed" % (count.passed, count.failed))
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
