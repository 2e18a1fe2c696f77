"""A well-behaved client that goes on putting and reading while others misbehave, and notices everything."""
import base64
import threading
import time

import house


class Guest(threading.Thread):
    def __init__(self, inn, stream):
        super().__init__(daemon=True)
        self.house, self.stream = inn, stream
        self.over = threading.Event()
        self.wrong, self.acknowledged, self.calls = [], [], 0
        self.slowest, self.slowest_ever = 0.0, 0.0

    def run(self):
        try:
            with self.house.link() as link:
                while not self.over.wait(0.005):
                    self.turn(link)
        except Exception as why:
            self.wrong.append("%s: %s" % (type(why).__name__, why))

    def turn(self, link):
        data = base64.b64encode(b"guest %d" % self.calls).decode()
        begun = time.monotonic()
        put = link.call("PutRecord", {"StreamName": self.stream, "Data": data, "PartitionKey": "g"})
        if put.status != 200:
            self.wrong.append(put)
            return
        self.acknowledged.append(data)
        told = link.call("DescribeStreamSummary", {"StreamName": self.stream})
        if told.status != 200 or told.json()["StreamDescriptionSummary"]["StreamName"] != self.stream:
            self.wrong.append(told)
        self.calls += 1
        self.slowest = max(self.slowest, time.monotonic() - begun)

    def since(self):
        """(calls, slowest call) since it was last asked; what was wrong stays wrong."""
        slowest, self.slowest = self.slowest, 0.0
        self.slowest_ever = max(self.slowest_ever, slowest)
        return self.calls, slowest

    def leave(self):
        """Its end, and what does not fit: the empty list when everything was right."""
        self.over.set()
        self.join(30)
        found, refused = house.read_all(self.house, self.stream)
        if refused:
            self.wrong.append(refused)
        if found != self.acknowledged:
            self.wrong.append("%d records acknowledged, %d found" % (len(self.acknowledged), len(found)))
        return self.wrong
