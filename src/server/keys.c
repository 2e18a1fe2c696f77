/* keys.c: at the start, which encrypted streams have lost their key.
 *
 * A data directory without its vault.json still starts, since all other streams are whole; nobody should have to find
 * out from a client that these are not. */
#include "server/room.h"

enum { NAMES_BYTES_MAX = 1000 }; /* the log cuts longer values */

void keys_check(struct server *server)
{
    struct buf names;
    size_t count = 0;

    buf_init(&names, NAMES_BYTES_MAX);
    for (const struct stream *stream = catalog_each_stream(server->catalog, NULL); stream;
         stream = catalog_each_stream(server->catalog, stream)) {
        if (stream->record == NULL || !str_present(stream->record->key_arn) ||
            keyring_knows(server->keyring, stream->record->key_arn))
            continue;
        if (count++ > 0)
            buf_byte(&names, ' ');
        buf_append(&names, stream->record->name);
    }
    if (count > 0 && keyring_is_new(server->keyring))
        keyring_freeze(server->keyring); /* or the copy that somebody still has would replace what is made now */
    if (count > 0)
        LOG(&server->logger, server_now(server), keys_missing, LOG_NUMBER("streams", count),
            LOG_TEXT("names", buf_str(&names)));
    buf_deinit(&names);
}
