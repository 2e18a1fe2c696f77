// What the catalog writes down: the durable form of streams, shards and consumers, encoded as CBOR.
//
// Every member is optional on reading, so that a later version may add some. A member is never renamed or given
// another meaning. Numbers that stand for states are those of src/catalog/state.h and are never renumbered.

$version: "2.0"

metadata prefix = "catalog_"

namespace leat.catalog

/// One stream, all but its shards and consumers.
structure StreamRecord {
    id: Long
    name: String
    account: String
    region: String
    createdAt: Timestamp
    status: Integer
    /// When the transition that `status` names is due.
    dueAt: Timestamp
    job: Job
    mode: Integer
    modeChanges: Times
    retentionHours: Integer
    /// Present while the stream is encrypted: the key's ARN, and its name as the caller gave it.
    keyArn: String
    keyName: String
    keyChanges: Times
    keyStops: Times
    /// A bit for each shard-level metric, in the order of the model.
    shardMetrics: Integer
    recordKib: Integer
    warmMibps: Integer
    distribution: Integer
    scalings: Times
    /// The index of the next shard to be made.
    nextShard: Integer
    tags: Tags
    policy: String
}

/// What an UPDATING stream is on the way to.
structure Job {
    kind: Integer
    shard: Integer
    adjacent: Integer
    /// Of a split: where the upper child starts, 16 bytes.
    at: Blob
    /// Of a creation or a uniform scaling: the number of shards wanted.
    target: Integer
    encrypt: Boolean
    keyArn: String
    keyName: String
}

structure ShardRecord {
    index: Integer
    /// The inclusive hash range, 16 bytes each, most significant first.
    start: Blob
    end: Blob
    createdSecond: Long
    parent: Integer
    adjacent: Integer
    closedAt: Timestamp
}

structure ConsumerRecord {
    name: String
    createdAt: Timestamp
    status: Integer
    dueAt: Timestamp
    tags: Tags
    policy: String
}

/// What is set for one account in one region.
structure AccountRecord {
    commitment: Integer
    startedAt: Timestamp
    endedAt: Timestamp
    earliestEndAt: Timestamp
}

structure CounterRecord {
    next: Long
}

list Times {
    member: Timestamp
}

map Tags {
    key: String
    value: String
}
