"""Bad peers over HTTP/2, with hand-made frames, and over TLS."""
import os
import socket
import struct
import time

from peers import closes
from sign import signed

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header that is neither indexed nor Huffman-coded."""
    return b"\x00" + number(len(name)) + name + number(len(value)) + value


def number(size):
    if size < 127:
        return bytes([size])
    size, out = size - 127, b"\x7f"
    while size >= 128:
        out, size = out + bytes([size & 127 | 128]), size >> 7
    return out + bytes([size])


def block(house, operation, body):
    host = house.url[7:]
    pairs = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", host.encode())]
    pairs += [(name.lower().encode(), value.encode()) for name, value in signed(operation, body, host).items()]
    return b"".join(literal(*pair) for pair in pairs)


def asked(house, stream, operation="ListStreams", body=b'{"Limit":1}'):
    return frame(HEADERS, END_HEADERS, stream, block(house, operation, body)) + frame(DATA, END_STREAM, stream, body)


class Frames:
    """A connection that has said hello."""

    def __init__(self, house, settings=b""):
        self.link = house.link()
        self.link.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.socket.close()

    def send(self, data):
        """False when the peer has closed."""
        try:
            self.link.send(data)
            return True
        except OSError:
            return False

    def frame(self):
        """(kind, flags, stream, payload), or None at the end."""
        try:
            head = self.link.take(9)
            return head[3], head[4], struct.unpack(">I", head[5:])[0], self.link.take(int.from_bytes(head[:3], "big"))
        except Exception:
            return None

    def until(self, kind, stream=None, seconds=5):
        """The next frame of that kind (of that stream), or None."""
        self.link.socket.settimeout(seconds)
        while True:
            got = self.frame()
            if got is None or (got[0] == kind and stream in (None, got[2])):
                return got

    def code(self):
        """The error code of GOAWAY; -1 when it just closed."""
        got = self.until(GOAWAY)
        return struct.unpack(">I", got[3][4:8])[0] if got else -1


def answers(house):
    with Frames(house) as one:
        one.send(asked(house, 1))
        got = one.until(DATA, 1)
    yield "a hand-made request is answered", got and b"StreamNames" in got[3], got


def flood(house, what, piece, most):
    """Pieces without an end, and nothing is read: the peer stops it before `most` MiB."""
    with Frames(house) as one:
        one.link.socket.settimeout(5)
        sent = 0
        while sent < most << 20 and one.send(piece):
            sent += len(piece)
        return "a flood of %s is stopped" % what, sent < most << 20, "%d bytes were taken" % sent


def floods(house):
    yield flood(house, "SETTINGS", frame(SETTINGS) * 1000, 16)
    yield flood(house, "PING", frame(PING, 0, 0, bytes(8)) * 1000, 16)
    yield flood(house, "PRIORITY", frame(PRIORITY, 0, 1, bytes(5)) * 1000, 16)
    yield flood(house, "WINDOW_UPDATE beyond 2^31", frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff") * 1000, 16)
    yield flood(house, "empty DATA", frame(HEADERS, END_HEADERS, 1, block(house, "ListStreams", b"")) + frame(DATA, 0, 1) * 1000,
                16)
    with Frames(house) as one:
        head, stream = block(house, "ListStreams", b""), 1
        while stream < 200000 and one.send(frame(HEADERS, END_HEADERS, stream, head) + frame(RST, 0, stream, bytes(4))):
            stream += 2
    yield "a flood of requests that are reset at once is stopped", stream < 200000, stream
    with Frames(house) as one:
        alive = one.send(frame(HEADERS, 0, 1, block(house, "ListStreams", b"")))
        sent = 0
        while alive and sent < 64 << 20:
            alive = one.send(frame(CONTINUATION, 0, 1, literal(b"x-flood", b"a" * 8000)) * 8)
            sent += 64000
    yield "a flood of CONTINUATION is stopped", not alive, "%d bytes were taken" % sent
    with Frames(house) as one:
        bomb = b"\x40" + number(4) + b"x-bo" + number(3900) + b"a" * 3900  # into the table, then named again and again
        one.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(house, "ListStreams", b"") + bomb + b"\xbe" * 12000))
        got = one.until(HEADERS, 1)
        again = one.send(asked(house, 3)) and one.until(DATA, 3)
    yield "a bomb of headers is refused", got is not None or one.code() >= 0, got
    yield "and costs that request only", again and b"StreamNames" in again[3], again


def broken(house):
    rows = [("a frame larger than allowed", frame(DATA, 0, 1, bytes(20000))), ("DATA on stream 0", frame(DATA, 0, 0, b"a")),
            ("HEADERS on an even stream", frame(HEADERS, END_HEADERS, 2, block(house, "ListStreams", b""))),
            ("CONTINUATION of nothing", frame(CONTINUATION, END_HEADERS, 1, b"a")),
            ("SETTINGS of five bytes", frame(SETTINGS, 0, 0, bytes(5))), ("PING of three bytes", frame(PING, 0, 0, bytes(3))),
            ("a window that grows by nothing", frame(WINDOW, 0, 0, bytes(4))), ("PUSH_PROMISE", frame(PUSH, END_HEADERS, 1, bytes(4))),
            ("an initial window beyond 2^31", frame(SETTINGS, 0, 0, b"\x00\x04\xff\xff\xff\xff")),
            ("a header block that is none", frame(HEADERS, END_HEADERS, 1, b"\xff" * 100)),
            ("padding longer than the frame", frame(DATA, 8, 1, b"\xff" + b"a"))]
    for what, raw in rows:
        with Frames(house) as one:
            one.send(raw)
            code = one.code()
            got, _ = closes(one.link, 5)
        yield "%s ends the connection" % what, got is not None and code != 0, code
    with Frames(house) as one:
        raw = frame(HEADERS, END_HEADERS, 1, literal(b":method", b"POST") + literal(b"Upper", b"a"))
        one.send(raw + asked(house, 3))
        got = one.until(DATA, 3)
    yield "a request without path and with capitals is reset, and the next is answered", got and b"StreamNames" in got[3], got


def stalled(house):
    """One stream may not send, the other may: windows of nothing, then of something for one of them."""
    with Frames(house, b"\x00\x04" + bytes(4)) as one:
        one.send(asked(house, 1) + asked(house, 3))
        one.send(frame(WINDOW, 0, 3, struct.pack(">I", 1 << 20)))
        got = one.until(DATA, 3)
        yield "a stream without a window does not hold up another", got and b"StreamNames" in got[3], got
        begun = time.monotonic()
        got = one.until(RST, 1, 10)
        yield "and is reset when write-timeout is over", got is not None and time.monotonic() - begun < 8, got
        one.send(asked(house, 5) + frame(WINDOW, 0, 5, struct.pack(">I", 1 << 20)))
        got = one.until(DATA, 5)
        yield "the connection goes on", got and b"StreamNames" in got[3], got
    with Frames(house) as one:
        one.send(frame(HEADERS, END_HEADERS, 1, block(house, "PutRecord", b"x" * 100)) + frame(DATA, 0, 1, b"x"))
        one.send(asked(house, 3))
        got = one.until(DATA, 3)
        yield "half a body does not hold up another request", got and b"StreamNames" in got[3], got
        got = one.until(RST, 1, 5)
        yield "and is reset when body-timeout is over", got is not None, got
    with Frames(house) as one:
        one.send(frame(HEADERS, 0, 1, block(house, "PutRecord", b"")[:20]))
        got, took = closes(one.link, 5)
    yield "half a header block closes when header-timeout is over", got is not None and took < 3, took


def greedy(house):
    """A thousand answers of 13 MB on one connection whose windows stay shut."""
    got = house.call("GetShardIterator", {"StreamName": "large", "ShardId": "shardId-000000000000",
                                          "ShardIteratorType": "TRIM_HORIZON"}).json()["ShardIterator"]
    body = b'{"ShardIterator":"%s"}' % got.encode()
    with Frames(house) as one:
        for stream in range(1, 600, 2):
            one.send(asked(house, stream, "GetRecords", body))
        time.sleep(1)
        answer = house.call("GetRecords", {"ShardIterator": got})
    yield "300 streams that ask for 4 GB and take nothing: others read", answer.status == 200, answer


def tls(house):
    rows = [("a hello of random bytes", b"\x16\x03\x01\x02\x00" + os.urandom(512)), ("one byte", b"\x16"),
            ("a record of 64 KiB", b"\x16\x03\x01\xff\xff" + bytes(65535)), ("an alert", b"\x16\x03\x01\x00\x02\x02\x28"),
            ("a hello that ends early", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50))]
    for what, raw in rows:
        with house.link() as one:
            one.send(raw)
            got, took = closes(one, 4)
        yield "TLS: %s is cut off" % what, got is not None and took < 3, took
    links = [house.link() for _ in range(100)]
    for one in links:
        one.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(400))
    got = house.call("ListStreams", {"Limit": 1})
    ended = sum(closes(one, 4)[0] is not None for one in links)
    yield "TLS: 100 handshakes that stop half way end with header-timeout", got.status == 200 and ended == 100, ended
    for one in links:
        one.socket.close()


PARTS = [answers, floods, broken, stalled, greedy, tls]
