/* log_real_test.c: the embedded engine on the real disk with its real threads; the rest is proved in simulation. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "count/log.h"
#include "log/local/local.h"
#include "unit.h"

enum { COMMITS = 3000, LOGS = 7, BODY_BYTES = 700 };

struct world {
    struct os *os;
    struct os_loop *loop;
    struct log *log;
    struct count_log count;
    struct log_local_config config;
    char dir[64];
    uint32_t submitted, done;
    uint64_t numbers[COMMITS];
    struct log_append appends[COMMITS];
    struct log_commit commits[COMMITS];
    struct os_timer timer;
    enum err err;
};

static struct log_horizon horizon(void *ctx, log_id id)
{
    return (struct log_horizon){ 0 };
}

static void report(void *ctx, int level, str sentence)
{
    CHECK(level < 3);
}

static void failed(void *ctx, enum err err, str sentence)
{
    CHECK(err == OK); /* the engine failed */
}

static void opened(void *ctx, enum err err, struct log *log)
{
    struct world *world = ctx;

    world->err = err;
    world->log = log;
    os_loop_stop(world->loop);
}

static void closed(void *ctx)
{
    os_loop_stop(((struct world *)ctx)->loop);
}

static void fill(const struct log_append *append, char *to)
{
    memset(to, 'r', append->size);
    store_le64(to, *(const uint64_t *)append->ctx);
}

static void on_done(struct log_commit *commit, enum err err)
{
    struct world *world = commit->ctx;

    CHECK(err == OK && commit->appends[0].err == OK);
    if (++world->done == COMMITS)
        os_loop_stop(world->loop);
}

static void submit_some(struct os_timer *timer)
{
    struct world *world = container_of(timer, struct world, timer);

    for (unsigned i = 0; i < 50 && world->submitted < COMMITS; i++) {
        uint32_t n = world->submitted;
        enum err err;

        world->numbers[n] = n;
        world->appends[n] = (struct log_append){
            .log = 1 + n % LOGS, .count = 1, .size = BODY_BYTES, .fill = fill, .ctx = &world->numbers[n],
        };
        world->commits[n] = (struct log_commit){
            .appends = &world->appends[n], .append_count = 1, .done = on_done, .ctx = world,
        };
        err = log_submit(world->log, &world->commits[n]);
        if (err == ERR_FULL)
            break;
        CHECK(err == OK);
        world->submitted++;
    }
    if (world->submitted < COMMITS)
        os_timer_start(world->loop, timer, 200);
}

static void on_read(struct log_read *read, enum err err)
{
    struct world *world = read->ctx;

    world->err = err;
    os_loop_stop(world->loop);
}

static uint32_t read_all(struct world *world, log_id id)
{
    struct log_read read = { .log = id, .bytes_max = 20000, .batches_max = 30, .done = on_read, .ctx = world };
    uint32_t count = 0;

    do {
        enum err err = log_read(world->log, &read);

        if (err == ERR_PENDING) {
            os_loop_run(world->loop);
            err = world->err;
        }
        if (!CHECK(err == OK))
            return 0;
        for (uint32_t i = 0; i < read.batch_count; i++, count++) {
            uint64_t number = load_le64(read.batches[i].body.at);

            CHECK_INT(number, count * LOGS + id - 1);
            CHECK(read.batches[i].first == world->appends[number].first);
        }
        read.from = read.next;
        log_read_release(world->log, &read);
    } while (!read.at_end);
    return count;
}

static void open_world(struct world *world)
{
    CHECK(log_local_open(&world->config, opened, world) == OK);
    os_loop_run(world->loop);
    CHECK(world->err == OK);
}

static void remove_dir(const char *dir)
{
    char command[100];

    snprintf(command, sizeof(command), "rm -r %s", dir);
    CHECK(system(command) == 0);
}

static void prepare_world(struct world *world, const char *name)
{
    snprintf(world->dir, sizeof(world->dir), "/tmp/log_real_test.%d.%s", (int)getpid(), name);
    CHECK(os_create(&world->os) == OK && os_mkdir(world->os, world->dir) == OK);
    CHECK(os_loop_create(world->os, &world->loop) == OK);
    world->config = (struct log_local_config){
        .os = world->os, .loop = world->loop, .dir = world->dir, .durability = LOG_SYNC,
        .user = { .horizon = horizon, .report = report, .failed = failed },
        .tail_bytes_max = 100 << 10, .backlog_bytes_max = 512 << 10, .queue_bytes_max = 1 << 20,
        .segment_bytes_max = 128 << 10, .settled_bytes_max = 256 << 10, .bucket_ms = 3600 * 1000,
        .index_cache_bytes = 64 << 10, .count = &world->count,
    };
}

static void destroy_world(struct world *world)
{
    os_loop_destroy(world->loop);
    os_destroy(world->os);
    remove_dir(world->dir);
    free(world);
}

TEST("on a real disk, everything acknowledged is read back, before and after a restart")
{
    struct world *world = calloc(1, sizeof(*world));

    prepare_world(world, "back");
    world->timer.fire = submit_some;
    open_world(world);
    os_timer_start(world->loop, &world->timer, 0);
    os_loop_run(world->loop);
    for (unsigned start = 0; start < 2; start++) {
        uint32_t count = 0;

        for (log_id id = 1; id <= LOGS; id++)
            count += read_all(world, id);
        CHECK_INT(count, COMMITS);
        CHECK(world->count.settled_files > 0);
        log_close(world->log, closed, world);
        os_loop_run(world->loop);
        if (start == 0)
            open_world(world);
    }
    destroy_world(world);
}

static unsigned segments_in(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!CHECK(dir != NULL))
        return 0;
    while ((entry = readdir(dir)))
        count += str_starts(str_of(entry->d_name), STR("commit-"));
    closedir(dir);
    return count;
}

static void on_one_done(struct log_commit *commit, enum err err)
{
    struct world *world = commit->ctx;

    world->err = err;
    os_loop_stop(world->loop);
}

static void stop_loop(struct os_timer *timer)
{
    os_loop_stop(container_of(timer, struct world, timer)->loop);
}

/* One append, and the answer to it; refused at once or later. */
static enum err append_one(struct world *world)
{
    uint64_t number = 0;
    struct log_append append = { .log = 1, .count = 1, .size = 30 << 10, .fill = fill, .ctx = &number };
    struct log_commit commit = { .appends = &append, .append_count = 1, .done = on_one_done, .ctx = world };
    enum err err = log_submit(world->log, &commit);

    if (err != OK)
        return err;
    os_loop_run(world->loop);
    return world->err;
}

static void pause_ms(struct world *world, int64_t pause)
{
    world->timer.fire = stop_loop;
    os_timer_start(world->loop, &world->timer, pause * 1000);
    os_loop_run(world->loop);
}

/* Descriptors are gone but for `spare`. */
static struct rlimit take_descriptors(unsigned spare)
{
    struct rlimit before, limit;
    int next = open("/dev/null", O_RDONLY);

    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)next + spare;
    setrlimit(RLIMIT_NOFILE, &limit);
    return before;
}

TEST("for want of a descriptor no segment begins: appends are refused, nothing is left behind, and later all goes on")
{
    struct world *world = calloc(1, sizeof(*world));
    unsigned before;

    prepare_world(world, "few");
    open_world(world);
    for (unsigned i = 0; i < 4; i++)
        CHECK_INT(append_one(world), OK);
    for (unsigned spare = 0; spare < 2; spare++) {
        struct rlimit limit;
        unsigned refused = 0, after;

        pause_ms(world, 50); /* what settles in the background has ended */
        before = segments_in(world->dir);
        limit = take_descriptors(spare);
        for (unsigned i = 0; i < 20; i++) {
            refused += append_one(world) != OK;
            pause_ms(world, 20);
        }
        setrlimit(RLIMIT_NOFILE, &limit);
        CHECK(refused > 0);
        after = segments_in(world->dir);
        CHECK(after <= before);
        pause_ms(world, 200);
        for (unsigned i = 0; i < 20; i++)
            CHECK_INT(append_one(world), OK);
    }
    log_close(world->log, closed, world);
    os_loop_run(world->loop);
    destroy_world(world);
}

UNIT_MAIN
