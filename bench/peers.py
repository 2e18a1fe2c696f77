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
PUT_FLOOR = os.path.join(BUILD, "bench", "bench-floor-put")
CARGO = os.path.join(HOME, "ferrokinesis")
KEY, SECRET = "AKIDBENCH0000000EXAMPLE", "benchSecretBenchSecretBenchSecretBenchSecr"
MEMORY_BYTES = 8 << 30          # address space of whoever can live with a limit of it
NODE_HEAP_MB = 4096
GO_HEAP_MB = 4096
KAFKA_HEAP_MB = 1024            # what its own start script gives it
GO = os.path.join(HOME, "go")
KAFKA = os.path.join(HOME, "kafka")
KAFKA_VERSION = "4.1.1"
FILES = 40000                   # descriptors, for whoever holds 20,000 connections

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
    "shards": ["--shard-limit", "100000"],
    "connections": "--connections-max",
    "silent": ["--idle-timeout", "10m"],
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


def may_open(files):
    """Whether this process may give its children so many descriptors."""
    return subprocess.run(["prlimit", f"--nofile={files}:{files}", "true"], stderr=subprocess.DEVNULL).returncode == 0


class Peer:
    name = label = ""
    dialect = None               # of a log server; None speaks Kinesis
    durable = "no"               # what an acknowledgement means
    survives = False             # a SIGKILL
    verifies = False             # signatures
    spared = {}                  # scenarios it is left out of, and why
    volume = 1.0
    warm, warm_s = 0.05, 1       # of the volume, and seconds of single puts, before the clock starts
    together = False             # its single puts are measured behind its batches, by the same process
    limit = True                 # by address space
    memory = "8 GiB of address space"
    load_flags = ()              # for every run of the client against it
    fixed = False                # answers everything with the same bytes and has no streams

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
        limits = [f"--as={MEMORY_BYTES}"] if self.limit else []
        limits += [f"--nofile={FILES}:{FILES}"] if may_open(FILES) else []
        if limits:
            command = ["prlimit"] + limits + command
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

    def command(self, data, tail=None, backlog=None, credentials=True, more=()):
        users = {"users": [{"name": "bench", "accessKeyId": KEY, "secretAccessKey": SECRET, "administrator": True}]}
        path = os.path.join(HOME, "credentials.json")
        with open(path, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            json.dump(users, f)
        command = LEAT["program"] + [LEAT["listen"], f"127.0.0.1:{self.port}", LEAT["data"], data,
                                     LEAT["durability"], self.durability]
        command += ([LEAT["credentials"], path] if credentials else []) + LEAT["limits_off"] + list(more)
        if tail:
            command += [LEAT["tail"], str(tail)]
        if backlog:
            command += [LEAT["backlog"], str(backlog)]
        return command


class LeatOs(Leat):
    name, label = "leat-os", "Leat, `os`"
    durable, durability = "within 100 ms", "os"
    spared = dict.fromkeys(("start", "put-slow", "put-slow5", "get", "fanout", "fill"), "")


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
    spared = {"put-slow": "syncs nothing", "put-slow5": "", "fanout": "has no SubscribeToShard"}
    volume = 0.05
    memory = f"a heap of {NODE_HEAP_MB >> 10} GiB"
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
    spared = dict(Kinesalite.spared, fill="1 GB takes minutes")


class KinesisLocal(Peer):
    name, label = "kinesis-local", "kinesis-mock (npm)"
    limit = False
    spared = {"put-slow": "syncs nothing", "put-slow5": "", "fill": "1 GB takes half an hour"}
    volume = 0.006
    memory = f"a heap of {NODE_HEAP_MB >> 10} GiB"

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
    spared = {"put-slow": "syncs nothing", "put-slow5": ""}
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
    spared = {"put-slow5": "", "fill": "1 GB takes minutes"}
    volume = 0.006


class Nginx(Peer):
    name, label, fixed = "nginx", "nginx, fixed answer", True
    load_flags = ("--unchecked",)
    volume = 0.3
    spared = dict.fromkeys(("fill", "put-slow", "put-slow5", "get", "fanout", "start"), "")

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


class PutFloor(Peer):
    """What one thread cannot leave out of a PutRecord in `os` durability, and nothing else."""
    name, label, fixed = "put-floor", "floor of a PutRecord, one thread", True
    durable = "written, no sync"
    load_flags = ("--unchecked",)
    volume = 0.3
    spared = dict.fromkeys(("start", "put-slow", "put-slow5", "puts", "get", "fanout", "fill"), "")

    def install(self):
        return None if os.access(PUT_FLOOR, os.X_OK) else "bench-floor-put is not built"

    def command(self, data, **_):
        return [PUT_FLOOR, str(self.port), os.path.join(data, "floor")]


LOG_SPARED = dict.fromkeys(("get", "fanout", "fill"), "")
LOG_OS_SPARED = dict(LOG_SPARED, **dict.fromkeys(("start", "put-slow", "put-slow5"), ""))


class Redis(Peer):
    name, label, dialect = "redis", "Redis streams, `everysec`", "redis"
    durable, appendfsync = "within 1 s", "everysec"
    load_flags = ("--dialect", "redis")
    spared = LOG_OS_SPARED

    def program(self):
        """Debian's redis-tools holds the server as well, under the name of another tool; a service is not wanted."""
        found = shutil.which("redis-server")
        if found:
            return found
        link, tool = os.path.join(HOME, "redis-server"), shutil.which("redis-check-rdb")
        if tool and not os.path.lexists(link):
            os.symlink(tool, link)
        return link if tool else None

    def install(self):
        return None if self.program() else "no redis-server here (Debian: redis-tools)"

    def command(self, data, **_):
        return [self.program(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", data, "--appendonly", "yes",
                "--appendfsync", self.appendfsync, "--save", "", "--auto-aof-rewrite-percentage", "0"]


class RedisAlways(Redis):
    name, label = "redis-always", "Redis streams, `always`"
    durable, appendfsync = "fdatasync", "always"
    spared = LOG_SPARED


class Nats(Peer):
    name, label, dialect = "nats", "JetStream, default", "nats"
    durable, interval = "within 2 min", None
    memory = f"GOMEMLIMIT of {GO_HEAP_MB >> 10} GiB, 8 GiB of address space"
    load_flags = ("--dialect", "nats")
    spared = LOG_OS_SPARED

    def install(self):
        if os.access(os.path.join(GO, "nats-server"), os.X_OK):
            return None
        if not shutil.which("go"):
            return "no go here"
        done = subprocess.run(["go", "install", "github.com/nats-io/nats-server/v2@latest"], capture_output=True,
                              text=True, timeout=900, env=dict(os.environ, GOBIN=GO))
        return None if done.returncode == 0 else "go: " + done.stderr.strip()[-200:]

    def environment(self):
        return {"GOMEMLIMIT": f"{GO_HEAP_MB}MiB"}

    def command(self, data, **_):
        interval = f", sync_interval: {self.interval}" if self.interval else ""
        conf = os.path.join(data, "nats.conf")
        with open(conf, "w") as f:
            f.write(f'listen: "127.0.0.1:{self.port}"\n'
                    f'jetstream {{ store_dir: "{data}/js", max_file_store: 20GB{interval} }}\n')
        return [os.path.join(GO, "nats-server"), "-c", conf]


class NatsAlways(Nats):
    name, label = "nats-always", "JetStream, `sync_interval: always`"
    durable, interval = "fsync of each record", "always"
    spared = dict(LOG_SPARED, **{"put-slow": "makes its system calls itself: the slow disk does not slow it",
                                 "put-slow5": ""})
    volume = 0.1


class Kafka(Peer):
    name, label, dialect = "kafka", "Apache Kafka, default", "kafka"
    durable, flush = "when the kernel writes", False
    limit = False                # a JVM reserves more than it uses; its heap is limited instead
    memory = f"a heap of {KAFKA_HEAP_MB >> 10} GiB"
    load_flags = ("--dialect", "kafka")
    spared = dict(LOG_OS_SPARED, put="")
    warm, warm_s = 1, 6          # until its rates grow no more: just-in-time compilers take their time
    together = True

    def java(self, heap):
        return ["java", f"-Xmx{heap}m", "-cp", os.path.join(KAFKA, "jars", "*")]

    def install(self):
        if os.path.exists(os.path.join(KAFKA, "jars", f"kafka_2.13-{KAFKA_VERSION}.jar")):
            return self.format()
        if not shutil.which("mvn") or not shutil.which("java"):
            return "no mvn and java here"
        os.makedirs(KAFKA, exist_ok=True)
        wanted = "".join(f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
                         f"<version>{version}</version></dependency>" for group, artifact, version in
                         (("org.apache.kafka", "kafka_2.13", KAFKA_VERSION), ("org.slf4j", "slf4j-nop", "1.7.36")))
        with open(os.path.join(KAFKA, "pom.xml"), "w") as f:
            f.write('<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
                    "<groupId>bench</groupId><artifactId>kafka</artifactId><version>1</version>"
                    f"<dependencies>{wanted}</dependencies></project>\n")
        done = subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime",
                               "-DoutputDirectory=jars"], cwd=KAFKA, capture_output=True, text=True, timeout=900)
        return self.format() if done.returncode == 0 else "mvn: " + done.stdout.strip()[-200:]

    def settings(self, log):
        path = os.path.join(KAFKA, self.name + ".properties")
        controller = free_port()
        lines = {"process.roles": "broker,controller", "node.id": 1, "log.dirs": log,
                 "controller.quorum.voters": f"1@127.0.0.1:{controller}", "controller.listener.names": "CONTROLLER",
                 "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
                 "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
                 "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                 "offsets.topic.replication.factor": 1}
        if self.flush:
            lines["log.flush.interval.messages"] = 1
        with open(path, "w") as f:
            f.writelines(f"{key}={value}\n" for key, value in lines.items())
        return path

    def format(self):
        """An empty directory as its tool makes it, copied for each start."""
        made = os.path.join(KAFKA, "formatted")
        if os.path.isdir(made):
            return None
        command = ["kafka.tools.StorageTool", "format", "-t", "bGVhdGJlbmNobGVhdGJlbg", "-c", self.settings(made)]
        done = subprocess.run(self.java(256) + command, capture_output=True, text=True, timeout=120)
        return None if done.returncode == 0 else "StorageTool: " + (done.stdout + done.stderr).strip()[-200:]

    def command(self, data, **_):
        log = os.path.join(data, "kafka")
        if not os.path.isdir(log):
            shutil.copytree(os.path.join(KAFKA, "formatted"), log)
        return self.java(KAFKA_HEAP_MB) + ["kafka.Kafka", self.settings(log)]


class KafkaFlush(Kafka):
    name, label = "kafka-flush", "Apache Kafka, `flush.messages=1`"
    durable, flush = "fsync of each batch", True
    spared = dict(LOG_SPARED, **{"put-slow": "a JVM takes too long to get warm on a slow disk", "put-slow5": "",
                                 "put": ""})
    volume = 0.5


ALL = [Leat, LeatOs, FerrokinesisWal, Ferrokinesis, KinesaliteDisk, Kinesalite, KinesisLocal, Nginx, PutFloor,
       RedisAlways, NatsAlways, KafkaFlush, Redis, Nats, Kafka]
