#include "stream/record.h"

#include <assert.h>

#include "base/bytes.h"

char *stream_record_encode(str key, str data, char *to)
{
    assert(key.size < KEY_ABSENT && data.size <= UINT32_MAX);
    store_le32(to, (uint32_t)data.size);
    store_le16(to + 4, str_present(key) ? (uint16_t)key.size : KEY_ABSENT);
    to += RECORD_HEAD_BYTES;
    if (key.size)
        memcpy(to, key.at, key.size);
    if (data.size)
        memcpy(to + key.size, data.at, data.size);
    return to + key.size + data.size;
}

enum err stream_record_next(str *body, str *ret_key, str *ret_data)
{
    size_t data_size, key_size;
    bool absent;

    if (body->size < RECORD_HEAD_BYTES)
        return ERR_CORRUPT;
    data_size = load_le32(body->at);
    key_size = load_le16(body->at + 4);
    absent = key_size == KEY_ABSENT;
    if (absent)
        key_size = 0;
    *body = str_slice(*body, RECORD_HEAD_BYTES, body->size);
    if (body->size < key_size || body->size - key_size < data_size)
        return ERR_CORRUPT;
    *ret_key = absent ? (str){ 0 } : str_slice(*body, 0, key_size);
    *ret_data = str_slice(*body, key_size, key_size + data_size);
    *body = str_slice(*body, key_size + data_size, body->size);
    return OK;
}
