"""plot.py: dots with their spread on a logarithmic axis, as SVG that is readable on light and on dark pages."""
import html
import math
import os

import peers
import tables

DOC = os.path.join(peers.ROOT, "doc")
LEFT, RIGHT, ROW, TOP, BOTTOM, WIDTH = 250, 90, 24, 44, 40, 820
STYLE = """text{font:13px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:15px}
.s{font-size:11px;fill:#57606a}.g{stroke:#8c959f;stroke-opacity:.35}.c0{fill:#0969da;stroke:#0969da}
.c1{fill:#8c959f;stroke:#8c959f}.c2{fill:#bc4c00;stroke:#bc4c00}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.c0{fill:#4493f8;stroke:#4493f8}
.c1{fill:#9198a1;stroke:#9198a1}.c2{fill:#f0883e;stroke:#f0883e}}"""


def ticks(low, high):
    """1, 2, 5 in each decade, or only its beginning when there are many decades."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 200 else (1,)
    return [step * 10.0 ** decade for decade in decades for step in steps if low <= step * 10.0 ** decade <= high]


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    if value >= 1e4:
        return f"{value / 1e3:g}k"
    return f"{value:g}"


def shown(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def dots(title, unit, rows):
    """rows: (label, summary, class 0 ours, 1 others, 2 the machine's own); None as the summary is no row."""
    rows = [row for row in rows if row[1]]
    if not rows:
        return None
    low, high = min(row[1]["low"] for row in rows), max(row[1]["high"] for row in rows)
    low, high = max(low, 1e-6) / 1.3, max(high, 1e-6) * 1.3
    height = TOP + ROW * len(rows) + BOTTOM

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(max(value, low) / low) / math.log(high / low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
           f'role="img" aria-label="{html.escape(title)}"><style>{STYLE}</style>',
           f'<text class="t" x="8" y="22">{html.escape(title)}</text>']
    for tick in ticks(low, high):
        at, bottom = f"{x(tick):.1f}", height - BOTTOM
        out.append(f'<line class="g" x1="{at}" x2="{at}" y1="{TOP - 8}" y2="{bottom}"/>'
                   f'<text class="s" text-anchor="middle" x="{at}" y="{bottom + 16}">{short(tick)}</text>')
    for i, (label, found, kind) in enumerate(rows):
        y = TOP + ROW * i + ROW / 2
        out.append(f'<text x="{LEFT - 12}" y="{y + 4:.0f}" text-anchor="end">{html.escape(label)}</text>'
                   f'<line class="c{kind}" stroke-width="4" stroke-opacity=".45" stroke-linecap="round" '
                   f'x1="{x(found["low"]):.1f}" x2="{x(found["high"]):.1f}" y1="{y}" y2="{y}"/>'
                   f'<circle class="c{kind}" cx="{x(found["median"]):.1f}" cy="{y}" r="5"/>'
                   f'<text class="s" x="{x(found["high"]) + 10:.1f}" y="{y + 4:.0f}">{shown(found["median"])}</text>')
    out.append(f'<text class="s" x="{LEFT}" y="{height - 6}">{html.escape(unit)}; logarithmic</text></svg>')
    return "\n".join(out) + "\n"


def clean(label):
    return label.replace("`", "")


def kind_of(name):
    return 0 if name.startswith("leat") else 2 if name in tables.CEILINGS else 1


def everybody(figures, record, metric):
    """One row for each server that has it."""
    return [(clean(label), figures.of(name, metric), kind_of(name)) for name, label in record["peers"].items()]


def batches(figures, columns, metric):
    return [(clean(head), figures.of(peer, metric.format(wire=wire)), kind_of(peer))
            for head, peer, wire in columns]


def latency(figures):
    rows = []
    for head, peer, kind in tables.LATENCY:
        name = clean(head).replace("each sync 1 ms slower", "+ 1 ms")
        for q, quantile in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")):
            rows.append((f"{name}: put → answer {quantile}", figures.of(peer, f"half_{kind}_put_{q}_us"), 0))
            rows.append((f"{name}: put → event {quantile}", figures.of(peer, f"half_{kind}_event_{q}_us"), 0))
            rows.append((f"{name}: disk alone {quantile}", figures.of(peer, f"half_{kind}_disk_{q}_us"), 2))
    return rows


def reading(figures):
    told = [("GetRecords, JSON, hot", "hot_get_json_mbs", 0), ("GetRecords, CBOR, hot", "hot_get_cbor_mbs", 0),
            ("SubscribeToShard, JSON, hot", "hot_subscribe_json_mbs", 0),
            ("SubscribeToShard, CBOR, hot", "hot_subscribe_cbor_mbs", 0),
            ("GetRecords, CBOR, cold", "cold_get_cbor_mbs", 0),
            ("SubscribeToShard, CBOR, cold", "cold_subscribe_cbor_mbs", 0), ("sequential read", "sequential_mbs", 2)]
    return [(label, figures.of("leat", metric), kind) for label, metric, kind in told]


def write(figures, record):
    """doc/bench-*.svg and the page that shows them."""
    logs = tables.LOGS_SYNC + tables.LOGS_OS
    kinesis = [(name, wire) for name in tables.KINESIS for wire in ("json", "cbor")]
    plots = [
        ("batches-sync", "Batches of 500 × 1 KiB, each synced, 4 connections", "MB/s, more is better",
         batches(figures, tables.LOGS_SYNC, "puts_{wire}_mbs")),
        ("batches-os", "Batches of 500 × 1 KiB, acknowledged once the kernel has them", "MB/s, more is better",
         batches(figures, tables.LOGS_OS, "puts_{wire}_mbs")),
        ("cpu", "Server CPU per GB taken in batches", "CPU seconds per GB, less is better",
         batches(figures, logs, "puts_{wire}_cpu_s") +
         [("floor, JSON", figures.of("leat", "floor_json_cpu_s"), 2),
          ("floor, CBOR", figures.of("leat", "floor_cbor_cpu_s"), 2)]),
        ("put", "One record of 1 KiB at a time, 64 connections", "records/s, more is better",
         everybody(figures, record, "put_rate")),
        ("put-p99", "… its p99", "ms, less is better", everybody(figures, record, "put_p99_ms")),
        ("kinesis", "PutRecords of servers that speak Kinesis", "MB/s, more is better",
         [(f"{clean(record['peers'][name])}, {wire.upper()}", figures.of(name, f"puts_{wire}_mbs"),
           kind_of(name))
          for name, wire in kinesis if name in record["peers"]]),
        ("latency", "Leat at half load", "µs, less is better", latency(figures)),
        ("fanout", "Put → SubscribeToShard event, one at a time, p99", "µs, less is better",
         everybody(figures, record, "event_p99_us")),
        ("read", "Reading 800 MB, 4 connections", "MB/s, more is better", reading(figures)),
    ]
    page = ["# Plots of the benchmarks", "",
            "Drawn by `bench/run` from `bench/results/latest.json`; the figures and how they were made stand in "
            "[bench.md](bench.md). A dot is the median, its bar reaches from the lowest to the highest repeat. Blue is "
            "Leat, grey are the others, orange is what the machine itself gives.", ""]
    for name, title, unit, rows in plots:
        picture = dots(title, unit, rows)
        if picture:
            with open(os.path.join(DOC, f"bench-{name}.svg"), "w") as f:
                f.write(picture)
            page += [f"![{title}](bench-{name}.svg)", ""]
    with open(os.path.join(DOC, "bench-plots.md"), "w") as f:
        f.write("\n".join(page))
