#include "store/record.h"

#include <assert.h>

#include "base/bytes.h"

size_t record_size(const struct store_txn *txn)
{
    size_t size = RECORD_HEADER_BYTES;

    for (const struct store_read *read = txn->reads; read; read = read->next)
        size += 10 + read->key.size;
    for (const struct store_write *write = txn->writes; write; write = write->next)
        size += 6 + write->key.size + write->value.size;
    return size;
}

static char *put_bytes(char *to, str s)
{
    if (s.size)
        memcpy(to, s.at, s.size);
    return to + s.size;
}

void record_encode(const struct store_txn *txn, char *to)
{
    char *start = to;
    uint32_t reads = 0, writes = 0;

    to += RECORD_HEADER_BYTES;
    for (const struct store_read *read = txn->reads; read; read = read->next, reads++) {
        store_le16(to, (uint16_t)read->key.size);
        store_le64(to + 2, read->version);
        to = put_bytes(to + 10, read->key);
    }
    for (const struct store_write *write = txn->writes; write; write = write->next, writes++) {
        store_le16(to, (uint16_t)write->key.size);
        store_le32(to + 2, str_present(write->value) ? (uint32_t)write->value.size : RECORD_REMOVED);
        to = put_bytes(put_bytes(to + 6, write->key), write->value);
    }
    memset(start, 0, 4);
    start[0] = RECORD_VERSION;
    store_le32(start + 4, reads);
    store_le32(start + 8, writes);
    store_le64(start + 12, txn->id);
    store_le64(start + 20, (uint64_t)txn->time);
    assert((size_t)(to - start) == record_size(txn));
}

/* Cut one read or write off `rest`; false if it does not fit. */
static bool take(str *rest, size_t head, str *ret_head)
{
    if (rest->size < head)
        return false;
    *ret_head = str_slice(*rest, 0, head);
    *rest = str_slice(*rest, head, rest->size);
    return true;
}

static bool take_read(str *rest, str *ret_key, log_pos *ret_version)
{
    str head;

    if (!take(rest, 10, &head))
        return false;
    *ret_version = load_le64(head.at + 2);
    return take(rest, load_le16(head.at), ret_key);
}

static bool take_write(str *rest, str *ret_key, str *ret_value)
{
    str head;
    uint32_t size;

    if (!take(rest, 6, &head) || !take(rest, load_le16(head.at), ret_key))
        return false;
    size = load_le32(head.at + 2);
    *ret_value = (str){ 0 };
    return size == RECORD_REMOVED || take(rest, size, ret_value);
}

enum err record_decode(str bytes, struct record *ret_record)
{
    struct record record;
    str rest, key, value;
    log_pos version;

    if (bytes.size < RECORD_HEADER_BYTES)
        return ERR_CORRUPT;
    if ((uint8_t)bytes.at[0] > RECORD_VERSION)
        return ERR_NEWER;
    if (load_le32(bytes.at) != RECORD_VERSION)
        return ERR_CORRUPT;
    record = (struct record){ .read_count = load_le32(bytes.at + 4),
                              .write_count = load_le32(bytes.at + 8),
                              .id = load_le64(bytes.at + 12),
                              .time = (ms)load_le64(bytes.at + 20) };
    rest = record.reads = str_slice(bytes, RECORD_HEADER_BYTES, bytes.size);
    for (uint32_t i = 0; i < record.read_count; i++)
        if (!take_read(&rest, &key, &version))
            return ERR_CORRUPT;
    record.reads.size -= rest.size;
    record.writes = rest;
    for (uint32_t i = 0; i < record.write_count; i++)
        if (!take_write(&rest, &key, &value))
            return ERR_CORRUPT;
    if (rest.size != 0)
        return ERR_CORRUPT;
    *ret_record = record;
    return OK;
}

bool record_next_read(struct record *record, str *ret_key, log_pos *ret_version)
{
    return record->reads.size > 0 && take_read(&record->reads, ret_key, ret_version);
}

bool record_next_write(struct record *record, str *ret_key, str *ret_value)
{
    return record->writes.size > 0 && take_write(&record->writes, ret_key, ret_value);
}
