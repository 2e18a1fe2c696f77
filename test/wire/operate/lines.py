"""leat put and leat tail: what goes in comes out."""
import json
import subprocess
import threading
import time

from stage import LEAT, active, clean


def text(count, size=0):
    return ["%05d user%d %s" % (n, n % 7, "x" * size) for n in range(count)]


def joined(lines):
    return ("\n".join(lines) + "\n").encode()


def round_trips(x):
    server = x.server("lines", "--limits", "off", "--stream", "one", "--stream", "four:4", "--stream", "odd").start()
    wanted = text(3000)
    told = json.loads(x.leat("put", "one", "--json", "--key", "k", input=joined(wanted), server=server))
    x.equal("put --json counts the records", (told["stream"], told["records"]), ("one", 3000))
    x.equal("put --json counts bytes of data", told["bytes"], sum(len(line) for line in wanted))
    x.equal("tail prints the lines that were put, in order", x.leat("tail", "one", server=server).splitlines(), wanted)
    x.equal("tail --count ends there", x.leat("tail", "one", "--count", "7", server=server).splitlines(), wanted[:7])
    x.equal("tail --raw prints the data only", x.leat("tail", "one", "--raw", server=server), "".join(wanted))

    x.leat("put", "four", "--key-field", "2", "--in-flight", "3", "--batch", "50", input=joined(wanted), server=server)
    rows = [json.loads(line) for line in x.leat("tail", "four", "--json", server=server).splitlines()]
    x.equal("tail --json: every line once", sorted(row["data"] for row in rows), wanted)
    x.equal("tail --json: its fields", sorted(rows[0]), ["arrived", "data", "key", "sequence", "shard"])
    x.check("--key-field 2 is the key", all(row["data"].split()[1] == row["key"] for row in rows))
    by_key = {}
    for row in rows:
        by_key.setdefault(row["key"], []).append(row["data"])
    x.check("records of one key keep their order over lanes", all(part == sorted(part) for part in by_key.values()))
    x.check("four shards share seven keys", len({row["shard"] for row in rows}) > 1)
    shard = rows[0]["shard"]
    one = x.leat("tail", "four", "--shard", str(int(shard[-12:])), "--keys", server=server).splitlines()
    x.equal("tail --shard N --keys: shard, key, data", one, ["%s\t%s\t%s" % (row["shard"], row["key"], row["data"])
                                                             for row in rows if row["shard"] == shard])
    x.leat("put", "odd", "--key-regex", r"user([0-9]+)", server=server,
           input=b"no key here\n\nuser42 \xff\xfe\nuser7 last line without an end")
    rows = [json.loads(line) for line in x.leat("tail", "odd", "--json", server=server).splitlines()]
    x.equal("an empty line, bytes that are no text, a last line without an end",
            sorted(row.get("data", row.get("data_base64")) for row in rows),
            sorted(["no key here", "", "dXNlcjQyIP/+", "user7 last line without an end"]))
    x.equal("--key-regex: the first group, else a hash of the line",
            [sorted(len(row["key"]) for row in rows)] + [{"42", "7"} <= {row["key"] for row in rows}],
            [[1, 2, 16, 16], True])
    x.equal("put of nothing", json.loads(x.leat("put", "one", "--json", input=b"", server=server))["records"], 0)


def refusals(x):
    server = x.server("refusals", "--limits", "off", "--stream", "one").start()
    said = x.leat("put", "missing", input=b"line\n", server=server, code=1)
    x.check("put into no stream", "ResourceNotFoundException" in said and "missing" in said, said)
    said = x.leat("tail", "missing", server=server, code=1)
    x.check("tail of no stream", "ResourceNotFoundException" in said, said)
    x.check("put without STREAM", "leat put --help" in x.leat("put", input=b"", server=server, code=2))
    x.check("an unknown option", "--keyfield" in x.leat("put", "one", "--keyfield", "2", input=b"", code=2))
    said = x.leat("put", "one", "--key-regex", "(", input=b"", server=server, code=2)
    x.check("a broken expression", "--key-regex" in said or "expression" in said, said)
    said = x.leat("put", "one", "--endpoint", "ftp://x", input=b"a\n", code=2)
    x.check("an endpoint that is none", "http://HOST:PORT" in said, said)
    said = x.leat("tail", "one", "--from", "yesterday", server=server, code=2)
    x.check("tail --from of no known place", "yesterday" in said, said)
    long = b"x" * 1048576
    said = x.leat("put", "one", "--json", input=long + b"\n", server=server)
    x.equal("the longest line that a stream takes", json.loads(said)["records"], 1)
    x.check("a longer one", "1048576" in x.leat("put", "one", input=long + b"x\n", server=server, code=1))
    x.check("one that no stream takes", "longer" in x.leat("put", "one", input=long * 11, server=server, code=1))
    used = subprocess.run("%s tail one | head -c 10 | wc -c" % LEAT, shell=True, capture_output=True, timeout=20,
                          env=clean({"AWS_ENDPOINT_URL": server.url}), text=True)
    x.equal("a reader of tail that goes away is no failure", (used.stdout.strip(), used.stderr), ("10", ""))


def throttled(x):
    """2,500 records into a shard that takes 1,000 a second: refused in part, sent again, and all there."""
    server = x.server("throttled", "--stream", "one").start()
    wanted = text(2500)
    told = json.loads(x.leat("put", "one", "--json", input=joined(wanted), server=server))
    x.check("put is throttled and goes on", told["records"] == 2500 and told["retried"] > 0, told)
    x.check("it takes the time that the limit asks for", told["seconds"] > 1, told)
    x.equal("every line is there once", sorted(x.leat("tail", "one", server=server).splitlines()), wanted)


def follow(x):
    """tail --follow over a split: a child after its parent, nothing lost, order per key."""
    server = x.server("follow", "--limits", "off", "--stream", "one").start()
    k, env = server.client(), clean({"AWS_ENDPOINT_URL": server.url})
    reader = subprocess.Popen([LEAT, "tail", "one", "--follow", "--json", "--count", "400"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=env, text=True)
    got, moments = [], []

    def gather():
        for line in reader.stdout:
            got.append(json.loads(line))
            moments.append(time.time())
    gatherer = threading.Thread(target=gather)
    gatherer.start()
    x.leat("put", "one", "--key-field", "2", input=joined(text(200)), server=server)
    put = time.time()
    end = put + 5
    while len(got) < 200 and time.time() < end:
        time.sleep(0.01)
    x.check("tail --follow prints as records come", len(got) == 200 and moments[-1] - put < 1.5, len(got))
    k.split_shard(StreamName="one", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2 ** 127))
    active(k, "one")
    x.leat("put", "one", "--key-field", "2", input=joined(text(400)[200:]), server=server)
    try:
        code = reader.wait(10)
    except subprocess.TimeoutExpired:
        reader.kill()
        code = "it did not end"
    gatherer.join(5)
    x.equal("tail --follow --count 400 ends", code, 0)
    x.equal("nothing is lost over a split", sorted(row["data"] for row in got), text(400))
    x.equal("the children are read", len({row["shard"] for row in got}), 3)
    by_key = {}
    for row in got:
        by_key.setdefault(row["key"], []).append(row["data"])
    x.check("order per key is kept over a split", all(part == sorted(part) for part in by_key.values()))
    latest = subprocess.run([LEAT, "tail", "one", "--from", "latest"], capture_output=True, env=env, timeout=10)
    x.equal("tail --from latest without --follow has nothing to say", (latest.returncode, latest.stdout), (0, b""))
    since = x.leat("tail", "one", "--from", "2020-01-01T00:00:00Z", server=server).splitlines()
    x.equal("tail --from a time", len(since), 400)


SCRIPTS = (round_trips, refusals, throttled, follow)
