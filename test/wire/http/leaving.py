"""Clients who leave in the middle: of a head, a body, an answer, a subscription. Whoever comes next is served."""
import base64
import random

from h2link import H2
from link import Link
from multiplexed import consumer, subscription

ROUNDS = 60


def leave(link, raw, at):
    """Sends so much of a request and is gone, half of the times by a reset."""
    link.send(raw[:at])
    if random.random() < 0.5:
        link.reset()
    link.socket.close()


def http1(url, stream, _):
    data = base64.b64encode(bytes(50000)).decode()
    for _ in range(ROUNDS):
        link = Link(url)
        records = [{"Data": data, "PartitionKey": str(i)} for i in range(8)]
        raw = b"".join(link.request("PutRecords", {"StreamName": stream, "Records": records}))
        leave(link, raw, random.choice([len(raw), len(raw), random.randrange(len(raw)), random.randrange(400)]))
    with Link(url) as link:
        got = link.call("ListStreams", {"Limit": 1})
        yield "after clients who left while they put", got.status == 200, got
        start = {"StreamName": stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        iterator = link.call("GetShardIterator", start).json()["ShardIterator"]
    for _ in range(ROUNDS):
        link = Link(url)
        raw = b"".join(link.request("GetRecords", {"ShardIterator": iterator}))
        leave(link, raw * 3, len(raw) * random.randint(1, 3))
    with Link(url) as link:
        got = link.call("ListStreams", {"Limit": 1})
    yield "after clients who left while they read", got.status == 200, got


def http2(url, stream, arn):
    data = base64.b64encode(bytes(20000)).decode()
    with Link(url) as link:
        makes = [consumer(link, arn, "leaver-%d" % i) for i in range(3)]
    for i in range(ROUNDS // 2):
        link = H2(url, window=random.choice([0, 1000, 65535]))
        numbers = [link.begin("PutRecord", {"StreamName": stream, "Data": data, "PartitionKey": str(k)}) for k in range(5)]
        numbers.append(link.begin("SubscribeToShard", subscription(makes[i % 3], i % 2)))
        if random.random() < 0.5:
            link.step(5)
        for number in random.sample(numbers, 3):
            if not link.streams[number].over:
                link.h2.reset_stream(number)
        link.flush()
        if random.random() < 0.5:
            link.link.reset()
        link.link.socket.close()
    with H2(url) as link:
        got = link.call("ListStreams", {"Limit": 1})
    yield "after clients who reset streams and left", got.status == 200, got


PARTS = [http1, http2]
