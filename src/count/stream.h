/* stream.h: what is counted per stream, per shard, per consumer and over all streams. Metrics of the service are made from it; the
 * names behind the comments are theirs. */
#pragma once

#include "count/histogram.h"

struct count_stream {
    uint64_t incoming_bytes, incoming_records;      /* IncomingBytes, IncomingRecords */
    uint64_t put_record_calls, put_record_success;  /* PutRecord.Success */
    uint64_t put_record_bytes;                      /* PutRecord.Bytes */
    uint64_t put_record_us;                         /* PutRecord.Latency, summed */
    uint64_t put_records_calls, put_records_success;
    uint64_t put_records_bytes, put_records_us;
    uint64_t put_records_total, put_records_successful, put_records_failed, put_records_throttled;
    uint64_t get_records_calls, get_records_success, get_records_bytes, get_records_records, get_records_us;
    uint64_t iterator_age_ms;                       /* of the last GetRecords; now */
    uint64_t read_exceeded, write_exceeded;         /* Read-, WriteProvisionedThroughputExceeded */
    uint64_t subscribe_success, subscribe_rate_exceeded;
    uint64_t event_count, event_bytes, event_records, event_failures;
    uint64_t event_behind_ms;                       /* SubscribeToShardEvent.MillisBehindLatest of the last; now */
};

/* Of one registered consumer, since it was registered or the server started. */
struct count_consumer {
    uint64_t subscribe_success, subscribe_rate_exceeded; /* SubscribeToShard.Success, .RateExceeded */
    uint64_t event_count, event_bytes, event_records;    /* SubscribeToShardEvent.Success, .Bytes, .Records */
    uint64_t event_behind_ms;                            /* SubscribeToShardEvent.MillisBehindLatest of the last; now */
};

struct count_shard {
    uint64_t incoming_bytes, incoming_records;
    uint64_t outgoing_bytes, outgoing_records;
    uint64_t iterator_age_ms;                       /* now */
    uint64_t read_exceeded, write_exceeded;
};
