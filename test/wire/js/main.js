// The AWS SDK for JavaScript v3, unmodified: its Kinesis client speaks HTTP/2, by prior knowledge on http:// and with ALPN on
// https://. Prints `ok  js: <what>` or `FAIL js: <what>: <why>` per check, then `N passed, N failed`.
import { isDeepStrictEqual } from "node:util";
import { randomBytes } from "node:crypto";
import * as aws from "@aws-sdk/client-kinesis";
import { Lineage, Writer, drain, iterator, judge, sleep } from "./reading.js";

const HALF = 2n ** 127n, TAG = randomBytes(4).toString("hex");
const [S, R, NONE] = ["main", "reshard", "none"].map((kind) => `wire-js-${kind}-${TAG}`);
const ZERO = "shardId-000000000000";
const AGGREGATED = Buffer.from("84mawgoBYQoBYhoHCAAaA29uZRoHCAEaA3R3bxoGCAAaAsOkI8xOs0pCbsmO2MTkhsTSxQ==", "base64");
const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1";
const client = (endpoint, maxAttempts = 10) => new aws.KinesisClient({ endpoint, region, maxAttempts });
const k = client(process.env.LEAT_HTTP), once = client(process.env.LEAT_HTTP, 1);
const call = (name, input) => k.send(new aws[`${name}Command`](input));

let passed = 0, failed = 0;

function check(what, good, why) {
    if (good) passed++; else failed++;
    console.log(good ? `ok  js: ${what}` : `FAIL js: ${what}: ${String(why).slice(0, 400)}`);
}

const equal = (what, got, wanted) =>
    check(what, isDeepStrictEqual(got, wanted), `${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);

// Runs one part; what it throws is its failure and ends that part only.
async function part(name, work) {
    try {
        return await work();
    } catch (why) {
        check(name, false, `${why.name}: ${why.message}`);
    }
}

async function refused(what, name, message, command) {
    try {
        await once.send(command);
        check(what, false, "it was accepted");
    } catch (why) {
        equal(what, [why.name, why.message], [name, message]);
    }
}

async function active(StreamName) {
    for (let i = 0; i < 200; i++, await sleep(100)) {
        const summary = (await call("DescribeStreamSummary", { StreamName })).StreamDescriptionSummary;
        if (summary.StreamStatus === "ACTIVE") return summary;
    }
    throw new Error(`${StreamName} never became ACTIVE`);
}

async function create() {
    for (const StreamName of [S, R]) await call("CreateStream", { StreamName, ShardCount: 2 });
    await active(R);
    const summary = await active(S);
    equal("a new stream has two open shards", summary.OpenShardCount, 2);
    return summary.StreamARN;
}

async function put() {
    const big = randomBytes((1 << 20) - 3);
    const records = [
        { Data: Buffer.from("hash key"), PartitionKey: "x", ExplicitHashKey: "0" },
        { Data: Buffer.alloc(0), PartitionKey: "empty", ExplicitHashKey: "1" },
        { Data: Buffer.from("näive"), PartitionKey: "clé-ключ-鍵-🔑", ExplicitHashKey: "2" },
        { Data: AGGREGATED, PartitionKey: "a", ExplicitHashKey: "3" },
        { Data: big, PartitionKey: "big", ExplicitHashKey: String(HALF) },
    ];
    const first = await call("PutRecord", { StreamName: S, PartitionKey: "first", Data: Buffer.from("single"),
        ExplicitHashKey: "0" });
    equal("a single record lands in the shard of its hash key", first.ShardId, ZERO);
    const answer = await call("PutRecords", { StreamName: S, Records: records });
    equal("a batch is taken", answer.FailedRecordCount, 0);
    equal("a batch is answered in order", answer.Records.map((r) => r.ShardId.slice(-1)).join(""), "00001");
    const sent = [["first", "single"], ...records.slice(0, 4).map((r) => [r.PartitionKey, r.Data.toString("latin1")])];
    const numbers = [first, ...answer.Records.slice(0, 4)].map((r) => r.SequenceNumber);
    check("sequence numbers of a shard grow", numbers.every((n, i) => !i || BigInt(n) > BigInt(numbers[i - 1])), numbers);
    return { sent, numbers, big };
}

async function poll({ sent, numbers, big }) {
    const read = async (type, n, more) => drain(k, await iterator(k, S, ZERO, type, more), n);
    const ids = (records) => records.map((r) => r.SequenceNumber);
    const records = await read("TRIM_HORIZON", sent.length);
    equal("TRIM_HORIZON reads everything", records.map((r) => [r.PartitionKey, Buffer.from(r.Data).toString("latin1")]), sent);
    equal("with the numbers acknowledged", ids(records), numbers);
    check("the aggregated record is unchanged", AGGREGATED.equals(Buffer.from(records[4].Data)), records[4].Data);
    equal("AT_SEQUENCE_NUMBER begins there",
        ids(await read("AT_SEQUENCE_NUMBER", sent.length - 2, { StartingSequenceNumber: numbers[2] })), numbers.slice(2));
    equal("AFTER_SEQUENCE_NUMBER begins behind",
        ids(await read("AFTER_SEQUENCE_NUMBER", sent.length - 3, { StartingSequenceNumber: numbers[2] })), numbers.slice(3));
    const moment = records[3].ApproximateArrivalTimestamp;
    const wanted = ids(records.filter((r) => r.ApproximateArrivalTimestamp >= moment));
    equal("AT_TIMESTAMP begins at that time", ids(await read("AT_TIMESTAMP", wanted.length, { Timestamp: moment })), wanted);
    const latest = await iterator(k, S, ZERO, "LATEST");
    const late = await call("PutRecord", { StreamName: S, PartitionKey: "late", Data: Buffer.from("late"), ExplicitHashKey: "7" });
    equal("LATEST begins with the next record", ids(await drain(k, latest, 1)), [late.SequenceNumber]);
    numbers.push(late.SequenceNumber);
    const [whole] = await drain(k, await iterator(k, S, "shardId-000000000001", "TRIM_HORIZON"), 1);
    check("1 MiB comes back unchanged", whole && big.equals(Buffer.from(whole.Data)), whole?.Data.length);
}

// Reads one subscription to its end, in the background.
class Subscription {
    constructor(stream) {
        Object.assign(this, { records: [], events: [], failure: null });
        this.end = this.run(stream).catch((why) => { this.failure = why; });
    }

    async run(stream) {
        for await (const { SubscribeToShardEvent: event } of stream) {
            this.events.push(event);
            this.records.push(...event.Records);
        }
    }

    async numbers(n) {
        for (let i = 0; i < 300 && this.records.length < n && !this.failure; i++) await sleep(50);
        return this.records.map((r) => r.SequenceNumber);
    }
}

async function consumer(StreamARN, ConsumerName) {
    const made = (await call("RegisterStreamConsumer", { StreamARN, ConsumerName })).Consumer;
    for (let i = 0; i < 100; i++, await sleep(100)) {
        const told = (await call("DescribeStreamConsumer", { ConsumerARN: made.ConsumerARN })).ConsumerDescription;
        if (told.ConsumerStatus === "ACTIVE") return made.ConsumerARN;
    }
    throw new Error("the consumer never became ACTIVE");
}

async function subscribe({ numbers }, arn, over, name) {
    const ConsumerARN = await consumer(arn, name);
    const input = { ConsumerARN, ShardId: ZERO, StartingPosition: { Type: "TRIM_HORIZON" } };
    const reader = new Subscription((await over.send(new aws.SubscribeToShardCommand(input))).EventStream);
    equal(`${name}: a subscription reads from TRIM_HORIZON`, await reader.numbers(numbers.length), numbers);
    for (let i = 0; i < 5; i++) {
        const put = await call("PutRecord", { StreamName: S, PartitionKey: "live", Data: Buffer.from(`live ${i}`),
            ExplicitHashKey: "9" });
        numbers.push(put.SequenceNumber);
    }
    equal(`${name}: and records put while it runs`, await reader.numbers(numbers.length), numbers);
    check(`${name}: every event says where to go on`, reader.events.every((e) => e.ContinuationSequenceNumber),
        JSON.stringify(reader.events.at(-1)));
    return reader;
}

async function subscriptionEnd(readers) {
    await call("SplitShard", { StreamName: S, ShardToSplit: ZERO, NewStartingHashKey: String(HALF / 2n) });
    await active(S);
    for (const reader of readers) {
        await Promise.race([reader.end, sleep(20000)]);
        const last = reader.events.at(-1), children = (last.ChildShards ?? []).map((c) => c.ShardId).sort();
        equal("a subscription ends with the children of its shard", [children, last.ContinuationSequenceNumber ?? null],
            [["shardId-000000000002", "shardId-000000000003"], null]);
        check("and without an error", !reader.failure, reader.failure);
    }
}

async function reshard() {
    const writer = new Writer(k, R), reader = new Lineage(k, R);
    const writing = writer.run(), following = reader.run();
    following.catch(() => {});
    writing.catch(() => {});
    await sleep(500);
    await call("SplitShard", { StreamName: R, ShardToSplit: ZERO, NewStartingHashKey: String(HALF / 2n) });
    await active(R);
    await sleep(500);
    await call("MergeShards", { StreamName: R, ShardToMerge: "shardId-000000000003",
        AdjacentShardToMerge: "shardId-000000000001" });
    await active(R);
    await sleep(500);
    const counts = await call("UpdateShardCount", { StreamName: R, TargetShardCount: 4, ScalingType: "UNIFORM_SCALING" });
    equal("update-shard-count tells both counts", [counts.CurrentShardCount, counts.TargetShardCount], [2, 4]);
    equal("update-shard-count opens four shards", (await active(R)).OpenShardCount, 4);
    await sleep(500);
    writer.stopped = true;
    await writing;
    reader.wanted = writer.count;
    await following;
    const told = judge(writer, reader);
    check("nothing lost, doubled or out of order over split, merge and scaling", !told.length, told.slice(0, 5).join("; "));
}

async function errors(arn) {
    const account = arn.split(":")[4], token = "AAAAAAAAAAE" + "x7Qk".repeat(53) + "=";
    await refused("an unknown stream is told", "ResourceNotFoundException", `Stream ${NONE} under account ${account} not found.`,
        new aws.DescribeStreamSummaryCommand({ StreamName: NONE }));
    await refused("a bad iterator is told", "InvalidArgumentException", "Invalid ShardIterator.",
        new aws.GetRecordsCommand({ ShardIterator: "AAAA" }));
    await refused("an iterator of nobody's is told", "InvalidArgumentException", "Invalid ShardIterator.",
        new aws.GetRecordsCommand({ ShardIterator: token }));
    await refused("a token with a stream name is told", "InvalidArgumentException",
        "NextToken and StreamName cannot be provided together.", new aws.ListShardsCommand({ StreamName: S, NextToken: token }));
    await refused("a name that is taken is told", "ResourceInUseException", `Stream ${S} under account ${account} already exists.`,
        new aws.CreateStreamCommand({ StreamName: S, ShardCount: 1 }));
}

async function settings() {
    const StreamName = S;
    await call("AddTagsToStream", { StreamName, Tags: { a: "1", b: "zwei", c: "" } });
    const page = await call("ListTagsForStream", { StreamName, Limit: 2 });
    equal("a page of tags", [page.Tags.map((t) => t.Key), page.HasMoreTags], [["a", "b"], true]);
    await call("RemoveTagsFromStream", { StreamName, TagKeys: ["a", "c"] });
    equal("tags are removed", (await call("ListTagsForStream", { StreamName })).Tags, [{ Key: "b", Value: "zwei" }]);
    await call("IncreaseStreamRetentionPeriod", { StreamName, RetentionPeriodHours: 48 });
    equal("retention is raised", (await active(S)).RetentionPeriodHours, 48);
    await call("DecreaseStreamRetentionPeriod", { StreamName, RetentionPeriodHours: 24 });
    equal("retention is lowered", (await active(S)).RetentionPeriodHours, 24);
    const key = { StreamName, EncryptionType: "KMS", KeyId: "alias/aws/kinesis" };
    await call("StartStreamEncryption", key);
    equal("encryption is on", (await active(S)).EncryptionType, "KMS");
    equal("a put says so", (await call("PutRecord", { StreamName, PartitionKey: "s", Data: Buffer.from("s") })).EncryptionType,
        "KMS");
    await call("StopStreamEncryption", key);
    equal("encryption is off", (await active(S)).EncryptionType, "NONE");
}

async function paging() {
    const page = (await call("DescribeStream", { StreamName: S, Limit: 1 })).StreamDescription;
    equal("a page of DescribeStream", [page.Shards.length, page.HasMoreShards], [1, true]);
    const first = await call("ListShards", { StreamName: S, MaxResults: 1 });
    const rest = await call("ListShards", { NextToken: first.NextToken });
    const ids = [...first.Shards, ...rest.Shards].map((s) => s.ShardId);
    equal("ListShards by token", ids, ids.map((_, i) => `shardId-${String(i).padStart(12, "0")}`));
    const names = [];
    for await (const p of aws.paginateListStreams({ client: k, pageSize: 1 }, {}))
        if (names.push(...p.StreamNames) > 1000) break;
    equal("ListStreams by pages of one, in order", names.filter((n) => n.endsWith(TAG)), [S, R].sort());
}

async function remove() {
    for (const StreamName of [S, R]) {
        await call("DeleteStream", { StreamName, EnforceConsumerDeletion: true });
        let gone = false;
        for (let i = 0; i < 100 && !gone; i++, await sleep(100))
            gone = await call("DescribeStreamSummary", { StreamName }).then(() => false,
                (why) => why.name === "ResourceNotFoundException");
        check(`${StreamName.split("-")[2]} stream is gone`, gone, "it is still there");
    }
}

const arn = await part("create", create);
if (arn) {
    const state = await part("put", put);
    await part("poll", () => poll(state));
    const readers = [await part("subscribe over h2c", () => subscribe(state, arn, k, "h2c"))];
    if (process.env.LEAT_HTTPS) {
        const secure = client(process.env.LEAT_HTTPS);
        readers.push(await part("subscribe over TLS", () => subscribe(state, arn, secure, "tls")));
    }
    await part("end of a subscription", () => subscriptionEnd(readers));
    await part("reshard", reshard);
    await part("errors", () => errors(arn));
    await part("settings", settings);
    await part("paging", paging);
    await part("delete", remove);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
