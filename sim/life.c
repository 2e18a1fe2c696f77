/* life.c: a run: lives of a server on one disk. Each begins with a start (which may be hit), everything is read back,
 * clients work while things go wrong (trouble.c), and it ends: power loss, kill or an orderly stop. */
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"
#include "sim.h"

enum {
    READY_US = 120 * 1000 * 1000,
    STOP_US = 60 * 1000 * 1000,
    REST_US = 2 * 1000 * 1000, /* for what was closed in the last turns */
    STARTS_MAX = 30, /* in a row that were hit */
    OWN_BYTES = 4 << 20,
    ANSWER_COPIES = 4, /* sealed, plain, written, and the half-grown buffer that it is written to */
    SLOW = 30,
    TOLD_US = 300 * 1000,
};

/* ---- the server --------------------------------------------------------------------------------------------------- */

static void stopped(void *ctx, int exit_code)
{
    struct sim *sim = ctx;

    sim->stopped = true;
    sim->exit_code = exit_code;
    note(sim, "the server has ended with %d", exit_code);
}

/* Lines of the server's log. */
static void lines(void *ctx, str text)
{
    struct sim *sim = ctx;

    while (text.size) {
        str line = str_cut(&text, '\n');

        note(sim, "log %.*s", (int)(line.size > 36 ? line.size - 36 : 0), line.at + (line.size > 36 ? 36 : 0));
        if (memmem(line.at, line.size, "\"event\":\"ready\"", 15))
            sim->ready = true;
        if (memmem(line.at, line.size, "\"event\":\"credentials_loaded\"", 28))
            access_loaded(sim);
        if (memmem(line.at, line.size, "\"event\":\"log_error\"", 19) || memmem(line.at, line.size, "torn by a crash", 15))
            sim->told++;
        sim->complaints += memmem(line.at, line.size, "\"level\":\"error\"", 15) != NULL;
        if (memmem(line.at, line.size, "\"level\":\"error\"", 15) && !sim->trouble && sim->plant == PLANT_NONE)
            refute(sim, "the server complains, and nothing was wrong: %.*s", (int)line.size, line.at);
    }
}

static bool read_settings(struct sim *sim)
{
    const char *args[] = { "--data", "/data", "--listen", "127.0.0.1:4567", "--tls", "off",
                           "--credentials", "/etc/credentials", "--kms-create-missing", "--limits", below(sim, 4) ? "off" : "aws",
                           "--log-format", "json", NULL };
    const char *env[] = { NULL };
    struct settings_sources sources = { .args = args, .env = env, .root = true };
    str sentence = { 0 };

    if (settings_read(&sources, &sim->arena, &sim->settings, &sentence) != OK) {
        refute(sim, "settings: %.*s", STR_ARG(sentence));
        return false;
    }
    /* Small, so that everything that happens to much data happens to little. */
    sim->settings.segment_bytes = (uint64_t)256 << (10 + below(sim, 3));
    sim->settings.backlog_bytes = (uint64_t)4 << 20;
    sim->settings.settled_bytes = (uint64_t)256 << (10 + below(sim, 4));
    sim->settings.tail_bytes = (uint64_t)64 << (10 + below(sim, 6));
    sim->settings.index_cache_bytes = (uint64_t)16 << (10 + below(sim, 6));
    sim->settings.bucket_ms = 60000;
    sim->settings.shard_write_records = 10 + below(sim, 200);
    sim->settings.shard_write_bytes = 1024 + below(sim, 64 << 10);
    sim->settings.shard_read_bytes = (uint64_t)16 << (10 + below(sim, 7));
    sim->settings.fanout_bytes = (uint64_t)4 << (10 + below(sim, 9));
    sim->settings.hot_shard_bytes = 256 + below(sim, 4 << 10);
    return true;
}

/* Whose memory is asked for from now on. */
static void turn(void *ctx, const struct os_loop *loop)
{
    struct sim *sim = ctx;

    heap_enter(loop && loop == sim->server_loop);
}

static bool is_up_or_down(void *ctx)
{
    struct sim *sim = ctx;

    return sim->ready || sim->stopped || sim->failed;
}

bool life_is_down(void *ctx)
{
    struct sim *sim = ctx;

    return sim->stopped || sim->failed || sim_frozen(sim->os);
}

bool life_boot(struct sim *sim)
{
    struct server_config config = { .os = sim->os, .settings = &sim->settings, .stopped = stopped, .ctx = sim,
                                    .snapshot_bytes_min = (uint64_t)1 << (9 + below(sim, 8)),
                                    .logger = { .sink = lines, .sink_ctx = sim, .json = true, .level = LEVEL_INFO, .fd = -1 } };
    enum err err;

    sim->ready = sim->stopped = false;
    sim->told = sim->complaints = 0;
    clock_boot(sim);
    if (!read_settings(sim) || os_loop_create(sim->os, &sim->loop) != OK ||
        os_loop_create(sim->os, &sim->server_loop) != OK)
        abort();
    config.loop = sim->server_loop;
    sim_on_turn(sim->os, turn, sim);
    heap_enter(true);
    err = server_create(&config, &sim->server);
    heap_enter(false);
    if (err == OK)
        (void)sim_run_until(sim->os, READY_US, is_up_or_down, sim);
    else
        sim->server = NULL;
    if (!sim->ready && !sim->trouble)
        refute(sim, "the server does not start, and nothing was wrong");
    return sim->ready && !sim->stopped && !sim_frozen(sim->os);
}

/* ---- ends --------------------------------------------------------------------------------------------------------- */

/* The most that one GetRecords may be asked for here: all that a shard was given. */
static size_t largest_shard(const struct sim *sim)
{
    size_t largest = 0;

    for (size_t i = 0; i < sim->model.stream_count; i++)
        for (size_t j = 0; j < sim->model.streams[i].shard_count; j++)
            if (sim->model.streams[i].shards[j]->bytes > largest)
                largest = sim->model.streams[i].shards[j]->bytes;
    return largest;
}

/* What the settings allow, twice what is in flight (a frame, its copy), a large answer, and what these few streams and
 * clients take. */
static size_t memory_bound(const struct sim *sim)
{
    const struct settings *settings = &sim->settings;

    return (size_t)(settings->tail_bytes + settings->index_cache_bytes + 2 * settings->segment_bytes) +
           ANSWER_COPIES * largest_shard(sim) + OWN_BYTES;
}

/* A server that has ended gives everything back. */
static void give_back(struct sim *sim)
{
    struct heap_count heap;
    struct sim_census census;

    (void)sim_run_until(sim->os, REST_US, NULL, NULL);
    heap_enter(true);
    server_destroy(sim->server);
    heap_enter(false);
    sim->server = NULL;
    heap = heap_count();
    census = sim_count(sim->os, sim->server_loop);
    if (heap.pieces)
        refute(sim, "the server has ended with %d and left %zu bytes in %zu pieces, the oldest %zu bytes of 0x%llx",
               sim->exit_code, heap.bytes, heap.pieces, heap.oldest_bytes, (unsigned long long)heap.oldest_site);
    if (census.files || census.workers || census.sockets || census.listeners || census.timers || census.messages)
        refute(sim, "the server has ended with %d and left %zu files, %zu workers, %zu sockets, %zu listeners, %zu timers, "
               "%zu messages", sim->exit_code, census.files, census.workers, census.sockets, census.listeners,
               census.timers, census.messages);
}

/* The memory of a server that did not end by itself is forgotten, as that of a dead process is. */
void life_end(struct sim *sim, bool power_loss)
{
    struct heap_count heap = heap_count();

    sim->working = false;
    model_tick(sim);
    heap_fail(0, 0);
    if (!sim->failed)
        limit_check(sim);
    limit_forget(sim);
    sim->first_record = sim->model.record_count;
    if (heap.peak_bytes > memory_bound(sim))
        refute(sim, "the server has taken %zu bytes, and %zu are its bound", heap.peak_bytes, memory_bound(sim));
    note(sim, "memory: %zu bytes at most, %zu are the bound, %llu allocations failed", heap.peak_bytes, memory_bound(sim),
         (unsigned long long)heap.failed);
    if (sim->server && sim->stopped)
        give_back(sim);
    note(sim, power_loss ? "the power fails" : "the process is killed");
    if (power_loss)
        sim_crash(sim->os);
    else
        sim_kill(sim->os);
    sim_heal(sim->os);
    sim_lie(sim->os, 0, 0);
    sim_set_capacity(sim->os, DISK_BYTES);
    sim_set_sync_us(sim->os, 100, 2000);
    sim_set_net(sim->os, 200, 0);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        client_forget(&sim->clients[i]);
    follow_forget(sim);
    access_forget(sim);
    conns_forget(sim);
    heap_forget();
    os_loop_destroy(sim->loop);
    os_loop_destroy(sim->server_loop);
    sim->server = NULL;
    sim->trouble = false;
    sim->at_rest = power_loss;
    sim->life++;
}

static void stop(struct sim *sim)
{
    bool harmless = !sim->trouble;

    note(sim, "the server is told to stop");
    sim->trouble = true;
    sim_signal(sim->os, OS_STOP);
    if (!sim_run_until(sim->os, STOP_US, life_is_down, sim) && harmless)
        refute(sim, "the server does not stop");
    else if (sim->exit_code != 0 && harmless)
        refute(sim, "the server stops with %d", sim->exit_code);
}

static void end_somehow(struct sim *sim)
{
    uint64_t pick = below(sim, 10);

    sim->working = false;
    if (!sim->stopped && !sim_frozen(sim->os) && pick < 3)
        stop(sim);
    life_end(sim, sim_frozen(sim->os) || pick % 3 != 0);
}

/* ---- a life ------------------------------------------------------------------------------------------------------- */

static void work(struct sim *sim)
{
    uint64_t pieces = 1 + below(sim, 12);

    sim->pace = below(sim, 6) ? 1 : SLOW;
    trouble_lie(sim);
    trouble_plan(sim);
    if (below(sim, 4) == 0)
        trouble_plan(sim);
    work_start(sim);
    for (uint64_t i = 0; i < pieces && !life_is_down(sim); i++) {
        (void)sim_run_until(sim->os, sim->pace * (1000 + (int64_t)below(sim, 300 * 1000)), life_is_down, sim);
        trouble_meanwhile(sim);
        if (!life_is_down(sim) && below(sim, 20) == 0)
            trouble_pass_days(sim);
    }
    if (sim->stopped && !sim->trouble)
        refute(sim, "the server ends, and nothing was wrong");
    end_somehow(sim);
}

/* ---- a run -------------------------------------------------------------------------------------------------------- */

/* Nothing fails any more, and what has failed has been told of. */
static bool is_well(struct sim *sim)
{
    sim_heal(sim->os);
    heap_fail(0, 0);
    if (sim->trouble)
        (void)sim_run_until(sim->os, TOLD_US, life_is_down, sim);
    return !life_is_down(sim);
}

/* Start until nothing hits it. */
static bool start(struct sim *sim, bool safely)
{
    for (unsigned i = 0; i < STARTS_MAX && !sim->failed; i++) {
        if (!safely && i < STARTS_MAX / 2 && below(sim, 3) == 0) {
            uint64_t nth = 1 + below(sim, below(sim, 2) ? 40 : 400);

            sim->trouble = true;
            if (below(sim, 4) == 0)
                trouble_scarce(sim);
            else if (below(sim, 3))
                sim_crash_at(sim->os, SIM_ANY, nth);
            else
                sim_fail_at(sim->os, below(sim, 3) ? SIM_READ : SIM_ANY, 1 + nth / 4,
                            1 + below(sim, below(sim, 2) ? 4 : 300), ERR_IO);
        }
        if (life_boot(sim) && is_well(sim)) {
            access_booted(sim);
            sim->trouble = false;
            return true;
        }
        if (!sim->failed)
            life_end(sim, sim_frozen(sim->os) || below(sim, 2));
    }
    refute(sim, "the server does not start");
    return false;
}

bool sim_run(struct sim *sim, uint64_t seed, unsigned plant, bool aloud)
{
    *sim = (struct sim){ .seed = seed, .plant = plant };
    sim->trace.aloud = aloud;
    list_init(&sim->conns);
    arena_init(&sim->arena, 1 << 20);
    if (sim_create(seed, &sim->os) != OK || !access_init(sim))
        abort();
    work_init(sim);
    follow_init(sim);
    sim->lives = 2 + (unsigned)below(sim, 6);
    for (unsigned i = 0; i < sim->lives && !sim->failed; i++) {
        if (sim->at_rest && below(sim, 2))
            rot_probe(sim);
        if (sim->failed || !start(sim, false))
            break;
        verify(sim);
        if (!sim->failed)
            work(sim);
    }
    if (!sim->failed && start(sim, true)) {
        verify(sim);
        if (!sim->failed)
            stop(sim);
        if (!sim->failed)
            life_end(sim, true);
    }
    note(sim, "the world's own trace is %016llx", (unsigned long long)sim_trace(sim->os));
    return !sim->failed;
}

void sim_deinit(struct sim *sim)
{
    if (!sim->failed) { /* else callbacks may still look at it */
        work_deinit(sim);
        follow_deinit(sim);
        access_deinit(sim);
        os_destroy(sim->os);
    }
    limit_forget(sim);
    model_deinit(&sim->model);
    arena_deinit(&sim->arena);
}
