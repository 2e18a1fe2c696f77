"""Declared streams, precedence of flag, variable and file, wrong settings, and limits that settings change."""
import time

from stage import active


def shards(client, name):
    return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"]


def names(client):
    return sorted(client.list_streams()["StreamNames"])


def declared(x):
    server = x.server("declared", "--stream", "flag:3", "--stream", "plain").start()
    k = server.client()
    x.equal("--stream, again and again", (names(k), shards(k, "flag")), (["flag", "plain"], 3))
    x.equal("they are ACTIVE at the ready line", {one["StreamStatus"] for one in k.list_streams()["StreamSummaries"]},
            {"ACTIVE"})
    k.put_record(StreamName="flag", Data=b"kept", PartitionKey="k")
    x.equal("the log names what was created", sorted(line["stream"] for line in server.lines("stream_declared")),
            ["flag", "plain"])
    server.stop()
    server.start()
    x.equal("a restart makes none again", len(server.lines("stream_declared")), 2)

    server = x.server("variable", env={"LEAT_STREAMS": "a:2,b", "LEAT_ACCOUNT": "111122223333"}).start()
    k = server.client()
    x.equal("LEAT_STREAMS", (names(k), shards(k, "a")), (["a", "b"], 2))
    x.check("LEAT_ACCOUNT is theirs", ":111122223333:stream/a" in active(k, "a")["StreamARN"])

    server = x.server("file")
    file = server.folder / "leat.conf"
    file.write_text("# a comment\n\nstream = one:4\nstream = two\nlimits = off\nregion = eu-west-1\n")
    server.settings += ["--config", str(file)]
    server.start()
    ready = server.lines("ready")[0]
    x.equal("a configuration file's streams", [(line["stream"], line["shards"]) for line in server.lines("stream_declared")],
            [("one", 4), ("two", 1)])
    x.equal("its limits", ready["limits"], "off")


def precedence(x):
    """The same setting in all three places: durability, limits and access-log tell by the ready line who won."""
    server = x.server("precedence")
    file = server.folder / "leat.conf"
    file.write_text("durability = os\nlimits = off\nstream = of-file\n")

    def ready(*flags, **env):
        server.env = dict(env, LEAT_CONFIG=str(file))
        server.start(*flags)
        server.stop()
        return server.lines("ready")[-1]
    x.equal("LEAT_CONFIG names the file", [ready()[name] for name in ("durability", "limits")], ["os", "off"])
    told = ready(LEAT_DURABILITY="sync")
    x.equal("a variable is stronger than the file", (told["durability"], told["limits"]), ("sync", "off"))
    told = ready("--durability", "os", LEAT_DURABILITY="memory", LEAT_LIMITS="aws")
    x.equal("a flag is stronger than the variable", (told["durability"], told["limits"]), ("os", "aws"))
    before = {line["stream"] for line in server.lines("stream_declared")}
    ready("--stream", "of-flag", LEAT_STREAMS="of-variable")
    x.equal("a list of the strongest place stands for itself",
            {line["stream"] for line in server.lines("stream_declared")} - before, {"of-flag"})
    memory = server.folder / "nowhere"
    server.data = memory
    told = ready("--durability", "memory")
    x.check("durability memory leaves nothing on disk", told["data"] == "(memory)" and not memory.exists(), told)


def wrong(x):
    """One line that names the setting, the value and what is allowed; status 2."""
    file = x.folder / "wrong.conf"

    def said(*flags, env=None):
        text = x.leat("serve", "--data", x.folder / "none", *flags, env=env, code=2)
        x.equal("one line: %s" % " ".join(map(str, flags or env)), text.count("\n"), 1)
        return text
    for flags, parts in ((("--durability", "fast"), ("durability", "fast", "sync")),
                         (("--tail-bytes", "1"), ("tail-bytes", "1", "1MiB")),
                         (("--transition", "2 days"), ("transition", "2 days", "1h")),
                         (("--stream", "a b"), ("stream", "a b")),
                         (("--stream", "a:0"), ("stream", "a:0")),
                         (("--listen", "localhost"), ("listen", "localhost")),
                         (("--account", "12"), ("account", "12")),
                         (("--no-such",), ("no-such",))):
        text = said(*flags)
        x.check("it names %s" % " ".join(parts), all(part in text for part in parts), text)
    text = said(env={"LEAT_LIMITS": "some"})
    x.check("a variable's name is in it", "LEAT_LIMITS" in text and "some" in text, text)
    file.write_text("limits = off\n\nlimit = 3\n")
    text = said("--config", file)
    x.check("file and line are in it", "wrong.conf" in text and "3" in text and "limit" in text, text)
    text = said("--config", x.folder / "no.conf")
    x.check("a file that is not there", "no.conf" in text, text)
    text = x.leat("serve", "--listen", "0.0.0.0:0", "--data", x.folder / "open", code=2)
    x.check("open beyond loopback is refused", "--allow-open" in text and "--credentials" in text, text)
    x.check("and it ends in order", "Assertion" not in text, text)
    (x.folder / "is-a-file").write_text("x")
    text = x.leat("serve", "--listen", "127.0.0.1:0", "--data", x.folder / "is-a-file", code=1)
    x.check("a data directory that is a file", "is-a-file" in text and "Assertion" not in text, text)
    server = x.server("taken").start()
    text = x.leat("serve", "--listen", server.address, "--data", x.folder / "other", code=1)
    x.check("an address that is taken", server.address in text and "taken" in text and "Assertion" not in text, text)
    text = x.leat("serve", "--listen", "127.0.0.1:0", "--data", x.folder / "other", "--tls-cert", file, code=None)
    x.check("a certificate without its key", "tls" in text and "Assertion" not in text, text)


def hot_shards(x):
    """An on-demand stream splits the shard that takes more than hot-shard-bytes, and the halves take what comes."""
    server = x.server("hot", "--hot-shard-bytes", "20KiB").start()
    k = server.client()
    k.create_stream(StreamName="hot", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    active(k, "hot")
    before, end = shards(k, "hot"), time.time() + 15
    while not server.lines("shard_split") and time.time() < end:
        k.put_records(StreamName="hot", Records=[{"Data": b"x" * 4000, "PartitionKey": "%d" % n,
                                                  "ExplicitHashKey": "1"} for n in range(10)])
        time.sleep(0.2)
    found = server.wait_line("shard_split", 1, 1)
    x.equal("a hot shard is split by itself and told of", found and (found["stream"], found["shard"]), ("hot", 0))
    active(k, "hot")
    x.check("there are more shards", shards(k, "hot") > before, before)
    told = k.put_record(StreamName="hot", Data=b"y", PartitionKey="k", ExplicitHashKey="1")
    x.check("its range goes to a child", int(told["ShardId"][-12:]) >= before, told)


SCRIPTS = (declared, precedence, wrong, hot_shards)
