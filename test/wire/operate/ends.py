"""How a server ends: by SIGTERM under load, with nothing lost, and by SIGKILL in the middle of transitions."""
import base64
import http.client
import json
import os
import pathlib
import signal
import sys
import threading
import time

import botocore.eventstream

from stage import active, read_all

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "http"))
os.environ["AWS_REGION"] = "us-east-1"  # where declared streams are
import h2.connection  # noqa: E402
import h2.events  # noqa: E402
import h2link  # noqa: E402  (found on the path that was just made longer)
import sign  # noqa: E402

CALLERS = 20

# To the h2 package a connection is closed after GOAWAY; to the protocol what was begun before it goes on.
STATE, INPUT = h2.connection.ConnectionState, h2.connection.ConnectionInputs
h2.connection.H2ConnectionStateMachine._transitions[STATE.CLIENT_OPEN, INPUT.RECV_GOAWAY] = (None, STATE.CLIENT_OPEN)


class Link(h2link.H2):
    """It knows up to which stream the server took requests."""
    last = None

    def flush(self):
        """What cannot be sent any more was not taken; what was answered is still there to be read."""
        try:
            super().flush()
        except BrokenPipeError:
            self.goaway = self.goaway or "unread"

    def take(self, event):
        super().take(event)
        if isinstance(event, h2.events.ConnectionTerminated):
            self.last = event.last_stream_id


def arguments(caller, count):
    return {"StreamName": "one", "Data": "%s" % ("%04d%04d" % (caller, count)), "PartitionKey": str(count)}


class Caller(threading.Thread):
    """Puts over one connection that is kept, until the server says that it ends. What is answered is kept by number."""

    def __init__(self, server, number):
        super().__init__()
        self.address, self.number = server.address, number
        self.answered, self.complaint, self.told = {}, None, False

    def run(self):
        link = http.client.HTTPConnection(self.address, timeout=15)
        link.connect()
        count = 0
        while not self.told:
            asked = arguments(self.number, count)
            body = json.dumps(asked).encode()
            headers = sign.signed("PutRecord", body, self.address)
            try:
                link.request("POST", "/", body, headers)
                answer = link.getresponse()
                said = json.loads(answer.read())
            except Exception as why:
                self.complaint = "put %d of caller %d: %r" % (count, self.number, why)
                return
            if answer.status != 200:
                self.complaint = "%d: %s" % (answer.status, said)
                return
            self.answered[said["SequenceNumber"]] = asked["Data"]
            self.told = answer.getheader("connection") == "close"
            count += 1


class Caller2(threading.Thread):
    """The same with sixteen requests at a time over HTTP/2; after GOAWAY none is begun, and what was begun below it ends."""

    def __init__(self, server, number):
        super().__init__()
        self.url, self.number = server.url, number
        self.answered, self.complaint, self.begun, self.open = {}, None, {}, set()

    def run(self):
        try:
            with Link(self.url) as link:
                self.put(link)
        except Exception as why:
            if self.open:
                self.complaint = "%d without an answer: %r" % (len(self.open), why)

    def put(self, link):
        count = 0
        while link.goaway is None or self.open:
            while link.goaway is None and len(self.open) < 16:
                asked = arguments(self.number, count)
                number = link.begin("PutRecord", asked)
                self.begun[number] = asked["Data"]
                self.open.add(number)
                count += 1
            link.step(15)
            self.open = {one for one in self.open if link.last is None or one <= link.last}
            for number in [one for one in self.open if link.streams[one].over]:
                self.open.discard(number)
                stream = link.streams[number]
                if stream.status == 200 and stream.reset is None:
                    self.answered[json.loads(stream.body)["SequenceNumber"]] = self.begun[number]
                elif stream.reset != 7:  # REFUSED_STREAM: it was not taken, says the server
                    self.complaint = "%r %r %r" % (stream.status, stream.reset, stream.body[:200])


def data_of(record):
    return base64.b64encode(record).decode()


def under_load(x):
    """Three times, because what is tested is a moment."""
    server = x.server("ends", "--limits", "off", "--stream", "one:2")
    wanted = {}
    for round_number in range(3):
        server.start()
        callers = [Caller(server, n) for n in range(CALLERS)] + [Caller2(server, CALLERS)]
        for caller in callers:
            caller.start()
        time.sleep(0.5)
        began = time.time()
        server.signal(signal.SIGTERM)
        code = server.end()
        took = time.time() - began
        for caller in callers:
            caller.join(20)
        x.equal("SIGTERM under load: status 0", code, 0)
        x.check("long before shutdown-grace", took < 5, "%.1f s" % took)
        complaints = [one.complaint for one in callers if one.complaint]
        x.equal("no request of 20 connections is left without an answer", complaints, [])
        wanted.update(pair for one in callers for pair in one.answered.items())
        x.check("HTTP/2 was in it", callers[-1].answered)
    server.start()
    there = read_all(server.client(), "one")
    wrong = [number for number, data in wanted.items() if data_of(there.get(number, b"-")) != data]
    x.equal("each of %d answered puts is there after restarts" % len(wanted), wrong, [])


def registered(k, arn):
    consumer = k.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    end = time.time() + 5
    while time.time() < end:
        if k.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE":
            break
        time.sleep(0.02)
    return consumer


def subscription(x):
    """SubscribeToShard ends in order when the server does: no exception, a continuation that can be used."""
    server = x.server("subscribed", "--limits", "off", "--stream", "one").start()
    k = server.client()
    arn = active(k, "one")["StreamARN"]
    consumer = registered(k, arn)
    put = [k.put_record(StreamName="one", Data=b"%d" % n, PartitionKey="k")["SequenceNumber"] for n in range(5)]
    told = k.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000",
                                StartingPosition={"Type": "TRIM_HORIZON"})
    got, after, seen = [], None, threading.Event()

    def stop():
        seen.wait(10)
        server.signal(signal.SIGTERM)
    stopper = threading.Thread(target=stop)
    stopper.start()
    why = None
    try:
        for event in told["EventStream"]:
            one = event["SubscribeToShardEvent"]
            got += [record["SequenceNumber"] for record in one["Records"]]
            after = one["ContinuationSequenceNumber"]
            if len(got) == 5:
                seen.set()
    except Exception as caught:
        why = repr(caught)
    seen.set()
    stopper.join()
    x.equal("a subscription ends without an exception", why, None)
    x.equal("after its records", got, put)
    x.equal("and the server ends", server.end(), 0)
    server.start()
    k = server.client()
    last = k.put_record(StreamName="one", Data=b"later", PartitionKey="k")["SequenceNumber"]
    at = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
    for event in k.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000",
                                      StartingPosition=at)["EventStream"]:
        numbers = [record["SequenceNumber"] for record in event["SubscribeToShardEvent"]["Records"]]
        if numbers:
            break
    x.equal("its continuation goes on after the restart", numbers, [last])


def told_over(link, number):
    """The events of a subscription, from its first byte to its end."""
    while not link.streams[number].over:
        link.step(5)
    buffer = botocore.eventstream.EventStreamBuffer()
    buffer.add_data(bytes(link.streams[number].body))
    return [json.loads(message.payload) for message in buffer if message.headers[":event-type"] == "SubscribeToShardEvent"]


def subscription_h2(x):
    """The same on HTTP/2, at LATEST, before anything was put: the stream ends without a reset, the connection says GOAWAY and
    closes; and the client knows where to go on, or it would miss what is put before it is back."""
    server = x.server("subscribed-h2", "--limits", "off", "--stream", "one").start()
    k = server.client()
    arn = active(k, "one")["StreamARN"]
    consumer = registered(k, arn)
    asked = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}}
    with Link(server.url) as link:
        number = link.begin("SubscribeToShard", asked)
        while b"initial-response" not in link.streams[number].body:
            link.step(5)
        server.signal(signal.SIGTERM)
        told = told_over(link, number)
        try:
            while True:
                link.step(5)
        except (ConnectionError, OSError):
            pass
        stream = link.streams[number]
        x.equal("a subscription on HTTP/2 ends in order", (stream.status, stream.over, stream.reset), (200, True, None))
        x.check("after GOAWAY, which names it as taken", link.goaway is not None and link.last == number, link.last)
        x.equal("it has said where it stood", [(one["Records"], one["MillisBehindLatest"]) for one in told], [([], 0)])
    x.equal("and the server ends with status 0", server.end(), 0)
    server.start()
    put = server.client().put_record(StreamName="one", Data=b"between", PartitionKey="k")["SequenceNumber"]
    asked["StartingPosition"] = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": told[-1]["ContinuationSequenceNumber"]}
    with Link(server.url) as link:
        number = link.begin("SubscribeToShard", asked)
        while put.encode() not in link.streams[number].body:
            link.step(5)
        x.check("what was put in between is told to who comes back", True)
        server.signal(signal.SIGTERM)
        told = told_over(link, number)
        x.equal("once", [record["SequenceNumber"] for one in told for record in one["Records"]], [put])
    x.equal("and the server ends again", server.end(), 0)


def silent(x):
    """Connections that a pool keeps cost a stop nothing, whatever they speak; who is in the middle is waited for."""
    server = x.server("silent", "--limits", "off", "--stream", "one").start()
    pool = []
    for n in range(10):
        one = http.client.HTTPConnection(server.address, timeout=10)
        one.request("GET", "/health")
        one.getresponse().read()
        pool.append(one)
    with Link(server.url) as link:
        link.call("ListStreams")
        time.sleep(0.4)
        began = time.time()
        server.signal(signal.SIGTERM)
        code = server.end()
        took = time.time() - began
        x.check("ten silent connections and one of HTTP/2 are closed at once", code == 0 and took < 0.2, "%.3f s" % took)
        try:
            while True:
                link.step(5)
        except (ConnectionError, OSError):
            pass
        x.check("HTTP/2 is told by GOAWAY", link.goaway is not None)
    x.equal("HTTP/1.1 sees the end", [one.sock.recv(10) for one in pool], [b""] * 10)
    server.start()
    busy = http.client.HTTPConnection(server.address, timeout=10)
    body = json.dumps(arguments(1, 1)).encode()
    headers = sign.signed("PutRecord", body, server.address)
    busy.putrequest("POST", "/", skip_host=True, skip_accept_encoding=True)
    for pair in list(headers.items()) + [("Content-Length", str(len(body)))]:
        busy.putheader(*pair)
    busy.endheaders(body[:10])
    time.sleep(0.4)
    server.signal(signal.SIGTERM)
    time.sleep(0.4)
    busy.send(body[10:])
    answer = busy.getresponse()
    x.equal("a request of which a part had come is answered, and told that it is the last",
            (answer.status, answer.getheader("connection")), (200, "close"))
    x.equal("then the server ends", server.end(), 0)


def transitions(x):
    """SIGKILL in the middle of each transition; the next start finishes it."""
    server = x.server("transitions", "--transition", "700ms", "--limits", "off").start()
    k = server.client()

    def again():
        server.kill()
        server.start()
        return server.client()

    def status(name):
        return k.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"]
    k.create_stream(StreamName="one", ShardCount=2)
    k = again()
    x.equal("CREATING outlives SIGKILL", status("one"), "CREATING")
    x.equal("and ends with its shards", active(k, "one")["OpenShardCount"], 2)
    k.put_record(StreamName="one", Data=b"before", PartitionKey="k")
    k.split_shard(StreamName="one", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2 ** 126))
    k = again()
    x.equal("UPDATING outlives it", status("one"), "UPDATING")
    x.equal("and ends with the split done", active(k, "one")["OpenShardCount"], 3)
    shards = k.list_shards(StreamName="one")["Shards"]
    x.equal("once", [shard.get("ParentShardId") for shard in shards], [None, None] + ["shardId-000000000000"] * 2)
    k.update_shard_count(StreamName="one", TargetShardCount=6, ScalingType="UNIFORM_SCALING")
    for _ in range(3):
        time.sleep(0.2)
        k = again()
    x.equal("a scaling through three of them", active(k, "one", seconds=20)["OpenShardCount"], 6)
    open_shards = [shard["HashKeyRange"] for shard in k.list_shards(StreamName="one")["Shards"]
                   if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    ends = sorted((int(one["StartingHashKey"]), int(one["EndingHashKey"])) for one in open_shards)
    x.check("no key is without a shard", ends[0][0] == 0 and ends[-1][1] == 2 ** 128 - 1
            and all(left[1] + 1 == right[0] for left, right in zip(ends, ends[1:])), ends)
    x.equal("records are there", list(read_all(k, "one").values()), [b"before"])
    k.delete_stream(StreamName="one")
    k = again()
    x.equal("DELETING outlives it", status("one"), "DELETING")
    end = time.time() + 5
    while k.list_streams()["StreamNames"] and time.time() < end:
        time.sleep(0.05)
    x.equal("and ends", k.list_streams()["StreamNames"], [])


def declared_while_deleting(x):
    """A stream that the settings name and that was being deleted when the server died is there when it is ready."""
    server = x.server("reborn", "--transition", "700ms", "--limits", "off", "--stream", "one").start()
    k = server.client()
    k.put_record(StreamName="one", Data=b"old", PartitionKey="k")
    k.delete_stream(StreamName="one")
    server.kill()
    server.start()
    k = server.client()
    time.sleep(0.8)
    x.equal("it is new and empty", (active(k, "one")["OpenShardCount"], read_all(k, "one")), (1, {}))


def before_it_is_ready(x):
    """SIGTERM ends a start as well, also one that waits for a stream of the settings."""
    server = x.server("early", "--transition", "30s", "--limits", "off", "--stream", "one").start()
    server.client().delete_stream(StreamName="one")
    server.kill()
    for delay in (0.02, 0.1, 1):
        starts = len(server.lines("starting"))
        server.spawn()
        server.wait_line("starting", starts + 1)
        time.sleep(delay)
        began = time.time()
        server.signal(signal.SIGTERM)
        code, took = server.end(), time.time() - began
        x.check("SIGTERM %d ms after a start begins: status 0, at once" % (delay * 1000), (code, took < 1) == (0, True),
                "%d, %.1f s" % (code, took))
    x.equal("none of them was ready", len(server.lines("ready")), 1)
    x.equal("and none failed", server.lines("failed"), [])


SCRIPTS = (under_load, subscription, subscription_h2, silent, transitions, declared_while_deleting, before_it_is_ready)
