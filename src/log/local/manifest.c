/* manifest.c: the manifest to and from bytes; see manifest.h for the drawing. */
#include "log/local/manifest.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/crc32c.h"

#define MANIFEST_MAGIC 0x494e414d5441454cu

#define SPARES_CONTROL ((uint64_t)1 << 63)

enum { HEAD_BYTES = 128, FILE_BYTES = MANIFEST_FILE_BYTES, SEALED_BYTES = 8, HOLE_BYTES = 16 };

void manifest_deinit(struct manifest *manifest)
{
    free(manifest->files);
    free(manifest->sealed);
    free(manifest->holes);
    *manifest = (struct manifest){ 0 };
}

static uint32_t head_crc(const char *at)
{
    return crc32c(crc32c(0, at, 12), at + 16, HEAD_BYTES - 16);
}

void manifest_file_encode(const struct manifest_file *file, char at[static MANIFEST_FILE_BYTES])
{
    memset(at, 0, FILE_BYTES);
    store_le64(at, file->number);
    store_le64(at + 8, file->size);
    store_le64(at + 16, file->index_offset);
    store_le32(at + 24, file->block_count);
    at[28] = (char)file->retention_class;
    store_le64(at + 32, file->first);
    store_le64(at + 40, file->last);
    store_le64(at + 48, file->together);
    store_le64(at + 56, (uint64_t)file->time_min);
    store_le64(at + 64, (uint64_t)file->time_max);
}

struct manifest_file manifest_file_decode(const char *at)
{
    return (struct manifest_file){
        .number = load_le64(at),
        .size = load_le64(at + 8),
        .index_offset = load_le64(at + 16),
        .block_count = load_le32(at + 24),
        .retention_class = (uint8_t)at[28],
        .first = load_le64(at + 32),
        .last = load_le64(at + 40),
        .together = load_le64(at + 48),
        .time_min = (ms)load_le64(at + 56),
        .time_max = (ms)load_le64(at + 64),
    };
}

static size_t body_bytes(uint64_t files, uint64_t sealed, uint64_t holes)
{
    return files * FILE_BYTES + sealed * SEALED_BYTES + holes * HOLE_BYTES;
}

void manifest_encode(const struct manifest *manifest, struct buf *buf)
{
    size_t body = body_bytes(manifest->file_count, manifest->sealed_count, manifest->hole_count);
    char *head = buf_reserve(buf, HEAD_BYTES + body), *at = head + HEAD_BYTES;

    if (!head)
        return;
    memset(head, 0, HEAD_BYTES);
    store_le64(head, MANIFEST_MAGIC);
    store_le32(head + 8, MANIFEST_VERSION);
    store_le64(head + 16, manifest->version_count);
    store_le64(head + 24, manifest->settled_segment);
    store_le64(head + 32, manifest->settled_frame);
    store_le64(head + 40, manifest->next_file);
    store_le32(head + 48, manifest->epoch);
    store_le64(head + 56, (uint64_t)manifest->time);
    store_le64(head + 64, manifest->settled);
    store_le32(head + 72, manifest->file_count);
    store_le32(head + 76, manifest->sealed_count);
    store_le32(head + 80, manifest->hole_count);
    for (uint32_t i = 0; i < manifest->file_count; i++, at += FILE_BYTES)
        manifest_file_encode(&manifest->files[i], at);
    for (uint32_t i = 0; i < manifest->sealed_count; i++, at += SEALED_BYTES)
        store_le64(at, manifest->sealed[i]);
    for (uint32_t i = 0; i < manifest->hole_count; i++, at += HOLE_BYTES) {
        store_le64(at, manifest->holes[i].from);
        store_le64(at + 8, manifest->holes[i].to | (manifest->holes[i].spares_control ? SPARES_CONTROL : 0));
    }
    store_le64(head + 88, manifest->boot_segment);
    store_le32(head + 84, crc32c(0, head + HEAD_BYTES, body));
    store_le32(head + 12, head_crc(head));
    buf->size += HEAD_BYTES + body;
}

static enum err arrays_decode(const char *at, struct manifest *manifest)
{
    manifest->files = calloc(manifest->file_count + 1u, sizeof(*manifest->files));
    manifest->sealed = calloc(manifest->sealed_count + 1u, sizeof(*manifest->sealed));
    manifest->holes = calloc(manifest->hole_count + 1u, sizeof(*manifest->holes));
    if (!manifest->files || !manifest->sealed || !manifest->holes) {
        manifest_deinit(manifest);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < manifest->file_count; i++, at += FILE_BYTES)
        manifest->files[i] = manifest_file_decode(at);
    for (uint32_t i = 0; i < manifest->sealed_count; i++, at += SEALED_BYTES)
        manifest->sealed[i] = load_le64(at);
    for (uint32_t i = 0; i < manifest->hole_count; i++, at += HOLE_BYTES)
        manifest->holes[i] = (struct manifest_hole){
            .from = load_le64(at), .to = load_le64(at + 8) & ~SPARES_CONTROL,
            .spares_control = (load_le64(at + 8) & SPARES_CONTROL) != 0,
        };
    return OK;
}

enum err manifest_decode_head(str bytes, struct manifest *ret_manifest, size_t *ret_size)
{
    const char *at = bytes.at;

    if (bytes.size < HEAD_BYTES || load_le64(at) != MANIFEST_MAGIC || load_le32(at + 12) != head_crc(at))
        return ERR_CORRUPT;
    if (load_le32(at + 8) > MANIFEST_VERSION)
        return ERR_NEWER;

    *ret_manifest = (struct manifest){
        .version_count = load_le64(at + 16),
        .settled_segment = load_le64(at + 24),
        .settled_frame = load_le64(at + 32),
        .next_file = load_le64(at + 40),
        .epoch = load_le32(at + 48),
        .time = (ms)load_le64(at + 56),
        .settled = load_le64(at + 64),
        .file_count = load_le32(at + 72),
        .sealed_count = load_le32(at + 76),
        .hole_count = load_le32(at + 80),
        .boot_segment = load_le64(at + 88),
    };
    *ret_size = HEAD_BYTES + body_bytes(ret_manifest->file_count, ret_manifest->sealed_count, ret_manifest->hole_count);
    return OK;
}

enum err manifest_decode(str bytes, struct manifest *ret_manifest)
{
    struct manifest manifest;
    size_t size;

    TRY(manifest_decode_head(bytes, &manifest, &size));
    if (bytes.size != size || load_le32(bytes.at + 84) != crc32c(0, bytes.at + HEAD_BYTES, size - HEAD_BYTES))
        return ERR_CORRUPT;
    TRY(arrays_decode(bytes.at + HEAD_BYTES, &manifest));
    *ret_manifest = manifest;
    return OK;
}
