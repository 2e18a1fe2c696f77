/* socket.c: connections on libuv streams.
 *
 * A write is first tried at once, in one system call; only what the kernel does not take waits in libuv. `done` is
 * never called from inside os_socket_write: the socket joins loop->written and is told before the loop sleeps.
 *
 *   opened --start--> reading <--pause--> paused      end() stops reading for good; writing goes on
 *   any --close--> closing --(pending done, CANCELLED)--> closed(), freed */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/address.h"
#include "os/real/real.h"

enum { IOV_STACK = 64 }; /* pieces of one write that need no allocation */

struct os_socket {
    struct os_loop *loop;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    const struct os_socket_events *events;
    void *ctx;
    void (*connected)(void *ctx, enum err err); /* NULL once called, or if there was nothing to connect */
    void *connect_ctx;
    uv_connect_t connect;
    uv_write_t write;
    void (*write_done)(void *ctx, enum err err); /* gets `ctx`; NULL: no write under way */
    enum err write_err;                          /* while in loop->written */
    struct list written;                         /* in loop->written, or in no list */
    uv_shutdown_t shutdown;
    bool paused, reading, ended, closing, shut;
};

static enum err err_of_uv(int status)
{
    switch (status) {
    case 0:
        return OK;
    case UV_ECANCELED:
        return ERR_CANCELLED;
    case UV_ENOMEM:
        return ERR_NO_MEMORY;
    case UV_ETIMEDOUT:
        return ERR_TIMEOUT;
    case UV_ECONNREFUSED:
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_ENOENT:
        return ERR_CLOSED;
    default:
        return ERR_IO;
    }
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

static enum err create(struct os_loop *loop, int family, struct os_socket **ret_socket)
{
    struct os_socket *socket = calloc(1, sizeof(*socket));
    int status;

    if (socket == NULL)
        return ERR_NO_MEMORY;
    socket->loop = loop;
    list_init(&socket->written);
    if (family == AF_UNIX) {
        status = uv_pipe_init(&loop->uv, &socket->uv.pipe, 0);
    } else {
        status = uv_tcp_init(&loop->uv, &socket->uv.tcp);
        if (status == 0)
            (void)uv_tcp_nodelay(&socket->uv.tcp, 1); /* there is no descriptor yet: libuv keeps the wish */
    }
    if (status != 0) {
        free(socket);
        return err_of_uv(status);
    }
    *ret_socket = socket;
    return OK;
}

enum err socket_adopt(struct os_loop *loop, int fd, int family, struct os_socket **ret_socket)
{
    struct os_socket *socket;
    enum err err = create(loop, family, &socket);
    int status;

    if (err != OK) {
        (void)close(fd);
        return err;
    }
    if (family == AF_UNIX)
        status = uv_pipe_open(&socket->uv.pipe, fd);
    else
        status = uv_tcp_open(&socket->uv.tcp, fd);
    if (status != 0) {
        (void)close(fd);
        os_socket_close(socket);
        return err_of_uv(status);
    }
    *ret_socket = socket;
    return OK;
}

static void connect_ended(uv_connect_t *connect, int status)
{
    struct os_socket *socket = container_of(connect, struct os_socket, connect);
    void (*connected)(void *, enum err) = socket->connected;

    socket->connected = NULL;
    if (!socket->closing)
        connected(socket->connect_ctx, err_of_uv(status));
}

enum err os_connect(struct os_loop *loop, str address, void (*connected)(void *ctx, enum err err), void *ctx,
                    struct os_socket **ret_socket)
{
    struct address to;
    struct os_socket *socket;
    int status = 0;

    TRY(address_parse(address, &to));
    TRY(create(loop, to.socket.ss_family, &socket));
    socket->connected = connected;
    socket->connect_ctx = ctx;
    if (to.socket.ss_family == AF_UNIX)
        uv_pipe_connect(&socket->connect, &socket->uv.pipe, ((struct sockaddr_un *)&to.socket)->sun_path,
                        connect_ended);
    else
        status = uv_tcp_connect(&socket->connect, &socket->uv.tcp, (struct sockaddr *)&to.socket, connect_ended);
    if (status != 0) {
        socket->connected = NULL;
        os_socket_close(socket);
        return err_of_uv(status);
    }
    *ret_socket = socket;
    return OK;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    struct os_socket *socket = container_of(handle, struct os_socket, uv.handle);
    char *at = NULL;
    size_t size = 0;

    if (socket->events->buffer)
        socket->events->buffer(socket->ctx, &at, &size);
    if (at == NULL) {
        at = socket->loop->scratch;
        size = SCRATCH_BYTES;
    }
    assert(size > 0);
    *ret_buf = (uv_buf_t){ .base = at, .len = size };
}

static void stop_reading(struct os_socket *socket)
{
    if (socket->reading)
        (void)uv_read_stop(&socket->uv.stream);
    socket->reading = false;
}

static void bytes_came(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct os_socket *socket = container_of(stream, struct os_socket, uv.stream);

    if (size > 0) {
        socket->events->bytes(socket->ctx, buf->base, (size_t)size);
    } else if (size < 0) {
        socket->ended = true;
        stop_reading(socket);
        socket->events->end(socket->ctx, size == UV_EOF ? ERR_CLOSED : ERR_IO);
    }
}

static void resume_reading(struct os_socket *socket)
{
    int status;

    if (socket->events == NULL || socket->reading || socket->paused || socket->ended || socket->closing)
        return;
    status = uv_read_start(&socket->uv.stream, lend_buffer, bytes_came);
    assert(status == 0); /* it fails only for a socket that is not connected */
    socket->reading = true;
}

void os_socket_start(struct os_socket *socket, const struct os_socket_events *events, void *ctx)
{
    assert(socket->events == NULL && socket->connected == NULL);
    socket->events = events;
    socket->ctx = ctx;
    resume_reading(socket);
}

void os_socket_pause(struct os_socket *socket, bool paused)
{
    socket->paused = paused;
    if (paused)
        stop_reading(socket);
    else
        resume_reading(socket);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static void tell_write(struct os_socket *socket, enum err err)
{
    void (*done)(void *, enum err) = socket->write_done;

    assert(done != NULL);
    socket->write_done = NULL;
    done(socket->ctx, err);
}

static void write_ended(uv_write_t *write, int status)
{
    tell_write(container_of(write, struct os_socket, write), err_of_uv(status));
}

static void tell_soon(struct os_socket *socket, enum err err)
{
    socket->write_err = err;
    list_push(&socket->loop->written, &socket->written);
}

void socket_tell_written(struct os_loop *loop)
{
    struct list now, *link;

    list_init(&now);
    list_take_all(&now, &loop->written);
    while ((link = list_pop(&now)) != NULL) {
        struct os_socket *socket = container_of(link, struct os_socket, written);

        tell_write(socket, socket->write_err);
    }
}

/* Try at once; leave to libuv what the kernel did not take. */
static void write_bufs(struct os_socket *socket, uv_buf_t *bufs, unsigned count)
{
    int status = uv_try_write(&socket->uv.stream, bufs, count);
    size_t taken = status > 0 ? (size_t)status : 0;

    if (status < 0 && status != UV_EAGAIN) {
        tell_soon(socket, err_of_uv(status));
        return;
    }
    while (count && taken >= bufs->len) {
        taken -= bufs->len;
        bufs++;
        count--;
    }
    if (count == 0) {
        tell_soon(socket, OK);
        return;
    }
    bufs->base += taken;
    bufs->len -= taken;
    status = uv_write(&socket->write, &socket->uv.stream, bufs, count, write_ended);
    if (status != 0)
        tell_soon(socket, err_of_uv(status));
}

void os_socket_write(struct os_socket *socket, const struct os_iov *iov, size_t count,
                     void (*done)(void *ctx, enum err err))
{
    uv_buf_t few[IOV_STACK], *bufs = few;

    assert(socket->write_done == NULL && !socket->closing && !socket->shut);
    assert(socket->events != NULL && done != NULL && count <= UINT32_MAX);
    socket->write_done = done;
    if (count == 0) {
        tell_soon(socket, OK);
        return;
    }
    if (count > IOV_STACK)
        bufs = malloc(count * sizeof(*bufs));
    if (bufs == NULL) {
        tell_soon(socket, ERR_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++)
        bufs[i] = (uv_buf_t){ .base = (char *)(uintptr_t)iov[i].at, .len = iov[i].size };
    write_bufs(socket, bufs, (unsigned)count);
    if (bufs != few)
        free(bufs);
}

/* ---- ending ---------------------------------------------------------------------------------------------------- */

static void shutdown_ended(uv_shutdown_t *shutdown, int status)
{
    /* A failure shows itself to the reader. */
}

void os_socket_shutdown(struct os_socket *socket)
{
    if (socket->shut || socket->closing)
        return;
    socket->shut = true;
    (void)uv_shutdown(&socket->shutdown, &socket->uv.stream, shutdown_ended);
}

static void close_ended(uv_handle_t *handle)
{
    struct os_socket *socket = container_of(handle, struct os_socket, uv.handle);

    if (socket->write_done) {
        list_remove(&socket->written);
        tell_write(socket, socket->write_err);
    }
    if (socket->events && socket->events->closed)
        socket->events->closed(socket->ctx);
    free(socket);
}

void os_socket_close(struct os_socket *socket)
{
    assert(!socket->closing);
    socket->closing = true;
    socket->reading = false;
    uv_close(&socket->uv.handle, close_ended);
}
