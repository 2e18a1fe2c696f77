"""ends.py: SIGTERM while peers are connected who have no reason to leave."""
import base64
import time

from kinesis import Client
from load import Writer, create
from stage import answers
from subscriber import Ending, Stream, Subscriber

IDLE = 50


def pooled(stage):
    """Connections as an SDK keeps them: one call was made, and they are open."""
    clients = [Client(stage.server.port) for _ in range(IDLE)]
    for client in clients:
        client.call("ListStreams")
    return clients


def end_with_subscriptions_and_pools(stage):
    """What was taken is finished, event streams end in order, and those who have nothing under way hold up nobody."""
    stage.serve().start()
    stage.load(3, subscribe=True)
    idle = pooled(stage)
    stage.check("there is load", stage.progress(20, 500))
    stage.check("and a subscription", stage.until(lambda: stage.of(Subscriber)[0].after, 20))
    status, seconds = stage.term()
    stage.check("it ends with status 0", status == 0, (status, stage.events("failed")))
    stage.check("promptly", seconds < 2, f"{seconds:.2f} s")
    stage.check("and says so", len(stage.events("stopped")) == 1)
    closed = sum(client.socket.recv(1) == b"" for client in idle)
    stage.check("pooled connections were closed in order", closed == IDLE, closed)
    subscriber = stage.of(Subscriber)[0]
    stage.until(lambda: subscriber.link is None)
    stage.check("the event stream came to its end", subscriber.endings == 1 and not subscriber.exceptions,
                (subscriber.endings, subscriber.losses, subscriber.exceptions))
    stage.server.start()
    stage.check("everybody goes on with the next one", stage.progress())
    stage.verify()
    refused = [worker.refusal for worker in stage.of(Writer) if worker.refusal]
    stage.check("nobody was refused", not refused, refused)
    stage.figure(f"{IDLE} pooled connections and a subscription: ended after {seconds * 1e3:.0f} ms")


def end_while_nothing_is_under_way(stage):
    """Idle connections cost next to nothing when the server ends."""
    times = []
    for _ in range(3):
        stage.serve().start()
        idle = pooled(stage)
        status, seconds = stage.term()
        times.append(seconds)
        stage.check("it ends with status 0", status == 0, status)
        stage.check("connections are closed in order", all(client.socket.recv(1) == b"" for client in idle))
    stage.check("within half a second", sorted(times)[1] < 0.5, times)
    stage.figure(f"{IDLE} idle connections: ended after {sorted(times)[1] * 1e3:.0f} ms")


def end_with_quiet_subscriptions(stage):
    """Subscriptions to which nothing is sent end with the stream's last chunk, each of them."""
    stage.serve().start()
    create(stage.server.port, {"quiet": 4})
    arn = stage.call("DescribeStreamSummary", StreamName="quiet")["StreamDescriptionSummary"]["StreamARN"]
    told = stage.call("RegisterStreamConsumer", StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    for _ in range(200):
        found = stage.call("DescribeStreamConsumer", ConsumerARN=told)["ConsumerDescription"]
        if found["ConsumerStatus"] == "ACTIVE":
            break
        time.sleep(0.02)
    links = []
    for shard in range(4):
        link = Stream(stage.server.port)
        link.open(told, f"shardId-{shard:012d}", {"Type": "LATEST"})
        links.append(link)
    last = stage.call("PutRecord", StreamName="quiet", PartitionKey="k", Data=base64.b64encode(b"x").decode())
    status, seconds = stage.term()
    stage.check("it ends with status 0", status == 0, status)
    stage.check("promptly", seconds < 2, f"{seconds:.2f} s")
    seen = []
    for link in links:
        try:
            while True:
                seen += [record["SequenceNumber"] for record in link.event()[1].get("Records", [])]
        except Ending as e:
            stage.check("no event is cut", not e.args[0], e)
    stage.check("nothing but what was acknowledged is pushed", seen in ([], [last["SequenceNumber"]]), (seen, last))
    stage.figure(f"4 subscriptions: ended after {seconds * 1e3:.0f} ms")
    stage.server.start()
    stage.check("the next one serves", answers(stage.call, "ListStreams")[1] is None)


SCENARIOS = (end_with_subscriptions_and_pools, end_while_nothing_is_under_way, end_with_quiet_subscriptions)
