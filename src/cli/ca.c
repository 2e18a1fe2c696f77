/* ca.c: leat ca: the certificate that clients must trust to speak TLS with a server that made its own. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "server/settings.h"

enum { CA_BYTES_MAX = 64 << 10 };

struct ca_options {
    const char *data, *config;
};

#define OPTION(field_, type_) .type = (type_), .offset = offsetof(struct ca_options, field_)

static const struct option ca_options[] = {
    { .name = "data",
      .value = "DIR",
      OPTION(data, OPTION_TEXT),
      .manual = "The server's data directory, as in leat serve." },
    { .name = "config", .value = "FILE", OPTION(config, OPTION_TEXT), .manual = "The server's configuration file." },
};

static int run(struct cli *cli, const char *const *args)
{
    struct ca_options options = { 0 };
    struct options_rest rest;
    const char *dir;
    char *pem;
    size_t size;
    str path;
    enum err err;

    if (!cli_options(cli, &ca_command, args, &options, NULL, &rest))
        return EXIT_USAGE;
    if (rest.count > 0)
        return cli_fail(cli, EXIT_USAGE, "\"%.100s\" is too much; see leat ca --help", rest.args[0]);
    dir = cli_data(cli, options.data, options.config);
    if (!dir)
        return EXIT_USAGE;
    path = arena_fmt(&cli->arena, "%s/" DATA_CA, dir);
    if (!str_present(path))
        return cli_fail(cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY));
    err = os_read_file(cli->os, path.at, CA_BYTES_MAX, &pem, &size);
    if (err == ERR_MISSING)
        return cli_fail(cli, EXIT_FAILED,
                        "there is no %s; a server makes it when it first starts with --data %s and "
                        "without --tls-cert",
                        path.at, dir);
    if (err != OK)
        return cli_fail(cli, EXIT_FAILED, "cannot read %s: %s", path.at, cli_reason(err));
    fwrite(pem, 1, size, stdout);
    free(pem);
    return EXIT_OK;
}

const struct command ca_command = {
    .name = "ca",
    .usage = "[--data DIR]",
    .summary = "Print the certificate of the server's local CA, as PEM.",
    .description = "A server without --tls-cert makes a CA of its own at its first start. Clients that trust this\n"
                   "certificate can use https:// endpoints of that server.\n",
    .examples = "  leat ca > leat-ca.pem && AWS_CA_BUNDLE=leat-ca.pem aws kinesis list-streams \\\n"
                "      --endpoint-url https://127.0.0.1:4567\n"
                "      The AWS CLI over TLS.\n"
                "  NODE_EXTRA_CA_CERTS=<(leat ca) node app.js\n"
                "      Node.js.\n",
    .options = ca_options,
    .option_count = sizeof(ca_options) / sizeof(*ca_options),
    .run = run,
};
