"""stage.py: one scenario: a server on a directory, workers who load it, a judge who knows, checks that are counted, and
the means to hurt it: rules for the shim, file systems of our own, limits."""
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

from judge import CHECKS, Judge
from kinesis import Client, Lost, Refused
from load import Reader, Server, Writer, create, free_port, read_log
from subscriber import Subscriber

COMMAND = ("{leat} serve --listen 127.0.0.1:{port} --data {data} --limits off --call-rates off --transition 0 "
           "--segment-bytes 32MiB --backlog-bytes 64MiB --tail-bytes 1MiB --settled-bytes 16MiB --queue-bytes 16MiB "
           "--log-format json")
STREAMS = {"wide": 4, "one": 1}


class Skip(Exception):
    """This machine does not allow it; the reason is the text."""


class BigWriter(Writer):
    """Fills a disk sooner."""

    def size(self):
        return self.rng.randrange(50_000)


class Stage:
    """`data`: where the server keeps it, when not in the scenario's folder."""

    def __init__(self, args, name):
        self.args = args
        self.short = args.short
        self.name = name
        self.folder = tempfile.mkdtemp(prefix=f"leat-kernel-{name}-")
        self.rng = random.Random(args.seed)
        self.wrongs, self.figures, self.mounts = [], [], []
        self.judge = Judge(lambda line: self.wrongs.append(line))
        self.workers, self.server, self.data = [], None, os.path.join(self.folder, "data")
        self.rules_path = os.path.join(self.folder, "rules")
        self.writers = 0

    # ---- what is found ----

    def check(self, what, good, why=""):
        if not good:
            self.wrongs.append(f"FAULT {what}: {str(why)[:600]}")
        return good

    def figure(self, text):
        self.figures.append(text)

    # ---- the server ----

    def serve(self, *settings, shim=False, limits=None):
        """Prepared, not started; on the port of the one before, so that workers find it."""
        port = self.server.port if self.server else free_port()
        words = shlex.split(COMMAND.format(leat=self.args.leat, port=port, data=self.data)) + list(settings)
        env = {"LD_PRELOAD": self.args.shim, "LEAT_FAULTS": self.rules_path} if shim else {}
        self.log_path = os.path.join(self.folder, "log")
        log = open(self.log_path, "ab")
        self.server = Server(words, port, log, env, limits)
        return self.server

    def rules(self, *lines):
        """From now on these and no others; counting begins anew."""
        with open(self.rules_path + ".new", "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        if os.path.exists(self.rules_path + ".struck"):
            os.unlink(self.rules_path + ".struck")
        os.rename(self.rules_path + ".new", self.rules_path)

    def struck(self):
        return os.path.exists(self.rules_path + ".struck")

    def events(self, name):
        """The server's lines of this name, of all its lives."""
        found = []
        with open(self.log_path, errors="replace", encoding="utf-8") as file:
            for line in file:
                if f'"event":"{name}"' in line:
                    found.append(json.loads(line))
        return found

    def term(self, seconds=20):
        """(status or None, seconds)."""
        began = time.monotonic()
        self.server.signal(signal.SIGTERM)
        return self.server.wait(seconds), time.monotonic() - began

    def call(self, operation, **members):
        client = Client(self.server.port)
        try:
            return client.call(operation, **members)
        finally:
            client.close()

    def cpu(self):
        """Seconds of processor time that the server has used."""
        with open(f"/proc/{self.server.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # ---- the load ----

    def load(self, writers=2, kind=Writer, subscribe=False):
        """Streams that are made, and workers who run."""
        if not self.workers:
            create(self.server.port, STREAMS)
            self.workers.append(Reader(self.server.port, self.judge, STREAMS))
            if subscribe:
                self.workers.append(Subscriber(self.server.port, self.judge, "one"))
        for _ in range(writers):
            self.writers += 1
            self.workers.append(kind(self.server.port, self.judge, STREAMS, self.writers, self.args.seed + self.writers))
        for worker in self.workers:
            if not worker.is_alive():
                worker.start()

    def of(self, kind):
        return [worker for worker in self.workers if isinstance(worker, kind)]

    def progress(self, seconds=10, count=20):
        """Whether so many records more are acknowledged within so long."""
        before = len(self.judge.promised)
        return self.until(lambda: len(self.judge.promised) >= before + count, seconds)

    def until(self, holds, seconds=10):
        end = time.monotonic() + seconds
        while not holds():
            for worker in self.workers:
                if worker.error:
                    raise worker.error
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def rest(self):
        for worker in self.workers:
            worker.hold()

    def resume(self):
        for worker in self.workers:
            worker.resume()

    def verify(self):
        """Everybody rests, everything is read, and compared with what was promised."""
        self.rest()
        for worker in self.workers:
            if worker.error:
                raise worker.error
        self.judge.patient = False
        self.judge.verify(read_log(self.server.port, self.judge, STREAMS))
        self.resume()

    def refusals(self):
        return sum(worker.refusals for worker in self.of(Writer))

    # ---- file systems ----

    def mount(self, mib, kinds=("ext4", "tmpfs")):
        """A small file system for the data: the first kind that can be had. Returns it, or skips."""
        place = os.path.join(self.folder, "disk")
        os.makedirs(place, exist_ok=True)
        image = os.path.join(self.folder, "image")
        for kind in kinds:
            if kind == "ext4":
                with open(image, "wb") as file:
                    file.truncate(mib << 20)
                good = tool("mkfs.ext4", "-q", "-F", image) and tool("mount", "-o", "loop,errors=remount-ro", image, place)
            else:
                good = tool("mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", place)
            if good:
                self.mounts.append(place)
                self.data = os.path.join(place, "data")
                self.image, self.place = image, place
                self.figure(kind)
                return kind
        raise Skip(f"no {' or '.join(kinds)} can be mounted here")

    # ---- the end ----

    def end(self):
        for worker in self.workers:
            worker.stop()
        if self.server and self.server.alive():
            self.server.kill()
        if self.wrongs and self.mounts and os.path.isdir(self.data):  # what is mounted is gone when we are
            shutil.copytree(self.data, os.path.join(self.folder, "data"), dirs_exist_ok=True)
        for place in self.mounts:
            tool("umount", place) or tool("umount", "-l", place)
        if not self.wrongs:
            shutil.rmtree(self.folder, ignore_errors=True)

    def result(self):
        """Also what the judge has found is among the wrongs."""
        if not self.wrongs and any(self.judge.faults[what] for what in CHECKS):
            self.wrongs.append(f"FAULT {dict(self.judge.faults)}")
        return self.wrongs


def tool(*words):
    try:
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def answers(call, *arguments, **members):
    """(the answer, None) or (None, the refusal or loss)."""
    try:
        return call(*arguments, **members), None
    except (Lost, Refused) as e:
        return None, e
