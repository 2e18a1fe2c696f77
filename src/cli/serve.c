/* serve.c: leat serve: from arguments to settings; the rest is the server's. */
#include "server/serve.h"
#include "cli/cli.h"
#include "server/settings.h"

static int run(struct cli *cli, const char *const *args)
{
    struct settings settings;

    if (cli_settings(cli, args, &settings) != OK)
        return EXIT_USAGE;
    return serve_main(&settings);
}

const struct command serve_command = {
    .name = "serve",
    .usage = "[SETTING...]",
    .summary = "Run the server; the first run needs no setting at all.",
    .description =
        "One port speaks HTTP/1.1 and HTTP/2, with and without TLS. When it is ready it says where it listens,\n"
        "where data lives, how durable a put is, which limits hold and whether signatures are checked.\n"
        "SIGTERM and SIGINT end it: what was taken is finished. SIGHUP re-reads the credentials.\n"
        "\n"
        "Each setting is a flag (--tail-bytes 16MiB), a variable (LEAT_TAIL_BYTES=16MiB) and a key of the file\n"
        "that --config or LEAT_CONFIG names (tail-bytes = 16MiB; leat help config prints one). The flag is\n"
        "the strongest, then the variable, then the file.\n",
    .examples = "  leat serve --stream clicks:4 --stream events --limits off\n"
                "      For tests: two streams are there as soon as it is ready, and nothing is throttled.\n"
                "  leat serve --listen 0.0.0.0:4567 --data /srv/leat --credentials /etc/leat/credentials.json\n"
                "      For others: signatures are checked, policies hold.\n",
    .run = run,
};
