//! The AWS SDK for Rust, unmodified, over HTTP/1.1. Prints `ok  rust: <what>` or `FAIL rust: <what>: <why>` per check, then
//! `N passed, N failed`.

mod count;
mod reading;

use aws_config::retry::RetryConfig;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, EncryptionType, PutRecordsRequestEntry, Record, ScalingType, ShardIteratorType, StartingPosition,
    StreamDescriptionSummary, StreamStatus, SubscribeToShardEventStream,
};
use aws_sdk_kinesis::Client;
use count::{Count, Failure};
use reading::{drain, iterator, Lineage, Writer};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{sleep, timeout};

const ZERO: &str = "shardId-000000000000";
const HALF: u128 = 1 << 127;
const AGGREGATED: &[u8] = &[
    0xf3, 0x89, 0x9a, 0xc2, 0x0a, 0x01, 0x61, 0x0a, 0x01, 0x62, 0x1a, 0x07, 0x08, 0x00, 0x1a, 0x03, 0x6f, 0x6e, 0x65, 0x1a, 0x07,
    0x08, 0x01, 0x1a, 0x03, 0x74, 0x77, 0x6f, 0x1a, 0x06, 0x08, 0x00, 0x1a, 0x02, 0xc3, 0xa4, 0x23, 0xcc, 0x4e, 0xb3, 0x4a, 0x42,
    0x6e, 0xc9, 0x8e, 0xd8, 0xc4, 0xe4, 0x86, 0xc4, 0xd2, 0xc5,
];

struct Test {
    k: Client,
    once: Client,
    main: String,
    reshard: String,
    tag: String,
    arn: String,
    sent: Vec<(String, Vec<u8>)>,
    numbers: Vec<String>,
    big: Vec<u8>,
    count: Count,
}

async fn client(endpoint: &str, attempts: u32) -> Client {
    let region = std::env::var("AWS_REGION").or(std::env::var("AWS_DEFAULT_REGION")).unwrap_or("us-east-1".into());
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_config::Region::new(region))
        .retry_config(RetryConfig::standard().with_max_attempts(attempts));
    Client::new(&config.load().await)
}

fn ids(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.sequence_number().to_string()).collect()
}

impl Test {
    async fn active(&self, stream: &str) -> Result<StreamDescriptionSummary, Failure> {
        for _ in 0..200 {
            let answer = self.k.describe_stream_summary().stream_name(stream).send().await?;
            let summary = answer.stream_description_summary.ok_or("no summary")?;
            if *summary.stream_status() == StreamStatus::Active {
                return Ok(summary);
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{stream} never became ACTIVE").into())
    }

    async fn create(&mut self) -> Result<(), Failure> {
        for stream in [&self.main, &self.reshard] {
            self.k.create_stream().stream_name(stream).shard_count(2).send().await?;
        }
        self.active(&self.reshard).await?;
        let summary = self.active(&self.main).await?;
        self.count.equal("a new stream has two open shards", summary.open_shard_count(), 2);
        self.arn = summary.stream_arn;
        Ok(())
    }

    async fn one(&mut self, key: &str, data: &str, hash: &str) -> Result<String, Failure> {
        let put = self.k.put_record().stream_name(&self.main).partition_key(key).data(Blob::new(data));
        let answer = put.explicit_hash_key(hash).send().await?;
        self.sent.push((key.into(), data.into()));
        self.numbers.push(answer.sequence_number);
        Ok(answer.shard_id)
    }

    async fn put(&mut self) -> Result<(), Failure> {
        let half = HALF.to_string();
        let big = self.big.clone();
        let records: [(&str, &[u8], &str); 5] = [
            ("x", b"hash key", "0"),
            ("empty", b"", "1"),
            ("clé-ключ-鍵-🔑", "näive".as_bytes(), "2"),
            ("a", AGGREGATED, "3"),
            ("big", &big, &half),
        ];
        let shard = self.one("first", "single", "0").await?;
        self.count.equal("a single record lands in the shard of its hash key", shard.as_str(), ZERO);
        let mut put = self.k.put_records().stream_name(&self.main);
        for (key, data, hash) in records {
            let entry = PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(data)).explicit_hash_key(hash);
            put = put.records(entry.build()?);
        }
        let answer = put.send().await?;
        self.count.equal("a batch is taken", answer.failed_record_count(), Some(0));
        let shards: String = answer.records().iter().filter_map(|r| r.shard_id().map(|id| &id[19..])).collect();
        self.count.equal("a batch is answered in order", shards.as_str(), "00001");
        for (record, entry) in records.iter().zip(answer.records()).take(4) {
            self.sent.push((record.0.into(), record.1.into()));
            self.numbers.push(entry.sequence_number().unwrap_or("").into());
        }
        let sorted = self.numbers.windows(2).all(|pair| pair[0] < pair[1]);
        self.count.check("sequence numbers of a shard grow", sorted, &self.numbers);
        Ok(())
    }

    async fn read(&self, kind: ShardIteratorType, skip: usize, number: Option<&String>) -> Result<Vec<Record>, Failure> {
        let first = iterator(&self.k, &self.main, ZERO, kind, number, None).await?;
        drain(&self.k, first, self.numbers.len() - skip).await
    }

    async fn poll(&mut self) -> Result<(), Failure> {
        let (numbers, n) = (self.numbers.clone(), self.numbers.len());
        let records = self.read(ShardIteratorType::TrimHorizon, 0, None).await?;
        let got: Vec<_> = records.iter().map(|r| (r.partition_key().unwrap_or("").to_string(), r.data().as_ref().to_vec())).collect();
        self.count.equal("TRIM_HORIZON reads everything", &got, &self.sent);
        self.count.equal("with the numbers acknowledged", ids(&records), numbers.clone());
        let got = self.read(ShardIteratorType::AtSequenceNumber, 2, Some(&numbers[2])).await?;
        self.count.equal("AT_SEQUENCE_NUMBER begins there", ids(&got), numbers[2..].to_vec());
        let got = self.read(ShardIteratorType::AfterSequenceNumber, 3, Some(&numbers[2])).await?;
        self.count.equal("AFTER_SEQUENCE_NUMBER begins behind", ids(&got), numbers[3..].to_vec());
        let moment = *records[3].approximate_arrival_timestamp().ok_or("no arrival time")?;
        let at = |r: &&Record| r.approximate_arrival_timestamp().is_some_and(|time| *time >= moment);
        let wanted: Vec<_> = records.iter().filter(at).map(|r| r.sequence_number().to_string()).collect();
        let first = iterator(&self.k, &self.main, ZERO, ShardIteratorType::AtTimestamp, None, Some(moment)).await?;
        self.count.equal("AT_TIMESTAMP begins at that time", ids(&drain(&self.k, first, wanted.len()).await?), wanted);
        let latest = iterator(&self.k, &self.main, ZERO, ShardIteratorType::Latest, None, None).await?;
        self.one("late", "late", "7").await?;
        self.count.equal("LATEST begins with the next record", ids(&drain(&self.k, latest, 1).await?), self.numbers[n..].to_vec());
        let first = iterator(&self.k, &self.main, "shardId-000000000001", ShardIteratorType::TrimHorizon, None, None).await?;
        let whole = drain(&self.k, first, 1).await?;
        let good = whole.len() == 1 && whole[0].data().as_ref() == self.big;
        self.count.check("1 MiB comes back unchanged", good, whole.len());
        Ok(())
    }

    async fn consumer(&self) -> Result<String, Failure> {
        let made = self.k.register_stream_consumer().stream_arn(&self.arn).consumer_name("wire").send().await?;
        let arn = made.consumer.ok_or("no consumer")?.consumer_arn;
        for _ in 0..100 {
            let told = self.k.describe_stream_consumer().consumer_arn(&arn).send().await?;
            if told.consumer_description.is_some_and(|c| c.consumer_status == ConsumerStatus::Active) {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(arn)
    }

    async fn subscribe(&mut self) -> Result<(), Failure> {
        let consumer = self.consumer().await?;
        let position = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
        let call = self.k.subscribe_to_shard().consumer_arn(consumer).shard_id(ZERO).starting_position(position);
        let mut stream = call.send().await?.event_stream;
        let (mut got, mut last) = (Vec::new(), None);
        for round in 0..2 {
            if round == 1 {
                for i in 0..5 {
                    self.one("live", &format!("live {i}"), "9").await?;
                }
            }
            while got.len() < self.numbers.len() {
                match timeout(Duration::from_secs(15), stream.recv()).await?? {
                    Some(SubscribeToShardEventStream::SubscribeToShardEvent(event)) => got.extend(ids(event.records())),
                    other => return Err(format!("in the middle of a subscription: {other:?}").into()),
                }
            }
            let what = ["a subscription reads from TRIM_HORIZON", "and records put while it runs"][round];
            self.count.equal(what, &got, &self.numbers);
        }
        let quarter = (HALF / 2).to_string();
        self.k.split_shard().stream_name(&self.main).shard_to_split(ZERO).new_starting_hash_key(quarter).send().await?;
        self.active(&self.main).await?;
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        while let Some(event) = tokio::time::timeout_at(end, stream.recv()).await?? {
            last = event.as_subscribe_to_shard_event().ok().cloned();
        }
        let last = last.ok_or("no event at the end of the shard")?;
        let mut children: Vec<_> = last.child_shards().iter().map(|child| child.shard_id()[18..].to_string()).collect();
        children.sort();
        self.count.equal("a subscription ends with the children of its shard", children, vec!["02".into(), "03".into()]);
        let number = last.continuation_sequence_number();
        self.count.check("and nowhere to go on", number.is_empty(), number);
        Ok(())
    }

    async fn resharding(&mut self) -> Result<(), Failure> {
        let (writer, mut reader) = (Writer::default(), Lineage::default());
        let (k, name) = (self.k.clone(), self.reshard.clone());
        let (writing, reading, steps) =
            tokio::join!(writer.run(&k, &name), reader.run(&k, &name, &writer), self.steps(&writer));
        writing?;
        reading?;
        steps?;
        let told = reader.judge(&writer);
        let what = "nothing lost, doubled or out of order over split, merge and scaling";
        self.count.check(what, told.is_empty(), told.iter().take(5).collect::<Vec<_>>());
        Ok(())
    }

    /// Split, merge, scale; the writer is stopped in any case, so that the reader ends.
    async fn steps(&mut self, writer: &Writer) -> Result<(), Failure> {
        let outcome = self.reshards().await;
        writer.stopped.set(true);
        outcome
    }

    async fn reshards(&mut self) -> Result<(), Failure> {
        let (k, name, pause) = (self.k.clone(), self.reshard.clone(), Duration::from_millis(500));
        sleep(pause).await;
        let quarter = (HALF / 2).to_string();
        k.split_shard().stream_name(&name).shard_to_split(ZERO).new_starting_hash_key(quarter).send().await?;
        self.active(&name).await?;
        sleep(pause).await;
        let merge = k.merge_shards().stream_name(&name).shard_to_merge("shardId-000000000003");
        merge.adjacent_shard_to_merge("shardId-000000000001").send().await?;
        self.active(&name).await?;
        sleep(pause).await;
        let scale = k.update_shard_count().stream_name(&name).target_shard_count(4);
        let told = scale.scaling_type(ScalingType::UniformScaling).send().await?;
        let counts = (told.current_shard_count, told.target_shard_count);
        self.count.equal("update-shard-count tells both counts", counts, (Some(2), Some(4)));
        let open = self.active(&name).await?.open_shard_count();
        self.count.equal("update-shard-count opens four shards", open, 4);
        sleep(pause).await;
        Ok(())
    }

    async fn errors(&mut self) -> Result<(), Failure> {
        let account = self.arn.split(':').nth(4).unwrap_or("").to_string();
        let none = format!("wire-rust-none-{}", self.tag);
        let aged = format!("AAAAAAAAAAE{}=", "x7Qk".repeat(53));
        let (invalid, k) = ("InvalidArgumentException", &self.once);
        let text = format!("Stream {none} under account {account} not found.");
        let told = k.describe_stream_summary().stream_name(&none).send().await;
        self.count.refused("an unknown stream is told", "ResourceNotFoundException", &text, told);
        for (what, value) in [("a bad iterator is told", "AAAA"), ("an iterator of nobody's is told", &aged)] {
            let told = k.get_records().shard_iterator(value).send().await;
            self.count.refused(what, invalid, "Invalid ShardIterator.", told);
        }
        let told = k.list_shards().stream_name(&self.main).next_token(&aged).send().await;
        let text = "NextToken and StreamName cannot be provided together.";
        self.count.refused("a token with a stream name is told", invalid, text, told);
        let told = k.create_stream().stream_name(&self.main).shard_count(1).send().await;
        let text = format!("Stream {} under account {account} already exists.", self.main);
        self.count.refused("a name that is taken is told", "ResourceInUseException", &text, told);
        let text = "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy \
                    regular expression pattern: [a-zA-Z0-9_.-]+";
        let told = k.describe_stream_summary().stream_name("a b").send().await;
        self.count.refused("a violation is told", "ValidationException", text, told);
        Ok(())
    }

    async fn settings(&mut self) -> Result<(), Failure> {
        let (k, name, key) = (self.k.clone(), self.main.clone(), "alias/aws/kinesis");
        k.add_tags_to_stream().stream_name(&name).tags("a", "1").tags("b", "2").tags("c", "").send().await?;
        let page = k.list_tags_for_stream().stream_name(&name).limit(2).send().await?;
        let keys: Vec<_> = page.tags().iter().map(|tag| tag.key()).collect();
        self.count.equal("a page of tags", (keys, page.has_more_tags()), (vec!["a", "b"], true));
        k.remove_tags_from_stream().stream_name(&name).tag_keys("a").tag_keys("c").send().await?;
        let page = k.list_tags_for_stream().stream_name(&name).send().await?;
        self.count.equal("tags are removed", page.tags().iter().map(|tag| tag.key()).collect(), vec!["b"]);
        k.increase_stream_retention_period().stream_name(&name).retention_period_hours(48).send().await?;
        let hours = self.active(&name).await?.retention_period_hours();
        self.count.equal("retention is raised", hours, 48);
        k.decrease_stream_retention_period().stream_name(&name).retention_period_hours(24).send().await?;
        let hours = self.active(&name).await?.retention_period_hours();
        self.count.equal("retention is lowered", hours, 24);
        let kms = EncryptionType::Kms;
        k.start_stream_encryption().stream_name(&name).encryption_type(kms.clone()).key_id(key).send().await?;
        let told = self.active(&name).await?.encryption_type;
        self.count.equal("encryption is on", told, Some(kms.clone()));
        let put = k.put_record().stream_name(&name).partition_key("s").data(Blob::new("s")).send().await?;
        self.count.equal("a put says so", put.encryption_type, Some(kms.clone()));
        k.stop_stream_encryption().stream_name(&name).encryption_type(kms).key_id(key).send().await?;
        let told = self.active(&name).await?.encryption_type;
        self.count.equal("encryption is off", told, Some(EncryptionType::None));
        Ok(())
    }

    async fn paging(&mut self) -> Result<(), Failure> {
        let told = self.k.describe_stream().stream_name(&self.main).limit(1).send().await?;
        let page = told.stream_description().ok_or("no description")?;
        self.count.equal("a page of DescribeStream", (page.shards().len(), page.has_more_shards()), (1, true));
        let first = self.k.list_shards().stream_name(&self.main).max_results(1).send().await?;
        let rest = self.k.list_shards().set_next_token(first.next_token().map(Into::into)).send().await?;
        let listed: String = first.shards().iter().chain(rest.shards()).map(|shard| &shard.shard_id()[19..]).collect();
        self.count.equal("ListShards by token", listed.as_str(), "0123");
        let (mut names, mut start) = (Vec::new(), None);
        for _ in 0..1000 {
            let page = self.k.list_streams().limit(1).set_exclusive_start_stream_name(start).send().await?;
            names.extend(page.stream_names().iter().filter(|name| name.ends_with(&self.tag)).cloned());
            start = page.stream_names().last().cloned();
            if !page.has_more_streams() {
                break;
            }
        }
        self.count.equal("ListStreams by pages of one, in order", names, vec![self.main.clone(), self.reshard.clone()]);
        Ok(())
    }

    async fn tls(&mut self, endpoint: &str) -> Result<(), Failure> {
        let told = client(endpoint, 3).await.describe_stream_summary().stream_name(&self.main).send().await?;
        let name = told.stream_description_summary.ok_or("no summary")?.stream_name;
        self.count.equal("the same over TLS", &name, &self.main);
        Ok(())
    }

    async fn remove(&mut self) -> Result<(), Failure> {
        for name in [self.main.clone(), self.reshard.clone()] {
            self.k.delete_stream().stream_name(&name).enforce_consumer_deletion(true).send().await?;
            let mut gone = false;
            for _ in 0..100 {
                sleep(Duration::from_millis(100)).await;
                let told = self.k.describe_stream_summary().stream_name(&name).send().await;
                gone = told.is_err_and(|why| why.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()));
                if gone {
                    break;
                }
            }
            self.count.check(&format!("{} stream is gone", name.split('-').nth(2).unwrap_or("")), gone, "it is still there");
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let endpoint = std::env::var("LEAT_HTTP").unwrap_or("http://127.0.0.1:4567".into());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let tag = format!("{:08x}", (now ^ u128::from(std::process::id()) << 20) as u32);
    let mut t = Test {
        k: client(&endpoint, 10).await,
        once: client(&endpoint, 1).await,
        main: format!("wire-rust-main-{tag}"),
        reshard: format!("wire-rust-reshard-{tag}"),
        tag,
        arn: String::new(),
        sent: Vec::new(),
        numbers: Vec::new(),
        big: (0u32..(1 << 20) - 3).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect(),
        count: Count::default(),
    };
    macro_rules! part {
        ($name:expr, $work:expr) => {{
            let outcome = $work.await;
            t.count.part($name, outcome)
        }};
    }
    if part!("create", t.create()).is_some() {
        part!("put", t.put());
        part!("poll", t.poll());
        part!("subscribe", t.subscribe());
        part!("reshard", t.resharding());
        part!("errors", t.errors());
        part!("settings", t.settings());
        part!("paging", t.paging());
        if let Ok(secure) = std::env::var("LEAT_HTTPS") {
            part!("TLS", t.tls(&secure));
        }
        part!("delete", t.remove());
    }
    std::process::exit(t.count.sum());
}
