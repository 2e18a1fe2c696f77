package main

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const pause = 220 * time.Millisecond

// must is for the inside of a part, which takes a panic as its failure.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func iterator(stream, shard string, kind types.ShardIteratorType, number *string, at *time.Time) (*string, error) {
	answer, err := k.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: &shard,
		ShardIteratorType: kind, StartingSequenceNumber: number, Timestamp: at})
	if err != nil {
		return nil, err
	}
	return answer.ShardIterator, nil
}

func drain(from *string, wanted int) ([]types.Record, error) {
	out := []types.Record{}
	for end := time.Now().Add(20 * time.Second); from != nil && len(out) < wanted && time.Now().Before(end); time.Sleep(pause) {
		answer, err := k.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: from})
		if err != nil {
			return out, err
		}
		out, from = append(out, answer.Records...), answer.NextShardIterator
	}
	return out, nil
}

// subscription reads one subscription to its end, in the background.
type subscription struct {
	sync.Mutex
	records []types.Record
	events  []types.SubscribeToShardEvent
	err     error
	end     chan struct{}
}

func (r *subscription) run(stream *kinesis.SubscribeToShardEventStream) {
	for item := range stream.Events() {
		if event, ok := item.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent); ok {
			r.Lock()
			r.events, r.records = append(r.events, event.Value), append(r.records, event.Value.Records...)
			r.Unlock()
		}
	}
	r.err = stream.Err()
	close(r.end)
}

func (r *subscription) numbers(wanted int) []string {
	for i := 0; i < 300; i++ {
		r.Lock()
		got := ids(r.records)
		r.Unlock()
		if len(got) >= wanted {
			return got
		}
		time.Sleep(50 * time.Millisecond)
	}
	return ids(r.records)
}

func (s *state) subscribe() error {
	name := "wire"
	made := must(k.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: &s.arn, ConsumerName: &name})).Consumer
	for i := 0; i < 100; i++ {
		told := must(k.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: made.ConsumerARN}))
		if told.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	opened := must(k.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{ConsumerARN: made.ConsumerARN, ShardId: aws.String(zero),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}}))
	reader := &subscription{end: make(chan struct{})}
	go reader.run(opened.GetStream())
	equal("a subscription reads from TRIM_HORIZON", reader.numbers(len(s.numbers)), s.numbers)
	for i := 0; i < 5; i++ {
		must(s.one("live", fmt.Sprint("live ", i), "9"))
	}
	equal("and records put while it runs", reader.numbers(len(s.numbers)), s.numbers)
	must(k.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: &mainName, ShardToSplit: aws.String(zero),
		NewStartingHashKey: aws.String(quarter.String())}))
	must(active(mainName))
	select {
	case <-reader.end:
		check("a subscription ends without an error", reader.err == nil, reader.err)
	case <-time.After(20 * time.Second):
		check("a subscription ends without an error", false, "it did not end")
	}
	reader.Lock()
	defer reader.Unlock()
	last, children := reader.events[len(reader.events)-1], []string{}
	for _, child := range last.ChildShards {
		children = append(children, *child.ShardId)
	}
	sort.Strings(children)
	equal("and with the children of its shard", fmt.Sprint(children, last.ContinuationSequenceNumber == nil),
		"[shardId-000000000002 shardId-000000000003] true")
	return nil
}

type writer struct {
	stop   chan struct{}
	done   chan struct{}
	places map[string]string
	count  int
	err    error
}

// run puts numbered records, one call after the other, a few keys in turn, until it is stopped.
func (w *writer) run() {
	defer close(w.done)
	for ; ; w.count++ {
		select {
		case <-w.stop:
			return
		case <-time.After(10 * time.Millisecond):
		}
		key := fmt.Sprint("key-", w.count%6)
		name := fmt.Sprint(key, ":", w.count/6)
		put, err := k.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: &reshardName, PartitionKey: &key, Data: []byte(name)})
		if err != nil {
			w.err = err
			return
		}
		w.places[name] = *put.ShardId + " " + *put.SequenceNumber
	}
}

// lineage follows a stream from TRIM_HORIZON: a child is read only after all its parents have been read to their ends.
type lineage struct {
	active         map[string]*string
	waiting        map[string][]string
	done, opened   map[string]bool
	names, places  []string
	complaints     []string
	finished, stop chan struct{}
	wanted         int
}

func (l *lineage) run() {
	defer close(l.finished)
	defer func() {
		if p := recover(); p != nil {
			l.complaints = append(l.complaints, fmt.Sprint(p))
		}
	}()
	filter := &types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}
	for _, shard := range must(k.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &reshardName, ShardFilter: filter})).Shards {
		l.open(*shard.ShardId)
	}
	for end := time.Now().Add(45 * time.Second); len(l.active) > 0 && time.Now().Before(end) && !l.enough(); time.Sleep(pause) {
		shards := []string{}
		for shard := range l.active {
			shards = append(shards, shard)
		}
		for _, shard := range shards {
			l.step(shard)
		}
	}
}

// enough is asked after the writer has closed stop, and set wanted before.
func (l *lineage) enough() bool {
	select {
	case <-l.stop:
		return len(l.names) >= l.wanted
	default:
		return false
	}
}

func (l *lineage) open(shard string) {
	l.opened[shard] = true
	l.active[shard] = must(iterator(reshardName, shard, types.ShardIteratorTypeTrimHorizon, nil, nil))
}

func (l *lineage) step(shard string) {
	answer := must(k.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: l.active[shard]}))
	for _, record := range answer.Records {
		l.names, l.places = append(l.names, string(record.Data)), append(l.places, shard+" "+*record.SequenceNumber)
	}
	if answer.NextShardIterator != nil {
		l.active[shard] = answer.NextShardIterator
		if len(answer.ChildShards) > 0 {
			l.complaints = append(l.complaints, "ChildShards beside NextShardIterator")
		}
		return
	}
	delete(l.active, shard)
	l.done[shard] = true
	if len(answer.ChildShards) == 0 {
		l.complaints = append(l.complaints, "no ChildShards at the end of "+shard)
	}
	for _, child := range answer.ChildShards {
		l.waiting[*child.ShardId] = child.ParentShards
		if len(child.ParentShards) == 0 {
			l.complaints = append(l.complaints, *child.ShardId+" has no parents")
		}
	}
	for child, parents := range l.waiting {
		ready := !l.opened[child]
		for _, parent := range parents {
			ready = ready && l.done[parent]
		}
		if ready {
			l.open(child)
		}
	}
}

// judge tells what is wrong with what was read: lost, doubled, out of order for its key, or elsewhere than acknowledged.
func judge(w *writer, l *lineage) []string {
	told, last := l.complaints, map[string]int{}
	for i, name := range l.names {
		key, digits, _ := strings.Cut(name, ":")
		number, _ := strconv.Atoi(digits)
		if number != last[key] {
			told = append(told, fmt.Sprintf("%s came where %d was next", name, last[key]))
		}
		last[key] = number + 1
		if w.places[name] != l.places[i] {
			told = append(told, name+" was acknowledged elsewhere")
		}
	}
	if len(l.names) != w.count {
		told = append(told, fmt.Sprintf("%d records written, %d read", w.count, len(l.names)))
	}
	return told
}

func reshard() error {
	w := &writer{stop: make(chan struct{}), done: make(chan struct{}), places: map[string]string{}}
	l := &lineage{active: map[string]*string{}, waiting: map[string][]string{}, done: map[string]bool{},
		opened: map[string]bool{}, finished: make(chan struct{}), stop: make(chan struct{})}
	go w.run()
	go l.run()
	time.Sleep(500 * time.Millisecond)
	must(k.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: &reshardName, ShardToSplit: aws.String(zero),
		NewStartingHashKey: aws.String(quarter.String())}))
	must(active(reshardName))
	time.Sleep(500 * time.Millisecond)
	must(k.MergeShards(ctx, &kinesis.MergeShardsInput{StreamName: &reshardName, ShardToMerge: aws.String("shardId-000000000003"),
		AdjacentShardToMerge: aws.String("shardId-000000000001")}))
	must(active(reshardName))
	time.Sleep(500 * time.Millisecond)
	counts := must(k.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: &reshardName, TargetShardCount: aws.Int32(4),
		ScalingType: types.ScalingTypeUniformScaling}))
	equal("update-shard-count tells both counts", fmt.Sprint(*counts.CurrentShardCount, *counts.TargetShardCount), "2 4")
	equal("update-shard-count opens four shards", *must(active(reshardName)).OpenShardCount, int32(4))
	time.Sleep(500 * time.Millisecond)
	close(w.stop)
	<-w.done
	l.wanted = w.count
	close(l.stop)
	<-l.finished
	check("the writer was never refused", w.err == nil, w.err)
	told := judge(w, l)
	check("nothing lost, doubled or out of order over split, merge and scaling", len(told) == 0,
		strings.Join(told[:min(5, len(told))], "; "))
	return nil
}
