/* store_test.c: the store against a naive model that folds the same log into a plain array. */
#include "store.c"

#include "store/test_world.h"

enum { LOG_ID = 1, KEYS = 12, VALUE_MAX = 40, FACTS_MAX = 4000, WRITERS = 4, STORES_MAX = 2, SEEN_MAX = 8000 };

/* ---- the model ------------------------------------------------------------------------------------------------- */

struct cell {
    bool present;
    char value[VALUE_MAX];
    size_t size;
    log_pos version;
};

struct model {
    struct cell cells[KEYS];
    log_pos at;
    struct {
        uint64_t id;
        bool applied;
    } seen[SEEN_MAX];
    size_t seen_count;
};

static int key_number(str key)
{
    return key.at[1] - 'a';
}

static void model_fold(struct model *model, const struct log_batch *batch)
{
    struct record record, writes;
    str key, value;
    log_pos version;
    bool holds = true;

    CHECK_INT(record_decode(batch->body, &record), OK);
    writes = record;
    while (record_next_read(&record, &key, &version)) {
        const struct cell *cell = &model->cells[key_number(key)];

        holds &= version == (cell->present ? cell->version : 0);
    }
    while (holds && record_next_write(&writes, &key, &value)) {
        struct cell *cell = &model->cells[key_number(key)];

        *cell = (struct cell){ .present = str_present(value), .size = value.size, .version = batch->first };
        if (value.size)
            memcpy(cell->value, value.at, value.size);
    }
    model->seen[model->seen_count].id = record.id;
    model->seen[model->seen_count++].applied = holds;
}

struct model_read {
    struct log_read read;
    bool done;
    enum err err;
};

static void model_done(struct log_read *read, enum err err)
{
    struct model_read *entry = container_of(read, struct model_read, read);

    entry->err = err;
    entry->done = true;
}

/* Fold what was appended since. */
static void model_follow(struct model *model, struct world *world)
{
    for (bool end = false; !end;) {
        struct model_read entry = {
            .read = { .log = LOG_ID, .from = model->at, .bytes_max = 1 << 16, .batches_max = 100, .done = model_done }
        };

        entry.err = log_read(world->log, &entry.read);
        if (entry.err == ERR_PENDING)
            CHECK(world_until(world, &entry.done));
        if (!CHECK_INT(entry.err, OK))
            return;
        for (uint32_t i = 0; i < entry.read.batch_count; i++)
            model_fold(model, &entry.read.batches[i]);
        model->at = entry.read.next;
        end = entry.read.at_end;
        log_read_release(world->log, &entry.read);
    }
}

/* ---- clients of the store ---------------------------------------------------------------------------------------- */

struct client {
    struct world *world;
    struct store *store;
    bool opened, failed;
    enum err err;
    struct cell mirror[KEYS]; /* what `changed` has told */
    uint64_t changes, changes_max; /* beyond, `changed` has no memory */
};

struct fact {
    uint64_t id;
    enum err err;
};

struct writer {
    struct client *client;
    struct arena arena;
    struct store_txn txn;
    struct os_timer timer;
    unsigned left;
    bool busy;
    struct history *history;
};

struct history {
    struct fact facts[FACTS_MAX];
    size_t count;
    size_t by_err[ERR_COUNT];
    unsigned waiting;
};

static enum err changed(void *ctx, str key, str was, str now, ms time)
{
    struct client *client = ctx;
    struct cell *cell = &client->mirror[key_number(key)];

    (void)time;
    if (client->changes >= client->changes_max)
        return ERR_NO_MEMORY;
    CHECK(cell->present == str_present(was));
    CHECK(!cell->present || str_eq(str_bytes(cell->value, cell->size), was));
    cell->present = str_present(now);
    cell->size = now.size;
    if (now.size)
        memcpy(cell->value, now.at, now.size);
    client->changes++;
    return OK;
}

static void failed(void *ctx, enum err err, str sentence)
{
    (void)err;
    (void)sentence;
    ((struct client *)ctx)->failed = true;
}

static void opened(void *ctx, enum err err)
{
    ((struct client *)ctx)->opened = true;
    ((struct client *)ctx)->err = err;
}

static void client_start(struct client *client, struct world *world, const char *dir)
{
    struct store_config config = { .os = world->os,
                                   .loop = world->loop,
                                   .worker = world->worker,
                                   .log = world->log,
                                   .log_id = LOG_ID,
                                   .dir = dir,
                                   .name = "test",
                                   .seed = 9,
                                   .snapshot_bytes_min = 600,
                                   .changed = changed,
                                   .failed = failed,
                                   .ctx = client };

    *client = (struct client){ .world = world, .changes_max = UINT64_MAX };
    CHECK_INT(store_open(&config, opened, &client->store), OK);
}

static enum err client_open(struct client *client, struct world *world, const char *dir)
{
    client_start(client, world, dir);
    sim_run_until(world->os, 60 * 1000000, world_is_set, &client->opened);
    return client->opened ? client->err : client->failed ? ERR_IO : ERR_TIMEOUT;
}

static void compare(const struct model *model, const struct client *client)
{
    size_t present = 0;

    for (int i = 0; i < KEYS; i++) {
        char name[2] = { 'k', (char)('a' + i) };
        const struct store_entry *entry = store_find(client->store, str_bytes(name, 2));
        const struct cell *cell = &model->cells[i], *mirror = &client->mirror[i];

        present += cell->present;
        CHECK((entry != NULL) == cell->present && mirror->present == cell->present);
        if (entry == NULL || !cell->present)
            continue;
        CHECK(entry->version == cell->version);
        CHECK(str_eq(entry->value, str_bytes(cell->value, cell->size)));
        CHECK(str_eq(entry->value, str_bytes(mirror->value, mirror->size)));
    }
    CHECK_INT(store_count(client->store), present);
}

/* Every verdict that was told is that of the model. */
static void compare_verdicts(const struct model *model, const struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct fact *fact = &history->facts[i];
        size_t found = 0;

        for (size_t j = 0; j < model->seen_count; j++) {
            if (model->seen[j].id != fact->id)
                continue;
            found++;
            if (fact->err == OK || fact->err == ERR_CONFLICT)
                CHECK(model->seen[j].applied == (fact->err == OK));
        }
        CHECK(found <= 1);
        if (fact->err == OK || fact->err == ERR_CONFLICT)
            CHECK_INT(found, 1);
        if (fact->err == ERR_FULL)
            CHECK_INT(found, 0);
    }
}

static void begin(struct os_timer *timer);

static void done(struct store_txn *txn, enum err err)
{
    struct writer *writer = container_of(txn, struct writer, txn);
    struct history *history = writer->history;

    CHECK(writer->busy);
    writer->busy = false;
    history->facts[history->count++] = (struct fact){ .id = txn->id, .err = err };
    history->by_err[err]++;
    history->waiting--;
    arena_deinit(&writer->arena);
    memset(txn, 0x5a, sizeof(*txn)); /* the caller may do with it what he likes */
    if (writer->left > 0 && !writer->client->failed && err != ERR_STOPPED && err != ERR_IO) {
        history->waiting++;
        os_timer_start(writer->client->world->loop, &writer->timer, (int64_t)world_below(writer->client->world, 2000));
    }
}

static void begin(struct os_timer *timer)
{
    struct writer *writer = container_of(timer, struct writer, timer);
    struct world *world = writer->client->world;
    uint64_t reads = world_below(world, 3), writes = 1 + world_below(world, 3);

    writer->left--;
    writer->busy = true;
    arena_init(&writer->arena, 1 << 20);
    store_begin(writer->client->store, &writer->txn, &writer->arena);
    for (uint64_t i = 0; i < reads; i++) {
        char key[2] = { 'k', (char)('a' + world_below(world, KEYS)) };

        (void)store_read(&writer->txn, str_bytes(key, 2));
    }
    for (uint64_t i = 0; i < writes; i++) {
        char key[2] = { 'k', (char)('a' + world_below(world, KEYS)) };
        char value[VALUE_MAX];

        memset(value, (char)('0' + world_below(world, 10)), sizeof(value));
        if (world_below(world, 4))
            store_put(&writer->txn, str_bytes(key, 2), str_bytes(value, world_below(world, VALUE_MAX)));
        else
            store_remove(&writer->txn, str_bytes(key, 2));
    }
    store_commit(&writer->txn, os_wall_ms(world->os), done);
}

static bool is_quiet(void *ctx)
{
    return ((struct history *)ctx)->waiting == 0;
}

static void writers_start(struct writer *writers, size_t count, struct client *clients, size_t client_count,
                          unsigned each, struct history *history)
{
    for (size_t i = 0; i < count; i++) {
        writers[i] = (struct writer){ .client = &clients[i % client_count], .left = each, .history = history };
        writers[i].timer.fire = begin;
        history->waiting++;
        os_timer_start(clients[0].world->loop, &writers[i].timer, (int64_t)i * 100);
    }
}

static void writers_stop(struct writer *writers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (writers[i].timer.loop)
            writers[i].history->waiting--;
        os_timer_stop(&writers[i].timer);
        writers[i].left = 0;
    }
}

static void clients_close(struct world *world, struct client *clients, size_t count)
{
    world_close(world);
    for (size_t i = 0; i < count; i++)
        store_close(clients[i].store);
    world_end(world);
}

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

static enum err count_snapshot(void *ctx, const char *name)
{
    log_pos position;

    *(int *)ctx += snapshot_name_parse("test", str_of(name), &position) == OK;
    return OK;
}

static int snapshots(struct world *world)
{
    int count = 0;

    CHECK_INT(os_list(world->os, "/data", count_snapshot, &count), OK);
    return count;
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

static enum err newest_snapshot(void *ctx, const char *name)
{
    log_pos position, *newest = ctx;

    if (snapshot_name_parse("test", str_of(name), &position) == OK && position > *newest)
        *newest = position;
    return OK;
}

static void damage_newest(struct world *world)
{
    char name[SNAPSHOT_NAME_MAX], path[SNAPSHOT_NAME_MAX + 10];
    log_pos newest = 0;

    CHECK_INT(os_list(world->os, "/data", newest_snapshot, &newest), OK);
    snapshot_name("test", newest, name);
    snprintf(path, sizeof(path), "/data/%s", name);
    CHECK_INT(sim_flip(world->os, path, 8 + world_below(world, 60), (unsigned)world_below(world, 8)), OK);
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
