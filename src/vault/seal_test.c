/* seal_test.c: what was sealed opens, and nothing else does. */
#include "vault/seal.c"

#include <stdio.h>

#include "unit.h"

static const uint8_t key[SEAL_KEY_BYTES] = { 1, 2, 3 };

TEST("bodies of all sizes open again, and no two are sealed alike")
{
    struct seal_nonce nonce = { .epoch = 3 };
    uint8_t plain[300], sealed[300 + SEAL_OVERHEAD], again[300 + SEAL_OVERHEAD], opened[300];
    struct seal *seal;
    uint32_t id = 0;

    CHECK(seal_create(&seal) == OK);
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)(i * 7);
    for (size_t size = 0; size <= sizeof(plain); size++) {
        str body = str_bytes(sealed, size + SEAL_OVERHEAD);

        CHECK(seal_encrypt(seal, key, 77, &nonce, STR("log"), str_bytes(plain, size), sealed) == OK);
        CHECK(seal_encrypt(seal, key, 77, &nonce, STR("log"), str_bytes(plain, size), again) == OK);
        CHECK(memcmp(sealed, again, size + SEAL_OVERHEAD) != 0);
        CHECK(seal_key_id(body, &id) == OK && id == 77);
        CHECK(seal_decrypt(seal, key, STR("log"), body, opened) == OK);
        CHECK(size == 0 || memcmp(plain, opened, size) == 0);
        CHECK(size < 8 || memmem(sealed, size + SEAL_OVERHEAD, plain, size) == NULL);
    }
    CHECK_INT(nonce.counter, 602);
    CHECK_INT(load_le32(again + 4), 3);
    CHECK_INT(load_le64(again + 8), 601);
    seal_destroy(seal);
}

TEST("a flipped bit anywhere but in the key id, another log, another key: CORRUPT, and nothing leaks")
{
    const str plain = STR("forty-two bytes of something worth keeping");
    struct seal_nonce nonce = { .epoch = 9 };
    uint8_t sealed[100], opened[100], other[SEAL_KEY_BYTES] = { 1, 2, 4 }, zeros[100] = { 0 };
    str body = str_bytes(sealed, plain.size + SEAL_OVERHEAD);
    struct seal *seal;

    CHECK(seal_create(&seal) == OK);
    CHECK(seal_encrypt(seal, key, 1, &nonce, STR("orders"), plain, sealed) == OK);
    for (size_t bit = 32; bit < body.size * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_INT(seal_decrypt(seal, key, STR("orders"), body, opened), ERR_CORRUPT);
        CHECK(memcmp(opened, zeros, plain.size) == 0);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_INT(seal_decrypt(seal, key, STR("order"), body, opened), ERR_CORRUPT);
    CHECK_INT(seal_decrypt(seal, other, STR("orders"), body, opened), ERR_CORRUPT);
    CHECK(seal_decrypt(seal, key, STR("orders"), body, opened) == OK);
    CHECK(str_eq(str_bytes(opened, plain.size), plain));
    seal_destroy(seal);
}

TEST("a body that is cut short is CORRUPT")
{
    struct seal_nonce nonce = { 0 };
    uint8_t sealed[64], opened[64];
    struct seal *seal;
    uint32_t id;

    CHECK(seal_create(&seal) == OK);
    CHECK(seal_encrypt(seal, key, 1, &nonce, STR("a"), STR("hello"), sealed) == OK);
    for (size_t size = 0; size < 5 + SEAL_OVERHEAD; size++)
        CHECK_INT(seal_decrypt(seal, key, STR("a"), str_bytes(sealed, size), opened), ERR_CORRUPT);
    CHECK_INT(seal_key_id(str_bytes(sealed, SEAL_OVERHEAD - 1), &id), ERR_CORRUPT);
    seal_destroy(seal);
}

/* The GCM specification's test case 16, so that what is on disk can be opened by others. */
TEST("the ciphertext is that of the specification")
{
    static const char key_hex[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    static const char plain_hex[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
                                    "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
    static const char expected[] = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48"
                                   "590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853"
                                   "bb2d551b";
    uint8_t spec_key[32], plain[60], aad[20], sealed[60 + SEAL_OVERHEAD];
    struct seal_nonce nonce = { .epoch = 0xbebafecau, .counter = 0x88f8cadeaddbcefau };
    struct seal *seal;
    char hex[152];

    CHECK(seal_create(&seal) == OK);
    CHECK(str_unhex(str_of(key_hex), spec_key) == OK);
    CHECK(str_unhex(str_of(plain_hex), plain) == OK);
    CHECK(str_unhex(STR("feedfacedeadbeeffeedfacedeadbeefabaddad2"), aad) == OK);
    CHECK(seal_encrypt(seal, spec_key, 1, &nonce, str_bytes(aad, 20), str_bytes(plain, 60), sealed) == OK);
    str_hex(str_bytes(sealed + 16, 76), hex);
    CHECK_STR(str_bytes(hex, 152), expected);
    seal_destroy(seal);
}

UNIT_MAIN
