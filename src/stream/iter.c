#include "stream/iter.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "codec/base64.h"

enum { PREFIX_BYTES = 8, ITER_FIXED_BYTES = 40, ITER_PLAIN_MIN = 112, TEXT_BYTES_MAX = 8192, KEY_ID = 1 };

static const char prefix[PREFIX_BYTES] = { 0, 0, 0, 0, 0, 0, 0, 1 };

struct iter_sealer {
    uint8_t key[SEAL_KEY_BYTES];
    struct seal_nonce nonce;
    struct seal *seal;
};

enum err iter_sealer_create(const uint8_t key[static SEAL_KEY_BYTES], uint32_t epoch, struct iter_sealer **ret_sealer)
{
    struct iter_sealer *sealer = calloc(1, sizeof(*sealer));
    enum err err;

    if (sealer == NULL)
        return ERR_NO_MEMORY;
    memcpy(sealer->key, key, sizeof(sealer->key));
    sealer->nonce.epoch = epoch;
    err = seal_create(&sealer->seal);
    if (err != OK) {
        free(sealer);
        return err;
    }
    *ret_sealer = sealer;
    return OK;
}

void iter_sealer_destroy(struct iter_sealer *sealer)
{
    seal_destroy(sealer->seal);
    free(sealer);
}

/* Seal `plain` (padded by the caller) under `kind` and print it. */
static str token_encode(struct iter_sealer *sealer, str kind, str plain, struct arena *arena)
{
    size_t size = PREFIX_BYTES + SEAL_OVERHEAD + plain.size;
    char *bytes = arena_alloc(arena, size);
    char *text = arena_alloc(arena, base64_encoded_size(size) + 1);

    if (bytes == NULL || text == NULL)
        return (str){ 0 };
    memcpy(bytes, prefix, PREFIX_BYTES);
    if (seal_encrypt(sealer->seal, sealer->key, KEY_ID, &sealer->nonce, kind, plain, (uint8_t *)bytes + PREFIX_BYTES) !=
        OK)
        return (str){ 0 };
    base64_encode(str_bytes(bytes, size), text);
    return str_bytes(text, base64_encoded_size(size));
}

static enum err token_decode(struct iter_sealer *sealer, str kind, str text, struct arena *arena, str *ret_plain)
{
    size_t size;
    char *bytes, *plain;
    struct base64_fault fault;
    uint32_t key_id;
    str sealed;

    if (text.size >= 2 && text.at[0] == '"' && text.at[text.size - 1] == '"')
        text = str_slice(text, 1, text.size - 1);
    if (text.size > TEXT_BYTES_MAX || base64_check(text, &size, &fault) != OK)
        return ERR_INVALID_ARGUMENT;
    if (size < PREFIX_BYTES + SEAL_OVERHEAD)
        return ERR_INVALID_ARGUMENT;
    bytes = arena_alloc(arena, size);
    plain = arena_alloc(arena, size);
    if (bytes == NULL || plain == NULL)
        return ERR_NO_MEMORY;
    base64_decode_checked(text, bytes);
    if (memcmp(bytes, prefix, PREFIX_BYTES) != 0)
        return ERR_INVALID_ARGUMENT;
    sealed = str_bytes(bytes + PREFIX_BYTES, size - PREFIX_BYTES);
    if (seal_key_id(sealed, &key_id) != OK || key_id != KEY_ID) /* the seal names it, and does not vouch for it */
        return ERR_INVALID_ARGUMENT;
    if (seal_decrypt(sealer->seal, sealer->key, kind, sealed, (uint8_t *)plain) != OK)
        return ERR_INVALID_ARGUMENT;
    *ret_plain = str_bytes(plain, sealed.size - SEAL_OVERHEAD);
    return OK;
}

/* A byte of length, then the bytes. */
static char *put_text(char *to, str text)
{
    assert(text.size <= ITER_TEXT_MAX);
    *to = (char)(uint8_t)text.size;
    if (text.size)
        memcpy(to + 1, text.at, text.size);
    return to + 1 + text.size;
}

static bool take_text(str *rest, str *ret_text)
{
    size_t size;

    if (rest->size < 1)
        return false;
    size = (uint8_t)rest->at[0];
    if (rest->size - 1 < size)
        return false;
    *ret_text = str_slice(*rest, 1, 1 + size);
    *rest = str_slice(*rest, 1 + size, rest->size);
    return true;
}

str iter_encode(struct iter_sealer *sealer, const struct iter *iter, struct arena *arena)
{
    str account = str_slice(iter->account, 0, ITER_TEXT_MAX), region = str_slice(iter->region, 0, ITER_TEXT_MAX);
    str name = str_slice(iter->stream_name, 0, ITER_TEXT_MAX);
    size_t size = ITER_FIXED_BYTES + 3 + account.size + region.size + name.size;
    char *plain, *to;

    if (size < ITER_PLAIN_MIN)
        size = ITER_PLAIN_MIN;
    size = (size + 15) / 16 * 16;
    plain = arena_alloc(arena, size);
    if (plain == NULL)
        return (str){ 0 };
    store_le64(plain, (uint64_t)iter->issued);
    store_le64(plain + 8, iter->stream_id);
    store_le64(plain + 16, iter->position);
    store_le64(plain + 24, (uint64_t)iter->not_before);
    store_le32(plain + 32, iter->shard);
    to = put_text(plain + ITER_FIXED_BYTES, account);
    to = put_text(to, region);
    (void)put_text(to, name);
    return token_encode(sealer, STR("iterator"), str_bytes(plain, size), arena);
}

enum err iter_decode(struct iter_sealer *sealer, str text, struct arena *arena, struct iter *ret_iter)
{
    struct iter iter;
    str plain, rest;

    TRY(token_decode(sealer, STR("iterator"), text, arena, &plain));
    if (plain.size < ITER_FIXED_BYTES)
        return ERR_INVALID_ARGUMENT;
    iter = (struct iter){ .issued = (ms)load_le64(plain.at),
                          .stream_id = load_le64(plain.at + 8),
                          .position = load_le64(plain.at + 16),
                          .not_before = (ms)load_le64(plain.at + 24),
                          .shard = load_le32(plain.at + 32) };
    rest = str_slice(plain, ITER_FIXED_BYTES, plain.size);
    if (!take_text(&rest, &iter.account) || !take_text(&rest, &iter.region) || !take_text(&rest, &iter.stream_name))
        return ERR_INVALID_ARGUMENT;
    *ret_iter = iter;
    return OK;
}

bool iter_expired(ms issued, ms now)
{
    return now - issued > ITER_LIFE_MS;
}

str page_encode(struct iter_sealer *sealer, str operation, ms now, str state, struct arena *arena)
{
    char *plain = arena_alloc(arena, 8 + state.size);

    if (plain == NULL)
        return (str){ 0 };
    store_le64(plain, (uint64_t)now);
    if (state.size)
        memcpy(plain + 8, state.at, state.size);
    return token_encode(sealer, operation, str_bytes(plain, 8 + state.size), arena);
}

enum err page_decode(struct iter_sealer *sealer, str operation, str text, struct arena *arena, ms *ret_issued,
                     str *ret_state)
{
    str plain;

    TRY(token_decode(sealer, operation, text, arena, &plain));
    if (plain.size < 8)
        return ERR_INVALID_ARGUMENT;
    *ret_issued = (ms)load_le64(plain.at);
    *ret_state = str_slice(plain, 8, plain.size);
    return OK;
}
