"""Which shards were open when, page by page, and the limits of scaling."""
import time

SPACE = 1 << 128


def generations(x):
    """0 is split into 3 and 4, then 4 and 1 are merged into 5."""
    name, _ = x.create("shards", ShardCount=3)
    before = time.time()
    time.sleep(0.2)
    x.k.split_shard(StreamName=name, ShardToSplit="shardId-0", NewStartingHashKey=str(SPACE // 6))
    x.active(name)
    between = time.time() + 0.05
    time.sleep(0.2)
    x.k.merge_shards(StreamName=name, ShardToMerge="shardId-000000000004", AdjacentShardToMerge="shardId-000000000001")
    x.active(name)

    def listed(kind, **more):
        shards = x.k.list_shards(StreamName=name, ShardFilter=dict(Type=kind, **more))["Shards"]
        return [int(shard["ShardId"][-3:]) for shard in shards]
    for kind, more, wanted in (("FROM_TRIM_HORIZON", {}, [0, 1, 2, 3, 4, 5]), ("AT_TRIM_HORIZON", {}, [0, 1, 2]),
                               ("AT_LATEST", {}, [2, 3, 5]),
                               ("AFTER_SHARD_ID", {"ShardId": "shardId-000000000002"}, [3, 4, 5])):
        x.equal("shards %s" % kind, listed(kind, **more), wanted)
    for when, moment, wanted in (("ever", 1, [0, 1, 2]), ("before", before, [0, 1, 2]), ("between", between, [1, 2, 3, 4]),
                                 ("now", time.time(), [2, 3, 5])):
        x.equal("shards AT_TIMESTAMP, " + when, listed("AT_TIMESTAMP", Timestamp=moment), wanted)
    x.equal("shards FROM_TIMESTAMP", listed("FROM_TIMESTAMP", Timestamp=between), [1, 2, 3, 4, 5])
    pages(x, name, between)


def pages(x, name, between):
    page = x.k.list_shards(StreamName=name, MaxResults=1, ShardFilter={"Type": "AT_TIMESTAMP", "Timestamp": between})
    ids = [shard["ShardId"][-1] for shard in page["Shards"]]
    while "NextToken" in page and len(ids) < 10:
        page = x.k.list_shards(NextToken=page["NextToken"], MaxResults=2)
        ids += [shard["ShardId"][-1] for shard in page["Shards"]]
    x.equal("a token carries the filter", ids, list("1234"))
    for extra in ({"ShardId": "shardId-1"}, {"Timestamp": 1}):
        x.refused("AT_LATEST with %s" % next(iter(extra)), "InvalidArgumentException", x.k.list_shards, StreamName=name,
                  ShardFilter=dict(Type="AT_LATEST", **extra))


def scaling(x):
    name = "wire-control-shards-" + x.tag
    update = x.k.update_shard_count

    def to(count):
        answer = update(StreamName=name, TargetShardCount=count, ScalingType="UNIFORM_SCALING")
        return answer["CurrentShardCount"], answer["TargetShardCount"]
    x.equal("scaling to the present count", to(3), (3, 3))
    x.equal("scaling to five", to(5), (3, 5))
    x.equal("five are open", x.active(name)["OpenShardCount"], 5)
    latest = x.k.list_shards(StreamName=name, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    starts = sorted(int(shard["HashKeyRange"]["StartingHashKey"]) for shard in latest)
    x.equal("of equal size", starts, [SPACE // 5 * i for i in range(5)])
    for i in range(9):
        to(4 + i % 2)
        x.active(name)
    x.refused("an eleventh scaling in a day", "LimitExceededException", to, count=5)


SCRIPTS = (generations, scaling)
