package leat.wire;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** Readers and the writer: a shard by polling, and a whole stream along its lineage by the rules that KCL insists on. */
final class Reading {
    private Reading() {
    }

    static String iterator(KinesisAsyncClient k, String stream, String shard, ShardIteratorType type,
            java.util.function.Consumer<GetShardIteratorRequest.Builder> more) {
        return k.getShardIterator(b -> {
            b.streamName(stream).shardId(shard).shardIteratorType(type);
            more.accept(b);
        }).join().shardIterator();
    }

    static List<Record> drain(KinesisAsyncClient k, String from, int wanted) throws InterruptedException {
        List<Record> out = new ArrayList<>();
        String iterator = from;
        for (long end = System.currentTimeMillis() + 20000; iterator != null && out.size() < wanted
                && System.currentTimeMillis() < end; Thread.sleep(220)) {
            String now = iterator;
            GetRecordsResponse answer = k.getRecords(b -> b.shardIterator(now)).join();
            out.addAll(answer.records());
            iterator = answer.nextShardIterator();
        }
        return out;
    }

    static final class Writer extends Thread {
        private final KinesisAsyncClient k;
        private final String stream;
        final Map<String, String> places = new ConcurrentHashMap<>();
        volatile boolean stopped;
        volatile int count;
        volatile Exception failure;

        Writer(KinesisAsyncClient k, String stream) {
            this.k = k;
            this.stream = stream;
        }

        @Override
        public void run() {
            try {
                for (; !stopped; Thread.sleep(10)) {
                    String key = "key-" + count % 6;
                    String name = key + ":" + count / 6;
                    var answer = k.putRecord(b -> b.streamName(stream).partitionKey(key).data(SdkBytes.fromUtf8String(name)))
                        .join();
                    places.put(name, answer.shardId() + " " + answer.sequenceNumber());
                    count++;
                }
            } catch (Exception why) {
                failure = why;
            }
        }
    }

    static final class Lineage extends Thread {
        private final KinesisAsyncClient k;
        private final String stream;
        private final Map<String, String> active = new LinkedHashMap<>();
        private final Map<String, List<String>> waiting = new HashMap<>();
        private final Set<String> done = new HashSet<>();
        private final Set<String> opened = new HashSet<>();
        final List<String[]> records = new ArrayList<>();
        final List<String> complaints = new ArrayList<>();
        volatile int wanted = Integer.MAX_VALUE;

        Lineage(KinesisAsyncClient k, String stream) {
            this.k = k;
            this.stream = stream;
        }

        @Override
        public void run() {
            try {
                for (Shard shard : k.listShards(b -> b.streamName(stream)
                        .shardFilter(f -> f.type(ShardFilterType.AT_TRIM_HORIZON))).join().shards()) {
                    open(shard.shardId());
                }
                for (long end = System.currentTimeMillis() + 45000; !active.isEmpty() && records.size() < wanted
                        && System.currentTimeMillis() < end; Thread.sleep(220)) {
                    for (String shard : List.copyOf(active.keySet())) {
                        step(shard);
                    }
                }
            } catch (Exception why) {
                complaints.add(String.valueOf(why));
            }
        }

        private void step(String shard) {
            GetRecordsResponse answer = k.getRecords(b -> b.shardIterator(active.get(shard))).join();
            for (Record record : answer.records()) {
                records.add(new String[] {record.data().asUtf8String(), shard + " " + record.sequenceNumber()});
            }
            if (answer.nextShardIterator() == null) {
                active.remove(shard);
                ended(shard, answer.childShards());
            } else {
                active.put(shard, answer.nextShardIterator());
                if (!answer.childShards().isEmpty()) {
                    complaints.add("ChildShards beside NextShardIterator");
                }
            }
        }

        private void open(String shard) {
            opened.add(shard);
            active.put(shard, iterator(k, stream, shard, ShardIteratorType.TRIM_HORIZON, b -> { }));
        }

        private void ended(String shard, List<ChildShard> children) {
            done.add(shard);
            if (children.isEmpty()) {
                complaints.add("no ChildShards at the end of " + shard);
            }
            for (ChildShard child : children) {
                if (!child.parentShards().contains(shard)) {
                    complaints.add(shard + " is no parent of " + child.shardId());
                }
                waiting.put(child.shardId(), child.parentShards());
            }
            waiting.forEach((child, parents) -> {
                if (done.containsAll(parents) && !opened.contains(child)) {
                    open(child);
                }
            });
        }
    }

    /** What is wrong with what was read: lost, doubled, out of order for its key, or elsewhere than acknowledged. */
    static List<String> judge(Writer writer, Lineage reader) {
        List<String> told = new ArrayList<>(reader.complaints);
        Map<String, Integer> last = new HashMap<>();
        for (String[] record : reader.records) {
            String[] parts = record[0].split(":");
            int number = Integer.parseInt(parts[1]);
            if (number != last.getOrDefault(parts[0], -1) + 1) {
                told.add("after " + parts[0] + ":" + last.get(parts[0]) + " came " + number);
            }
            last.put(parts[0], number);
            if (!record[1].equals(writer.places.get(record[0]))) {
                told.add(record[0] + " was acknowledged elsewhere");
            }
        }
        if (reader.records.size() != writer.count) {
            told.add(writer.count + " records written, " + reader.records.size() + " read");
        }
        return told;
    }
}
