#include "api/kinesis/next_token.h"

enum err next_token_open(struct rq *rq, str token, str *ret_state)
{
    ms issued;
    enum err err = page_decode(api_config(rq->api)->sealer, rq->operation->name, token, &rq->arena, &issued, ret_state);

    if (err == ERR_INVALID_ARGUMENT)
        return fail(rq, err, "Invalid NextToken.");
    TRY(err);
    if (!iter_expired(issued, rq->now))
        return OK;
    return fail(rq, ERR_EXPIRED_NEXT_TOKEN, "NextToken has expired. A token is valid for %d seconds.",
                ITER_LIFE_MS / 1000);
}

str next_token_make(struct rq *rq, str state)
{
    return page_encode(api_config(rq->api)->sealer, rq->operation->name, rq->now, state, &rq->arena);
}

enum err next_token_alone(struct rq *rq, const char *member)
{
    return fail(rq, ERR_INVALID_ARGUMENT, "NextToken and %s cannot be provided together.", member);
}
