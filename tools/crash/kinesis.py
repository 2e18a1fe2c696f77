"""kinesis.py: the few calls the crash test needs, over one kept-alive HTTP/1.1 connection.

Requests carry a well-formed signature that says nothing: the server under test runs without credentials on loopback,
so what is tested is the log, and not the speed of Python's HMAC."""
import json
import re
import socket
import time

TIMEOUT_S = 30


class Lost(Exception):
    """No answer: the request may or may not have had an effect."""


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body[:300]!r}")
        self.status = status
        self.body = body


class Client:
    def __init__(self, port):
        self.port = port
        self.socket = None
        self.rest = b""

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None
        self.rest = b""

    def call(self, operation, **members):
        body = json.dumps(members).encode()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        head = (f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/x-amz-json-1.1\r\n"
                f"X-Amz-Target: Kinesis_20131202.{operation}\r\nX-Amz-Date: {stamp}\r\n"
                f"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{stamp[:8]}/us-east-1/kinesis/aws4_request, "
                f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        try:
            if not self.socket:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_S)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(head.encode() + body)
            status, answer = self._answer()
        except (OSError, Lost) as e:
            self.close()
            raise Lost(str(e)) from None
        if status != 200:
            raise Refused(status, answer)
        return json.loads(answer) if answer.strip() else {}

    def _more(self):
        got = self.socket.recv(1 << 18)
        if not got:
            raise Lost("closed")
        return got

    def _line(self):
        while b"\r\n" not in self.rest:
            self.rest += self._more()
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def _bytes(self, size):
        parts, have = [self.rest], len(self.rest)
        while have < size:
            parts.append(self._more())
            have += len(parts[-1])
        whole = b"".join(parts)
        self.rest = whole[size:]
        return whole[:size]

    def _answer(self):
        status = int(self._line().split()[1])
        headers = {}
        while line := self._line():
            name, value = line.decode("latin1").split(":", 1)
            headers[name.lower()] = value.strip()
        if "chunked" not in headers.get("transfer-encoding", ""):
            body = self._bytes(int(headers.get("content-length", 0)))
        else:
            body = b""
            while size := int(re.split(rb"[;\s]", self._line())[0], 16):
                body += self._bytes(size)
                self._line()
            while self._line():
                pass
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status, body

    def shards(self, stream):
        answer = self.call("ListShards", StreamName=stream)
        shards = answer["Shards"]
        while token := answer.get("NextToken"):
            answer = self.call("ListShards", NextToken=token)
            shards += answer["Shards"]
        return [shard["ShardId"] for shard in shards]

    def iterator(self, stream, shard, after=None):
        where = {"ShardIteratorType": "TRIM_HORIZON"}
        if after:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        return self.call("GetShardIterator", StreamName=stream, ShardId=shard, **where)["ShardIterator"]

    def read_all(self, stream, shard):
        """Every record of a shard, from TRIM_HORIZON to its end."""
        iterator = self.iterator(stream, shard)
        while iterator:
            answer = self.call("GetRecords", ShardIterator=iterator, Limit=10000)
            yield from answer["Records"]
            iterator = answer.get("NextShardIterator")
            if not answer["Records"] and not answer.get("MillisBehindLatest"):
                return
