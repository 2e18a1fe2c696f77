/* base64_fuzz.c: bytes survive the round trip; a text is accepted only if encoding gives it back; both forms of every
 * loop agree; decoding in place gives what decoding elsewhere gives. */
#include "codec/base64.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static char *take(size_t size)
{
    char *memory = malloc(size ? size : 1);

    need(memory != NULL);
    return memory;
}

static bool same(const char *a, const char *b, size_t size)
{
    return size == 0 || memcmp(a, b, size) == 0;
}

static void there_and_back(str bytes)
{
    size_t size = base64_encoded_size(bytes.size);
    char *text = take(size), *portable = take(size);

    encode(bytes, portable, false);
    encode(bytes, text, have_avx2());
    need(same(text, portable, size));
    need(valid(str_bytes(text, size), false) && valid(str_bytes(text, size), have_avx2()));
    need(base64_decode_checked(str_bytes(text, size), text) == bytes.size);
    need(same(text, bytes.at, bytes.size));
    free(text);
    free(portable);
}

static void back_and_there(str text)
{
    struct base64_fault fault;
    size_t size;
    char *bytes, *again;

    need(valid(text, false) == valid(text, have_avx2()));
    if (base64_check(text, &size, &fault) != OK) {
        need((fault.kind == BASE64_LENGTH) == (fault.length % 4 != 0));
        need((fault.kind == BASE64_CHARACTER) == str_present(fault.character));
        return;
    }
    bytes = take(size);
    again = take(text.size);
    need(base64_decode_checked(text, bytes) == size);
    base64_encode(str_bytes(bytes, size), again);
    need(same(again, text.at, text.size));
    free(bytes);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = take(size);

    if (size)
        memcpy(copy, data, size);
    there_and_back(str_bytes(copy, size));
    back_and_there(str_bytes(copy, size));
    free(copy);
    return 0;
}
