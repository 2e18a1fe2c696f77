"""Servers of one's own: started with whatever settings, watched from outside, stopped and asked for their status."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import link

PROGRAM = os.environ.get("LEAT_PROGRAM")
KEY, SECRET = os.environ.get("AWS_ACCESS_KEY_ID", "test"), os.environ.get("AWS_SECRET_ACCESS_KEY", "test")
ACCOUNT = "123456789012"
READY = re.compile(r"127\.0\.0\.1:([1-9]\d*)")
SECONDS = 30  # to get ready, to stop: generous, because a build with sanitizers is slow


def environment(more=None):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LEAT_"))}
    return dict(clean, **(more or {}))


def attempt(*words, env=None, **how):
    """A command that is expected to end by itself: (status, standard error, or what it printed when they are one)."""
    how = dict({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}, **how)
    done = subprocess.run([PROGRAM, *map(str, words)], env=environment(env), timeout=SECONDS, **how)
    return done.returncode, (done.stderr or done.stdout).decode(errors="replace")


class House:
    """`leat serve` on a directory; `folder/data` unless told otherwise."""

    def __init__(self, folder, *settings, data=None, verified=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = pathlib.Path(data or self.folder / "data")
        self.log = self.folder / "stderr"
        self.command = [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data), "--call-rates", "off",
                        "--log-format", "json", *settings]
        if verified:
            self.command += ["--credentials", str(self.credentials())]
        self.process = None

    def credentials(self):
        path = self.folder / "credentials.json"
        user = {"name": "hostile", "accessKeyId": KEY, "secretAccessKey": SECRET, "account": ACCOUNT, "administrator": True}
        path.write_text(json.dumps({"users": [user]}))
        path.chmod(0o600)
        return path

    def __enter__(self):
        if not self.start():
            raise RuntimeError("did not get ready: " + self.text()[-2000:])
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def start(self):
        """True when it is ready, False when it ended before."""
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=environment())
        for _ in range(SECONDS * 50):
            ready = [line for line in self.lines() if line.get("event") == "ready"]
            if ready:
                self.url = "http://127.0.0.1:" + READY.search(ready[0]["listen"]).group(1)
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)
        self.process.kill()
        return False

    def stop(self):
        """The exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "killed"

    def text(self):
        return self.log.read_text(errors="replace")

    def lines(self):
        out = []
        for line in self.text().splitlines():
            try:
                out.append(json.loads(line))
            except ValueError:
                pass
        return out

    def events(self, name):
        return [line for line in self.lines() if line.get("event") == name]

    def status(self, field):
        text = pathlib.Path("/proc/%d/status" % self.process.pid).read_text()
        return int(re.search(field + r":\s+(\d+)", text).group(1))

    def peak_mib(self):
        return self.status("VmHWM") / 1024

    def sanitized(self):
        return "asan" in pathlib.Path("/proc/%d/maps" % self.process.pid).read_text()

    def link(self):
        return link.Link(self.url)

    def call(self, operation, value=None, **how):
        with self.link() as one:
            return one.call(operation, value, **how)


def made(house, name, shards=1):
    """A stream that is ACTIVE."""
    house.call("CreateStream", {"StreamName": name, "ShardCount": shards})
    for _ in range(200):
        answer = house.call("DescribeStreamSummary", {"StreamName": name}).json()
        if answer.get("StreamDescriptionSummary", {}).get("StreamStatus") == "ACTIVE":
            return answer["StreamDescriptionSummary"]["StreamARN"]
        time.sleep(0.02)
    raise RuntimeError("no stream: %r" % answer)


def read_all(house, stream, shard="shardId-000000000000"):
    """(the data of all records that are served, the first answer that was no success)"""
    with house.link() as one:
        got = one.call("GetShardIterator", {"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"})
        data = []
        while got.status == 200:
            got = one.call("GetRecords", {"ShardIterator": got.json().get("ShardIterator")
                                          or got.json().get("NextShardIterator"), "Limit": 1000})
            if got.status != 200:
                break
            data += [record["Data"] for record in got.json()["Records"]]
            if got.json().get("MillisBehindLatest") == 0:
                return data, None
    return data, got
