/* record_fuzz.c: whatever record_decode accepts is walked to its very end. */
#include <stdlib.h>

#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record;
    str key, value;
    log_pos version;
    size_t walked = RECORD_HEADER_BYTES;
    uint64_t reads = 0, writes = 0;

    if (record_decode(str_bytes(data, size), &record) != OK)
        return 0;
    for (; record_next_read(&record, &key, &version); reads++)
        walked += 10 + key.size;
    for (; record_next_write(&record, &key, &value); writes++)
        walked += 6 + key.size + value.size;
    if (walked != size || reads != record.read_count || writes != record.write_count)
        abort();
    return 0;
}
