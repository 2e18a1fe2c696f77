"""Damaged, missing and unwritable files of a data directory: what is said, and that no wrong record is ever served."""
import base64
import os
import shutil
import subprocess

from house import House, attempt, made, read_all

FIX = ["--limits", "off", "--segment-bytes", "32MiB", "--backlog-bytes", "64MiB", "--tail-bytes", "1MiB", "--kms-create-missing"]
RECORDS, AT_ONCE = 420, 6


def record(number):
    return base64.b64encode(b"%08d" % number * 20000).decode()


EXPECTED = {record(number): number for number in range(RECORDS)}


def furnished(folder):
    """A data directory with every kind of file: settled records, unsettled ones, a snapshot, an encrypted stream."""
    with House(folder / "whole", *FIX) as house:
        made(house, "s")
        made(house, "e")
        house.call("StartStreamEncryption", {"StreamName": "e", "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"})
        with house.link() as one:
            for turn in range(80):
                one.call("AddTagsToStream", {"StreamName": "e", "Tags": {"k%d" % k: "%03d" % turn + "v" * 250 for k in range(50)}})
            one.call("PutRecord", {"StreamName": "e", "Data": "aGk=", "PartitionKey": "a"})
            for first in range(0, RECORDS, AT_ONCE):
                records = [{"Data": record(first + i), "PartitionKey": "a"} for i in range(AT_ONCE)]
                got = one.call("PutRecords", {"StreamName": "s", "Records": records})
                if got.status != 200:
                    raise RuntimeError(got)
        if house.stop() != 0:
            raise RuntimeError(house.text())
        return house.data


def damaged(folder, whole, name, how):
    """That file in a copy of the directory, not what it was."""
    shutil.rmtree(folder / "copy", ignore_errors=True)
    (folder / "copy").mkdir()
    subprocess.run(["cp", "-a", "--sparse=always", str(whole), str(folder / "copy" / "data")], check=True)
    path = folder / "copy" / "data" / name
    how(path)
    return path


class Damage:
    """A server on a copy of the directory in which one file is not what it was."""

    def __init__(self, folder, whole, name, how):
        self.path = damaged(folder, whole, name, how)
        self.house = House(folder / "copy", *FIX)
        self.up = self.house.start()
        self.lost = self.wrong = 0
        self.status = self.look() if self.up else self.house.process.wait()

    def look(self):
        """Reads everything; the exit status."""
        found, _ = read_all(self.house, "s")
        numbers = [EXPECTED.get(data, -1) for data in found]
        self.wrong = sum(number < 0 for number in numbers) + (numbers != sorted(set(numbers)))
        self.lost = RECORDS - len(found)
        return self.house.stop()

    def said(self):
        """What it said about damage: the lines that are errors."""
        out = [line.get("what") or line.get("reason") for line in self.house.lines() if line["level"] == "error"]
        return " / ".join(filter(None, out))

    def __repr__(self):
        return "up %s, status %s, %d lost, %d wrong: %s" % (self.up, self.status, self.lost, self.wrong,
                                                           self.said() or self.house.text()[-400:])


def flip(*places):
    """Bits at these places: offsets, from the end when negative, or parts of the size."""
    def how(path):
        with open(path, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            for place in places:
                offset = int(place * size) if isinstance(place, float) else place % size
                byte = os.pread(file.fileno(), 1, offset)
                os.pwrite(file.fileno(), bytes([byte[0] ^ 0x55]), offset)
    return how


def text(bytes_):
    return lambda path: path.write_bytes(bytes_)


def gone(path):
    path.unlink()


def refused(what, damage, *parts):
    """It does not start, and says which file and what can be done."""
    said = damage.said()
    return what, not damage.up and damage.status == 1 and all(part in said for part in parts), damage


def keys(folder):
    whole = furnished(folder)
    for what, name, how, parts in (
            ("a token key that is short", "token.key", text(b"abc"), ("token.key", "remove it")),
            ("another master key", "master.key", flip(3), ("vault.json", "master.key", "estore")),
            ("a master key that is empty", "master.key", text(b""), ("master.key", "32 bytes", "copy")),
            ("a missing master key", "master.key", gone, ("master.key", "missing", "copy")),
            ("a vault that is damaged", "vault.json", flip(0.5), ("vault.json", "estore")),
            ("a vault that is empty", "vault.json", text(b""), ("vault.json", "estore")),
            ("a vault of zero bytes", "vault.json", text(bytes(500)), ("vault.json", "estore")),
            ("a damaged authority", "ca.pem", flip(100), ("ca.pem", "estore")),
            ("a damaged key of the authority", "ca.key", flip(100), ("ca.key", "estore"))):
        yield refused(what + ": status 1, the file and what to do", Damage(folder, whole, name, how), *parts)


def engine(folder):
    whole = folder / "whole" / "data"
    names = sorted(path.name for path in whole.iterdir())
    commits = [name for name in names if name.startswith("commit-") and name.endswith(".log")]
    settled = [name for name in names if name.startswith("settled-")]
    snapshots = [name for name in names if name.endswith(".snapshot")]
    yield "the directory has every kind of file", len(commits) > 1 and settled and snapshots, names
    for what, how in (("damaged", flip(0.5)), ("damaged at its start", flip(0)), ("empty", text(b""))):
        damage = Damage(folder, whole, "manifest", how)
        yield "a manifest that is %s is rebuilt aloud, and nothing is lost" % what, damage.up and damage.status == 0 and \
            damage.lost == damage.wrong == 0 and "rebuilt" in damage.said() and \
            damage.path.with_name("manifest.damaged").exists(), damage
    yield refused("a manifest that is missing: status 1 and its name", Damage(folder, whole, "manifest", gone), "manifest")
    for name in snapshots:
        yield refused("a damaged snapshot alone: status 1 and what to do", Damage(folder, whole, name, flip(0.5)), "snapshot",
                      "backup")
    for what, name, how in (("in the middle", commits[0], flip(0.4)), ("at two places", commits[0], flip(0.1, 0.3)),
                            ("in the last one", commits[-1], flip(0.02))):
        damage = Damage(folder, whole, name, how)
        yield "a commit segment damaged %s: file, offset, meaning; nothing is guessed" % what, damage.wrong == 0 and \
            damage.status == (0 if damage.up else 1) and name in damage.said() and "offset" in damage.said() and \
            "lost" in damage.said() and (damage.up or "backup" in damage.said()), damage
    damage = Damage(folder, whole, commits[0], flip(10))
    yield "the header of a commit segment: it is named, and nothing is lost", damage.up and damage.lost == damage.wrong == 0 \
        and commits[0] in damage.said(), damage
    damage = Damage(folder, whole, commits[0], gone)
    yield "a missing commit segment is told of", damage.wrong == 0 and "missing" in damage.said() and "lost" in damage.said(), \
        damage
    damage = Damage(folder, whole, settled[-1], flip(0.5))
    yield "a settled file damaged in the middle: file and offset, the rest is served", damage.up and damage.wrong == 0 and \
        0 < damage.lost <= 3 * AT_ONCE and settled[-1] in damage.said() and "offset" in damage.said(), damage
    for place in (0, 10, 40, -1, -5, -100):
        damage = Damage(folder, whole, settled[-1], flip(place))
        yield "a settled file, byte %d: no record is wrong" % place, damage.wrong == 0 and damage.status == (not damage.up) and \
            (damage.lost == 0 or settled[-1] in damage.said()), damage
    damage = Damage(folder, whole, settled[-1], lambda path: os.truncate(path, os.path.getsize(path) // 2))
    yield "a settled file cut in half: no record is wrong, and it is named", damage.wrong == 0 and \
        settled[-1] in damage.said(), damage
    damage = Damage(folder, whole, settled[-1], gone)
    yield "a settled file that is missing is named", damage.wrong == 0 and settled[-1] in damage.said() and \
        "missing" in damage.said(), damage
    damage = Damage(folder, whole, "format", gone)
    yield refused("a missing format is not made up", damage, "format")
    for name in (commits[0], snapshots[0], "manifest"):
        path = damaged(folder, whole, name, flip(0.4))
        status, told = attempt("show", path.parent, stderr=subprocess.STDOUT)
        yield "leat show of a directory with a damaged %s says so" % name.split("-")[0], status == 1 and "Assertion" not in told and \
            any(word in told for word in ("DAMAGED", "does not match", "checksum")), (status, told[-300:])


PARTS = [keys, engine]
