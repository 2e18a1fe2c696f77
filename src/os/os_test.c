/* os_test.c: what both worlds promise of time, messages, jobs and files. Compiled once with each. */
#include "os_test.h"

#ifndef LEAT_SIM
#include <pthread.h>
#endif

/* ---- time ------------------------------------------------------------------------------------------------------ */

struct named_timer {
    struct os_timer timer;
    const char *name;
    bool last;
    int64_t fired_us;
};

static void named_fired(struct os_timer *timer)
{
    struct named_timer *named = container_of(timer, struct named_timer, timer);

    trace_add(named->name);
    named->fired_us = os_mono_us(os);
    if (named->last)
        os_loop_stop(loop);
}

TEST("timers fire in the order of their times, never early, and not when stopped")
{
    struct named_timer a = { .timer.fire = named_fired, .name = "a" };
    struct named_timer b = { .timer.fire = named_fired, .name = "b" };
    struct named_timer c = { .timer.fire = named_fired, .name = "c", .last = true };
    struct named_timer never = { .timer.fire = named_fired, .name = "never" };
    int64_t start_us;

    begin();
    trace[0] = '\0';
    start_us = os_mono_us(os);
    os_timer_start(loop, &c.timer, 30000);
    os_timer_start(loop, &never.timer, 20000);
    os_timer_start(loop, &b.timer, 90000);
    os_timer_start(loop, &a.timer, 0);
    os_timer_start(loop, &b.timer, 15000);
    os_timer_stop(&never.timer);
    os_timer_stop(&never.timer);
    os_loop_run(loop);
    CHECK_STR(str_of(trace), "abc");
    CHECK(a.timer.loop == NULL && c.timer.loop == NULL);
    CHECK(b.fired_us - start_us >= 15000);
    CHECK(c.fired_us - start_us >= 30000);
    finish();
}

static void again_fired(struct os_timer *timer)
{
    struct named_timer *named = container_of(timer, struct named_timer, timer);

    if (++named->fired_us == 100)
        os_loop_stop(loop);
    else
        os_timer_start(loop, timer, 0);
}

TEST("a timer that arms itself at once gives the loop its turns")
{
    struct named_timer again = { .timer.fire = again_fired };

    begin();
    os_timer_start(loop, &again.timer, 0);
    os_loop_run(loop);
    CHECK_INT(again.fired_us, 100);
    finish();
}

struct turn_timer {
    struct os_timer timer;
    unsigned turns;
    int64_t last_us;
    bool behind, stands, goes;
};

static void turn_fired(struct os_timer *timer)
{
    struct turn_timer *turn = container_of(timer, struct turn_timer, timer);
    int64_t turn_us = os_turn_us(loop), until_us = os_mono_us(os) + 200;

#ifndef LEAT_SIM
    while (os_mono_us(os) < until_us)
        continue;
#else
    (void)until_us;
#endif
    turn->stands = turn->stands && os_turn_us(loop) == turn_us;
    turn->behind = turn->behind && turn_us <= os_mono_us(os);
    turn->goes = turn->goes && turn_us >= turn->last_us + 2000;
    turn->last_us = turn_us;
    if (++turn->turns == 3)
        os_loop_stop(loop);
    else
        os_timer_start(loop, timer, 2000);
}

TEST("the turn's time stands still within a turn, is never ahead, and goes on with the next")
{
    struct turn_timer turn = { .timer.fire = turn_fired, .behind = true, .stands = true, .goes = true };

    begin();
    turn.last_us = os_turn_us(loop) - 2000;
    os_timer_start(loop, &turn.timer, 0);
    os_loop_run(loop);
    CHECK(turn.stands && turn.behind && turn.goes);
    finish();
}

TEST("clocks go, entropy differs")
{
    uint8_t a[16], b[16];

    begin();
    CHECK(os_wall_ms(os) > 1700000000000);
    CHECK(os_mono_us(os) >= 0);
    os_entropy(os, a, sizeof(a));
    os_entropy(os, b, sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    finish();
}

/* ---- messages -------------------------------------------------------------------------------------------------- */

enum { MESSAGES = 1000 };

struct numbered {
    struct os_message message;
    int number, *expected;
    int last;
};

static void numbered_ran(struct os_message *message)
{
    struct numbered *numbered = container_of(message, struct numbered, message);

    CHECK_INT(numbered->number, (*numbered->expected)++);
    if (*numbered->expected == numbered->last)
        os_loop_stop(loop);
}

static struct numbered messages[MESSAGES];

static void prepare_messages(int *expected)
{
    for (int i = 0; i < MESSAGES; i++)
        messages[i] =
            (struct numbered){ .message.run = numbered_ran, .number = i, .expected = expected, .last = MESSAGES };
}

TEST("messages run in the order of posting")
{
    int expected = 0;

    begin();
    prepare_messages(&expected);
    for (int i = 0; i < MESSAGES; i++)
        os_post(loop, &messages[i].message);
    os_loop_run(loop);
    CHECK_INT(expected, MESSAGES);
    finish();
}

static void repost(struct os_message *message)
{
    struct numbered *numbered = container_of(message, struct numbered, message);

    if (++numbered->number == 1000)
        os_loop_stop(loop);
    else
        os_post(loop, message);
}

TEST("a message may post itself again and wakes the loop each time")
{
    struct numbered again = { .message.run = repost };

    begin();
    os_post(loop, &again.message);
    os_loop_run(loop);
    CHECK_INT(again.number, 1000);
    finish();
}

#ifndef LEAT_SIM
enum { THREADS = 4, PER_THREAD = 20000 };

struct counted {
    struct os_message message;
    int thread, number;
};

static int next_number[THREADS], counted_total;

static void counted_ran(struct os_message *message)
{
    struct counted *counted = container_of(message, struct counted, message);

    if (counted->number != next_number[counted->thread])
        CHECK(false && "in the order of its thread");
    next_number[counted->thread]++;
    if (++counted_total == THREADS * PER_THREAD)
        os_loop_stop(loop);
}

static void *post_many(void *arg)
{
    struct counted *mine = arg;

    for (int i = 0; i < PER_THREAD; i++)
        os_post(loop, &mine[i].message);
    return NULL;
}

TEST("threads post at the same time; nothing is lost and each keeps its order")
{
    struct counted *all = calloc(THREADS * PER_THREAD, sizeof(*all));
    pthread_t threads[THREADS];

    begin();
    counted_total = 0;
    for (int i = 0; i < THREADS * PER_THREAD; i++)
        all[i] = (struct counted){ { .run = counted_ran }, i / PER_THREAD, i % PER_THREAD };
    for (int i = 0; i < THREADS; i++) {
        next_number[i] = 0;
        pthread_create(&threads[i], NULL, post_many, all + i * PER_THREAD);
    }
    os_loop_run(loop);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(counted_total, THREADS * PER_THREAD);
    free(all);
    finish();
}
#endif

/* ---- jobs ------------------------------------------------------------------------------------------------------ */

enum { JOBS = 200 };

struct numbered_job {
    struct os_job job;
    int number, *worked, *done;
    bool ordered;
};

static void job_work(struct os_job *job)
{
    struct numbered_job *numbered = container_of(job, struct numbered_job, job);

    if (numbered->ordered) {
        if (*numbered->worked != numbered->number)
            CHECK(false && "in order");
        ++*numbered->worked;
    }
}

static void job_done(struct os_job *job)
{
    struct numbered_job *numbered = container_of(job, struct numbered_job, job);

    if (numbered->ordered)
        CHECK_INT(*numbered->done, numbered->number);
    if (++*numbered->done == JOBS)
        os_loop_stop(loop);
}

static struct numbered_job jobs[JOBS];

static void run_jobs(unsigned threads)
{
    struct os_worker *worker;
    int worked = 0, done = 0;

    begin();
    CHECK_INT(os_worker_create(os, "test", threads, &worker), OK);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct numbered_job){ { .work = job_work, .done = job_done }, i, &worked, &done, threads == 1 };
        os_job_start(worker, loop, &jobs[i].job);
    }
    os_loop_run(loop);
    CHECK_INT(done, JOBS);
    if (threads == 1)
        CHECK_INT(worked, JOBS);
    os_worker_destroy(worker);
    finish();
}

TEST("jobs of one thread run strictly in order")
{
    run_jobs(1);
}

TEST("jobs of many threads are all done")
{
    run_jobs(4);
}

TEST("destroying a worker finishes its jobs and posts their ends")
{
    struct os_worker *worker;
    int worked = 0, done = 0;

    begin();
    CHECK_INT(os_worker_create(os, "a-name-longer-than-the-kernel-likes", 1, &worker), OK);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct numbered_job){ { .work = job_work, .done = job_done }, i, &worked, &done, true };
        os_job_start(worker, loop, &jobs[i].job);
    }
    os_worker_destroy(worker);
    CHECK_INT(worked, JOBS);
    CHECK_INT(done, 0);
    os_loop_run(loop);
    CHECK_INT(done, JOBS);
    finish();
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static enum err write_str(struct os_file *file, const char *text, uint64_t offset)
{
    struct os_iov iov = { text, strlen(text) };

    return os_write_at(file, &iov, 1, offset);
}

TEST("what is written is read, also across pieces and behind the end")
{
    struct os_iov iov[] = { { "ab", 2 }, { "", 0 }, { "cde", 3 }, { NULL, 0 }, { "f", 1 } };
    struct os_file *file;
    char got[16];
    size_t size;
    uint64_t file_size;

    begin();
    CHECK_INT(os_open(os, in_dir("f"), OS_READ, &file), ERR_MISSING);
    CHECK_INT(os_open(os, in_dir("f"), OS_READ | OS_WRITE | OS_CREATE, &file), OK);
    CHECK_INT(os_write_at(file, iov, 5, 2), OK);
    CHECK_INT(os_size(file, &file_size), OK);
    CHECK_INT(file_size, 8);
    CHECK_INT(os_read_at(file, got, sizeof(got), 0, &size), OK);
    CHECK(size == 8 && memcmp(got, "\0\0abcdef", 8) == 0);
    CHECK_INT(os_read_at(file, got, 3, 4, &size), OK);
    CHECK(size == 3 && memcmp(got, "cde", 3) == 0);
    CHECK_INT(os_read_at(file, got, 3, 100, &size), OK);
    CHECK_INT(size, 0);
    CHECK_INT(os_sync(file), OK);
    CHECK_INT(os_truncate(file, 3), OK);
    CHECK_INT(os_truncate(file, 5), OK);
    CHECK_INT(os_read_at(file, got, sizeof(got), 0, &size), OK);
    CHECK(size == 5 && memcmp(got, "\0\0a\0\0", 5) == 0);
    os_close(file);
    finish();
}

TEST("a file for direct writes holds what was written, in whole blocks and otherwise, over and beside each other")
{
    enum { BLOCKS = 16, SIZE = BLOCKS * OS_BLOCK_BYTES };
    static _Alignas(OS_BLOCK_BYTES) char bytes[SIZE], got[SIZE + OS_BLOCK_BYTES];
    struct os_file *file, *reader;
    size_t size;

    begin();
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 >> 3);
    CHECK_INT(os_open(os, in_dir("direct"), OS_READ | OS_WRITE | OS_CREATE | OS_DIRECT, &file), OK);
    CHECK_INT(os_open(os, in_dir("direct"), OS_READ, &reader), OK);
    CHECK_INT(os_write_at(file, &(struct os_iov){ bytes, SIZE }, 1, 0), OK);
    CHECK_INT(os_read_at(reader, got, sizeof(got), 0, &size), OK);
    CHECK(size == SIZE && memcmp(got, bytes, SIZE) == 0);
    memset(bytes + 100, 'u', 5000); /* not whole blocks, then whole ones over them, then two pieces */
    CHECK_INT(os_write_at(file, &(struct os_iov){ bytes + 100, 5000 }, 1, 100), OK);
    memset(bytes + OS_BLOCK_BYTES, 'w', OS_BLOCK_BYTES);
    CHECK_INT(os_write_at(file, &(struct os_iov){ bytes + OS_BLOCK_BYTES, OS_BLOCK_BYTES }, 1, OS_BLOCK_BYTES), OK);
    memset(bytes + 5 * OS_BLOCK_BYTES, 'p', 3 * OS_BLOCK_BYTES);
    CHECK_INT(os_write_at(file, (struct os_iov[]){ { bytes + 5 * OS_BLOCK_BYTES, OS_BLOCK_BYTES },
                                                   { bytes + 6 * OS_BLOCK_BYTES, 2 * OS_BLOCK_BYTES } }, 2,
                          5 * OS_BLOCK_BYTES), OK);
    CHECK_INT(os_sync(file), OK);
    CHECK_INT(os_read_at(reader, got, sizeof(got), 0, &size), OK);
    CHECK(size == SIZE && memcmp(got, bytes, SIZE) == 0);
    CHECK_INT(os_read_at(file, got, 200, 4000, &size), OK);
    CHECK(size == 200 && memcmp(got, bytes + 4000, 200) == 0);
    os_close(reader);
    os_close(file);
    finish();
}

TEST("many pieces make one write")
{
    struct os_iov iov[300];
    char bytes[300], got[600];
    struct os_file *file;
    size_t size;

    begin();
    for (size_t i = 0; i < 300; i++) {
        bytes[i] = (char)i;
        iov[i] = (struct os_iov){ bytes + i, i % 3 ? 1 : 0 };
    }
    CHECK_INT(os_open(os, in_dir("many"), OS_READ | OS_WRITE | OS_CREATE, &file), OK);
    CHECK_INT(os_write_at(file, iov, 300, 0), OK);
    CHECK_INT(os_read_at(file, got, sizeof(got), 0, &size), OK);
    CHECK_INT(size, 200);
    for (size_t i = 0, at = 0; i < 300; i++)
        if (i % 3)
            CHECK(got[at++] == (char)i);
    os_close(file);
    finish();
}

TEST("a punched range reads as zeros and the size stays")
{
    enum { SIZE = 64 * 1024 };
    struct os_file *file;
    char *bytes = malloc(SIZE);
    struct os_iov iov = { bytes, SIZE };
    size_t size, zeros = 0;

    begin();
    memset(bytes, 'x', SIZE);
    CHECK_INT(os_open(os, in_dir("p"), OS_READ | OS_WRITE | OS_CREATE, &file), OK);
    CHECK_INT(os_write_at(file, &iov, 1, 0), OK);
    if (os_punch(file, 1000, 30000) == OK) {
        CHECK_INT(os_read_at(file, bytes, SIZE, 0, &size), OK);
        CHECK_INT(size, SIZE);
        for (size_t i = 0; i < SIZE; i++) {
            zeros += bytes[i] == 0;
            CHECK((bytes[i] == 0) == (i >= 1000 && i < 31000));
        }
        CHECK_INT(zeros, 30000);
    }
    os_close(file);
    free(bytes);
    finish();
}

TEST("names: exclusive creation, renames, removal")
{
    struct os_file *file;
    struct os_stat stat;

    begin();
    CHECK_INT(os_open(os, in_dir("a"), OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file), OK);
    CHECK_INT(write_str(file, "hello", 0), OK);
    os_close(file);
    CHECK_INT(os_open(os, in_dir("a"), OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file), ERR_EXISTS);
    CHECK_INT(os_rename(os, in_dir("a"), in_dir("b")), OK);
    CHECK_INT(os_stat(os, in_dir("a"), &stat), ERR_MISSING);
    CHECK_INT(os_stat(os, in_dir("b"), &stat), OK);
    CHECK(stat.size == 5 && !stat.directory && stat.modified > 1700000000000);
    CHECK_INT(os_stat(os, dir, &stat), OK);
    CHECK(stat.directory);
    CHECK_INT(os_mkdir(os, dir), OK);
    CHECK_INT(os_mkdir(os, in_dir("b")), ERR_EXISTS);
    CHECK_INT(os_mkdir(os, in_dir("no/such")), ERR_MISSING);
    CHECK_INT(os_sync_dir(os, dir), OK);
    CHECK_INT(os_unlink(os, in_dir("b")), OK);
    CHECK_INT(os_unlink(os, in_dir("b")), ERR_MISSING);
    CHECK_INT(os_rename(os, in_dir("b"), in_dir("c")), ERR_MISSING);
    finish();
}

static enum err add_name(void *ctx, const char *name)
{
    trace_add(name);
    trace_add(" ");
    return strcmp(name, ctx) == 0 ? ERR_CANCELLED : OK;
}

TEST("a directory is listed in bytewise order, until the callback has enough")
{
    static const char *const names[] = { "b", "a", "B", "ab" };
    struct os_file *file;

    begin();
    for (int i = 0; i < 4; i++) {
        CHECK_INT(os_open(os, in_dir(names[i]), OS_WRITE | OS_CREATE, &file), OK);
        os_close(file);
    }
    trace[0] = '\0';
    CHECK_INT(os_list(os, dir, add_name, "none"), OK);
    CHECK_STR(str_of(trace), "B a ab b ");
    trace[0] = '\0';
    CHECK_INT(os_list(os, dir, add_name, "a"), ERR_CANCELLED);
    CHECK_STR(str_of(trace), "B a ");
    CHECK_INT(os_list(os, in_dir("none"), add_name, ""), ERR_MISSING);
    finish();
}

TEST("a lock excludes the next and ends with its file")
{
    struct os_file *a, *b;

    begin();
    CHECK_INT(os_open(os, in_dir("lock"), OS_WRITE | OS_CREATE, &a), OK);
    CHECK_INT(os_open(os, in_dir("lock"), OS_WRITE | OS_CREATE, &b), OK);
    CHECK_INT(os_lock(a), OK);
    CHECK_INT(os_lock(a), OK);
    CHECK_INT(os_lock(b), ERR_LOCKED);
    os_close(a);
    CHECK_INT(os_lock(b), OK);
    os_close(b);
    finish();
}

TEST("small files are replaced and read as a whole, within their bound")
{
    char *at;
    size_t size;
    uint64_t room;

    begin();
    CHECK_INT(os_read_file(os, in_dir("w"), 100, &at, &size), ERR_MISSING);
    CHECK_INT(os_replace_file(os, in_dir("w"), STR("first, and longer")), OK);
    CHECK_INT(os_replace_file(os, in_dir("w"), STR("second")), OK);
    CHECK_INT(os_read_file(os, in_dir("w"), 5, &at, &size), ERR_TOO_LARGE);
    if (CHECK(os_read_file(os, in_dir("w"), 6, &at, &size) == OK)) {
        CHECK_INT(size, 6);
        CHECK_STR(str_of(at), "second");
        free(at);
    }
    CHECK_INT(os_replace_file(os, in_dir("w"), STR("")), OK);
    if (CHECK(os_read_file(os, in_dir("w"), 6, &at, &size) == OK)) {
        CHECK_INT(size, 0);
        free(at);
    }
    trace[0] = '\0';
    CHECK_INT(os_list(os, dir, add_name, ""), OK);
    CHECK_STR(str_of(trace), "w ");
    CHECK_INT(os_disk_free(os, dir, &room), OK);
    CHECK(room > 0);
    finish();
}

UNIT_MAIN
