"""peers.py: who is measured: how each is installed, started, limited, and what it is spared.

`volume` scales what is put into a server that would otherwise need hours; the table's rates do not depend on it."""
import json
import os
import shutil
import signal
import socket
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("LEAT_BUILD", os.path.join(ROOT, "build")))
HOME = os.path.join(ROOT, "build", "bench")    # peers, data and logs
NPM = os.path.join(HOME, "npm", "node_modules")
CARGO = os.path.join(HOME, "ferrokinesis")
KEY, SECRET = "AKIDBENCH0000000EXAMPLE", "benchSecretBenchSecretBenchSecretBenchSecr"
MEMORY_BYTES = 8 << 30          # address space of whoever can live with a limit of it
NODE_HEAP_MB = 4096

# ---- every name of a flag of ours stands here ----
LEAT = {
    "program": [os.path.join(BUILD, "leat"), "serve"],
    "listen": "--listen",
    "data": "--data",
    "durability": "--durability",
    "limits_off": ["--limits", "off", "--call-rates", "off"],
    "credentials": "--credentials",
    "tail": "--tail-bytes",
    "backlog": "--backlog-bytes",
}
TAIL_BYTES = 16 << 20


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(child) for child in f.read().split()]
    except OSError:
        return []


class Peer:
    name = label = ""
    durable = "no"               # what an acknowledgement means
    survives = False             # a SIGKILL
    verifies = False             # signatures
    spared = {}                  # scenarios it is left out of, and why
    volume = 1.0
    limit = True                 # by address space
    load_flags = ()              # for every run of the client against it

    def __init__(self):
        self.process = None
        self.port = self.load_port = 0

    def install(self):
        """None, or why it cannot be had."""
        return None

    def command(self, data, **options):
        raise NotImplementedError

    def environment(self):
        return {}

    def start(self, data, preload=None, **options):
        self.port = self.load_port = free_port()
        command = self.command(data, **options)
        if self.limit:
            command = ["prlimit", f"--as={MEMORY_BYTES}"] + command
        environment = dict(os.environ, **self.environment(), **(preload or {}))
        log = open(os.path.join(HOME, self.name + ".log"), "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                                        cwd=HOME)
        log.close()

    def pids(self):
        return [self.process.pid] + children(self.process.pid)

    def stop(self):
        if not self.process:
            return
        below = children(self.process.pid)
        self.process.send_signal(signal.SIGKILL)
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None


class Leat(Peer):
    name, label = "leat", "Leat"
    durable, survives, verifies = "fdatasync", True, True
    durability = "sync"

    def install(self):
        return None if os.access(LEAT["program"][0], os.X_OK) else "build/leat is not built"

    def command(self, data, tail=None, backlog=None):
        users = {"users": [{"name": "bench", "accessKeyId": KEY, "secretAccessKey": SECRET, "administrator": True}]}
        credentials = os.path.join(HOME, "credentials.json")
        with open(credentials, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            json.dump(users, f)
        command = LEAT["program"] + [LEAT["listen"], f"127.0.0.1:{self.port}", LEAT["data"], data,
                                     LEAT["durability"], self.durability, LEAT["credentials"], credentials]
        command += LEAT["limits_off"]
        if tail:
            command += [LEAT["tail"], str(tail)]
        if backlog:
            command += [LEAT["backlog"], str(backlog)]
        return command


class LeatOs(Leat):
    name, label = "leat-os", "Leat, `os`"
    durable, durability = "within 100 ms", "os"


def npm_install(package):
    if os.path.isdir(os.path.join(NPM, package.split("@")[0])):
        return None
    if not shutil.which("npm") or not shutil.which("node"):
        return "no node and npm here"
    os.makedirs(os.path.dirname(NPM), exist_ok=True)
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", os.path.dirname(NPM), package],
                          capture_output=True, text=True, timeout=600)
    return None if done.returncode == 0 else "npm: " + done.stderr.strip()[-200:]


class Kinesalite(Peer):
    name, label = "kinesalite", "kinesalite (memory)"
    limit = False                # node reserves more than it uses; its heap is limited instead
    spared = {"put-slow": "syncs nothing", "fanout": "has no SubscribeToShard",
              "spread": "20 calls over 10,000 shards take minutes"}
    volume = 0.05
    path = False

    def install(self):
        return npm_install("kinesalite@3.3.3")

    def command(self, data, **_):
        command = ["node", f"--max-old-space-size={NODE_HEAP_MB}", os.path.join(NPM, "kinesalite", "cli.js"), "--port",
                   str(self.port), "--createStreamMs", "1", "--shardLimit", "20000"]
        return command + (["--path", data] if self.path else [])


class KinesaliteDisk(Kinesalite):
    name, label = "kinesalite-disk", "kinesalite (LevelDB)"
    durable, survives, path = "written, no sync", True, True


class KinesisLocal(Peer):
    name, label = "kinesis-local", "kinesis-mock (npm)"
    limit = False
    spared = {"put-slow": "syncs nothing", "fill": "1 GB takes half an hour", "spread": "has at most 1,000 shards"}
    volume = 0.006

    def install(self):
        return npm_install("kinesis-local@0.6.2")

    def command(self, data, **_):
        return ["node", f"--max-old-space-size={NODE_HEAP_MB}", os.path.join(NPM, "kinesis-local", "main.js")]

    def environment(self):
        return {"KINESIS_MOCK_CERT_PATH": os.path.join(NPM, "kinesis-local", "server.json"), "LOG_LEVEL": "ERROR",
                "KINESIS_MOCK_TLS_PORT": str(free_port()), "KINESIS_MOCK_PLAIN_PORT": str(self.port),
                "SHARD_LIMIT": "20000", "CREATE_STREAM_DURATION": "1ms"}


class Ferrokinesis(Peer):
    name, label = "ferrokinesis", "ferrokinesis (memory)"
    spared = {"put-slow": "syncs nothing"}
    volume = 0.3
    wal = False

    def install(self):
        if os.access(os.path.join(CARGO, "bin", "ferrokinesis"), os.X_OK):
            return None
        if not shutil.which("cargo"):
            return "no cargo here"
        done = subprocess.run(["cargo", "install", "ferrokinesis", "--locked", "-j2", "--root", CARGO],
                              capture_output=True, text=True, timeout=1800)
        return None if done.returncode == 0 else "cargo: " + done.stderr.strip()[-200:]

    def command(self, data, **_):
        command = [os.path.join(CARGO, "bin", "ferrokinesis"), "--port", str(self.port), "--create-stream-ms", "0",
                   "--shard-limit", "20000", "--log-level", "off", "--max-request-body-mb", "64"]
        return command + (["--state-dir", data] if self.wal else [])


class FerrokinesisWal(Ferrokinesis):
    name, label = "ferrokinesis-wal", "ferrokinesis (WAL)"
    durable, survives, wal = "WAL", True, True
    spared = {}
    volume = 0.006


class Nginx(Peer):
    name, label = "nginx", "nginx, fixed answer"
    load_flags = ("--unchecked",)
    spared = dict.fromkeys(("fill", "put-slow", "get", "fanout", "spread", "start"), "")

    def install(self):
        return None if shutil.which("nginx") or os.access("/usr/sbin/nginx", os.X_OK) else "no nginx here"

    def command(self, data, **_):
        text = f"""daemon off; worker_processes 2; error_log stderr crit; pid {data}/nginx.pid;
events {{ worker_connections 2048; }}
http {{ access_log off; keepalive_requests 1000000000; client_max_body_size 0; client_body_buffer_size 1m;
  client_body_temp_path {data}/b; proxy_temp_path {data}/p; fastcgi_temp_path {data}/f; uwsgi_temp_path {data}/u;
  scgi_temp_path {data}/s;
  server {{ listen 127.0.0.1:{self.port} backlog=1024; location / {{ return 200 '{{}}'; }} }} }}
"""
        with open(os.path.join(data, "nginx.conf"), "w") as f:
            f.write(text)
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-p", data, "-e", "stderr", "-c",
                os.path.join(data, "nginx.conf")]


ALL = [Leat, LeatOs, FerrokinesisWal, Ferrokinesis, KinesaliteDisk, Kinesalite, KinesisLocal, Nginx]
