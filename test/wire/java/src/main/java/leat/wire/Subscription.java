package leat.wire;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** Reads one subscription to its end, in the background. */
final class Subscription {
    final List<SubscribeToShardEvent> events = new CopyOnWriteArrayList<>();
    final List<Record> records = new CopyOnWriteArrayList<>();
    final CompletableFuture<Void> end;

    Subscription(KinesisAsyncClient k, String consumer, String shard) {
        SubscribeToShardResponseHandler.Visitor visitor = SubscribeToShardResponseHandler.Visitor.builder()
            .onSubscribeToShardEvent(event -> {
                events.add(event);
                records.addAll(event.records());
            }).build();
        end = k.subscribeToShard(b -> b.consumerARN(consumer).shardId(shard)
            .startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)),
            SubscribeToShardResponseHandler.builder().subscriber(visitor).build());
    }

    List<String> numbers(int wanted) throws InterruptedException {
        for (int i = 0; i < 300 && records.size() < wanted && !end.isCompletedExceptionally(); i++) {
            Thread.sleep(50);
        }
        return records.stream().map(Record::sequenceNumber).toList();
    }
}
