#include "api/kinesis/account.h"

/* DescribeAccountSettings: the account's minimum-throughput commitment. */
enum err describe_account_settings(struct rq *rq, const struct describe_account_settings_input *in,
                                   struct describe_account_settings_output *out)
{
    struct catalog_account_record *record;

    TRY(account_load(rq, rq->account, rq->region, &record));
    out->minimum_throughput_billing_commitment = account_commitment(rq, record);
    return out->minimum_throughput_billing_commitment ? OK : ERR_NO_MEMORY;
}
