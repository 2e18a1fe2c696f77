/* account.h: an account's minimum-throughput commitment, which ends by itself when its time has come. */
#pragma once

#include "api/rq.h"
#include "kinesis_model.h"

/* True while the commitment holds, also when it has been left but may not end yet. */
must_use enum err account_committed(struct rq *rq, str account, str region, bool *ret_committed);

/* The commitment as it is now: an ending one whose time has come is over. NO_MEMORY only. */
must_use enum err account_load(struct rq *rq, str account, str region, struct catalog_account_record **ret_record);

/* As clients see it. NULL without memory. */
struct kinesis_minimum_throughput_billing_commitment_output *
account_commitment(struct rq *rq, const struct catalog_account_record *record);
