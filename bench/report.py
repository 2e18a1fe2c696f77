"""report.py: medians, spreads, ratios; the JSON file, the tables, the notes."""
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time

import peers
import plot
import tables

RESULTS = os.path.join(peers.ROOT, "bench", "results")
PAGE = os.path.join(peers.ROOT, "doc", "bench.md")
README = os.path.join(peers.ROOT, "README.md")
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


# ---- the machine ----

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


def commit():
    done = subprocess.run(["git", "-C", peers.ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "?"


def machine():
    def first(path, key):
        with open(path) as f:
            return next((line.split(":", 1)[1].strip() for line in f if line.startswith(key)), "?")

    return {"cpu": first("/proc/cpuinfo", "model name"), "cores": os.cpu_count(), "kernel": platform.release(),
            "memory_gb": round(int(first("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1), "sync_us": sync_us(),
            "commit": commit(), "load_before": os.getloadavg()[0]}


# ---- figures ----

def summary(numbers):
    numbers = [number for number in numbers if number is not None]
    if not numbers:
        return None
    return {"median": statistics.median(numbers), "low": min(numbers), "high": max(numbers), "n": len(numbers)}


class Figures:
    """Everything that was measured, by peer and metric."""

    def __init__(self, record):
        self.found, self.made = {}, {}
        for scenario, runs in record["runs"].items():
            for peer, repeats in runs.items():
                for metric in {metric for run in repeats for metric in run}:
                    numbers = [run.get(metric) for run in repeats]
                    self.found[peer, metric] = [n if isinstance(n, (int, float)) else None for n in numbers]
                    self.made[peer, metric] = record.get("made", {}).get(scenario, {}).get(peer)

    def of(self, peer, metric):
        return summary(self.found.get((peer, metric), []))

    def derived(self, above, below, sign):
        """above : below (or above - below), repeat by repeat if both took turns; or `above` itself."""
        if below is None:
            return self.of(*above)
        a, b = self.found.get(above, []), self.found.get(below, [])
        if self.made.get(above) != self.made.get(below) or not a or not b:
            a, b = [(self.of(*above) or {}).get("median")], [(self.of(*below) or {}).get("median")]
        pairs = [(x, y) for x, y in zip(a, b) if x and y]
        return summary([x - y if sign.startswith("-") else x / y for x, y in pairs])


def cell(found, form):
    if not found:
        return "–"
    text = form.format(found["median"])
    if found["n"] > 1:
        spread = form.replace(" ×", "")
        text += f" <sub>{spread.format(found['low'])}–{spread.format(found['high'])}</sub>"
    return text


def form_of(times):
    """For a ratio: as many digits as say something."""
    size = times["median"] if times else 0
    return "{:,.0f} ×" if size >= 100 else "{:.1f} ×" if size >= 10 else "{:.2f} ×" if size >= 0.1 else "{:.4f} ×"


def lines_of(head, rows):
    """A table; rows without any figure are left out."""
    kept = [row for row in rows if any(text not in ("–", "") for text in row[1:])]
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|"] +
                     ["| " + " | ".join(row) + " |" for row in kept])


def rival(figures, metric, more, names):
    """The other Kinesis server with the best median."""
    medians = {name: found["median"] for name in names
               if not name.startswith("leat") and name not in tables.CEILINGS and (found := figures.of(name, metric))}
    return (max if more else min)(medians, key=medians.get) if medians else None


def kinesis_table(figures, record):
    names = [name for name in tables.KINESIS if any(peer == name for peer, _ in figures.found)]
    rows = []
    for metric, title, form, more in tables.KINESIS_ROWS:
        best = rival(figures, metric, more, names)
        ours, theirs = ("leat", metric), (best, metric)
        times = figures.derived(*((ours, theirs) if more else (theirs, ours)), "") if best else None
        rows.append([title] + [cell(figures.of(name, metric), form) for name in names] + [cell(times, form_of(times))])
    return lines_of([""] + [record["peers"][name] for name in names] + ["Leat : best peer"], rows)


def logs_table(figures, columns):
    columns = [column for column in columns if any(peer == column[1] for peer, _ in figures.found)]
    rows = []
    for metric, title, form in tables.LOG_ROWS:
        row = [title]
        for _, peer, wire in columns:
            told = wire == "cbor" and "{wire}" not in metric     # stands in the column before
            row.append("" if told else cell(figures.of(peer, metric.format(wire=wire)), form))
        rows.append(row)
    return lines_of([""] + [head for head, _, _ in columns], rows)


def latency_table(figures):
    rows = [[title] + [cell(figures.of(peer, metric.format(kind=kind)), form) for _, peer, kind in tables.LATENCY]
            for metric, title, form in tables.LATENCY_ROWS]
    return lines_of([""] + [head for head, _, _ in tables.LATENCY], rows)


def alone_table(figures):
    return lines_of(["", "Leat"], [[title, cell(figures.of("leat", metric), form)]
                                   for metric, title, form in tables.ALONE_ROWS])


def goals_table(figures, goals):
    rows = []
    for title, above, below, sign, goal in goals:
        found = figures.derived(above, below, sign)
        least = sign.endswith(">=")
        met = found and (found["median"] >= goal if least else found["median"] <= goal)
        form = "{:.2f}" if goal < 10 else "{:.1f}" if goal < 100 else "{:,.0f}"
        rows.append([title, cell(found, form) if found else "not measured", f"{'≥' if least else '≤'} {goal:,}",
                     "" if not found else "yes" if met else "**no**"])
    return lines_of(["", "reached", "goal", "met"], rows)


def short_table(figures):
    columns = [("leat", "cbor"), (None, "cbor"), ("redis-always", "native"), ("nats-always", "native"),
               ("kafka-flush", "native")]
    rows = []
    for title, metric, form, more in tables.SHORT:
        row = [title]
        for peer, wire in columns:
            name = peer or rival(figures, metric.format(wire=wire), more, tables.KINESIS)
            row.append(cell(figures.of(name, metric.format(wire=wire)), form) if name else "–")
        rows.append(row)
    return lines_of([""] + tables.SHORT_HEAD, rows)


# ---- the pages ----

def made_notes(record):
    """The runs whose figures stand in the tables; one line each."""
    runs = {}
    for scenario, by_peer in record.get("made", {}).items():
        for peer, (date, at, command) in by_peer.items():
            runs.setdefault((date, at, command), set()).add(scenario)
    return [f"- {date}, commit {at}, `{command}`: {', '.join(sorted(names))}"
            for (date, at, command), names in sorted(runs.items())]


def notes(record):
    m = record["machine"]
    lines = [f"Measured on {m['cores']} × {m['cpu']}, {m['memory_gb']} GB, Linux {m['kernel']}; one fdatasync of "
             f"4 KiB takes {m['sync_us']} µs there. Client and server share the cores." +
             (f" Load before the run: {m['load_before']:.1f}." if m["load_before"] > 0.7 else "")]
    lines += ["", "Medians of the repeats, beside them the lowest and the highest; in each repeat all servers took "
              "turns, and ratios compare repeat by repeat. The runs:", ""] + made_notes(record)
    told = [(label, name) for name, label in record["peers"].items() if name in record["durable"]]
    lines += ["", "| server | an acknowledgement means | its memory is limited to |", "|---|---|---|"]
    lines += [f"| {label} | {record['durable'][name] if name != 'nginx' else 'nothing: a constant answer'} | "
              f"{record.get('memory', {}).get(name, '')} |" for label, name in told]
    if record["absent"]:
        lines += ["", "Not measured: " + "; ".join(f"{name} ({why})" for name, why in record["absent"].items()) + "."]
    if record["spared"]:
        lines += ["", "Left out: " + "; ".join(record["spared"]) + "."]
    if record["failures"]:
        lines += ["", "What did not work:"] + [f"- {line['peer']}, {line['scenario']}: {line['text']}"
                                                for line in record["failures"]]
    return "\n".join(lines)


def page(record):
    figures = Figures(record)
    parts = [("Servers that speak Kinesis", kinesis_table(figures, record)),
             ("Logs, each acknowledged batch synced", logs_table(figures, tables.LOGS_SYNC)),
             ("Logs, acknowledged once the kernel has it", logs_table(figures, tables.LOGS_OS)),
             ("Against the logs: what was to be reached", goals_table(figures, tables.GOALS_LOGS)),
             ("Leat alone: latency at half load", latency_table(figures)),
             ("Leat alone: reading, scale, cost", alone_table(figures)),
             ("Leat alone: what was to be reached", goals_table(figures, tables.GOALS_ALONE))]
    told = [f"### {head}\n\n{table}" for head, table in parts if table.count("\n") > 1]
    return "\n\n".join(told + ["### How this was made\n\n" + notes(record)])


def short_page(record):
    m = record["machine"]
    return (short_table(Figures(record)) +
            "\n\nLeat, Redis, JetStream and Kafka answer here when the record is synced; the best other Kinesis server "
            f"may answer from memory. {m['cores']} × {m['cpu']}, client on the same cores, fdatasync "
            f"{m['sync_us']} µs. All tables, goals and plots: `doc/bench.md`, `doc/bench-plots.md`.")


def put_between(path, text):
    with open(path) as f:
        before, rest = f.read().split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    with open(path, "w") as f:
        f.write(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def write_pages(record):
    with open(os.path.join(RESULTS, "latest.txt"), "w") as f:
        f.write(plain(record))
    put_between(PAGE, page(record))
    put_between(README, short_page(record))
    plot.write(Figures(record), record)


def save(record, keep):
    """Writes results/<date>.json, and with `keep` latest.json, the same as a plain table, and the pages."""
    os.makedirs(RESULTS, exist_ok=True)
    names = [record["date"].replace(":", "").replace(" ", "-") + ".json"] + (["latest.json"] if keep else [])
    for name in names:
        with open(os.path.join(RESULTS, name), "w") as f:
            json.dump(record, f, indent=1)
            f.write("\n")
    if keep:
        write_pages(record)


def plain(record):
    """Every figure, a line each: scenario, peer, metric, median, lowest, highest, repeats."""
    lines = [("scenario", "peer", "metric", "median", "low", "high", "n")]
    for scenario, runs in record["runs"].items():
        for peer, repeats in runs.items():
            for metric in sorted({metric for run in repeats for metric in run}):
                found = summary([run.get(metric) if isinstance(run.get(metric), (int, float)) else None
                                 for run in repeats])
                if found:
                    lines.append((scenario, peer, metric, *(f"{found[key]:.6g}" for key in ("median", "low", "high")),
                                  str(found["n"])))
    widths = [max(len(line[i]) for line in lines) for i in range(7)]
    return "".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() + "\n" for line in lines)
