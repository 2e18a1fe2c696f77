#include "api/kinesis/encryption.h"

#include "api/kinesis/expect.h"
#include "stream/keyring.h"

enum { CHANGES_PER_DAY = 25 };

enum err encryption_find(struct rq *rq, str name, str arn, struct enum_value type, struct stream **ret_stream)
{
    TRY(find_stream(rq, name, arn, ret_stream));
    if (type.is != ENCRYPTION_TYPE_KMS)
        return fail(rq, ERR_INVALID_ARGUMENT, "EncryptionType must be KMS.");
    return expect_active(rq, *ret_stream);
}

enum err encryption_daily(struct rq *rq, const struct catalog_times *times, const char *what)
{
    if (!api_config(rq->api)->quotas.daily || times_within_day(rq, times) < CHANGES_PER_DAY)
        return OK;
    return fail(rq, ERR_LIMIT_EXCEEDED, "%s cannot be called more than %d times within 24 hours for a stream.", what,
                CHANGES_PER_DAY);
}

struct wait {
    struct keyring_wait keyring;
    struct rq *rq;
};

static void saved(struct keyring_wait *keyring, enum err err)
{
    struct rq *rq = container_of(keyring, struct wait, keyring)->rq;

    if (err == OK)
        rq_again(rq);
    else
        rq_finish(rq, err);
}

static void cancel(struct rq *rq)
{
    list_remove(&((struct wait *)rq->state)->keyring.link);
}

/* PENDING: the request runs again when the vault is on the disk. */
static enum err wait_for_vault(struct rq *rq)
{
    struct wait *wait = ARENA_NEW(&rq->arena, struct wait);
    enum err err;

    if (wait == NULL)
        return ERR_NO_MEMORY;
    wait->rq = rq;
    wait->keyring.saved = saved;
    err = keyring_wait(api_config(rq->api)->keyring, &wait->keyring);
    if (err == ERR_PENDING) {
        rq->state = wait;
        rq->cancel = cancel;
    }
    return err;
}

/* A name that makes a key does so now, which a second run of the handler finds. A stream may name a key only when that
 * is on the disk: after a crash nobody could put into it. */
enum err encryption_key(struct rq *rq, const struct stream *stream, str key_id, str *ret_key_arn)
{
    struct keyring *keyring = api_config(rq->api)->keyring;
    struct vault_key key;
    enum err err =
        vault_find(keyring_vault(keyring), stream->record->region, stream->record->account, key_id, rq->now, &key);

    if (err == ERR_KMS_NOT_FOUND)
        return fail(rq, err, "Key '%.*s' does not exist", STR_ARG(key_id));
    if (err == ERR_FULL)
        return fail(rq, ERR_LIMIT_EXCEEDED, "The account cannot have more keys.");
    TRY(err);
    err = vault_usable(&key);
    if (err == ERR_KMS_DISABLED)
        return fail(rq, err, "%.*s is disabled.", STR_ARG(key.arn));
    if (err == ERR_KMS_INVALID_STATE)
        return fail(rq, err, "%.*s is pending deletion.", STR_ARG(key.arn));
    TRY(err);
    TRY(wait_for_vault(rq));
    *ret_key_arn = arena_str(&rq->arena, key.arn);
    return str_present(*ret_key_arn) ? OK : ERR_NO_MEMORY;
}
