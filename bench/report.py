"""report.py: medians, spreads, ratios; the JSON file and the table."""
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time

import peers
from scenarios import ROWS

RESULTS = os.path.join(peers.ROOT, "bench", "results")
PAGES = [os.path.join(peers.ROOT, "doc", "bench.md"), os.path.join(peers.ROOT, "README.md")]
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
CEILING = "nginx"


def sync_us():
    """What one fdatasync of a fresh 4 KiB costs where the data will be: durable figures mean nothing without it."""
    with tempfile.TemporaryFile(dir=peers.HOME) as f:
        os.pwrite(f.fileno(), bytes(1 << 20), 0)
        os.fsync(f.fileno())
        times = []
        for i in range(200):
            os.pwrite(f.fileno(), os.urandom(4096), 4096 * i)
            before = time.monotonic()
            os.fdatasync(f.fileno())
            times.append((time.monotonic() - before) * 1e6)
    return round(statistics.median(times), 1)


def machine():
    def first(path, key):
        with open(path) as f:
            return next((line.split(":", 1)[1].strip() for line in f if line.startswith(key)), "?")

    def commit():
        done = subprocess.run(["git", "-C", peers.ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
        return done.stdout.strip() or "?"

    return {"cpu": first("/proc/cpuinfo", "model name"), "cores": os.cpu_count(), "kernel": platform.release(),
            "memory_gb": round(int(first("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1), "sync_us": sync_us(),
            "commit": commit(), "load_before": os.getloadavg()[0]}


def values(runs, peer, metric):
    """By repeat; None where it has none."""
    found = [run.get(metric) for run in runs.get(peer, [])]
    return [value if isinstance(value, (int, float)) else None for value in found]


def summary(numbers):
    numbers = [number for number in numbers if number is not None]
    if not numbers:
        return None
    return {"median": statistics.median(numbers), "low": min(numbers), "high": max(numbers), "n": len(numbers)}


def best_rival(results, metric, more):
    """The peer (not ours, not the ceiling) with the best median."""
    rivals = {}
    for peer, got in results.items():
        if not peer.startswith("leat") and peer != CEILING and (found := summary(got.get(metric, []))):
            rivals[peer] = found["median"]
    return (max if more else min)(rivals, key=rivals.get) if rivals else None


def ratio(ours, theirs, more):
    """How many times better, repeat by repeat (they took turns); summary or None."""
    pairs = [(a, b) for a, b in zip(ours, theirs) if a and b]
    return summary([a / b if more else b / a for a, b in pairs])


def collect(record):
    """{peer: {metric: [by repeat]}} of everything that was measured."""
    results = {}
    for runs in record["runs"].values():
        for peer, repeats in runs.items():
            for metric, *_ in ROWS:
                if any(metric in run for run in repeats):
                    results.setdefault(peer, {})[metric] = values(runs, peer, metric)
    return results


def cell(found, form):
    if not found:
        return "–"
    text = form.format(found["median"])
    if found["n"] > 1:
        text += f" <sub>{form.format(found['low'])}–{form.format(found['high'])}</sub>"
    return text


def table(record):
    results = collect(record)
    names = [name for name in record["peers"] if name in results]
    lines = ["| | " + " | ".join(record["peers"][name] for name in names) + " | Leat : best peer |",
             "|---" * (len(names) + 2) + "|"]
    for metric, title, form, more in ROWS:
        if not any(results[name].get(metric) for name in names):
            continue
        row = [cell(summary(results[name].get(metric, [])), form) for name in names]
        rival, compared = best_rival(results, metric, more), None
        if rival and "leat" in results:
            compared = ratio(results["leat"].get(metric, []), results[rival][metric], more)
        text = "–"
        if compared:
            text = f"{compared['median']:.3g} × <sub>{compared['low']:.3g}–{compared['high']:.3g}</sub>"
        lines.append(f"| {title} | " + " | ".join(row) + f" | {text} |")
    return "\n".join(lines)


def notes(record):
    m = record["machine"]
    lines = [f"Made by `{record['command']}` on {record['date']}, commit {m['commit']}: {m['cores']} × {m['cpu']}, "
             f"{m['memory_gb']} GB, Linux {m['kernel']}; one fdatasync of 4 KiB takes {m['sync_us']} µs there. "
             "Client and server share the cores."
             + (f" Load before the run: {m['load_before']:.1f}." if m["load_before"] > 0.7 else ""),
             "", "Medians of the repeats, beside them the lowest and the highest; in each repeat all servers took "
             "turns. The ratio compares repeat by repeat: how many times better than the best of the other servers."]
    lines += ["", "An acknowledgement means: " + "; ".join(f"{label}: {record['durable'][name]}"
                                                         for name, label in record["peers"].items()
                                                         if name != CEILING) +
              ". Only Leat verifies signatures. nginx reads each request and answers a constant: the ceiling of client "
              "and network."]
    if record["absent"]:
        lines += ["", "Not measured: " + "; ".join(f"{name} ({why})" for name, why in record["absent"].items()) + "."]
    if record["spared"]:
        lines += ["", "Left out: " + "; ".join(record["spared"]) + "."]
    if record["failures"]:
        lines += ["", "What did not work:"] + [f"- {line}" for line in record["failures"]]
    return "\n".join(lines)


def save(record, keep):
    """Writes results/<date>.json, and with `keep` latest.json and the table in both pages."""
    os.makedirs(RESULTS, exist_ok=True)
    names = [record["date"].replace(":", "").replace(" ", "-") + ".json"] + (["latest.json"] if keep else [])
    for name in names:
        with open(os.path.join(RESULTS, name), "w") as f:
            json.dump(record, f, indent=1)
            f.write("\n")
    if not keep:
        return
    for page in PAGES:
        with open(page) as f:
            before, rest = f.read().split(BEGIN, 1)
        after = rest.split(END, 1)[1]
        with open(page, "w") as f:
            f.write(f"{before}{BEGIN}\n\n{table(record)}\n\n{notes(record)}\n\n{END}{after}")
