/* show.c: leat show: any file of a data directory, for people. One reader for each format. */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "cli/cli.h"
#include "cli/entry.h"
#include "log/local/local.h"
#include "store/snapshot.h"

enum { SHOW_BYTES_MAX = 1 << 30 };

static void print_line(void *ctx, str text)
{
    fwrite(text.at, 1, text.size, stdout);
    fputc('\n', stdout);
}

/* Of records nothing is shown; the catalog's are ours. */
static void print_batch(void *ctx, log_id log, str body)
{
    if (log == CATALOG_LOG && !entry_print_transaction(body))
        printf("    DAMAGED: this is no transaction of the catalog\n");
}

static enum err show_snapshot(str bytes)
{
    struct snapshot snapshot;
    str key, value;
    log_pos version;

    TRY(snapshot_decode(bytes, &snapshot));
    printf("snapshot: the fold up to position %llu, %llu entries\n", (unsigned long long)snapshot.position,
           (unsigned long long)snapshot.entry_count);
    while (snapshot_next(&snapshot, &key, &value, &version)) {
        printf("  version %llu\n", (unsigned long long)version);
        entry_print(key, value);
    }
    return OK;
}

static bool is_text(str bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if ((unsigned char)bytes.at[i] < 0x20 && bytes.at[i] != '\n' && bytes.at[i] != '\t')
            return false;
    return str_is_utf8(bytes);
}

static bool is_zeros(str bytes)
{
    return bytes.size > 0 && bytes.at[0] == 0 && memcmp(bytes.at, bytes.at + 1, bytes.size - 1) == 0;
}

/* Small files that are not the log's: snapshots, texts, and secrets, which are told of but not shown. */
static enum err show_small(struct cli *cli, const char *path)
{
    char *at;
    size_t size;
    str bytes;
    enum err err = OK;

    TRY(os_read_file(cli->os, path, SHOW_BYTES_MAX, &at, &size));
    bytes = str_bytes(at, size);
    if (str_ends(str_of(path), STR(".key")))
        printf("a secret of %zu bytes, not shown\n", size);
    else if (str_starts(bytes, STR("leatsnap")))
        err = show_snapshot(bytes);
    else if (size == 0)
        printf("empty\n");
    else if (is_zeros(bytes))
        printf("%zu zero bytes: a segment that waits for its use\n", size);
    else if (is_text(bytes))
        fwrite(at, 1, size, stdout);
    else
        err = ERR_UNSUPPORTED;
    free(at);
    return err;
}

static int show(struct cli *cli, const char *path, bool titled)
{
    static const struct log_local_printer printer = { .line = print_line, .batch = print_batch };
    enum err err;

    if (titled)
        printf("%s\n", path);
    err = log_local_show(cli->os, path, &printer);
    if (err == ERR_UNSUPPORTED)
        err = show_small(cli, path);
    fflush(stdout);
    if (err == OK)
        return EXIT_OK;
    if (err == ERR_UNSUPPORTED)
        return cli_fail(cli, EXIT_FAILED, "%s is no file of a data directory", path);
    return cli_fail(cli, EXIT_FAILED, "%s: %s", path, cli_reason(err));
}

static int run(struct cli *cli, const char *const *args)
{
    struct options_rest rest;
    int code = EXIT_OK;

    if (!cli_options(cli, &show_command, args, NULL, NULL, &rest))
        return EXIT_USAGE;
    if (rest.count == 0)
        return cli_fail(cli, EXIT_USAGE, "expected one FILE or more; see leat show --help");
    for (size_t i = 0; i < rest.count; i++)
        if (show(cli, rest.args[i], rest.count > 1) != EXIT_OK)
            code = EXIT_FAILED;
    return code;
}

const struct command show_command = {
    .name = "show",
    .usage = "FILE...",
    .summary = "Print any file of a data directory: frames, batches, runs, snapshots.",
    .description =
        "Every checksum is verified, and what does not match is said with its offset. It may be used while the\n"
        "server runs; the file that is just being written then ends where the reading found its end. What the\n"
        "catalog wrote down is shown as JSON; what is in records is not shown, nor are secrets.\n",
    .examples = "  leat show ~/.local/share/leat/commit-*.log\n"
                "      What was committed and is not yet settled.\n"
                "  leat show /srv/leat/catalog-*.snapshot\n"
                "      The catalog: streams, shards, consumers.\n",
    .run = run,
};
