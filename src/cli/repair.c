/* repair.c: leat repair: go on with a data directory whose catalog lost commits to damage.
 *
 *   lock -> the log recovers -> the catalog folds what is left -> stream ids that may have been lost are left out
 *        -> a snapshot behind the damage -> closed
 *
 * The snapshot is the repair: no later start meets the damaged place, and nothing that was there is rewritten. The hole
 * stays in the manifest, so reads across it keep saying that something is missing. */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "cli/cli.h"
#include "count/log.h"
#include "log/local/local.h"
#include "server/settings.h"

enum { FORMAT_BYTES_MAX = 64, MIB = 1 << 20, TXN_ARENA_MAX = 1 << 20 };

struct repair_options {
    const char *data, *config;
    bool accept_loss;
};

#define OPTION(field_, type_) .type = (type_), .offset = offsetof(struct repair_options, field_)

static const struct option repair_options[] = {
    { .name = "data",
      .value = "DIR",
      OPTION(data, OPTION_TEXT),
      .manual = "The server's data directory, as in leat serve." },
    { .name = "config", .value = "FILE", OPTION(config, OPTION_TEXT), .manual = "The server's configuration file." },
    { .name = "accept-loss",
      OPTION(accept_loss, OPTION_FLAG),
      .manual = "Go on without what is damaged. Without it nothing is done." },
};

struct repair {
    struct cli *cli;
    const char *dir;
    struct os_file *lock;
    struct os_loop *loop;
    struct os_worker *worker;
    struct count_log count;
    struct log *log;
    struct store *store;
    struct store_txn txn;
    struct os_timer end;
    bool ending;
    int code;
};

/* ---- the end ---------------------------------------------------------------------------------------------------- */

static void closed(void *ctx)
{
    struct repair *repair = ctx;

    if (repair->store)
        store_stop(repair->store);
    os_worker_destroy(repair->worker);
    os_loop_stop(repair->loop);
}

/* In a turn of its own: whoever noticed is still using store and log. */
static void end(struct os_timer *timer)
{
    struct repair *repair = container_of(timer, struct repair, end);

    if (repair->log)
        log_close(repair->log, closed, repair);
    else
        closed(repair);
}

static void finish(struct repair *repair, int code)
{
    if (repair->ending)
        return;
    repair->ending = true;
    repair->code = code;
    os_timer_start(repair->loop, &repair->end, 0);
}

static void fail(struct repair *repair, const char *what, enum err err)
{
    if (!repair->ending)
        cli_fail(repair->cli, EXIT_FAILED, "%s: %s", what, err_sentence(err));
    finish(repair, EXIT_FAILED);
}

/* ---- what log and store tell -------------------------------------------------------------------------------------- */

static struct log_horizon horizon(void *ctx, log_id id)
{
    return (struct log_horizon){ 0 }; /* nothing goes while a repair is made */
}

static void report(void *ctx, int level, str sentence)
{
    printf("%.*s\n", STR_ARG(sentence));
}

static void failed(void *ctx, enum err err, str sentence)
{
    struct repair *repair = ctx;

    if (!repair->ending)
        cli_fail(repair->cli, EXIT_FAILED, "%.*s", STR_ARG(sentence));
    finish(repair, EXIT_FAILED);
}

static enum err changed(void *ctx, str key, str was, str now, ms time)
{
    return OK;
}

/* ---- the steps --------------------------------------------------------------------------------------------------- */

static void kept(void *ctx, enum err err)
{
    struct repair *repair = ctx;
    struct store_loss loss = store_loss(repair->store);

    if (err != OK) {
        fail(repair, "the new snapshot", err);
        return;
    }
    printf("the catalog goes on from what is left: %zu entries; %llu damaged places were passed over, and %llu changes "
           "that rested on what was there are void\n",
           store_count(repair->store), (unsigned long long)loss.places, (unsigned long long)loss.transactions);
    printf("records of streams or shards that the catalog no longer knows are removed ten minutes after the next start\n");
    finish(repair, EXIT_OK);
}

static void skipped(struct store_txn *txn, enum err err)
{
    struct repair *repair = txn->ctx;

    if (err == OK)
        err = store_keep(repair->store, kept, repair);
    if (err != OK)
        fail(repair, "the catalog", err);
}

static void store_opened(void *ctx, enum err err)
{
    struct repair *repair = ctx;
    struct store_loss loss;

    if (err != OK) {
        fail(repair, "the catalog", err);
        return;
    }
    loss = store_loss(repair->store);
    if (loss.places == 0 && loss.transactions == 0) {
        printf("the catalog has lost nothing: nothing had to be done\n");
        finish(repair, EXIT_OK);
        return;
    }
    repair->txn.ctx = repair;
    store_begin(repair->store, &repair->txn, &repair->cli->arena);
    catalog_skip_ids(&repair->txn);
    store_commit(&repair->txn, os_wall_ms(repair->cli->os), skipped);
}

static void log_opened(void *ctx, enum err err, struct log *log)
{
    struct repair *repair = ctx;
    struct store_config config = { .os = repair->cli->os,
                                   .loop = repair->loop,
                                   .worker = repair->worker,
                                   .log = log,
                                   .log_id = CATALOG_LOG,
                                   .dir = repair->dir,
                                   .name = "catalog",
                                   .changed = changed,
                                   .failed = failed,
                                   .report = report,
                                   .accept_loss = true,
                                   .ctx = repair };

    repair->log = log;
    os_entropy(repair->cli->os, &config.seed, sizeof(config.seed));
    if (err == OK)
        err = store_open(&config, store_opened, &repair->store);
    if (err != OK)
        fail(repair, "the log", err);
}

static enum err start(struct repair *repair)
{
    struct log_local_config config = { .os = repair->cli->os,
                                       .loop = repair->loop,
                                       .dir = repair->dir,
                                       .durability = LOG_SYNC,
                                       .user = { horizon, report, failed, repair },
                                       .tail_bytes_max = 64 * MIB,
                                       .backlog_bytes_max = (uint64_t)1 << 50,
                                       .queue_bytes_max = 16 * MIB,
                                       .segment_bytes_max = 64 * MIB,
                                       .settled_bytes_max = (uint64_t)1024 * MIB,
                                       .bucket_ms = 3600 * 1000,
                                       .index_cache_bytes = 16 * MIB,
                                       .control_log = CATALOG_LOG,
                                       .count = &repair->count };

    return log_local_open(&config, log_opened, repair);
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

/* A directory of ours, of this version, that nobody else has open. */
static bool take_dir(struct repair *repair)
{
    struct cli *cli = repair->cli;
    str format = arena_fmt(&cli->arena, "%s/format", repair->dir);
    str lock = arena_fmt(&cli->arena, "%s/" DATA_LOCK, repair->dir);
    char *at;
    size_t size;
    enum err err;
    bool ours;

    if (!str_present(format) || !str_present(lock))
        return cli_fail(cli, EXIT_FAILED, "%s", err_sentence(ERR_NO_MEMORY)) == EXIT_OK;
    err = os_read_file(cli->os, format.at, FORMAT_BYTES_MAX, &at, &size);
    ours = err == OK && str_eq(str_bytes(at, size), STR("leat 1\n"));
    if (err == OK)
        free(at);
    if (!ours)
        return cli_fail(cli, EXIT_FAILED, "%s is no data directory of this version: %s does not say \"leat 1\"", repair->dir,
                        format.at) == EXIT_OK;
    err = os_open(cli->os, lock.at, OS_READ | OS_WRITE | OS_CREATE, &repair->lock);
    if (err == OK)
        err = os_lock(repair->lock);
    if (err == ERR_LOCKED)
        return cli_fail(cli, EXIT_FAILED, "a server holds %s; stop it first", repair->dir) == EXIT_OK;
    return err == OK || cli_fail(cli, EXIT_FAILED, "%s: %s", lock.at, cli_reason(err)) == EXIT_OK;
}

static int repair_dir(struct repair *repair)
{
    enum err err;

    if (!take_dir(repair))
        return EXIT_FAILED;
    repair->end.fire = end;
    err = os_loop_create(repair->cli->os, &repair->loop);
    if (err == OK)
        err = os_worker_create(repair->cli->os, "files", 1, &repair->worker);
    if (err == OK)
        err = start(repair);
    if (err != OK)
        return cli_fail(repair->cli, EXIT_FAILED, "%s: %s", repair->dir, err_sentence(err));
    os_loop_run(repair->loop);
    if (repair->store)
        store_close(repair->store);
    os_loop_destroy(repair->loop);
    return repair->code;
}

static int run(struct cli *cli, const char *const *args)
{
    struct repair repair = { .cli = cli };
    struct repair_options options = { 0 };
    struct options_rest rest;
    int code;

    if (!cli_options(cli, &repair_command, args, &options, NULL, &rest))
        return EXIT_USAGE;
    if (rest.count > 0)
        return cli_fail(cli, EXIT_USAGE, "\"%.100s\" is too much; see leat repair --help", rest.args[0]);
    repair.dir = cli_data(cli, options.data, options.config);
    if (!repair.dir)
        return EXIT_USAGE;
    if (!options.accept_loss)
        return cli_fail(cli, EXIT_USAGE,
                        "what is lost stays lost: see what it is with leat show %s, keep a copy of the directory, then "
                        "give --accept-loss",
                        repair.dir);
    code = repair_dir(&repair);
    if (repair.lock)
        os_close(repair.lock);
    return code;
}

const struct command repair_command = {
    .name = "repair",
    .usage = "--accept-loss [--data DIR]",
    .summary = "Go on with a data directory whose catalog was damaged, without what is lost.",
    .description =
        "A server does not start when commits of its catalog are lost to damage, because what exists would be\n"
        "guessed. The way back without a loss is a backup. If there is none, this command builds the catalog from\n"
        "what is left and writes a snapshot of it, so that the next start goes on. A stream that was created in\n"
        "what is lost is gone, one that was deleted there is back; records are not touched. The server must be\n"
        "stopped. Keep a copy of the directory first: nothing undoes this.\n",
    .examples = "  leat show /srv/leat\n"
                "      What is damaged; nothing is changed.\n"
                "  cp -a /srv/leat /srv/leat.damaged && leat repair --accept-loss --data /srv/leat\n"
                "      Keep what there is, then go on without what is lost.\n",
    .options = repair_options,
    .option_count = sizeof(repair_options) / sizeof(*repair_options),
    .run = run,
};
