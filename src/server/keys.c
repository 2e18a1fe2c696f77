/* keys.c: at the start, which encrypted streams have lost their key.
 *
 * A data directory without its vault.json still starts, since all other streams are whole; nobody should have to find
 * out from a client that these are not. */
#include "server/room.h"

enum { NAMES_BYTES_MAX = 1000 }; /* the log cuts longer values */

static bool key_known(const struct vault *vault, str arn)
{
    struct vault_key key;

    for (size_t at = 0; vault_next_key(vault, &at, &key);)
        if (str_eq(key.arn, arn))
            return true;
    return false;
}

void keys_check(struct server *server)
{
    const struct vault *vault = keyring_vault(server->keyring);
    struct buf names;
    size_t count = 0;

    buf_init(&names, NAMES_BYTES_MAX);
    for (const struct stream *stream = catalog_each_stream(server->catalog, NULL); stream;
         stream = catalog_each_stream(server->catalog, stream)) {
        str arn = stream->record->key_arn;

        if (!str_present(arn) || key_known(vault, arn))
            continue;
        if (count++ > 0)
            buf_byte(&names, ' ');
        buf_append(&names, stream->record->name);
    }
    if (count > 0)
        LOG(&server->logger, server_now(server), keys_missing, LOG_NUMBER("streams", count),
            LOG_TEXT("names", buf_str(&names)));
    buf_deinit(&names);
}
