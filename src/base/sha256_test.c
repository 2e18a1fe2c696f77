#include "sha256.c"

#include <openssl/evp.h>
#include <stdlib.h>
#include <time.h>

#include "unit.h"

static bool as_libcrypto(str text, const uint8_t digest[static SHA256_BYTES])
{
    uint8_t expected[EVP_MAX_MD_SIZE];

    return EVP_Digest(text.at, text.size, expected, NULL, EVP_sha256(), NULL) == 1 &&
           memcmp(expected, digest, SHA256_BYTES) == 0;
}

static bool check_pair(unsigned ways, str one, str other)
{
    const str texts[2] = { one, other };
    uint8_t digests[2][SHA256_BYTES] = { { 0 } };

    sha256_pair(ways, texts, digests);
    return CHECK(as_libcrypto(one, digests[0])) && CHECK(as_libcrypto(other, digests[1]));
}

TEST("every length, beside its equal and beside another, begun anywhere, is what libcrypto says")
{
    enum { MANY = 1100 };
    char bytes[MANY + 16];
    uint64_t state = 5;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)unit_random(&state);
    for (unsigned ways = SHA256_PLAIN; ways <= sha256_ways(); ways++)
        for (size_t size = 0; size < MANY; size++) {
            str one = str_bytes(bytes + size % 16, size), other = str_bytes(bytes + size % 7, size * 7919 % MANY);

            if (!check_pair(ways, one, one) || !check_pair(ways, one, other) || !check_pair(ways, other, one))
                return;
        }
}

TEST("texts as long as large bodies, one of them in memory that ends with it")
{
    static const size_t sizes[] = { 65535, 65536, 700000, 10 << 20 };
    uint64_t state = 6;

    for (size_t i = 0; i < 4; i++) {
        size_t size = sizes[i], less = sizes[i] - (size_t)(unit_random(&state) % 65535);
        char *one = malloc(size), *other = malloc(less);

        if (!CHECK(one && other))
            return;
        for (size_t k = 0; k < size; k++)
            one[k] = (char)unit_random(&state);
        memcpy(other, one, less);
        other[0]++;
        for (unsigned ways = SHA256_PLAIN; ways <= sha256_ways(); ways++) {
            check_pair(ways, str_bytes(one, size), str_bytes(other, less));
            check_pair(ways, str_bytes(other, less), str_bytes(one, size));
        }
        free(one);
        free(other);
    }
}

TEST("nothing at all")
{
    for (unsigned ways = SHA256_PLAIN; ways <= sha256_ways(); ways++)
        check_pair(ways, STR(""), STR("abc"));
}

/* Some CPUs stumble a hundredfold when a compiler mixes registers of two sizes. */
TEST("none of the ways is several times slower than the others")
{
    enum { SIZE = 64 << 10, TIMES = 20 };
    char *bytes = calloc(1, SIZE);
    clock_t took[3] = { 0 };

    if (!CHECK(bytes != NULL))
        return;
    for (int i = 0; i < TIMES; i++)
        for (unsigned ways = SHA256_PLAIN; ways <= sha256_ways(); ways++) {
            clock_t began = clock();

            check_pair(ways, str_bytes(bytes, SIZE), str_bytes(bytes, SIZE));
            took[ways] += clock() - began;
        }
    if (sha256_ways() == SHA256_AVX512)
        CHECK(took[SHA256_AVX512] < 4 * took[SHA256_PLAIN]);
    free(bytes);
}

UNIT_MAIN
