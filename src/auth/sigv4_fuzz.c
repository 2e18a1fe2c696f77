/* sigv4_fuzz.c: any Authorization header, date, signed header and query; the input's lines are these four. */
#include <stdlib.h>

#include "auth/credentials.h"
#include "auth/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct sigv4 *sigv4, const struct credentials *credentials, str input)
{
    struct sigv4_header headers[] = { { STR("Authorization"), str_cut(&input, '\n') },
                                      { STR("X-Amz-Date"), str_cut(&input, '\n') },
                                      { STR("host"), str_cut(&input, '\n') } };
    struct sigv4_request request = { .method = STR("GET"), .path = str_cut(&input, '\n'), .query = input,
                                     .headers = headers, .header_count = 3 };
    struct sigv4_rules rules = { .credentials = credentials, .open_account = STR("000000000000"),
                                 .skew_max = 300000 };
    struct identity identity;
    str sentence = { 0 };
    struct arena arena;
    enum err err;

    arena_init(&arena, 1 << 20);
    if (headers[0].value.size == 0)
        request.header_count = 0;
    err = sigv4_verify(sigv4, &rules, &request, 1767226500000, &arena, &identity, &sentence);
    if (err != OK && err != ERR_TOO_LARGE && err != ERR_NO_MEMORY && !str_present(sentence))
        abort();
    if (err == OK && credentials)
        abort(); /* nobody can guess the secret */
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char users[] = "{\"users\":[{\"accessKeyId\":\"A\",\"secretAccessKey\":\"sesame, open yourself\"}]}";
    static struct sigv4 *sigv4;
    static struct credentials *credentials;

    if (sigv4 == NULL) {
        struct arena arena;
        str sentence;

        arena_init(&arena, 1 << 16);
        if (sigv4_create((struct sigv4_bounds){ 16, 1 << 14 }, 1, &sigv4) != OK ||
            credentials_parse(str_of(users), STR("000000000000"), (struct credentials_bounds){ 4096, 10 }, 1, &arena,
                              &credentials, &sentence) != OK)
            abort();
        arena_deinit(&arena);
    }
    run(sigv4, credentials, str_bytes(data, size));
    run(sigv4, NULL, str_bytes(data, size));
    return 0;
}
