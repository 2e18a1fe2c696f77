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

/* A name that makes a key does so now, which a second run of the handler finds; the vault is being written while the
 * stream's change is. A crash between the two leaves a stream with a key that is not there: its puts are refused with
 * KMS_NOT_FOUND, and nothing is stored unsealed, until encryption is started or stopped again. */
enum err encryption_key(struct rq *rq, const struct stream *stream, str key_id, str *ret_key_arn)
{
    struct keyring *keyring = api_config(rq->api)->keyring;
    struct vault_key key;
    enum err err =
        vault_find(keyring_vault(keyring), stream->record->region, stream->record->account, key_id, rq->now, &key);

    keyring_save(keyring);
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
    *ret_key_arn = arena_str(&rq->arena, key.arn);
    return str_present(*ret_key_arn) ? OK : ERR_NO_MEMORY;
}
