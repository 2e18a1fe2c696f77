/* vault_text.c: the vault as a JSON text.
 *
 *   { "leatVault": 2,                       the version; a newer one is refused
 *     "check": "<128 hex digits>",          zeros sealed by the master key: tells a wrong one at once
 *     "nextDataKey": 2,                     ids are never given twice
 *     "keys": [ { "arn": "arn:aws:kms:...", "state": "ENABLED", "created": 1767226500000, "deleted": 0,
 *                 "aliases": [ "alias/aws/kinesis" ] } ],
 *     "dataKeys": [ { "id": 1, "key": "arn:aws:kms:...", "owner": "...", "created": 1767226500000,
 *                     "wrapped": "<128 hex digits>" } ],
 *     "seal": "<128 hex digits>" }          zeros sealed by the master key: binds everything before this member
 *
 * A sealed block is that of seal.c with the data key's id in the place of the key id. It binds id, key and owner, so
 * that rows cannot be exchanged; the last one binds the whole text, so that nothing of it can be altered unseen. A text
 * of version 1 has no seal and is read without one. Members come in this order. */
#include <stdlib.h>

#include "codec/json.h"
#include "codec/number.h"
#include "vault/vault_parts.h"

enum { VERSION = 2, VERSION_UNSEALED = 1, DEPTH_MAX = 8 };

#define CHECK_BINDING STR("leat vault")

static const char *const state_names[] = { [VAULT_ENABLED] = "ENABLED",
                                           [VAULT_DISABLED] = "DISABLED",
                                           [VAULT_PENDING_DELETION] = "PENDING_DELETION" };

/* ---- printing ---- */

static void write_text(struct json_writer *writer, const char *key, str value)
{
    json_write_key(writer, str_of(key));
    json_write_string(writer, value);
}

static void write_number(struct json_writer *writer, const char *key, int64_t value)
{
    json_write_key(writer, str_of(key));
    json_write_int(writer, value);
}

static void write_block(struct json_writer *writer, const char *key, const uint8_t block[static WRAPPED_BYTES])
{
    char hex[2 * WRAPPED_BYTES];

    str_hex(str_bytes(block, WRAPPED_BYTES), hex);
    write_text(writer, key, str_bytes(hex, sizeof(hex)));
}

static void write_key(struct json_writer *writer, const struct key *key)
{
    json_write_object_begin(writer);
    write_text(writer, "arn", str_of(key->arn));
    write_text(writer, "state", str_of(state_names[key->state]));
    write_number(writer, "created", key->created_at);
    write_number(writer, "deleted", key->deleted_at);
    json_write_key(writer, STR("aliases"));
    json_write_array_begin(writer);
    list_each(link, &key->aliases)
        json_write_string(writer, str_of(strstr(container_of(link, struct alias, of_key)->arn, "alias/")));
    json_write_array_end(writer);
    json_write_object_end(writer);
}

static void write_data_key(struct json_writer *writer, const struct data_key *data_key)
{
    json_write_object_begin(writer);
    write_number(writer, "id", data_key->id);
    write_text(writer, "key", str_of(data_key->key->arn));
    write_text(writer, "owner", data_key->owner->by_name.key);
    write_number(writer, "created", data_key->created_at);
    write_block(writer, "wrapped", data_key->wrapped);
    json_write_object_end(writer);
}

enum err vault_print(const struct vault *vault, struct buf *ret_text)
{
    uint8_t check[WRAPPED_BYTES], seal[WRAPPED_BYTES];
    size_t begin = ret_text->size;
    struct json_writer writer;

    TRY(vault_make_check(vault, CHECK_BINDING, check));
    json_write_init(&writer, ret_text);
    json_write_object_begin(&writer);
    write_number(&writer, "leatVault", VERSION);
    write_block(&writer, "check", check);
    write_number(&writer, "nextDataKey", vault->next_data_key);
    json_write_key(&writer, STR("keys"));
    json_write_array_begin(&writer);
    for (size_t i = 0; i < vault->keys.count; i++)
        write_key(&writer, vault->in_order[i]);
    json_write_array_end(&writer);
    json_write_key(&writer, STR("dataKeys"));
    json_write_array_begin(&writer);
    list_each(link, &vault->data_key_list)
        write_data_key(&writer, container_of(link, struct data_key, of_vault));
    json_write_array_end(&writer);
    TRY(ret_text->err);
    TRY(vault_make_check(vault, str_slice(buf_str(ret_text), begin, ret_text->size), seal));
    write_block(&writer, "seal", seal);
    json_write_object_end(&writer);
    buf_byte(ret_text, '\n');
    return ret_text->err;
}

/* ---- parsing ---- */

struct reader {
    struct json json;
    struct vault *vault;
    str text; /* as it was before it was read */
};

static enum err read_key(struct reader *reader, const char *key)
{
    struct json_token token;

    TRY(json_expect(&reader->json, JSON_KEY, &token));
    return str_eq(token.text, str_of(key)) ? OK : ERR_MALFORMED;
}

static enum err read_text(struct reader *reader, const char *key, str *ret_text)
{
    struct json_token token;

    TRY(read_key(reader, key));
    TRY(json_expect(&reader->json, JSON_STRING, &token));
    *ret_text = token.text;
    return OK;
}

static enum err read_number(struct reader *reader, const char *key, int64_t *ret_number)
{
    struct json_token token;

    TRY(read_key(reader, key));
    TRY(json_expect(&reader->json, JSON_NUMBER, &token));
    *ret_number = number_int(token.text);
    return *ret_number >= 0 ? OK : ERR_MALFORMED;
}

/* A data key's id, or the next one to be. */
static enum err read_id(struct reader *reader, const char *key, uint32_t *ret_id)
{
    int64_t number;

    TRY(read_number(reader, key, &number));
    if (number < 1 || number > UINT32_MAX)
        return ERR_MALFORMED;
    *ret_id = (uint32_t)number;
    return OK;
}

static enum err read_block(struct reader *reader, const char *key, uint8_t ret_block[static WRAPPED_BYTES])
{
    str hex;

    TRY(read_text(reader, key, &hex));
    return hex.size == 2 * WRAPPED_BYTES ? str_unhex(hex, ret_block) : ERR_MALFORMED;
}

static enum err read_state(struct reader *reader, enum vault_state *ret_state)
{
    str name;

    TRY(read_text(reader, "state", &name));
    for (size_t i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++) {
        if (str_eq(name, str_of(state_names[i]))) {
            *ret_state = (enum vault_state)i;
            return OK;
        }
    }
    return ERR_MALFORMED;
}

static enum err read_aliases(struct reader *reader, struct key *key)
{
    struct json_token token;

    TRY(read_key(reader, "aliases"));
    TRY(json_expect(&reader->json, JSON_ARRAY_BEGIN, &token));
    for (;;) {
        TRY(json_next(&reader->json, &token));
        if (token.kind == JSON_ARRAY_END)
            return OK;
        if (token.kind != JSON_STRING || !vault_is_alias(token.text))
            return ERR_MALFORMED;
        TRY(vault_add_alias(reader->vault, key, token.text));
    }
}

/* One key, whose opening brace has been read. */
static enum err read_one_key(struct reader *reader)
{
    struct json_token token;
    struct key *key;
    str arn;

    TRY(read_text(reader, "arn", &arn));
    if (!vault_is_key_arn(arn))
        return ERR_MALFORMED;
    TRY(vault_add_key(reader->vault, arn, 0, &key));
    TRY(read_state(reader, &key->state));
    TRY(read_number(reader, "created", &key->created_at));
    TRY(read_number(reader, "deleted", &key->deleted_at));
    TRY(read_aliases(reader, key));
    return json_expect(&reader->json, JSON_OBJECT_END, &token);
}

static enum err read_one_data_key(struct reader *reader)
{
    struct vault *vault = reader->vault;
    uint8_t wrapped[WRAPPED_BYTES];
    struct data_key *data_key;
    struct json_token token;
    struct map_node *node;
    str arn, owner;
    ms created_at;
    uint32_t id;

    TRY(read_id(reader, "id", &id));
    TRY(read_text(reader, "key", &arn));
    TRY(read_text(reader, "owner", &owner));
    TRY(read_number(reader, "created", &created_at));
    TRY(read_block(reader, "wrapped", wrapped));
    TRY(json_expect(&reader->json, JSON_OBJECT_END, &token));
    node = map_find(&vault->keys, arn);
    if (node == NULL || owner.size == 0 || owner.size > OWNER_BYTES_MAX || id >= vault->next_data_key)
        return ERR_MALFORMED;
    TRY(vault_add_data_key(vault, container_of(node, struct key, by_arn), owner, id, created_at, &data_key));
    memcpy(data_key->wrapped, wrapped, sizeof(wrapped));
    return vault_unwrap(vault, data_key);
}

static enum err read_list(struct reader *reader, const char *key, enum err (*read_one)(struct reader *))
{
    struct json_token token;

    TRY(read_key(reader, key));
    TRY(json_expect(&reader->json, JSON_ARRAY_BEGIN, &token));
    for (;;) {
        TRY(json_next(&reader->json, &token));
        if (token.kind == JSON_ARRAY_END)
            return OK;
        if (token.kind != JSON_OBJECT_BEGIN)
            return ERR_MALFORMED;
        TRY(read_one(reader));
    }
}

/* What stands before the last member, and the block that binds it. */
static enum err read_seal(struct reader *reader, str *ret_bound, uint8_t ret_seal[static WRAPPED_BYTES])
{
    const char *begin = reader->json.at;

    *ret_bound = str_slice(reader->text, 0, reader->text.size - (size_t)(reader->json.end - begin));
    return read_block(reader, "seal", ret_seal);
}

static enum err read_end(struct reader *reader)
{
    struct json_token token;

    TRY(json_expect(&reader->json, JSON_OBJECT_END, &token));
    return json_expect(&reader->json, JSON_END, &token);
}

static enum err read_vault(struct reader *reader, const char **ret_sentence)
{
    uint8_t check[WRAPPED_BYTES], seal[WRAPPED_BYTES];
    struct json_token token;
    int64_t version;
    str bound = { 0 };

    *ret_sentence = "The vault's text is not as this program writes it.";
    TRY(json_expect(&reader->json, JSON_OBJECT_BEGIN, &token));
    TRY(read_number(reader, "leatVault", &version));
    if (version != VERSION && version != VERSION_UNSEALED) {
        *ret_sentence = "The vault was written by a newer version.";
        return version > VERSION ? ERR_NEWER : ERR_MALFORMED;
    }
    TRY(read_block(reader, "check", check));
    *ret_sentence = "The master key is not the one that this vault was written with, or the vault is damaged.";
    TRY(vault_test_check(reader->vault, CHECK_BINDING, check));
    *ret_sentence = "The vault's text is not as this program writes it.";
    TRY(read_id(reader, "nextDataKey", &reader->vault->next_data_key));
    TRY(read_list(reader, "keys", read_one_key));
    *ret_sentence = "A data key of the vault is malformed, or was altered or moved.";
    TRY(read_list(reader, "dataKeys", read_one_data_key));
    if (version == VERSION_UNSEALED)
        return read_end(reader);
    *ret_sentence = "The vault is damaged: its seal does not belong to what it says.";
    TRY(read_seal(reader, &bound, seal));
    TRY(read_end(reader));
    return vault_test_check(reader->vault, bound, seal);
}

enum err vault_parse(const struct vault_settings *settings, str text, struct arena *arena, struct vault **ret_vault,
                     str *ret_sentence)
{
    const char *sentence = "The vault's text is too long.";
    struct reader reader = { 0 };
    enum err err = ERR_TOO_LARGE;
    char *copy = NULL;

    if (text.size <= settings->bytes_max) {
        TRY(vault_create(settings, &reader.vault));
        reader.text = text;
        copy = malloc(text.size + 1);
        err = ERR_NO_MEMORY;
    }
    if (copy) {
        if (text.size)
            memcpy(copy, text.at, text.size);
        json_init(&reader.json, copy, text.size, DEPTH_MAX);
        err = read_vault(&reader, &sentence);
        free(copy);
    }
    if (err == ERR_EXISTS)
        err = ERR_MALFORMED;
    if (err == ERR_FULL) {
        err = ERR_TOO_LARGE;
        sentence = "The vault holds more keys than the settings allow.";
    }
    if (err != OK) {
        vault_destroy(reader.vault);
        *ret_sentence = arena_str(arena, str_of(sentence));
        return err == ERR_NO_MEMORY || !str_present(*ret_sentence) ? ERR_NO_MEMORY : err;
    }
    reader.vault->changed = false;
    *ret_vault = reader.vault;
    return OK;
}
