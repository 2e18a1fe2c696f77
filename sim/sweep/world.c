/* world.c: one server after the other on one simulated disk. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sweep.h"

enum {
    READY_US = 60 * 1000 * 1000,
    STOP_US = 60 * 1000 * 1000,
    REST_US = 2 * 1000 * 1000, /* for what was closed in the last turns */
    SNAPSHOT_BYTES_MIN = 4 << 10, /* early, so that little data has some */
    WORDLESS = 3,              /* allocations: of the server itself and its logger, without which nobody can say anything */
};

#define CREDENTIALS                                                                                                        \
    "{\"users\":[{\"name\":\"sweep\",\"accessKeyId\":\"AKIASWEEPER00001\",\"secretAccessKey\":\"of-a-simulated-user\","      \
    "\"account\":\"123456789012\",\"administrator\":true}]}"

void sweep_init(struct sweep *sweep, uint64_t seed, bool tls)
{
    *sweep = (struct sweep){ .tls = tls };
    arena_init(&sweep->arena, 1 << 20);
    buf_init(&sweep->said, SAID_BYTES_MAX);
    buf_init(&sweep->answer, ANSWER_BYTES_MAX);
    if (sim_create(seed, &sweep->os) != OK || os_mkdir(sweep->os, "/etc") != OK || os_sync_dir(sweep->os, "/") != OK ||
        os_replace_file(sweep->os, "/etc/credentials", STR(CREDENTIALS)) != OK)
        abort();
    sim_set_sync_us(sweep->os, 50, 200);
    caller_init(sweep);
}

void sweep_deinit(struct sweep *sweep)
{
    caller_deinit(sweep);
    os_destroy(sweep->os);
    buf_deinit(&sweep->said);
    buf_deinit(&sweep->answer);
    arena_deinit(&sweep->arena);
}

void wrong(struct sweep *sweep, const char *format, ...)
{
    va_list args;

    if (sweep->why[0])
        return;
    va_start(args, format);
    (void)vsnprintf(sweep->why, sizeof(sweep->why), format, args);
    va_end(args);
}

bool is_wrong(const struct sweep *sweep)
{
    return sweep->why[0] != 0;
}

/* ---- the server ---------------------------------------------------------------------------------------------------- */

static void stopped(void *ctx, int exit_code)
{
    struct sweep *sweep = ctx;

    sweep->stopped = true;
    sweep->exit_code = exit_code;
}

static void lines(void *ctx, str text)
{
    struct sweep *sweep = ctx;
    bool was = points_enter(false);

    while (text.size) {
        str line = str_cut(&text, '\n');

        if (memmem(line.at, line.size, "\"event\":\"ready\"", 15))
            sweep->ready = true;
        if (memmem(line.at, line.size, "\"level\":\"error\"", 15) || memmem(line.at, line.size, "\"level\":\"warn\"", 14)) {
            buf_append(&sweep->said, line);
            buf_append(&sweep->said, STR("\n"));
        }
        if (getenv("LEAT_SWEEP_ALOUD"))
            (void)fprintf(stderr, "%.*s\n", STR_ARG(line));
    }
    (void)points_enter(was);
}

bool world_told(const struct sweep *sweep, const char *text)
{
    return sweep->said.size && memmem(sweep->said.at, sweep->said.size, text, strlen(text));
}

static void read_settings(struct sweep *sweep)
{
    const char *args[] = { "--data", "/data", "--listen", "127.0.0.1:4567", "--tls", sweep->tls ? "auto" : "off",
                           "--credentials", "/etc/credentials", "--limits", "off", "--call-rates", "off",
                           "--kms-create-missing", "--stream", "declared:1", "--log-format", "json", NULL };
    const char *env[] = { NULL };
    struct settings_sources sources = { .args = args, .env = env, .root = true };
    str sentence = { 0 };

    if (settings_read(&sources, &sweep->arena, &sweep->settings, &sentence) != OK) {
        (void)fprintf(stderr, "leat-sweep: settings: %.*s\n", STR_ARG(sentence));
        abort();
    }
    /* Small, so that little data has everything that much data has. */
    sweep->settings.segment_bytes = 16 << 10;
    sweep->settings.backlog_bytes = 64 << 10;
    sweep->settings.settled_bytes = 32 << 10;
    sweep->settings.tail_bytes = 8 << 10;
    sweep->settings.index_cache_bytes = 1 << 10;
    sweep->settings.bucket_ms = 60000;
}

bool world_run(struct sweep *sweep, int64_t within_us, bool (*until)(void *ctx), void *ctx)
{
    bool was = points_enter(true), is = sim_run_until(sweep->os, within_us, until, ctx);

    (void)points_enter(was);
    return is;
}

static bool is_up_or_down(void *ctx)
{
    struct sweep *sweep = ctx;

    return sweep->ready || sweep->stopped;
}

static bool is_down(void *ctx)
{
    return ((struct sweep *)ctx)->stopped;
}

bool world_start(struct sweep *sweep)
{
    struct server_config config = { .os = sweep->os, .settings = &sweep->settings, .stopped = stopped, .ctx = sweep,
                                    .snapshot_bytes_min = SNAPSHOT_BYTES_MIN,
                                    .logger = { .sink = lines, .sink_ctx = sweep, .json = true, .level = LEVEL_INFO, .fd = -1 } };
    enum err err;

    sweep->ready = sweep->stopped = false;
    sweep->exit_code = 0;
    sweep->server = NULL;
    buf_clear(&sweep->said);
    arena_reset(&sweep->arena);
    read_settings(sweep);
    if (os_loop_create(sweep->os, &sweep->loop) != OK || os_loop_create(sweep->os, &sweep->server_loop) != OK)
        abort();
    config.loop = sweep->server_loop;
    (void)points_enter(true);
    err = server_create(&config, &sweep->server);
    (void)points_enter(false);
    if (err != OK) { /* leat says so and ends */
        sweep->server = NULL;
        sweep->stopped = true;
        sweep->exit_code = 1;
        buf_append(&sweep->said, STR("\"event\":\"failed\""));
        return false;
    }
    if (!world_run(sweep, READY_US, is_up_or_down, sweep)) { /* for want of memory it may have had no words for it */
        sweep->ready = !sweep->lasting && ask(sweep, "DescribeLimits", "{}") == 200;
        if (!sweep->ready && !sweep->lasting)
            wrong(sweep, "the start hangs");
    }
    return sweep->ready && !sweep->stopped;
}

static void give_back(struct sweep *sweep)
{
    uintptr_t site;
    size_t held;

    (void)world_run(sweep, REST_US, NULL, NULL);
    (void)points_enter(true);
    if (sweep->server)
        server_destroy(sweep->server);
    (void)points_enter(false);
    sweep->server = NULL;
    held = points_held(&site);
    if (held)
        wrong(sweep, "the server has ended with %d and left %zu pieces of memory, one of 0x%llx", sweep->exit_code, held,
              (unsigned long long)site);
}

void world_stop(struct sweep *sweep)
{
    bool fell = sweep->stopped;

    caller_forget(sweep);
    if (!sweep->stopped) {
        (void)points_enter(true);
        sim_signal(sweep->os, OS_STOP);
        (void)points_enter(false);
        if (!world_run(sweep, STOP_US, is_down, sweep)) {
            wrong(sweep, "the server does not stop");
            return;
        }
    }
    if (sweep->exit_code && !world_told(sweep, "\"event\":\"failed\"") &&
        !(sweep->lasting && points_struck() <= WORDLESS))
        wrong(sweep, "the server %s with %d and without a word", fell ? "ended" : "stopped", sweep->exit_code);
    give_back(sweep);
}

void world_end(struct sweep *sweep, bool power_loss)
{
    caller_forget(sweep);
    if (power_loss)
        sim_crash(sweep->os);
    else
        sim_kill(sweep->os);
    points_forget();
    os_loop_destroy(sweep->loop);
    os_loop_destroy(sweep->server_loop);
    sweep->server = NULL;
}
