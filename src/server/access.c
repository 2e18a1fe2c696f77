#include "api/rq.h"
#include "server/room.h"

void access_of(const struct rq *rq, struct log_access *access)
{
    access->request_id = str_bytes(rq->request_id, REQUEST_ID_CHARS);
    access->remote = rq->peer;
    access->principal = rq->identity.principal_arn;
    access->operation = rq->operation ? rq->operation->name : (str){ 0 };
    access->resource = rq->target;
    access->bytes_in = rq->bytes_in;
}
