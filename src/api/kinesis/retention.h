/* retention.h: what both directions of a stream's retention ask for. */
#pragma once

#include "api/rq.h"

/* The ACTIVE stream, and INVALID_ARGUMENT for periods that no stream may have. */
must_use enum err retention_find(struct rq *rq, str name, str arn, int64_t hours, struct stream **ret_stream);

/* Stage the new period; nothing if it is the present one. */
void retention_stage(struct rq *rq, const struct stream *stream, int64_t hours);
