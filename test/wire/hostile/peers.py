"""Bad peers over HTTP/1.1: half of everything, too much of everything, too slowly."""
import socket
import time

import link

BODY = {"StreamName": "untouched", "Data": "aGk=", "PartitionKey": "never"}
LINE = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


def closes(one, seconds):
    """Everything that came until the peer closed, and how long that took; None where it did not close in time."""
    begun, got = time.monotonic(), b""
    one.socket.settimeout(seconds)
    try:
        while True:
            part = one.socket.recv(65536)
            if not part:
                return got, time.monotonic() - begun
            got += part
    except (ConnectionResetError, BrokenPipeError):
        return got, time.monotonic() - begun
    except TimeoutError:
        return None, seconds


def half_requests(house):
    with house.link() as one:
        head, body = one.request("PutRecord", BODY)
    whole = head + body
    cuts = sorted({1, 5, 15, 20, len(head) - 2, len(head), len(head) + 1, len(whole) - 1} | set(range(30, len(whole), 37)))
    for cut in cuts:
        with house.link() as one:
            one.send(whole[:cut])
    with house.link() as one:
        one.send(whole[:cuts[-1]])
        one.socket.shutdown(socket.SHUT_WR)
        got, _ = closes(one, 5)
    yield "half a request, cut at %d places, has no answer" % len(cuts), got == b"", got
    with house.link() as one:
        one.send(whole[:-1])
        got, took = closes(one, 5)
    yield "a length that promises more: 408 when body-timeout is over", got.startswith(b"HTTP/1.1 408") and took < 3, (got, took)
    with house.link() as one:
        head, body = one.request("PutRecord", BODY, length=False, unsigned={"Content-Length": str(len(body) - 5)})
        one.send(head + body)
        got, _ = closes(one, 5)
    yield "a length that promises less: both parts are refused", got.count(b"HTTP/1.1 4") == 2, got


def floods(house):
    with house.link() as one:
        try:
            one.send(LINE)
            for _ in range(1000):
                one.send(b"X-Flood: 0123456789\r\n" * 1000)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got, took = closes(one, 5)
    yield "a million headers: 431", got is not None and b" 431 " in got[:20] or got == b"", (got, took)
    with house.link() as one:
        one.send(LINE + b"Content-Length: %d\r\n\r\n" % (2 << 30) + b"{}")
        got, took = closes(one, 5)
    yield "2 GiB announced: 413 at once", got.startswith(b"HTTP/1.1 413"), (got, took)
    for what, head in (("2 GiB sent by length", b"Content-Length: %d\r\n\r\n" % (2 << 30)),
                       ("2 GiB sent as one chunk", b"Transfer-Encoding: chunked\r\n\r\n80000000\r\n")):
        with house.link() as one:
            sent, cut = 0, False
            try:
                one.send(LINE + head)
                while sent < 2 << 30:
                    one.send(bytes(1 << 20))
                    sent += 1 << 20
            except (BrokenPipeError, ConnectionResetError):
                cut = True
        yield what + " is cut off early", cut and sent <= 128 << 20, "%d MiB were taken" % (sent >> 20)
    with house.link() as one:
        one.send(LINE + b"Content-Length: 99999999999999999999\r\n\r\n")
        got, _ = closes(one, 5)
    yield "a length of twenty digits: 400", got.startswith(b"HTTP/1.1 400"), got
    with house.link() as one:
        one.send(b"\r\n" * 500000)
        got = one.call("ListStreams", {"Limit": 1})
    yield "a megabyte of empty lines is no request", got.status == 200, got


def slow(house):
    """The house has 1 s for headers and for 16 KiB of a body."""
    links = [house.link() for _ in range(150)]
    with house.link() as one:
        head, body = one.request("PutRecord", BODY)
    begun, at, open_at_end = time.monotonic(), 0, 0
    for one in links[75:]:
        one.send(LINE + b"Content-Length: 1000000\r\n\r\n")
    while time.monotonic() - begun < 3:
        for one in links:
            try:
                one.send(head[at % len(head):at % len(head) + 1])
            except OSError:
                pass
        at += 1
        time.sleep(0.05)
    for one in links:
        got, _ = closes(one, 0.5)
        open_at_end += got is None
        one.socket.close()
    yield "150 who send a byte now and then are cut off", open_at_end == 0, "%d are open" % open_at_end


def hoarders(house):
    """Each announces a body as large as may be and sends its first bytes: together more than the memory there is."""
    links = [house.link() for _ in range(60)]
    for one in links:
        one.send(LINE + b"Content-Length: %d\r\n\r\n" % (16 << 20) + bytes(100000))
    begun = time.monotonic()
    with house.link() as one:
        got = one.call("PutRecord", dict(BODY, StreamName="kept"))
        for _ in range(5):
            large = one.call("ListStreams", body=b'{"Limit":1}' + b" " * 3000000)
            if large.status == 200:
                break
            one = house.link()
    took = time.monotonic() - begun
    for one in links:
        one.socket.close()
    yield "60 who take all memory do not keep a small request waiting", got.status == 200, got
    yield "and a large one finds room when their time is over", large.status == 200 and took < 6, (large, took)


def greedy_readers(house):
    """Each asks for 40 answers of 13 MB and takes none."""
    got = house.call("GetShardIterator", {"StreamName": "large", "ShardId": "shardId-000000000000",
                                          "ShardIteratorType": "TRIM_HORIZON"}).json()["ShardIterator"]
    links, before = [house.link() for _ in range(6)], len(house.events("bad_peer"))
    for one in links:
        one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.send(b"".join(b"".join(one.request("GetRecords", {"ShardIterator": got})) for _ in range(40)))
    with house.link() as one:
        again = one.call("GetRecords", {"ShardIterator": got})
    yield "six who ask for 3 GB and take nothing: the seventh gets its answer", again.status == 200 and \
        len(again.body) > 13000000, again
    for _ in range(200):
        ended = len(house.events("bad_peer")) - before
        if ended >= 6:
            break
        time.sleep(0.05)
    for one in links:
        one.socket.close()
    yield "and they are cut off", ended == 6, ended


def crowd(house):
    links, refused = [], 0
    for _ in range(300):
        try:
            links.append(house.link())
        except OSError:
            refused += 1
    time.sleep(0.2)
    for one in links:
        one.socket.setblocking(False)
        try:
            refused += one.socket.recv(1) == b""
        except BlockingIOError:
            pass
        except OSError:
            refused += 1
    for one in links:
        one.socket.close()
    yield "300 connections where 200 are allowed: the others are closed at once", 100 <= refused < 130, refused
    for _ in range(100):
        try:
            answer = house.call("ListStreams", {"Limit": 1})
            break
        except (link.Closed, OSError):
            time.sleep(0.05)
    yield "and when they have gone there is room", answer.status == 200, answer


PARTS = [half_requests, floods, slow, hoarders, greedy_readers, crowd]
