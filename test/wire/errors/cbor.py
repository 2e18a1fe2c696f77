"""A small CBOR codec of our own, so that the test does not share a codec with anything it tests.

Integers, byte and text strings, lists, maps, tags, booleans, null and doubles; `streamed=True` writes maps, lists and
strings in the indefinite-length form that the Java SDK uses.
"""
import struct


class Timestamp(int):
    """Milliseconds since the epoch, written with tag 1 as the Java SDK does."""


def _head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if n < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | code]) + struct.pack(form, n)
    raise ValueError("integer too large")


def encode(value, streamed=False):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, Timestamp):
        return b"\xc1" + encode(int(value))
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, (bytes, str)):
        major, raw = (2, value) if isinstance(value, bytes) else (3, value.encode())
        if streamed and len(raw) > 4:
            return bytes([major << 5 | 31]) + _head(major, 4) + raw[:4] + _head(major, len(raw) - 4) + raw[4:] + b"\xff"
        return _head(major, len(raw)) + raw
    if isinstance(value, list):
        body = b"".join(encode(item, streamed) for item in value)
        return b"\x9f" + body + b"\xff" if streamed else _head(4, len(value)) + body
    body = b"".join(encode(k) + encode(v, streamed) for k, v in value.items())
    return b"\xbf" + body + b"\xff" if streamed else _head(5, len(value)) + body


def decode(data):
    value, end = _decode(data, 0)
    if end != len(data):
        raise ValueError("bytes after the CBOR value")
    return value


def _decode(data, at):
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        if info in (25, 26, 27):
            size = 1 << info - 24
            return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], data[at:at + size])[0], at + size
        return {20: False, 21: True, 22: None, 23: None}[info], at
    if info == 31:
        return _decode_streamed(data, at, major)
    n = info
    if info >= 24:
        size = 1 << info - 24
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        raw = data[at:at + n]
        if len(raw) != n:
            raise ValueError("string cut short")
        return (raw if major == 2 else raw.decode()), at + n
    if major == 6:
        return _decode(data, at)
    return _items(data, at, major, n)


def _items(data, at, major, n):
    flat = []
    for _ in range(n if major == 4 else 2 * n):
        value, at = _decode(data, at)
        flat.append(value)
    return (flat if major == 4 else dict(zip(flat[::2], flat[1::2]))), at


def _decode_streamed(data, at, major):
    flat = []
    while data[at] != 0xff:
        value, at = _decode(data, at)
        flat.append(value)
    at += 1
    if major in (2, 3):
        return (b"" if major == 2 else "").join(flat), at
    return (flat if major == 4 else dict(zip(flat[::2], flat[1::2]))), at
