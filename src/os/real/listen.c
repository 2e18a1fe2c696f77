/* listen.c: listening sockets, accepted by ourselves under a poll handle.
 *
 * libuv's own listener closes what it cannot take when descriptors run out. Ours leaves connections in the kernel's
 * backlog, stops polling for a moment and tries again. It stops before the last descriptor: peers, who cost nothing,
 * must not take what the files of the program need. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/address.h"
#include "os/real/real.h"

enum {
    ACCEPT_ONCE = 64,         /* connections taken in one turn, so that open ones get theirs */
    ACCEPT_PAUSE_US = 100000, /* when descriptors or memory have run out */
    KEPT_MAX = 128            /* descriptors that are not for peers; a quarter of them where there are few */
};

struct os_listener {
    struct os_loop *loop;
    uv_poll_t poll;
    struct os_timer pause;
    int fd;
    bool closing;
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    size_t text_size;
    void (*accept)(void *ctx, struct os_socket *socket, str peer);
    void *ctx;
};

static void poll_came(uv_poll_t *poll, int status, int events);

static void resume(struct os_timer *pause)
{
    struct os_listener *listener = container_of(pause, struct os_listener, pause);

    (void)uv_poll_start(&listener->poll, UV_READABLE, poll_came);
}

static void pause_accepting(struct os_listener *listener)
{
    (void)uv_poll_stop(&listener->poll);
    os_timer_start(listener->loop, &listener->pause, ACCEPT_PAUSE_US);
}

/* Whether a peer may have the next descriptor. The kernel gives out the lowest that is free, and says so when asked for
 * a copy; the limit may be changed from outside at any time. */
static bool descriptors_left(const struct os_listener *listener)
{
    struct rlimit limit;
    rlim_t kept;
    int next;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    next = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
    if (next < 0)
        return false;
    (void)close(next);
    kept = limit.rlim_cur / 4 < KEPT_MAX ? limit.rlim_cur / 4 : KEPT_MAX;
    return (rlim_t)next + kept < limit.rlim_cur;
}

/* Take one connection; false if there is none now. */
static bool accept_one(struct os_listener *listener)
{
    struct address peer = { .size = sizeof(peer.socket) };
    char host[ADDRESS_TEXT_MAX];
    struct os_socket *socket;
    int fd;

    if (!descriptors_left(listener)) {
        pause_accepting(listener);
        return false;
    }
    fd = accept4(listener->fd, (struct sockaddr *)&peer.socket, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EINTR || errno == ECONNABORTED)
            return true;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            pause_accepting(listener);
        return false;
    }
    /* The peer of a unix socket has no name and the kernel says only its family. */
    if (socket_adopt(listener->loop, fd, listener->address.socket.ss_family, &socket) != OK) {
        pause_accepting(listener);
        return false;
    }
    listener->accept(listener->ctx, socket, str_bytes(host, address_format_host(&peer, host)));
    return true;
}

static void poll_came(uv_poll_t *poll, int status, int events)
{
    struct os_listener *listener = container_of(poll, struct os_listener, poll);

    if (status < 0) {
        pause_accepting(listener);
        return;
    }
    for (int i = 0; i < ACCEPT_ONCE && !listener->closing; i++)
        if (!accept_one(listener))
            break;
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

static const char *unix_path(const struct address *address)
{
    return ((const struct sockaddr_un *)&address->socket)->sun_path;
}

/* A socket file whose server is gone refuses connections; only then may it be removed. */
static bool is_stale(const struct address *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool stale;

    if (fd < 0)
        return false;
    stale = connect(fd, (const struct sockaddr *)&address->socket, address->size) < 0 && errno == ECONNREFUSED;
    (void)close(fd);
    return stale;
}

static enum err bind_unix(int fd, const struct address *address)
{
    /* The mode of the descriptor becomes that of the file: it is never open to others, not even for a moment. */
    if (fchmod(fd, 0600) < 0)
        return ERR_IO;
    for (int tries = 0; tries < 2; tries++) {
        if (bind(fd, (const struct sockaddr *)&address->socket, address->size) == 0)
            return chmod(unix_path(address), 0600) == 0 ? OK : ERR_IO;
        if (errno != EADDRINUSE)
            return errno == ENOENT ? ERR_MISSING : ERR_IO;
        if (!is_stale(address))
            return ERR_IN_USE;
        (void)unlink(unix_path(address));
    }
    return ERR_IN_USE;
}

static enum err bind_inet(int fd, const struct address *address)
{
    int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&address->socket, address->size) == 0)
        return OK;
    return errno == EADDRINUSE ? ERR_IN_USE : ERR_IO;
}

static enum err open_bound(struct address *address, int backlog, int *ret_fd)
{
    int family = address->socket.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    enum err err;

    if (fd < 0)
        return ERR_IO;
    err = family == AF_UNIX ? bind_unix(fd, address) : bind_inet(fd, address);
    if (err == OK && listen(fd, backlog) < 0)
        err = errno == EADDRINUSE ? ERR_IN_USE : ERR_IO;
    if (err == OK && family != AF_UNIX && getsockname(fd, (struct sockaddr *)&address->socket, &address->size) < 0)
        err = ERR_IO;
    if (err != OK) {
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

enum err os_listen(struct os_loop *loop, const struct os_listen *listen, struct os_listener **ret_listener)
{
    struct os_listener *listener;
    struct address address;
    enum err err;

    TRY(address_parse(listen->address, &address));
    listener = calloc(1, sizeof(*listener));
    if (listener == NULL)
        return ERR_NO_MEMORY;
    err = open_bound(&address, listen->backlog, &listener->fd);
    if (err == OK && uv_poll_init(&loop->uv, &listener->poll, listener->fd) != 0) {
        (void)close(listener->fd);
        err = ERR_IO;
    }
    if (err != OK) {
        free(listener);
        return err;
    }
    listener->loop = loop;
    listener->pause.fire = resume;
    listener->address = address;
    listener->text_size = address_format(&address, listener->text);
    listener->accept = listen->accept;
    listener->ctx = listen->ctx;
    (void)uv_poll_start(&listener->poll, UV_READABLE, poll_came);
    *ret_listener = listener;
    return OK;
}

str os_listener_address(const struct os_listener *listener)
{
    return str_bytes(listener->text, listener->text_size);
}

static void close_ended(uv_handle_t *handle)
{
    free(container_of(handle, struct os_listener, poll));
}

void os_listener_close(struct os_listener *listener)
{
    assert(!listener->closing);
    listener->closing = true;
    os_timer_stop(&listener->pause);
    uv_close((uv_handle_t *)&listener->poll, close_ended);
    if (listener->address.socket.ss_family == AF_UNIX)
        (void)unlink(unix_path(&listener->address));
    (void)close(listener->fd);
}
