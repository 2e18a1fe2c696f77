"""HTTP/1.1: where requests begin and end, and what is refused because it could be read in two ways."""
import socket

from link import Closed, Link


def keep_alive(url):
    with Link(url) as link:
        got = [link.call("ListStreams", {"Limit": 1}).status for _ in range(3)]
    yield "three calls on one connection", got == [200] * 3, got


def pipelining(url):
    with Link(url) as link:
        asked = [b"".join(link.request("DescribeStreamSummary", {"StreamName": "none-%d" % i})) for i in range(40)]
        link.send(b"".join(asked))
        got = [link.answer().json().get("message", "") for _ in asked]
    yield "forty calls in one write are answered in order", all("none-%d " % i in got[i] for i in range(40)), got


def bytes_one_by_one(url):
    with Link(url) as link:
        head, body = link.request("ListStreams", {"Limit": 1})
        for byte in head + body:
            link.send(bytes([byte]))
        got = link.answer()
    yield "a request in pieces of one byte", got.status == 200, got


def ends(url):
    with Link(url) as link:
        got = link.call("ListStreams", {"Limit": 1}, unsigned={"Connection": "close"})
        ended = link.ended()
    yield "Connection: close is answered, told and done", ended and got.headers.get("connection") == "close", got.headers
    with Link(url) as link:
        head, body = link.request("ListStreams", {"Limit": 1})
        link.send(head.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + body)
        got = link.answer()
        yield "HTTP/1.0 is answered and closed", got.status == 200 and link.ended(), got
    with Link(url) as link:
        link.send(b"".join(link.request("ListStreams", {"Limit": 1})))
        link.socket.shutdown(socket.SHUT_WR)
        got = link.answer()
        yield "who closes its side is answered first", got.status == 200 and link.ended(), got
    with Link(url) as link:
        link.send(link.head({"Host": link.host}, "HEAD / HTTP/1.1"))
        got = link.answer(head=True)
        again = link.call("ListStreams", {"Limit": 1})
    yield "HEAD has no body, and the connection goes on", got.status == 403 and again.status == 200, (got, again)


def refusal(url, what, raw, statuses=(400,)):
    with Link(url) as link:
        link.send(raw)
        try:
            got = link.answer()
        except (Closed, ConnectionResetError) as why:
            return what + " is refused", None in statuses, why
        return what + " is refused and closes", got.status in statuses and link.ended(), got


def refusals(url):
    post = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
    chunked = post + b"Transfer-Encoding: chunked\r\n"
    yield refusal(url, "a length beside chunks", chunked + b"Content-Length: 5\r\n\r\n0\r\n\r\n")
    yield refusal(url, "two lengths", post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")
    yield refusal(url, "a negative length", post + b"Content-Length: -1\r\n\r\n")
    yield refusal(url, "a length with a sign", post + b"Content-Length: +2\r\n\r\n{}")
    yield refusal(url, "an unknown transfer coding", post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501))
    yield refusal(url, "a space before the colon", post + b"X-A : b\r\n\r\n")
    yield refusal(url, "a folded header", post + b"X-A: b\r\n c\r\n\r\n")
    yield refusal(url, "a chunk size that is no number", chunked + b"\r\nxyz\r\n\r\n")
    yield refusal(url, "a chunk size beyond all bounds", chunked + b"\r\nfffffffffffffffff\r\n\r\n", (400, 413))
    yield refusal(url, "a zero byte in a header", post + b"X-A: b\0c\r\n\r\n")
    yield refusal(url, "HTTP/1.1 without Host", b"POST / HTTP/1.1\r\n\r\n")
    yield refusal(url, "a header of 100 KB", post + b"X-A: " + b"a" * 100000 + b"\r\n\r\n", (431, 400))
    yield refusal(url, "a thousand headers", post + b"X-A: b\r\n" * 1000 + b"\r\n", (431, 400))
    yield refusal(url, "nonsense", b"\x00\x01\x02\x03\r\n\r\n", (400, None))
    yield refusal(url, "HTTP/3.7", b"POST / HTTP/3.7\r\nHost: a\r\n\r\n", (505, 400))


PARTS = [keep_alive, pipelining, bytes_one_by_one, ends, refusals]
