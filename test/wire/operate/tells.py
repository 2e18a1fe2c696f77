"""What a server tells: /health, /metrics, its log and the ids of requests."""
import json
import re
import socket
import time

from botocore.exceptions import ClientError

from stage import active

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)?\})? (\S+)" % (NAME, LABEL, LABEL))


def parsed(text):
    """({family: type}, {(name, labels): value}); what is no exposition format throws."""
    types, helps, values, family = {}, set(), {}, None
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in helps, "told twice: " + line
            helps.add(family)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and kind in ("counter", "gauge", "histogram", "summary"), line
            types[name] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found, "no sample: " + line
            name, labels, value = found.groups()
            base = re.sub("_(bucket|sum|count)$", "", name)
            assert (base if types.get(family) in ("histogram", "summary") else name) == family, line
            key = (name, labels or "")
            assert key not in values, "twice: " + line
            values[key] = float(value)
    return types, values


def check_histograms(types, values):
    """Buckets never fall, the last is the count."""
    rows = {}
    for (name, labels), value in values.items():
        if name.endswith("_bucket") and types.get(name[:-7]) == "histogram":
            rows.setdefault((name[:-7], re.sub(r',?le="[^"]*"', "", labels)), []).append(value)
    return rows and all(row == sorted(row) and row[-1] == values[name + "_count", labels]
                        for (name, labels), row in rows.items())


def metrics(x):
    server = x.server("metrics", "--call-rates", "off", "--stream", "clicks:2").start()
    status, body = server.get("/health")
    x.equal("/health", (status, json.loads(body)["status"]), (200, "ok"))
    k = server.client()
    k.enable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["ALL"])
    active(k, "clicks")
    taken = size = refused = ones = 0
    for n in range(30):
        k.put_record(StreamName="clicks", Data=b"x" * 100, PartitionKey="k%d" % n)
        taken, size, ones = taken + 1, size + 100 + len("k%d" % n), ones + 1
    for n in range(6):
        told = k.put_records(StreamName="clicks", Records=[{"Data": b"y" * 10, "PartitionKey": "one"}] * 400)
        taken, refused = taken + 400 - told["FailedRecordCount"], refused + told["FailedRecordCount"]
        size += 13 * (400 - told["FailedRecordCount"])
    at = k.get_shard_iterator(StreamName="clicks", ShardId="0", ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    read = len(k.get_records(ShardIterator=at)["Records"])
    try:
        k.describe_stream(StreamName="nowhere")
    except ClientError:
        pass
    status, text = server.get("/metrics")
    types, values = parsed(text)
    x.equal("/metrics is the exposition format", status, 200)
    x.check("histograms never fall and end at their count", check_histograms(types, values))
    labels = next(labels for name, labels in values if name == "leat_kinesis_incoming_records_total" and '"clicks"' in labels)
    x.equal("a stream's labels", labels, 'stream="clicks",account="000000000000",region="us-east-1"')

    def stream(name):
        return values["leat_kinesis_" + name, labels]
    x.equal("IncomingRecords is what was acknowledged", stream("incoming_records_total"), taken)
    x.equal("IncomingBytes, keys included", stream("incoming_bytes_total"), size)
    x.equal("PutRecord.Success", stream("put_record_success_total"), ones)
    x.equal("PutRecords: taken and throttled", (stream("put_records_successful_records_total"),
                                               stream("put_records_throttled_records_total")), (taken - ones, refused))
    x.equal("GetRecords.Records", stream("get_records_records_total"), read)
    x.equal("PutRecord.Latency counts the calls", stream("put_record_latency_seconds_count"), ones)
    per_shard = {key: value for key, value in values.items() if "shard=" in key[1] and "incoming_records" in key[0]}
    x.equal("the shards' IncomingRecords add up", sum(per_shard.values()), taken)
    x.check("throttling is seen there", refused and stream("write_provisioned_throughput_exceeded_total") > 0, refused)
    x.equal("operations by outcome", (values["leat_api_requests_total", 'operation="PutRecord",outcome="ok"'],
                                      values["leat_api_requests_total", 'operation="DescribeStream",outcome="refused"']),
            (ones, 1))
    engine = ("commits_total", "syncs_total", "bytes_total", "queued_bytes", "queued_commits", "tail_bytes", "backlog_bytes",
              "commit_seconds_count", "sync_seconds_count", "commit_bytes_count", "settled_bytes", "commit_segments")
    x.equal("the engine's own figures", [name for name in engine if ("leat_log_" + name, "") not in values], [])
    x.check("commits and syncs were counted", values["leat_log_commits_total", ""] >= ones / 2
            and values["leat_log_syncs_total", ""] > 0)
    x.check("every family has a type and a sentence", set(types) >= {re.sub("_(bucket|sum|count)$", "", name)
                                                                   for name, _ in values
                                                                   if name not in types})
    k.delete_stream(StreamName="clicks")
    end = time.time() + 5
    while "clicks" in server.get("/metrics")[1] and time.time() < end:
        time.sleep(0.05)
    x.check("a stream that is gone has no lines", "clicks" not in server.get("/metrics")[1])
    server.stop()
    server.start("--metrics", "off")
    x.check("--metrics off", "leat_log" not in server.get("/metrics")[1])


def consumers(x):
    server = x.server("consumers", "--call-rates", "off", "--stream", "clicks").start()
    k = server.client()
    arn = active(k, "clicks")["StreamARN"]
    makes = {name: k.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]
             for name in ("billing", "search")}
    end = time.time() + 5
    for made in makes.values():
        while time.time() < end:
            if k.describe_stream_consumer(ConsumerARN=made)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE":
                break
            time.sleep(0.02)
    for _ in range(4):
        k.put_record(StreamName="clicks", Data=b"x" * 50, PartitionKey="k")

    def subscribe(name):
        return k.subscribe_to_shard(ConsumerARN=makes[name], ShardId="shardId-000000000000",
                                    StartingPosition={"Type": "TRIM_HORIZON"})
    told = subscribe("billing")
    got = 0
    for event in told["EventStream"]:
        got += len(event["SubscribeToShardEvent"]["Records"])
        if got == 4:
            break
    x.refused("a second subscription at once", "ResourceInUseException", subscribe, name="billing")
    _, values = parsed(server.get("/metrics")[1])

    def consumer(name, metric):
        labels = 'stream="clicks",account="000000000000",region="us-east-1",consumer="%s"' % name
        return values["leat_kinesis_consumer_subscribe_to_shard_" + metric, labels]
    names = ("success_total", "rate_exceeded_total", "event_records_total", "event_bytes_total")
    x.equal("each consumer's own metrics", [consumer("billing", name) for name in names], [1, 1, 4, 4 * 51])
    x.check("its events", consumer("billing", "event_success_total") >= 1)
    x.equal("the other's", [consumer("search", name) for name in names], [0, 0, 0, 0])
    told["EventStream"].close()
    k.deregister_stream_consumer(ConsumerARN=makes["billing"])
    end = time.time() + 5
    while "billing" in server.get("/metrics")[1] and time.time() < end:
        time.sleep(0.05)
    x.check("one that is gone has no lines", "billing" not in server.get("/metrics")[1])


def crowd(x):
    """More connections than connections-max: those that are there are served, the others closed, and the log says so."""
    server = x.server("crowd", "--connections-max", "3").start()
    host, port = server.address.split(":")
    inside = [socket.create_connection((host, int(port)), timeout=5) for _ in range(3)]
    for one in inside:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        x.check("one of three is served", one.recv(1000).startswith(b"HTTP/1.1 200"))
    ends = []
    for _ in range(20):
        with socket.create_connection((host, int(port)), timeout=5) as one:
            try:
                ends.append(one.recv(10))
            except ConnectionError:
                ends.append(b"")
    x.equal("twenty more are closed at once", ends, [b""] * 20)
    line = server.wait_line("refused_connection")
    x.check("one line of the log tells of them", line and line["open"] == 3 and len(server.lines("refused_connection")) <= 3,
            server.lines("refused_connection"))
    inside.pop().close()
    time.sleep(0.1)
    _, values = parsed(server.get("/metrics")[1])
    x.equal("and a metric counts them", values["leat_http_connections_refused_total", ""], 20)
    for one in inside:
        one.close()


def log(x):
    server = x.server("log", "--access-log", "on", "--stream", "one").start()
    k = server.client()
    ids = {}
    for n in range(5):
        told = k.put_record(StreamName="one", Data=b"x" * n, PartitionKey="k")["ResponseMetadata"]
        ids[told["RequestId"]] = ("PutRecord", 200)
    try:
        k.put_record(StreamName="two \u201cquoted\u201d", Data=b"", PartitionKey="k")
    except ClientError as why:
        ids[why.response["ResponseMetadata"]["RequestId"]] = ("PutRecord", 400)
    try:
        k.describe_stream(StreamName="two")
    except ClientError as why:
        missing = why.response["ResponseMetadata"]["RequestId"]
    shard = k.list_shards(StreamName="one")["ResponseMetadata"]
    ids[shard["RequestId"]] = ("ListShards", 200)
    ids[missing] = ("DescribeStream", 400)
    x.equal("an answer's id in both headers", shard["HTTPHeaders"]["x-amzn-requestid"], shard["RequestId"])
    server.wait_line("request", len(ids))
    lines = {line["id"]: line for line in server.lines("request")}
    x.equal("every answer's id is in the log, with operation and status",
            {one: (lines[one]["operation"], lines[one]["status"]) for one in ids if one in lines}, ids)
    x.equal("a refusal names its error", lines[missing]["error"], "ResourceNotFoundException")
    row = next(line for line in lines.values() if line["operation"] == "PutRecord" and line["status"] == 200)
    x.check("a line has caller, resource, bytes and time", {"remote", "resource", "in", "out", "us", "time"} <= set(row), row)
    x.check("the moment of each line is a date", all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
                                                    for line in server.lines()))
    server.stop()
    kinds = [line["event"] for line in server.lines()]
    x.check("from starting to stopped", kinds[0] == "starting" and kinds[-1] == "stopped" and "stopping" in kinds, kinds)
    server.start("--access-log", "errors")
    before = len(server.lines("request"))
    k = server.client()
    k.list_streams()
    try:
        k.describe_stream(StreamName="two")
    except ClientError:
        pass
    server.wait_line("request", before + 1)
    x.equal("--access-log errors writes refusals only", [line["operation"] for line in server.lines("request")[before:]],
            ["DescribeStream"])


SCRIPTS = (metrics, consumers, crowd, log)
