/* help.c: leat help and leat version: everything that the tables of commands, settings and events tell. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "metric/metric.h"
#include "server/logger.h"
#include "server/settings.h"

enum { HELP_BYTES_MAX = 1 << 20 };

void help_command_text(struct buf *to, const struct command *command)
{
    buf_fmt(to, "leat %s %s\n\n%s\n", command->name, command->usage, command->summary);
    if (command->description)
        buf_fmt(to, "\n%s", command->description);
    if (command->examples)
        buf_fmt(to, "\nExamples\n%s", command->examples);
    if (command->option_count > 0) {
        buf_fmt(to, "\nOptions\n");
        options_help(to, command->options, command->option_count);
    }
    if (command->client) {
        buf_fmt(to, "\nReaching the server\n");
        options_help(to, client_option_table, client_option_count);
    }
    if (command == &serve_command)
        settings_help(to);
}

void help_overview(struct buf *to)
{
    size_t count;
    const struct command *const *commands = cli_commands(&count);

    buf_fmt(to, "leat: Amazon Kinesis Data Streams in one program\n\n");
    for (size_t i = 0; i < count; i++)
        buf_fmt(to, "  leat %-8s %s\n", commands[i]->name, commands[i]->summary);
    buf_fmt(to, "\nThe first minute\n"
                "  leat serve --stream clicks:4 &\n"
                "  echo hello | leat put clicks\n"
                "  leat tail clicks\n"
                "\nleat COMMAND --help tells more.\n");
}

/* ---- the manual page ------------------------------------------------------------------------------------------- */

/* roff takes '-' for a hyphen, '\' for its own, and a line that begins with '.' or ''' for a request. */
static void roff(struct buf *to, const char *text)
{
    bool begins = true;

    for (const char *at = text; *at; at++) {
        if (begins && (*at == '.' || *at == '\''))
            buf_append(to, STR("\\&"));
        if (*at == '-')
            buf_append(to, STR("\\-"));
        else if (*at == '\\')
            buf_append(to, STR("\\e"));
        else
            buf_byte(to, *at);
        begins = *at == '\n';
    }
}

static void manual_options(struct buf *to, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_fmt(to, ".TP\n\\fB\\-\\-");
        roff(to, options[i].name);
        buf_fmt(to, "\\fR \\fI");
        roff(to, options[i].value ? options[i].value : "");
        buf_fmt(to, "\\fR\n");
        roff(to, options[i].manual);
        buf_byte(to, '\n');
    }
}

static void manual_command(struct buf *to, const struct command *command)
{
    buf_fmt(to, ".SS leat %s ", command->name);
    roff(to, command->usage);
    buf_byte(to, '\n');
    roff(to, command->summary);
    buf_byte(to, '\n');
    if (command->description) {
        buf_fmt(to, ".PP\n");
        roff(to, command->description);
    }
    manual_options(to, command->options, command->option_count);
    if (command->examples) {
        buf_fmt(to, ".PP\n.nf\n");
        roff(to, command->examples);
        buf_fmt(to, ".fi\n");
    }
}

void help_manual(struct buf *to)
{
    size_t count;
    const struct command *const *commands = cli_commands(&count);

    buf_fmt(to, ".\\\" Made by leat help --man from the tables of commands and settings.\n"
                ".TH LEAT 1\n.SH NAME\nleat \\- Amazon Kinesis Data Streams in one program\n"
                ".SH SYNOPSIS\n.B leat\n.I COMMAND\n[\\fIOPTION\\fR...]\n.SH COMMANDS\n");
    for (size_t i = 0; i < count; i++)
        manual_command(to, commands[i]);
    buf_fmt(to, ".SH REACHING THE SERVER\nOptions of the commands that are clients.\n");
    manual_options(to, client_option_table, client_option_count);
    buf_fmt(to, ".SH SETTINGS\nOf \\fBleat serve\\fR, as flag, as variable, and as key of the configuration file.\n");
    settings_manual(to);
    buf_fmt(to, ".SH EXIT STATUS\n0: done. 1: it could not be done; the sentence on standard error says why.\n"
                "2: the command line, a variable or the configuration file is wrong.\n");
}

/* ---- the commands ---------------------------------------------------------------------------------------------- */

static bool topic(struct buf *to, const char *name)
{
    const struct command *command = cli_find(str_of(name));

    if (strcmp(name, "--man") == 0)
        help_manual(to);
    else if (strcmp(name, "events") == 0)
        logger_events(to);
    else if (strcmp(name, "metrics") == 0)
        metric_help(to);
    else if (strcmp(name, "config") == 0)
        settings_example(to);
    else if (command)
        help_command_text(to, command);
    else
        return false;
    return true;
}

static int run_help(struct cli *cli, const char *const *args)
{
    struct buf text;
    int code = EXIT_OK;

    buf_init(&text, HELP_BYTES_MAX);
    if (!args[0] || strcmp(args[0], "--help") == 0)
        help_overview(&text);
    else if (!topic(&text, args[0]))
        code = cli_fail(cli, EXIT_USAGE,
                        "there is no help on \"%.100s\"; allowed: a command, config, events, metrics, --man", args[0]);
    fwrite(text.at ? text.at : "", 1, text.size, stdout);
    buf_deinit(&text);
    return code;
}

static int run_version(struct cli *cli, const char *const *args)
{
    printf("leat %s\n", LEAT_VERSION);
    return EXIT_OK;
}

const struct command help_command = {
    .name = "help",
    .usage = "[COMMAND | config | events | metrics | --man]",
    .summary = "Tell about a command; print a configuration file, the log's events, the metrics, the manual page.",
    .examples = "  leat help config > leat.conf\n"
                "      Every setting with its default, commented out.\n"
                "  leat help --man | man -l -\n"
                "      The manual page.\n",
    .run = run_help,
};

const struct command version_command = {
    .name = "version",
    .usage = "",
    .summary = "Print the version.",
    .examples = "  leat version\n"
                "      As in \"leat 0.1.0\".\n"
                "  leat --version\n"
                "      The same.\n",
    .run = run_version,
};
