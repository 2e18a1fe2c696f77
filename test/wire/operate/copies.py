"""leat backup of a running server under load, a server on the copy, and leat show of every file of both."""
import json
import threading
import time

from stage import active, read_all


class Load:
    """Callers that put, each over its own connection; what was answered, by sequence number, with its moment."""

    def __init__(self, server, streams, callers=4):
        self.acknowledged, self.failures, self.over = {}, [], False
        self.threads = [threading.Thread(target=self.run, args=(server.client(), streams[n % len(streams)], n))
                        for n in range(callers)]
        for thread in self.threads:
            thread.start()

    def run(self, client, stream, caller):
        count = 0
        while not self.over:
            data = b"%d %d %s" % (caller, count, b"x" * 3000)
            try:
                told = client.put_record(StreamName=stream, Data=data, PartitionKey=str(count))
            except Exception as why:
                self.failures.append(repr(why))
                return
            self.acknowledged[stream, told["SequenceNumber"]] = data
            count += 1

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join(20)
        return self


def encrypt(client, name):
    client.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/made-here")
    active(client, name)


def under_load(x):
    settings = ("--limits", "off", "--kms-create-missing", "--segment-bytes", "32MiB", "--backlog-bytes", "64MiB")
    server = x.server("origin", *settings, "--stream", "plain:2", "--stream", "sealed").start()
    k = server.client()
    # More than a segment, so that there are settled files.
    x.leat("put", "plain", input=b"".join(b"%06d %s\n" % (n, b"y" * 8000) for n in range(5000)), server=server)
    load = Load(server, ["plain", "sealed"])
    time.sleep(0.3)
    encrypt(k, "sealed")
    before = dict(load.acknowledged)
    keyed = {name: k.put_record(StreamName="sealed", Data=name.encode(), PartitionKey="k")["SequenceNumber"]
             for name in ("a", "b")}
    shard = k.list_shards(StreamName="plain")["Shards"][1]["ShardId"]
    iterator = k.get_shard_iterator(StreamName="plain", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    to = x.folder / "copy-of-origin"
    began = time.time()
    said = x.leat("backup", to, "--data", server.data)
    x.check("backup says that the copy is complete", "complete copy" in said and str(to) in said, said)
    took = time.time() - began
    count = len(load.acknowledged)
    time.sleep(0.2)
    x.check("puts go on after a backup (it took %.2f s)" % took, len(load.acknowledged) > count, load.failures)
    load.end()
    x.equal("no put failed while the backup was made", load.failures, [])
    told = [len(server.lines("backup_" + word)) for word in ("begun", "done", "failed")]
    x.equal("the log says when it began and ended", told, [1, 1, 0])
    said = x.leat("backup", to, "--data", server.data, code=1)
    x.check("a directory that is not empty is refused", "exist" in said or "empty" in said, said)
    shown(x, server.data, "the original, while it is served")

    copy = x.server("restored", *settings)
    copy.data = to
    copy.start()
    other = copy.client()
    there = {(name, number): data for name in ("plain", "sealed") for number, data in read_all(other, name).items()}
    missing = [one for one in before if there.get(one) != before[one]]
    x.equal("%d records acknowledged before the backup are in the copy, with their numbers" % len(before), missing, [])
    x.equal("records of an encrypted stream whose key was new", {name: there.get(("sealed", number), b"").decode()
                                                                for name, number in keyed.items()}, {"a": "a", "b": "b"})
    x.check("nothing is in the copy that was never put", all(data == load.acknowledged.get(one, data)
                                                            for one, data in there.items()))
    x.equal("the bulk is there", sum(data[7:8] == b"y" for data in there.values()), 5000)
    x.check("an iterator of the original works on the copy", other.get_records(ShardIterator=iterator)["Records"])
    put = other.put_record(StreamName="sealed", Data=b"c", PartitionKey="k")
    x.check("the copy takes puts", int(put["SequenceNumber"]) > max(int(number) for name, number in there if name == "sealed"))
    x.equal("the copy stops in order", copy.stop(), 0)
    shown(x, to, "the copy")
    copy.start()
    x.equal("the copy starts again", read_all(copy.client(), "sealed")[put["SequenceNumber"]], b"c")


def shown(x, folder, what):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_socket())
    said = x.leat("show", *files)
    x.check("leat show prints every file of %s" % what, all(str(path) in said for path in files), said[-300:])
    x.check("every kind of file is known there: %s" % what, "no file of a data directory" not in said)
    secret = [path for path in files if path.suffix == ".key"]
    x.check("secrets are told of, not shown: %s" % what, secret and said.count("not shown") == len(secret), len(secret))


def catalog(x):
    """What the catalog wrote down is shown as JSON: transactions in the commit log."""
    server = x.server("catalog", "--limits", "off", "--stream", "named").start()
    k = server.client()
    k.add_tags_to_stream(StreamName="named", Tags={"colour": "blue \u00e9"})
    k.delete_stream(StreamName="named")
    end = time.time() + 5
    while k.list_streams()["StreamNames"] and time.time() < end:
        time.sleep(0.02)
    server.stop()
    lines = x.leat("show", *server.data.glob("*.log")).splitlines()
    key = "    stream/000000000000/us-east-1/named: "
    told = [line[len(key):] for line in lines if line.startswith(key)]
    x.equal("the last word about a deleted stream", told[-1], "removed")
    rows = [json.loads(line) for line in told[:-1]]
    x.equal("its record, as JSON", (rows[0]["name"], rows[0]["mode"], rows[-1]["tags"]),
            ("named", 1, {"colour": "blue \u00e9"}))
    x.check("its shard too", any(line.startswith("    shard/") and '"index":0' in line for line in lines))
    x.check("what a transaction relied on", any(line.startswith("    if stream/") for line in lines))


def refusals(x):
    server = x.server("nobody")
    said = x.leat("backup", x.folder / "nowhere", "--data", server.data, code=1)
    x.check("a backup without a server", "no server answers" in said, said)
    x.check("and nothing is made", not (x.folder / "nowhere").exists())
    server.start()
    said = x.leat("backup", x.folder / "no" / "such" / "parent", "--data", server.data, code=1)
    x.check("a backup into a place that is not there", said.startswith("leat"), said)
    x.check("it is logged as one warning", server.wait_line("backup_failed"))
    said = x.leat("show", x.folder / "missing", code=1)
    x.check("leat show of a missing file", "missing" in said, said)
    (x.folder / "noise").write_bytes(b"\x01\x02\xff" * 100)
    said = x.leat("show", x.folder / "noise", code=1)
    x.check("leat show of a file that is not ours", "no file of a data directory" in said, said)
    said = x.leat("serve", "--listen", "127.0.0.1:0", "--data", server.data, code=1)
    x.check("a second server on the same directory is refused", str(server.data) in said or "another" in said, said)


SCRIPTS = (under_load, catalog, refusals)
