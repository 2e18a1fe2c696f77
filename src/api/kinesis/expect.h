/* expect.h: what operations on streams ask for before they change anything, and how they stage a change. */
#pragma once

#include "api/rq.h"
#include "kinesis_model.h"

/* IN_USE unless the stream is ACTIVE or UPDATING. */
must_use enum err expect_live(struct rq *rq, const struct stream *stream);

/* VALIDATION "... is in On-Demand mode." */
must_use enum err expect_provisioned(struct rq *rq, const struct stream *stream);

/* VALIDATION unless the stream is (`on_demand`) and the account has the commitment that warm throughput needs, and
 * INVALID_ARGUMENT for more of it than there is. */
must_use enum err expect_warm_allowed(struct rq *rq, str account, str region, bool on_demand, int64_t mibps);

/* NOT_FOUND if `created` is given and is another second than that of the stream's creation. */
must_use enum err expect_incarnation(struct rq *rq, const struct stream *stream, struct opt_ms created);

/* The stream's record, to be changed and staged: the transaction is void if the stream changes first. It points into
 * the stream, so it is good only until the handler returns. */
struct catalog_stream_record stream_change(struct rq *rq, const struct stream *stream);

/* Stage the record as UPDATING for the job. */
void stage_job(struct rq *rq, struct catalog_stream_record *record, struct catalog_job job);

/* UPDATING for its own sake: the record is changed already. */
void stage_wait(struct rq *rq, struct catalog_stream_record *record);

/* When something that was made at `created` may be gone: never in the second of its creation, because ARNs and sequence
 * numbers tell incarnations of a name apart by seconds. */
ms deletion_due(struct rq *rq, ms created);

/* A constant of the model as the number of catalog/state.h. */
enum stream_mode mode_of(struct enum_value mode);
enum stream_distribution distribution_of(struct enum_value strategy);
