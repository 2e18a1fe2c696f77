/* records.h: what the record operations share: placement, sizes, and records as the model has them. */
#pragma once

#include "api/rq.h"
#include "kinesis_model.h"
#include "stream/seqno.h"

/* A put of `count` records, not yet filled in, and its stream: NOT_FOUND also while that is CREATING or DELETING. */
must_use enum err put_begin(struct rq *rq, str name, str arn, size_t count, struct stream **ret_stream,
                            struct put **ret_put);

/* Fill in a record: it goes where its explicit hash key says, or the MD5 of its key; anywhere under AUTO. Refused are a
 * record that is larger than the stream's maximum or without a key where one is needed, and a hash key of 2^128 and
 * above. `member` is its place in a batch, from 1; 0: it stands alone. */
must_use enum err put_fill(struct rq *rq, const struct stream *stream, struct put_entry *entry, str key, str data,
                           str explicit_hash_key, size_t member);

/* Everything is filled in: PENDING, and `done` will come; or what a dry run gets. */
must_use enum err put_go(struct rq *rq, struct put *put, struct opt_bool dry_run,
                         void (*done)(struct put *put, enum err err));

/* "The request was rejected because the DryRun parameter was specified." */
must_use enum err refuse_dry_run(struct rq *rq);

str sequence_number(struct rq *rq, struct seqno seqno);

/* "Rate exceeded for shard X in stream S under account A." */
str rate_exceeded(struct rq *rq, const struct stream *stream, uint32_t shard);

/* What failed because of a key says which key, if its ARN is known; any other failure stays as it is. */
must_use enum err key_failed(struct rq *rq, str key_arn, enum err err);
must_use enum err put_failed(struct rq *rq, const struct stream *stream, enum err err);

/* The records of a read, in the arena. NULL without memory. */
struct kinesis_record *records_of(struct arena *arena, const struct shard *shard, const struct read_record *records,
                                  uint32_t count);

/* What an answer with `count` records is on the wire, beside keys and data; at most, in all but odd cases. */
size_t records_wire_bytes(uint32_t count);

/* The children of a shard that has ended; count 0 while they are not there. */
struct kinesis_child_shard_list child_shards(struct arena *arena, struct stream *stream, const struct shard *shard);

/* Where a StartingSequenceNumber, a Timestamp or a type points to. `operation` is for the texts. */
must_use enum err start_position(struct rq *rq, const struct stream *stream, const struct shard *shard, int type,
                                 str sequence_number, struct opt_ms timestamp, const char *operation,
                                 log_pos *ret_position, ms *ret_not_before);
