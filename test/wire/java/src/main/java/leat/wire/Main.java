package leat.wire;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ChildShard;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.EncryptionType;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ScalingType;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.Tag;

/**
 * The AWS SDK for Java v2, unmodified. The asynchronous client speaks CBOR over HTTP/2 for everything; in turn it is asked to
 * speak JSON, and the synchronous client HTTP/1.1. Prints one line per check, then the sum.
 */
public final class Main {
    private static final BigInteger HALF = BigInteger.ONE.shiftLeft(127);
    private static final String ZERO = "shardId-000000000000";
    private static final String TAG = Integer.toHexString(new Random().nextInt() | 0x10000000);
    private static final String S = "wire-java-main-" + TAG;
    private static final String R = "wire-java-reshard-" + TAG;
    private static final byte[] AGGREGATED = Base64.getDecoder().decode(
        "84mawgoBYQoBYhoHCAAaA29uZRoHCAEaA3R3bxoGCAAaAsOkI8xOs0pCbsmO2MTkhsTSxQ==");
    private static final Count COUNT = new Count();

    private final String plain = System.getenv("LEAT_HTTP");
    private final String secure = System.getenv("LEAT_HTTPS");
    private final KinesisAsyncClient k = Clients.async(plain, 10);
    private final KinesisAsyncClient once = Clients.async(plain, 1);
    private final List<String[]> sent = new ArrayList<>();
    private final List<String> numbers = new ArrayList<>();
    private final byte[] big = new byte[(1 << 20) - 3];
    private final List<Subscription> subscriptions = new ArrayList<>();
    private String arn;

    private Main() throws Exception {
    }

    public static void main(String[] args) throws Exception {
        Main main = new Main();
        if (COUNT.part("create", main::create) != null) {
            COUNT.part("put", main::put);
            COUNT.part("poll", main::poll);
            main.subscriptions();
            COUNT.part("end of a subscription", main::subscriptionEnd);
            COUNT.part("reshard", main::reshard);
            COUNT.part("errors", main::errors);
            COUNT.part("settings", main::settings);
            COUNT.part("paging", main::paging);
            COUNT.part("synchronous client", () -> main.synchronous(main.plain, "HTTP/1.1"));
            if (main.secure != null) {
                COUNT.part("synchronous client over TLS", () -> main.synchronous(main.secure, "HTTP/1.1 over TLS"));
            }
            COUNT.part("delete", main::delete);
        }
        System.exit(COUNT.sum());
    }

    private StreamDescriptionSummary active(String stream) throws Exception {
        for (int i = 0; i < 200; i++) {
            StreamDescriptionSummary summary = k.describeStreamSummary(b -> b.streamName(stream)).join().streamDescriptionSummary();
            if (summary.streamStatus() == StreamStatus.ACTIVE) {
                return summary;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException(stream + " never became ACTIVE");
    }

    private String create() throws Exception {
        for (String stream : List.of(S, R)) {
            k.createStream(b -> b.streamName(stream).shardCount(2)).join();
        }
        active(R);
        StreamDescriptionSummary summary = active(S);
        COUNT.equal("a new stream has two open shards", summary.openShardCount(), 2);
        long age = Math.abs(System.currentTimeMillis() - summary.streamCreationTimestamp().toEpochMilli());
        COUNT.check("its creation time is of now", age < 60000, summary.streamCreationTimestamp());
        arn = summary.streamARN();
        return arn;
    }

    private static PutRecordsRequestEntry entry(String key, byte[] data, String hash) {
        return PutRecordsRequestEntry.builder().partitionKey(key).data(SdkBytes.fromByteArray(data)).explicitHashKey(hash).build();
    }

    private boolean put() {
        new Random(7).nextBytes(big);
        List<PutRecordsRequestEntry> entries = List.of(entry("x", "hash key".getBytes(), "0"), entry("empty", new byte[0], "1"),
            entry("clé-ключ-鍵-\uD83D\uDD11", new byte[] {(byte) 0xc3, (byte) 0xa4, 0}, "2"), entry("a", AGGREGATED, "3"),
            entry("big", big, HALF.toString()));
        var first = k.putRecord(b -> b.streamName(S).partitionKey("first").data(SdkBytes.fromUtf8String("single"))
            .explicitHashKey("0")).join();
        COUNT.equal("a single record lands in the shard of its hash key", first.shardId(), ZERO);
        var answer = k.putRecords(b -> b.streamName(S).records(entries)).join();
        COUNT.equal("a batch is taken", answer.failedRecordCount(), 0);
        StringBuilder shards = new StringBuilder();
        answer.records().forEach(r -> shards.append(r.shardId().charAt(19)));
        COUNT.equal("a batch is answered in order", shards.toString(), "00001");
        remember("first", "single".getBytes(), first.sequenceNumber());
        for (int i = 0; i < 4; i++) {
            remember(entries.get(i).partitionKey(), entries.get(i).data().asByteArray(), answer.records().get(i).sequenceNumber());
        }
        boolean growing = true;
        for (int i = 1; i < numbers.size(); i++) {
            growing &= new BigInteger(numbers.get(i)).compareTo(new BigInteger(numbers.get(i - 1))) > 0;
        }
        COUNT.check("sequence numbers of a shard grow", growing, numbers);
        return true;
    }

    private void remember(String key, byte[] data, String number) {
        sent.add(new String[] {key, Base64.getEncoder().encodeToString(data)});
        numbers.add(number);
    }

    private static List<String> ids(List<Record> records) {
        return records.stream().map(Record::sequenceNumber).toList();
    }

    private List<Record> read(ShardIteratorType type, int wanted, String number) throws Exception {
        return Reading.drain(k, Reading.iterator(k, S, ZERO, type, b -> b.startingSequenceNumber(number)), wanted);
    }

    private boolean poll() throws Exception {
        int n = numbers.size();
        List<Record> records = read(ShardIteratorType.TRIM_HORIZON, n, null);
        COUNT.equal("TRIM_HORIZON reads everything", records.stream().map(r -> List.of(r.partitionKey(),
            Base64.getEncoder().encodeToString(r.data().asByteArray()))).toList(), sent.stream().map(List::of).toList());
        COUNT.equal("with the numbers acknowledged", ids(records), numbers);
        COUNT.equal("AT_SEQUENCE_NUMBER begins there", ids(read(ShardIteratorType.AT_SEQUENCE_NUMBER, n - 2, numbers.get(2))),
            numbers.subList(2, n));
        COUNT.equal("AFTER_SEQUENCE_NUMBER begins behind",
            ids(read(ShardIteratorType.AFTER_SEQUENCE_NUMBER, n - 3, numbers.get(2))), numbers.subList(3, n));
        var moment = records.get(3).approximateArrivalTimestamp();
        List<String> wanted = ids(records.stream().filter(r -> !r.approximateArrivalTimestamp().isBefore(moment)).toList());
        COUNT.equal("AT_TIMESTAMP begins at that time", ids(Reading.drain(k, Reading.iterator(k, S, ZERO,
            ShardIteratorType.AT_TIMESTAMP, b -> b.timestamp(moment)), wanted.size())), wanted);
        String latest = Reading.iterator(k, S, ZERO, ShardIteratorType.LATEST, b -> { });
        live("late");
        COUNT.equal("LATEST begins with the next record", ids(Reading.drain(k, latest, 1)),
            numbers.subList(n, numbers.size()));
        List<Record> whole = Reading.drain(k, Reading.iterator(k, S, "shardId-000000000001", ShardIteratorType.TRIM_HORIZON,
            b -> { }), 1);
        COUNT.check("1 MiB comes back unchanged", whole.size() == 1
            && java.util.Arrays.equals(whole.get(0).data().asByteArray(), big), whole.size() + " records");
        return true;
    }

    private void live(String text) {
        var put = k.putRecord(b -> b.streamName(S).partitionKey("live").data(SdkBytes.fromUtf8String(text)).explicitHashKey("9"))
            .join();
        remember("live", text.getBytes(), put.sequenceNumber());
    }

    /** CBOR over h2c, CBOR over TLS, JSON over h2c, JSON over TLS: the protocol is chosen when a client is made. */
    private void subscriptions() throws Exception {
        for (boolean cbor : new boolean[] {true, false}) {
            System.setProperty("aws.cborEnabled", String.valueOf(cbor));
            for (String endpoint : new String[] {plain, secure}) {
                if (endpoint == null) {
                    continue;
                }
                String name = (cbor ? "cbor" : "json") + (endpoint.equals(plain) ? "-h2c" : "-tls");
                COUNT.part("subscribe " + name, () -> subscribe(Clients.async(endpoint, 10), name));
            }
        }
        System.clearProperty("aws.cborEnabled");
    }

    private boolean subscribe(KinesisAsyncClient over, String name) throws Exception {
        var made = over.registerStreamConsumer(b -> b.streamARN(arn).consumerName(name)).join().consumer();
        for (int i = 0; i < 100 && over.describeStreamConsumer(b -> b.consumerARN(made.consumerARN())).join()
                .consumerDescription().consumerStatus() != ConsumerStatus.ACTIVE; i++) {
            Thread.sleep(100);
        }
        COUNT.equal(name + ": the protocol is the one meant", Clients.Spoken.last(),
            "application/x-amz-" + name.substring(0, 4) + "-1.1");
        Subscription reader = new Subscription(over, made.consumerARN(), ZERO);
        COUNT.equal(name + ": a subscription reads from TRIM_HORIZON", reader.numbers(numbers.size()), numbers);
        for (int i = 0; i < 5; i++) {
            live(name + i);
        }
        COUNT.equal(name + ": and records put while it runs", reader.numbers(numbers.size()), numbers);
        COUNT.check(name + ": every event says where to go on",
            reader.events.stream().allMatch(e -> e.continuationSequenceNumber() != null), reader.events.size());
        List<Record> polled = Reading.drain(over, Reading.iterator(over, S, ZERO, ShardIteratorType.TRIM_HORIZON, b -> { }), 5);
        long age = Math.abs(System.currentTimeMillis() - polled.get(0).approximateArrivalTimestamp().toEpochMilli());
        COUNT.check(name + ": polling reads alike", polled.get(4).data().equals(SdkBytes.fromByteArray(AGGREGATED))
            && age < 120000, polled);
        subscriptions.add(reader);
        return true;
    }

    private boolean subscriptionEnd() throws Exception {
        k.splitShard(b -> b.streamName(S).shardToSplit(ZERO).newStartingHashKey(HALF.shiftRight(1).toString())).join();
        active(S);
        for (Subscription reader : subscriptions) {
            try {
                reader.end.get(20, TimeUnit.SECONDS);
                COUNT.check("a subscription ends without an error", true, null);
            } catch (Exception why) {
                COUNT.check("a subscription ends without an error", false, why);
            }
            SubscribeToShardEvent last = reader.events.get(reader.events.size() - 1);
            COUNT.equal("and with the children of its shard", last.childShards().stream().map(ChildShard::shardId).sorted().toList()
                + " " + last.continuationSequenceNumber(), "[shardId-000000000002, shardId-000000000003] null");
        }
        return true;
    }

    private boolean reshard() throws Exception {
        Reading.Writer writer = new Reading.Writer(k, R);
        Reading.Lineage reader = new Reading.Lineage(k, R);
        writer.start();
        reader.start();
        Thread.sleep(500);
        k.splitShard(b -> b.streamName(R).shardToSplit(ZERO).newStartingHashKey(HALF.shiftRight(1).toString())).join();
        active(R);
        Thread.sleep(500);
        k.mergeShards(b -> b.streamName(R).shardToMerge("shardId-000000000003").adjacentShardToMerge("shardId-000000000001")).join();
        active(R);
        Thread.sleep(500);
        var counts = k.updateShardCount(b -> b.streamName(R).targetShardCount(4).scalingType(ScalingType.UNIFORM_SCALING)).join();
        COUNT.equal("update-shard-count tells both counts", counts.currentShardCount() + " " + counts.targetShardCount(), "2 4");
        COUNT.equal("update-shard-count opens four shards", active(R).openShardCount(), 4);
        Thread.sleep(500);
        writer.stopped = true;
        writer.join(20000);
        reader.wanted = writer.count;
        reader.join(45000);
        COUNT.check("the writer was never refused", writer.failure == null, writer.failure);
        List<String> told = Reading.judge(writer, reader);
        COUNT.check("nothing lost, doubled or out of order over split, merge and scaling", told.isEmpty(),
            told.subList(0, Math.min(5, told.size())));
        return true;
    }

    private boolean errors() {
        String account = arn.split(":")[4];
        String none = "wire-java-none-" + TAG;
        String token = "AAAAAAAAAAE" + "x7Qk".repeat(53) + "=";
        COUNT.refused("an unknown stream is told", "ResourceNotFoundException", "Stream " + none + " under account " + account
            + " not found.", () -> once.describeStreamSummary(b -> b.streamName(none)).join());
        COUNT.refused("a bad iterator is told", "InvalidArgumentException", "Invalid ShardIterator.",
            () -> once.getRecords(b -> b.shardIterator("AAAA")).join());
        COUNT.refused("an iterator of nobody's is told", "InvalidArgumentException", "Invalid ShardIterator.",
            () -> once.getRecords(b -> b.shardIterator(token)).join());
        COUNT.refused("a token with a stream name is told", "InvalidArgumentException",
            "NextToken and StreamName cannot be provided together.",
            () -> once.listShards(b -> b.streamName(S).nextToken(token)).join());
        COUNT.refused("a name that is taken is told", "ResourceInUseException", "Stream " + S + " under account " + account
            + " already exists.", () -> once.createStream(b -> b.streamName(S).shardCount(1)).join());
        COUNT.refused("a violation is told", "ValidationException", "1 validation error detected: Value 'a b' at 'streamName' "
            + "failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            () -> once.describeStreamSummary(b -> b.streamName("a b")).join());
        return true;
    }

    private boolean settings() throws Exception {
        k.addTagsToStream(b -> b.streamName(S).tags(Map.of("a", "1", "b", "zwei", "c", ""))).join();
        var page = k.listTagsForStream(b -> b.streamName(S).limit(2)).join();
        COUNT.equal("a page of tags", page.tags().stream().map(Tag::key).toList() + " " + page.hasMoreTags(), "[a, b] true");
        k.removeTagsFromStream(b -> b.streamName(S).tagKeys("a", "c")).join();
        COUNT.equal("tags are removed", k.listTagsForStream(b -> b.streamName(S)).join().tags().stream().map(Tag::value).toList(),
            List.of("zwei"));
        k.increaseStreamRetentionPeriod(b -> b.streamName(S).retentionPeriodHours(48)).join();
        COUNT.equal("retention is raised", active(S).retentionPeriodHours(), 48);
        k.decreaseStreamRetentionPeriod(b -> b.streamName(S).retentionPeriodHours(24)).join();
        COUNT.equal("retention is lowered", active(S).retentionPeriodHours(), 24);
        k.startStreamEncryption(b -> b.streamName(S).encryptionType(EncryptionType.KMS).keyId("alias/aws/kinesis")).join();
        COUNT.equal("encryption is on", active(S).encryptionType(), EncryptionType.KMS);
        var put = k.putRecord(b -> b.streamName(S).partitionKey("s").data(SdkBytes.fromUtf8String("s"))).join();
        COUNT.equal("a put says so", put.encryptionType(), EncryptionType.KMS);
        k.stopStreamEncryption(b -> b.streamName(S).encryptionType(EncryptionType.KMS).keyId("alias/aws/kinesis")).join();
        COUNT.equal("encryption is off", active(S).encryptionType(), EncryptionType.NONE);
        return true;
    }

    private boolean paging() {
        var page = k.describeStream(b -> b.streamName(S).limit(1)).join().streamDescription();
        COUNT.equal("a page of DescribeStream", page.shards().size() + " " + page.hasMoreShards(), "1 true");
        var first = k.listShards(b -> b.streamName(S).maxResults(1)).join();
        List<Shard> shards = new ArrayList<>(first.shards());
        shards.addAll(k.listShards(b -> b.nextToken(first.nextToken())).join().shards());
        COUNT.equal("ListShards by token", shards.stream().map(s -> s.shardId().substring(18)).toList(),
            List.of("00", "01", "02", "03"));
        List<String> names = new ArrayList<>();
        k.listStreamsPaginator(b -> b.limit(1)).streamNames().limit(1000).subscribe(names::add).join();
        COUNT.equal("ListStreams by pages of one, in order", names.stream().filter(n -> n.endsWith(TAG)).toList(), List.of(S, R));
        return true;
    }

    private boolean synchronous(String endpoint, String name) throws Exception {
        try (KinesisClient client = Clients.sync(endpoint)) {
            var put = client.putRecord(b -> b.streamName(S).partitionKey("sync").data(SdkBytes.fromUtf8String("sync"))
                .explicitHashKey(HALF.toString()));
            String iterator = client.getShardIterator(b -> b.streamName(S).shardId(put.shardId())
                .shardIteratorType(ShardIteratorType.AT_SEQUENCE_NUMBER).startingSequenceNumber(put.sequenceNumber()))
                .shardIterator();
            List<Record> records = client.getRecords(b -> b.shardIterator(iterator)).records();
            COUNT.equal(name + ": what was put is read", records.stream().map(r -> r.data().asUtf8String()).toList(),
                List.of("sync"));
            COUNT.equal(name + ": a stream is described", client.describeStream(b -> b.streamName(S)).streamDescription()
                .streamARN(), arn);
        }
        return true;
    }

    private boolean delete() throws Exception {
        for (String stream : List.of(S, R)) {
            k.deleteStream(b -> b.streamName(stream).enforceConsumerDeletion(true)).join();
            boolean gone = false;
            for (int i = 0; i < 100 && !gone; i++) {
                Thread.sleep(100);
                gone = k.describeStreamSummary(b -> b.streamName(stream)).handle(
                    (ok, why) -> why != null && why.getCause() instanceof ResourceNotFoundException).join();
            }
            COUNT.check(stream.split("-")[2] + " stream is gone", gone, "it is still there");
        }
        return true;
    }
}
