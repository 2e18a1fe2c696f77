/* main.c: leat, the program: which command, and what all commands share. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "server/settings.h"

extern char **environ;

enum { CLI_ARENA_MAX = 64 << 20 };

static const struct command *const commands[] = {
    &serve_command,  &put_command, &tail_command, &show_command, &backup_command,
    &repair_command, &ca_command,  &keys_command, &help_command, &version_command,
};

const struct command *const *cli_commands(size_t *ret_count)
{
    *ret_count = sizeof(commands) / sizeof(*commands);
    return commands;
}

const struct command *cli_find(str name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        if (str_eq(name, str_of(commands[i]->name)))
            return commands[i];
    return NULL;
}

int cli_fail(const struct cli *cli, int code, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "leat %s: ", cli->command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

const char *cli_reason(enum err err)
{
    return err == ERR_MISSING ? "there is no such file" : err_sentence(err);
}

const char *cli_env(const struct cli *cli, const char *name)
{
    size_t size = strlen(name);

    for (const char *const *env = cli->env; *env; env++)
        if (strncmp(*env, name, size) == 0 && (*env)[size] == '=')
            return (*env)[size + 1] ? *env + size + 1 : NULL;
    return NULL;
}

bool cli_options(struct cli *cli, const struct command *command, const char *const *args, void *target,
                 struct client_options *client, struct options_rest *ret_rest)
{
    const struct option_set sets[] = {
        { command->options, command->option_count, target },
        { client_option_table, command->client ? client_option_count : 0, client },
    };
    char sentence[OPTIONS_SENTENCE_MAX];

    if (options_read(args, sets, 2, ret_rest, sentence) == OK)
        return true;
    cli_fail(cli, EXIT_USAGE, "%s; see leat %s --help", sentence, command->name);
    return false;
}

enum err cli_settings(struct cli *cli, const char *const *args, struct settings *ret_settings)
{
    const char *file = settings_file(args, cli->env);
    struct settings_sources sources = { .args = args, .env = cli->env, .file = file, .root = geteuid() == 0 };
    char *text = NULL;
    size_t size;
    str sentence = { 0 };
    enum err err = OK;

    if (file)
        err = os_read_file(cli->os, file, SETTINGS_FILE_BYTES_MAX, &text, &size);
    if (err != OK) {
        cli_fail(cli, EXIT_USAGE, "config is \"%.200s\", which cannot be read: %s", file, cli_reason(err));
        return err;
    }
    if (text)
        sources.file_text = str_bytes(text, size);
    err = settings_read(&sources, &cli->arena, ret_settings, &sentence);
    if (err != OK)
        cli_fail(cli, EXIT_USAGE, "%s", str_present(sentence) ? sentence.at : err_sentence(err));
    free(text);
    return err;
}

const char *cli_data(struct cli *cli, const char *data, const char *config)
{
    const char *args[5] = { 0 };
    size_t count = 0;
    struct settings settings;

    if (data) {
        args[count++] = "--data";
        args[count++] = data;
    }
    if (config) {
        args[count++] = "--config";
        args[count++] = config;
    }
    return cli_settings(cli, args, &settings) == OK ? settings.data : NULL;
}

static bool wants_help(const char *const *args)
{
    for (; *args && strcmp(*args, "--") != 0; args++)
        if (strcmp(*args, "--help") == 0 || strcmp(*args, "-h") == 0)
            return true;
    return false;
}

static int print_help(const struct command *command)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    help_command_text(&text, command);
    fwrite(text.at, 1, text.size, stdout);
    buf_deinit(&text);
    return EXIT_OK;
}

static int run(const struct command *command, const char *const *args)
{
    struct cli cli = { .env = (const char *const *)environ, .command = command->name };
    int code;

    if (command != &help_command && wants_help(args))
        return print_help(command);
    if (os_create(&cli.os) != OK)
        return cli_fail(&cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY));
    arena_init(&cli.arena, CLI_ARENA_MAX);
    code = command->run(&cli, args);
    if (fflush(stdout) != 0 && code == EXIT_OK)
        code = cli_fail(&cli, EXIT_FAILED, "the output could not be written");
    arena_deinit(&cli.arena);
    os_destroy(cli.os);
    return code;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv + 1;
    const struct command *command;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return run(&help_command, argc < 2 ? args : args + 1);
    if (strcmp(argv[1], "--version") == 0)
        return run(&version_command, args + 1);
    command = cli_find(str_of(argv[1]));
    if (!command) {
        fprintf(stderr, "leat: there is no command \"%.100s\"; leat help lists them\n", argv[1]);
        return EXIT_USAGE;
    }
    return run(command, args + 1);
}
