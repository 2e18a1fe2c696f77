"""scenarios.py: what is measured. Each function gets a stage (a fresh data directory, one peer, the client) and returns
{metric: number}; tables.py says which of them stand where."""
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request

import peers

LOAD = os.path.join(peers.BUILD, "bench", "bench-load")
SLOW = os.path.join(peers.BUILD, "bench", "slowsync.so")
FLOOR = os.path.join(peers.BUILD, "bench", "bench-floor")
IDLE = os.path.join(peers.BUILD, "bench", "bench-idle")
ENGINE = os.path.join(peers.BUILD, "src", "log", "log_bench")
RECORD = 1024
SHARDS_MANY = 10000
SHARDS_HUGE, SHARDS_FEW = 50000, 50
HUGE_RATE = 10000               # puts per second while there are so many shards
IDLE_CONNECTIONS = 20000


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
        if self.peer.fixed:
            self.load("put", "--requests", "1", tries=200)
            return 0
        return self.load("ready", "--since", self.began, "--seconds", 60)["ready_ms"]

    def slow(self, us):
        if not os.path.exists(SLOW):
            raise Failed("slowsync.so is not built")
        return {"LD_PRELOAD": SLOW, "LEAT_SYNC_DELAY_US": str(us)} if us else None

    def create(self, shards, stream="bench"):
        if not self.peer.fixed:
            return self.load("create", "--shards", shards, "--seconds", 60, "--stream", stream)

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

    def seconds(self, full):
        """Less for those whose rates are seen at once; enough in any case."""
        return full * max(self.scale, 0.4) * (1 if self.peer.volume >= 0.1 else 0.5)

    def again(self):
        """The same peer on an empty directory."""
        self.peer.stop()
        self.clear()

    def tool(self, command, timeout=230, preload=None):
        """A program that prints one JSON object, or lines."""
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout,
                              env=dict(os.environ, **(preload or {})))
        if done.returncode != 0:
            raise Failed(f"{os.path.basename(str(command[0]))}: {(done.stderr + done.stdout).strip()[-150:]}")
        return done.stdout

    def megabytes(self, full, least=1.0):
        return max(full * self.peer.volume * self.scale, least)


def start(stage):
    ready = stage.start()
    idle = stage.load("idle", "--seconds", 0.5)
    return {"ready_ms": ready, "idle_mb": idle["server_rss_mb"], "idle_cpu_s": idle["server_cpu_s"]}


def put(stage):
    stage.start()
    stage.create(4)
    return put_here(stage)


def put_here(stage):
    stage.load("put", "--connections", 64, "--seconds", stage.peer.warm_s)   # just-in-time compilers, and files
    result = stage.load("put", "--connections", 64, "--seconds", stage.seconds(4))
    return {"put_rate": result["per_second"], "put_p50_ms": result["latency_us"]["p50"] / 1e3,
            "put_p99_ms": result["latency_us"]["p99"] / 1e3,
            "put_cpu_us": result["server_cpu_s"] * 1e6 / result["answers"],
            "put_client_us": result["client_cpu_s"] * 1e6 / result["answers"]}


def put_slow(stage, us=1000, name="slow"):
    stage.start(preload=stage.slow(us))
    stage.create(4)
    result = stage.load("put", "--connections", 512, "--seconds", stage.seconds(3))
    return {f"{name}_rate": result["per_second"], f"{name}_p99_ms": result["latency_us"]["p99"] / 1e3}


def put_slow5(stage):
    return put_slow(stage, us=5000, name="slow5")


def floor(stage, wire):
    """What nobody can save, in the same minute."""
    printed = stage.tool([FLOOR, os.path.join(stage.data, "floor"), max(300 * stage.scale, 50)] +
                         (["--cbor"] if wire == "cbor" else []))
    return float(re.search(r"in all +([\d.]+) s/GB", printed).group(1))


def puts(stage):
    numbers = {}
    for wire in ("native",) if stage.peer.dialect else ("json", "cbor"):
        if wire == "cbor":
            stage.again()
        stage.start()
        stage.create(4)
        cbor = ["--cbor"] if wire == "cbor" else []
        size = stage.megabytes(800)
        stage.load("puts", "--connections", 4, "--megabytes", max(size * stage.peer.warm, 0.6), *cbor)
        result = stage.load("puts", "--connections", 4, "--megabytes", size, *cbor)
        numbers[f"puts_{wire}_mbs"] = result["mb_per_second"]
        numbers[f"puts_{wire}_p99_ms"] = result["latency_us"]["p99"] / 1e3
        numbers[f"puts_{wire}_cpu_s"] = result["server_cpu_s"] / (result["bytes"] / 1e9)
        numbers[f"puts_{wire}_client_s"] = result["client_cpu_s"] / (result["bytes"] / 1e9)
        numbers[f"puts_{wire}_rss_mb"] = result["server_rss_mb"]
        if stage.peer.name == "leat":
            numbers[f"floor_{wire}_cpu_s"] = floor(stage, wire)
        if stage.peer.together:
            numbers.update(put_here(stage))
    return numbers


def get(stage):
    stage.start()
    stage.create(4)
    filled = stage.load("puts", "--connections", 4, "--megabytes", stage.megabytes(800))
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
    result = stage.load("fanout", "--connections", 1, "--seconds", stage.seconds(3), "--pool", 100000)
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


def disk(stage, preload, size=4096, rate=None):
    """What writes of `size` bytes and their fdatasyncs take there, with nobody else; at a rate, with a rest
    between them."""
    flags = ["--rate", rate] if rate else []
    printed = stage.tool([LOAD, "sync", "--file", os.path.join(stage.data, "sync"), "--seconds", 1, "--record-bytes",
                          size, *flags], preload=preload)
    return json.loads(printed)["sync_us"]


def counter(stage, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.peer.port}/metrics", timeout=10) as page:
        return float(re.search(rf"^{name} (\S+)$", page.read().decode(), re.M).group(1))


def half(stage):
    """At half of what was just reached: put -> answer and put -> event, beside the disk's own figures for as many syncs
    of as many bytes, and beside how much of the time this machine took a processor away."""
    numbers = {}
    for name, us in (("os", 0),) if stage.peer.name == "leat-os" else (("sync", 0), ("slow", 1000)):
        stage.again()
        preload = stage.slow(us)
        stalls = json.loads(stage.tool([LOAD, "stalls", "--seconds", 2]))
        stage.start(preload=preload)
        stage.create(4)
        most = stage.load("fanout", "--connections", 64, "--seconds", 1.5, "--pool", 150000)["per_second"]
        seconds = stage.seconds(4)
        syncs, written = counter(stage, "leat_log_syncs_total"), counter(stage, "leat_log_written_bytes_total")
        result = stage.load("fanout", "--connections", 64, "--seconds", seconds, "--rate", most / 2, "--pool",
                            int(most / 2 * seconds * 1.05) + 1000)
        frames = max(counter(stage, "leat_log_syncs_total") - syncs, 1)
        size = (counter(stage, "leat_log_written_bytes_total") - written) / frames
        stage.peer.stop()
        alone = disk(stage, preload, max(int(size + 4095) // 4096 * 4096, 4096), frames / seconds)
        numbers.update({f"half_{name}_max": most, f"half_{name}_rate": result["per_second"],
                        f"half_{name}_syncs": frames / seconds, f"half_{name}_stalled": stalls["stalled_percent"],
                        f"half_{name}_stall_ms": stalls["longest_ms"]})
        for what, times in (("put", result["latency_us"]), ("event", result["event_us"]), ("disk", alone)):
            numbers.update({f"half_{name}_{what}_{q}_us": times[q] for q in ("p50", "p99", "p999")})
    return numbers


def files_of(folder):
    found = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if os.path.isfile(path))


def forget(folder):
    """Drops what the kernel has in memory of these files."""
    os.sync()
    for path in files_of(folder):
        try:
            with open(path, "rb") as f:
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            pass


def sequential(folder):
    """MB/s of reading these files one after the other, from the disk."""
    forget(folder)
    began, size, room = time.monotonic(), 0, bytearray(1 << 20)
    for path in files_of(folder):
        with open(path, "rb", buffering=0) as f:
            while got := f.readinto(room):
                size += got
    return size / 1e6 / (time.monotonic() - began)


def read(stage):
    """GetRecords and SubscribeToShard of 800 MB: hot, and after a kill with everything dropped from memory."""
    stage.start()
    stage.create(4)
    filled = stage.load("puts", "--connections", 4, "--megabytes", stage.megabytes(800))
    numbers = {}

    def take(mode, wire, name):
        result = stage.load(mode, "--connections", 4, "--expect", filled["records"],
                            *(["--cbor"] if wire == "cbor" else []))
        cpu = max(result["server_cpu_s"] / (result["bytes"] / 1e9), 0.01)
        numbers.update({f"{name}_mbs": result["mb_per_second"], f"{name}_cpu_s": cpu, f"{name}_core_mbs": 1000 / cpu})

    for mode in ("get", "subscribe"):
        for wire in ("json", "cbor"):
            take(mode, wire, f"hot_{mode}_{wire}")
    stage.peer.stop()
    numbers["sequential_mbs"] = sequential(stage.data)
    stage.start()
    for mode in ("get", "subscribe"):
        forget(stage.data)
        take(mode, "cbor", f"cold_{mode}_cbor")
        numbers[f"cold_{mode}_share"] = (numbers[f"cold_{mode}_cbor_mbs"] /
                                         min(numbers["sequential_mbs"], numbers[f"hot_{mode}_cbor_mbs"]))
    return numbers


def huge(stage):
    """50,000 shards against 50, half of them in the stream that is put to: memory, the start after a kill, and the
    commit at the same bytes per second."""
    numbers = {}
    for shards, name in ((SHARDS_FEW, "few"), (int(SHARDS_HUGE * min(stage.scale * 2, 1)), "huge")):
        stage.again()
        stage.start(more=peers.LEAT["shards"])
        empty = stage.load("idle", "--seconds", 0.5)["server_anon_mb"]
        made = [stage.create(shards // 2, stream)["create_ms"] for stream in ("bench", "bench-other")]
        known = stage.load("idle", "--seconds", 0.5)["server_anon_mb"]
        if name == "huge":
            numbers.update({"huge_shard_kib": (known - empty) * 1e6 / 1024 / shards,
                            "huge_create_ms": sum(made)})
            stage.peer.stop()
            numbers["huge_restart_ms"] = stage.start(more=peers.LEAT["shards"])
        seconds = stage.seconds(4)
        result = stage.load("put", "--connections", 64, "--seconds", seconds, "--rate", HUGE_RATE, "--pool",
                            int(HUGE_RATE * seconds) + 100)
        numbers.update({f"{name}_p50_us": result["latency_us"]["p50"], f"{name}_p99_us": result["latency_us"]["p99"],
                        f"{name}_rate": result["per_second"]})
    return numbers


def idle_tls(stage):
    """What silent TLS connections cost the server's memory, each."""
    may = peers.may_open(peers.FILES)
    files = ["prlimit", f"--nofile={peers.FILES}:{peers.FILES}"] if may else []
    count = int((IDLE_CONNECTIONS if may else min(IDLE_CONNECTIONS, os.sysconf("SC_OPEN_MAX") - 600)) * stage.scale)
    numbers = {"idle_connections": count}
    for http in (1, 2):
        stage.again()
        stage.start(credentials=False, more=(*peers.LEAT["silent"], peers.LEAT["connections"], str(count + 1000)))
        printed = stage.tool(files + [IDLE, "--port", stage.peer.port, "--pid", stage.peer.process.pid,
                                      "--connections", count, "--http", http, "--seconds", 2])
        result = json.loads(printed)
        numbers.update({f"idle_h{http}_kib": result["kib_each_rss"],
                        f"idle_h{http}_open_ms": result["open_cpu_ms_each"]})
    return numbers


def retained(stage):
    """40 GiB stored: the start after a kill, against that with the first gigabyte."""
    stage.start()
    stage.create(4)

    def kill():
        starts = []
        for _ in range(5):
            time.sleep(1)
            stage.peer.stop()
            starts.append(stage.start())
        return sorted(starts)[2]

    stage.load("puts", "--connections", 4, "--megabytes", 1000)
    numbers = {"retained_1_ms": kill()}
    total = int((40 << 30) / 1e6 * stage.scale) - 1000
    while total > 0:
        stage.load("puts", "--connections", 4, "--megabytes", min(total, 2000), "--pool", 1024)
        total -= 2000
    numbers["retained_40_ms"] = kill()
    numbers["retained_rss_mb"] = stage.load("idle", "--seconds", 0.5)["server_rss_mb"]
    return numbers


OURS = ("leat", "leat-os")

# name: (function, who may play: None is everybody that is not spared, repeats: None is as asked)
SCENARIOS = {
    "start": (start, None, None),
    "put": (put, None, None),
    "put-slow": (put_slow, None, None),
    "put-slow5": (put_slow5, None, None),
    "puts": (puts, None, None),
    "get": (get, None, None),
    "read": (read, ("leat",), None),
    "fanout": (fanout, None, None),
    "half": (half, OURS, None),
    "huge": (huge, ("leat",), None),
    "spread": (spread, ("leat", "ferrokinesis"), None),    # takes the others minutes
    "engine": (engine, ("leat",), None),
    "fill": (fill, None, None),
    "idle-tls": (idle_tls, ("leat",), 1),
    "stored": (stored, ("leat",), 1),
    "retained": (retained, ("leat",), 1),
}
QUICK = ("start", "put", "puts", "get", "fanout")
ASKED_ONLY = ("engine", "stored", "retained")     # the engine has its own bench; the others take minutes
