/* files.c: what the data directory holds beside the log.
 *
 *   lock           held while the server runs; a second server is told so
 *   format         one line, "leat 1": the version of the directory. A newer one is refused
 *   token.key      32 bytes that seal iterators and page tokens
 *   ca.pem ca.key  the local authority; server.pem server.key: the certificate it signed
 *
 * Everything here blocks and is done before anything else runs. */
#include <stdio.h>
#include <stdlib.h>

#include "server/room.h"

enum { FORMAT_VERSION = 1, SMALL_FILE_MAX = 1 << 20, NAMES_MAX = 64 };

static void path_of(const struct server *server, const char *name, char ret_path[static PATH_BYTES])
{
    (void)snprintf(ret_path, PATH_BYTES, "%.3900s/%s", server->dir, name);
}

static enum err why(char *ret_why, enum err err, const char *path, const char *what)
{
    (void)snprintf(ret_why, WHY_BYTES, "%.120s: %.130s", path, what ? what : err_sentence(err));
    return err;
}

/* A name in a directory is durable when that directory has been synced: until the first start has come as far as to
 * write the format, that of the data directory, and those above it, may not be. Directories that we may not read were
 * made by others. */
static enum err make_dirs(struct server *server)
{
    char path[PATH_BYTES], above[PATH_BYTES] = "";
    struct os_stat stat;
    bool fresh;

    above[0] = server->dir[0] == '/' ? '/' : '.';
    path_of(server, "format", path);
    fresh = os_stat(server->os, path, &stat) != OK;
    for (size_t i = 1; server->dir[i - 1]; i++) {
        bool found;

        if (server->dir[i] != '/' && server->dir[i] != 0)
            continue;
        memcpy(path, server->dir, i);
        path[i] = 0;
        found = os_stat(server->os, path, &stat) == OK;
        TRY(os_mkdir(server->os, path));
        if (fresh) {
            enum err err = os_sync_dir(server->os, above);

            if (err != OK && !found)
                return err;
        }
        memcpy(above, path, i + 1);
    }
    return OK;
}

/* What may be there before the first start: what a start that was cut short leaves, what is put there to be used. */
static enum err expect_ours(void *ctx, const char *name)
{
    static const char *const names[] = { "lock", "master.key", "ca.pem", "ca.key", "token.key", "lost+found" };

    (void)ctx;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return OK;
    return name[0] == '.' || str_starts(str_of(name), STR("format.")) || str_starts(str_of(name), STR("credentials")) ||
                   str_ends(str_of(name), STR(".conf"))
               ? OK
               : ERR_EXISTS;
}

/* Before anything is written into it: a directory without a format is taken only if it is as good as empty. */
static enum err check_ours(struct server *server, char *ret_why)
{
    char path[PATH_BYTES];
    struct os_stat stat;
    enum err err;

    path_of(server, "format", path);
    if (os_stat(server->os, path, &stat) == OK)
        return OK;
    err = os_list(server->os, server->dir, expect_ours, server);
    if (err == OK)
        return OK;
    return why(ret_why, err, server->dir,
               err == ERR_EXISTS ? "it holds other files and none named format, so it is no data directory: name another "
                                   "with --data"
                                 : NULL);
}

static enum err check_format(struct server *server, char *ret_why)
{
    char path[PATH_BYTES], *at;
    size_t size;
    uint64_t version;
    enum err err;
    str text;

    path_of(server, "format", path);
    err = os_read_file(server->os, path, 64, &at, &size);
    if (err == ERR_MISSING) {
        err = os_replace_file(server->os, path, STR("leat 1\n"));
        return err == OK ? OK : why(ret_why, err, path, NULL);
    }
    if (err != OK)
        return why(ret_why, err, path, NULL);
    text = str_bytes(at, size);
    if (text.size && text.at[text.size - 1] == '\n')
        text.size--;
    if (!str_starts(text, STR("leat ")) || str_u64(str_slice(text, 5, text.size), &version) != OK)
        err = why(ret_why, ERR_CORRUPT, path, "this is not the data directory of a leat: name another with --data");
    else if (version > FORMAT_VERSION)
        err = why(ret_why, ERR_NEWER, path, "written by a newer version of leat; start that version on it");
    free(at);
    return err;
}

enum err files_open(struct server *server, char *ret_why)
{
    char path[PATH_BYTES];
    enum err err;

    if (server->settings->durability == DURABILITY_MEMORY)
        return OK;
    err = make_dirs(server);
    if (err != OK)
        return why(ret_why, err, server->dir, "the directory cannot be made");
    TRY(check_ours(server, ret_why));
    path_of(server, "lock", path);
    err = os_open(server->os, path, OS_READ | OS_WRITE | OS_CREATE, &server->lock);
    if (err != OK)
        return why(ret_why, err, path, "it cannot be written: the directory is read-only or somebody else's");
    err = os_lock(server->lock);
    if (err != OK)
        return why(ret_why, err, server->dir, "another server holds this data directory: stop that one, or name another with --data");
    return check_format(server, ret_why);
}

enum err files_token_key(struct server *server, uint8_t ret_key[SEAL_KEY_BYTES], char *ret_why)
{
    char path[PATH_BYTES], *at;
    struct os_stat stat;
    size_t size;
    enum err err;

    path_of(server, "token.key", path);
    err = server->lock ? os_read_file(server->os, path, SMALL_FILE_MAX, &at, &size) : ERR_MISSING;
    if (err == OK) {
        if (size == SEAL_KEY_BYTES)
            memcpy(ret_key, at, SEAL_KEY_BYTES);
        free(at);
        return size == SEAL_KEY_BYTES ? OK
                                      : why(ret_why, ERR_CORRUPT, path,
                                            "it is not 32 bytes long; remove it, and a new one is made (iterators and page "
                                            "tokens that are out become invalid)");
    }
    if (err != ERR_MISSING)
        return why(ret_why, err, path, NULL);
    os_entropy(server->os, ret_key, SEAL_KEY_BYTES);
    if (server->lock == NULL)
        return OK;
    path_of(server, "manifest", path);
    if (os_stat(server->os, path, &stat) == OK) /* it is not the first start */
        LOG(&server->logger, server_now(server), token_key_made, LOG_TEXT("data", str_of(server->dir)));
    path_of(server, "token.key", path);
    err = os_replace_file(server->os, path, str_bytes(ret_key, SEAL_KEY_BYTES));
    return err == OK ? OK : why(ret_why, err, path, NULL);
}

/* ---- certificates ------------------------------------------------------------------------------------------------- */

static enum err slurp(struct server *server, const char *path, struct buf *ret_text, char *ret_why)
{
    char *at;
    size_t size;
    enum err err = os_read_file(server->os, path, SMALL_FILE_MAX, &at, &size);

    if (err != OK)
        return why(ret_why, err, path, NULL);
    *ret_text = (struct buf){ .at = at, .size = size, .capacity = size, .size_max = SMALL_FILE_MAX };
    return OK;
}

static enum err use(struct server *server, str cert, str key, char *ret_why)
{
    return tls_context_create(cert, key, &server->tls, ret_why);
}

static void made_deinit(struct tls_made *made)
{
    buf_deinit(&made->ca_cert);
    buf_deinit(&made->ca_key);
    buf_deinit(&made->cert);
    buf_deinit(&made->key);
}

/* The names under which the server is reached: loopback, what it listens on, what the settings add. */
static size_t certificate_names(const struct server *server, str names[static NAMES_MAX])
{
    const struct settings *settings = server->settings;
    size_t count = 0;

    names[count++] = STR("localhost");
    names[count++] = STR("127.0.0.1");
    names[count++] = STR("::1");
    names[count++] = STR("*.localhost");
    for (size_t i = 0; i < settings->public_host.count && count < NAMES_MAX; i++)
        names[count++] = str_of(settings->public_host.items[i]);
    return count;
}

static enum err save(struct server *server, const char *name, const struct buf *text, char *ret_why)
{
    char path[PATH_BYTES];
    enum err err;

    if (server->lock == NULL)
        return OK;
    path_of(server, name, path);
    err = os_replace_file(server->os, path, buf_str(text));
    return err == OK ? OK : why(ret_why, err, path, NULL);
}

/* The authority is made once; the server's certificate at each start, for the names of the day. */
static enum err local_certificate(struct server *server, struct tls_made *made, char *ret_why)
{
    char path[PATH_BYTES];
    str names[NAMES_MAX];
    struct os_stat stat;

    path_of(server, "ca.pem", path);
    if (server->lock && os_stat(server->os, path, &stat) == OK) {
        TRY(slurp(server, path, &made->ca_cert, ret_why));
        path_of(server, "ca.key", path);
        TRY(slurp(server, path, &made->ca_key, ret_why));
    } else {
        TRY(tls_make_ca(server_now(server), made));
        TRY(save(server, "ca.key", &made->ca_key, ret_why));
        TRY(save(server, "ca.pem", &made->ca_cert, ret_why));
        LOG(&server->logger, server_now(server), certificate_made, LOG_TEXT("data", str_of(server->dir)));
    }
    TRY(tls_make_server(server_now(server), names, certificate_names(server, names), made));
    return use(server, buf_str(&made->cert), buf_str(&made->key), ret_why);
}

enum err files_tls(struct server *server, char *ret_why)
{
    const struct settings *settings = server->settings;
    struct tls_made made = { 0 };
    enum err err;

    if (settings->tls == TLS_OFF)
        return OK;
    if (settings->tls_cert) {
        err = slurp(server, settings->tls_cert, &made.cert, ret_why);
        if (err == OK)
            err = slurp(server, settings->tls_key ? settings->tls_key : settings->tls_cert, &made.key, ret_why);
        if (err == OK)
            err = use(server, buf_str(&made.cert), buf_str(&made.key), ret_why);
    } else {
        err = local_certificate(server, &made, ret_why);
        if (err != OK && ret_why[0] == 0)
            (void)why(ret_why, err, server->dir,
                      "ca.pem or ca.key cannot be used: restore both, or remove both and clients must trust a new ca.pem");
    }
    made_deinit(&made);
    return err;
}
