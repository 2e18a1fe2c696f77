#include "api/kinesis/account.h"

enum err account_load(struct rq *rq, str account, str region, struct catalog_account_record **ret_record)
{
    struct catalog_account_record *record = catalog_account(api_config(rq->api)->catalog, account, region, &rq->arena);

    if (record == NULL)
        return ERR_NO_MEMORY;
    if (record->commitment.value == COMMITMENT_ENDING && rq->now >= record->earliest_end_at.value) {
        record->commitment = int_of(COMMITMENT_OFF);
        record->ended_at = record->earliest_end_at;
    }
    *ret_record = record;
    return OK;
}

enum err account_committed(struct rq *rq, str account, str region, bool *ret_committed)
{
    struct catalog_account_record *record;

    TRY(account_load(rq, account, region, &record));
    *ret_committed = record->commitment.value != COMMITMENT_OFF;
    return OK;
}

struct kinesis_minimum_throughput_billing_commitment_output *
account_commitment(struct rq *rq, const struct catalog_account_record *record)
{
    struct kinesis_minimum_throughput_billing_commitment_output *output =
        ARENA_NEW(&rq->arena, struct kinesis_minimum_throughput_billing_commitment_output);

    if (output == NULL)
        return NULL;
    switch ((enum commitment)record->commitment.value) {
    case COMMITMENT_OFF:
        output->status = enum_of(MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT_STATUS_DISABLED);
        output->ended_at = record->ended_at;
        break;
    case COMMITMENT_ON:
        output->status = enum_of(MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT_STATUS_ENABLED);
        output->earliest_allowed_end_at = record->earliest_end_at;
        break;
    case COMMITMENT_ENDING:
        output->status =
            enum_of(MINIMUM_THROUGHPUT_BILLING_COMMITMENT_OUTPUT_STATUS_ENABLED_UNTIL_EARLIEST_ALLOWED_END);
        output->earliest_allowed_end_at = record->earliest_end_at;
        break;
    }
    output->started_at = record->started_at;
    return output;
}
