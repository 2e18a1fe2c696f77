"""stops.py: the server is stopped and goes on (SIGSTOP, SIGCONT), as under a debugger or in a machine that is moved."""
import base64
import signal
import socket
import time

from kinesis import Client, Refused
from load import Reader, Writer, create
from stage import answers
from subscriber import Subscriber


def halt(stage, seconds):
    stage.server.signal(signal.SIGSTOP)
    time.sleep(seconds)
    stage.server.signal(signal.SIGCONT)


def stops(stage):
    """Nobody who writes, reads or is subscribed notices more than the delay."""
    stage.serve().start()
    stage.load(3, subscribe=True)
    rounds = 3 if stage.short else 30
    longest = 0
    for number in range(rounds):
        time.sleep(stage.rng.uniform(0.05, 0.5))
        pause = stage.rng.uniform(0.1, 0.6 if stage.short else 3)
        longest = max(longest, pause)
        halt(stage, pause)
        stage.check("it goes on after SIGCONT", stage.progress(), number)
    stage.verify()
    subscriber = stage.of(Subscriber)[0]
    losses = sum(worker.losses for worker in stage.of(Writer) + stage.of(Reader)) + subscriber.losses
    stage.check("no connection is lost", losses == 0, losses)
    stage.check("no put is refused", stage.refusals() == 0, [worker.refusal for worker in stage.of(Writer)])
    stage.check("the subscription stays open", subscriber.subscribed == 1 and not subscriber.exceptions,
                (subscriber.subscribed, subscriber.exceptions))
    stage.figure(f"{rounds} stops, {longest:.1f} s the longest")


def accepted(client, seconds):
    """How many small records a shard takes in so long."""
    records = [{"PartitionKey": "k", "Data": base64.b64encode(b"x").decode()}] * 100
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        answer = client.call("PutRecords", StreamName="rated", Records=records)
        count += len(records) - answer["FailedRecordCount"]
    return count


def throttles_of_a_stopped_server(stage):
    """While it stands still nobody saves up: after 3 s a shard lets through what it does after one."""
    stage.serve("--limits", "aws").start()
    create(stage.server.port, {"rated": 1})
    client = Client(stage.server.port)
    accepted(client, 1)
    usual = accepted(client, 1)
    halt(stage, 3)
    after = accepted(client, 1)
    again = accepted(client, 1)
    stage.check("a second lets through a thousand", usual <= 1300, usual)
    stage.check("the second after a stop at most another thousand", after <= 2300, after)
    stage.check("and then a thousand again", after + again <= 3500, (after, again))
    stage.check("and it does let through", usual > 100 and after + again > 1000, (usual, after, again))  # however busy we are
    stage.figure(f"{usual}, then {after} and {again} records/s")


def deadlines_of_a_stopped_server(stage):
    """Whoever did his part while the server stood still is answered, although all deadlines have passed."""
    stage.serve("--header-timeout", "1s", "--body-timeout", "1s", "--idle-timeout", "1s").start()
    fresh, late = Client(stage.server.port), Client(stage.server.port)
    head = (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.1\r\n"
            b"X-Amz-Target: Kinesis_20131202.ListStreams\r\n"
            b"Authorization: AWS4-HMAC-SHA256 Credential=A/%s/us-east-1/kinesis/aws4_request, "
            b"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=%s\r\nX-Amz-Date: %s\r\n"
            b"Content-Length: 100\r\n\r\n") % (time.strftime("%Y%m%d", time.gmtime()).encode(), b"0" * 64,
                                               time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()).encode())
    for client in (fresh, late):
        client.call("ListStreams")
    half = socket.create_connection(("127.0.0.1", stage.server.port), timeout=10)
    half.sendall(head + b"{" + b" " * 49)
    stage.server.signal(signal.SIGSTOP)
    half.sendall(b" " * 49 + b"}")
    late.socket.sendall(head + b"{" + b" " * 98 + b"}")  # on a connection that was kept
    time.sleep(2.5)
    stage.server.signal(signal.SIGCONT)
    half_answer = half.recv(4096)
    late_answer = late.socket.recv(4096)
    stage.check("the rest of a body that came meanwhile counts", half_answer.startswith(b"HTTP/1.1 200"), half_answer[:60])
    stage.check("a request that came meanwhile counts", late_answer.startswith(b"HTTP/1.1 200"), late_answer[:60])
    time.sleep(0.2)
    stage.check("who did nothing is gone", answers(fresh.call, "ListStreams")[1] is not None)
    stage.check("and may come again", answers(fresh.call, "ListStreams")[1] is None)


def clock_of_iterators(stage):
    """An iterator that was out during a stop is still good, and reads on."""
    stage.serve().start()
    create(stage.server.port, {"s": 1})
    client = Client(stage.server.port)
    iterator = client.iterator("s", "shardId-000000000000")
    halt(stage, 1 if stage.short else 3)
    try:
        answer = client.call("GetRecords", ShardIterator=iterator)
    except Refused as e:
        answer = {"Records": [e]}
    stage.check("an iterator outlives a stop", answer["Records"] == [], answer)


SCENARIOS = (stops, throttles_of_a_stopped_server, deadlines_of_a_stopped_server, clock_of_iterators)
