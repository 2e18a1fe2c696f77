#include "store/snapshot.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/crc32c.h"

static const char magic[8] = { 'l', 'e', 'a', 't', 's', 'n', 'a', 'p' };

void snapshot_encode(const struct tree *entries, log_pos position, struct buf *ret_bytes)
{
    char head[SNAPSHOT_HEADER_BYTES] = { 0 };
    char crc[4];

    memcpy(head, magic, sizeof(magic));
    store_le32(head + 8, SNAPSHOT_VERSION);
    store_le64(head + 16, position);
    store_le64(head + 24, entries->count);
    buf_append(ret_bytes, str_bytes(head, sizeof(head)));
    for (const struct tree_node *node = tree_first(entries); node; node = tree_next(node)) {
        const struct store_entry *entry = container_of(node, const struct store_entry, node);
        char lengths[14];

        store_le16(lengths, (uint16_t)node->key.size);
        store_le64(lengths + 2, entry->version);
        store_le32(lengths + 10, (uint32_t)entry->value.size);
        buf_append(ret_bytes, str_bytes(lengths, sizeof(lengths)));
        buf_append(ret_bytes, node->key);
        buf_append(ret_bytes, entry->value);
    }
    store_le32(crc, crc32c(0, ret_bytes->at, ret_bytes->size));
    buf_append(ret_bytes, str_bytes(crc, sizeof(crc)));
}

enum err snapshot_decode(str bytes, struct snapshot *ret_snapshot)
{
    struct snapshot snapshot, walk;
    str key, value;
    log_pos version;
    uint64_t count = 0;

    if (bytes.size < SNAPSHOT_HEADER_BYTES + 4 || memcmp(bytes.at, magic, sizeof(magic)) != 0)
        return ERR_CORRUPT;
    bytes.size -= 4;
    if (load_le32(bytes.at + bytes.size) != crc32c(0, bytes.at, bytes.size))
        return ERR_CORRUPT;
    if (load_le32(bytes.at + 8) > SNAPSHOT_VERSION)
        return ERR_NEWER;
    if (load_le64(bytes.at + 8) != SNAPSHOT_VERSION)
        return ERR_CORRUPT;
    snapshot = (struct snapshot){ .position = load_le64(bytes.at + 16),
                                  .entry_count = load_le64(bytes.at + 24),
                                  .entries = str_slice(bytes, SNAPSHOT_HEADER_BYTES, bytes.size) };
    walk = snapshot;
    while (snapshot_next(&walk, &key, &value, &version))
        count++;
    if (walk.entries.size != 0 || count != snapshot.entry_count)
        return ERR_CORRUPT;
    *ret_snapshot = snapshot;
    return OK;
}

bool snapshot_next(struct snapshot *snapshot, str *ret_key, str *ret_value, log_pos *ret_version)
{
    str rest = snapshot->entries;
    size_t key_size, value_size;

    if (rest.size < 14)
        return false;
    key_size = load_le16(rest.at);
    value_size = load_le32(rest.at + 10);
    if (rest.size - 14 < key_size || rest.size - 14 - key_size < value_size)
        return false;
    *ret_version = load_le64(rest.at + 2);
    *ret_key = str_slice(rest, 14, 14 + key_size);
    *ret_value = str_slice(rest, 14 + key_size, 14 + key_size + value_size);
    snapshot->entries = str_slice(rest, 14 + key_size + value_size, rest.size);
    return true;
}

void snapshot_name(const char *name, log_pos position, char ret_name[static SNAPSHOT_NAME_MAX])
{
    (void)snprintf(ret_name, SNAPSHOT_NAME_MAX, "%s-%016llx.snapshot", name, (unsigned long long)position);
}

enum err snapshot_name_parse(const char *name, str file, log_pos *ret_position)
{
    uint8_t bytes[8];
    str prefix = str_of(name);

    if (!str_starts(file, prefix) || !str_ends(file, STR(".snapshot")) ||
        file.size != prefix.size + 1 + 16 + STR(".snapshot").size || file.at[prefix.size] != '-')
        return ERR_MISSING;
    if (str_unhex(str_slice(file, prefix.size + 1, prefix.size + 17), bytes) != OK)
        return ERR_MISSING;
    *ret_position = load_be64(bytes);
    return OK;
}
