/* reshard.h: what split and merge ask for, in the service's order. */
#pragma once

#include "api/rq.h"

/* The shards of an ACTIVE stream by ids that may be sloppy ("shardId-5", "5"): ids that are none, then the stream, its
 * mode and status, then shards that are not there. */
must_use enum err reshard_find(struct rq *rq, str name, str arn, const str *shard_ids, size_t count,
                               struct stream **ret_stream, struct shard **ret_shards);

/* INVALID_ARGUMENT "... has already been merged or split ..." */
must_use enum err reshard_expect_open(struct rq *rq, const struct shard *shard);
