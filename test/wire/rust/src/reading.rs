//! Readers and the writer: a shard by polling, and a whole stream along its lineage by the rules that KCL insists on.

use crate::count::Failure;
use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::{Record, ShardFilter, ShardFilterType, ShardIteratorType};
use aws_sdk_kinesis::Client;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(220);

pub async fn iterator(
    k: &Client,
    stream: &str,
    shard: &str,
    kind: ShardIteratorType,
    number: Option<&String>,
    at: Option<DateTime>,
) -> Result<Option<String>, Failure> {
    let answer = k.get_shard_iterator().stream_name(stream).shard_id(shard).shard_iterator_type(kind);
    let answer = answer.set_starting_sequence_number(number.cloned()).set_timestamp(at).send().await?;
    Ok(answer.shard_iterator)
}

pub async fn drain(k: &Client, mut from: Option<String>, wanted: usize) -> Result<Vec<Record>, Failure> {
    let (mut out, begun) = (Vec::new(), Instant::now());
    while out.len() < wanted && begun.elapsed() < Duration::from_secs(20) {
        let Some(iterator) = from else { break };
        let answer = k.get_records().shard_iterator(iterator).send().await?;
        out.extend(answer.records);
        from = answer.next_shard_iterator;
        sleep(PAUSE).await;
    }
    Ok(out)
}

/// Puts numbered records, one call after the other, a few keys in turn, until it is stopped.
#[derive(Default)]
pub struct Writer {
    pub stopped: Cell<bool>,
    pub count: Cell<usize>,
    pub places: RefCell<HashMap<String, String>>,
}

impl Writer {
    pub async fn run(&self, k: &Client, stream: &str) -> Result<(), Failure> {
        while !self.stopped.get() {
            let n = self.count.get();
            let key = format!("key-{}", n % 6);
            let name = format!("{key}:{}", n / 6);
            let data = Blob::new(name.as_bytes());
            let put = k.put_record().stream_name(stream).partition_key(key).data(data).send().await?;
            self.places.borrow_mut().insert(name, format!("{} {}", put.shard_id, put.sequence_number));
            self.count.set(n + 1);
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// Follows a stream from TRIM_HORIZON: a child is read only after all its parents have been read to their ends.
#[derive(Default)]
pub struct Lineage {
    pub records: Vec<(String, String)>,
    complaints: Vec<String>,
    active: BTreeMap<String, String>,
    waiting: HashMap<String, Vec<String>>,
    done: HashSet<String>,
    opened: HashSet<String>,
}

impl Lineage {
    pub async fn run(&mut self, k: &Client, stream: &str, writer: &Writer) -> Result<(), Failure> {
        let filter = ShardFilter::builder().r#type(ShardFilterType::AtTrimHorizon).build()?;
        let listed = k.list_shards().stream_name(stream).shard_filter(filter).send().await?;
        for shard in listed.shards() {
            self.open(k, stream, shard.shard_id()).await?;
        }
        let begun = Instant::now();
        while !self.active.is_empty() && begun.elapsed() < Duration::from_secs(45) {
            if writer.stopped.get() && self.records.len() >= writer.count.get() {
                break;
            }
            for shard in self.active.keys().cloned().collect::<Vec<_>>() {
                self.step(k, stream, &shard).await?;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn open(&mut self, k: &Client, stream: &str, shard: &str) -> Result<(), Failure> {
        let first = iterator(k, stream, shard, ShardIteratorType::TrimHorizon, None, None).await?;
        self.opened.insert(shard.to_string());
        self.active.insert(shard.to_string(), first.ok_or("no iterator")?);
        Ok(())
    }

    async fn step(&mut self, k: &Client, stream: &str, shard: &str) -> Result<(), Failure> {
        let answer = k.get_records().shard_iterator(&self.active[shard]).send().await?;
        for record in answer.records() {
            let name = String::from_utf8_lossy(record.data().as_ref()).to_string();
            self.records.push((name, format!("{shard} {}", record.sequence_number())));
        }
        if let Some(next) = answer.next_shard_iterator() {
            if !answer.child_shards().is_empty() {
                self.complaints.push("ChildShards beside NextShardIterator".into());
            }
            self.active.insert(shard.to_string(), next.to_string());
            return Ok(());
        }
        self.active.remove(shard);
        self.done.insert(shard.to_string());
        if answer.child_shards().is_empty() {
            self.complaints.push(format!("no ChildShards at the end of {shard}"));
        }
        for child in answer.child_shards() {
            if !child.parent_shards().iter().any(|parent| parent == shard) {
                self.complaints.push(format!("{shard} is no parent of {}", child.shard_id()));
            }
            self.waiting.insert(child.shard_id().to_string(), child.parent_shards().to_vec());
        }
        let ready = |(child, parents): &(&String, &Vec<String>)| {
            !self.opened.contains(*child) && parents.iter().all(|parent| self.done.contains(parent))
        };
        let children: Vec<String> = self.waiting.iter().filter(ready).map(|(child, _)| child.clone()).collect();
        for child in children {
            self.open(k, stream, &child).await?;
        }
        Ok(())
    }

    /// What is wrong with what was read: lost, doubled, out of order for its key, or elsewhere than acknowledged.
    pub fn judge(&self, writer: &Writer) -> Vec<String> {
        let (mut told, mut next, places) = (self.complaints.clone(), HashMap::new(), writer.places.borrow());
        for (name, place) in &self.records {
            let (key, digits) = name.split_once(':').unwrap_or((name, ""));
            let number: usize = digits.parse().unwrap_or(usize::MAX - 1);
            let wanted = next.insert(key.to_string(), number + 1).unwrap_or(0);
            if number != wanted {
                told.push(format!("{name} came where {wanted} was next"));
            }
            if places.get(name) != Some(place) {
                told.push(format!("{name} was acknowledged elsewhere"));
            }
        }
        if self.records.len() != writer.count.get() {
            told.push(format!("{} records written, {} read", writer.count.get(), self.records.len()));
        }
        told
    }
}
