// The AWS SDK for Go v2, unmodified, over HTTP/1.1. Prints `ok  go: <what>` or `FAIL go: <what>: <why>` per check, then
// `N passed, N failed`.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

const zero = "shardId-000000000000"

var (
	ctx            = context.Background()
	half           = new(big.Int).Lsh(big.NewInt(1), 127)
	quarter        = new(big.Int).Lsh(big.NewInt(1), 126)
	tag            = token()
	mainName       = "wire-go-main-" + tag
	reshardName    = "wire-go-reshard-" + tag
	aggregated, _  = base64.StdEncoding.DecodeString("84mawgoBYQoBYhoHCAAaA29uZRoHCAEaA3R3bxoGCAAaAsOkI8xOs0pCbsmO2MTkhsTSxQ==")
	k, once        *kinesis.Client
	passed, failed int
)

func token() string {
	raw := make([]byte, 4)
	rand.Read(raw)
	return hex.EncodeToString(raw)
}

func check(what string, good bool, why any) {
	if good {
		passed++
		fmt.Printf("ok  go: %s\n", what)
		return
	}
	failed++
	text := fmt.Sprint(why)
	fmt.Printf("FAIL go: %s: %.400s\n", what, text)
}

func equal(what string, got, wanted any) {
	check(what, reflect.DeepEqual(got, wanted), fmt.Sprintf("%v, not %v", got, wanted))
}

// part runs one part; what it answers as an error, or panics with, is its failure and ends that part only.
func part(name string, work func() error) bool {
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%v", p)
			}
		}()
		return work()
	}()
	if err != nil {
		check(name, false, err)
	}
	return err == nil
}

func refused(what, code, message string, err error) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		check(what, false, fmt.Sprint("no refusal: ", err))
		return
	}
	equal(what, api.ErrorCode()+" "+api.ErrorMessage(), code+" "+message)
}

func client(endpoint string, attempts int) (*kinesis.Client, error) {
	options := []func(*config.LoadOptions) error{config.WithRetryMaxAttempts(attempts)}
	if strings.HasPrefix(endpoint, "https") {
		pem, err := os.ReadFile(os.Getenv("LEAT_CA"))
		if err != nil {
			return nil, err
		}
		options = append(options, config.WithCustomCABundle(bytes.NewReader(pem)))
	}
	if os.Getenv("AWS_REGION") == "" && os.Getenv("AWS_DEFAULT_REGION") == "" {
		options = append(options, config.WithRegion("us-east-1"))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	return kinesis.NewFromConfig(loaded, func(o *kinesis.Options) { o.BaseEndpoint = &endpoint }), nil
}

func active(stream string) (*types.StreamDescriptionSummary, error) {
	for i := 0; i < 200; i++ {
		told, err := k.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
		if err != nil || told.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			if err != nil {
				return nil, err
			}
			return told.StreamDescriptionSummary, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s never became ACTIVE", stream)
}

type state struct {
	arn           string
	numbers, sent []string
	big           []byte
}

func (s *state) create() error {
	for _, name := range []string{mainName, reshardName} {
		if _, err := k.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(2)}); err != nil {
			return err
		}
	}
	if _, err := active(reshardName); err != nil {
		return err
	}
	summary, err := active(mainName)
	if err != nil {
		return err
	}
	equal("a new stream has two open shards", *summary.OpenShardCount, int32(2))
	s.arn = *summary.StreamARN
	return nil
}

func entry(key string, data []byte, hash string) types.PutRecordsRequestEntry {
	return types.PutRecordsRequestEntry{Data: data, PartitionKey: &key, ExplicitHashKey: &hash}
}

func (s *state) one(key, data, hash string) (*kinesis.PutRecordOutput, error) {
	put, err := k.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: &mainName, PartitionKey: &key, Data: []byte(data),
		ExplicitHashKey: &hash})
	if err == nil {
		s.sent, s.numbers = append(s.sent, key+" "+data), append(s.numbers, *put.SequenceNumber)
	}
	return put, err
}

func (s *state) put() error {
	s.big = make([]byte, 1<<20-3)
	rand.Read(s.big)
	records := []types.PutRecordsRequestEntry{entry("x", []byte("hash key"), "0"), entry("empty", []byte{}, "1"),
		entry("clé-ключ-鍵-🔑", []byte("näive"), "2"), entry("a", aggregated, "3"), entry("big", s.big, half.String())}
	first, err := s.one("first", "single", "0")
	if err != nil {
		return err
	}
	equal("a single record lands in the shard of its hash key", *first.ShardId, zero)
	answer, err := k.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &mainName, Records: records})
	if err != nil {
		return err
	}
	equal("a batch is taken", *answer.FailedRecordCount, int32(0))
	shards := ""
	for i, r := range answer.Records {
		shards += (*r.ShardId)[19:]
		if i < 4 {
			s.sent = append(s.sent, *records[i].PartitionKey+" "+string(records[i].Data))
			s.numbers = append(s.numbers, *r.SequenceNumber)
		}
	}
	equal("a batch is answered in order", shards, "00001")
	check("sequence numbers of a shard grow", sort.StringsAreSorted(s.numbers), s.numbers)
	return nil
}

func ids(records []types.Record) []string {
	out := []string{}
	for _, r := range records {
		out = append(out, *r.SequenceNumber)
	}
	return out
}

func (s *state) poll() error {
	read := func(kind types.ShardIteratorType, wanted int, number *string, at *time.Time) []types.Record {
		return must(drain(must(iterator(mainName, zero, kind, number, at)), wanted))
	}
	n := len(s.numbers)
	records := read(types.ShardIteratorTypeTrimHorizon, n, nil, nil)
	got := []string{}
	for _, r := range records {
		got = append(got, *r.PartitionKey+" "+string(r.Data))
	}
	equal("TRIM_HORIZON reads everything", got, s.sent)
	equal("with the numbers acknowledged", ids(records), s.numbers)
	check("the aggregated record is unchanged", bytes.Equal(records[4].Data, aggregated), records[4].Data)
	equal("AT_SEQUENCE_NUMBER begins there",
		ids(read(types.ShardIteratorTypeAtSequenceNumber, n-2, &s.numbers[2], nil)), s.numbers[2:])
	equal("AFTER_SEQUENCE_NUMBER begins behind",
		ids(read(types.ShardIteratorTypeAfterSequenceNumber, n-3, &s.numbers[2], nil)), s.numbers[3:])
	moment, wanted := *records[3].ApproximateArrivalTimestamp, []string{}
	for _, r := range records {
		if !r.ApproximateArrivalTimestamp.Before(moment) {
			wanted = append(wanted, *r.SequenceNumber)
		}
	}
	equal("AT_TIMESTAMP begins at that time", ids(read(types.ShardIteratorTypeAtTimestamp, len(wanted), nil, &moment)), wanted)
	latest := must(iterator(mainName, zero, types.ShardIteratorTypeLatest, nil, nil))
	must(s.one("late", "late", "7"))
	equal("LATEST begins with the next record", ids(must(drain(latest, 1))), s.numbers[n:])
	whole := must(drain(must(iterator(mainName, "shardId-000000000001", types.ShardIteratorTypeTrimHorizon, nil, nil)), 1))
	check("1 MiB comes back unchanged", len(whole) == 1 && bytes.Equal(whole[0].Data, s.big), len(whole))
	return nil
}

func (s *state) errors() error {
	account, none := strings.Split(s.arn, ":")[4], "wire-go-none-"+tag
	aged := "AAAAAAAAAAE" + strings.Repeat("x7Qk", 53) + "="
	_, err := once.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &none})
	refused("an unknown stream is told", "ResourceNotFoundException",
		fmt.Sprintf("Stream %s under account %s not found.", none, account), err)
	for what, text := range map[string]string{"a bad iterator is told": "AAAA", "an iterator of nobody's is told": aged} {
		_, err = once.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: &text})
		refused(what, "InvalidArgumentException", "Invalid ShardIterator.", err)
	}
	_, err = once.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &mainName, NextToken: &aged})
	refused("a token with a stream name is told", "InvalidArgumentException",
		"NextToken and StreamName cannot be provided together.", err)
	_, err = once.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &mainName, ShardCount: aws.Int32(1)})
	refused("a name that is taken is told", "ResourceInUseException",
		fmt.Sprintf("Stream %s under account %s already exists.", mainName, account), err)
	bad := "a b"
	_, err = once.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &bad})
	refused("a violation is told", "ValidationException", "1 validation error detected: Value 'a b' at 'streamName' failed to "+
		"satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", err)
	return nil
}

func (s *state) settings() error {
	name, hours, key := &mainName, aws.Int32(48), aws.String("alias/aws/kinesis")
	must(k.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"a": "1", "b": "2", "c": ""}}))
	page := must(k.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name, Limit: aws.Int32(2)}))
	equal("a page of tags", fmt.Sprintf("%s %s %v", *page.Tags[0].Key, *page.Tags[1].Key, *page.HasMoreTags), "a b true")
	must(k.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"a", "c"}}))
	page = must(k.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name}))
	check("tags are removed", len(page.Tags) == 1 && *page.Tags[0].Value == "2", page.Tags)
	must(k.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: hours}))
	equal("retention is raised", *must(active(mainName)).RetentionPeriodHours, int32(48))
	hours = aws.Int32(24)
	must(k.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: hours}))
	equal("retention is lowered", *must(active(mainName)).RetentionPeriodHours, int32(24))
	must(k.StartStreamEncryption(ctx, &kinesis.StartStreamEncryptionInput{StreamName: name, KeyId: key, EncryptionType: types.EncryptionTypeKms}))
	equal("encryption is on", must(active(mainName)).EncryptionType, types.EncryptionTypeKms)
	equal("a put says so", must(s.one("s", "s", "5")).EncryptionType, types.EncryptionTypeKms)
	must(k.StopStreamEncryption(ctx, &kinesis.StopStreamEncryptionInput{StreamName: name, KeyId: key, EncryptionType: types.EncryptionTypeKms}))
	equal("encryption is off", must(active(mainName)).EncryptionType, types.EncryptionTypeNone)
	return nil
}

func paging() error {
	page := must(k.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: &mainName, Limit: aws.Int32(1)})).StreamDescription
	equal("a page of DescribeStream", fmt.Sprint(len(page.Shards), *page.HasMoreShards), "1 true")
	first := must(k.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &mainName, MaxResults: aws.Int32(1)}))
	rest := must(k.ListShards(ctx, &kinesis.ListShardsInput{NextToken: first.NextToken}))
	listed := ""
	for _, shard := range append(first.Shards, rest.Shards...) {
		listed += (*shard.ShardId)[19:]
	}
	equal("ListShards by token", listed, "0123")
	names, pages := []string{}, kinesis.NewListStreamsPaginator(k, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
	for i := 0; i < 1000 && pages.HasMorePages(); i++ {
		for _, name := range must(pages.NextPage(ctx)).StreamNames {
			if strings.HasSuffix(name, tag) {
				names = append(names, name)
			}
		}
	}
	equal("ListStreams by pages of one, in order", names, []string{mainName, reshardName})
	return nil
}

func tls() error {
	secure, err := client(os.Getenv("LEAT_HTTPS"), 3)
	if err != nil {
		return err
	}
	told, err := secure.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &mainName})
	if err == nil {
		equal("the same over TLS", *told.StreamDescriptionSummary.StreamName, mainName)
	}
	return err
}

func remove() error {
	for _, name := range []string{mainName, reshardName} {
		must(k.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name, EnforceConsumerDeletion: aws.Bool(true)}))
		gone := false
		for i := 0; i < 100 && !gone; i++ {
			time.Sleep(100 * time.Millisecond)
			_, err := k.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
			var missing *types.ResourceNotFoundException
			gone = errors.As(err, &missing)
		}
		check(strings.Split(name, "-")[2]+" stream is gone", gone, "it is still there")
	}
	return nil
}

func main() {
	var err error
	if k, err = client(os.Getenv("LEAT_HTTP"), 10); err == nil {
		once, err = client(os.Getenv("LEAT_HTTP"), 1)
	}
	s := &state{}
	if part("clients", func() error { return err }) && part("create", s.create) {
		part("put", s.put)
		part("poll", s.poll)
		part("subscribe", s.subscribe)
		part("reshard", reshard)
		part("errors", s.errors)
		part("settings", s.settings)
		part("paging", paging)
		if os.Getenv("LEAT_HTTPS") != "" {
			part("TLS", tls)
		}
		part("delete", remove)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
