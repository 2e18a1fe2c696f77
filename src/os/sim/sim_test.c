/* sim_test.c: what the simulated world breaks, and what it must not break. */
#include "os/sim/sim.h"

#include <assert.h>
#include <stdlib.h>

#include "base/list.h"
#include "unit.h"

static struct os *os;

static void begin(uint64_t seed)
{
    assert(sim_create(seed, &os) == OK);
    assert(os_mkdir(os, "/d") == OK);
    assert(os_sync_dir(os, "/") == OK);
}

static struct os_file *open_file(const char *path, unsigned flags)
{
    struct os_file *file = NULL;
    enum err err = os_open(os, path, flags | OS_READ, &file);

    assert(err == OK);
    return file;
}

/* A file that is durable with its name. */
static struct os_file *open_durable(const char *path, str content)
{
    struct os_file *file = open_file(path, OS_WRITE | OS_CREATE);

    assert(os_write_at(file, &(struct os_iov){ content.at, content.size }, 1, 0) == OK);
    assert(os_sync(file) == OK);
    assert(os_sync_dir(os, "/d") == OK);
    return file;
}

static enum err write_str(struct os_file *file, str text, uint64_t offset)
{
    return os_write_at(file, &(struct os_iov){ text.at, text.size }, 1, offset);
}

/* The content of a small file; "MISSING" if it is not there. */
static const char *content(const char *path)
{
    static char text[20000];
    char *at;
    size_t size;
    enum err err = os_read_file(os, path, sizeof(text) - 1, &at, &size);

    if (err != OK)
        return err_name(err);
    memcpy(text, at, size + 1);
    free(at);
    return text;
}

/* ---- what a power loss leaves ---------------------------------------------------------------------------------- */

TEST("what was synced survives every crash, what was not is sometimes lost and sometimes kept")
{
    int kept = 0, lost = 0;

    for (uint64_t seed = 0; seed < 100; seed++) {
        struct os_file *file;
        const char *got;

        begin(seed);
        file = open_durable("/d/f", STR("synced"));
        CHECK_INT(write_str(file, STR(" and more"), 6), OK);
        CHECK_STR(str_of(content("/d/f")), "synced and more");
        sim_crash(os);
        got = content("/d/f");
        CHECK(memcmp(got, "synced", 6) == 0);
        kept += strcmp(got, "synced and more") == 0;
        lost += strcmp(got, "synced") == 0;
        os_close(file);
        os_destroy(os);
    }
    CHECK(kept > 10 && lost > 10);
}

TEST("a killed process loses nothing that it wrote")
{
    struct os_file *file;

    begin(3);
    file = open_file("/d/f", OS_WRITE | OS_CREATE);
    CHECK_INT(write_str(file, STR("unsynced"), 0), OK);
    sim_kill(os);
    CHECK_STR(str_of(content("/d/f")), "unsynced");
    CHECK_INT(write_str(file, STR("dead"), 0), ERR_IO);
    os_close(file);
    os_destroy(os);
}

TEST("a write tears between sectors and nowhere else, in any subset")
{
    enum { SECTORS = 8, SIZE = SECTORS * 512 };
    static char old[SIZE], new[SIZE];
    bool seen_hole = false, seen_torn = false;

    memset(old, 'o', SIZE);
    memset(new, 'n', SIZE);
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct os_file *file;
        char got[SIZE];
        size_t size, news = 0;
        bool gap = false;

        begin(seed);
        file = open_durable("/d/f", str_bytes(old, SIZE));
        CHECK_INT(write_str(file, str_bytes(new, SIZE), 0), OK);
        os_close(file);
        sim_crash(os);
        file = open_file("/d/f", 0);
        CHECK_INT(os_read_at(file, got, SIZE, 0, &size), OK);
        CHECK_INT(size, SIZE);
        for (size_t i = 0; i < SECTORS; i++) {
            CHECK(memcmp(got + i * 512, old, 512) == 0 || memcmp(got + i * 512, new, 512) == 0);
            gap = gap || (got[i * 512] == 'o' && i + 1 < SECTORS && got[(i + 1) * 512] == 'n');
            news += got[i * 512] == 'n';
        }
        seen_torn = seen_torn || (news > 0 && news < SECTORS);
        seen_hole = seen_hole || gap;
        os_close(file);
        os_destroy(os);
    }
    CHECK(seen_torn && seen_hole);
}

TEST("within a sector a later write never survives without the earlier one")
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct os_file *file;
        const char *got;

        begin(seed);
        file = open_durable("/d/f", STR("...."));
        CHECK_INT(write_str(file, STR("a"), 0), OK);
        CHECK_INT(write_str(file, STR("b"), 1), OK);
        CHECK_INT(write_str(file, STR("c"), 2), OK);
        os_close(file);
        sim_crash(os);
        got = content("/d/f");
        CHECK(strcmp(got, "....") == 0 || strcmp(got, "a...") == 0 || strcmp(got, "ab..") == 0 ||
              strcmp(got, "abc.") == 0);
        os_destroy(os);
    }
}

TEST("what a lost truncation cut off never shows behind a surviving one")
{
    int cut = 0, whole = 0;

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct os_file *file;
        const char *got;

        begin(seed);
        file = open_durable("/d/f", STR("secret"));
        CHECK_INT(os_truncate(file, 0), OK);
        CHECK_INT(os_truncate(file, 3), OK);
        CHECK_INT(os_truncate(file, 1), OK);
        CHECK_INT(write_str(file, STR("x"), 1), OK);
        os_close(file);
        sim_crash(os);
        got = content("/d/f");
        cut += got[0] == '\0';
        whole += strcmp(got, "secret") == 0;
        CHECK(got[0] == '\0' || strcmp(got, "secret") == 0);
        os_destroy(os);
    }
    CHECK(cut > 10 && whole > 10);
}

TEST("without a sync of the directory a new name and a rename may be lost, never half")
{
    int renamed = 0, not_renamed = 0;

    for (uint64_t seed = 0; seed < 200; seed++) {
        const char *a, *b;
        bool has_a, has_new;

        begin(seed);
        os_close(open_durable("/d/a", STR("new")));
        os_close(open_durable("/d/b", STR("old")));
        CHECK_INT(os_rename(os, "/d/a", "/d/b"), OK);
        CHECK_STR(str_of(content("/d/b")), "new");
        sim_crash(os);
        a = content("/d/a");
        has_a = strcmp(a, "new") == 0;
        CHECK(has_a || strcmp(a, "MISSING") == 0);
        b = content("/d/b");
        has_new = strcmp(b, "new") == 0;
        CHECK(has_new || strcmp(b, "old") == 0);
        CHECK(has_a != has_new);
        renamed += has_new;
        not_renamed += has_a;
        os_destroy(os);
    }
    CHECK(renamed > 20 && not_renamed > 20);
}

TEST("of one directory a prefix of the changes survives")
{
    static const char *const paths[] = { "/d/1", "/d/2", "/d/3", "/d/4" };
    bool seen[5] = { false };

    for (uint64_t seed = 0; seed < 200; seed++) {
        size_t there = 0;
        struct os_stat stat;

        begin(seed);
        for (int i = 0; i < 4; i++)
            os_close(open_file(paths[i], OS_WRITE | OS_CREATE));
        sim_crash(os);
        while (there < 4 && os_stat(os, paths[there], &stat) == OK)
            there++;
        seen[there] = true;
        for (size_t i = there; i < 4; i++)
            CHECK_INT(os_stat(os, paths[i], &stat), ERR_MISSING);
        os_destroy(os);
    }
    CHECK(seen[0] && seen[1] && seen[2] && seen[3] && seen[4]);
}

TEST("a synced directory survives with earlier moves from others that it depends on")
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        begin(seed);
        CHECK_INT(os_mkdir(os, "/e"), OK);
        CHECK_INT(os_sync_dir(os, "/"), OK);
        os_close(open_durable("/d/a", STR("a")));
        CHECK_INT(os_rename(os, "/d/a", "/e/a"), OK);
        CHECK_INT(os_rename(os, "/e/a", "/e/b"), OK);
        CHECK_INT(os_sync_dir(os, "/e"), OK);
        sim_crash(os);
        CHECK_STR(str_of(content("/e/b")), "a");
        CHECK_STR(str_of(content("/e/a")), "MISSING");
        CHECK_STR(str_of(content("/d/a")), "MISSING");
        os_destroy(os);
    }
}

TEST("os_replace_file leaves the old or the new content, whichever operation the power fails at")
{
    int old = 0, new = 0;

    for (uint64_t seed = 0; seed < 40; seed++) {
        uint64_t count = 1;

        for (uint64_t nth = 1; nth <= count; nth++) {
            uint64_t before;
            enum err err;

            begin(seed);
            CHECK_INT(os_replace_file(os, "/d/f", STR("old content")), OK);
            before = sim_ops(os, SIM_ANY);
            if (nth > 1)
                sim_crash_at(os, SIM_ANY, nth - 1);
            err = os_replace_file(os, "/d/f", STR("the new content"));
            if (nth == 1)
                count = sim_ops(os, SIM_ANY) - before + 1;
            CHECK_INT(err, nth == 1 ? OK : ERR_IO);
            sim_crash(os);
            if (strcmp(content("/d/f"), "old content") == 0 && nth > 1)
                old++;
            else if (CHECK(strcmp(content("/d/f"), "the new content") == 0))
                new ++;
            os_destroy(os);
        }
        CHECK(count >= 6);
    }
    CHECK(old > 40 && new > 40);
}

/* ---- planned faults -------------------------------------------------------------------------------------------- */

TEST("a failed sync says so once; its data is still read, and gone after the crash")
{
    struct os_file *file;

    begin(1);
    file = open_durable("/d/f", STR("old"));
    sim_fail_at(os, SIM_SYNC, 1, 1, ERR_IO);
    CHECK_INT(write_str(file, STR("new"), 0), OK);
    CHECK_INT(os_sync(file), ERR_IO);
    CHECK_INT(os_sync(file), OK);
    CHECK_STR(str_of(content("/d/f")), "new");
    os_close(file);
    sim_crash(os);
    CHECK_STR(str_of(content("/d/f")), "old");
    os_destroy(os);
}

TEST("failures come at the operation that was named, and only there")
{
    struct os_file *file;
    char byte;
    size_t size;

    begin(1);
    file = open_durable("/d/f", STR("abc"));
    sim_fail_at(os, SIM_WRITE, 2, 2, ERR_NO_SPACE);
    sim_fail_at(os, SIM_READ, 1, 1, ERR_IO);
    CHECK_INT(write_str(file, STR("x"), 0), OK);
    CHECK_INT(write_str(file, STR("x"), 0), ERR_NO_SPACE);
    CHECK_INT(os_truncate(file, 9), ERR_NO_SPACE);
    CHECK_INT(write_str(file, STR("x"), 0), OK);
    CHECK_INT(os_read_at(file, &byte, 1, 0, &size), ERR_IO);
    CHECK_INT(os_read_at(file, &byte, 1, 0, &size), OK);
    sim_fail_at(os, SIM_META, 1, 1, ERR_IO);
    sim_heal(os);
    CHECK_INT(os_unlink(os, "/d/f"), OK);
    os_close(file);
    os_destroy(os);
}

TEST("a frozen disk refuses everything until the crash, and nothing has had an effect")
{
    struct os_file *file;
    struct os_stat stat;
    uint64_t size;

    begin(1);
    file = open_durable("/d/f", STR("abc"));
    sim_freeze(os);
    CHECK(sim_frozen(os));
    CHECK_INT(write_str(file, STR("x"), 0), ERR_IO);
    CHECK_INT(os_sync(file), ERR_IO);
    CHECK_INT(os_size(file, &size), ERR_IO);
    CHECK_INT(os_unlink(os, "/d/f"), ERR_IO);
    CHECK_INT(os_stat(os, "/d/f", &stat), ERR_IO);
    CHECK_INT(os_sync_dir(os, "/d"), ERR_IO);
    os_close(file);
    sim_crash(os);
    CHECK(!sim_frozen(os));
    CHECK_STR(str_of(content("/d/f")), "abc");
    os_destroy(os);
}

TEST("a full disk takes what fits and has room again after a removal")
{
    static char bytes[64 * 1024];
    struct os_file *file;
    uint64_t room;

    begin(1);
    memset(bytes, 'x', sizeof(bytes));
    sim_set_capacity(os, 40 * 1024);
    file = open_file("/d/f", OS_WRITE | OS_CREATE);
    CHECK_INT(write_str(file, str_bytes(bytes, 32 * 1024), 0), OK);
    CHECK_INT(os_disk_free(os, "/d", &room), OK);
    CHECK_INT(room, 8 * 1024);
    CHECK_INT(write_str(file, str_bytes(bytes, 32 * 1024), 0), OK);
    CHECK_INT(write_str(file, str_bytes(bytes, sizeof(bytes)), 0), ERR_NO_SPACE);
    CHECK_INT(os_disk_free(os, "/d", &room), OK);
    CHECK_INT(room, 0);
    CHECK_INT(os_punch(file, 0, 16 * 1024), OK);
    CHECK_INT(write_str(file, str_bytes(bytes, 16 * 1024), 0), OK);
    os_close(file);
    CHECK_INT(os_unlink(os, "/d/f"), OK);
    CHECK_INT(os_sync_dir(os, "/d"), OK);
    CHECK_INT(os_disk_free(os, "/d", &room), OK);
    CHECK_INT(room, 40 * 1024);
    os_destroy(os);
}

TEST("rot flips one bit for good; a broken range is read again when it heals")
{
    struct os_file *file;

    begin(1);
    file = open_durable("/d/f", STR("abc"));
    CHECK_INT(sim_flip(os, "/d/f", 1, 0), OK);
    CHECK_STR(str_of(content("/d/f")), "acc");
    sim_crash(os);
    CHECK_STR(str_of(content("/d/f")), "acc");
    CHECK_INT(sim_flip(os, "/d/f", 3, 0), ERR_MISSING);
    CHECK_INT(sim_break(os, "/d/f", 2, 1), OK);
    CHECK_STR(str_of(content("/d/f")), "IO");
    CHECK_INT(sim_break(os, "/d/f", 0, 0), OK);
    CHECK_STR(str_of(content("/d/f")), "acc");
    os_close(file);
    os_destroy(os);
}

/* ---- a naive model of content ---------------------------------------------------------------------------------- */

enum { MODEL_BYTES = 40000 };

struct model {
    uint8_t bytes[MODEL_BYTES];
    uint64_t size;
};

static void model_step(struct os_file *file, struct model *model, uint64_t *seed)
{
    static uint8_t bytes[MODEL_BYTES];
    uint64_t offset = unit_random(seed) % (MODEL_BYTES / 2), size = 1 + unit_random(seed) % 9000;

    switch (unit_random(seed) % 8) {
    case 0:
        CHECK_INT(os_truncate(file, offset), OK);
        if (offset < model->size)
            memset(model->bytes + offset, 0, model->size - offset);
        model->size = offset;
        break;
    case 1:
        CHECK_INT(os_punch(file, offset, size), OK);
        memset(model->bytes + offset, 0, size);
        break;
    case 2:
        CHECK_INT(os_sync(file), OK);
        break;
    default:
        for (uint64_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)unit_random(seed);
        CHECK_INT(write_str(file, str_bytes(bytes, size), offset), OK);
        memcpy(model->bytes + offset, bytes, size);
        if (offset + size > model->size)
            model->size = offset + size;
    }
}

static void check_model(struct os_file *file, const struct model *model)
{
    static uint8_t got[MODEL_BYTES];
    size_t size;

    CHECK_INT(os_read_at(file, got, MODEL_BYTES, 0, &size), OK);
    CHECK_INT(size, model->size);
    CHECK(memcmp(got, model->bytes, size) == 0);
}

TEST("an image brings the disk back, again and again, and a flipped bit in between does not reach it")
{
    struct sim_image *image;
    struct os_file *file;
    char text[8] = "";
    size_t size = 0;

    begin(3);
    file = open_durable("/d/a", STR("before"));
    os_close(file);
    sim_crash(os);
    CHECK(sim_save(os, &image) == OK);
    for (int i = 0; i < 3; i++) {
        CHECK(sim_flip(os, "/d/a", 0, 1) == OK);
        CHECK(os_mkdir(os, "/d/new") == OK);
        CHECK(os_rename(os, "/d/a", "/d/b") == OK);
        sim_kill(os);
        CHECK(sim_restore(os, image) == OK);
        if (i == 1)
            sim_crash(os);
        file = open_file("/d/a", OS_READ);
        CHECK(os_read_at(file, text, sizeof(text), 0, &size) == OK && size == 6 && memcmp(text, "before", 6) == 0);
        os_close(file);
        CHECK(os_unlink(os, "/d/b") == ERR_MISSING && os_unlink(os, "/d/new") == ERR_MISSING);
    }
    sim_forget(image);
    os_destroy(os);
}

TEST("a census counts what is alive, and nothing after an end; turns are told")
{
    struct os_loop *loop;
    struct os_timer timer = { .fire = NULL };
    struct os_file *file;
    struct sim_census census;

    begin(4);
    CHECK(os_loop_create(os, &loop) == OK);
    timer.fire = (void (*)(struct os_timer *))os_timer_stop;
    os_timer_start(loop, &timer, 1000);
    file = open_file("/d/a", OS_WRITE | OS_CREATE);
    census = sim_count(os, loop);
    CHECK(census.files == 1 && census.timers == 1 && census.sockets == 0 && census.workers == 0 && census.messages == 0);
    sim_kill(os);
    census = sim_count(os, loop);
    CHECK(census.files == 0 && census.timers == 0);
    os_close(file);
    os_loop_destroy(loop);
    os_destroy(os);
}

TEST("random writes, cuts and holes read as in a plain array; a crash after a sync changes nothing")
{
    static struct model model;
    uint64_t random = 11;

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct os_file *file;

        memset(&model, 0, sizeof(model));
        begin(seed);
        file = open_durable("/d/f", STR(""));
        for (int i = 0; i < 60; i++) {
            model_step(file, &model, &random);
            check_model(file, &model);
        }
        CHECK_INT(os_sync(file), OK);
        os_close(file);
        sim_crash(os);
        file = open_file("/d/f", OS_WRITE);
        check_model(file, &model);
        for (int i = 0; i < 20; i++)
            model_step(file, &model, &random);
        os_close(file);
        sim_crash(os); /* whatever it leaves, it leaves without breaking */
        os_destroy(os);
    }
}

/* ---- time, order, ends ----------------------------------------------------------------------------------------- */

enum { ACTORS = 6 };

struct actor {
    struct os_timer timer;
    struct os_job job;
    struct os_worker *worker;
    struct os_loop *loop;
    struct os_file *file;
    int number, rounds;
};

static char order[2000];

static void actor_work(struct os_job *job)
{
    struct actor *actor = container_of(job, struct actor, job);

    CHECK_INT(write_str(actor->file, STR("x"), (uint64_t)actor->rounds), OK);
    CHECK_INT(os_sync(actor->file), OK);
}

static void actor_done(struct os_job *job)
{
    struct actor *actor = container_of(job, struct actor, job);
    char name[2] = { (char)('a' + actor->number), '\0' };

    strncat(order, name, sizeof(order) - strlen(order) - 1);
    if (++actor->rounds < 20)
        os_timer_start(actor->loop, &actor->timer, 100);
}

static void actor_fired(struct os_timer *timer)
{
    struct actor *actor = container_of(timer, struct actor, timer);

    os_job_start(actor->worker, actor->loop, &actor->job);
}

/* Six actors compete for two desks; returns the trace, leaves the order of their ends in `order`. */
static uint64_t play(uint64_t seed)
{
    struct actor actors[ACTORS];
    struct os_worker *worker;
    struct os_loop *loop;
    uint64_t trace;

    begin(seed);
    order[0] = '\0';
    CHECK_INT(os_loop_create(os, &loop), OK);
    CHECK_INT(os_worker_create(os, "w", 2, &worker), OK);
    for (int i = 0; i < ACTORS; i++) {
        actors[i] = (struct actor){ .timer.fire = actor_fired,
                                    .job = { .work = actor_work, .done = actor_done },
                                    .worker = worker,
                                    .loop = loop,
                                    .number = i };
        actors[i].file = open_file("/d/f", OS_WRITE | OS_CREATE);
        os_timer_start(loop, &actors[i].timer, 50);
    }
    os_loop_run(loop); /* until nothing is left to do */
    CHECK_INT(strlen(order), ACTORS * 20);
    for (int i = 0; i < ACTORS; i++)
        os_close(actors[i].file);
    os_worker_destroy(worker);
    os_loop_destroy(loop);
    trace = sim_trace(os);
    os_destroy(os);
    return trace;
}

TEST("the same seed gives the same run, another seed another")
{
    char first[sizeof(order)];
    uint64_t trace = play(42);

    memcpy(first, order, sizeof(order));
    CHECK(play(42) == trace);
    CHECK_STR(str_of(order), first);
    CHECK(play(43) != trace);
    CHECK(strcmp(order, first) != 0);
}

static bool never(void *ctx)
{
    return false;
}

static void count_fired(struct os_timer *timer)
{
}

TEST("time jumps to what is due and no further than allowed; the wall clock may be stepped alone")
{
    struct os_timer timer = { .fire = count_fired };
    struct os_loop *loop;
    int64_t start_us;
    ms wall;

    begin(1);
    CHECK_INT(os_loop_create(os, &loop), OK);
    start_us = os_mono_us(os);
    wall = os_wall_ms(os);
    os_timer_start(loop, &timer, 3600000000);
    CHECK(!sim_run_until(os, 1000000, never, NULL));
    CHECK_INT(os_mono_us(os) - start_us, 1000000);
    CHECK(timer.loop != NULL);
    CHECK(!sim_run_until(os, 3600000000, never, NULL));
    CHECK(timer.loop == NULL);
    CHECK(os_wall_ms(os) - wall >= 3600000);
    start_us = os_mono_us(os);
    wall = os_wall_ms(os);
    sim_step_wall(os, -5000);
    CHECK_INT(os_wall_ms(os) - wall, -5000);
    CHECK_INT(os_mono_us(os), start_us);
    os_loop_destroy(loop);
    os_destroy(os);
}

static void must_not_fire(struct os_timer *timer)
{
    CHECK(false && "a dropped timer fires");
}

static void must_not_be_done(struct os_job *job)
{
    CHECK(false && "a dropped job is done");
}

static void no_work(struct os_job *job)
{
}

TEST("what ran before a crash is dropped, and its handles may still be let go")
{
    struct os_timer timer = { .fire = must_not_fire };
    struct os_job job = { .work = no_work, .done = must_not_be_done };
    struct os_worker *worker;
    struct os_loop *loop, *next;

    begin(1);
    CHECK_INT(os_loop_create(os, &loop), OK);
    CHECK_INT(os_worker_create(os, "w", 1, &worker), OK);
    os_timer_start(loop, &timer, 10);
    os_job_start(worker, loop, &job);
    sim_crash(os);
    CHECK_INT(os_loop_create(os, &next), OK);
    CHECK(!sim_run_until(os, 1000000, never, NULL));
    os_timer_stop(&timer);
    os_timer_start(loop, &timer, 10);
    os_job_start(worker, loop, &job);
    CHECK(!sim_run_until(os, 1000000, never, NULL));
    os_worker_destroy(worker);
    os_loop_destroy(loop);
    os_loop_destroy(next);
    os_destroy(os);
}

/* ---- the network ----------------------------------------------------------------------------------------------- */

static struct os_socket *served, *asked;
static enum err served_end, asked_end;
static int socket_closes;

static void net_bytes(void *ctx, char *at, size_t size)
{
}

static void net_end(void *ctx, enum err err)
{
    *(enum err *)ctx = err;
}

static void net_closed(void *ctx)
{
    socket_closes++;
}

static const struct os_socket_events net_events = { .bytes = net_bytes, .end = net_end, .closed = net_closed };

static void net_accepted(void *ctx, struct os_socket *socket, str peer)
{
    served = socket;
    os_socket_start(socket, &net_events, &served_end);
}

static void net_connected(void *ctx, enum err err)
{
    CHECK_INT(err, OK);
    os_socket_start(asked, &net_events, &asked_end);
}

static bool both_open(void *ctx)
{
    return served && asked_end == OK;
}

static bool both_ended(void *ctx)
{
    return served_end != OK && asked_end != OK;
}

static bool both_closed(void *ctx)
{
    return socket_closes == 2;
}

TEST("a cut meets both ends with IO")
{
    struct os_listen listen = { .address = STR("0.0.0.0:80"), .backlog = 1, .accept = net_accepted };
    struct os_listener *listener;
    struct os_loop *loop;

    begin(5);
    served = NULL;
    served_end = asked_end = OK;
    socket_closes = 0;
    CHECK_INT(os_loop_create(os, &loop), OK);
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    CHECK_INT(os_connect(loop, STR("127.0.0.1:80"), net_connected, NULL, &asked), OK);
    CHECK(sim_run_until(os, 1000000, both_open, NULL));
    CHECK(!sim_run_until(os, 10000, never, NULL));
    CHECK_INT(sim_cut(os, 0), 0);
    CHECK_INT(sim_cut(os, 1000), 1);
    CHECK(sim_run_until(os, 1000000, both_ended, NULL));
    CHECK_INT(served_end, ERR_IO);
    CHECK_INT(asked_end, ERR_IO);
    os_socket_close(served);
    os_socket_close(asked);
    CHECK(sim_run_until(os, 1000000, both_closed, NULL));
    os_listener_close(listener);
    os_loop_destroy(loop);
    os_destroy(os);
}

static void note_signal(void *ctx, enum os_signal signal)
{
    *(enum os_signal *)ctx = signal;
}

TEST("signals reach the loops that asked")
{
    enum os_signal got = OS_STOP;
    struct os_loop *loop;

    begin(1);
    CHECK_INT(os_loop_create(os, &loop), OK);
    os_on_signal(loop, note_signal, &got);
    sim_signal(os, OS_RELOAD);
    CHECK_INT(got, OS_RELOAD);
    os_loop_destroy(loop);
    os_destroy(os);
}

UNIT_MAIN
