#include "api/kinesis/account.h"

/* UpdateAccountSettings: enter the minimum-throughput commitment, or leave it.
 *
 * It lasts a day at least: left earlier, it ends by itself when the day is over, and entering again takes that back.
 * Warm throughput depends on it and has to go first. Synchronous; what is true already is no error. */

enum { COMMITMENT_MS_MIN = 86400000 };

static bool enter(struct rq *rq, struct catalog_account_record *record)
{
    if (record->commitment.value == COMMITMENT_ON)
        return false;
    if (record->commitment.value == COMMITMENT_OFF) {
        record->started_at = ms_of(rq->now);
        record->earliest_end_at = ms_of(rq->now + COMMITMENT_MS_MIN);
        record->ended_at = (struct opt_ms){ 0 };
    }
    record->commitment = int_of(COMMITMENT_ON);
    return true;
}

static enum err check_warm(struct rq *rq)
{
    struct catalog *catalog = api_config(rq->api)->catalog;

    for (struct stream *stream = catalog_next_stream(catalog, rq->account, rq->region, (str){ 0 }); stream;
         stream = catalog_next_stream(catalog, rq->account, rq->region, stream->record->name))
        if (stream->record->warm_mibps.present)
            return fail(rq, ERR_VALIDATION,
                        "MinimumThroughputBillingCommitment cannot be disabled while stream %.*s has warm throughput.",
                        STR_ARG(stream->record->name));
    return OK;
}

static bool leave(struct rq *rq, struct catalog_account_record *record)
{
    if (record->commitment.value != COMMITMENT_ON)
        return false;
    if (rq->now < record->earliest_end_at.value) {
        record->commitment = int_of(COMMITMENT_ENDING);
    } else {
        record->commitment = int_of(COMMITMENT_OFF);
        record->ended_at = ms_of(rq->now);
    }
    return true;
}

enum err update_account_settings(struct rq *rq, const struct update_account_settings_input *in,
                                 struct update_account_settings_output *out)
{
    int status = in->minimum_throughput_billing_commitment->status.is;
    struct catalog_account_record *record;
    bool changed;

    TRY(account_load(rq, rq->account, rq->region, &record));
    if (status == MINIMUM_THROUGHPUT_BILLING_COMMITMENT_INPUT_STATUS_ENABLED) {
        changed = enter(rq, record);
    } else {
        if (record->commitment.value == COMMITMENT_ON)
            TRY(check_warm(rq));
        changed = leave(rq, record);
    }
    if (changed)
        catalog_put_account(api_config(rq->api)->catalog, rq_txn(rq), rq->account, rq->region, record);
    out->minimum_throughput_billing_commitment = account_commitment(rq, record);
    return out->minimum_throughput_billing_commitment ? OK : ERR_NO_MEMORY;
}
