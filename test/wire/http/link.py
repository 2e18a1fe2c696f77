"""One HTTP/1.1 connection on a bare socket: bytes out as they are given, answers in as they are framed."""
import json
import socket
import ssl
import struct
import urllib.parse

from sign import signed

SECONDS = 20


class Closed(Exception):
    pass


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body or b"{}")

    def __repr__(self):
        return "%d %.200r" % (self.status, self.body)


class Link:
    def __init__(self, url, context=None):
        address = urllib.parse.urlsplit(url)
        self.host = address.netloc
        self.socket = socket.create_connection((address.hostname, address.port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname=address.hostname)
        self.read = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def head(self, headers, first="POST / HTTP/1.1"):
        return (first + "\r\n" + "".join("%s: %s\r\n" % pair for pair in headers.items()) + "\r\n").encode()

    def request(self, operation, value=None, body=None, length=True, more=None, unsigned=None):
        """A signed request as bytes: (head, body)."""
        body = json.dumps(value or {}).encode() if body is None else body
        headers = signed(operation, body, self.host, more)
        headers.update(unsigned or {})
        if length:
            headers["Content-Length"] = str(len(body))
        return self.head(headers), body

    def fill(self):
        got = self.socket.recv(65536)
        if not got:
            raise Closed("closed after %.200r" % self.read)
        self.read += got

    def take(self, size):
        while len(self.read) < size:
            self.fill()
        data, self.read = self.read[:size], self.read[size:]
        return data

    def line(self):
        while b"\r\n" not in self.read:
            self.fill()
        line, self.read = self.read.split(b"\r\n", 1)
        return line.decode("latin-1")

    def status(self):
        """Status and headers of whatever comes next, an interim answer included."""
        status = int(self.line().split(" ")[1])
        headers = {}
        while True:
            line = self.line()
            if not line:
                return status, headers
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()

    def chunk(self):
        size = int(self.line().split(";")[0], 16)
        data = self.take(size)
        self.line()
        return data

    def answer(self, head=False):
        status, headers = self.status()
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(iter(self.chunk, b"")))
        return Answer(status, headers, b"" if head else self.take(int(headers.get("content-length", 0))))

    def call(self, operation, value=None, **how):
        head, body = self.request(operation, value, **how)
        self.send(head + body)
        return self.answer()

    def reset(self):
        """The next close is a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def ended(self):
        """True if the peer closes without another byte."""
        try:
            return not self.read and self.socket.recv(1) == b""
        except (ConnectionResetError, ssl.SSLError):
            return True
