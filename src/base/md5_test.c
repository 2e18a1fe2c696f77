#include "md5.c"

#include <openssl/evp.h>

#include "unit.h"

static bool as_libcrypto(str text, const uint8_t digest[static MD5_BYTES])
{
    uint8_t expected[EVP_MAX_MD_SIZE];

    return EVP_Digest(text.at, text.size, expected, NULL, EVP_md5(), NULL) == 1 &&
           memcmp(expected, digest, MD5_BYTES) == 0;
}

TEST("the texts of RFC 1321")
{
    static const str texts[] = { { "", 0 }, { "a", 1 }, { "abc", 3 }, { "message digest", 14 } };
    static const char *const expected[] = { "d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661",
                                            "900150983cd24fb0d6963f7d28e17f72", "f96b697d7cb7938d525a2f31aaf161d0" };
    uint8_t digests[4][MD5_BYTES];

    md5_many(texts, 4, digests);
    for (size_t i = 0; i < 4; i++) {
        char hex[2 * MD5_BYTES];

        str_hex(str_bytes(digests[i], MD5_BYTES), hex);
        CHECK_STR(str_bytes(hex, sizeof(hex)), expected[i]);
    }
}

TEST("every length, in company of every other, with and without vectors of the CPU, is what libcrypto says")
{
    enum { MANY = 1100 };
    static char bytes[MANY];
    static str texts[MANY];
    static uint8_t digests[MANY][MD5_BYTES];
    uint64_t state = 3;

    for (size_t i = 0; i < MANY; i++)
        bytes[i] = (char)unit_random(&state);
    for (size_t i = 0; i < MANY; i++)
        texts[i] = str_bytes(bytes, i * 7919 % MANY);
    for (int avx2 = 0; avx2 <= have_avx2(); avx2++) {
        memset(digests, 0, sizeof(digests));
        many(texts, MANY, digests, avx2);
        for (size_t i = 0; i < MANY; i++)
            if (!CHECK(as_libcrypto(texts[i], digests[i])))
                return;
    }
}

TEST("a group that is not full")
{
    static const str texts[] = { { "k", 1 }, { "", 0 }, { NULL, 0 } };
    uint8_t digests[4][MD5_BYTES] = { { 0 } };

    for (size_t count = 0; count <= 3; count++) {
        md5_many(texts, count, digests);
        for (size_t i = 0; i < count; i++)
            CHECK(as_libcrypto(texts[i].at ? texts[i] : STR(""), digests[i]));
        CHECK_INT(digests[3][0], 0);
    }
}

UNIT_MAIN
