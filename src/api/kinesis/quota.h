/* quota.h: what an account uses in a region, against what it may. A quota of 0 does not bind.
 *
 * Usage is counted from the streams there are: no counter that could drift. */
#pragma once

#include "api/rq.h"

enum {
    STREAM_SHARDS_MAX = 100000, /* of one stream where no quota binds: more is a slip of the hand */
    LIMIT_SHOWN_MAX = 1000000, /* in place of "none", which clients cannot be told */
};

struct usage {
    int64_t open_shards; /* of provisioned streams, now */
    int64_t shards;      /* and with what resharding under way will have made */
    int64_t on_demand_streams, in_transition;
};

struct usage usage_of(struct rq *rq, str account, str region);

/* LIMIT_EXCEEDED if the account would have `additional` provisioned shards too many. */
must_use enum err quota_shards(struct rq *rq, str account, str region, int64_t additional);

/* LIMIT_EXCEEDED if one more on-demand stream is too many. */
must_use enum err quota_on_demand(struct rq *rq, str account, str region);

/* LIMIT_EXCEEDED if one more stream may not be CREATING. */
must_use enum err quota_in_transition(struct rq *rq);
