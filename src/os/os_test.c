/* os_test.c: what both worlds promise. Compiled once with each; LEAT_SIM says which one it is. */
#include "os/os.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"
#include "unit.h"

#ifdef LEAT_SIM
#include "os/sim/sim.h"
#else
#include <pthread.h>
#endif

/* ---- a world for each test ------------------------------------------------------------------------------------- */

static struct os *os;
static struct os_loop *loop;
static char dir[64];
static struct os_timer guard;

static void guard_fired(struct os_timer *timer)
{
    CHECK(false && "done within ten seconds");
    os_loop_stop(loop);
}

static void begin(void)
{
#ifdef LEAT_SIM
    static uint64_t seed = 1;

    assert(sim_create(seed++, &os) == OK);
    strcpy(dir, "/test");
    assert(os_mkdir(os, dir) == OK);
#else
    assert(os_create(&os) == OK);
    strcpy(dir, "/tmp/leat-os-test-XXXXXX");
    assert(mkdtemp(dir) != NULL);
#endif
    assert(os_loop_create(os, &loop) == OK);
    guard = (struct os_timer){ .fire = guard_fired };
    os_timer_start(loop, &guard, 10000000);
}

static enum err remove_name(void *ctx, const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void)!os_unlink(os, path);
    return OK;
}

static void finish(void)
{
    os_timer_stop(&guard);
    os_loop_destroy(loop);
    CHECK_INT(os_list(os, dir, remove_name, NULL), OK);
#ifndef LEAT_SIM
    (void)rmdir(dir);
#endif
    os_destroy(os);
}

static const char *in_dir(const char *name)
{
    static char paths[4][512];
    static unsigned next;

    next = (next + 1) % 4;
    (void)snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
    return paths[next];
}

static char trace[256];

static void trace_add(const char *what)
{
    strncat(trace, what, sizeof(trace) - strlen(trace) - 1);
}

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

/* ---- sockets --------------------------------------------------------------------------------------------------- */

enum { BIG = 3000000, OPEN_MAX = 2 };

/* One end of a connection under test. */
struct end {
    struct os_socket *socket;
    const char *name;
    char *got;
    size_t got_size, got_max;
    char own[1000]; /* for `buffer` */
    bool lends, echoes, closes_at_end;
    enum err ended; /* OK: not yet */
    enum err written;
    int writes_done, closed;
};

static struct end server, client;
static struct os_listener *listener;

static void end_wrote(void *ctx, enum err err)
{
    struct end *end = ctx;

    end->written = err;
    end->writes_done++;
}

static void end_buffer(void *ctx, char **ret_at, size_t *ret_size)
{
    struct end *end = ctx;

    if (end->lends) {
        *ret_at = end->own;
        *ret_size = sizeof(end->own);
    }
}

static void end_bytes(void *ctx, char *at, size_t size)
{
    struct end *end = ctx;

    CHECK(end->got_size + size <= end->got_max);
    CHECK(!end->lends || at == end->own);
    memcpy(end->got + end->got_size, at, size);
    end->got_size += size;
}

static void end_closed(void *ctx)
{
    ((struct end *)ctx)->closed++;
    if (server.closed && client.closed)
        os_loop_stop(loop);
}

static void end_end(void *ctx, enum err err)
{
    struct end *end = ctx;

    CHECK_INT(end->ended, OK);
    end->ended = err;
    if (end->echoes && end->got_size)
        os_socket_write(end->socket, &(struct os_iov){ end->got, end->got_size }, 1, end_wrote);
    if (end->echoes)
        os_socket_shutdown(end->socket);
    if (end->closes_at_end) {
        os_socket_close(end->socket);
        if (server.socket != end->socket && !server.closed)
            os_socket_close(server.socket);
    }
}

static const struct os_socket_events end_events = { end_buffer, end_bytes, end_end, end_closed };

static void accepted(void *ctx, struct os_socket *socket, str peer)
{
    CHECK(str_eq(peer, STR("127.0.0.1")) || str_eq(peer, STR("unix")));
    CHECK(server.socket == NULL);
    server.socket = socket;
    os_socket_start(socket, &end_events, &server);
}

static void ends_begin(const char *address)
{
    struct os_listen listen = { .address = str_of(address), .backlog = 16, .accept = accepted };

    begin();
    server = (struct end){ .name = "server", .got = malloc(BIG), .got_max = BIG };
    client = (struct end){ .name = "client", .got = malloc(BIG), .got_max = BIG };
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
}

static void ends_finish(void)
{
    os_listener_close(listener);
    free(server.got);
    free(client.got);
    finish();
}

static char *big_bytes(void)
{
    char *bytes = malloc(BIG);

    for (size_t i = 0; i < BIG; i++)
        bytes[i] = (char)(i * 7 + i / 1000);
    return bytes;
}

static char *big;

/* The client sends everything in three pieces, ends its side, and gets it back. */
static void send_big(void *ctx, enum err err)
{
    struct os_iov iov[] = { { big, 10 }, { big + 10, 1000000 }, { big + 1000010, BIG - 1000010 } };

    CHECK_INT(err, OK);
    os_socket_start(client.socket, &end_events, &client);
    os_socket_write(client.socket, iov, 3, end_wrote);
    os_socket_shutdown(client.socket);
}

static void echo_over(const char *address)
{
    ends_begin(address);
    server.echoes = true;
    server.lends = true;
    client.closes_at_end = true;
    big = big_bytes();
    CHECK_INT(os_connect(loop, os_listener_address(listener), send_big, NULL, &client.socket), OK);
    os_loop_run(loop);
    CHECK_INT(client.written, OK);
    CHECK_INT(server.written, OK);
    CHECK_INT(server.writes_done, 1);
    CHECK_INT(client.ended, ERR_CLOSED);
    CHECK_INT(server.ended, ERR_CLOSED);
    CHECK_INT(client.got_size, BIG);
    CHECK(memcmp(client.got, big, BIG) == 0);
    CHECK(server.closed == 1 && client.closed == 1);
    free(big);
    ends_finish();
}

TEST("a large write comes back whole over TCP, after the half close")
{
    echo_over("127.0.0.1:0");
}

TEST("and over a unix socket")
{
    char address[80];

    (void)snprintf(address, sizeof(address), "unix:/tmp/leat-os-test-%d.sock", (int)getpid());
    echo_over(address);
}

static struct os_timer later;

static void resume_client(struct os_timer *timer)
{
    CHECK_INT(client.got_size, 0);
    os_socket_pause(client.socket, false);
}

static void pause_client(void *ctx, enum err err)
{
    CHECK_INT(err, OK);
    os_socket_start(client.socket, &end_events, &client);
    os_socket_pause(client.socket, true);
    os_socket_write(client.socket, &(struct os_iov){ "ping", 4 }, 1, end_wrote);
    os_socket_shutdown(client.socket);
    later = (struct os_timer){ .fire = resume_client };
    os_timer_start(loop, &later, 50000);
}

TEST("nothing is delivered while reading is paused")
{
    ends_begin("127.0.0.1:0");
    server.echoes = true;
    client.closes_at_end = true;
    CHECK_INT(os_connect(loop, os_listener_address(listener), pause_client, NULL, &client.socket), OK);
    os_loop_run(loop);
    CHECK_INT(client.got_size, 4);
    CHECK(memcmp(client.got, "ping", 4) == 0);
    ends_finish();
}

static void close_both(struct os_timer *timer)
{
    CHECK_INT(client.writes_done, 0);
    os_socket_close(client.socket);
    os_socket_close(server.socket);
}

static void write_to_deaf(void *ctx, enum err err)
{
    static char bytes[BIG * 4];

    CHECK_INT(err, OK);
    os_socket_start(client.socket, &end_events, &client);
    os_socket_write(client.socket, &(struct os_iov){ bytes, sizeof(bytes) }, 1, end_wrote);
    later = (struct os_timer){ .fire = close_both };
    os_timer_start(loop, &later, 30000);
}

static void accept_deaf(void *ctx, struct os_socket *socket, str peer)
{
    server.socket = socket;
    os_socket_start(socket, &end_events, &server);
    os_socket_pause(socket, true);
}

TEST("a write that the peer does not take ends with CANCELLED when its socket is closed, before closed()")
{
    struct os_listen listen = { .address = STR("127.0.0.1:0"), .backlog = 16, .accept = accept_deaf };

    ends_begin("127.0.0.1:0");
    os_listener_close(listener);
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    CHECK_INT(os_connect(loop, os_listener_address(listener), write_to_deaf, NULL, &client.socket), OK);
    os_loop_run(loop);
    CHECK_INT(client.writes_done, 1);
    CHECK_INT(client.written, ERR_CANCELLED);
    CHECK(server.closed == 1 && client.closed == 1);
    ends_finish();
}

static void refused(void *ctx, enum err err)
{
    *(enum err *)ctx = err;
    os_loop_stop(loop);
}

TEST("addresses: taken, unreadable, and nobody there")
{
    struct os_listen listen = { .address = STR("127.0.0.1:0"), .backlog = 1, .accept = accepted };
    struct os_listener *second;
    struct os_socket *socket;
    enum err err = OK;
    char address[64];

    ends_begin("127.0.0.1:0");
    (void)snprintf(address, sizeof(address), "%.*s", STR_ARG(os_listener_address(listener)));
    CHECK(str_starts(str_of(address), STR("127.0.0.1:")) && !str_ends(str_of(address), STR(":0")));
    listen.address = str_of(address);
    CHECK_INT(os_listen(loop, &listen, &second), ERR_IN_USE);
    listen.address = STR("nonsense");
    CHECK_INT(os_listen(loop, &listen, &second), ERR_MALFORMED);
    CHECK_INT(os_connect(loop, STR("nonsense:1"), refused, &err, &socket), ERR_MALFORMED);
    os_listener_close(listener);
    CHECK_INT(os_connect(loop, str_of(address), refused, &err, &socket), OK);
    os_loop_run(loop);
    CHECK_INT(err, ERR_CLOSED);
    os_socket_close(socket);
    listen.address = STR("127.0.0.1:0");
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    ends_finish();
}

static void count_accepted(void *ctx, struct os_socket *socket, str peer)
{
    os_socket_close(socket);
    if (++*(int *)ctx == 20)
        os_loop_stop(loop);
}

static void ignore_connected(void *ctx, enum err err)
{
}

TEST("every connection is accepted once; a socket may be closed before it is connected or started")
{
    int accepts = 0;
    struct os_listen listen = {
        .address = STR("127.0.0.1:0"), .backlog = 64, .accept = count_accepted, .ctx = &accepts
    };
    struct os_socket *sockets[21];

    begin();
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    for (int i = 0; i < 20; i++)
        CHECK_INT(os_connect(loop, os_listener_address(listener), ignore_connected, NULL, &sockets[i]), OK);
    os_loop_run(loop);
    CHECK_INT(accepts, 20);
    CHECK_INT(os_connect(loop, os_listener_address(listener), ignore_connected, NULL, &sockets[20]), OK);
    for (int i = 0; i <= 20; i++)
        os_socket_close(sockets[i]);
    os_listener_close(listener);
    finish();
}

#ifndef LEAT_SIM
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void signalled(void *ctx, enum os_signal signal)
{
    trace_add(signal == OS_RELOAD ? "reload " : "stop ");
    if (signal == OS_STOP)
        os_loop_stop(loop);
    else
        raise(SIGTERM);
}

TEST("SIGHUP reloads and SIGTERM stops")
{
    begin();
    trace[0] = '\0';
    os_on_signal(loop, signalled, NULL);
    raise(SIGHUP);
    os_loop_run(loop);
    CHECK_STR(str_of(trace), "reload stop ");
    finish();
}

TEST("a unix socket is its owner's alone, and a stale one is replaced")
{
    struct os_listen listen = { .backlog = 1, .accept = accepted };
    struct os_listener *second;
    struct stat stat_;
    char address[128], path[100];

    begin();
    (void)snprintf(path, sizeof(path), "%s/s", dir);
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    listen.address = str_of(address);
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    CHECK_INT(stat(path, &stat_), 0);
    CHECK_INT(stat_.st_mode & 0777, 0600);
    CHECK_INT(os_listen(loop, &listen, &second), ERR_IN_USE);
    CHECK_INT(link(path, in_dir("kept")), 0);
    os_listener_close(listener);
    CHECK_INT(rename(in_dir("kept"), path), 0); /* as after a kill: the file is there, nobody listens */
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    os_listener_close(listener);
    CHECK(stat(path, &stat_) < 0);
    finish();
}

static struct rlimit limit_before;

static void give_back(struct os_timer *timer)
{
    setrlimit(RLIMIT_NOFILE, &limit_before);
}

static void stop_on_accept(void *ctx, struct os_socket *socket, str peer)
{
    os_socket_close(socket);
    os_loop_stop(loop);
}

TEST("without descriptors the listener waits instead of spinning, and accepts when there are some again")
{
    struct os_listen listen = { .address = STR("127.0.0.1:0"), .backlog = 8, .accept = stop_on_accept };
    struct os_timer timer = { .fire = give_back };
    struct os_socket *socket;
    struct rusage before, after;
    struct rlimit limit;
    int probe;

    begin();
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    CHECK_INT(os_connect(loop, os_listener_address(listener), ignore_connected, NULL, &socket), OK);
    probe = open("/dev/null", O_RDONLY);
    close(probe);
    getrlimit(RLIMIT_NOFILE, &limit_before);
    limit = limit_before;
    limit.rlim_cur = (rlim_t)probe;
    setrlimit(RLIMIT_NOFILE, &limit);
    os_timer_start(loop, &timer, 250000);
    getrusage(RUSAGE_SELF, &before);
    os_loop_run(loop);
    getrusage(RUSAGE_SELF, &after);
    CHECK((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 + after.ru_utime.tv_usec -
              before.ru_utime.tv_usec <
          100000);
    os_socket_close(socket);
    os_listener_close(listener);
    finish();
}
#endif

UNIT_MAIN
