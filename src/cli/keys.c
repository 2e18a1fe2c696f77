/* keys.c: leat keys: the key store of a data directory, as KMS would be used for streams.
 *
 * What changes the store needs the directory's lock: the server has the store in memory and would overwrite it. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "server/settings.h"
#include "vault/vault.h"

enum { VAULT_BYTES_MAX = 64 << 20, KEYS_MAX = 10000, DATA_KEYS_MAX = 1000000, DAYS_DEFAULT = 30 };

struct keys_options {
    const char *data, *config, *master_key, *region, *account;
    uint64_t days;
    bool json;
};

#define OPTION(field_, type_) .type = (type_), .offset = offsetof(struct keys_options, field_)

static const struct option keys_options[] = {
    { .name = "data",
      .value = "DIR",
      OPTION(data, OPTION_TEXT),
      .manual = "The server's data directory, as in leat serve." },
    { .name = "config", .value = "FILE", OPTION(config, OPTION_TEXT), .manual = "The server's configuration file." },
    { .name = "master-key",
      .value = "FILE",
      OPTION(master_key, OPTION_TEXT),
      .manual = "If it is not DIR/master.key; as in leat serve." },
    { .name = "region",
      .value = "REGION",
      OPTION(region, OPTION_TEXT),
      .manual = "Of new keys and of aliases; else the server's." },
    { .name = "account",
      .value = "ACCOUNT",
      OPTION(account, OPTION_TEXT),
      .manual = "Of new keys and of aliases; else the server's." },
    { .name = "days",
      .value = "N",
      OPTION(days, OPTION_COUNT),
      .min = 7,
      .max = 30,
      .manual = "schedule-deletion: how long the deletion waits (30)." },
    { .name = "json", OPTION(json, OPTION_FLAG), .manual = "list: one JSON object per line." },
};

struct keys {
    struct cli *cli;
    struct keys_options options;
    struct settings settings;
    str region, account;
    const char *dir;
    str vault_path;
    struct os_file *lock;
    struct vault *vault;
};

static enum err entropy(void *ctx, uint8_t *ret_bytes, size_t size)
{
    struct cli *cli = ctx;

    os_entropy(cli->os, ret_bytes, size);
    return OK;
}

/* ---- opening and saving ---------------------------------------------------------------------------------------- */

static bool fail(struct keys *keys, const char *what, enum err err)
{
    cli_fail(keys->cli, EXIT_FAILED, "%s: %s", what, cli_reason(err));
    return false;
}

static bool lock_dir(struct keys *keys)
{
    str path = arena_fmt(&keys->cli->arena, "%s/" DATA_LOCK, keys->dir);
    enum err err;

    if (!str_present(path))
        return fail(keys, keys->dir, ERR_NO_MEMORY);
    err = os_open(keys->cli->os, path.at, OS_READ | OS_WRITE | OS_CREATE, &keys->lock);
    if (err == OK)
        err = os_lock(keys->lock);
    if (err == ERR_LOCKED) {
        cli_fail(keys->cli, EXIT_FAILED, "a server holds %s; stop it first, since it would not notice the change",
                 keys->dir);
        return false;
    }
    return err == OK || fail(keys, path.at, err);
}

/* The master key; made if neither it nor a vault is there. */
static bool read_master(struct keys *keys, bool may_make, uint8_t ret_master[static VAULT_KEY_BYTES])
{
    struct os *os = keys->cli->os;
    str path = arena_fmt(&keys->cli->arena, "%s/" DATA_MASTER_KEY, keys->dir);
    const char *file = keys->settings.master_key ? keys->settings.master_key : path.at;
    struct os_stat stat;
    char *at;
    size_t size;
    enum err err;

    if (!file)
        return fail(keys, keys->dir, ERR_NO_MEMORY);
    err = os_read_file(os, file, 4096, &at, &size);
    if (err == OK) {
        if (size == VAULT_KEY_BYTES)
            memcpy(ret_master, at, VAULT_KEY_BYTES);
        explicit_bzero(at, size);
        free(at);
        if (size == VAULT_KEY_BYTES)
            return true;
        cli_fail(keys->cli, EXIT_FAILED, "%s holds %zu bytes; a master key has %d", file, size, VAULT_KEY_BYTES);
        return false;
    }
    if (err != ERR_MISSING || !may_make || os_stat(os, keys->vault_path.at, &stat) == OK)
        return fail(keys, file, err);
    os_entropy(os, ret_master, VAULT_KEY_BYTES);
    err = os_replace_file(os, file, str_bytes(ret_master, VAULT_KEY_BYTES));
    return err == OK || fail(keys, file, err);
}

static bool open_vault(struct keys *keys, bool may_make)
{
    uint8_t master[VAULT_KEY_BYTES];
    struct vault_settings settings = {
        .master_key = master,
        .entropy = entropy,
        .entropy_context = keys->cli,
        .keys_max = KEYS_MAX,
        .data_keys_max = DATA_KEYS_MAX,
        .bytes_max = VAULT_BYTES_MAX,
    };
    char *text = NULL;
    size_t size = 0;
    str sentence = { 0 };
    enum err err;

    keys->vault_path = arena_fmt(&keys->cli->arena, "%s/" DATA_VAULT, keys->dir);
    if (!str_present(keys->vault_path))
        return fail(keys, keys->dir, ERR_NO_MEMORY);
    if (!read_master(keys, may_make, master))
        return false;
    err = os_read_file(keys->cli->os, keys->vault_path.at, VAULT_BYTES_MAX, &text, &size);
    if (err == ERR_MISSING)
        err = vault_create(&settings, &keys->vault);
    else if (err == OK)
        err = vault_parse(&settings, str_bytes(text, size), &keys->cli->arena, &keys->vault, &sentence);
    explicit_bzero(master, sizeof(master));
    free(text);
    if (err == OK)
        return true;
    if (str_present(sentence))
        cli_fail(keys->cli, EXIT_FAILED, "%s: %s Restore it, or master.key, from a copy.", keys->vault_path.at, sentence.at);
    else
        cli_fail(keys->cli, EXIT_FAILED, "%s: %s", keys->vault_path.at, err_sentence(err));
    return false;
}

static bool save(struct keys *keys)
{
    struct buf text;
    enum err err = OK;

    if (!vault_changed(keys->vault))
        return true;
    buf_init(&text, VAULT_BYTES_MAX);
    err = vault_print(keys->vault, &text);
    if (err == OK)
        err = os_replace_file(keys->cli->os, keys->vault_path.at, buf_str(&text));
    buf_deinit(&text);
    return err == OK || fail(keys, keys->vault_path.at, err);
}

/* ---- the verbs ------------------------------------------------------------------------------------------------- */

static void print_key(const struct keys *keys, const struct vault_key *key)
{
    static const char *const states[] = { "enabled", "disabled", "pending-deletion" };
    char created[DATE_TEXT_MAX], deleted[DATE_TEXT_MAX] = "";

    date_format_iso(key->created_at, created);
    if (key->deleted_at)
        date_format_iso(key->deleted_at, deleted);
    if (keys->options.json)
        printf("{\"arn\":\"%.*s\",\"state\":\"%s\",\"created\":\"%s\"%s%s%s}\n", STR_ARG(key->arn), states[key->state],
               created, *deleted ? ",\"deletion\":\"" : "", deleted, *deleted ? "\"" : "");
    else
        printf("%.*s  %s  made %s%s%s\n", STR_ARG(key->arn), states[key->state], created, *deleted ? "  deletion " : "",
               deleted);
}

static enum err do_list(struct keys *keys, const char *name, const char *alias)
{
    struct vault_key key;
    size_t index = 0;

    while (vault_next_key(keys->vault, &index, &key))
        print_key(keys, &key);
    return OK;
}

static enum err find(struct keys *keys, const char *name, struct vault_key *ret_key)
{
    return vault_find(keys->vault, keys->region, keys->account, str_of(name), os_wall_ms(keys->cli->os), ret_key);
}

/* Views of a key end when the vault changes, so the ARN is copied first. */
static enum err set_state(struct keys *keys, const char *name, enum vault_state state, ms deleted_at)
{
    struct vault_key key;
    str arn;

    TRY(find(keys, name, &key));
    arn = arena_str(&keys->cli->arena, key.arn);
    if (!str_present(arn))
        return ERR_NO_MEMORY;
    TRY(vault_set_state(keys->vault, arn, state, deleted_at));
    TRY(vault_find(keys->vault, keys->region, keys->account, arn, os_wall_ms(keys->cli->os), &key));
    print_key(keys, &key);
    return OK;
}

static enum err do_new(struct keys *keys, const char *name, const char *alias)
{
    struct vault_key key;

    TRY(vault_new_key(keys->vault, keys->region, keys->account, os_wall_ms(keys->cli->os), &key));
    print_key(keys, &key);
    return OK;
}

static enum err do_alias(struct keys *keys, const char *name, const char *alias)
{
    struct vault_key key;
    str arn;

    TRY(find(keys, name, &key));
    arn = arena_str(&keys->cli->arena, key.arn);
    if (!str_present(arn))
        return ERR_NO_MEMORY;
    return vault_set_alias(keys->vault, arn, str_of(alias));
}

static enum err do_enable(struct keys *keys, const char *name, const char *alias)
{
    return set_state(keys, name, VAULT_ENABLED, 0);
}

static enum err do_disable(struct keys *keys, const char *name, const char *alias)
{
    return set_state(keys, name, VAULT_DISABLED, 0);
}

static enum err do_schedule(struct keys *keys, const char *name, const char *alias)
{
    return set_state(keys, name, VAULT_PENDING_DELETION, os_wall_ms(keys->cli->os) + (ms)keys->options.days * 86400000);
}

static const struct verb {
    const char *name;
    size_t args;
    bool changes;
    enum err (*run)(struct keys *keys, const char *name, const char *alias);
} verbs[] = {
    { "list", 0, false, do_list },    { "new", 0, true, do_new },         { "alias", 2, true, do_alias },
    { "enable", 1, true, do_enable }, { "disable", 1, true, do_disable }, { "schedule-deletion", 1, true, do_schedule },
};

static const struct verb *find_verb(const struct options_rest *rest)
{
    for (size_t i = 0; rest->count > 0 && i < sizeof(verbs) / sizeof(*verbs); i++)
        if (strcmp(rest->args[0], verbs[i].name) == 0 && rest->count == verbs[i].args + 1)
            return &verbs[i];
    return NULL;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static bool read_settings(struct keys *keys)
{
    const struct {
        const char *flag, *value;
    } given[] = {
        { "--data", keys->options.data },
        { "--config", keys->options.config },
        { "--region", keys->options.region },
        { "--account", keys->options.account },
        { "--master-key", keys->options.master_key },
    };
    const char *args[2 * sizeof(given) / sizeof(*given) + 1] = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
        if (given[i].value) {
            args[count++] = given[i].flag;
            args[count++] = given[i].value;
        }
    }
    if (cli_settings(keys->cli, args, &keys->settings) != OK)
        return false;
    keys->dir = keys->settings.data;
    keys->region = str_of(keys->settings.region);
    keys->account = str_of(keys->settings.account);
    return true;
}

static int run_verb(struct keys *keys, const struct verb *verb, const struct options_rest *rest)
{
    enum err err;

    if (verb->changes && !lock_dir(keys))
        return EXIT_FAILED;
    if (!open_vault(keys, verb->changes))
        return EXIT_FAILED;
    err = verb->run(keys, rest->args[1], rest->args[2]);
    if (err == ERR_INVALID_ARGUMENT && rest->count > 2)
        return cli_fail(keys->cli, EXIT_FAILED,
                        "\"%.300s\" is no alias; allowed: alias/NAME of letters, digits and /_-, but not alias/aws/...",
                        rest->args[2]);
    if (err != OK)
        return cli_fail(keys->cli, EXIT_FAILED, "%s: %s", rest->count > 1 ? rest->args[1] : verb->name,
                        err_sentence(err));
    return !verb->changes || save(keys) ? EXIT_OK : EXIT_FAILED;
}

static int run(struct cli *cli, const char *const *args)
{
    struct keys keys = { .cli = cli, .options.days = DAYS_DEFAULT };
    struct options_rest rest = { 0 };
    const struct verb *verb;
    int code;

    if (!cli_options(cli, &keys_command, args, &keys.options, NULL, &rest))
        return EXIT_USAGE;
    verb = find_verb(&rest);
    if (!verb)
        return cli_fail(cli, EXIT_USAGE,
                        "expected list, new, alias KEY alias/NAME, enable KEY, disable KEY or "
                        "schedule-deletion KEY; see leat keys --help");
    if (!read_settings(&keys))
        return EXIT_USAGE;
    code = run_verb(&keys, verb, &rest);
    vault_destroy(keys.vault);
    if (keys.lock)
        os_close(keys.lock);
    return code;
}

const struct command keys_command = {
    .name = "keys",
    .usage = "list | new | alias KEY alias/NAME | enable KEY | disable KEY | schedule-deletion KEY",
    .summary = "Look after the keys that streams are encrypted with.",
    .description =
        "The key store is vault.json in the data directory; it stands for KMS. KEY is an id, an ARN, alias/NAME\n"
        "or the ARN of an alias, as in StartStreamEncryption. Changes need the server to be stopped, because it\n"
        "holds the store in memory. A disabled key makes what it encrypted unreadable until it is enabled again;\n"
        "once a deletion has happened, for ever.\n",
    .examples = "  leat keys new && leat keys list\n"
                "      A new key, then all of them with their states.\n"
                "  leat keys alias 1234abcd-12ab-34cd-56ef-1234567890ab alias/clicks\n"
                "      A name to encrypt streams with: --key-id alias/clicks.\n",
    .options = keys_options,
    .option_count = sizeof(keys_options) / sizeof(*keys_options),
    .run = run,
};
