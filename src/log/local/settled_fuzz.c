/* Index blocks, trailers and manifests made of arbitrary bytes. */
#include <assert.h>
#include <stdlib.h>

#include "log/local/manifest.c"
#include "log/local/settled.c"

static void feed_block(const char *bytes)
{
    struct settled_block block;

    if (settled_block_decode(bytes, 0, 1 << 20, &block) != OK)
        return;
    assert(block.count > 0 && block.count <= SETTLED_ENTRIES_PER_BLOCK);
    for (uint32_t i = 0; i < block.count; i++)
        assert(block.entries[i].offset + block.entries[i].size <= 1 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settled_entry entries[SETTLED_ENTRIES_PER_BLOCK] = { 0 };
    char bytes[SETTLED_BLOCK_BYTES] = { 0 };
    struct manifest_file file;
    struct manifest manifest;

    if (manifest_decode(str_bytes(data, size), &manifest) == OK)
        manifest_deinit(&manifest);
    memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    feed_block(bytes);
    if (settled_trailer_decode(bytes, &file) == OK)
        assert(settled_header_check(bytes, file.number) != OK);
    if (size < 1)
        return 0;
    memcpy(entries, data, size < sizeof(entries) ? size : sizeof(entries)); /* with the right checksum */
    settled_block_encode(entries, 1 + data[0] % SETTLED_ENTRIES_PER_BLOCK, 0, bytes);
    feed_block(bytes);
    return 0;
}
