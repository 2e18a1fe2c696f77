/* check.c: the files that settings name, before anything is touched: one that cannot be used is a wrong setting.
 *
 * They are read again when the server starts; one that goes bad in between is that start's failure. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/credentials.h"
#include "http/tls.h"
#include "server/room.h"

enum { PEM_BYTES_MAX = 1 << 20, CHECK_ARENA_MAX = 64 << 20 };

static enum err refuse(char *ret_sentence, const char *name, const char *path, str reason, const char *allowed)
{
    if (str_ends(reason, STR(".")))
        reason.size--;
    (void)snprintf(ret_sentence, CHECK_SENTENCE_BYTES, "%s is \"%.200s\", which cannot be used: %.*s; allowed: %s",
                   name, path, reason.size < WHY_BYTES ? (int)reason.size : WHY_BYTES, reason.at, allowed);
    return ERR_INVALID_ARGUMENT;
}

static str reason_of(enum err err)
{
    return err == ERR_MISSING ? STR("there is no such file") : str_of(err_sentence(err));
}

static enum err check_credentials(struct os *os, const struct settings *settings, char *ret_sentence)
{
    static const char allowed[] = "a JSON file of users (doc/credentials.md)";
    struct credentials_bounds bounds = { .bytes_max = CREDENTIALS_BYTES_MAX, .users_max = CREDENTIALS_USERS_MAX };
    struct credentials *credentials;
    struct arena arena;
    str sentence = { 0 };
    char *text;
    size_t size;
    enum err err = os_read_file(os, settings->credentials, CREDENTIALS_BYTES_MAX, &text, &size);

    if (err != OK)
        return refuse(ret_sentence, "credentials", settings->credentials, reason_of(err), allowed);
    arena_init(&arena, CHECK_ARENA_MAX);
    err = credentials_parse(str_bytes(text, size), str_of(settings->account), bounds, /* seed: */ 0, &arena,
                            &credentials, &sentence);
    if (err == OK)
        credentials_give(credentials);
    else
        err = refuse(ret_sentence, "credentials", settings->credentials,
                     str_present(sentence) ? sentence : reason_of(err), allowed);
    arena_deinit(&arena);
    free(text);
    return err;
}

static enum err read_pem(struct os *os, const char *name, const char *path, str *ret_text, char *ret_sentence)
{
    char *at;
    size_t size;
    enum err err = os_read_file(os, path, PEM_BYTES_MAX, &at, &size);

    if (err != OK)
        return refuse(ret_sentence, name, path, reason_of(err), "a PEM file");
    *ret_text = str_bytes(at, size);
    return OK;
}

static enum err check_certificate(struct os *os, const struct settings *settings, char *ret_sentence)
{
    struct tls_context *context = NULL;
    char why[WHY_BYTES] = "";
    str certificate = { 0 }, key = { 0 };
    enum err err = read_pem(os, "tls-cert", settings->tls_cert, &certificate, ret_sentence);

    if (err == OK)
        err = read_pem(os, "tls-key", settings->tls_key, &key, ret_sentence);
    if (err == OK && tls_context_create(certificate, key, &context, why) != OK)
        err = refuse(ret_sentence, "tls-cert", settings->tls_cert, str_of(why),
                     "a certificate chain as PEM that fits tls-key");
    tls_context_destroy(context);
    free((char *)(uintptr_t)certificate.at);
    free((char *)(uintptr_t)key.at);
    return err;
}

enum err server_check(struct os *os, const struct settings *settings, char ret_sentence[static CHECK_SENTENCE_BYTES])
{
    if (settings->credentials)
        TRY(check_credentials(os, settings, ret_sentence));
    if (settings->tls_cert)
        TRY(check_certificate(os, settings, ret_sentence));
    return OK;
}
