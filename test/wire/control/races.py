"""Many callers at once: decisions rest on what is true when they count."""
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

CALLERS = 24


def outcome(call, **arguments):
    try:
        call(**arguments)
        return "OK"
    except ClientError as why:
        return why.response["Error"]["Code"]


def together(call, arguments):
    with ThreadPoolExecutor(CALLERS) as callers:
        return Counter(callers.map(lambda each: outcome(call, **each), arguments))


def one_name(x):
    name = "wire-control-race-" + x.tag
    x.made.append(name)
    told = together(x.k.create_stream, [{"StreamName": name, "ShardCount": 1}] * CALLERS)
    x.equal("a name is given once", told, {"OK": 1, "ResourceInUseException": CALLERS - 1})
    x.active(name)
    told = together(x.k.add_tags_to_stream, [{"StreamName": name, "Tags": {"k%02d" % i: ""}} for i in range(40)])
    x.equal("no tag is lost", (told, len(x.k.list_tags_for_stream(StreamName=name)["Tags"])), ({"OK": 40}, 40))
    told = together(x.k.split_shard, [{"StreamName": name, "ShardToSplit": "0", "NewStartingHashKey": "100000"}] * CALLERS)
    x.equal("a shard is split once", (told["OK"], x.active(name)["OpenShardCount"]), (1, 2))


def five_at_once(x):
    names = ["wire-control-many-%d-%s" % (i, x.tag) for i in range(CALLERS)]
    told = together(x.k.create_stream, [{"StreamName": name, "ShardCount": 1} for name in names])
    x.made += names
    x.check("some are created", told["OK"] >= 1 and set(told) <= {"OK", "LimitExceededException"}, repr(told))


def last_consumer(x):
    """A stream that is deleted has no consumer that nobody was warned of."""
    name, arn = x.create("last", ShardCount=1)

    def either(i):
        if i % 4 == 3:
            return "delete", outcome(x.k.delete_stream, StreamName=name)
        return "register", outcome(x.k.register_stream_consumer, StreamARN=arn, ConsumerName="c%d" % i)
    with ThreadPoolExecutor(CALLERS) as callers:
        told = Counter(callers.map(either, range(CALLERS)))
    both = told["delete", "OK"] > 0 and told["register", "OK"] > 0
    x.check("consumers or a deletion, never both", not both, repr(told))


SCRIPTS = (one_name, last_consumer, five_at_once)
