/* snapshot_fuzz.c: the input gets a right checksum and magic, so that what lies behind them is reached; whatever is
 * accepted is walked to its very end. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "store/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot snapshot;
    str key, value;
    log_pos version, position;
    uint64_t count = 0;
    char *copy = malloc(size + 12), *name = malloc(size + 1);

    if (copy == NULL || name == NULL)
        abort();
    memcpy(copy, "leatsnap", 8);
    if (size)
        memcpy(copy + 8, data, size);
    store_le32(copy + 8 + size, crc32c(0, copy, size + 8));
    if (snapshot_decode(str_bytes(copy, size + 12), &snapshot) == OK) {
        uint64_t expected = snapshot.entry_count;

        while (snapshot_next(&snapshot, &key, &value, &version))
            count++;
        if (count != expected || snapshot.entries.size != 0)
            abort();
    }
    if (size)
        memcpy(name, data, size);
    if (snapshot_name_parse("catalog", str_bytes(name, size), &position) == OK && size != 33)
        abort();
    free(copy);
    free(name);
    return 0;
}
