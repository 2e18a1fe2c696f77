// Readers and the writer: a shard by polling, and a whole stream along its lineage by the rules that KCL insists on.
import { GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand, PutRecordCommand } from "@aws-sdk/client-kinesis";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const text = (data) => Buffer.from(data).toString();

export async function iterator(k, StreamName, ShardId, ShardIteratorType, more = {}) {
    return (await k.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType, ...more }))).ShardIterator;
}

export async function drain(k, ShardIterator, wanted, seconds = 20) {
    const out = [];
    for (const end = Date.now() + seconds * 1000; ShardIterator && out.length < wanted && Date.now() < end; await sleep(220)) {
        const answer = await k.send(new GetRecordsCommand({ ShardIterator }));
        out.push(...answer.Records);
        ShardIterator = answer.NextShardIterator;
    }
    return out;
}

export class Writer {
    constructor(k, stream) {
        Object.assign(this, { k, stream, count: 0, stopped: false, places: new Map() });
    }

    async run() {
        while (!this.stopped) {
            const key = `key-${this.count % 6}`, name = `${key}:${Math.floor(this.count / 6)}`;
            const answer = await this.k.send(new PutRecordCommand({
                StreamName: this.stream, PartitionKey: key, Data: Buffer.from(name) }));
            this.places.set(name, `${answer.ShardId} ${answer.SequenceNumber}`);
            this.count++;
            await sleep(10);
        }
    }
}

export class Lineage {
    constructor(k, stream) {
        Object.assign(this, { k, stream, records: [], complaints: [], done: new Set(), opened: new Set(), wanted: Infinity });
    }

    async run() {
        const listed = await this.k.send(new ListShardsCommand({
            StreamName: this.stream, ShardFilter: { Type: "AT_TRIM_HORIZON" } }));
        const active = new Map(), waiting = new Map();
        for (const shard of listed.Shards) await this.open(shard.ShardId, active);
        for (const end = Date.now() + 45000; active.size && this.records.length < this.wanted && Date.now() < end;
            await sleep(220)) {
            for (const [shard, ShardIterator] of [...active]) {
                const answer = await this.k.send(new GetRecordsCommand({ ShardIterator }));
                for (const record of answer.Records) this.records.push({ shard, record });
                if (answer.NextShardIterator) {
                    active.set(shard, answer.NextShardIterator);
                    if (answer.ChildShards?.length) this.complaints.push("ChildShards beside NextShardIterator");
                } else {
                    active.delete(shard);
                    await this.ended(shard, answer.ChildShards ?? [], waiting, active);
                }
            }
        }
    }

    async open(shard, active) {
        this.opened.add(shard);
        active.set(shard, await iterator(this.k, this.stream, shard, "TRIM_HORIZON"));
    }

    async ended(shard, children, waiting, active) {
        this.done.add(shard);
        if (!children.length) this.complaints.push(`no ChildShards at the end of ${shard}`);
        for (const child of children) {
            if (!child.ParentShards?.includes(shard)) this.complaints.push(`${shard} is no parent of ${child.ShardId}`);
            waiting.set(child.ShardId, child.ParentShards ?? []);
        }
        for (const [child, parents] of waiting)
            if (parents.every((parent) => this.done.has(parent)) && !this.opened.has(child)) await this.open(child, active);
    }
}

// What is wrong with what was read: lost, doubled, out of order for its key, or elsewhere than acknowledged.
export function judge(writer, reader) {
    const told = [...reader.complaints], last = new Map();
    for (const { shard, record } of reader.records) {
        const name = text(record.Data), [key, number] = name.split(":");
        if (Number(number) !== (last.get(key) ?? -1) + 1) told.push(`after ${key}:${last.get(key)} came ${number}`);
        last.set(key, Number(number));
        if (writer.places.get(name) !== `${shard} ${record.SequenceNumber}`) told.push(`${name} was acknowledged elsewhere`);
    }
    if (reader.records.length !== writer.count) told.push(`${writer.count} records written, ${reader.records.length} read`);
    return told;
}
