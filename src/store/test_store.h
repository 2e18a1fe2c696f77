/* test_store.h: for tests: stores with writers in a simulated world, and a naive model that folds the same log into a plain
 * array. */
#pragma once

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

static inline int key_number(str key)
{
    return key.at[1] - 'a';
}

static inline void model_fold(struct model *model, const struct log_batch *batch)
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

static inline void model_done(struct log_read *read, enum err err)
{
    struct model_read *entry = container_of(read, struct model_read, read);

    entry->err = err;
    entry->done = true;
}

/* Fold what was appended since. */
static inline void model_follow(struct model *model, struct world *world)
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
    char sentence[400];       /* the last one that was reported, or with which it failed */
    unsigned reports;
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

static inline enum err changed(void *ctx, str key, str was, str now, ms time)
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

static inline void report(void *ctx, int level, str sentence)
{
    struct client *client = ctx;

    (void)level;
    client->reports++;
    snprintf(client->sentence, sizeof(client->sentence), "%.*s", STR_ARG(sentence));
}

static inline void failed(void *ctx, enum err err, str sentence)
{
    struct client *client = ctx;

    client->failed = true;
    client->err = err;
    snprintf(client->sentence, sizeof(client->sentence), "%.*s", STR_ARG(sentence));
}

static inline void opened(void *ctx, enum err err)
{
    ((struct client *)ctx)->opened = true;
    ((struct client *)ctx)->err = err;
}

static bool accept_loss; /* of the stores that are opened next */

static inline void client_start(struct client *client, struct world *world, const char *dir)
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
                                   .report = report,
                                   .accept_loss = accept_loss,
                                   .ctx = client };

    *client = (struct client){ .world = world, .changes_max = UINT64_MAX };
    CHECK_INT(store_open(&config, opened, &client->store), OK);
}

static inline enum err client_open(struct client *client, struct world *world, const char *dir)
{
    client_start(client, world, dir);
    sim_run_until(world->os, 60 * 1000000, world_is_set, &client->opened);
    return client->opened ? client->err : client->failed ? ERR_IO : ERR_TIMEOUT;
}

static inline void compare(const struct model *model, const struct client *client)
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
static inline void compare_verdicts(const struct model *model, const struct history *history)
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

static inline void begin(struct os_timer *timer);

static inline void done(struct store_txn *txn, enum err err)
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

static inline void begin(struct os_timer *timer)
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

static inline bool is_quiet(void *ctx)
{
    return ((struct history *)ctx)->waiting == 0;
}

static inline void writers_start(struct writer *writers, size_t count, struct client *clients, size_t client_count,
                          unsigned each, struct history *history)
{
    for (size_t i = 0; i < count; i++) {
        writers[i] = (struct writer){ .client = &clients[i % client_count], .left = each, .history = history };
        writers[i].timer.fire = begin;
        history->waiting++;
        os_timer_start(clients[0].world->loop, &writers[i].timer, (int64_t)i * 100);
    }
}

static inline void writers_stop(struct writer *writers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (writers[i].timer.loop)
            writers[i].history->waiting--;
        os_timer_stop(&writers[i].timer);
        writers[i].left = 0;
    }
}

static inline void clients_close(struct world *world, struct client *clients, size_t count)
{
    world_close(world);
    for (size_t i = 0; i < count; i++)
        store_close(clients[i].store);
    world_end(world);
}

/* ---- snapshot files ----------------------------------------------------------------------------------------------- */

static inline enum err count_snapshot(void *ctx, const char *name)
{
    log_pos position;

    *(int *)ctx += snapshot_name_parse("test", str_of(name), &position) == OK;
    return OK;
}

static inline int snapshots(struct world *world)
{
    int count = 0;

    CHECK_INT(os_list(world->os, "/data", count_snapshot, &count), OK);
    return count;
}

static inline enum err newest_snapshot(void *ctx, const char *name)
{
    log_pos position, *newest = ctx;

    if (snapshot_name_parse("test", str_of(name), &position) == OK && position > *newest)
        *newest = position;
    return OK;
}

static inline void damage_newest(struct world *world)
{
    char name[SNAPSHOT_NAME_MAX], path[SNAPSHOT_NAME_MAX + 10];
    log_pos newest = 0;

    CHECK_INT(os_list(world->os, "/data", newest_snapshot, &newest), OK);
    snapshot_name("test", newest, name);
    snprintf(path, sizeof(path), "/data/%s", name);
    CHECK_INT(sim_flip(world->os, path, 8 + world_below(world, 60), (unsigned)world_below(world, 8)), OK);
}
