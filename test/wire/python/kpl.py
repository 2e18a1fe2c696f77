"""The aggregated record of the Kinesis Producer Library: magic, a protobuf message, its MD5."""
import hashlib

MAGIC = b"\xf3\x89\x9a\xc2"


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def aggregate(records):
    """One record of (partition key, data) pairs."""
    keys = sorted({key for key, _ in records})
    body = b"".join(field(1, key.encode()) for key in keys)
    for key, data in records:
        body += field(3, b"\x08" + varint(keys.index(key)) + field(3, data))
    return MAGIC + body + hashlib.md5(body).digest()


def read_varint(data, at):
    n, shift = 0, 0
    while True:
        n |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return n, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        yield tag >> 3, value


def disaggregate(record):
    """The (partition key, data) pairs of an aggregated record; None for any other."""
    body = record[4:-16]
    if record[:4] != MAGIC or hashlib.md5(body).digest() != record[-16:]:
        return None
    keys, out = [], []
    for number, value in fields(body):
        if number == 1:
            keys.append(value.decode())
        elif number == 3:
            inner = dict(fields(value))
            out.append((keys[inner[1]], inner[3]))
    return out
