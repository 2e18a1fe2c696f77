/* socket_test.c: what both worlds promise of sockets (and the real one of signals). Compiled once with each. */
#include "os_test.h"

#ifndef LEAT_SIM
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#endif

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

static unsigned taken;

static void count_accept(void *ctx, struct os_socket *socket, str peer)
{
    taken++;
    os_socket_close(socket);
    os_loop_stop(loop);
}

static void expect_none_and_give_back(struct os_timer *timer)
{
    struct os_file *file;

    CHECK_INT(taken, 0);
    CHECK_INT(os_open(os, "/dev/null", OS_READ, &file), OK); /* there is one for us */
    os_close(file);
    setrlimit(RLIMIT_NOFILE, &limit_before);
}

TEST("the last descriptors are for files: the listener waits although there are some")
{
    struct os_listen listen = { .address = STR("127.0.0.1:0"), .backlog = 8, .accept = count_accept };
    struct os_timer timer = { .fire = expect_none_and_give_back };
    struct os_socket *socket;
    struct rlimit limit;
    int probe;

    begin();
    taken = 0;
    CHECK_INT(os_listen(loop, &listen, &listener), OK);
    CHECK_INT(os_connect(loop, os_listener_address(listener), ignore_connected, NULL, &socket), OK);
    probe = open("/dev/null", O_RDONLY);
    close(probe);
    getrlimit(RLIMIT_NOFILE, &limit_before);
    limit = limit_before;
    limit.rlim_cur = (rlim_t)probe + 2;
    setrlimit(RLIMIT_NOFILE, &limit);
    os_timer_start(loop, &timer, 50000);
    os_loop_run(loop);
    CHECK(timer.loop == NULL); /* it fired before */
    os_timer_stop(&timer);
    setrlimit(RLIMIT_NOFILE, &limit_before);
    CHECK_INT(taken, 1);
    os_socket_close(socket);
    os_listener_close(listener);
    finish();
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
