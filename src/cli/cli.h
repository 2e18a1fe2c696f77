/* cli.h: what every command is given, and the table they stand in. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "cli/options.h"
#include "os/os.h"

struct settings;

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct cli {
    struct os *os;
    struct arena arena; /* lives as long as the command */
    const char *const *env;
    const char *command; /* for sentences */
};

struct command {
    const char *name;
    const char *usage;       /* behind the name */
    const char *summary;     /* one line */
    const char *description; /* a paragraph or two, wrapped by hand */
    const char *examples;    /* two, with a sentence each */
    const struct option *options;
    size_t option_count;
    bool client;                                          /* takes the options of cli/client.h as well */
    int (*run)(struct cli *cli, const char *const *args); /* the exit code */
};

extern const struct command serve_command, put_command, tail_command, show_command, backup_command, repair_command,
    ca_command, keys_command, help_command, version_command;

/* All of them, in the order of the help. */
const struct command *const *cli_commands(size_t *ret_count);
const struct command *cli_find(str name);

/* "leat put: SENTENCE" on stderr; returns the exit code given. */
int cli_fail(const struct cli *cli, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Why a file or the memory could not be had, for people. */
const char *cli_reason(enum err err);

/* Read a command's options into `target` (and a client's into `client`, if it is one); what remains into `ret_rest`.
 * False: a sentence has been printed, and the code is EXIT_USAGE. */
struct client_options;
bool cli_options(struct cli *cli, const struct command *command, const char *const *args, void *target,
                 struct client_options *client, struct options_rest *ret_rest);

/* A variable of the environment, or NULL if it is missing or empty. */
const char *cli_env(const struct cli *cli, const char *name);

/* The settings as leat serve would see them with these arguments; a sentence has been printed on failure. */
must_use enum err cli_settings(struct cli *cli, const char *const *args, struct settings *ret_settings);

/* The data directory that --data (or NULL), the configuration file or the environment name. NULL: failed, told. */
const char *cli_data(struct cli *cli, const char *data, const char *config);

/* The help of one command; of all. */
void help_command_text(struct buf *to, const struct command *command);
void help_overview(struct buf *to);
void help_manual(struct buf *to);
