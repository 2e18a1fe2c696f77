/* damage_test.c: snapshots and logs that are damaged, missing or do not belong together; and copies of both. */
#include "store/test_store.h"

/* ---- damage ------------------------------------------------------------------------------------------------------- */

/* A world whose log is trimmed up to what the store needs, with segments that are soon settled. */
static struct log_horizon needed(void *ctx, log_id id)
{
    struct client *client = ctx;

    (void)id;
    return (struct log_horizon){ .before = client->opened && client->store ? store_needed_from(client->store) : 0 };
}

static struct world *small_world(uint64_t seed, struct client *client)
{
    struct world *world = world_create(WORLD_LOCAL, seed);

    world->segment_bytes = 16 << 10;
    world->backlog_bytes = 48 << 10;
    world->horizon = needed;
    world->horizon_ctx = client;
    CHECK_INT(world_open(world), OK);
    return world;
}

/* What the two have been told is the same. */
static bool same(const struct client *a, const struct client *b)
{
    for (int i = 0; i < KEYS; i++) {
        const struct cell *left = &a->mirror[i], *right = &b->mirror[i];

        if (left->present != right->present)
            return false;
        if (left->present && !str_eq(str_bytes(left->value, left->size), str_bytes(right->value, right->size)))
            return false;
    }
    return true;
}

static void write_some(struct client *client, struct history *history, unsigned each)
{
    struct writer writers[WRITERS];

    writers_start(writers, WRITERS, client, 1, each, history);
    CHECK(sim_run_until(client->world->os, 600ll * 1000000, is_quiet, history));
    writers_stop(writers, WRITERS);
}

static void close_one(struct world *world, struct client *client)
{
    world_close(world);
    store_close(client->store);
    client->store = NULL;
    world_end(world);
}

static void kept_done(void *ctx, enum err err)
{
    CHECK_INT(err, OK);
    *(bool *)ctx = true;
}

static enum err count_aside(void *ctx, const char *name)
{
    *(int *)ctx += str_ends(str_of(name), STR(".snapshot.damaged"));
    return OK;
}

static void copy_file(struct os *os, const char *from, const char *to)
{
    char *at;
    size_t size;

    CHECK_INT(os_read_file(os, from, 1 << 24, &at, &size), OK);
    CHECK_INT(os_replace_file(os, to, str_bytes(at, size)), OK);
    free(at);
}

static void snapshot_path(const char *dir, log_pos position, char ret_path[static 200])
{
    char name[SNAPSHOT_NAME_MAX];

    snapshot_name("test", position, name);
    snprintf(ret_path, 200, "%s/%s", dir, name);
}

static enum err oldest_snapshot(void *ctx, const char *name)
{
    log_pos position, *oldest = ctx;

    if (snapshot_name_parse("test", str_of(name), &position) == OK && (*oldest == 0 || position < *oldest))
        *oldest = position;
    return OK;
}

static log_pos oldest(struct world *world)
{
    log_pos position = 0;

    CHECK_INT(os_list(world->os, "/data", oldest_snapshot, &position), OK);
    return position;
}

TEST("a damaged newest snapshot is told of and put aside, and the older one with the log gives the same state")
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct client client = { 0 };
        struct world *world = small_world(seed, &client);
        struct history *history = calloc(1, sizeof(*history));
        struct client before;
        int aside = 0;

        CHECK_INT(client_open(&client, world, "/data"), OK);
        write_some(&client, history, 60);
        CHECK_INT(snapshots(world), 2);
        before = client;
        close_one(world, &client);
        damage_newest(world);
        CHECK_INT(world_open(world), OK);
        CHECK_INT(client_open(&client, world, "/data"), OK);
        CHECK(same(&client, &before));
        CHECK(client.reports == 1 && strstr(client.sentence, ".snapshot is damaged and is kept as test-"));
        CHECK_INT(os_list(world->os, "/data", count_aside, &aside), OK);
        CHECK_INT(aside, 1);
        close_one(world, &client);
        world_destroy(world);
        free(history);
    }
}

/* Writes until there is a snapshot, and keeps a copy of it as /first. */
static log_pos first_snapshot(struct client *client, struct history *history, char ret_path[static 200])
{
    struct world *world = client->world;
    log_pos position;

    for (position = 0; position == 0; position = oldest(world))
        write_some(client, history, 4);
    snapshot_path("/data", position, ret_path);
    copy_file(world->os, ret_path, "/first");
    return position;
}

TEST("two damaged snapshots are refused with both their names' fate, whatever older one lies beside them")
{
    struct client client = { 0 };
    struct world *world = small_world(2, &client);
    struct history *history = calloc(1, sizeof(*history));
    struct os_stat stat;
    char first[200], path[200];
    log_pos position;

    CHECK_INT(client_open(&client, world, "/data"), OK);
    position = first_snapshot(&client, history, first);
    write_some(&client, history, 60);
    close_one(world, &client);
    CHECK(oldest(world) > position && snapshots(world) == 2);
    damage_newest(world);
    snapshot_path("/data", oldest(world), path);
    CHECK_INT(sim_flip(world->os, path, 40, 3), OK);
    copy_file(world->os, "/first", first);
    CHECK_INT(world_open(world), OK);
    CHECK_INT(client_open(&client, world, "/data"), ERR_CORRUPT);
    CHECK(strstr(client.sentence, "the one before it are damaged, and the log goes back no further (an older one"));
    CHECK(os_stat(world->os, first, &stat) == OK && os_stat(world->os, path, &stat) == OK);
    close_one(world, &client);
    world_destroy(world);
    free(history);
}

TEST("a snapshot from before what was trimmed is refused, because the log rests on records that are missing")
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct client client = { 0 };
        struct world *world = small_world(seed, &client);
        struct history *history = calloc(1, sizeof(*history));
        char first[200], path[200];

        CHECK_INT(client_open(&client, world, "/data"), OK);
        (void)first_snapshot(&client, history, first);
        write_some(&client, history, 150);
        CHECK(world->count.settled_files > 0);
        close_one(world, &client);
        while (snapshots(world) > 0) {
            snapshot_path("/data", oldest(world), path);
            CHECK_INT(os_unlink(world->os, path), OK);
        }
        copy_file(world->os, "/first", first);
        CHECK_INT(world_open(world), OK);
        CHECK(client_open(&client, world, "/data") != OK);
        CHECK_INT(client.err, ERR_CORRUPT);
        CHECK(strstr(client.sentence, "rests on one that is missing"));
        close_one(world, &client);
        world_destroy(world);
        free(history);
    }
}

static void wipe_frame(struct world *world)
{
    CHECK_INT(sim_flip(world->os, "/log/commit-0000000000000001.log", 4096 + 2000, 1), OK);
}

TEST("a damaged log is refused; if the loss is accepted, a snapshot keeps later starts from meeting it")
{
    struct client client = { 0 };
    struct world *world = world_create(WORLD_LOCAL, 3);
    struct history *history = calloc(1, sizeof(*history));
    struct client before;
    bool kept = false;

    CHECK_INT(world_open(world), OK);
    CHECK_INT(client_open(&client, world, NULL), OK);
    write_some(&client, history, 20);
    close_one(world, &client);
    wipe_frame(world);
    CHECK_INT(world_open(world), OK);
    CHECK(client_open(&client, world, "/data") != OK);
    CHECK(client.failed && client.err == ERR_CORRUPT && strstr(client.sentence, "leat repair --help"));
    close_one(world, &client);
    accept_loss = true;
    CHECK_INT(world_open(world), OK);
    CHECK_INT(client_open(&client, world, "/data"), OK);
    CHECK_INT(store_loss(client.store).places, 1);
    CHECK(strstr(client.sentence, "is lost"));
    CHECK_INT(store_keep(client.store, kept_done, &kept), OK);
    CHECK_INT(store_keep(client.store, kept_done, &kept), ERR_IN_USE);
    CHECK(world_until(world, &kept));
    before = client;
    close_one(world, &client);
    accept_loss = false;
    CHECK_INT(world_open(world), OK);
    CHECK_INT(client_open(&client, world, "/data"), OK);
    CHECK(same(&client, &before) && client.reports == 0);
    write_some(&client, history, 5);
    close_one(world, &client);
    world_destroy(world);
    free(history);
}

/* ---- copies ------------------------------------------------------------------------------------------------------- */

struct copying {
    struct world *world;
    struct client *client;
    struct history *history;
};

/* Between any two steps of the copy as much happens as makes several snapshots and has the log trimmed. */
static void meanwhile(struct copying *copying)
{
    write_some(copying->client, copying->history, 40);
}

static enum err copy_snapshot(void *ctx, const char *name)
{
    struct copying *copying = ctx;
    char from[200], to[200], *at;
    size_t size;
    log_pos position;

    if (snapshot_name_parse("test", str_of(name), &position) != OK)
        return OK;
    meanwhile(copying);
    snprintf(from, sizeof(from), "/data/%s", name);
    snprintf(to, sizeof(to), "/copy-data/%s", name);
    if (os_read_file(copying->world->os, from, 1 << 24, &at, &size) != OK)
        return OK;
    CHECK_INT(os_replace_file(copying->world->os, to, str_bytes(at, size)), OK);
    free(at);
    return OK;
}

/* Snapshots, then the log, as the server does it. True if a store on the copy has what was there before or more. */
static bool copy_is_good(uint64_t seed, bool held)
{
    struct client client = { 0 };
    struct world *world = small_world(seed, &client);
    struct history *history = calloc(1, sizeof(*history));
    struct copying copying = { world, &client, history };
    bool copied = false, good;
    size_t count;

    CHECK_INT(client_open(&client, world, "/data"), OK);
    write_some(&client, history, 60);
    CHECK(os_mkdir(world->os, "/copy-data") == OK && os_mkdir(world->os, "/copy-log") == OK);
    store_hold(client.store, held);
    CHECK_INT(os_list(world->os, "/data", copy_snapshot, &copying), OK);
    meanwhile(&copying);
    CHECK_INT(log_local_backup(world->log, "/copy-log", kept_done, &copied), OK);
    store_hold(client.store, false);
    struct client at_pin = client;

    count = store_count(client.store);
    CHECK(world_until(world, &copied));
    close_one(world, &client);
    world->log_dir = "/copy-log";
    world->horizon = NULL;
    CHECK_INT(world_open(world), OK);
    good = client_open(&client, world, "/copy-data") == OK && store_count(client.store) == count &&
           same(&client, &at_pin);
    close_one(world, &client);
    world_destroy(world);
    free(history);
    return good;
}

TEST("snapshots and log copied while held fit together, whatever is written between; without it they need not")
{
    unsigned bad = 0;

    for (uint64_t seed = 1; seed <= 6; seed++) {
        CHECK(copy_is_good(seed, /* held: */ true));
        bad += !copy_is_good(seed, /* held: */ false);
    }
    CHECK(bad > 0);
}

UNIT_MAIN
