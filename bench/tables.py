"""tables.py: which figures stand where, and which of them were promised."""

CEILINGS = ("nginx", "put-floor")     # no servers of Kinesis: what one could reach

# ---- servers that speak Kinesis ----
KINESIS = ["leat", "ferrokinesis-wal", "ferrokinesis", "kinesalite-disk", "kinesalite", "kinesis-local", "nginx",
           "put-floor"]

# metric, what the table says, format, whether more is better
KINESIS_ROWS = [
    ("ready_ms", "first answer, empty directory (ms)", "{:.0f}", False),
    ("idle_mb", "memory idle (RSS, MB)", "{:.1f}", False),
    ("full_mb", "memory after 1 GB in (RSS, MB)", "{:.0f}", False),
    ("put_rate", "PutRecord 1 KiB, 64 connections (records/s)", "{:,.0f}", True),
    ("put_p99_ms", "… p99 (ms)", "{:,.2f}", False),
    ("slow_rate", "… each sync 1 ms slower, 512 connections (records/s)", "{:,.0f}", True),
    ("slow_p99_ms", "… p99 (ms)", "{:,.1f}", False),
    ("puts_json_mbs", "PutRecords 500 × 1 KiB, 4 connections, JSON (MB/s)", "{:,.1f}", True),
    ("puts_cbor_mbs", "… CBOR (MB/s)", "{:,.1f}", True),
    ("puts_json_cpu_s", "server CPU per GB put, JSON (s)", "{:.2f}", False),
    ("puts_cbor_cpu_s", "… CBOR (s)", "{:.2f}", False),
    ("puts_json_client_s", "client CPU per GB put, JSON (s)", "{:.2f}", False),
    ("get_json_mbs", "GetRecords, limit 10,000, JSON (MB/s)", "{:.1f}", True),
    ("get_cbor_mbs", "… CBOR (MB/s)", "{:.1f}", True),
    ("commit_p50_us", "put while subscribed, one at a time: put → answer p50 (µs)", "{:,.0f}", False),
    ("commit_p99_us", "… p99 (µs)", "{:,.0f}", False),
    ("commit_p999_us", "… p99.9 (µs)", "{:,.0f}", False),
    ("event_p50_us", "put → SubscribeToShard event p50 (µs)", "{:,.0f}", False),
    ("event_p99_us", "… p99 (µs)", "{:,.0f}", False),
    ("event_p999_us", "… p99.9 (µs)", "{:,.0f}", False),
    ("spread_ms", "one record on each of 10,000 shards, by 20 PutRecords (ms)", "{:,.1f}", False),
    ("restart_ms", "start after SIGKILL, 1 GB just put (ms)", "{:.0f}", False),
]

# ---- logs, by what an acknowledgement means: head of the column, peer, wire ----
LOGS_SYNC = [("Leat, JSON", "leat", "json"), ("Leat, CBOR", "leat", "cbor"),
             ("Redis streams, `always`", "redis-always", "native"),
             ("JetStream, `sync_interval: always`", "nats-always", "native"),
             ("Kafka, `flush.messages=1`", "kafka-flush", "native")]
LOGS_OS = [("Leat `os`, JSON", "leat-os", "json"), ("Leat `os`, CBOR", "leat-os", "cbor"),
           ("Redis streams, `everysec`", "redis", "native"), ("JetStream, default", "nats", "native"),
           ("Kafka, default", "kafka", "native")]
LOG_ROWS = [
    ("puts_{wire}_mbs", "500 × 1 KiB in a batch, 4 connections (MB/s)", "{:,.1f}"),
    ("puts_{wire}_p99_ms", "… p99 of a batch (ms)", "{:.1f}"),
    ("puts_{wire}_cpu_s", "… server CPU per GB (s)", "{:.2f}"),
    ("puts_{wire}_client_s", "… client CPU per GB (s)", "{:.2f}"),
    ("put_rate", "1 KiB at a time, 64 connections (records/s)", "{:,.0f}"),
    ("put_p99_ms", "… p99 (ms)", "{:,.2f}"),
    ("put_cpu_us", "… server CPU per record (µs)", "{:.1f}"),
    ("put_client_us", "… client CPU per record (µs)", "{:.1f}"),
    ("slow_rate", "each sync 1 ms slower, 512 connections (records/s)", "{:,.0f}"),
    ("slow_p99_ms", "… p99 (ms)", "{:,.1f}"),
    ("slow5_rate", "each sync 5 ms slower, 512 connections (records/s)", "{:,.0f}"),
    ("slow5_p99_ms", "… p99 (ms)", "{:,.1f}"),
    ("ready_ms", "first answer, empty directory (ms)", "{:,.0f}"),
    ("idle_mb", "memory idle (RSS, MB)", "{:.1f}"),
]

# ---- Leat alone ----
LATENCY = [("`sync`", "leat", "sync"), ("`sync`, each sync 1 ms slower", "leat", "slow"), ("`os`", "leat-os", "os")]
LATENCY_ROWS = [
    ("half_{kind}_rate", "load: half of the most that was just reached (records/s)", "{:,.0f}"),
    ("half_{kind}_put_p50_us", "put → answer p50 (µs)", "{:,.0f}"),
    ("half_{kind}_put_p99_us", "… p99", "{:,.0f}"),
    ("half_{kind}_put_p999_us", "… p99.9", "{:,.0f}"),
    ("half_{kind}_event_p50_us", "put → SubscribeToShard event p50 (µs)", "{:,.0f}"),
    ("half_{kind}_event_p99_us", "… p99", "{:,.0f}"),
    ("half_{kind}_event_p999_us", "… p99.9", "{:,.0f}"),
    ("half_{kind}_disk_p50_us", "the disk alone, as many syncs of as many bytes p50 (µs)", "{:,.0f}"),
    ("half_{kind}_disk_p99_us", "… p99", "{:,.0f}"),
    ("half_{kind}_syncs", "… a second", "{:,.0f}"),
    ("half_{kind}_stalled", "time in which this machine ran nobody on a processor, for 0.5 ms or more (%)", "{:.2f}"),
    ("half_{kind}_stall_ms", "… the longest (ms)", "{:.1f}"),
]
ALONE_ROWS = [
    ("hot_get_json_mbs", "GetRecords, just put, JSON (MB/s)", "{:,.0f}"),
    ("hot_get_json_core_mbs", "… per core of the server", "{:,.0f}"),
    ("hot_get_cbor_mbs", "… CBOR (MB/s)", "{:,.0f}"),
    ("hot_get_cbor_core_mbs", "… per core of the server", "{:,.0f}"),
    ("hot_subscribe_json_mbs", "SubscribeToShard, just put, JSON (MB/s)", "{:,.0f}"),
    ("hot_subscribe_json_core_mbs", "… per core of the server", "{:,.0f}"),
    ("hot_subscribe_cbor_mbs", "… CBOR (MB/s)", "{:,.0f}"),
    ("hot_subscribe_cbor_core_mbs", "… per core of the server", "{:,.0f}"),
    ("cold_get_cbor_mbs", "GetRecords, nothing in memory, CBOR (MB/s)", "{:,.0f}"),
    ("cold_subscribe_cbor_mbs", "SubscribeToShard, nothing in memory, CBOR (MB/s)", "{:,.0f}"),
    ("sequential_mbs", "the same files, read one after the other (MB/s)", "{:,.0f}"),
    ("floor_json_cpu_s", "floor of a put: CPU per GB, JSON (s)", "{:.2f}"),
    ("floor_cbor_cpu_s", "… CBOR (s)", "{:.2f}"),
    ("engine_ms", "one record on each of 10,000 shards, the engine alone (ms)", "{:.1f}"),
    ("shard_known_kb", "memory per shard of 10,000, created (KB)", "{:.2f}"),
    ("shard_hot_kb", "… written to (KB)", "{:.2f}"),
    ("few_p99_us", "50 shards, 10,000 puts/s: p99 (µs)", "{:,.0f}"),
    ("huge_p99_us", "50,000 shards, 10,000 puts/s: p99 (µs)", "{:,.0f}"),
    ("huge_create_ms", "50,000 shards created (ms)", "{:,.0f}"),
    ("engine_open_ms_per_gb", "start of the engine, per GB that is not settled (ms)", "{:.0f}"),
    ("stored_restart_ms", "start after SIGKILL, 10 GiB stored (ms)", "{:.0f}"),
    ("retained_1_ms", "start after SIGKILL, 1 GB retained (ms)", "{:.0f}"),
    ("retained_40_ms", "… 40 GiB retained (ms)", "{:.0f}"),
    ("idle_connections", "idle TLS connections held", "{:,.0f}"),
    ("idle_h1_open_ms", "server CPU to open a TLS connection, HTTP/1.1 (ms)", "{:.2f}"),
]

# ---- what was promised: what, (peer, metric), over (peer, metric) or None, sign, goal ----
LEAT, OS = "leat", "leat-os"
GOALS_LOGS = [
    ("MB/s in batches, each synced, JSON : Redis `always`", (LEAT, "puts_json_mbs"),
     ("redis-always", "puts_native_mbs"), ">=", 1),
    ("… CBOR : Redis `always`", (LEAT, "puts_cbor_mbs"), ("redis-always", "puts_native_mbs"), ">=", 1),
    ("… JSON : JetStream `always`", (LEAT, "puts_json_mbs"), ("nats-always", "puts_native_mbs"), ">=", 15),
    ("… CBOR : JetStream `always`", (LEAT, "puts_cbor_mbs"), ("nats-always", "puts_native_mbs"), ">=", 15),
    ("… JSON : Kafka `flush.messages=1`", (LEAT, "puts_json_mbs"), ("kafka-flush", "puts_native_mbs"), ">=", 3),
    ("… CBOR : Kafka `flush.messages=1`", (LEAT, "puts_cbor_mbs"), ("kafka-flush", "puts_native_mbs"), ">=", 3),
    ("MB/s in batches, `os`, JSON : JetStream", (OS, "puts_json_mbs"), ("nats", "puts_native_mbs"), ">=", 1),
    ("… CBOR : JetStream", (OS, "puts_cbor_mbs"), ("nats", "puts_native_mbs"), ">=", 1),
    ("… JSON : Kafka", (OS, "puts_json_mbs"), ("kafka", "puts_native_mbs"), ">=", 1),
    ("… CBOR : Kafka", (OS, "puts_cbor_mbs"), ("kafka", "puts_native_mbs"), ">=", 1),
    ("server CPU per GB, `os`, JSON : JetStream", (OS, "puts_json_cpu_s"), ("nats", "puts_native_cpu_s"), "<=", 1),
    ("… CBOR : JetStream", (OS, "puts_cbor_cpu_s"), ("nats", "puts_native_cpu_s"), "<=", 1),
    ("… JSON : Kafka", (OS, "puts_json_cpu_s"), ("kafka", "puts_native_cpu_s"), "<=", 1),
    ("… CBOR : Kafka", (OS, "puts_cbor_cpu_s"), ("kafka", "puts_native_cpu_s"), "<=", 1),
    ("records/s one at a time, each sync 1 ms slower : Redis `always`", (LEAT, "slow_rate"),
     ("redis-always", "slow_rate"), ">=", 1),
    ("… each sync 5 ms slower (records/s)", (LEAT, "slow5_rate"), None, ">=", 40000),
]
GOALS_ALONE = [
    ("server CPU per GB put, JSON : floor", (LEAT, "puts_json_cpu_s"), (LEAT, "floor_json_cpu_s"), "<=", 1.5),
    ("… CBOR : floor", (LEAT, "puts_cbor_cpu_s"), (LEAT, "floor_cbor_cpu_s"), "<=", 1.3),
    ("PutRecord records/s, `sync` : nginx", (LEAT, "put_rate"), ("nginx", "put_rate"), ">=", 0.6),
    ("… `os` : nginx", (OS, "put_rate"), ("nginx", "put_rate"), ">=", 0.75),
    ("half load: event p50 − answer p50 (µs)", (LEAT, "half_sync_event_p50_us"), (LEAT, "half_sync_put_p50_us"),
     "-<=", 300),
    ("… each sync 1 ms slower (µs)", (LEAT, "half_slow_event_p50_us"), (LEAT, "half_slow_put_p50_us"), "-<=", 300),
    ("half load: event p99 : the disk's own p99", (LEAT, "half_sync_event_p99_us"), (LEAT, "half_sync_disk_p99_us"),
     "<=", 3),
    ("… each sync 1 ms slower", (LEAT, "half_slow_event_p99_us"), (LEAT, "half_slow_disk_p99_us"), "<=", 3),
    ("half load, `os`: event p99 (µs)", (OS, "half_os_event_p99_us"), None, "<=", 2000),
    ("GetRecords hot, CBOR: MB/s per core", (LEAT, "hot_get_cbor_core_mbs"), None, ">=", 1000),
    ("SubscribeToShard hot, CBOR: MB/s per core", (LEAT, "hot_subscribe_cbor_core_mbs"), None, ">=", 1000),
    ("GetRecords cold : the smaller of hot and a sequential read", (LEAT, "cold_get_share"), None, ">=", 0.8),
    ("SubscribeToShard cold : the same", (LEAT, "cold_subscribe_share"), None, ">=", 0.8),
    ("50,000 shards: memory per idle shard (KiB)", (LEAT, "huge_shard_kib"), None, "<=", 2),
    ("… start after SIGKILL (ms)", (LEAT, "huge_restart_ms"), None, "<=", 2000),
    ("… put p99 : that with 50 shards", (LEAT, "huge_p99_us"), (LEAT, "few_p99_us"), "<=", 2),
    ("start after SIGKILL, 40 GiB retained : 1 GB", (LEAT, "retained_40_ms"), (LEAT, "retained_1_ms"), "<=", 1.2),
    ("idle TLS connections, HTTP/1.1 (KiB each)", (LEAT, "idle_h1_kib"), None, "<=", 20),
    ("… HTTP/2 (KiB each)", (LEAT, "idle_h2_kib"), None, "<=", 48),
]

# ---- the short one: what, metric by column, format ----
SHORT_HEAD = ["Leat", "best other Kinesis server", "Redis `always`", "JetStream `always`", "Kafka `flush.messages=1`"]
SHORT = [
    ("first answer, empty directory (ms)", "ready_ms", "{:.0f}", False),
    ("memory idle (RSS, MB)", "idle_mb", "{:.1f}", False),
    ("PutRecord 1 KiB, 64 connections (records/s)", "put_rate", "{:,.0f}", True),
    ("… each sync 1 ms slower, 512 connections (records/s)", "slow_rate", "{:,.0f}", True),
    ("PutRecords 500 × 1 KiB, 4 connections (MB/s)", "puts_{wire}_mbs", "{:,.0f}", True),
    ("… server CPU per GB (s)", "puts_{wire}_cpu_s", "{:.2f}", False),
    ("GetRecords, CBOR (MB/s)", "get_cbor_mbs", "{:,.0f}", True),
    ("put → SubscribeToShard event p50 (µs)", "event_p50_us", "{:,.0f}", False),
    ("… p99 (µs)", "event_p99_us", "{:,.0f}", False),
    ("start after SIGKILL, 1 GB just put (ms)", "restart_ms", "{:.0f}", False),
]
