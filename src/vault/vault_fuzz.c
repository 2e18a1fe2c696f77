/* vault_fuzz.c: any text as a vault; what parses must print and parse again. */
#include <stdlib.h>

#include "vault/vault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err zeros(void *context, uint8_t *ret_bytes, size_t size)
{
    (void)context;
    memset(ret_bytes, 0, size);
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t master[VAULT_KEY_BYTES];
    struct vault_settings settings = { .master_key = master, .entropy = zeros, .keys_max = 100, .data_keys_max = 100,
                                       .bytes_max = 1 << 20 };
    struct vault *vault = NULL, *again = NULL;
    struct arena arena;
    struct buf text;
    str sentence;

    arena_init(&arena, 1 << 16);
    buf_init(&text, 1 << 22);
    if (vault_parse(&settings, str_bytes(data, size), &arena, &vault, &sentence) == OK &&
        (vault_print(vault, &text) != OK || vault_parse(&settings, buf_str(&text), &arena, &again, &sentence) != OK))
        abort();
    vault_destroy(vault);
    vault_destroy(again);
    buf_deinit(&text);
    arena_deinit(&arena);
    return 0;
}
