"""HTTP/1.1: bodies in chunks, compressed, announced, too large."""
import base64
import gzip
import json
import time

from link import Link

BOUND = 16 << 20


def record(stream):
    return {"StreamName": stream, "Data": "aGk=", "PartitionKey": "a"}


def chunks(body, sizes, extension=b""):
    out, at = [], 0
    while at < len(body):
        size = min(sizes[len(out) % len(sizes)], len(body) - at)
        out.append(b"%x%s\r\n%s\r\n" % (size, extension, body[at:at + size]))
        at += size
    return b"".join(out)


def chunked(url, stream):
    coding = {"Transfer-Encoding": "chunked"}
    with Link(url) as link:
        head, body = link.request("PutRecord", record(stream), length=False, unsigned=coding)
        link.send(head + chunks(body, [1, 2, 30], b";a=b") + b"0\r\nX-Trailer: t\r\n\r\n")
        got, again = link.answer(), link.call("ListStreams", {"Limit": 1})
    yield "a body in chunks, with extensions and a trailer", got.status == 200, got
    yield "the connection goes on behind it", again.status == 200, again
    with Link(url) as link:
        head, _ = link.request("ListStreams", body=b"", length=False, unsigned=coding)
        try:
            link.send(head)
            piece = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
            for _ in range(18):
                link.send(piece)
            link.send(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = link.answer()
    yield "chunks beyond the bound", got.status == 413 and not got.body, got


def announced(url, stream):
    expect = {"Expect": "100-continue"}
    with Link(url) as link:
        head, body = link.request("PutRecord", record(stream), unsigned=expect)
        link.send(head)
        begun = time.monotonic()
        status, _ = link.status()
        soon = time.monotonic() - begun < 2
        link.send(body)
        got = link.answer()
    yield "Expect: 100-continue is answered at once", status == 100 and soon, status
    yield "the call behind it succeeds", got.status == 200, got
    with Link(url) as link:
        head, body = link.request("ListStreams", {"Limit": 1}, unsigned=expect)
        link.send(head + body)
        got = link.answer()
        got = link.answer() if got.status == 100 else got
    yield "a body that did not wait for it", got.status == 200, got
    with Link(url) as link:
        length = {"Content-Length": str(17 << 20)}
        head, _ = link.request("ListStreams", body=b"", length=False, unsigned=dict(expect, **length))
        link.send(head)
        got = link.answer()
    yield "an announced body beyond the bound is refused before it is sent", got.status == 413, got


def padded(size):
    body = json.dumps({"Limit": 1}).encode()
    return body + b" " * (size - len(body))


def bounds(url, _):
    with Link(url) as link:
        got = link.call("ListStreams", body=padded(BOUND))
        again = link.call("ListStreams", body=padded(BOUND + 1))
    yield "16 MiB are taken", got.status == 200, got
    yield "a byte more is not", again.status == 413 and not again.body, again
    with Link(url) as link:
        got = link.call("ListStreams", body=padded(17 << 20))
    yield "17 MiB are refused, and the answer arrives", got.status == 413 and not got.body, got


def compressed(url, stream):
    def call(link, body, coding="gzip"):
        return link.call("PutRecord", body=body, more={"content-encoding": coding})
    plain = json.dumps(record(stream)).encode()
    with Link(url) as link:
        got = call(link, gzip.compress(plain))
        yield "a compressed body, signed as it travels", got.status == 200, got
        got = call(link, gzip.compress(plain[:9]) + gzip.compress(plain[9:]))
        yield "a compressed body of two members", got.status == 200, got
        got = call(link, plain, "identity")
        yield "Content-Encoding: identity", got.status == 200, got
        for what, body in (("half a compressed body", gzip.compress(plain)[:-9]), ("no compressed body at all", plain),
                           ("a compressed body with a wrong sum", gzip.compress(plain)[:-5] + b"abcde")):
            got = call(link, body)
            yield what, got.status == 400 and got.json()["__type"] == "SerializationException", got
        begun = time.monotonic()
        got = call(link, gzip.compress(b" " * (64 << 20)))
        yield "a bomb of 64 MiB", got.status == 413 and time.monotonic() - begun < 5, got
        got = call(link, gzip.compress(plain))
        yield "the connection goes on behind it", got.status == 200, got


def large(url, stream):
    """10 MiB of records are nearly 14 MB of JSON."""
    most = {"Data": base64.b64encode(bytes(1048000)).decode(), "PartitionKey": "a"}
    with Link(url) as link:
        got = link.call("PutRecords", {"StreamName": stream, "Records": [most] * 10})
        records = got.json().get("Records", []) if got.status == 200 else []
        good = len(records) == 10 and "SequenceNumber" in records[0]
        yield "10 MiB in one call are taken as far as the shard allows", good, got
        got = link.call("PutRecords", {"StreamName": stream, "Records": [most] * 11})
        yield "11 MiB are refused", got.status == 400 and got.json()["__type"] == "InvalidArgumentException", got


PARTS = [chunked, announced, bounds, compressed, large]
