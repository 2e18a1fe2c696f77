/* store_test.c: the store against the model, over restarts and crashes. */
#include "store/test_store.h"

/* ---- the tests -------------------------------------------------------------------------------------------------- */

static void run_two(enum world_kind kind, uint64_t seed)
{
    struct world *world = world_create(kind, seed);
    struct client clients[STORES_MAX];
    struct writer writers[WRITERS * STORES_MAX];
    struct history *history = calloc(1, sizeof(*history));
    struct model *model = calloc(1, sizeof(*model));

    CHECK_INT(world_open(world), OK);
    for (int i = 0; i < STORES_MAX; i++)
        CHECK_INT(client_open(&clients[i], world, NULL), OK);
    writers_start(writers, WRITERS * STORES_MAX, clients, STORES_MAX, 30, history);
    CHECK(sim_run_until(world->os, 600ll * 1000000, is_quiet, history));
    world_run(world, 1000000);
    model_follow(model, world);
    CHECK(history->by_err[OK] > 50 && history->by_err[ERR_CONFLICT] > 5);
    CHECK_INT(history->by_err[OK] + history->by_err[ERR_CONFLICT] + history->by_err[ERR_FULL], history->count);
    compare_verdicts(model, history);
    for (int i = 0; i < STORES_MAX; i++)
        compare(model, &clients[i]);
    clients_close(world, clients, STORES_MAX);
    world_destroy(world);
    free(history);
    free(model);
}

TEST("two stores with several writers each, on one hostile log, reach the model's state and verdicts")
{
    for (uint64_t seed = 1; seed <= 15; seed++)
        run_two(WORLD_HOSTILE, seed);
}

TEST("also when a record is read before its writer hears of it")
{
    for (uint64_t seed = 1; seed <= 15; seed++)
        run_two(WORLD_LATE, seed);
}

TEST("also on the embedded engine")
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        run_two(WORLD_LOCAL, seed);
}

/* Some transactions, then a restart in order, at a random moment. */
static void run_once(struct world *world, struct model *model, struct history *history, unsigned each)
{
    struct client client;
    struct writer writers[WRITERS];

    if (!CHECK_INT(world_open(world), OK) || !CHECK_INT(client_open(&client, world, "/data"), OK))
        return;
    model_follow(model, world);
    compare(model, &client);
    writers_start(writers, each ? WRITERS : 0, &client, 1, each, history);
    sim_run_until(world->os, (int64_t)world_below(world, 60000), is_quiet, history);
    writers_stop(writers, each ? WRITERS : 0);
    if (world_below(world, 2)) {
        world_run(world, 100000);
        model_follow(model, world);
        compare(model, &client);
    }
    CHECK(!client.failed);
    clients_close(world, &client, 1);
    CHECK_INT(history->waiting, 0);
}

TEST("a restart at any moment goes on with the same state, and two snapshots are kept")
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world *world = world_create(WORLD_LOCAL, seed);
        struct history *history = calloc(1, sizeof(*history));
        struct model *model = calloc(1, sizeof(*model));
        int most = 0;

        for (int i = 0; i < 12; i++) {
            run_once(world, model, history, i < 11 ? 20 : 0);
            most = snapshots(world) > most ? snapshots(world) : most;
        }
        compare_verdicts(model, history);
        CHECK_INT(most, 2);
        CHECK(history->by_err[OK] > 100);
        world_destroy(world);
        free(history);
        free(model);
    }
}

TEST("a damaged snapshot is passed over for the older one, again and again")
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct world *world = world_create(WORLD_LOCAL, seed);
        struct history *history = calloc(1, sizeof(*history));
        struct model *model = calloc(1, sizeof(*model));
        int damaged = 0;

        for (int i = 0; i < 25; i++) {
            run_once(world, model, history, 12);
            CHECK(snapshots(world) <= 2);
            if (snapshots(world) == 2) {
                damage_newest(world);
                damaged++;
            }
        }
        CHECK(damaged > 2);
        world_destroy(world);
        free(history);
        free(model);
    }
}

TEST("the log is needed back to the older of two snapshots, and from its start before there are two")
{
    struct world *world = world_create(WORLD_LOCAL, 3);
    struct history *history = calloc(1, sizeof(*history));
    struct client client;
    struct writer writers[WRITERS];
    log_pos needed, before = 0, newest;

    CHECK_INT(world_open(world), OK);
    CHECK_INT(client_open(&client, world, "/data"), OK);
    CHECK_INT(store_needed_from(client.store), 0);
    writers_start(writers, WRITERS, &client, 1, 200, history);
    for (int i = 0; i < 400 && history->waiting; i++) {
        world_run(world, 500);
        needed = store_needed_from(client.store);
        newest = 0;
        CHECK_INT(os_list(world->os, "/data", newest_snapshot, &newest), OK);
        CHECK(needed >= before && (newest == 0 || needed < newest));
        CHECK(needed == 0 || snapshots(world) >= 2);
        before = needed;
    }
    CHECK(before > 0);
    CHECK(sim_run_until(world->os, 60 * 1000000, is_quiet, history));
    clients_close(world, &client, 1);
    world_destroy(world);
    free(history);
}

/* Crash at the nth operation of the disk; what was acknowledged is there afterwards. */
static bool crash_at(uint64_t seed, uint64_t nth, uint64_t *ret_ops)
{
    struct world *world = world_create(WORLD_LOCAL, seed);
    struct history *history = calloc(1, sizeof(*history));
    struct model *model = calloc(1, sizeof(*model));
    struct client client = { 0 };
    struct writer writers[WRITERS];
    uint64_t before = sim_ops(world->os, SIM_ANY);
    bool crashed;

    if (nth)
        sim_crash_at(world->os, SIM_ANY, nth);
    if (world_open(world) == OK && client_open(&client, world, "/data") == OK) {
        writers_start(writers, WRITERS, &client, 1, 8, history);
        sim_run_until(world->os, 2000000, is_quiet, history);
        writers_stop(writers, WRITERS);
    }
    world_run(world, 100000);
    crashed = sim_frozen(world->os);
    *ret_ops = sim_ops(world->os, SIM_ANY) - before;
    world_close(world);
    if (client.store)
        store_close(client.store);
    world_end(world);
    CHECK_INT(history->waiting, 0);
    sim_crash(world->os);
    if (CHECK_INT(world_open(world), OK) && CHECK_INT(client_open(&client, world, "/data"), OK)) {
        model_follow(model, world);
        compare(model, &client);
        compare_verdicts(model, history);
        clients_close(world, &client, 1);
    }
    world_destroy(world);
    free(history);
    free(model);
    return crashed;
}

TEST("a crash at any operation of the disk loses nothing that was acknowledged")
{
    uint64_t ops = 0, ignored;

    for (uint64_t seed = 1; seed <= 2; seed++) {
        CHECK(!crash_at(seed, 0, &ops));
        CHECK(ops > 60);
        for (uint64_t nth = 1; nth <= ops; nth++)
            crash_at(seed, nth, &ignored);
    }
}

TEST("who waits when the store is closed hears STOPPED, once")
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *world = world_create(seed % 2 ? WORLD_LATE : WORLD_LOCAL, seed);
        struct history *history = calloc(1, sizeof(*history));
        struct client client;
        struct writer writers[WRITERS * 2];

        CHECK_INT(world_open(world), OK);
        CHECK_INT(client_open(&client, world, NULL), OK);
        writers_start(writers, WRITERS * 2, &client, 1, 1000, history);
        world_run(world, 1000 + (int64_t)world_below(world, 20000));
        writers_stop(writers, WRITERS * 2);
        world_close(world);
        store_stop(client.store);
        for (int i = 0; i < WRITERS; i++) { /* refused at once, and never told by a later turn */
            writers[i].left = 1;
            if (writers[i].busy)
                continue;
            history->waiting++;
            begin(&writers[i].timer);
            CHECK(writers[i].busy);
        }
        store_close(client.store);
        world_run(world, 100000);
        writers_stop(writers, WRITERS * 2);
        CHECK_INT(history->waiting, 0);
        CHECK(history->by_err[ERR_STOPPED] >= 1);
        world_end(world);
        world_destroy(world);
        free(history);
    }
}

TEST("a change that its owner cannot take is the last thing folded; whoever waits hears STOPPED, the next start has it")
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world *world = world_create(WORLD_LOCAL, seed);
        struct history *history = calloc(1, sizeof(*history));
        struct model *model = calloc(1, sizeof(*model));
        struct client client;
        struct writer writers[WRITERS];

        CHECK_INT(world_open(world), OK);
        CHECK_INT(client_open(&client, world, "/data"), OK);
        client.changes_max = 5 * seed;
        writers_start(writers, WRITERS, &client, 1, 100, history);
        sim_run_until(world->os, 10 * 1000000, world_is_set, &client.failed);
        CHECK(client.failed);
        world_run(world, 100000);
        CHECK_INT(client.changes, client.changes_max);
        writers_stop(writers, WRITERS);
        clients_close(world, &client, 1);
        CHECK_INT(history->waiting, 0);
        CHECK_INT(world_open(world), OK);
        CHECK_INT(client_open(&client, world, "/data"), OK);
        model_follow(model, world);
        compare(model, &client);
        compare_verdicts(model, history);
        clients_close(world, &client, 1);
        world_destroy(world);
        free(history);
        free(model);
    }
}

TEST("a seek walks the keys of a prefix in order")
{
    struct world *world = world_create(WORLD_HOSTILE, 1);
    struct history *history = calloc(1, sizeof(*history));
    struct client client;
    struct writer writer = { .client = &client, .history = history };
    const struct store_entry *entry;

    CHECK_INT(world_open(world), OK);
    CHECK_INT(client_open(&client, world, NULL), OK);
    do {
        arena_init(&writer.arena, 1 << 20);
        store_begin(client.store, &writer.txn, &writer.arena);
        for (char key[2] = "ka"; key[1] < 'e'; key[1]++)
            store_put(&writer.txn, str_bytes(key, 2), STR("x"));
        writer.busy = true;
        history->waiting++;
        store_commit(&writer.txn, 0, done);
        CHECK(sim_run_until(world->os, 1000000, is_quiet, history));
    } while (history->by_err[OK] == 0);
    entry = store_seek(client.store, STR("kb"), /* after: */ false, STR("k"));
    CHECK(entry && str_eq(entry->node.key, STR("kb")));
    entry = store_seek(client.store, STR("kb"), /* after: */ true, STR("k"));
    CHECK(entry && str_eq(entry->node.key, STR("kc")));
    CHECK(store_seek(client.store, STR("kd"), /* after: */ true, STR("k")) == NULL);
    CHECK(store_seek(client.store, STR(""), /* after: */ false, STR("l")) == NULL);
    clients_close(world, &client, 1);
    world_destroy(world);
    free(history);
}

UNIT_MAIN
