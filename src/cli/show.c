/* show.c: leat show: any file of a data directory, for people. One reader for each format. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int show_file(struct cli *cli, const char *path, bool titled)
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

/* ---- a whole directory ------------------------------------------------------------------------------------------- */

/* One line per file, and one for each damaged place in it. */
struct health {
    struct cli *cli;
    const char *dir, *name;
    struct buf lines; /* of one file: what is damaged */
    char title[200];  /* its first line */
    bool tty, manifest;
    uint64_t next_frame; /* what the next commit segment should begin with, 0: not known */
    size_t files, damaged;
    int percent;
};

static void missing_file(struct health *health, str line)
{
    char name[64];
    struct os_stat stat;
    uint64_t number;
    str path;

    if (!str_starts(line, STR("settled file ")))
        return;
    line = str_slice(line, STR("settled file ").size, line.size);
    if (str_u64(str_slice(line, 0, str_index(line, ':')), &number) != OK)
        return;
    (void)snprintf(name, sizeof(name), "settled-%016llx.log", (unsigned long long)number);
    path = arena_fmt(&health->cli->arena, "%s/%s", health->dir, name);
    if (str_present(path) && os_stat(health->cli->os, path.at, &stat) == ERR_MISSING)
        buf_fmt(&health->lines, "DAMAGED: it names %s, which is missing\n", name);
}

/* The number behind `words` in the line. False if there is none. */
static bool number_behind(str line, str words, uint64_t *ret_number)
{
    const char *found = memmem(line.at, line.size, words.at, words.size);
    size_t at = 0;

    if (found == NULL)
        return false;
    line = str_slice(line, (size_t)(found - line.at) + words.size, line.size);
    while (at < line.size && line.at[at] >= '0' && line.at[at] <= '9')
        at++;
    return str_u64(str_slice(line, 0, at), ret_number) == OK;
}

/* Segments follow each other without a gap: one that ends too early was not torn by a crash, for the next one was
 * begun after all of it was on the disk. */
static void commit_line(struct health *health, str line)
{
    uint64_t number;

    if (str_starts(line, STR("frame ")) && number_behind(line, STR("frame "), &number)) {
        health->next_frame = number + 1;
    } else if (str_starts(line, STR("commit segment")) && number_behind(line, STR("first frame "), &number)) {
        if (health->next_frame != 0 && number > health->next_frame)
            buf_fmt(&health->lines,
                    "DAMAGED: frames %" PRIu64 " to %" PRIu64 " are lost, behind the end of the segment before\n",
                    health->next_frame, number - 1);
        health->next_frame = number;
    }
}

static void health_line(void *ctx, str line)
{
    struct health *health = ctx;

    if (health->title[0] == 0)
        (void)snprintf(health->title, sizeof(health->title), "%.*s", STR_ARG(line));
    if (str_starts(str_of(health->name), STR("commit-")))
        commit_line(health, line);
    if (str_starts(line, STR("DAMAGED")))
        buf_fmt(&health->lines, "%.*s\n", STR_ARG(line));
    if (health->manifest)
        missing_file(health, line);
}

static void health_progress(void *ctx, uint64_t done, uint64_t size)
{
    struct health *health = ctx;
    int percent = size ? (int)(done * 100 / size) : 0;

    if (!health->tty || percent == health->percent)
        return;
    health->percent = percent;
    fprintf(stderr, "\r%s %d%%\033[K", health->name, percent);
}

/* What there is to know of a small file. OK, CORRUPT, or UNSUPPORTED: not ours. */
static enum err small_health(struct health *health, const char *path)
{
    struct snapshot snapshot;
    char *at;
    size_t size;
    enum err err = os_read_file(health->cli->os, path, SHOW_BYTES_MAX, &at, &size);

    TRY(err);
    if (str_ends(str_of(path), STR(".snapshot"))) {
        err = snapshot_decode(str_bytes(at, size), &snapshot);
        if (err == OK)
            (void)snprintf(health->title, sizeof(health->title), "snapshot: the fold up to position %llu, %llu entries",
                           (unsigned long long)snapshot.position, (unsigned long long)snapshot.entry_count);
    } else if (str_starts(str_of(health->name), STR("spare-"))) {
        (void)snprintf(health->title, sizeof(health->title), "a segment that waits for its use");
    } else if (str_starts(str_of(health->name), STR("commit-")) || str_starts(str_of(health->name), STR("settled-")) ||
               health->manifest) {
        err = ERR_CORRUPT; /* its first bytes are not what they should be */
    } else {
        (void)snprintf(health->title, sizeof(health->title), "%zu bytes", size);
    }
    free(at);
    return err;
}

static enum err each_file(void *ctx, const char *name)
{
    struct health *health = ctx;
    struct log_local_printer printer = { .line = health_line, .progress = health_progress, .ctx = health };
    str path = arena_fmt(&health->cli->arena, "%s/%s", health->dir, name), lines;
    struct os_stat stat;
    enum err err;

    if (!str_present(path))
        return ERR_NO_MEMORY;
    if (strcmp(name, "control.sock") == 0 || str_ends(str_of(name), STR(".tmp")) ||
        str_ends(str_of(name), STR(".damaged")) || os_stat(health->cli->os, path.at, &stat) != OK || stat.directory)
        return OK;
    health->name = name;
    health->title[0] = 0;
    health->manifest = strcmp(name, "manifest") == 0;
    buf_clear(&health->lines);
    err = ERR_UNSUPPORTED; /* what a spare segment held before means nothing */
    if (!str_starts(str_of(name), STR("spare-")))
        err = log_local_show(health->cli->os, path.at, &printer);
    if (err == ERR_UNSUPPORTED)
        err = small_health(health, path.at);
    if (health->tty)
        fprintf(stderr, "\r\033[K");
    health->files++;
    if (err == ERR_MISSING) { /* a server that runs has taken it away */
        health->next_frame = 0;
        return OK;
    }
    if (err == OK && health->lines.size == 0) {
        printf("ok       %s: %s\n", name, health->title);
        return OK;
    }
    health->damaged++;
    printf("DAMAGED  %s: %s\n", name, health->title[0] ? health->title : cli_reason(err));
    lines = buf_str(&health->lines);
    while (str_present(lines)) {
        str line = str_cut(&lines, '\n');

        if (line.size > 0)
            printf("           %.*s\n", STR_ARG(line));
    }
    return OK;
}

static int show_directory(struct cli *cli, const char *path)
{
    struct health health = { .cli = cli, .dir = path, .tty = isatty(STDERR_FILENO) != 0 };
    enum err err;

    buf_init(&health.lines, 16 << 20);
    err = os_list(cli->os, path, each_file, &health);
    buf_deinit(&health.lines);
    if (err != OK)
        return cli_fail(cli, EXIT_FAILED, "%s: %s", path, cli_reason(err));
    printf("%zu files, %zu damaged\n", health.files, health.damaged);
    fflush(stdout);
    if (health.damaged > 0)
        return cli_fail(cli, EXIT_FAILED, "%s: %zu of %zu files are damaged", path, health.damaged, health.files);
    return EXIT_OK;
}

static int show(struct cli *cli, const char *path, bool titled)
{
    struct os_stat stat;

    if (os_stat(cli->os, path, &stat) == OK && stat.directory)
        return show_directory(cli, path);
    return show_file(cli, path, titled);
}

static int run(struct cli *cli, const char *const *args)
{
    struct options_rest rest;
    int code = EXIT_OK;

    if (!cli_options(cli, &show_command, args, NULL, NULL, &rest))
        return EXIT_USAGE;
    if (rest.count == 0)
        return cli_fail(cli, EXIT_USAGE, "expected one FILE or DIR or more; see leat show --help");
    for (size_t i = 0; i < rest.count; i++)
        if (show(cli, rest.args[i], rest.count > 1) != EXIT_OK)
            code = EXIT_FAILED;
    return code;
}

const struct command show_command = {
    .name = "show",
    .usage = "FILE|DIR...",
    .summary = "Print any file of a data directory, or the health of all of it.",
    .description =
        "Every checksum is verified, and what does not match is said with its offset; the exit code is then 1. Of\n"
        "a directory each file is checked and told in a line. It may be used while the server runs; the file that\n"
        "is just being written then ends where the reading found its end. What the catalog wrote down is shown as\n"
        "JSON; what is in records is not shown, nor are secrets.\n",
    .examples = "  leat show /srv/leat\n"
                "      Is everything whole?\n"
                "  leat show ~/.local/share/leat/commit-*.log\n"
                "      What was committed and is not yet settled.\n"
                "  leat show /srv/leat/catalog-*.snapshot\n"
                "      The catalog: streams, shards, consumers.\n",
    .run = run,
};
