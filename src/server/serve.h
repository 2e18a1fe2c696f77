/* serve.h: a server, from settings to exit code. */
#pragma once

#include "server/logger.h"

struct os;
struct os_loop;
struct server;

struct server_config {
    struct os *os; /* any world; nothing else of the outside is touched, but for what `logger` names */
    struct os_loop *loop;
    const struct settings *settings; /* good as long as the server */
    struct logger_config logger; /* `gathered` is the server's own */
    uint64_t snapshot_bytes_min; /* the catalog's changes that make a snapshot worth writing; 0: 1 MiB */
    uint64_t files_max;          /* descriptors that this process may have; 0: no bound is known */

    /* Requests are taken from now on, or (false) no longer. May be NULL. */
    void (*serving)(void *ctx, bool serving);

    /* Nobody has asked for anything for a second, or many connections have gone: a good moment to give memory back to
     * the system. May be NULL. */
    void (*resting)(void *ctx);

    /* Once, on the loop: everything is closed and given back, and server_destroy may be called when the loop has
     * returned. 0: stopped in order; 1: could not start or go on (told in the log). */
    void (*stopped)(void *ctx, int exit_code);
    void *ctx;
};

/* Begins to start; the loop, which runs afterwards, does the rest. Blocks for a few small files. */
must_use enum err server_create(const struct server_config *config, struct server **ret_server);

/* Stop taking requests, finish those under way, close everything. Idempotent. */
void server_stop(struct server *server);

/* After `stopped`. */
void server_destroy(struct server *server);

enum { CHECK_SENTENCE_BYTES = 1024 };

/* Can the files that the settings name be used? INVALID_ARGUMENT with a sentence that names setting, value and what is
 * allowed. Blocks, and touches nothing. */
must_use enum err server_check(struct os *os, const struct settings *settings,
                               char ret_sentence[static CHECK_SENTENCE_BYTES]);

/* `leat serve`: runs in the real world until told to stop (SIGTERM, SIGINT); the exit code. 2: a wrong setting. */
int serve_main(const struct settings *settings);
