/* describe.h: streams, shards and consumers as clients see them. */
#pragma once

#include "api/rq.h"
#include "kinesis_model.h"

/* A constant of the model for a status of catalog/state.h. */
struct enum_value stream_status_of(const struct stream *stream);
struct enum_value consumer_status_of(const struct consumer *consumer);

/* NULL without memory. */
struct kinesis_stream_mode_details *mode_details_of(struct rq *rq, const struct stream *stream);

/* The metrics whose bits are set, in the order of the model; present also if there is none. */
must_use enum err metrics_of(struct rq *rq, int64_t bits, struct kinesis_metrics_name_list *ret_metrics);

/* The bits of metrics as a request names them; ALL stands for the seven. */
int64_t metrics_bits(const struct kinesis_metrics_name_list *metrics);

/* One row with the shard-level metrics of the stream. */
must_use enum err monitoring_of(struct rq *rq, const struct stream *stream,
                                struct kinesis_enhanced_monitoring_list *ret_monitoring);

/* The key's name as the caller gave it, and KMS; NONE and no name while the stream is not encrypted. */
struct enum_value encryption_of(const struct stream *stream, str *ret_key_id);

/* NULL without memory. */
struct kinesis_warm_throughput_object *warm_throughput_of(struct rq *rq, struct stream *stream, int64_t target);

/* False for a shard that retention has taken, though it may still be on its way out, and for one of a stream that is not
 * made yet. */
bool shard_listed(const struct shard *shard, ms now);

must_use enum err shards_of(struct rq *rq, const struct shard *const *shards, size_t count,
                            struct kinesis_shard_list *ret_shards);

struct kinesis_consumer consumer_of(struct rq *rq, const struct consumer *consumer);
