"""A real server's data directory, damaged with a hex edit in one way after the other: what users are told, the exit codes,
and what is still there. Also: files that are missing, and a directory of a newer version."""
import hashlib
import shutil
import struct
import subprocess
import time

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


def bulk(x, server):
    """More than a commit segment, so that there is a settled file."""
    x.leat("put", "one", input=b"".join(b"%06d %s\n" % (n, b"y" * 8000) for n in range(9000)), server=server)


def settled(x):
    """3. A settled file; 4. the manifest; and what leat show says of the whole directory."""
    server = x.server("settled", "--limits", "off", "--stream", "one", "--segment-bytes", "32MiB", "--backlog-bytes", "64MiB")
    server.start()
    bulk(x, server)
    end = time.time() + 15
    while (server.data / "manifest").stat().st_size < 200 and time.time() < end:
        time.sleep(0.1)
    server.stop()
    said = x.leat("show", server.data)
    x.check("leat show DIR of a whole directory: nothing is damaged", " 0 damaged" in said and "DAMAGED" not in said, said)
    x.check("a line for each file", all(path.name in said for path in server.data.iterdir() if path.suffix == ".log"), said)
    flip(server.data / "manifest", 140)
    said = x.leat("show", server.data, code=1)
    x.check("leat show DIR says how many are damaged", "1 of" in said and "damaged" in said, said)
    server.start()
    told = [line["what"] for line in server.lines("log_error")]
    x.check("a damaged manifest is rebuilt, and it is said", any("manifest was damaged and is rebuilt" in line for line in told),
            told)
    x.equal("nothing is missing", len(read_all(server.client(), "one", seconds=60)), 9000)
    server.stop()
    path = max(server.data.glob("settled-*.log"), key=lambda path: path.stat().st_size)
    flip(path, 100000)
    said = x.leat("show", path, code=1)
    x.check("leat show of a damaged settled file fails", path.name in said, said)
    done = subprocess.run([LEAT, "show", str(path)], capture_output=True, text=True, env=clean(), timeout=30)
    x.check("and says how many batches are damaged", "1 are damaged" in done.stdout and "DAMAGED at " in done.stdout,
            done.stdout[-300:])
    server.start()
    missing = 9000 - len(read_all(server.client(), "one", seconds=60))
    x.check("a damaged batch costs what was in it (%d records), not what lies around it" % missing, 0 < missing <= 500, missing)
    told = server.wait_line("log_error")
    x.check("the log says file and offset", any(path.name + " is damaged at offset" in line["what"]
                                               for line in server.lines("log_error")), told)
    server.stop()
    (server.data / "manifest").unlink()
    refused(x, server, "a missing manifest", "manifest is missing", "restore it")


def snapshots(x):
    """5. The newest snapshot of the catalog."""
    server = x.server("snapshots", "--limits", "off", "--stream", "one").start()
    k = server.client()
    tags = {"key-%02d" % n: "v" * 250 for n in range(40)}
    end = time.time() + 60
    while len(list(server.data.glob("catalog-*.snapshot"))) < 2 and time.time() < end:
        k.add_tags_to_stream(StreamName="one", Tags=dict(tags, last=str(time.time())))
    said = k.list_tags_for_stream(StreamName="one")["Tags"]
    server.stop()
    newest = sorted(server.data.glob("catalog-*.snapshot"))[-1]
    flip(newest, 200)
    server.start()
    told = server.lines("log_trouble")
    x.check("a damaged newest snapshot is told of", told and newest.name + " is damaged" in told[-1]["what"], told)
    x.equal("the state is the same", server.client().list_tags_for_stream(StreamName="one")["Tags"], said)
    x.check("the damaged one is kept beside", (server.data / (newest.name + ".damaged")).exists())
    server.stop()
    for path in server.data.glob("catalog-*.snapshot"):
        flip(path, 200)
    refused(x, server, "no whole snapshot", "restore the data directory from a backup", ".snapshot and the one before it are damaged")


def newer(x):
    """6. A directory, a segment and a manifest of a newer version: refused, and not a byte is changed."""
    server, put = made(x, "newer")
    for name, offset, crc in (("format", 5, None), ("manifest", 8, None)):
        path = server.data / name
        kept = path.read_bytes()
        if name == "format":
            path.write_bytes(b"leat 2\n")
        else:
            head = bytearray(kept)
            struct.pack_into("<I", head, 8, 2)
            struct.pack_into("<I", head, 12, crc32c(bytes(head[:12]) + bytes(head[16:128])))
            path.write_bytes(head)
        before = files(server.data)
        refused(x, server, "a newer %s" % name, "newer version")
        x.equal("a newer %s: nothing was changed" % name, files(server.data), before)
        path.write_bytes(kept)
    path = segment(server)
    kept = path.read_bytes()
    head = bytearray(kept[:64])
    struct.pack_into("<I", head, 8, 2)
    struct.pack_into("<I", head, 12, crc32c(bytes(head[:12]) + bytes(head[16:64])))
    edit(path, 0, bytes(head))
    before = files(server.data)
    refused(x, server, "a newer commit segment", path.name, "newer version")
    x.equal("a newer commit segment: nothing was changed", files(server.data), before)
    edit(path, 0, kept[:64])
    server.start()
    x.equal("this version's directory is still whole", read_all(server.client(), "one"), put)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


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


SCRIPTS = (records_only, catalog_hit, settled, snapshots, newer, missing_files)
