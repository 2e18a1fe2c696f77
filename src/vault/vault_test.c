/* vault_test.c: names find keys, states forbid their use, and the text keeps its secrets and its integrity. */
#include <stdlib.h>

/* The allocation that fails: a sweep counts up to it. */
static size_t allocations_left = (size_t)-1;

static void *failing_calloc(size_t count, size_t size)
{
    return allocations_left-- == 0 ? NULL : calloc(count, size);
}

#define calloc failing_calloc
#include "vault/vault.c"
#include "vault/vault_data_key.c"
#undef calloc

#include <stdio.h>

#include "unit.h"

#define REGION STR("eu-west-1")
#define ACCOUNT STR("123456789012")
#define UUID "1234abcd-12ab-34cd-56ef-1234567890ab"
#define PREFIX "arn:aws:kms:eu-west-1:123456789012:"

static const uint8_t master[VAULT_KEY_BYTES] = { 1, 2, 3 }, other_master[VAULT_KEY_BYTES] = { 1, 2, 4 };

static enum err draw_from(void *context, uint8_t *ret_bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ret_bytes[i] = (uint8_t)(unit_random(context) >> 56);
    return OK;
}

static uint64_t random_state = 42;

static struct vault_settings usual(void)
{
    return (struct vault_settings){ .master_key = master, .entropy = draw_from, .entropy_context = &random_state,
                                    .create_missing = true, .keys_max = 10, .data_keys_max = 20,
                                    .bytes_max = 1 << 20 };
}

static struct vault *create(struct vault_settings settings)
{
    struct vault *vault = NULL;

    CHECK_INT(vault_create(&settings, &vault), OK);
    return vault;
}

static struct vault_key find(struct vault *vault, str name)
{
    struct vault_key key = { 0 };

    CHECK_INT(vault_find(vault, REGION, ACCOUNT, name, 1000, &key), OK);
    return key;
}

static void expect_missing(struct vault *vault, str name)
{
    struct vault_key key;

    CHECK_INT(vault_find(vault, REGION, ACCOUNT, name, 1000, &key), ERR_KMS_NOT_FOUND);
}

TEST("a key is found by id, ARN, alias and alias ARN")
{
    struct vault *vault = create(usual());
    struct vault_key key = find(vault, STR(UUID));

    CHECK_STR(key.arn, PREFIX "key/" UUID);
    CHECK_STR(key.id, UUID);
    CHECK_INT(key.created_at, 1000);
    CHECK(str_eq(find(vault, STR(PREFIX "key/" UUID)).arn, key.arn));
    CHECK_INT(vault_set_alias(vault, key.arn, STR("alias/orders")), OK);
    CHECK(str_eq(find(vault, STR("alias/orders")).arn, key.arn));
    CHECK(str_eq(find(vault, STR(PREFIX "alias/orders")).arn, key.arn));
    CHECK_INT(vault->keys.count, 1);
    vault_destroy(vault);
}

TEST("names that are not known are made on first use, or are not found")
{
    struct vault_settings strict = usual();
    struct vault *vault = create(usual());
    struct vault_key first = find(vault, STR("alias/new")), second = find(vault, STR("alias/new"));

    CHECK(str_eq(first.arn, second.arn) && vault_is_key_id(first.id));
    CHECK(first.id.at[14] == '4');
    CHECK(str_eq(find(vault, STR("mrk-00112233445566778899aabbccddeeff")).id,
                 STR("mrk-00112233445566778899aabbccddeeff")));
    vault_destroy(vault);

    strict.create_missing = false;
    vault = create(strict);
    expect_missing(vault, STR("alias/new"));
    expect_missing(vault, STR(UUID));
    expect_missing(vault, STR(PREFIX "key/" UUID));
    first = find(vault, STR("alias/aws/kinesis"));
    CHECK(str_eq(find(vault, STR(PREFIX "alias/aws/kinesis")).arn, first.arn));
    CHECK_INT(vault->keys.count, 1);
    vault_destroy(vault);
}

TEST("what is no name of a key, of this region, of this account")
{
    struct vault *vault = create(usual());
    struct vault_key key;

    expect_missing(vault, STR(""));
    expect_missing(vault, STR("orders"));
    expect_missing(vault, STR("alias/"));
    expect_missing(vault, STR("alias/a b"));
    expect_missing(vault, STR("1234abcd-12ab-34cd-56ef-1234567890a"));
    expect_missing(vault, STR("1234abcd-12ab-34cd-56ef-1234567890aX"));
    expect_missing(vault, STR("arn:aws:kms:us-east-1:123456789012:key/" UUID));
    expect_missing(vault, STR("arn:aws:kms:eu-west-1:999999999999:key/" UUID));
    expect_missing(vault, STR("arn:aws:kms:eu-west-1:999999999999:alias/aws/kinesis"));
    expect_missing(vault, STR("arn:aws:kms:eu-west-1:123456789012"));
    expect_missing(vault, STR("arn:aws:kinesis:eu-west-1:123456789012:key/" UUID));
    CHECK_INT(vault_find(vault, STR("a region"), ACCOUNT, STR("alias/x"), 0, &key), ERR_KMS_NOT_FOUND);
    CHECK_INT(vault->keys.count, 0);
    vault_destroy(vault);
}

TEST("another account's key is found if it is there")
{
    struct vault *vault = create(usual());
    struct vault_key key;

    CHECK_INT(vault_find(vault, REGION, STR("999999999999"), STR(UUID), 0, &key), OK);
    CHECK_STR(find(vault, STR("arn:aws:kms:eu-west-1:999999999999:key/" UUID)).arn,
              "arn:aws:kms:eu-west-1:999999999999:key/" UUID);
    vault_destroy(vault);
}

TEST("a state forbids the use of a key and of its data keys")
{
    struct vault *vault = create(usual());
    struct vault_key key = find(vault, STR("alias/a"));
    const uint8_t *bytes = NULL;
    uint32_t id, none;

    CHECK_INT(vault_usable(&key), OK);
    CHECK_INT(vault_new_data_key(vault, key.arn, STR("orders"), 1, &id), OK);
    CHECK_INT(vault_data_key(vault, id, &bytes), OK);
    CHECK_INT(vault_set_state(vault, key.arn, VAULT_DISABLED, 0), OK);
    key = find(vault, STR("alias/a"));
    CHECK_INT(vault_usable(&key), ERR_KMS_DISABLED);
    CHECK_INT(vault_data_key(vault, id, &bytes), ERR_KMS_DISABLED);
    CHECK_INT(vault_new_data_key(vault, key.arn, STR("orders"), 1, &none), ERR_KMS_DISABLED);
    CHECK_INT(vault_set_state(vault, key.arn, VAULT_PENDING_DELETION, 5000), OK);
    key = find(vault, STR("alias/a"));
    CHECK_INT(vault_usable(&key), ERR_KMS_INVALID_STATE);
    CHECK_INT(key.deleted_at, 5000);
    CHECK_INT(vault_data_key(vault, id, &bytes), ERR_KMS_INVALID_STATE);
    CHECK_INT(vault_set_state(vault, key.arn, VAULT_ENABLED, 5000), OK);
    CHECK_INT(vault_data_key(vault, id, &bytes), OK);
    CHECK_INT(find(vault, STR("alias/a")).deleted_at, 0);
    CHECK_INT(vault_set_state(vault, STR("arn:nothing"), VAULT_ENABLED, 0), ERR_KMS_NOT_FOUND);
    CHECK_INT(vault_data_key(vault, 99, &bytes), ERR_KMS_NOT_FOUND);
    CHECK_INT(vault_new_data_key(vault, STR("arn:nothing"), STR("orders"), 1, &none), ERR_KMS_NOT_FOUND);
    vault_destroy(vault);
}

TEST("data keys are random, numbered once, and go with their owner")
{
    struct vault *vault = create(usual());
    str arn = find(vault, STR("alias/a")).arn, other = find(vault, STR("alias/b")).arn, found;
    const uint8_t *one = NULL, *two = NULL;
    uint32_t first, second, third, id;

    CHECK_INT(vault_current_data_key(vault, arn, STR("orders"), &id), ERR_MISSING);
    CHECK_INT(vault_new_data_key(vault, arn, STR("orders"), 1, &first), OK);
    CHECK_INT(vault_new_data_key(vault, arn, STR("orders"), 2, &second), OK);
    CHECK_INT(vault_new_data_key(vault, other, STR("clicks"), 3, &third), OK);
    CHECK(first == 1 && second == 2 && third == 3);
    CHECK(vault_data_key(vault, first, &one) == OK && vault_data_key(vault, second, &two) == OK);
    CHECK(memcmp(one, two, VAULT_KEY_BYTES) != 0);
    CHECK(vault_current_data_key(vault, arn, STR("orders"), &id) == OK && id == second);
    CHECK_INT(vault_current_data_key(vault, other, STR("orders"), &id), ERR_MISSING);
    CHECK(vault_data_key_arn(vault, third, &found) == OK && str_eq(found, other));
    vault_drop_data_keys(vault, STR("orders"));
    vault_drop_data_keys(vault, STR("nobody"));
    CHECK_INT(vault_data_key(vault, first, &one), ERR_KMS_NOT_FOUND);
    CHECK_INT(vault_data_key(vault, third, &one), OK);
    CHECK(vault_new_data_key(vault, arn, STR("orders"), 4, &id) == OK && id == 4);
    vault_destroy(vault);
}

TEST("aliases move, and those of the service cannot be given away")
{
    struct vault *vault = create(usual());
    str a = find(vault, STR("alias/a")).arn, b = find(vault, STR("alias/b")).arn;

    CHECK_INT(vault_set_alias(vault, b, STR("alias/a")), OK);
    CHECK(str_eq(find(vault, STR("alias/a")).arn, b) && !str_eq(a, b));
    CHECK_INT(vault_set_alias(vault, a, STR("alias/aws/kinesis")), ERR_INVALID_ARGUMENT);
    CHECK_INT(vault_set_alias(vault, a, STR("a")), ERR_INVALID_ARGUMENT);
    CHECK_INT(vault_set_alias(vault, STR("x"), STR("alias/a")), ERR_KMS_NOT_FOUND);
    vault_destroy(vault);
}

TEST("the bounds on keys, data keys and aliases")
{
    struct vault_settings settings = usual();
    struct vault *vault;
    struct vault_key key;
    enum err err = OK;
    uint32_t id;

    settings.keys_max = 2;
    settings.data_keys_max = 1;
    vault = create(settings);
    CHECK_INT(vault_new_key(vault, STR("no region"), ACCOUNT, 0, &key), ERR_INVALID_ARGUMENT);
    CHECK_INT(vault_new_key(vault, REGION, ACCOUNT, 0, &key), OK);
    CHECK_INT(vault_new_key(vault, REGION, ACCOUNT, 0, &key), OK);
    CHECK_INT(vault_new_key(vault, REGION, ACCOUNT, 0, &key), ERR_FULL);
    CHECK_INT(vault_new_data_key(vault, key.arn, STR("a"), 0, &id), OK);
    CHECK_INT(vault_new_data_key(vault, key.arn, STR("a"), 0, &id), ERR_FULL);
    for (int i = 0; err == OK && i < 100; i++) {
        char name[20];

        (void)snprintf(name, sizeof(name), "alias/%d", i);
        err = vault_set_alias(vault, key.arn, str_of(name));
    }
    CHECK_INT(err, ERR_FULL);
    vault_destroy(vault);
}

/* A vault with two keys and three data keys, as text. */
static void print_example(struct buf *text, uint8_t ret_bytes[static VAULT_KEY_BYTES])
{
    struct vault *vault = create(usual());
    str arn = find(vault, STR("alias/aws/kinesis")).arn, other = find(vault, STR(UUID)).arn;
    const uint8_t *bytes = NULL;
    uint32_t id;

    CHECK_INT(vault_set_alias(vault, arn, STR("alias/more")), OK);
    CHECK_INT(vault_set_state(vault, other, VAULT_PENDING_DELETION, 7), OK);
    CHECK_INT(vault_new_data_key(vault, arn, STR("orders"), 1, &id), OK);
    CHECK_INT(vault_new_data_key(vault, arn, STR("orders"), 2, &id), OK);
    CHECK_INT(vault_new_data_key(vault, arn, STR("cl\"icks"), 3, &id), OK);
    CHECK_INT(vault_data_key(vault, 2, &bytes), OK);
    memcpy(ret_bytes, bytes, VAULT_KEY_BYTES);
    CHECK(vault_changed(vault));
    buf_init(text, 1 << 20);
    CHECK_INT(vault_print(vault, text), OK);
    vault_saved(vault);
    CHECK(!vault_changed(vault));
    vault_destroy(vault);
}

static enum err parse(struct vault_settings settings, str text, struct vault **ret_vault)
{
    struct arena arena;
    str sentence = { 0 };
    enum err err;

    arena_init(&arena, 1 << 16);
    err = vault_parse(&settings, text, &arena, ret_vault, &sentence);
    CHECK((err == OK) == !str_present(sentence));
    arena_deinit(&arena);
    return err;
}

TEST("the text brings everything back, and holds no secret")
{
    uint8_t kept[VAULT_KEY_BYTES];
    char hex[2 * VAULT_KEY_BYTES];
    struct vault *vault = NULL;
    struct vault_key key;
    const uint8_t *bytes = NULL;
    size_t index = 0;
    struct buf text;
    uint32_t id;

    print_example(&text, kept);
    str_hex(str_bytes(kept, sizeof(kept)), hex);
    CHECK(memmem(text.at, text.size, hex, sizeof(hex)) == NULL);
    CHECK_INT(parse(usual(), buf_str(&text), &vault), OK);
    CHECK(!vault_changed(vault));
    CHECK(vault_data_key(vault, 2, &bytes) == OK && memcmp(bytes, kept, sizeof(kept)) == 0);
    CHECK(vault_current_data_key(vault, find(vault, STR("alias/more")).arn, STR("orders"), &id) == OK && id == 2);
    CHECK(str_eq(find(vault, STR("alias/more")).arn, find(vault, STR("alias/aws/kinesis")).arn));
    key = find(vault, STR(UUID));
    CHECK(key.state == VAULT_PENDING_DELETION && key.deleted_at == 7);
    while (vault_next_key(vault, &index, &key))
        CHECK_INT(key.created_at, 1000);
    CHECK_INT(index, 2);
    CHECK(vault_new_data_key(vault, find(vault, STR("alias/more")).arn, STR("new"), 9, &id) == OK && id == 4);
    CHECK(vault_changed(vault));
    vault_destroy(vault);
    buf_deinit(&text);
}

TEST("a wrong master key and an exchanged or altered row are CORRUPT")
{
    struct vault_settings wrong = usual();
    uint8_t kept[VAULT_KEY_BYTES];
    struct vault *vault = NULL;
    struct buf text;
    char *orders;

    print_example(&text, kept);
    wrong.master_key = other_master;
    CHECK_INT(parse(wrong, buf_str(&text), &vault), ERR_CORRUPT);
    orders = memmem(text.at, text.size, "\"orders\"", 8);
    assert(orders);
    orders[1] = 'b';
    CHECK_INT(parse(usual(), buf_str(&text), &vault), ERR_CORRUPT);
    orders[1] = 'o';
    buf_deinit(&text);
}

TEST("no bit of the text can be another")
{
    uint8_t kept[VAULT_KEY_BYTES];
    struct vault *vault = NULL;
    struct buf text;

    print_example(&text, kept);
    for (size_t i = 0; i < text.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            char was = text.at[i], now = (char)(was ^ (1 << bit));
            enum err err;

            text.at[i] = now;
            err = parse(usual(), buf_str(&text), &vault);
            text.at[i] = was;
            if (err != OK)
                continue;
            CHECK(was >= 'a' && was <= 'f' && now >= 'A' && now <= 'F'); /* a digit of the seal, which says the same */
            CHECK(i > text.size - 4 - 2 * WRAPPED_BYTES);
            vault_destroy(vault);
        }
    }
    buf_deinit(&text);
}

/* The text as it was before there was a seal. */
static void unseal(struct buf *text)
{
    char *seal = memmem(text->at, text->size, ",\"seal\":", 8);

    assert(seal);
    text->size = (size_t)(seal - text->at);
    buf_append(text, STR("}\n"));
    text->at[strlen("{\"leatVault\":")] = '1';
}

TEST("a text of the first version has no seal, and gets one when it is written again")
{
    uint8_t kept[VAULT_KEY_BYTES];
    const uint8_t *bytes = NULL;
    struct vault *vault = NULL;
    struct buf text;
    char *version;

    print_example(&text, kept);
    unseal(&text);
    CHECK_INT(parse(usual(), buf_str(&text), &vault), OK);
    CHECK(!vault_changed(vault));
    CHECK(vault_data_key(vault, 2, &bytes) == OK && memcmp(bytes, kept, sizeof(kept)) == 0);
    text.size = 0;
    CHECK_INT(vault_print(vault, &text), OK);
    vault_destroy(vault);
    version = text.at + strlen("{\"leatVault\":");
    CHECK_INT(*version, '2');
    *version = '1';
    CHECK_INT(parse(usual(), buf_str(&text), &vault), ERR_MALFORMED); /* a seal that is there is not passed over */
    unseal(&text);
    *version = '2';
    CHECK_INT(parse(usual(), buf_str(&text), &vault), ERR_MALFORMED); /* nor is one that is missing */
    buf_deinit(&text);
}

TEST("a text that is cut anywhere, of a newer version, or beyond the bounds")
{
    struct vault_settings settings = usual();
    uint8_t kept[VAULT_KEY_BYTES];
    struct vault *vault = NULL;
    struct buf text;
    size_t size;

    print_example(&text, kept);
    for (size = 0; size < text.size - 1; size++)
        CHECK_INT(parse(settings, str_slice(buf_str(&text), 0, size), &vault), ERR_MALFORMED);
    text.at[strlen("{\"leatVault\":")] = '3';
    CHECK_INT(parse(settings, buf_str(&text), &vault), ERR_NEWER);
    text.at[strlen("{\"leatVault\":")] = '2';
    settings.data_keys_max = 2;
    CHECK_INT(parse(settings, buf_str(&text), &vault), ERR_TOO_LARGE);
    settings.bytes_max = 100;
    CHECK_INT(parse(settings, buf_str(&text), &vault), ERR_TOO_LARGE);
    buf_deinit(&text);
}

static enum err no_entropy(void *context, uint8_t *ret_bytes, size_t size)
{
    (void)ret_bytes;
    return *(size_t *)context >= size ? (*(size_t *)context -= size, OK) : ERR_IO;
}

TEST("entropy that fails is passed up")
{
    size_t left = 8;
    struct vault_settings settings = usual();
    struct vault *vault;
    struct vault_key key;

    settings.entropy = no_entropy;
    settings.entropy_context = &left;
    vault = create(settings);
    CHECK_INT(vault_new_key(vault, REGION, ACCOUNT, 0, &key), ERR_IO);
    vault_destroy(vault);
    CHECK_INT(vault_create(&settings, &vault), ERR_IO);
}

/* Make a vault with a key, an alias and a data key while the nth allocation fails. */
static enum err build(size_t nth)
{
    struct vault_settings settings = usual();
    struct vault *vault = NULL;
    struct vault_key key;
    uint32_t id;
    enum err err;

    allocations_left = nth;
    err = vault_create(&settings, &vault);
    if (err == OK)
        err = vault_find(vault, REGION, ACCOUNT, STR("alias/a"), 0, &key);
    if (err == OK)
        err = vault_new_data_key(vault, key.arn, STR("orders"), 0, &id);
    vault_destroy(vault);
    allocations_left = (size_t)-1;
    return err;
}

TEST("each allocation that fails is NO_MEMORY, and nothing is lost")
{
    size_t nth = 0;

    while (build(nth) == ERR_NO_MEMORY)
        nth++;
    CHECK_INT(build(nth), OK);
    CHECK_INT(nth, 6);
}

UNIT_MAIN
