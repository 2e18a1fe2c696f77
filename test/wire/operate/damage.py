"""A real server's data directory, damaged with a hex edit in one way after the other: what users are told, the exit codes,
and what is still there. Also: files that are missing, and a directory of a newer version."""
import hashlib
import shutil
import struct
import subprocess

from stage import LEAT, active, clean, read_all

FRAME, BATCH, SEGMENT = 64, 48, 4096
CATALOG = 1


def files(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def frames(path):
    """(offset, size, logs) of every frame of a commit segment, by its headers."""
    bytes_, at = path.read_bytes(), SEGMENT
    generation = bytes_[24:32]
    while bytes_[at:at + 4] == b"LFRM" and bytes_[at + 8:at + 16] == generation:
        size, count = struct.unpack_from("<II", bytes_, at + 40)
        logs, batch = set(), at + FRAME
        for _ in range(count):
            log, = struct.unpack_from("<Q", bytes_, batch)
            body, = struct.unpack_from("<I", bytes_, batch + 32)
            logs.add(log)
            batch += BATCH + (body + 7) // 8 * 8
        yield at, FRAME + size, logs
        at += FRAME + size


def edit(path, offset, new):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(new)


def flip(path, offset):
    edit(path, offset, bytes([path.read_bytes()[offset] ^ 0x10]))


def segment(server):
    """The commit segment that holds the most."""
    return max(server.data.glob("commit-*.log"), key=lambda path: sum(1 for _ in frames(path)))


def refused(x, server, what, *sentences):
    """The server does not start: status 1, and one line says why and what to do."""
    before = len(server.lines())
    command = [LEAT, "serve", "--listen", "127.0.0.1:0", "--data", str(server.data)] + server.settings
    with open(server.log, "ab") as log:
        code = subprocess.run(command, stdout=log, stderr=log, env=clean(), timeout=20).returncode
    lines = server.lines()[before:]
    failed = [line for line in lines if line["event"] == "failed"]
    x.equal("%s: status 1 and one line of failure" % what, (code, len(failed)), (1, 1))
    text = " ".join(str(line) for line in lines)
    for sentence in sentences:
        x.check("%s: it says \u201c%s\u201d" % (what, sentence), sentence in text, text[-700:])


def made(x, name, *settings, records=40):
    """A server that was stopped in order, with a stream whose records are in the commit log; and what was put."""
    server = x.server(name, "--limits", "off", "--stream", "one", *settings).start()
    k = server.client()
    put = {}
    for n in range(records):
        data = b"%04d" % n
        put[k.put_record(StreamName="one", Data=data, PartitionKey="k")["SequenceNumber"]] = data
    server.stop()
    return server, put


def records_only(x):
    """1. A frame of records: the start goes on, and says what is lost."""
    server, put = made(x, "records")
    path = segment(server)
    at, size, _ = [one for one in frames(path) if one[2] and CATALOG not in one[2]][10]
    edit(path, at, bytes(size))
    server.start()
    told = [line["what"] for line in server.lines("log_error")]
    x.check("a lost commit of records: file, offset and number are said", any(
        path.name in line and str(at) in line and "1 acknowledged commits" in line for line in told), told)
    x.check("and that the catalog is whole", any("the start goes on" in line for line in told), told)
    there = read_all(server.client(), "one")
    x.equal("one record is missing, all others are there", (len(there), all(put[n] == d for n, d in there.items())),
            (len(put) - 1, True))


def catalog_hit(x):
    """2. A frame of the catalog: refused, until the loss is accepted in as many words."""
    server, put = made(x, "catalog-hit")
    server.start()
    k = server.client()
    k.add_tags_to_stream(StreamName="one", Tags={"a": "b"})
    k.create_stream(StreamName="two", ShardCount=1)
    active(k, "two")
    k.put_record(StreamName="one", Data=b"last", PartitionKey="k")
    server.stop()
    path = segment(server)
    at, size, _ = [one for one in frames(path) if CATALOG in one[2]][-1]
    edit(path, at + FRAME + BATCH, b"\xff" * 8)
    refused(x, server, "a lost commit of the catalog", path.name, str(at), "leat repair --help")
    x.check("leat repair without its word", "--accept-loss" in x.leat("repair", "--data", server.data, code=2))
    said = x.leat("repair", "--accept-loss", "--data", server.data)
    x.check("leat repair says what was passed over", "1 damaged places were passed over" in said, said)
    server.start()
    k = server.client()
    x.check("the server starts, and goes on", len(read_all(k, "one")) >= len(put))
    k.create_stream(StreamName="three", ShardCount=1)
    active(k, "three")
    x.equal("a new stream is empty", read_all(k, "three"), {})
    server.stop()
    x.check("a second repair has nothing to do", "nothing had to be done" in
            x.leat("repair", "--accept-loss", "--data", server.data))


def missing_files(x):
    """What is made anew is said, and nothing is made anew where that would lose something."""
    server, _ = made(x, "missing", "--stream", "other", "--kms-create-missing")
    server.start()
    k = server.client()
    k.start_stream_encryption(StreamName="one", EncryptionType="KMS", KeyId="alias/mine")
    active(k, "one")
    k.put_record(StreamName="one", Data=b"sealed", PartitionKey="k")
    server.stop()
    kept = server.folder / "kept.json"
    shutil.move(server.data / "vault.json", kept)
    server.start()
    k = server.client()
    told = server.lines("keys_missing")
    x.check("a missing vault.json: the start says which streams cannot be read", told and told[-1]["names"] == "one", told)
    x.refused("a put to such a stream", "KMSNotFoundException", k.put_record, StreamName="one", Data=b"x", PartitionKey="k")
    k.put_record(StreamName="other", Data=b"x", PartitionKey="k")
    x.refused("no new key store is begun meanwhile", "InternalFailure", k.start_stream_encryption, StreamName="other",
              EncryptionType="KMS", KeyId="alias/other")
    x.check("nor written", not (server.data / "vault.json").exists())
    server.stop()
    shutil.move(kept, server.data / "vault.json")
    server.start()
    x.check("restored, it opens everything", b"sealed" in read_all(server.client(), "one").values())
    server.stop()
    flip(server.data / "vault.json", 40)
    refused(x, server, "a damaged vault.json", "vault.json", "Restore it")
    flip(server.data / "vault.json", 40)
    (server.data / "master.key").rename(server.folder / "master.key")
    refused(x, server, "a missing master key", "master.key is missing, and vault.json needs it")
    shutil.move(server.folder / "master.key", server.data / "master.key")
    (server.data / "token.key").unlink()
    server.start()
    x.equal("a missing token.key is made anew, and said", len(server.lines("token_key_made")), 1)


SCRIPTS = (records_only, catalog_hit, missing_files)
