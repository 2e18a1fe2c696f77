/* backup.c: leat backup: ask the running server for a consistent copy of its data.
 *
 * Over the socket control.sock in the data directory, in lines: we send `backup DEST`, the server answers any number
 * of `progress TEXT`, then `done` or `error SENTENCE`. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"
#include "cli/cli.h"
#include "server/settings.h"

enum { LINES_BYTES_MAX = 64 << 10 };

struct backup_options {
    const char *data, *config;
};

#define OPTION(field_, type_) .type = (type_), .offset = offsetof(struct backup_options, field_)

static const struct option backup_options[] = {
    { .name = "data",
      .value = "DIR",
      OPTION(data, OPTION_TEXT),
      .manual = "The server's data directory, as in leat serve." },
    { .name = "config", .value = "FILE", OPTION(config, OPTION_TEXT), .manual = "The server's configuration file." },
};

struct backup {
    struct cli *cli;
    struct os_loop *loop;
    struct os_socket *socket;
    const char *dir;
    str request;
    struct os_iov iov;
    struct buf lines;
    struct os_timer over;
    bool tty, closing;
    int code;
};

/* The loop ends when the socket is closed. */
static void finish(struct backup *backup, int code)
{
    if (backup->closing)
        return;
    backup->closing = true;
    backup->code = code;
    os_socket_close(backup->socket);
}

static void take_line(struct backup *backup, str line)
{
    str rest = line, word = str_cut(&rest, ' ');

    if (str_eq(word, STR("progress")) && backup->tty) {
        fprintf(stderr, "\r%.*s\033[K", STR_ARG(rest));
        fflush(stderr);
    }
    if (str_eq(word, STR("done")) || str_eq(word, STR("error"))) {
        if (backup->tty)
            fprintf(stderr, "\r\033[K");
        if (word.at[0] == 'd')
            finish(backup, EXIT_OK);
        else
            finish(backup, cli_fail(backup->cli, EXIT_FAILED, "%.*s", STR_ARG(rest)));
    }
}

static void got_bytes(void *ctx, char *at, size_t size)
{
    struct backup *backup = ctx;

    buf_append(&backup->lines, str_bytes(at, size));
    if (backup->lines.err != OK) {
        finish(backup, cli_fail(backup->cli, EXIT_FAILED, "the server sent a line without an end"));
        return;
    }
    while (!backup->closing) {
        size_t end = str_index(buf_str(&backup->lines), '\n');

        if (end == backup->lines.size)
            return;
        take_line(backup, str_slice(buf_str(&backup->lines), 0, end));
        buf_drop(&backup->lines, end + 1);
    }
}

static void ended(void *ctx, enum err err)
{
    struct backup *backup = ctx;

    finish(backup,
           backup->closing
               ? backup->code
               : cli_fail(
                     backup->cli, EXIT_FAILED,
                     "the server ended the connection before the backup was complete; what was copied is not usable"));
}

static void closed(void *ctx)
{
    struct backup *backup = ctx;

    os_loop_stop(backup->loop);
}

static void wrote(void *ctx, enum err err)
{
    struct backup *backup = ctx;

    if (err != OK)
        finish(backup, backup->closing ? backup->code : cli_fail(backup->cli, EXIT_FAILED, "%s", err_sentence(err)));
}

/* A socket that was never started tells nobody that it is closed. */
static void never_started(struct os_timer *timer)
{
    os_loop_stop(container_of(timer, struct backup, over)->loop);
}

static void connected(void *ctx, enum err err)
{
    static const struct os_socket_events events = { .bytes = got_bytes, .end = ended, .closed = closed };
    struct backup *backup = ctx;

    if (err != OK) {
        finish(backup, cli_fail(backup->cli, EXIT_FAILED,
                                "no server answers at %s/" DATA_CONTROL
                                "; a backup is made by the server that runs with --data %s",
                                backup->dir, backup->dir));
        os_timer_start(backup->loop, &backup->over, 1000);
        return;
    }
    os_socket_start(backup->socket, &events, backup);
    backup->iov = (struct os_iov){ backup->request.at, backup->request.size };
    os_socket_write(backup->socket, &backup->iov, 1, wrote);
}

/* The server's working directory is not ours, so it is told an absolute path. */
static str absolute(struct cli *cli, const char *path)
{
    char here[PATH_MAX];

    if (path[0] == '/')
        return arena_str(&cli->arena, str_of(path));
    return getcwd(here, sizeof(here)) ? arena_fmt(&cli->arena, "%s/%s", here, path) : (str){ 0 };
}

static int run_loop(struct backup *backup, const char *to)
{
    struct cli *cli = backup->cli;
    str dest = absolute(cli, to), address = arena_fmt(&cli->arena, "unix:%s/" DATA_CONTROL, backup->dir);
    enum err err;

    if (!str_present(dest) || !str_present(address) || memchr(dest.at, '\n', dest.size))
        return cli_fail(cli, EXIT_USAGE, "DEST must be a path without line ends");
    backup->request = arena_fmt(&cli->arena, "backup %s\n", dest.at);
    if (!str_present(backup->request) || os_loop_create(cli->os, &backup->loop) != OK)
        return cli_fail(cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY));
    err = os_connect(backup->loop, address, connected, backup, &backup->socket);
    if (err == OK)
        os_loop_run(backup->loop);
    else
        backup->code = cli_fail(cli, EXIT_FAILED, "cannot connect to %s: %s", address.at, err_sentence(err));
    os_loop_destroy(backup->loop);
    if (backup->code == EXIT_OK)
        printf("%s is a complete copy; to restore it, start a server with --data on a copy of it\n", dest.at);
    return backup->code;
}

static int run(struct cli *cli, const char *const *args)
{
    struct backup backup = { .cli = cli, .tty = isatty(STDERR_FILENO), .over.fire = never_started };
    struct backup_options options = { 0 };
    struct options_rest rest;
    int code;

    if (!cli_options(cli, &backup_command, args, &options, NULL, &rest))
        return EXIT_USAGE;
    if (rest.count != 1)
        return cli_fail(cli, EXIT_USAGE, "expected one DEST, a new or empty directory; see leat backup --help");
    backup.dir = cli_data(cli, options.data, options.config);
    if (!backup.dir)
        return EXIT_USAGE;
    buf_init(&backup.lines, LINES_BYTES_MAX);
    code = run_loop(&backup, rest.args[0]);
    buf_deinit(&backup.lines);
    return code;
}

const struct command backup_command = {
    .name = "backup",
    .usage = "DEST [--data DIR]",
    .summary = "Have the running server copy its data, consistently, while it serves.",
    .description =
        "DEST is a new or empty directory on the server's machine. Everything that was acknowledged before the\n"
        "command began is in the copy. The master key is copied only if it lives in the data directory. A\n"
        "restore is a copy back.\n",
    .examples = "  leat backup /mnt/backup/leat-$(date +%F)\n"
                "      A copy for each day.\n"
                "  leat backup /tmp/copy --data /srv/leat && leat serve --data /tmp/copy --listen 127.0.0.1:0\n"
                "      Look into a copy with a second server.\n",
    .options = backup_options,
    .option_count = sizeof(backup_options) / sizeof(*backup_options),
    .run = run,
};
