/* catalog_test.c: streams come, change and go in virtual time, over restarts. */
#include "catalog.c"

#include "catalog/test_catalog.h"

static void events_check(void *ctx, enum catalog_event event, struct stream *stream, void *object)
{
    if (event == STREAM_CHANGED) /* the last record of each transaction: the step is whole now */
        bench_check(ctx);
}

static void setup(struct bench *bench, enum world_kind kind, uint64_t seed)
{
    bench_create(bench, kind, seed);
    bench->event = events_check;
    bench->event_ctx = bench;
    (void)CHECK(bench_open(bench));
}

static size_t open_count(const struct bench *bench)
{
    size_t count;

    (void)stream_open_shards(bench_stream(bench), &count);
    return count;
}

TEST("a stream is CREATING for its time, then ACTIVE with equal shards")
{
    struct bench bench;
    uint32_t shards = 3;
    struct stream *stream;
    int64_t start;

    setup(&bench, WORLD_LOCAL, 1);
    start = os_mono_us(bench.world->os);
    CHECK_INT(bench_commit(&bench, bench_stage_create, &shards), OK);
    stream = bench_stream(&bench);
    CHECK(stream && stream->record->status.value == STREAM_CREATING && stream->shard_count == 0);
    CHECK(stream_shard_for(stream, 5) == NULL);
    CHECK(bench_settle(&bench));
    CHECK(os_mono_us(bench.world->os) - start >= (BENCH_TRANSITION_MS - 1) * 1000);
    CHECK(os_mono_us(bench.world->os) - start < BENCH_TRANSITION_MS * 1000 + 200000);
    bench_check(&bench);
    CHECK_INT(stream->shard_count, 3);
    CHECK_INT(stream_shard_for(stream, 0)->index, 0);
    CHECK_INT(stream_shard_for(stream, U128_MAX / 2)->index, 1);
    CHECK_INT(stream_shard_for(stream, U128_MAX)->index, 2);
    CHECK(catalog_stream_by_id(bench.catalog, stream->id) == stream);
    CHECK(catalog_next_stream(bench.catalog, STR("1"), STR("here"), (str){ 0 }) == stream);
    CHECK(catalog_next_stream(bench.catalog, STR("1"), STR("here"), STR("s")) == NULL);
    CHECK(catalog_next_stream(bench.catalog, STR("1"), STR("her"), (str){ 0 }) == NULL);
    bench_destroy(&bench);
}

TEST("a shard is split where it was told, and two are merged")
{
    for (int kind = WORLD_LOCAL; kind <= WORLD_LATE; kind++) {
        struct bench bench;
        struct stream *stream;
        u128 at = (u128)77 << 100;

        setup(&bench, (enum world_kind)kind, 4);
        bench_create_stream(&bench, 1);
        stream = bench_stream(&bench);
        CHECK_INT(bench_split(&bench, 0, at), OK);
        CHECK_INT(stream->record->status.value, STREAM_UPDATING);
        CHECK(bench_settle(&bench));
        CHECK(stream->shard_count == 3 && stream_shard(stream, 0)->closed_at);
        CHECK(stream_shard(stream, 1)->end == at - 1 && stream_shard(stream, 2)->start == at);
        CHECK(stream_shard(stream, 1)->parent == 0 && stream_shard(stream, 1)->adjacent == SHARD_NONE);
        CHECK(stream_shard(stream, 2)->parent == 0);
        CHECK_INT(bench_merge(&bench, 1, 2), OK);
        CHECK(bench_settle(&bench));
        CHECK(stream->shard_count == 4 && open_count(&bench) == 1);
        CHECK(stream_shard(stream, 3)->parent == 1 && stream_shard(stream, 3)->adjacent == 2);
        bench_check(&bench);
        bench_destroy(&bench);
    }
}

TEST("scaling makes as many shards as the service does, from the lowest range upwards")
{
    static const struct {
        uint32_t from, to, shards;
    } cases[] = { { 2, 4, 6 }, { 4, 2, 6 }, { 4, 5, 15 }, { 4, 3, 11 }, { 3, 3, 3 }, { 1, 2, 3 }, { 7, 1, 13 } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench bench;
        size_t count;

        setup(&bench, i % 2 ? WORLD_HOSTILE : WORLD_LOCAL, i);
        bench_create_stream(&bench, cases[i].from);
        CHECK_INT(bench_scale(&bench, cases[i].to), OK);
        CHECK(bench_settle(&bench));
        CHECK_INT(bench_stream(&bench)->shard_count, cases[i].shards);
        CHECK_INT(open_count(&bench), cases[i].to);
        if (cases[i].from == 4 && cases[i].to == 3) {
            struct shard *const *open = stream_open_shards(bench_stream(&bench), &count);

            CHECK(open[0]->index == 6 && open[1]->index == 9 && open[2]->index == 10);
        }
        bench_check(&bench);
        bench_destroy(&bench);
    }
}

TEST("any number of shards becomes any other")
{
    struct bench bench;

    setup(&bench, WORLD_HOSTILE, 3);
    bench_create_stream(&bench, 5);
    for (int i = 0; i < 12; i++) {
        uint32_t target = 1 + (uint32_t)world_below(bench.world, 9);

        CHECK_INT(bench_scale(&bench, target), OK);
        CHECK(bench_settle(&bench));
        CHECK_INT(open_count(&bench), target);
        bench_check(&bench);
    }
    bench_destroy(&bench);
}

enum { SHARDS_IN_ALL = 27 }; /* of 2 -> 5 -> 3 -> 4, as without a restart */

/* The whole story on one log, closed and opened again every so often. */
static void restarts(uint64_t seed, bool crash)
{
    struct bench bench;
    uint32_t shards = 2;
    static const uint32_t targets[] = { 5, 3, 4 };
    int restarted = 0;

    setup(&bench, WORLD_LOCAL, seed);
    CHECK_INT(bench_commit(&bench, bench_stage_create, &shards), OK);
    for (size_t i = 0; i < 4; i++) {
        for (int tries = 0; tries < 200 && !bench_is_active(&bench); tries++) {
            if (sim_run_until(bench.world->os, (int64_t)world_below(bench.world, 80000), bench_is_active, &bench))
                break;
            if (world_below(bench.world, 4))
                continue;
            if (crash)
                sim_freeze(bench.world->os);
            bench_close(&bench);
            if (crash)
                sim_crash(bench.world->os);
            restarted++;
            if (!CHECK(bench_open(&bench)))
                return;
            bench_check(&bench);
        }
        CHECK(bench_is_active(&bench));
        bench_check(&bench);
        CHECK_INT(open_count(&bench), i == 0 ? shards : targets[i - 1]);
        CHECK_INT(bench_stream(&bench)->record->next_shard.value, bench_stream(&bench)->shard_count);
        if (i < 3)
            CHECK_INT(bench_scale(&bench, targets[i]), OK);
    }
    CHECK(restarted > 0);
    CHECK_INT(bench_stream(&bench)->shard_count, SHARDS_IN_ALL);
    bench_destroy(&bench);
}

TEST("a restart in the midst of a transition finishes it, once")
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        restarts(seed, false);
}

TEST("a crash in the midst of a transition too")
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        restarts(seed, true);
}

static struct bench *second; /* the world tells one bench that the log is closed */

static void stop_both(void *ctx)
{
    bench_stop(ctx);
    bench_stop(second);
}

static void log_done_with_two(struct bench *bench, struct bench *other)
{
    second = other;
    bench->world->stop = stop_both;
    world_close(bench->world);
}

TEST("two catalogs on one log make each step once")
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct bench bench, other;

        setup(&bench, WORLD_HOSTILE, seed);
        other = (struct bench){ .world = bench.world };
        CHECK(bench_start(&other));
        bench_create_stream(&bench, 4);
        CHECK_INT(bench_scale(&bench, 3), OK);
        CHECK(bench_settle(&bench));
        world_run(bench.world, 3000000);
        CHECK_INT(bench_stream(&bench)->shard_count, 11);
        CHECK_INT(bench_stream(&other)->shard_count, 11);
        bench_check(&bench);
        bench_check(&other);
        log_done_with_two(&bench, &other);
        catalog_close(other.catalog);
        catalog_close(bench.catalog);
        world_end(bench.world);
        world_destroy(bench.world);
    }
}

TEST("deletion takes the stream, its shards and consumers, and their logs are wanted no more")
{
    struct bench bench;
    uint64_t id;

    setup(&bench, WORLD_LOCAL, 2);
    bench_create_stream(&bench, 3);
    id = bench_stream(&bench)->id;
    CHECK(!catalog_horizon(bench.catalog, shard_log(id, 2), 0).gone);
    CHECK(catalog_horizon(bench.catalog, shard_log(id, 3), 0).gone);
    CHECK_INT(bench_commit(&bench, bench_stage_delete, NULL), OK);
    CHECK_INT(bench_stream(&bench)->record->status.value, STREAM_DELETING);
    CHECK(!catalog_horizon(bench.catalog, shard_log(id, 2), 0).gone);
    CHECK(sim_run_until(bench.world->os, 2000000, bench_is_deleted, &bench));
    CHECK(catalog_horizon(bench.catalog, shard_log(id, 2), 0).gone);
    CHECK(catalog_stream_by_id(bench.catalog, id) == NULL);
    CHECK(bench.events[STREAM_GONE] == 1 && bench.events[SHARD_GONE] == 3);
    CHECK_INT(store_count(catalog_store(bench.catalog)), 1); /* the counter of ids */
    bench_create_stream(&bench, 1);
    CHECK(bench_stream(&bench)->id > id);
    bench_destroy(&bench);
}

TEST("deletion in the midst of a reshard goes through")
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct bench bench;

        setup(&bench, seed % 2 ? WORLD_LATE : WORLD_LOCAL, seed);
        bench_create_stream(&bench, 4);
        CHECK_INT(bench_scale(&bench, 5), OK);
        world_run(bench.world, BENCH_TRANSITION_MS * 1000 + (int64_t)world_below(bench.world, 60000));
        CHECK_INT(bench_commit(&bench, bench_stage_delete, NULL), OK);
        CHECK(sim_run_until(bench.world->os, 10000000, bench_is_deleted, &bench));
        world_run(bench.world, 3000000);
        CHECK_INT(store_count(catalog_store(bench.catalog)), 1);
        bench_destroy(&bench);
    }
}

TEST("a closed shard goes when its last record has expired, and with it its log")
{
    struct bench bench;
    struct stream *stream;
    ms retention = BENCH_RETENTION_HOURS * 3600000ll;

    setup(&bench, WORLD_LOCAL, 2);
    bench_create_stream(&bench, 1);
    stream = bench_stream(&bench);
    CHECK_INT(bench_split(&bench, 0, (u128)1 << 127), OK);
    CHECK(bench_settle(&bench));
    world_run(bench.world, (retention - 5000) * 1000);
    CHECK(stream_shard(stream, 0) != NULL);
    CHECK(!catalog_horizon(bench.catalog, shard_log(stream->id, 0), os_wall_ms(bench.world->os)).gone);
    world_run(bench.world, 10000 * 1000);
    CHECK(stream_shard(stream, 0) == NULL && stream->shard_count == 2);
    CHECK(catalog_horizon(bench.catalog, shard_log(stream->id, 0), os_wall_ms(bench.world->os)).gone);
    CHECK_INT(bench.events[SHARD_GONE], 1);
    bench_check(&bench);
    bench_destroy(&bench);
}

enum { MINUTE_US = 60 * 1000 * 1000 };

/* A stream whose first shard was closed a moment ago, by a server that has run for a while. */
static struct stream *setup_closed(struct bench *bench)
{
    setup(bench, WORLD_LOCAL, 2);
    bench_create_stream(bench, 1);
    world_run(bench->world, 20ll * MINUTE_US);
    CHECK_INT(bench_split(bench, 0, (u128)1 << 127), OK);
    CHECK(bench_settle(bench));
    return bench_stream(bench);
}

TEST("a clock that is wrong for a while takes no closed shard away")
{
    struct bench bench;
    struct stream *stream = setup_closed(&bench);
    ms step = (BENCH_RETENTION_HOURS + 6) * 3600000ll;

    sim_step_wall(bench.world->os, step);
    world_run(bench.world, 60ll * MINUTE_US); /* it is looked at at least once an hour */
    CHECK(stream_shard(stream, 0) != NULL);
    sim_step_wall(bench.world->os, -step);
    world_run(bench.world, 180ll * MINUTE_US);
    CHECK(stream_shard(stream, 0) != NULL);
    sim_step_wall(bench.world->os, step);
    world_run(bench.world, 80ll * MINUTE_US);
    CHECK(stream_shard(stream, 0) == NULL);
    bench_destroy(&bench);
}

TEST("a start with a clock that is wrong takes no closed shard away")
{
    struct bench bench;
    ms step = (BENCH_RETENTION_HOURS + 6) * 3600000ll;

    (void)setup_closed(&bench);
    bench_close(&bench);
    sim_step_wall(bench.world->os, step);
    CHECK(bench_open(&bench));
    world_run(bench.world, 9ll * MINUTE_US);
    CHECK(stream_shard(bench_stream(&bench), 0) != NULL);
    sim_step_wall(bench.world->os, -step);
    world_run(bench.world, 180ll * MINUTE_US);
    CHECK(stream_shard(bench_stream(&bench), 0) != NULL);
    bench_check(&bench);
    bench_destroy(&bench);
}

struct seal_read {
    struct log_read read;
    bool done;
};

static void seal_read_done(struct log_read *read, enum err err)
{
    CHECK_INT(err, OK);
    container_of(read, struct seal_read, read)->done = true;
}

TEST("a shard closed after the clock went back outlives its latest record")
{
    struct bench bench;
    struct stream *stream;
    struct seal_read entry = { 0 };

    setup(&bench, WORLD_LOCAL, 2);
    bench_create_stream(&bench, 1);
    stream = bench_stream(&bench);
    sim_step_wall(bench.world->os, -7200000);
    CHECK_INT(bench_split(&bench, 0, (u128)1 << 127), OK);
    CHECK(bench_settle(&bench));
    entry.read = (struct log_read){
        .log = shard_log(stream->id, 0), .bytes_max = 100, .batches_max = 10, .done = seal_read_done
    };
    if (log_read(bench.world->log, &entry.read) == ERR_PENDING)
        CHECK(world_until(bench.world, &entry.done));
    CHECK(entry.read.batch_count == 0 || stream_shard(stream, 0)->closed_at >= entry.read.batches[0].time);
    CHECK(stream_shard(stream, 0)->closed_at > os_wall_ms(bench.world->os) + 7000000);
    log_read_release(bench.world->log, &entry.read);
    bench_check(&bench);
    bench_destroy(&bench);
}

TEST("a step of the clock neither holds a transition up nor hurries it without end")
{
    static const ms steps[] = { -86400000, -1000, 1000, 86400000 };

    for (size_t i = 0; i < 4; i++) {
        struct bench bench;
        int64_t start;

        setup(&bench, WORLD_LOCAL, i + 1);
        bench_create_stream(&bench, 2);
        CHECK_INT(bench_scale(&bench, 4), OK);
        start = os_mono_us(bench.world->os);
        world_run(bench.world, 1000);
        sim_step_wall(bench.world->os, steps[i]);
        CHECK(bench_settle(&bench));
        CHECK(os_mono_us(bench.world->os) - start < 5000000);
        CHECK_INT(open_count(&bench), 4);
        bench_check(&bench);
        bench_destroy(&bench);
    }
}

static void stage_consumer(struct bench *bench, struct store_txn *txn, void *ctx)
{
    struct stream *stream = bench_stream(bench);
    ms now = os_wall_ms(bench->world->os);
    struct catalog_consumer_record record = { .name = *(str *)ctx,
                                              .created_at = ms_of(now),
                                              .status = int_of(CONSUMER_CREATING),
                                              .due_at = ms_of(now + BENCH_TRANSITION_MS) };

    catalog_read_stream(txn, stream);
    catalog_read_consumer_name(txn, stream, record.name);
    catalog_put_consumer(txn, stream->id, &record);
}

static void stage_consumer_delete(struct bench *bench, struct store_txn *txn, void *ctx)
{
    struct stream *stream = bench_stream(bench);
    struct consumer *consumer = stream_consumer(stream, *(str *)ctx);
    struct catalog_consumer_record record = *consumer->record;

    record.status = int_of(CONSUMER_DELETING);
    record.due_at = ms_of(os_wall_ms(bench->world->os) + BENCH_TRANSITION_MS);
    catalog_read_consumer(txn, consumer);
    catalog_put_consumer(txn, stream->id, &record);
}

TEST("consumers become ACTIVE, are listed by name, survive a restart and go")
{
    struct bench bench;
    str names[] = { STR("b"), STR("a"), STR("c") };

    setup(&bench, WORLD_LOCAL, 6);
    bench_create_stream(&bench, 1);
    for (int i = 0; i < 3; i++)
        CHECK_INT(bench_commit(&bench, stage_consumer, &names[i]), OK);
    CHECK_INT(stream_consumer(bench_stream(&bench), STR("a"))->record->status.value, CONSUMER_CREATING);
    bench_close(&bench);
    CHECK(bench_open(&bench));
    world_run(bench.world, 2 * BENCH_TRANSITION_MS * 1000);
    CHECK_STR(stream_next_consumer(bench_stream(&bench), (str){ 0 })->record->name, "a");
    CHECK_STR(stream_next_consumer(bench_stream(&bench), STR("a"))->record->name, "b");
    CHECK_STR(stream_next_consumer(bench_stream(&bench), STR("b"))->record->name, "c");
    CHECK(stream_next_consumer(bench_stream(&bench), STR("c")) == NULL);
    for (int i = 0; i < 3; i++)
        CHECK_INT(stream_consumer(bench_stream(&bench), names[i])->record->status.value, CONSUMER_ACTIVE);
    CHECK_INT(bench_commit(&bench, stage_consumer_delete, &names[0]), OK);
    world_run(bench.world, 2 * BENCH_TRANSITION_MS * 1000);
    CHECK(stream_consumer(bench_stream(&bench), STR("b")) == NULL);
    CHECK_INT(bench.events[CONSUMER_GONE], 1);
    CHECK_INT(bench_commit(&bench, bench_stage_delete, NULL), OK);
    CHECK(sim_run_until(bench.world->os, 2000000, bench_is_deleted, &bench));
    CHECK_INT(bench.events[CONSUMER_GONE], 3);
    bench_destroy(&bench);
}

TEST("nothing is gone for a catalog that has not read its log yet")
{
    struct bench bench;
    struct catalog_config config;
    uint64_t id;

    setup(&bench, WORLD_LOCAL, 6);
    bench_create_stream(&bench, 1);
    id = bench_stream(&bench)->id;
    bench_close(&bench);
    CHECK_INT(world_open(bench.world), OK);
    config = (struct catalog_config){ .os = bench.world->os,
                                      .loop = bench.world->loop,
                                      .worker = bench.world->worker,
                                      .log = bench.world->log,
                                      .dir = "/data",
                                      .transition_ms = 1,
                                      .event = bench_event,
                                      .failed = bench_failed,
                                      .ctx = &bench };
    bench.opened = false;
    CHECK_INT(catalog_open(&config, bench_opened, &bench.catalog), OK);
    CHECK(!bench.opened && !catalog_horizon(bench.catalog, shard_log(id, 0), 0).gone);
    CHECK(world_until(bench.world, &bench.opened));
    CHECK(!catalog_horizon(bench.catalog, shard_log(id, 0), 0).gone);
    CHECK(catalog_horizon(bench.catalog, shard_log(id + 1, 0), 0).gone);
    bench_destroy(&bench);
}

TEST("names of a stranger's length find nothing and break nothing")
{
    struct bench bench;
    char *region = malloc(5000);

    memset(region, 'r', 5000);
    setup(&bench, WORLD_HOSTILE, 6);
    CHECK(catalog_stream(bench.catalog, STR("1"), str_bytes(region, 5000), STR("s")) == NULL);
    CHECK(catalog_next_stream(bench.catalog, STR("1"), str_bytes(region, 5000), (str){ 0 }) == NULL);
    free(region);
    bench_destroy(&bench);
}

static bool has_shards(void *ctx)
{
    return bench_stream(ctx)->shard_count > 0;
}

TEST("a stream of very many shards is made and deleted, in slices, and a crash between two of them loses none")
{
    struct bench bench;
    uint32_t shards = 70000;
    struct stream *stream;

    setup(&bench, WORLD_LOCAL, 6);
    bench.event = NULL;
    CHECK_INT(bench_commit(&bench, bench_stage_create, &shards), OK);
    CHECK(sim_run_until(bench.world->os, 5000000, has_shards, &bench));
    stream = bench_stream(&bench);
    CHECK(stream->shard_count < shards && stream->record->status.value == STREAM_CREATING);
    CHECK_INT(open_count(&bench), 0);
    sim_freeze(bench.world->os);
    bench_close(&bench);
    sim_crash(bench.world->os);
    CHECK(bench_open(&bench) && bench_settle(&bench));
    CHECK_INT(open_count(&bench), shards);
    bench_check(&bench);
    CHECK_INT(bench_commit(&bench, bench_stage_delete, NULL), OK);
    CHECK(sim_run_until(bench.world->os, 5000000, bench_is_deleted, &bench));
    CHECK_INT(store_count(catalog_store(bench.catalog)), 1);
    bench_destroy(&bench);
}

UNIT_MAIN
