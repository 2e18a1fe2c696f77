#include "stream/keyring.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

enum {
    PATH_BYTES = 4096,
    VAULT_BYTES_MAX = 64 << 20,
    RETRY_US = 1000000,
    KEYS_MAX = 10000,
    DATA_KEYS_MAX = 200000,
    WHY_BYTES = 256
};

struct keyring {
    struct keyring_config config;
    struct vault *vault;
    struct seal *sealing;   /* used on the committer's thread */
    struct seal *unsealing; /* used on the loop */
    struct seal_nonce nonce;
    bool saving;
    bool unsaved; /* the last attempt failed: the vault is newer than its file */
    int64_t failed_at_us;
    bool is_new, frozen;
    struct list waits; /* struct keyring_wait */
    struct os_job job;
    struct buf text;
    enum err err;
    char path[PATH_BYTES];
};

static enum err entropy(void *context, uint8_t *ret_bytes, size_t size)
{
    struct keyring *keyring = context;

    os_entropy(keyring->config.os, ret_bytes, size);
    return OK;
}

/* ---- open ------------------------------------------------------------------------------------------------------- */

static enum err master_key(struct keyring *keyring, uint8_t ret_key[VAULT_KEY_BYTES], char *ret_why)
{
    const struct keyring_config *config = &keyring->config;
    char path[PATH_BYTES];
    struct os_stat stat;
    char *at;
    size_t size;
    enum err err;

    if (config->dir == NULL && config->master_key == NULL) {
        os_entropy(config->os, ret_key, VAULT_KEY_BYTES);
        return OK;
    }
    if (config->master_key)
        (void)snprintf(path, sizeof(path), "%s", config->master_key);
    else
        (void)snprintf(path, sizeof(path), "%s/master.key", config->dir);
    err = os_read_file(config->os, path, 1024, &at, &size);
    if (err == ERR_MISSING && config->dir && os_stat(config->os, keyring->path, &stat) == OK) {
        (void)snprintf(ret_why, WHY_BYTES, "the master key %.150s is missing, and vault.json needs it: put the copy there that you kept", path);
        return err;
    }
    if (err == ERR_MISSING) {
        os_entropy(config->os, ret_key, VAULT_KEY_BYTES);
        err = os_replace_file(config->os, path, str_bytes(ret_key, VAULT_KEY_BYTES));
    } else if (err == OK) {
        if (size == VAULT_KEY_BYTES)
            memcpy(ret_key, at, VAULT_KEY_BYTES);
        else
            err = ERR_CORRUPT;
        OPENSSL_cleanse(at, size);
        free(at);
    }
    if (err != OK)
        (void)snprintf(ret_why, WHY_BYTES, "the master key %.150s: %s", path,
                       err == ERR_CORRUPT ? "it is not 32 bytes long; put the copy there that you kept" : err_sentence(err));
    return err;
}

static enum err load(struct keyring *keyring, const struct vault_settings *settings, char *ret_why)
{
    struct arena arena;
    str sentence = { 0 };
    char *at;
    size_t size;
    enum err err = keyring->config.dir ? os_read_file(keyring->config.os, keyring->path, VAULT_BYTES_MAX, &at, &size)
                                       : ERR_MISSING;

    if (err == ERR_MISSING) {
        keyring->is_new = true;
        return vault_create(settings, &keyring->vault);
    }
    if (err != OK) {
        (void)snprintf(ret_why, WHY_BYTES, "%.150s: %s", keyring->path, err_sentence(err));
        return err;
    }
    arena_init(&arena, VAULT_BYTES_MAX * 2);
    err = vault_parse(settings, str_bytes(at, size), &arena, &keyring->vault, &sentence);
    if (err != OK)
        (void)snprintf(ret_why, WHY_BYTES, "%.100s: %.*s Restore it, or master.key, from a copy.", keyring->path,
                       sentence.size < 100 ? (int)sentence.size : 100, str_present(sentence) ? sentence.at : "");
    arena_deinit(&arena);
    free(at);
    return err;
}

enum err keyring_open(const struct keyring_config *config, struct keyring **ret_keyring, char *ret_why)
{
    struct keyring *keyring = calloc(1, sizeof(*keyring));
    uint8_t master[VAULT_KEY_BYTES];
    struct vault_settings settings = { .master_key = master,
                                       .entropy = entropy,
                                       .entropy_context = keyring,
                                       .create_missing = config->create_missing,
                                       .keys_max = KEYS_MAX,
                                       .data_keys_max = DATA_KEYS_MAX,
                                       .bytes_max = VAULT_BYTES_MAX };
    enum err err;

    if (keyring == NULL)
        return ERR_NO_MEMORY;
    keyring->config = *config;
    list_init(&keyring->waits);
    keyring->nonce.epoch = config->epoch;
    if (config->dir)
        (void)snprintf(keyring->path, sizeof(keyring->path), "%s/vault.json", config->dir);
    err = master_key(keyring, master, ret_why);
    if (err == OK)
        err = load(keyring, &settings, ret_why);
    OPENSSL_cleanse(master, sizeof(master));
    if (err == OK)
        err = seal_create(&keyring->sealing);
    if (err == OK)
        err = seal_create(&keyring->unsealing);
    if (err != OK) {
        keyring_close(keyring);
        return err;
    }
    *ret_keyring = keyring;
    return OK;
}

void keyring_close(struct keyring *keyring)
{
    assert(!keyring->saving);
    list_remove(&keyring->waits); /* who still waits is in a list of its own, and is not told */
    seal_destroy(keyring->sealing);
    seal_destroy(keyring->unsealing);
    vault_destroy(keyring->vault);
    free(keyring);
}

struct vault *keyring_vault(struct keyring *keyring)
{
    return keyring->vault;
}

/* ---- saving ----------------------------------------------------------------------------------------------------- */

static void save_failed(struct keyring *keyring)
{
    keyring->unsaved = true;
    keyring->failed_at_us = os_mono_us(keyring->config.os);
}

static void save_work(struct os_job *job)
{
    struct keyring *keyring = container_of(job, struct keyring, job);

    keyring->err = os_replace_file(keyring->config.os, keyring->path, buf_str(&keyring->text));
}

static void tell_waits(struct keyring *keyring, enum err err)
{
    struct list waits, *link;

    list_init(&waits);
    list_take_all(&waits, &keyring->waits);
    while ((link = list_pop(&waits))) {
        struct keyring_wait *wait = container_of(link, struct keyring_wait, link);

        wait->saved(wait, err);
    }
}

static void save_done(struct os_job *job)
{
    struct keyring *keyring = container_of(job, struct keyring, job);

    OPENSSL_cleanse(keyring->text.at, keyring->text.size);
    buf_deinit(&keyring->text);
    keyring->saving = false;
    if (keyring->err == OK)
        keyring->unsaved = keyring->is_new = false;
    else
        save_failed(keyring);
    if (keyring->err == OK && vault_changed(keyring->vault))
        keyring_save(keyring);
    keyring->config.changed(keyring->config.ctx);
    if (!keyring->saving)
        tell_waits(keyring, keyring->unsaved ? ERR_IO : OK);
}

void keyring_save(struct keyring *keyring)
{
    if (keyring->saving || (!vault_changed(keyring->vault) && !keyring->unsaved))
        return;
    if (keyring->frozen) {
        save_failed(keyring);
        return;
    }
    if (keyring->config.dir == NULL) {
        vault_saved(keyring->vault);
        return;
    }
    buf_init(&keyring->text, VAULT_BYTES_MAX);
    keyring->err = vault_print(keyring->vault, &keyring->text);
    if (keyring->err != OK) {
        buf_deinit(&keyring->text);
        save_failed(keyring);
        return;
    }
    vault_saved(keyring->vault);
    keyring->saving = true;
    keyring->job = (struct os_job){ .work = save_work, .done = save_done };
    os_job_start(keyring->config.worker, keyring->config.loop, &keyring->job);
}

enum err keyring_wait(struct keyring *keyring, struct keyring_wait *wait)
{
    keyring_save(keyring);
    if (keyring->saving) {
        list_push(&keyring->waits, &wait->link);
        return ERR_PENDING;
    }
    return keyring->unsaved ? ERR_IO : OK;
}

bool keyring_knows(const struct keyring *keyring, str key_arn)
{
    struct vault_key key;
    size_t index = 0;

    while (vault_next_key(keyring->vault, &index, &key))
        if (str_eq(key.arn, key_arn))
            return true;
    return false;
}

bool keyring_is_new(const struct keyring *keyring)
{
    return keyring->is_new;
}

void keyring_freeze(struct keyring *keyring)
{
    keyring->frozen = true;
}

/* ---- keys of streams ----------------------------------------------------------------------------------------------
 */

enum { OWNER_BYTES = 24 };

static str owner_of(uint64_t stream_id, char text[static OWNER_BYTES])
{
    return str_bytes(text, (size_t)snprintf(text, OWNER_BYTES, "%016llx", (unsigned long long)stream_id));
}

enum err keyring_current(struct keyring *keyring, struct stream *stream, uint32_t *ret_key_id,
                         const uint8_t **ret_bytes)
{
    char text[OWNER_BYTES];
    str owner = owner_of(stream->id, text);
    enum err err = vault_current_data_key(keyring->vault, stream->record->key_arn, owner, ret_key_id);

    if (err == ERR_MISSING)
        err = vault_new_data_key(keyring->vault, stream->record->key_arn, owner, os_wall_ms(keyring->config.os),
                                 ret_key_id);
    if (err != OK)
        return err;
    if (keyring->unsaved && !keyring->saving && os_mono_us(keyring->config.os) - keyring->failed_at_us < RETRY_US)
        return ERR_IO;
    keyring_save(keyring);
    if (keyring->saving)
        return ERR_PENDING;
    if (keyring->unsaved)
        return ERR_IO;
    return vault_data_key(keyring->vault, *ret_key_id, ret_bytes);
}

void keyring_drop(struct keyring *keyring, uint64_t stream_id)
{
    char text[OWNER_BYTES];

    vault_drop_data_keys(keyring->vault, owner_of(stream_id, text));
    keyring_save(keyring);
}

void keyring_seal(struct keyring *keyring, const uint8_t *key, uint32_t key_id, log_id log, str plain, char *to)
{
    char id[8];

    store_le64(id, log);
    if (seal_encrypt(keyring->sealing, key, key_id, &keyring->nonce, str_bytes(id, sizeof(id)), plain, (uint8_t *)to) !=
        OK)
        abort(); /* libcrypto failed: plaintext must not reach the disk */
}

str keyring_key_arn(const struct keyring *keyring, str sealed)
{
    uint32_t key_id;
    str arn;

    if (seal_key_id(sealed, &key_id) != OK || vault_data_key_arn(keyring->vault, key_id, &arn) != OK)
        return (str){ 0 };
    return arn;
}

enum err keyring_unseal(struct keyring *keyring, log_id log, str sealed, char *to)
{
    const uint8_t *key;
    uint32_t key_id;
    char id[8];

    store_le64(id, log);
    TRY(seal_key_id(sealed, &key_id));
    TRY(vault_data_key(keyring->vault, key_id, &key));
    return seal_decrypt(keyring->unsealing, key, str_bytes(id, sizeof(id)), sealed, (uint8_t *)to);
}
