"""subscriber.py: who is pushed to: SubscribeToShard over HTTP/1.1, its event stream taken apart here."""
import json
import select
import struct
import time

from kinesis import Client, Lost, Refused
from load import Worker


class Ending(Exception):
    """The event stream ended in order."""


class Stream(Client):
    """One subscription on a connection of its own."""

    def __init__(self, port):
        super().__init__(port)
        self.events = b""

    def open(self, arn, shard, position):
        """Leaves the connection behind the head of the answer."""
        self.streaming = True
        try:
            self.call("SubscribeToShard", ConsumerARN=arn, ShardId=shard, StartingPosition=position)
        finally:
            self.streaming = False

    def _answer(self):
        if not getattr(self, "streaming", False):
            return super()._answer()
        status = int(self._line().split()[1])
        headers = {}
        while line := self._line():
            name, value = line.decode("latin1").split(":", 1)
            headers[name.lower()] = value.strip()
        if status != 200:
            return status, self._bytes(int(headers.get("content-length", 0)))
        return status, b""

    def waiting(self, seconds):
        return bool(self.rest) or bool(select.select([self.socket], [], [], seconds)[0])

    def _more_events(self):
        size = int(self._line().split(b";")[0], 16)
        if size == 0:
            self._line()
            raise Ending(f"{len(self.events)} bytes of an event left over" if self.events else "")
        self.events += self._bytes(size)
        self._line()

    def event(self):
        """(type, value) of the next event."""
        try:
            while len(self.events) < 12 or len(self.events) < struct.unpack(">I", self.events[:4])[0]:
                self._more_events()
        except OSError as e:
            raise Lost(str(e)) from None
        size, head = struct.unpack(">II", self.events[:8])
        headers, at = {}, 12
        while at < 12 + head:
            name_size = self.events[at]
            name = self.events[at + 1:at + 1 + name_size].decode()
            at += 1 + name_size
            value_size = struct.unpack(">H", self.events[at + 1:at + 3])[0]  # all values are strings
            headers[name] = self.events[at + 3:at + 3 + value_size].decode()
            at += 3 + value_size
        body, self.events = self.events[12 + head:size - 4], self.events[size:]
        return headers.get(":event-type") or headers.get(":exception-type"), json.loads(body or b"{}")


class Subscriber(Worker):
    """Follows the only shard of a stream from its first record; comes back where the last event said."""

    def __init__(self, port, judge, stream):
        super().__init__(port)
        self.port = port
        self.judge = judge
        self.stream = stream
        self.shard = "shardId-000000000000"
        self.arn = None
        self.link = None
        self.after = None
        self.last = -1
        self.subscribed = self.endings = self.losses = 0
        self.exceptions = []

    def register(self):
        summary = self.client.call("DescribeStreamSummary", StreamName=self.stream)["StreamDescriptionSummary"]
        try:
            self.client.call("RegisterStreamConsumer", StreamARN=summary["StreamARN"], ConsumerName="follower")
        except Refused as e:
            if b"ResourceInUse" not in e.body:
                raise
        found = self.client.call("DescribeStreamConsumer", StreamARN=summary["StreamARN"], ConsumerName="follower")
        if found["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE":
            self.arn = found["ConsumerDescription"]["ConsumerARN"]

    def subscribe(self):
        at = {"Type": "TRIM_HORIZON"}
        if self.after:
            at = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.after}
        link = Stream(self.port)
        link.open(self.arn, self.shard, at)
        self.link = link
        self.subscribed += 1

    def leave(self):
        if self.link:
            self.link.close()
        self.link = None

    def step(self):
        try:
            if not self.arn:
                self.register()
            elif not self.link:
                self.subscribe()
            elif self.link.events or self.link.waiting(0.1):
                self.take(*self.link.event())
        except Ending as e:
            self.endings += 1
            if e.args[0]:
                self.exceptions.append(e.args[0])
            self.leave()
        except Lost:
            self.losses += 1
            self.leave()
            time.sleep(0.02)
        except Refused as e:
            if b"ResourceInUse" not in e.body:  # the former subscription is not yet over
                self.exceptions.append(str(e))
            self.leave()
            time.sleep(0.02)

    def take(self, kind, value):
        if kind == "initial-response":
            return
        if kind != "SubscribeToShardEvent":
            self.exceptions.append(f"{kind}: {value}")
            return
        for record in value["Records"]:
            self.last = self.judge.read("subscriber", self.stream, self.shard, record, self.last)
        self.after = value["ContinuationSequenceNumber"]
