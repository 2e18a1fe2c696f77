"""HTTP/2 by prior knowledge: many streams, and none that holds up another."""
import base64
import struct
import time

from h2link import H2
from link import Link


def names(body):
    """The event types of the whole messages in a body."""
    out = []
    while len(body) >= 16:
        total, headers = struct.unpack(">II", body[:8])
        if len(body) < total:
            break
        text = body[12:12 + headers]
        at = text.index(b":event-type") if b":event-type" in text else text.index(b":exception-type")
        at = text.index(b"\x07", at) + 1
        size = struct.unpack(">H", text[at:at + 2])[0]
        out.append(text[at + 2:at + 2 + size].decode())
        body = body[total:]
    return out


def consumer(link, arn, name):
    made = link.call("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": name}).json()["Consumer"]["ConsumerARN"]
    for _ in range(100):
        told = link.call("DescribeStreamConsumer", {"ConsumerARN": made}).json()["ConsumerDescription"]
        if told["ConsumerStatus"] == "ACTIVE":
            break
        time.sleep(0.05)
    return made


def subscription(consumer_arn, shard=0):
    return {"ConsumerARN": consumer_arn, "ShardId": "shardId-%012d" % shard, "StartingPosition": {"Type": "TRIM_HORIZON"}}


def settings(url, *_):
    with H2(url) as link:
        got = link.call("ListStreams", {"Limit": 1})
        yield "a call by prior knowledge", got.status == 200, got
        yield "a thousand streams at least are allowed", link.peer.get(3, 1 << 31) >= 1000, link.peer
        yield "PING is answered", link.ping(b"12345678"), link.pongs


def many(url, stream, _):
    with H2(url) as link:
        begun = [link.begin("DescribeStreamSummary", {"StreamName": stream}) for _ in range(500)]
        got = [link.end(number).status for number in begun]
    yield "500 streams at once", got == [200] * 500, sorted(set(got), key=str)


def large(url, *_):
    with H2(url) as link:
        got = link.call("ListStreams", body=b'{"Limit":1}' + b" " * ((16 << 20) - 11))
        yield "16 MiB are taken", got.status == 200, got
        number = link.begin("ListStreams", body=b'{"Limit":1}' + b" " * (17 << 20))
        got = link.end(number)
        yield "17 MiB are refused, and the answer arrives", got.status == 413, got
        got = link.call("ListStreams", {"Limit": 1})
        yield "the connection goes on behind it", got.status == 200, got


def stalled(url, stream, arn):
    """A subscriber who stops reading holds up neither PING nor calls nor another subscriber on its connection."""
    with Link(url) as plain:
        shards = plain.call("ListShards", {"StreamName": stream}).json()["Shards"]
        slow, fast = consumer(plain, arn, "slow"), consumer(plain, arn, "fast")
        for _ in range(20):
            put = plain.call("PutRecord", {"StreamName": stream, "Data": base64.b64encode(bytes(900000)).decode(),
                                           "PartitionKey": "a", "ExplicitHashKey": shards[0]["HashKeyRange"]["StartingHashKey"]})
            if put.status == 200:
                break
            time.sleep(0.5)
    with H2(url, window=65535) as link:
        first = link.begin("SubscribeToShard", subscription(slow))
        stream_of = link.streams[first]
        link.until(lambda: len(stream_of.body) >= 65535)
        yield "initial-response comes first", names(stream_of.body)[:1] == ["initial-response"], stream_of.body[:60]
        yield "a stream stalls at its window", len(stream_of.body) == 65535, len(stream_of.body)
        yield "PING is answered while it is stalled", link.ping(b"stalled."), link.pongs
        got = link.call("ListStreams", {"Limit": 1})
        yield "a call is answered while it is stalled", got.status == 200, got
        other = link.begin("SubscribeToShard", subscription(fast))
        link.h2.increment_flow_control_window(8 << 20, other)
        link.flush()
        enough = link.until(lambda: len(names(link.streams[other].body)) > 1)
        yield "another subscriber reads on", enough, len(link.streams[other].body)
        link.h2.increment_flow_control_window(8 << 20, first)
        link.flush()
        enough = link.until(lambda: len(names(stream_of.body)) > 1)
        yield "with room the stalled one reads on, whole", enough and set(names(stream_of.body)[1:]) == {
            "SubscribeToShardEvent"}, names(stream_of.body)
        link.h2.reset_stream(other)
        link.flush()
        got = link.call("ListStreams", {"Limit": 1})
        yield "a reset subscription leaves the connection alone", got.status == 200, got


def idle(url, stream, arn):
    """Heartbeats, over HTTP/1.1: one soon, the next within five seconds."""
    with Link(url) as link:
        made = consumer(link, arn, "idle")
        head, body = link.request("SubscribeToShard", dict(subscription(made, 1), StartingPosition={"Type": "LATEST"}))
        begun = time.monotonic()
        link.send(head + body)
        status, headers = link.status()
        kind = headers.get("content-type")
        yield "an event stream is chunked", (status, kind, headers.get("transfer-encoding")) == (
            200, "application/vnd.amazon.eventstream", "chunked"), headers
        got, times = b"", []
        while len(times) < 3:
            got += link.chunk()
            while len(times) < len(names(got)):
                times.append(time.monotonic() - begun)
        yield "initial-response at once, an event soon, the next within five seconds", times[0] < 0.5 and times[1] < 2 and \
            times[2] - times[1] <= 5, times
        with Link(url) as later:
            time.sleep(max(0, 5.1 - (time.monotonic() - begun)))
            head, body = later.request("SubscribeToShard", dict(subscription(made, 1), StartingPosition={"Type": "LATEST"}))
            later.send(head + body)
            status, _ = later.status()
            yield "after five seconds another call takes over", status == 200, status
            rest = b"".join(iter(link.chunk, b""))
            yield "the first stream is told, and ends", names(rest)[-1:] == ["ResourceInUseException"], rest[-200:]
            yield "its connection goes on", link.call("ListStreams", {"Limit": 1}).status == 200, ""
            yield "the second stream begins", names(later.chunk())[:1] == ["initial-response"], ""


def broken(url, *_):
    for what, raw in (("a frame beyond the size that was agreed", b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"),
                      ("DATA on a stream that never was", b"\x00\x00\x01\x00\x00\x00\x00\x00\x09a"),
                      ("WINDOW_UPDATE by nothing on the connection", b"\x00\x00\x04\x08\x00\x00\x00\x00\x00" + bytes(4))):
        with H2(url) as link:
            link.call("ListStreams", {"Limit": 1})
            link.link.send(raw)
            try:
                link.until(lambda: link.goaway is not None, 5)
            except (ConnectionError, OSError):
                pass
            yield what + " ends the connection with GOAWAY", link.goaway not in (None, 0), link.goaway


PARTS = [settings, many, large, stalled, idle, broken]
