/* encryption.h: what starting and stopping a stream's encryption ask for. */
#pragma once

#include "api/rq.h"
#include "kinesis_model.h"

/* The ACTIVE stream; INVALID_ARGUMENT for any type of encryption but KMS. */
must_use enum err encryption_find(struct rq *rq, str name, str arn, struct enum_value type, struct stream **ret_stream);

/* LIMIT_EXCEEDED when `what` (the operation) was done 25 times within 24 hours. */
must_use enum err encryption_daily(struct rq *rq, const struct catalog_times *times, const char *what);

/* The ARN of a key that can be used, in the arena; KMS_* with their texts. */
must_use enum err encryption_key(struct rq *rq, const struct stream *stream, str key_id, str *ret_key_arn);
