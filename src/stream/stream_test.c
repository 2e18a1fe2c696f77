/* stream_test.c: what was put and acknowledged is read, once and in order, whatever happens to the shards meanwhile. */
#include "put.c"

#include "stream/test_stream.h"

enum {
    WRITERS = 4,
    KEYS_EACH = 3,
    KEYS = WRITERS * KEYS_EACH,
    SENT_MAX = 4000,
    SHARDS_MAX = 2000,
    ENTRIES_MAX = 6,
    DATA_MAX = 300
};

/* One record that was put, and where it was seen. */
struct sent {
    uint32_t key, number;
    bool finished;
    enum err err;
    uint32_t shard;
    log_pos position;
    ms time;
    unsigned seen;
    uint32_t seen_shard;
    log_pos seen_position;
    ms seen_time;
};

struct play {
    struct stage stage;
    struct sent *sent;
    size_t sent_count, by_err[ERR_COUNT], encrypted;
    uint32_t next_number[KEYS], last_seen[KEYS];
    unsigned busy;
    bool stopping;
    struct {
        log_pos at;
        bool ended;
    } shards[SHARDS_MAX];
};

struct writer {
    struct play *play;
    struct os_timer timer;
    struct put put;
    struct put_entry entries[ENTRIES_MAX];
    char keys[ENTRIES_MAX][8], data[ENTRIES_MAX][DATA_MAX];
    size_t sent[ENTRIES_MAX];
    struct arena arena;
    unsigned index, left;
};

static void written(struct put *put, enum err err)
{
    struct writer *writer = put->ctx;
    struct play *play = writer->play;

    for (uint32_t i = 0; i < put->count; i++) {
        const struct put_entry *entry = &put->entries[i];
        struct sent *sent = &play->sent[writer->sent[i]];

        CHECK(!sent->finished && entry->err != ERR_SEALED);
        sent->finished = true;
        sent->err = err != OK ? err : entry->err;
        sent->shard = entry->shard;
        sent->position = entry->position;
        sent->time = entry->time;
        play->by_err[sent->err]++;
    }
    play->encrypted += put->encrypted;
    arena_deinit(&writer->arena);
    play->busy--;
    if (writer->left > 0 && !play->stopping)
        os_timer_start(play->stage.bench.world->loop, &writer->timer,
                       (int64_t)world_below(play->stage.bench.world, 150000));
}

static void fire(struct os_timer *timer)
{
    struct writer *writer = container_of(timer, struct writer, timer);
    struct play *play = writer->play;
    struct world *world = play->stage.bench.world;
    uint32_t count = 1 + (uint32_t)world_below(world, ENTRIES_MAX);

    writer->left--;
    arena_init(&writer->arena, 1 << 20);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = writer->index * KEYS_EACH + (uint32_t)world_below(world, KEYS_EACH);
        struct sent *sent = &play->sent[play->sent_count];
        size_t size;

        *sent = (struct sent){ .key = key, .number = ++play->next_number[key] };
        writer->sent[i] = play->sent_count++;
        size = (size_t)snprintf(writer->data[i], DATA_MAX, "%zu:", writer->sent[i]);
        memset(writer->data[i] + size, 'd', DATA_MAX - size);
        snprintf(writer->keys[i], sizeof(writer->keys[i]), "key%u", key);
        writer->entries[i] = (struct put_entry){
            .key = str_of(writer->keys[i]),
            .data = str_bytes(writer->data[i], size + world_below(world, DATA_MAX - size)),
        };
    }
    writer->put = (struct put){ .stream_id = bench_stream(&play->stage.bench)->id,
                                .entries = writer->entries,
                                .count = count,
                                .arena = &writer->arena,
                                .done = written,
                                .ctx = writer };
    play->busy++;
    put_start(play->stage.streams, &writer->put);
}

/* ---- reading along the lineage -------------------------------------------------------------------------------------
 */

static void seen(struct play *play, uint32_t shard, const struct read_record *record)
{
    size_t number = strtoul(record->data.at, NULL, 10);
    struct sent *sent;
    char key[8];

    if (!CHECK(number < play->sent_count))
        return;
    sent = &play->sent[number];
    CHECK_INT(sent->seen++, 0);
    sent->seen_shard = shard;
    sent->seen_position = record->position;
    sent->seen_time = record->time;
    snprintf(key, sizeof(key), "key%u", sent->key % KEYS);
    CHECK_STR(record->key, key);
    CHECK(play->last_seen[sent->key] < sent->number);
    play->last_seen[sent->key] = sent->number;
}

static bool may_read(const struct play *play, const struct shard *shard)
{
    return !play->shards[shard->index].ended && (shard->parent == SHARD_NONE || play->shards[shard->parent].ended) &&
           (shard->adjacent == SHARD_NONE || play->shards[shard->adjacent].ended);
}

/* One read of the shard; true if there was nothing. */
static bool read_some(struct play *play, uint32_t index)
{
    struct world *world = play->stage.bench.world;
    struct stage_read entry = { 0 };
    struct arena arena;
    bool nothing;

    arena_init(&arena, 16 << 20);
    entry.read = (struct stream_read){ .stream_id = bench_stream(&play->stage.bench)->id,
                                       .shard = index,
                                       .from = play->shards[index].at,
                                       .arena = &arena,
                                       .records_max = 1 + (uint32_t)world_below(world, 30),
                                       .bytes_max = 1 + world_below(world, 3000) };
    if (!CHECK_INT(stage_read(&play->stage, &entry), OK)) {
        arena_deinit(&arena);
        return true;
    }
    CHECK(entry.read.count <= entry.read.records_max);
    CHECK(entry.read.bytes <= entry.read.bytes_max || entry.read.count == 1);
    CHECK(entry.read.at_end || entry.read.count > 0);
    for (uint32_t i = 0; i < entry.read.count; i++)
        seen(play, index, &entry.read.records[i]);
    CHECK(entry.read.next >= play->shards[index].at);
    play->shards[index].at = entry.read.next;
    play->shards[index].ended = entry.read.sealed;
    nothing = entry.read.count == 0 && entry.read.at_end && !entry.read.sealed;
    stream_read_release(&entry.read);
    arena_deinit(&arena);
    return nothing;
}

/* Each shard that may be read, once; true if nothing is left to read now. */
static bool read_round(struct play *play)
{
    bool nothing = true;

    for (uint32_t index = 0; index < SHARDS_MAX; index++) {
        struct stream *stream = bench_stream(&play->stage.bench);
        const struct shard *shard = stream_shard(stream, index);

        if (index >= (uint32_t)stream->record->next_shard.value)
            break;
        if (shard && may_read(play, shard))
            nothing &= read_some(play, index);
    }
    return nothing;
}

/* ---- what happens meanwhile ----------------------------------------------------------------------------------------
 */

static void reshape(struct play *play)
{
    struct bench *bench = &play->stage.bench;
    struct world *world = bench->world;
    struct shard *const *open;
    size_t count, at;

    if (!bench_is_active(bench) || bench_stream(bench)->record->next_shard.value > SHARDS_MAX - 100)
        return;
    open = stream_open_shards(bench_stream(bench), &count);
    at = world_below(world, count);
    switch (world_below(world, 3)) {
    case 0:
        CHECK_INT(bench_scale(bench, 1 + (uint32_t)world_below(world, 5)), OK);
        break;
    case 1:
        if (count < 8)
            CHECK_INT(bench_split(bench, open[at]->index, open[at]->start + (open[at]->end - open[at]->start) / 2 + 1),
                      OK);
        break;
    default:
        if (at + 1 < count)
            CHECK_INT(bench_merge(bench, open[at]->index, open[at + 1]->index), OK);
        break;
    }
}

static void rekey(struct play *play)
{
    struct world *world = play->stage.bench.world;
    struct vault_key key;
    char arn[VAULT_ARN_MAX];

    if (!bench_is_active(&play->stage.bench))
        return;
    if (world_below(world, 3) == 0) {
        CHECK_INT(stage_encrypt(&play->stage, (str){ 0 }), OK);
        return;
    }
    CHECK_INT(vault_new_key(keyring_vault(play->stage.keyring), STR("here"), STR("123456789012"), os_wall_ms(world->os),
                            &key),
              OK);
    memcpy(arn, key.arn.at, key.arn.size);
    keyring_save(play->stage.keyring);
    world_run(world, 20000);
    CHECK_INT(stage_encrypt(&play->stage, str_bytes(arn, key.arn.size)), OK);
}

static void writers_start(struct writer *writers, struct play *play)
{
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].timer.fire = fire;
        if (writers[i].left > 0)
            os_timer_start(play->stage.bench.world->loop, &writers[i].timer, i);
    }
}

static void restart(struct play *play, struct writer *writers)
{
    play->stopping = true;
    for (unsigned i = 0; i < WRITERS; i++)
        os_timer_stop(&writers[i].timer);
    stage_close(&play->stage);
    CHECK_INT(play->busy, 0);
    play->stopping = false;
    if (CHECK(stage_open(&play->stage)))
        writers_start(writers, play);
}

static void check_sent(const struct play *play)
{
    for (size_t i = 0; i < play->sent_count; i++) {
        const struct sent *sent = &play->sent[i];

        CHECK(sent->finished);
        CHECK_INT(sent->seen, sent->err == OK);
        if (sent->err == OK && sent->seen)
            CHECK(sent->shard == sent->seen_shard && sent->position == sent->seen_position &&
                  sent->time == sent->seen_time);
    }
}

enum { RESHAPE = 1, REKEY = 2, RESTART = 4, THROTTLE = 8 };

static void run(enum world_kind kind, uint64_t seed, unsigned what)
{
    struct play *play = calloc(1, sizeof(*play));
    struct writer *writers = calloc(WRITERS, sizeof(*writers));
    struct world *world;
    size_t left;

    play->sent = calloc(SENT_MAX, sizeof(*play->sent));
    stage_create(&play->stage, kind, seed);
    play->stage.limits.enforced = what & THROTTLE;
    play->stage.limits.write_records = 10;
    if (!CHECK(stage_open(&play->stage)) || !CHECK(bench_create_stream(&play->stage.bench, 2)))
        return;
    world = play->stage.bench.world;
    for (unsigned i = 0; i < WRITERS; i++)
        writers[i] = (struct writer){ .play = play, .index = i, .left = 100 };
    writers_start(writers, play);
    for (int rounds = 0; rounds < 10000; rounds++) {
        world_run(world, (int64_t)world_below(world, 50000));
        if (world_below(world, 2))
            (void)read_round(play);
        if (what & REKEY && world_below(world, 4) == 0)
            rekey(play);
        if (what & RESHAPE && world_below(world, 4) == 0)
            reshape(play);
        if (what & RESTART && world_below(world, 15) == 0)
            restart(play, writers);
        left = 0;
        for (unsigned i = 0; i < WRITERS; i++)
            left += writers[i].left;
        if (left == 0 && play->busy == 0)
            break;
    }
    CHECK_INT(play->busy, 0);
    CHECK(bench_settle(&play->stage.bench));
    for (int rounds = 0; rounds < 10000 && !read_round(play); rounds++)
        ;
    check_sent(play);
    bench_check(&play->stage.bench);
    CHECK(play->by_err[OK] > 100);
    CHECK_INT(play->by_err[ERR_TIMEOUT] + play->by_err[ERR_NOT_FOUND] + play->by_err[ERR_INTERNAL], 0);
    CHECK((play->by_err[ERR_THROTTLED] > 0) == ((what & THROTTLE) != 0));
    CHECK_INT(play->by_err[OK] + play->by_err[ERR_FULL] + play->by_err[ERR_THROTTLED] + play->by_err[ERR_STOPPED],
              play->sent_count);
    if (what & REKEY)
        CHECK(play->encrypted > 10);
    CHECK_INT(play->stage.total.incoming_records, play->by_err[OK]);
    stage_destroy(&play->stage);
    free(play->sent);
    free(play);
    free(writers);
}

TEST("what is acknowledged is read once and in order while shards split and merge, on the hostile engine")
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        run(WORLD_HOSTILE, seed, RESHAPE);
}

TEST("also when a put hears of its end after the children are there")
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        run(WORLD_LATE, seed, RESHAPE);
}

TEST("also on the embedded engine, over restarts")
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        run(WORLD_LOCAL, seed, RESHAPE | RESTART);
}

TEST("also encrypted, under changing keys, over restarts")
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        run(WORLD_LOCAL, seed, RESHAPE | REKEY | RESTART);
    run(WORLD_LATE, 5, RESHAPE | REKEY);
}

TEST("what was throttled never appears")
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        run(seed % 2 ? WORLD_LATE : WORLD_LOCAL, seed, RESHAPE | THROTTLE);
}

static void stage_large(struct bench *bench, struct store_txn *txn, void *ctx)
{
    struct stream *stream = bench_stream(bench);
    struct catalog_stream_record record = *stream->record;

    (void)ctx;
    catalog_read_stream(txn, stream);
    record.record_kib = int_of(10240);
    catalog_put_stream(txn, &record);
}

TEST("a record of the largest size is taken by a shard at rest, whatever its key adds, and is owed afterwards")
{
    static char data[40960];
    struct stage stage;
    struct stage_put one;

    stage_create(&stage, WORLD_LOCAL, 1);
    stage.limits.enforced = true;
    stage.limits.write_bytes = 4096;
    stage.limits.write_burst_bytes = 40960;
    CHECK(stage_open(&stage) && bench_create_stream(&stage.bench, 1));
    CHECK_INT(stage_put(&stage, &one, STR("key"), str_bytes(data, 4096)), OK);
    CHECK_INT(stage_put(&stage, &one, STR("key"), STR("d")), ERR_THROTTLED);
    world_run(stage.bench.world, 2000000);
    CHECK_INT(bench_commit(&stage.bench, stage_large, NULL), OK);
    CHECK_INT(stage_put(&stage, &one, STR("key"), str_bytes(data, 40960)), OK);
    CHECK_INT(stage_put(&stage, &one, STR("key"), str_bytes(data, 4096)), ERR_THROTTLED);
    world_run(stage.bench.world, 1300000); /* the second pays for the key and for as much again */
    CHECK_INT(stage_put(&stage, &one, STR("key"), STR("d")), OK);
    stage_destroy(&stage);
}

TEST("a put to a shard that somebody ended waits for the children, and not for ever")
{
    struct stage stage;
    struct stage_put one;
    int64_t start;

    stage_create(&stage, WORLD_HOSTILE, 1);
    CHECK(stage_open(&stage) && bench_create_stream(&stage.bench, 1));
    log_hostile_seal(stage.bench.world->inner, shard_log(bench_stream(&stage.bench)->id, 0));
    start = os_mono_us(stage.bench.world->os);
    while (stage_put(&stage, &one, STR("k"), STR("d")) == ERR_FULL)
        start = os_mono_us(stage.bench.world->os);
    CHECK_INT(one.entry.err, ERR_TIMEOUT);
    CHECK(os_mono_us(stage.bench.world->os) - start >= 10000000);
    CHECK(os_mono_us(stage.bench.world->os) - start < 12000000);
    stage_destroy(&stage);
}

TEST("a put that hears of the end after the children are there goes to them at once")
{
    enum { PUTS = 40 };

    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct stage stage;
        struct stage_put puts[PUTS];

        stage_create(&stage, WORLD_LATE, seed);
        CHECK(stage_open(&stage) && bench_create_stream(&stage.bench, 1));
        CHECK_INT(bench_split(&stage.bench, 0, (u128)1 << 127), OK);
        world_run(stage.bench.world, (BENCH_TRANSITION_MS - 40) * 1000);
        for (int i = 0; i < PUTS; i++) {
            stage_put_start(&stage, &puts[i], STR("k"), STR("d"));
            world_run(stage.bench.world, 2000);
        }
        world_run(stage.bench.world, 3000000);
        for (int i = 0; i < PUTS; i++)
            CHECK(puts[i].done && puts[i].err == OK && (puts[i].entry.err == OK || puts[i].entry.err == ERR_FULL));
        stage_destroy(&stage);
    }
}

TEST("when too many wait, the next is refused; a deletion ends all waiting")
{
    struct stage stage;
    struct stage_put puts[4], one;

    stage_create(&stage, WORLD_HOSTILE, 3);
    stage.waiting_max = 3;
    stage.waiting_ms_max = 100000;
    CHECK(stage_open(&stage) && bench_create_stream(&stage.bench, 1));
    log_hostile_seal(stage.bench.world->inner, shard_log(bench_stream(&stage.bench)->id, 0));
    for (int i = 0; i < 3; i++) {
        do {
            stage_put_start(&stage, &puts[i], STR("k"), STR("d"));
            world_run(stage.bench.world, 20000);
        } while (puts[i].done);
    }
    while (stage_put(&stage, &one, STR("k"), STR("d")) == ERR_FULL && one.err == OK)
        ;
    CHECK_INT(one.err, ERR_FULL);
    CHECK_INT(bench_commit(&stage.bench, bench_stage_delete, NULL), OK);
    CHECK(sim_run_until(stage.bench.world->os, 20000000, bench_is_deleted, &stage.bench));
    for (int i = 0; i < 3; i++)
        CHECK(puts[i].done && puts[i].err == ERR_NOT_FOUND);
    stage_destroy(&stage);
}

TEST("a key that could not be written is not used until it has been")
{
    struct stage stage;
    struct stage_put one;
    struct stage_read entry = { 0 };
    struct arena arena;

    stage_create(&stage, WORLD_LOCAL, 1);
    CHECK(stage_open(&stage) && bench_create_stream(&stage.bench, 1));
    CHECK_INT(stage_encrypt(&stage, STR("arn:aws:kms:here:123456789012:key/x")), OK);
    CHECK(bench_settle(&stage.bench));
    CHECK_INT(stage_put(&stage, &one, STR("k"), STR("d")), ERR_KMS_NOT_FOUND);
    {
        struct vault_key key;
        char arn[VAULT_ARN_MAX];

        CHECK_INT(vault_new_key(keyring_vault(stage.keyring), STR("here"), STR("123456789012"), 1, &key), OK);
        memcpy(arn, key.arn.at, key.arn.size);
        CHECK_INT(stage_encrypt(&stage, str_bytes(arn, key.arn.size)), OK);
    }
    CHECK(bench_settle(&stage.bench));
    sim_fail_at(stage.bench.world->os, SIM_META, 1, 1, ERR_IO); /* the opening of vault.json.tmp */
    CHECK_INT(stage_put(&stage, &one, STR("k"), STR("lost")), ERR_IO);
    CHECK_INT(stage_put(&stage, &one, STR("k"), STR("lost")), ERR_IO);
    sim_heal(stage.bench.world->os);
    world_run(stage.bench.world, 2000000);
    CHECK_INT(stage_put(&stage, &one, STR("k"), STR("kept")), OK);
    stage_close(&stage);
    CHECK(stage_open(&stage));
    arena_init(&arena, 1 << 20);
    entry.read = (struct stream_read){
        .stream_id = bench_stream(&stage.bench)->id, .arena = &arena, .records_max = 10, .bytes_max = 1000
    };
    if (CHECK_INT(stage_read(&stage, &entry), OK)) {
        CHECK(entry.read.count == 1 && entry.read.records[0].encrypted);
        struct read_part *parts = stream_read_take(&entry.read);
        str data = entry.read.records[0].data;

        CHECK_STR(data, "kept");
        CHECK(entry.read.held_bytes >= data.size + 1);
        stream_read_release(&entry.read);
        arena_reset(&arena);
        CHECK_STR(data, "kept"); /* sealed or not, it lives as long as the parts */
        stream_parts_release(parts);
    }
    {
        str arn = bench_stream(&stage.bench)->record->key_arn;

        CHECK_INT(vault_set_state(keyring_vault(stage.keyring), arn, VAULT_DISABLED, 0), OK);
        CHECK_INT(stage_read(&stage, &entry), ERR_KMS_DISABLED);
        CHECK(arn.size && str_eq(entry.read.key_arn, arn));
    }
    arena_deinit(&arena);
    stage_destroy(&stage);
}

struct told {
    struct keyring_wait wait;
    unsigned count;
    enum err err;
};

static void saved(struct keyring_wait *wait, enum err err)
{
    struct told *told = container_of(wait, struct told, wait);

    told->count++;
    told->err = err;
}

TEST("who waits for the vault hears once, when it is on the disk or cannot be, and not if he has left")
{
    struct stage stage;
    struct vault_key key;
    struct told told = { .wait.saved = saved }, left = { .wait.saved = saved };

    stage_create(&stage, WORLD_LOCAL, 1);
    CHECK(stage_open(&stage));
    CHECK_INT(keyring_wait(stage.keyring, &told.wait), ERR_PENDING); /* the first one is not there yet */
    world_run(stage.bench.world, 1000000);
    CHECK(told.count == 1 && told.err == OK);
    told.count = 0;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(vault_new_key(keyring_vault(stage.keyring), STR("here"), STR("123456789012"), 1, &key), OK);
        if (i == 0)
            sim_fail_at(stage.bench.world->os, SIM_META, 1, 1, ERR_IO);
        CHECK_INT(keyring_wait(stage.keyring, &told.wait), ERR_PENDING);
        CHECK_INT(keyring_wait(stage.keyring, &left.wait), ERR_PENDING);
        list_remove(&left.wait.link);
        CHECK_INT(told.count, i);
        world_run(stage.bench.world, 1000000);
        CHECK_INT(told.count, i + 1);
        CHECK_INT(told.err, i == 0 ? ERR_IO : OK);
    }
    CHECK_INT(left.count, 0);
    CHECK_INT(keyring_wait(stage.keyring, &told.wait), OK);
    stage_destroy(&stage);
}

TEST("a vault whose master key is missing is not opened under a fresh one")
{
    struct stage stage;
    struct stage_put one;
    struct vault_key key;
    char why[256] = "", arn[VAULT_ARN_MAX];
    struct keyring_config config;
    struct keyring *keyring;

    stage_create(&stage, WORLD_LOCAL, 1);
    CHECK(stage_open(&stage) && bench_create_stream(&stage.bench, 1));
    CHECK_INT(vault_new_key(keyring_vault(stage.keyring), STR("here"), STR("123456789012"), 1, &key), OK);
    memcpy(arn, key.arn.at, key.arn.size);
    CHECK_INT(stage_encrypt(&stage, str_bytes(arn, key.arn.size)), OK);
    CHECK(bench_settle(&stage.bench));
    CHECK_INT(stage_put(&stage, &one, STR("k"), STR("d")), OK);
    config = (struct keyring_config){ .os = stage.bench.world->os, .dir = "/data", .master_key = "/data/elsewhere" };
    CHECK_INT(keyring_open(&config, &keyring, why), ERR_MISSING);
    CHECK(strlen(why) > 10);
    stage_destroy(&stage);
}

struct key_wait {
    struct keyring_wait wait;
    bool done;
    enum err err;
};

static void key_saved(struct keyring_wait *wait, enum err err)
{
    struct key_wait *entry = container_of(wait, struct key_wait, wait);

    entry->done = true;
    entry->err = err;
}

/* As StartStreamEncryption does it: a name that makes a key, the key on disk, then the stream's change; then a put. */
static bool encrypt_by_name(struct stage *stage)
{
    struct key_wait entry = { .wait.saved = key_saved };
    struct stage_put one;
    struct vault_key key;
    char arn[VAULT_ARN_MAX];
    enum err err;

    CHECK_INT(vault_find(keyring_vault(stage->keyring), STR("here"), STR("123456789012"), STR("alias/mine"), 1, &key), OK);
    memcpy(arn, key.arn.at, key.arn.size);
    err = keyring_wait(stage->keyring, &entry.wait);
    if (err == ERR_PENDING) {
        CHECK(world_until(stage->bench.world, &entry.done));
        err = entry.err;
    }
    if (err == OK)
        err = stage_encrypt(stage, str_bytes(arn, key.arn.size));
    return err == OK && stage_put(stage, &one, STR("k"), STR("d")) == OK;
}

/* After a crash at the nth operation of the disk: a stream's key is there, if the stream says that it has one. */
static bool encrypt_crashed(uint64_t nth, unsigned *encrypted)
{
    struct stage stage;
    struct stage_put one;
    const struct stream *stream;
    bool crashed;

    stage_create(&stage, WORLD_LOCAL, 3);
    CHECK(stage_open(&stage) && bench_create_stream(&stage.bench, 1));
    sim_crash_at(stage.bench.world->os, SIM_ANY, nth);
    (void)encrypt_by_name(&stage);
    world_run(stage.bench.world, 100000);
    crashed = sim_frozen(stage.bench.world->os);
    stage_close(&stage);
    sim_crash(stage.bench.world->os);
    if (CHECK(stage_open(&stage))) {
        CHECK(bench_settle(&stage.bench));
        stream = bench_stream(&stage.bench);
        if (str_present(stream->record->key_arn)) {
            ++*encrypted;
            CHECK(keyring_knows(stage.keyring, stream->record->key_arn));
            CHECK_INT(stage_put(&stage, &one, STR("k"), STR("after")), OK);
        }
    }
    stage_destroy(&stage);
    return crashed;
}

TEST("a crash at any operation of the disk leaves no stream with a key that is not there")
{
    unsigned encrypted = 0;
    uint64_t nth = 1;

    while (encrypt_crashed(nth, &encrypted))
        nth++;
    CHECK(nth > 10 && encrypted > 2 && encrypted < nth);
}

UNIT_MAIN
