/* iter_fuzz.c: texts that clients send as iterators and page tokens: as they are, and as plain text that was sealed by
 * us, so that what lies behind the seal is reached. */
#include <stdlib.h>

#include "stream/iter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[SEAL_KEY_BYTES] = { 7 };
    struct iter_sealer *sealer;
    struct arena arena;
    struct iter iter;
    ms issued;
    str input = str_bytes(data, size), state, text;

    if (iter_sealer_create(key, 1, &sealer) != OK)
        abort();
    arena_init(&arena, 1 << 20);
    if (iter_decode(sealer, input, &arena, &iter) == OK ||
        page_decode(sealer, STR("x"), input, &arena, &issued, &state) == OK)
        abort(); /* a seal was forged */
    if (size <= 4096) {
        /* An operation by the name of the iterators' kind: its first eight bytes are whatever time is given. */
        text = page_encode(sealer, STR("iterator"), 0, input, &arena);
        if (str_present(text) && iter_decode(sealer, text, &arena, &iter) == OK &&
            (iter.account.size + iter.region.size + iter.stream_name.size > size))
            abort();
    }
    arena_deinit(&arena);
    iter_sealer_destroy(sealer);
    return 0;
}
