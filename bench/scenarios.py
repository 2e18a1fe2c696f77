"""scenarios.py: what is measured. Each function gets a stage (a fresh data directory, one peer, the client) and returns
{metric: number}; each row of the table names a metric and the sense in which it is better."""
import json
import os
import re
import shutil
import subprocess
import time

import peers

LOAD = os.path.join(peers.BUILD, "bench", "bench-load")
SLOW = os.path.join(peers.BUILD, "bench", "slowsync.so")
ENGINE = os.path.join(peers.BUILD, "src", "log", "log_bench")
SLOW_US = 1000
RECORD = 1024
SHARDS_MANY = 10000


class Failed(Exception):
    pass


class Stage:
    """One peer on an empty directory, for one run of one scenario."""

    def __init__(self, peer, scale):
        self.peer = peer
        self.scale = scale       # 1 for the full run, less for --quick
        self.data = os.path.join(peers.HOME, "data", peer.name)
        self.began = 0

    def __enter__(self):
        self.clear()
        return self

    def __exit__(self, *_):
        self.peer.stop()
        self.clear()

    def clear(self):
        shutil.rmtree(self.data, ignore_errors=True)
        os.makedirs(self.data)
        os.sync()

    def start(self, **options):
        self.began = time.monotonic_ns()
        self.peer.start(self.data, **options)
        if self.peer.name == "nginx":
            self.load("put", "--requests", "1", tries=200)
            return 0
        return self.load("ready", "--since", self.began, "--seconds", 60)["ready_ms"]

    def create(self, shards):
        if self.peer.name != "nginx":
            return self.load("create", "--shards", shards, "--seconds", 60)

    def load(self, mode, *flags, tries=1, timeout=230):
        command = [LOAD, mode, "--port", str(self.peer.load_port), "--pid", ",".join(map(str, self.peer.pids()))]
        command += self.peer.load_flags
        environment = dict(os.environ, AWS_ACCESS_KEY_ID=peers.KEY, AWS_SECRET_ACCESS_KEY=peers.SECRET)
        for left in range(tries, 0, -1):
            try:
                done = subprocess.run(command + [str(flag) for flag in flags], capture_output=True, text=True,
                                      env=environment, timeout=timeout)
            except subprocess.TimeoutExpired:
                raise Failed(f"{mode}: no end within {timeout} s") from None
            if done.returncode == 0:
                return json.loads(done.stdout)
            if left > 1:
                time.sleep(0.01)
        if self.peer.process.poll() is not None:
            raise Failed(f"{mode}: the server has died")
        problem = done.stderr.strip()
        if done.stdout.strip():
            result = json.loads(done.stdout)
            problem = f"{result['errors']} errors, {result['broken']} broken: {result['first_error']}"
        raise Failed(f"{mode}: {problem}"[:200])

    def megabytes(self, full, least=1.0):
        return max(full * self.peer.volume * self.scale, least)


def start(stage):
    ready = stage.start()
    idle = stage.load("idle", "--seconds", 1)
    return {"ready_ms": ready, "idle_mb": idle["server_rss_mb"], "idle_cpu_s": idle["server_cpu_s"]}


def put(stage):
    stage.start()
    stage.create(4)
    stage.load("put", "--connections", 8, "--seconds", 1)    # warms just-in-time compilers and files
    result = stage.load("put", "--connections", 64, "--seconds", 5 * max(stage.scale, 0.4))
    return {"put_rate": result["per_second"], "put_p50_ms": result["latency_us"]["p50"] / 1e3,
            "put_p99_ms": result["latency_us"]["p99"] / 1e3,
            "put_cpu_us": result["server_cpu_s"] * 1e6 / result["answers"]}


def put_slow(stage):
    if not os.path.exists(SLOW):
        raise Failed("slowsync.so is not built")
    stage.start(preload={"LD_PRELOAD": SLOW, "LEAT_SYNC_DELAY_US": str(SLOW_US)})
    stage.create(4)
    result = stage.load("put", "--connections", 512, "--seconds", 5 * max(stage.scale, 0.4))
    return {"slow_rate": result["per_second"], "slow_p99_ms": result["latency_us"]["p99"] / 1e3}


def puts(stage):
    numbers = {}
    for wire in ("json", "cbor"):
        if wire == "cbor":
            stage.peer.stop()
            stage.clear()
        stage.start()
        stage.create(4)
        cbor = ["--cbor"] if wire == "cbor" else []
        size = stage.megabytes(1000)
        stage.load("puts", "--connections", 4, "--megabytes", max(size / 20, 0.6), *cbor)
        result = stage.load("puts", "--connections", 4, "--megabytes", size, *cbor)
        numbers[f"puts_{wire}_mbs"] = result["mb_per_second"]
        numbers[f"puts_{wire}_p99_ms"] = result["latency_us"]["p99"] / 1e3
        numbers[f"puts_{wire}_cpu_s"] = result["server_cpu_s"] / (result["bytes"] / 1e9)
    return numbers


def get(stage):
    stage.start()
    stage.create(4)
    filled = stage.load("puts", "--connections", 4, "--megabytes", stage.megabytes(1000))
    numbers = {}
    for wire in ("json", "cbor"):
        try:
            result = stage.load("get", "--connections", 4, "--expect", filled["records"],
                                *(["--cbor"] if wire == "cbor" else []))
        except Failed as e:
            if wire == "json":
                raise
            numbers["get_cbor_failed"] = str(e)
            continue
        numbers[f"get_{wire}_mbs"] = result["mb_per_second"]
        numbers[f"get_{wire}_cpu_s"] = result["server_cpu_s"] / (result["bytes"] / 1e9)
    return numbers


def fill(stage):
    """1 GB in, for everybody whole: memory behind it, and the start after a kill."""
    options = {"tail": peers.TAIL_BYTES, "backlog": 2 << 30} if stage.peer.name.startswith("leat") else {}
    stage.start(**options)
    stage.create(4)
    wanted = 1000 * min(stage.scale * 2, 1)
    result = stage.load("puts", "--connections", 4, "--megabytes", wanted, timeout=300)
    if result["bytes"] < wanted * 1e6:
        raise Failed(f"only {result['bytes'] / 1e6:.0f} MB in {result['seconds']:.0f} s; "
                     f"RSS {result['server_rss_mb']:.0f} MB by then")
    numbers = {"full_mb": result["server_rss_mb"], "full_anon_mb": result["server_anon_mb"],
               "full_mbs": result["mb_per_second"]}
    if stage.peer.survives:
        stage.peer.stop()
        numbers["restart_ms"] = stage.start(**options)
        stage.load("get", "--connections", 4, "--expect", result["records"])    # a fast start that forgets is none
    return numbers


def fanout(stage):
    stage.start()
    stage.create(1)
    result = stage.load("fanout", "--connections", 1, "--seconds", 4 * max(stage.scale, 0.4), "--pool", 100000)
    return {f"{name}_{q}_us": result[key][q] for name, key in (("commit", "latency_us"), ("event", "event_us"))
            for q in ("p50", "p99", "p999")}


def spread(stage):
    """One record on each of 10,000 shards, in twenty calls; and what a shard costs in memory."""
    stage.start()
    empty = stage.load("idle", "--seconds", 0.5)["server_anon_mb"]
    made = stage.create(SHARDS_MANY)
    known = stage.load("idle", "--seconds", 0.5)["server_anon_mb"]
    result = stage.load("spread", "--shards", SHARDS_MANY, "--rounds", 5, "--connections", 4)
    return {"spread_ms": result["round_us"]["p50"] / 1e3, "spread_first_ms": result["first_round_us"] / 1e3,
            "shards_create_ms": made["create_ms"], "shard_known_kb": (known - empty) * 1e3 / SHARDS_MANY,
            "shard_hot_kb": (result["server_anon_mb"] - empty) * 1e3 / SHARDS_MANY}


def engine(stage):
    """The same at the engine's own interface, as the engine's bench prints it."""
    if not os.path.exists(ENGINE):
        raise Failed("log_bench is not built")
    done = subprocess.run([ENGINE, stage.data], capture_output=True, text=True, timeout=200)
    many = re.search(r"10000 logs x +1 records:.*commit p50 (\d+) us", done.stdout)
    again = re.search(r"open again with ([\d.]+) MB unsettled: ([\d.]+) ms", done.stdout)
    if not many or not again:
        raise Failed("log_bench: " + (done.stdout + done.stderr).strip()[-150:])
    return {"engine_ms": int(many.group(1)) / 1e3,
            "engine_open_ms_per_gb": float(again.group(2)) / max(float(again.group(1)), 1) * 1000}


def stored(stage):
    """10 GiB stored, then five kills: each start on the same directory."""
    stage.start()
    stage.create(4)
    total = int((10 << 30) / 1e6 * min(stage.scale * 2, 1))
    while total > 0:
        stage.load("puts", "--connections", 4, "--megabytes", min(total, 1000))
        total -= 1000
    starts = []
    for _ in range(5):
        time.sleep(1)
        stage.peer.stop()
        starts.append(stage.start())
    return {"stored_restart_ms": sorted(starts)[2], "stored_restart_first_ms": starts[0]}


# name: (function, who may play: None is everybody that is not spared, repeats: None is as asked)
SCENARIOS = {
    "start": (start, None, None),
    "put": (put, None, None),
    "put-slow": (put_slow, None, None),
    "puts": (puts, None, None),
    "get": (get, None, None),
    "fanout": (fanout, None, None),
    "spread": (spread, None, None),
    "engine": (engine, ("leat",), None),
    "fill": (fill, None, None),
    "stored": (stored, ("leat",), 1),
}
QUICK = ("start", "put", "puts", "get", "fanout")

# metric, what the table says, format, whether more is better
ROWS = [
    ("ready_ms", "first answer, empty directory (ms)", "{:.0f}", False),
    ("idle_mb", "memory idle (RSS, MB)", "{:.1f}", False),
    ("full_mb", "memory after 1 GB in (RSS, MB)", "{:.0f}", False),
    ("put_rate", "PutRecord 1 KiB, 64 connections (records/s)", "{:,.0f}", True),
    ("put_p99_ms", "… p99 (ms)", "{:.2f}", False),
    ("slow_rate", "… each sync 1 ms slower, 512 connections (records/s)", "{:,.0f}", True),
    ("slow_p99_ms", "… p99 (ms)", "{:.1f}", False),
    ("puts_json_mbs", "PutRecords 500 × 1 KiB, 4 connections, JSON (MB/s)", "{:.1f}", True),
    ("puts_cbor_mbs", "… CBOR (MB/s)", "{:.1f}", True),
    ("puts_json_cpu_s", "server CPU per GB put, JSON (s)", "{:.2f}", False),
    ("puts_cbor_cpu_s", "… CBOR (s)", "{:.2f}", False),
    ("get_json_mbs", "GetRecords, limit 10,000, JSON (MB/s)", "{:.1f}", True),
    ("get_cbor_mbs", "… CBOR (MB/s)", "{:.1f}", True),
    ("commit_p50_us", "put while subscribed: put → answer p50 (µs)", "{:,.0f}", False),
    ("commit_p99_us", "… p99 (µs)", "{:,.0f}", False),
    ("commit_p999_us", "… p99.9 (µs)", "{:,.0f}", False),
    ("event_p50_us", "put → SubscribeToShard event p50 (µs)", "{:,.0f}", False),
    ("event_p99_us", "… p99 (µs)", "{:,.0f}", False),
    ("event_p999_us", "… p99.9 (µs)", "{:,.0f}", False),
    ("engine_ms", "one record on each of 10,000 shards, engine (ms)", "{:.1f}", False),
    ("spread_ms", "… by 20 PutRecords of 500 (ms)", "{:.1f}", False),
    ("shard_known_kb", "memory per shard, created (KB)", "{:.2f}", False),
    ("shard_hot_kb", "… written to (KB)", "{:.2f}", False),
    ("engine_open_ms_per_gb", "start of the engine, per GB that is not settled (ms)", "{:.0f}", False),
    ("restart_ms", "start after SIGKILL, 1 GB just put (ms)", "{:.0f}", False),
    ("stored_restart_ms", "start after SIGKILL, 10 GiB stored (ms)", "{:.0f}", False),
]
