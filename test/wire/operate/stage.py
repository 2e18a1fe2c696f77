"""Servers of our own, the commands of `leat`, clients, and the count of checks."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

import boto3
import botocore.config
from botocore.exceptions import ClientError

ROOT = pathlib.Path(__file__).resolve().parents[3]
LEAT = os.environ.get("LEAT_PROGRAM") or str(ROOT / "build" / "leat")
READY_SECONDS, END_SECONDS, COMMAND_SECONDS = 15, 20, 30
ACCOUNT = "123456789012"


def clean(more=None):
    """The environment without what would steer leat or an SDK."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LEAT_", "XDG_"))}
    return dict(kept, **(more or {}))


class Server:
    """`leat serve` on a free port. `log` holds all that it ever wrote, over its restarts."""

    def __init__(self, stage, name, *settings, env=None):
        self.folder = stage.folder / name
        self.folder.mkdir(exist_ok=True)
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.settings, self.env, self.process = list(settings), env, None

    def spawn(self, *more):
        command = [LEAT, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data)] + self.settings + list(more)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=clean(self.env))

    def start(self, *more):
        before = self.log.stat().st_size if self.log.exists() else 0
        self.spawn(*more)
        end = time.time() + READY_SECONDS
        while time.time() < end:
            found = re.search(rb'"event":"ready","listen":"http://([^" ]+)', self.log.read_bytes()[before:])
            if found:
                self.address = found.group(1).decode()
                self.url = "http://" + self.address
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError("no ready line: " + self.log.read_text()[-600:])

    def lines(self, event=None):
        """The log's lines, or those of one event; a line that is no JSON throws."""
        read = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in read if event in (None, line["event"])]

    def wait_line(self, event, count=1, seconds=5):
        end = time.time() + seconds
        while time.time() < end:
            found = self.lines(event)
            if len(found) >= count:
                return found[-1]
            time.sleep(0.02)
        return None

    def signal(self, which):
        self.process.send_signal(which)

    def end(self):
        """Its exit code; a server that does not end is killed, and its code is then the signal's."""
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.end() if self.process else None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def client(self, key="test", secret="test", token=None, **config):
        config = botocore.config.Config(retries={"max_attempts": 0}, max_pool_connections=40, read_timeout=20, **config)
        return boto3.client("kinesis", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token, config=config)

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as why:
            return why.code, why.read().decode()


class Stage:
    def __init__(self):
        self.passed = self.failed = 0
        self.servers = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="leat-operate-"))

    def strike(self):
        for server in self.servers:
            if server.process and server.process.poll() is None:
                server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self, what, good, why=""):
        self.passed += bool(good)
        self.failed += not good
        print("ok  operate: %s" % what if good else "FAIL operate: %s: %s" % (what, why), flush=True)

    def equal(self, what, got, wanted):
        self.check(what, got == wanted, "%.300r, not %.300r" % (got, wanted))

    def refused(self, what, code, call, **arguments):
        """The text of the refusal."""
        try:
            answer = call(**arguments)
        except ClientError as why:
            error = why.response["Error"]
            self.equal(what, error["Code"], code)
            return error["Message"]
        self.check(what, False, "it was accepted: %.200r" % answer)
        return ""

    def part(self, script):
        """What a script throws is its failure and ends that script only; its servers end with it."""
        had = len(self.servers)
        try:
            script(self)
        except Exception as why:
            self.check(script.__name__.replace("_", " "), False, "%s: %s" % (type(why).__name__, why))
        for server in self.servers[had:]:
            if server.process and server.process.poll() is None:
                self.equal("%s: it ends in order" % server.folder.name, server.stop(), 0)
            shutil.rmtree(server.folder, ignore_errors=True)

    def server(self, name, *settings, env=None):
        server = Server(self, name, *settings, env=env)
        self.servers.append(server)
        return server

    def leat(self, *command, input=None, server=None, env=None, code=0):
        """What a command prints; with another exit code than wanted, a failure that says so. None: any."""
        more = {"AWS_ENDPOINT_URL": server.url} if server else {}
        done = subprocess.run([LEAT] + [str(part) for part in command], input=input, capture_output=True,
                              env=clean(dict(more, **(env or {}))), timeout=COMMAND_SECONDS)
        if code is not None and done.returncode != code:
            raise RuntimeError("leat %s: status %d, not %d: %s" % (command[0], done.returncode, code,
                                                                   done.stderr.decode(errors="replace")[-300:]))
        return (done.stdout if code == 0 else done.stderr).decode(errors="replace")


def active(client, name, status="ACTIVE", seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == status:
            return summary
        time.sleep(0.02)
    raise RuntimeError("%s is %s, not %s" % (name, summary["StreamStatus"], status))


def read_all(client, name, seconds=20):
    """{sequence number: data} of every record of a stream."""
    found, end = {}, time.time() + seconds
    for shard in client.list_shards(StreamName=name)["Shards"]:
        at = client.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        at = at["ShardIterator"]
        while at and time.time() < end:
            answer = client.get_records(ShardIterator=at)
            found.update((record["SequenceNumber"], record["Data"]) for record in answer["Records"])
            at = answer.get("NextShardIterator")
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
    return found
