/* resource_policy.h: the one policy that a stream or a consumer may have. */
#pragma once

#include "api/rq.h"

/* The resource of an ARN, in a state in which its policy may change. */
must_use enum err resource_policy_find(struct rq *rq, str arn, struct stream **ret_stream,
                                       struct consumer **ret_consumer);

/* Its policy's text; absent if it has none. */
str resource_policy_of(const struct stream *stream, const struct consumer *consumer);

/* Stage another policy, or none (absent). */
void resource_policy_stage(struct rq *rq, const struct stream *stream, const struct consumer *consumer, str policy);
