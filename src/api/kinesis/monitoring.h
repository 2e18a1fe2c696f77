/* monitoring.h: switching shard-level metrics on and off. */
#pragma once

#include "api/rq.h"
#include "kinesis_model.h"

/* From the metrics that are on to `desired` ones, and tell both. Nothing is staged if they are the same. */
must_use enum err monitoring_change(struct rq *rq, const struct stream *stream, int64_t desired,
                                    struct enhanced_monitoring_output *out);
