"""judge.py: what was promised, what was seen, and whether the log still says so.

Each record begins with its own name and the checksum of what follows, so that a record found in the log identifies
itself and proves that it is whole. A promise is an acknowledgement: name -> (stream, shard, sequence number)."""
import base64
import bisect
import collections
import random
import threading
import zlib

Place = collections.namedtuple("Place", "stream shard number")


def payload(name, size, rng):
    filler = rng.randbytes(size)
    return b"%s %08x " % (name.encode(), zlib.crc32(filler)) + filler


def payload_name(data):
    """The name of a whole record, None when it is damaged or not ours."""
    parts = data.split(b" ", 2)
    if len(parts) != 3:
        return None
    try:
        return parts[0].decode() if int(parts[1], 16) == zlib.crc32(parts[2]) else None
    except ValueError:
        return None


class Judge:
    def __init__(self, say):
        self.lock = threading.Lock()
        self.sent = set()        # names handed to the network
        self.promised = {}       # name -> Place, in the order of the answers
        self.seen = {}           # name -> Place, by any reader, ever
        self.followed = {}       # (reader, stream, shard) -> (records it got from the first on, the last one's number)
        self.faults = collections.Counter()
        self.passed = self.failed = 0
        self.say = say
        self.patient = False     # a reader may be told to come again

    # ---- while the server runs ----

    def sending(self, names):
        with self.lock:
            self.sent.update(names)

    def answered(self, places):
        """places: [(name, Place)] of one acknowledged call."""
        with self.lock:
            for name, place in places:
                self.promised[name] = place

    def read(self, reader, stream, shard, record, previous):
        """`reader`, who began at the first record, got `record` behind sequence number `previous` (an int). Returns the
        record's number."""
        number = int(record["SequenceNumber"])
        name = payload_name(base64.b64decode(record["Data"]))
        with self.lock:
            if name is None:
                self.fault("a reader got a damaged record", shard, record["SequenceNumber"])
            elif name in self.seen and self.seen[name].number != number:
                self.fault("a reader got a record twice", name, self.seen[name], number)
            else:
                self.seen[name] = Place(stream, shard, number)
            if number <= previous:
                self.fault("a reader got records out of order", shard, previous, number)
            got, _ = self.followed.get((reader, stream, shard), (0, -1))
            self.followed[reader, stream, shard] = (got + 1, number)
        return number

    def refused(self, error):
        if self.patient and error.status >= 500:
            return
        with self.lock:
            self.fault("a reader was refused", error)

    def fault(self, what, *details):
        self.faults[what] += 1
        if self.faults[what] <= 3:
            self.say(f"FAULT {what}: " + " ".join(str(detail) for detail in details))

    # ---- when everybody rests ----

    def verify(self, log):
        """log: ((stream, shard), records as GetRecords gives them) of every shard, read from TRIM_HORIZON. Returns the
        number of acknowledged records that are not there."""
        found = {}
        before = self.faults.copy()
        for (stream, shard), records in log:
            previous, there = -1, []
            for record in records:
                number, name = int(record["SequenceNumber"]), payload_name(base64.b64decode(record["Data"]))
                if number <= previous:
                    self.fault("sequence numbers do not grow", shard, previous, number)
                previous = number
                there.append(number)
                if name is None:
                    self.fault("a record is damaged", shard, number)
                elif name not in self.sent:
                    self.fault("a record nobody sent", name)
                elif name in found:
                    self.fault("a record is there twice", name, found[name], shard, number)
                else:
                    found[name] = Place(stream, shard, number)
            self.skips(stream, shard, there)
        lost = 0
        for name, place in self.promised.items():
            if name not in found:
                lost += 1
                self.fault("an acknowledged record is lost", name, place)
            elif found[name] != place:
                self.fault("an acknowledged record is elsewhere", name, place, found[name])
        for name, place in self.seen.items():
            if found.get(name) != place:
                self.fault("a reader saw a record that is gone", name, place, found.get(name))
        self.order()
        self.seen.update(found)
        for what in CHECKS:
            if self.faults[what] > before[what]:
                self.failed += 1
            else:
                self.passed += 1
        return lost

    def skips(self, stream, shard, numbers):
        """Whoever followed a shard from its first record to some number has got as many as there are up to it."""
        for (reader, *where), (got, last) in self.followed.items():
            if where == [stream, shard] and got != bisect.bisect_right(numbers, last):
                self.fault("a reader skipped records", reader, shard, got, bisect.bisect_right(numbers, last))

    def order(self):
        """One writer's calls to one shard, one after the other, have growing numbers. Calls are told apart by the
        second part of a name (writer-call-record); within one call of PutRecords nothing is promised."""
        last = {}
        for name, place in self.promised.items():
            writer, call, _ = name.split("-")
            key = (writer, place.stream, place.shard)
            then, highest, floor = last.get(key, (None, -1, -1))
            if then != call:
                floor = highest
            if place.number <= floor:
                self.fault("a later put has an earlier number", name, place.number, floor)
            last[key] = (call, max(highest, place.number), floor)


CHECKS = (
    "an acknowledged record is lost",
    "an acknowledged record is elsewhere",
    "a record is there twice",
    "a record is damaged",
    "a record nobody sent",
    "sequence numbers do not grow",
    "a later put has an earlier number",
    "a reader saw a record that is gone",
    "a reader got a damaged record",
    "a reader got a record twice",
    "a reader got records out of order",
    "a reader skipped records",
    "a reader was refused",
)
