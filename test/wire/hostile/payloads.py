"""Bad bodies in good requests: what the service refuses is refused in its words, before any effect."""
import base64
import gzip
import json
import struct

SERIALIZATION, VALIDATION = "SerializationException", "ValidationException"
CBOR = {"content-type": "application/x-amz-cbor-1.1"}
PUT = b'{"StreamName":"untouched","PartitionKey":"a","Data":%s}'


def refused(got, kinds):
    return got.status == 400 and any(kind.encode() in got.body for kind in kinds)


def text(word):
    return bytes([0x60 + len(word)]) + word


def put_cbor(data):
    return b"\xa3" + text(b"StreamName") + text(b"untouched") + text(b"PartitionKey") + text(b"a") + text(b"Data") + data


JSON_BODIES = [
    ("100,000 open brackets", b"[" * 100000, SERIALIZATION),
    ("100,000 open objects", b'{"a":' * 100000, SERIALIZATION),
    ("depth 1,000 in an unknown member", PUT[:-1] % b'"aGk="' + b',"X":' + b"[" * 1000 + b"]" * 1000 + b"}", SERIALIZATION),
    ("invalid UTF-8 in a value", PUT % b'"\xff\xfe"', SERIALIZATION),
    ("overlong UTF-8", b'{"StreamName":"untouched","PartitionKey":"\xc0\x80","Data":"aGk="}', SERIALIZATION),
    ("a surrogate in UTF-8", b'{"StreamName":"untouched","PartitionKey":"\xed\xa0\x80","Data":"aGk="}', SERIALIZATION),
    ("half a surrogate pair", b'{"StreamName":"untouched","PartitionKey":"\\ud83d","Data":"aGk="}', SERIALIZATION),
    ("an unknown escape", b'{"StreamName":"untouched","PartitionKey":"\\x41","Data":"aGk="}', SERIALIZATION),
    ("a control byte in a string", b'{"StreamName":"untouched","PartitionKey":"a\nb","Data":"aGk="}', SERIALIZATION),
    ("a byte order mark", b"\xef\xbb\xbf" + PUT % b'"aGk="', SERIALIZATION),
    ("zero bytes", bytes(1000), SERIALIZATION),
    ("bad base64: the alphabet", PUT % b'"a*k="', SERIALIZATION),
    ("bad base64: the length", PUT % b'"aGk"', SERIALIZATION),
    ("bad base64: padding in the middle", PUT % b'"a=k="', SERIALIZATION),
    ("bad base64: a million bytes of it", PUT % (b'"' + b"=" * 1000000 + b'"'), SERIALIZATION),
    ("Data twice, the last one broken", PUT % b'"aGk=","Data":"*"', SERIALIZATION),
    ("StreamName twice: the last one counts", PUT % b'"aGk=","StreamName":"nobody"', "ResourceNotFoundException"),
    ("a hash key of 100,000 digits", PUT % (b'"aGk=","ExplicitHashKey":"' + b"9" * 100000 + b'"'), VALIDATION),
    ("a hash key beyond 128 bit", PUT % b'"aGk=","ExplicitHashKey":"340282366920938463463374607431768211456"',
     "InvalidArgumentException"),
    ("an empty body of spaces", b" " * 10000, SERIALIZATION),
]

NUMBERS = [b"9" * 100000, b"-" + b"9" * 100000, b"1e999999999", b"-1e999999999", b"1e-999999999", b"2147483648", b"0." + b"0" * 50000,
           b"99999999999999999999"]

CBOR_BODIES = [
    ("a map of 2^64 pairs", b"\xbb" + b"\xff" * 8, SERIALIZATION),
    ("a text of 2^64 bytes", put_cbor(b"\x5b" + b"\xff" * 8), SERIALIZATION),
    ("bytes of 2 GiB of which none come", put_cbor(b"\x5a\x80\x00\x00\x00"), SERIALIZATION),
    ("an array of 2^32 that ends at once", b"\xa1" + text(b"Records") + b"\x9a\xff\xff\xff\xff", SERIALIZATION),
    ("100,000 open arrays", b"\xa1" + text(b"A") + b"\x81" * 100000, SERIALIZATION),
    ("100,000 open indefinite maps", b"\xbf" + b"\x61A\xbf" * 100000, SERIALIZATION),
    ("100,000 tags before an unknown member", b"\xa1" + text(b"A") + b"\xc1" * 100000 + b"\x00", VALIDATION),
    ("a reserved length", b"\xbc", SERIALIZATION),
    ("a break that nothing waits for", put_cbor(b"\xff"), SERIALIZATION),
    ("text that is no UTF-8", b"\xa1" + text(b"StreamName") + b"\x62\xff\xfe", SERIALIZATION),
    ("half of it", put_cbor(b"\x42hi")[:-3], SERIALIZATION),
    ("numbers for keys", b"\xa1\x01\x02", SERIALIZATION),
    ("JSON", b'{"StreamName":"untouched"}', SERIALIZATION),
]


def json_bodies(house):
    with house.link() as one:
        for what, body, kind in JSON_BODIES:
            got = one.call("PutRecord", body=body)
            yield "JSON: %s: %s" % (what, kind), refused(got, [kind]), got


def numbers(house):
    with house.link() as one:
        wrong = []
        for number in NUMBERS:
            got = one.call("ListStreams", body=b'{"Limit":%s}' % number)
            if not refused(got, [VALIDATION]):
                wrong.append((number[:20], got))
        yield "%d numbers beyond all bounds: %s" % (len(NUMBERS), VALIDATION), not wrong, wrong
        wrong = []
        for number in NUMBERS + [b"1e308", b"-1"]:
            got = one.call("GetShardIterator", body=b'{"StreamName":"untouched","ShardId":"shardId-000000000000",'
                           b'"ShardIteratorType":"AT_TIMESTAMP","Timestamp":%s}' % number)
            if got.status not in (200, 400):
                wrong.append((number[:20], got))
        yield "the same as moments: answered or refused", not wrong, wrong


def cbor_bodies(house):
    with house.link() as one:
        for what, body, kind in CBOR_BODIES:
            got = one.call("PutRecord", body=body, more=CBOR)
            yield "CBOR: %s: %s" % (what, kind), refused(got, [kind]), got
        wrong = []
        for number in (0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x7fefffffffffffff):
            body = b"\xa1" + text(b"Limit") + b"\xfb" + struct.pack(">Q", number)
            got = one.call("ListStreams", body=body, more=CBOR)
            if got.status not in (200, 400):
                wrong.append((hex(number), got))
        yield "CBOR: infinities and no number at all: answered or refused", not wrong, wrong


def many(house):
    """Large and well-formed, and still too much."""
    with house.link() as one:
        got = one.call("PutRecords", body=b'{"StreamName":"untouched","Records":[' + b",".join([b"{}"] * 1000000) + b"]}")
        yield "a million empty records: %s" % VALIDATION, refused(got, [VALIDATION, SERIALIZATION]), got
        tags = json.dumps({"StreamName": "untouched", "Tags": {"k%d" % i: "v" for i in range(200000)}}).encode()
        got = one.call("AddTagsToStream", body=tags)
        yield "200,000 tags: %s" % VALIDATION, refused(got, [VALIDATION]), got
        got = one.call("PutRecord", body=b'{' + b",".join(b'"x%d":1' % i for i in range(500000)) + b'}')
        yield "half a million unknown members: %s" % VALIDATION, refused(got, [VALIDATION]), got
        bombs = [one.call("PutRecord", body=gzip.compress(bytes(64 << 20)), more={"content-encoding": "gzip"})
                 for _ in range(5)]
        yield "five bombs of 64 MiB: 413", all(got.status == 413 for got in bombs), bombs
        large = base64.b64encode(bytes(11 << 20))
        got = one.call("PutRecord", body=PUT % (b'"' + large + b'"'))
        yield "a record of 11 MiB is refused", got.status == 400, got


def headers(house):
    with house.link() as one:
        for what, more in (("a target of 8,000 bytes", {"x-amz-target": "Kinesis_20131202." + "A" * 8000}),
                           ("a token of 30,000 bytes", {"x-amz-security-token": "a" * 30000})):
            got = one.call("ListStreams", {"Limit": 1}, more=more)
            yield what, got.status in (400, 403), got
        for what, value in (("an Authorization of 50,000 commas", "AWS4-HMAC-SHA256 " + "," * 50000),
                            ("an Authorization of equal signs", "AWS4-HMAC-SHA256 " + "=" * 5000),
                            ("a signature of 40,000 hex digits", "AWS4-HMAC-SHA256 Credential=a/20200101/r/kinesis/aws4_request, "
                             "SignedHeaders=host, Signature=" + "0" * 40000)):
            got = one.call("ListStreams", {"Limit": 1}, unsigned={"authorization": value})
            yield what + " is refused", got.status in (400, 403), got


PARTS = [json_bodies, numbers, cbor_bodies, many, headers]
