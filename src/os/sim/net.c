/* net.c: listeners and connections inside the simulated world.
 *
 * A connection is two sockets that know each other. What one writes moves, in pieces and after delays that the seed
 * picks, into the bounded `in` of the other, and from there to its owner, order kept. Two events drive a socket:
 *
 *   push     our write -> the peer's `in`; tells `done`; then the end of our side, if asked for
 *   deliver  our `in` -> our owner; then the peer's end, or the failure */
#include <assert.h>
#include <stdlib.h>

#include "os/address.h"
#include "os/sim/world.h"

enum { IN_BYTES_MIN = 2048, IN_BYTES_MAX = 64 * 1024, FIRST_PORT = 20000 };

struct os_listener {
    struct list link;
    struct os *os;
    struct os_loop *loop;
    bool dead;
    int backlog, waiting; /* connections not yet accepted */
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    size_t text_size;
    void (*accept)(void *ctx, struct os_socket *socket, str peer);
    void *ctx;
};

struct os_socket {
    struct list link;
    struct os_loop *loop;
    struct os *os;
    struct os_socket *peer;       /* NULL: not connected, or gone */
    struct os_listener *listener; /* while waiting to be accepted */
    const struct os_socket_events *events;
    void *ctx;
    void (*connected)(void *ctx, enum err err);
    void *connect_ctx;
    struct address to;
    struct event arrive; /* connect, accept or, at the end, close */
    struct event push, deliver;
    char *out; /* a copy of the write under way */
    size_t out_at, out_size;
    void (*write_done)(void *ctx, enum err err);
    char *in;
    size_t in_size, in_max;
    bool in_fin;     /* the peer ended its side */
    enum err failed; /* the connection broke: CLOSED or IO */
    bool dead, paused, ended, closing, shut, fin_sent;
};

static int64_t delay_us(struct os *os)
{
    return (int64_t)sim_below(os, (uint64_t)os->net.delay_us_max + 1);
}

static void wake(struct os_socket *socket, struct event *event)
{
    if (!event->armed && !socket->dead)
        event_start(socket->os, event, delay_us(socket->os));
}

static void wake_both(struct os_socket *socket)
{
    wake(socket, &socket->push);
    wake(socket, &socket->deliver);
}

/* ---- delivering ------------------------------------------------------------------------------------------------ */

static void break_connection(struct os_socket *socket, enum err err)
{
    struct os_socket *peer = socket->peer;

    socket->peer = NULL;
    socket->failed = err;
    wake_both(socket);
    if (peer) {
        peer->peer = NULL;
        peer->failed = err;
        wake_both(peer);
    }
}

static void give_bytes(struct os_socket *socket)
{
    struct os *os = socket->os;
    size_t size = sim_below(os, 2) ? socket->in_size : 1 + (size_t)sim_below(os, socket->in_size);
    char *at = NULL, *lent = NULL;
    size_t room = size;

    if (socket->events->buffer)
        socket->events->buffer(socket->ctx, &at, &room);
    if (at == NULL) {
        room = size;
        at = lent = malloc(size); /* exactly as much as is there, so that reading beyond is seen */
    }
    if (at == NULL) {
        wake(socket, &socket->deliver);
        return;
    }
    if (size > room)
        size = room;
    assert(size > 0);
    memcpy(at, socket->in, size);
    socket->in_size -= size;
    memmove(socket->in, socket->in + size, socket->in_size);
    sim_note(os, 'n', size);
    if (socket->peer && socket->peer->write_done)
        wake(socket->peer, &socket->peer->push);
    wake(socket, &socket->deliver);
    socket->events->bytes(socket->ctx, at, size);
    free(lent);
}

static void deliver(struct os *os, struct event *event)
{
    struct os_socket *socket = container_of(event, struct os_socket, deliver);

    if (socket->events == NULL || socket->paused || socket->ended || socket->closing)
        return;
    if (socket->peer && os->net.cut_per_million && sim_below(os, 1000000) < os->net.cut_per_million)
        break_connection(socket, ERR_IO);
    if (socket->failed == ERR_IO || (socket->failed != OK && !socket->in_fin)) {
        socket->ended = true;
        socket->events->end(socket->ctx, ERR_IO);
    } else if (socket->in_size) {
        give_bytes(socket);
    } else if (socket->in_fin) {
        socket->ended = true;
        socket->events->end(socket->ctx, ERR_CLOSED);
    }
}

/* ---- pushing --------------------------------------------------------------------------------------------------- */

static void tell_write(struct os_socket *socket, enum err err)
{
    void (*done)(void *, enum err) = socket->write_done;

    socket->write_done = NULL;
    free(socket->out);
    socket->out = NULL;
    done(socket->ctx, err);
}

static void push_bytes(struct os_socket *socket)
{
    struct os_socket *peer = socket->peer;
    size_t left = socket->out_size - socket->out_at, room = peer->in_max - peer->in_size;
    size_t size = left < room ? left : room;

    if (size == 0 && left)
        return; /* the peer wakes us when it has read */
    if (size && sim_below(socket->os, 2))
        size = 1 + (size_t)sim_below(socket->os, size);
    if (size)
        memcpy(peer->in + peer->in_size, socket->out + socket->out_at, size);
    peer->in_size += size;
    socket->out_at += size;
    wake(peer, &peer->deliver);
    if (socket->out_at == socket->out_size)
        tell_write(socket, OK);
    else
        wake(socket, &socket->push);
}

static void push(struct os *os, struct event *event)
{
    struct os_socket *socket = container_of(event, struct os_socket, push);

    if (socket->closing)
        return;
    if (socket->write_done && socket->peer) {
        push_bytes(socket);
    } else if (socket->write_done && socket->out == NULL && socket->out_size) {
        tell_write(socket, ERR_NO_MEMORY);
    } else if (socket->write_done) {
        /* The first write after the peer has left may still go out; the answer to it breaks the connection. */
        enum err err = socket->failed != OK || sim_below(os, 2) ? ERR_CLOSED : OK;

        if (socket->failed == ERR_IO)
            err = ERR_IO;
        else
            socket->failed = ERR_IO;
        wake(socket, &socket->deliver);
        tell_write(socket, err);
    }
    if (socket->shut && !socket->write_done && !socket->fin_sent && socket->peer && !socket->closing) {
        socket->fin_sent = true;
        socket->peer->in_fin = true;
        wake(socket->peer, &socket->peer->deliver);
    }
}

void os_socket_write(struct os_socket *socket, const struct os_iov *iov, size_t count,
                     void (*done)(void *ctx, enum err err))
{
    assert(socket->events != NULL && done != NULL);
    assert(socket->write_done == NULL && !socket->closing && !socket->shut);
    socket->write_done = done;
    socket->out_at = socket->out_size = 0;
    for (size_t i = 0; i < count; i++)
        socket->out_size += iov[i].size;
    socket->out = malloc(socket->out_size + 1);
    for (size_t i = 0, at = 0; socket->out && i < count; i++) {
        if (iov[i].size)
            memcpy(socket->out + at, iov[i].at, iov[i].size);
        at += iov[i].size;
    }
    wake(socket, &socket->push);
}

void os_socket_shutdown(struct os_socket *socket)
{
    socket->shut = true;
    if (!socket->closing)
        wake(socket, &socket->push);
}

void os_socket_start(struct os_socket *socket, const struct os_socket_events *events, void *ctx)
{
    assert(socket->events == NULL && socket->connected == NULL);
    socket->events = events;
    socket->ctx = ctx;
    wake(socket, &socket->deliver);
}

void os_socket_pause(struct os_socket *socket, bool paused)
{
    socket->paused = paused;
    if (!paused && !socket->closing)
        wake(socket, &socket->deliver);
}

/* ---- making and closing ---------------------------------------------------------------------------------------- */

static void free_socket(struct os_socket *socket)
{
    list_remove(&socket->link);
    free(socket->out);
    free(socket->in);
    free(socket);
}

static struct os_socket *create(struct os_loop *loop)
{
    struct os_socket *socket = calloc(1, sizeof(*socket));
    struct os *os = loop->os;

    if (socket == NULL)
        return NULL;
    socket->in_max = sim_below(os, 4) ? IN_BYTES_MAX : IN_BYTES_MIN + sim_below(os, 4096);
    socket->in = malloc(socket->in_max);
    if (socket->in == NULL) {
        free(socket);
        return NULL;
    }
    socket->loop = loop;
    socket->os = os;
    socket->dead = loop->dead;
    socket->push.run = push;
    socket->deliver.run = deliver;
    socket->arrive.loop = socket->push.loop = socket->deliver.loop = loop;
    list_push(&os->net.sockets, &socket->link);
    return socket;
}

static void close_ended(struct os *os, struct event *event)
{
    struct os_socket *socket = container_of(event, struct os_socket, arrive);

    event_stop(os, &socket->push);
    event_stop(os, &socket->deliver);
    if (socket->write_done)
        tell_write(socket, ERR_CANCELLED);
    if (socket->events && socket->events->closed)
        socket->events->closed(socket->ctx);
    free_socket(socket);
}

/* The peer meets our end in order, unless we leave bytes unread. */
static void leave_peer(struct os_socket *socket)
{
    struct os_socket *peer = socket->peer;

    socket->peer = NULL;
    if (peer == NULL)
        return;
    peer->peer = NULL;
    if (socket->in_size && sim_below(socket->os, 2))
        peer->failed = ERR_IO;
    peer->in_fin = true;
    wake_both(peer);
}

void os_socket_close(struct os_socket *socket)
{
    assert(!socket->closing);
    socket->closing = true;
    if (socket->dead)
        return;
    leave_peer(socket);
    socket->arrive.run = close_ended;
    event_start(socket->os, &socket->arrive, 0);
}

/* ---- listening ------------------------------------------------------------------------------------------------- */

static bool is_any(const struct address *address)
{
    char host[ADDRESS_TEXT_MAX];
    str text = str_bytes(host, address_format_host(address, host));

    return str_eq(text, STR("0.0.0.0")) || str_eq(text, STR("::"));
}

static struct os_listener *find_listener(struct os *os, const struct address *to)
{
    char text[ADDRESS_TEXT_MAX];
    str wanted = str_bytes(text, address_format(to, text));

    list_each(link, &os->net.listeners) {
        struct os_listener *listener = container_of(link, struct os_listener, link);

        if (listener->dead)
            continue;
        if (str_eq(os_listener_address(listener), wanted))
            return listener;
        if (to->socket.ss_family != AF_UNIX && address_port(to) == address_port(&listener->address) &&
            (is_any(&listener->address) || is_any(to)))
            return listener;
    }
    return NULL;
}

enum err os_listen(struct os_loop *loop, const struct os_listen *listen, struct os_listener **ret_listener)
{
    struct os *os = loop->os;
    struct os_listener *listener;
    struct address address;

    TRY(address_parse(listen->address, &address));
    for (int i = 0; address.socket.ss_family != AF_UNIX && address_port(&address) == 0 && i <= UINT16_MAX; i++) {
        address_set_port(&address, os->net.next_port);
        os->net.next_port = os->net.next_port == UINT16_MAX ? FIRST_PORT : (uint16_t)(os->net.next_port + 1);
        if (find_listener(os, &address))
            address_set_port(&address, 0);
    }
    if (find_listener(os, &address))
        return ERR_IN_USE;
    listener = calloc(1, sizeof(*listener));
    if (listener == NULL)
        return ERR_NO_MEMORY;
    listener->os = os;
    listener->loop = loop;
    listener->dead = loop->dead;
    listener->backlog = listen->backlog;
    listener->address = address;
    listener->text_size = address_format(&address, listener->text);
    listener->accept = listen->accept;
    listener->ctx = listen->ctx;
    list_push(&os->net.listeners, &listener->link);
    *ret_listener = listener;
    return OK;
}

str os_listener_address(const struct os_listener *listener)
{
    return str_bytes(listener->text, listener->text_size);
}

/* Connections that wait for us are refused. */
void os_listener_close(struct os_listener *listener)
{
    struct os *os = listener->os;

    list_each(link, &os->net.sockets) {
        struct os_socket *socket = container_of(link, struct os_socket, link);

        if (socket->listener != listener || socket->dead)
            continue;
        socket->listener = NULL;
        break_connection(socket, ERR_IO);
        os_socket_close(socket);
    }
    list_remove(&listener->link);
    free(listener);
}

/* ---- connecting ------------------------------------------------------------------------------------------------ */

static void accept_event(struct os *os, struct event *event)
{
    struct os_socket *socket = container_of(event, struct os_socket, arrive);
    struct os_listener *listener = socket->listener;

    socket->listener = NULL;
    listener->waiting--;
    listener->accept(listener->ctx, socket,
                     listener->address.socket.ss_family == AF_UNIX ? STR("unix") : STR("127.0.0.1"));
}

static enum err reach(struct os *os, struct os_socket *socket)
{
    struct os_listener *listener = find_listener(os, &socket->to);
    struct os_socket *peer = NULL;

    if (listener && listener->waiting < listener->backlog)
        peer = create(listener->loop);
    if (peer == NULL)
        return ERR_CLOSED;
    listener->waiting++;
    peer->listener = listener;
    peer->peer = socket;
    socket->peer = peer;
    peer->arrive.run = accept_event;
    event_start(os, &peer->arrive, delay_us(os));
    return OK;
}

static void connect_event(struct os *os, struct event *event)
{
    struct os_socket *socket = container_of(event, struct os_socket, arrive);
    void (*connected)(void *, enum err) = socket->connected;

    socket->connected = NULL;
    connected(socket->connect_ctx, reach(os, socket));
}

enum err os_connect(struct os_loop *loop, str address, void (*connected)(void *ctx, enum err err), void *ctx,
                    struct os_socket **ret_socket)
{
    struct os_socket *socket;
    struct address to;

    TRY(address_parse(address, &to));
    socket = create(loop);
    if (socket == NULL)
        return ERR_NO_MEMORY;
    socket->to = to;
    socket->connected = connected;
    socket->connect_ctx = ctx;
    socket->arrive.run = connect_event;
    wake(socket, &socket->arrive);
    *ret_socket = socket;
    return OK;
}

/* ---- faults and the end ---------------------------------------------------------------------------------------- */

size_t sim_cut(struct os *os, unsigned per_mille)
{
    size_t cut = 0;

    list_each(link, &os->net.sockets) {
        struct os_socket *socket = container_of(link, struct os_socket, link);

        /* Each connection is met once, at the end that asked for it. */
        if (socket->to.size && socket->peer && !socket->dead && sim_below(os, 1000) < per_mille) {
            break_connection(socket, ERR_IO);
            cut++;
        }
    }
    return cut;
}

void sim_set_net(struct os *os, int64_t delay_us_max, unsigned cut_per_million)
{
    assert(delay_us_max >= 0);
    os->net.delay_us_max = delay_us_max;
    os->net.cut_per_million = cut_per_million;
}

void net_init(struct os *os)
{
    list_init(&os->net.listeners);
    list_init(&os->net.sockets);
    os->net.next_port = FIRST_PORT;
    os->net.delay_us_max = 500;
}

void net_end(struct os *os)
{
    list_each(link, &os->net.listeners)
        container_of(link, struct os_listener, link)->dead = true;
    list_each(link, &os->net.sockets) {
        struct os_socket *socket = container_of(link, struct os_socket, link);

        socket->dead = true;
        socket->peer = NULL;
        event_stop(os, &socket->arrive);
        event_stop(os, &socket->push);
        event_stop(os, &socket->deliver);
    }
}

void net_count(const struct os *os, const struct os_loop *loop, struct sim_census *census)
{
    list_each(link, &os->net.sockets) {
        const struct os_socket *socket = container_of(link, struct os_socket, link);

        census->sockets += socket->loop == loop && !socket->dead;
    }
    list_each(link, &os->net.listeners) {
        const struct os_listener *listener = container_of(link, struct os_listener, link);

        census->listeners += listener->loop == loop && !listener->dead;
    }
}

void net_free(struct os *os)
{
    list_each(link, &os->net.sockets)
        free_socket(container_of(link, struct os_socket, link));
    list_each(link, &os->net.listeners)
        free(container_of(link, struct os_listener, link));
}
