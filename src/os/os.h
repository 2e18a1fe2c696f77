/* os.h: the world as an argument.
 *
 * Everything that is not computation comes through here: time, timers, threads, files, sockets, entropy, signals and
 * outgoing requests. The header is implemented twice, chosen when a program is linked: os/real (libuv, libcurl, the
 * kernel) and os/sim (a virtual clock, a disk that loses what was not synced, one thread, one seed). errno and libuv
 * stop here.
 *
 * The style is completion: above `os` nobody blocks. Whatever may block is a job; its `work` runs on a worker and may
 * use the file functions, its `done` runs on the loop. In the simulator a job runs when the seed says so. Unless a
 * comment says "any thread", a function is called on the loop's thread only. */
#pragma once

#include "base/date.h"
#include "base/str.h"

struct os;
struct os_loop;

/* ---- the world ------------------------------------------------------------------------------------------------ */

/* The real world; the simulated one is made by os/sim/sim.h. */
must_use enum err os_create(struct os **ret_os);
void os_destroy(struct os *os);

/* Wall clock; may step. Any thread. */
ms os_wall_ms(struct os *os);

/* A clock that only goes forward, microseconds since some moment. Any thread. */
int64_t os_mono_us(struct os *os);

/* Unpredictable bytes. Any thread. */
void os_entropy(struct os *os, void *ret_bytes, size_t size);

/* ---- loops, timers, messages ---------------------------------------------------------------------------------- */

must_use enum err os_loop_create(struct os *os, struct os_loop **ret_loop);

/* Every timer stopped, socket and listener closed, worker and fetcher destroyed before; `closed` of sockets that were
 * closed in the last turn is called here. Messages not yet run are dropped. */
void os_loop_destroy(struct os_loop *loop);

/* Runs until os_loop_stop, which is called on the loop's thread, and returns; may be run again. (In the simulator every
 * loop runs whenever one is run, and this also returns when nothing will ever happen again.) */
void os_loop_run(struct os_loop *loop);
void os_loop_stop(struct os_loop *loop);

/* os_mono_us as it was when it was first asked for since the loop last waited or began with its messages: a little
 * late, never ahead, and free. For deadlines and for what began with this turn. */
int64_t os_turn_us(struct os_loop *loop);

/* A timer lives in its owner; arming it cannot fail. */
struct os_timer {
    void (*fire)(struct os_timer *timer);
    /* private */
    struct os_loop *loop; /* NULL while not armed */
    int64_t at_us;
    struct os_timer *child, *sibling, *prev;
};

/* Fires once, not before `delay_us` from now (0: at the loop's next turn) and about a millisecond after at most, if the
 * loop is free. Arming an armed timer moves it. Timers due at the same microsecond fire in any order. */
void os_timer_start(struct os_loop *loop, struct os_timer *timer, int64_t delay_us);

/* Harmless when not armed. */
void os_timer_stop(struct os_timer *timer);

struct os_message {
    void (*run)(struct os_message *message);
    struct os_message *next; /* private */
};

/* Have `message->run` called on the loop's thread, in order of posting. Any thread. Cannot fail. A message may be
 * posted again once it has begun to run. */
void os_post(struct os_loop *loop, struct os_message *message);

/* ---- workers and jobs ----------------------------------------------------------------------------------------- */

/* A few threads with one queue. Jobs of a worker with one thread run strictly in order, and so do their `done`s. The
 * queue is as long as its users make it: they hold the jobs and know the bound. */
struct os_worker;

must_use enum err os_worker_create(struct os *os, const char *name, unsigned threads, struct os_worker **ret_worker);

/* Waits for what is queued; all its `done` messages have been posted then. Blocks: at the end, or at a moment when
 * nothing is queued. */
void os_worker_destroy(struct os_worker *worker);

struct os_job {
    void (*work)(struct os_job *job); /* on a thread of the worker */
    void (*done)(struct os_job *job); /* on the loop */
    /* private */
    struct os_message message;
    struct os_loop *loop;
    struct os_job *next;
};

void os_job_start(struct os_worker *worker, struct os_loop *loop, struct os_job *job);

/* ---- files: only inside a job's work, or where nothing else runs (start-up, tools) ------------------------------ */

/* All return OK, or IO, NO_SPACE, MISSING, EXISTS, LOCKED, NO_MEMORY (also when descriptors have run out: another time
 * there may be some), UNSUPPORTED. Paths are UTF-8 and zero-terminated.
 * Different files may be used by several jobs at a time, and one file too, each with its own offsets. (The simulator
 * asserts that nobody does this on a loop.) */

struct os_file;

enum os_open {
    OS_READ = 1,
    OS_WRITE = 2,
    OS_CREATE = 4,    /* made if missing */
    OS_EXCLUSIVE = 8, /* with OS_CREATE: EXISTS if it is there */
    OS_DIRECT = 16,   /* with OS_WRITE, a wish: see os_write_at */
};

enum { OS_BLOCK_BYTES = 4096 };

/* The first whole block of `memory`, which is OS_BLOCK_BYTES longer than what is needed. */
static inline char *os_block_in(char *memory)
{
    return memory + (OS_BLOCK_BYTES - (uintptr_t)memory % OS_BLOCK_BYTES);
}

struct os_iov {
    const void *at;
    size_t size;
};

/* With OS_READ or OS_WRITE or both. Files are made with mode 0600. A directory cannot be opened (IO, now or later). */
must_use enum err os_open(struct os *os, const char *path, unsigned flags, struct os_file **ret_file);
void os_close(struct os_file *file);

/* Up to `size` bytes; fewer only at the end of the file. */
must_use enum err os_read_at(struct os_file *file, void *to, size_t size, uint64_t offset, size_t *ret_size);

/* After IO: does the device behind the file answer now? Reads a block at its beginning or its end past every cache, which
 * would also answer for a disk that is gone. IO if it does not, or if that cannot be found out. */
must_use enum err os_probe(struct os_file *file);

/* All of it or an error, after which any part may have reached the file. With OS_DIRECT, whole blocks (memory, size and
 * offset are multiples of OS_BLOCK_BYTES) go past the cache of the system where it can do that, which costs a fifth of
 * the CPU and leaves no dirty pages behind; nobody sees another difference, and the rest goes the usual way. */
must_use enum err os_write_at(struct os_file *file, const struct os_iov *iov, size_t count, uint64_t offset);

/* Do whole blocks go past the cache? */
bool os_is_direct(const struct os_file *file);

/* fdatasync. After IO the content of the file is unknown until it is read again by a later process. */
must_use enum err os_sync(struct os_file *file);
must_use enum err os_size(struct os_file *file, uint64_t *ret_size);
must_use enum err os_truncate(struct os_file *file, uint64_t size);

/* Give the range's blocks back; it reads as zeros afterwards. UNSUPPORTED where the file system cannot. */
must_use enum err os_punch(struct os_file *file, uint64_t offset, uint64_t size);

/* An exclusive lock that lasts until the file is closed or the process ends. LOCKED if another process, or another
 * os_open of the same file, has it. */
must_use enum err os_lock(struct os_file *file);

/* Replaces `to`. Durable only after os_sync_dir of the directory. */
must_use enum err os_rename(struct os *os, const char *from, const char *to);
must_use enum err os_unlink(struct os *os, const char *path);
must_use enum err os_mkdir(struct os *os, const char *path); /* mode 0700; OK if it is there */
must_use enum err os_sync_dir(struct os *os, const char *path);

/* Calls `each` with every name but "." and "..", in bytewise order; stops at the first error it returns. */
must_use enum err os_list(struct os *os, const char *path, enum err (*each)(void *ctx, const char *name), void *ctx);

struct os_stat {
    uint64_t size;
    ms modified;
    bool directory;
};

must_use enum err os_stat(struct os *os, const char *path, struct os_stat *ret_stat);

/* Bytes that an ordinary user may still write on the file system of `path`. */
must_use enum err os_disk_free(struct os *os, const char *path, uint64_t *ret_bytes);

/* A whole small file, at most `size_max` bytes (TOO_LARGE beyond), zero-terminated; the caller frees. */
must_use enum err os_read_file(struct os *os, const char *path, size_t size_max, char **ret_at, size_t *ret_size);

/* Write to `path`.tmp (mode 0600), sync, rename, sync the directory: old or new content, never a mixture. After a crash
 * `path`.tmp may be left over; the next replacement truncates it. */
must_use enum err os_replace_file(struct os *os, const char *path, str content);

/* ---- sockets --------------------------------------------------------------------------------------------------- */

struct os_listener;
struct os_socket;

/* What the owner of a socket is told; a table that outlives the socket. Nothing here is called from inside a function
 * of the socket. After `closed` nothing more is called; the owner may not close it again. */
struct os_socket_events {
    /* Where the next bytes should go. Absent, or `ret_at` left NULL: the loop lends a buffer, good inside `bytes`. */
    void (*buffer)(void *ctx, char **ret_at, size_t *ret_size);
    void (*bytes)(void *ctx, char *at, size_t size);
    /* CLOSED when the peer ended its side in order (the socket stays open for writing), IO on a failure. */
    void (*end)(void *ctx, enum err err);
    void (*closed)(void *ctx);
};

struct os_listen {
    str address; /* "127.0.0.1:4567", "[::1]:0", or "unix:/path" */
    int backlog;
    /* A new connection; the owner calls os_socket_start or os_socket_close. `peer` is text without the port ("unix" for
     * a unix socket) and good inside the call. */
    void (*accept)(void *ctx, struct os_socket *socket, str peer);
    void *ctx;
};

/* IN_USE if the address is taken, MALFORMED if it cannot be read (numbers only, no names). A unix socket has mode 0600;
 * one left over by a dead process is replaced. When descriptors run short, connections wait in the backlog: the last
 * ones are kept for files. */
must_use enum err os_listen(struct os_loop *loop, const struct os_listen *listen, struct os_listener **ret_listener);

/* The bound address with its real port: "127.0.0.1:41234". Valid as long as the listener. */
str os_listener_address(const struct os_listener *listener);
void os_listener_close(struct os_listener *listener);

/* Asynchronous; `connected` gets OK or CLOSED/TIMEOUT/IO, and after a failure the socket only wants to be closed. The
 * socket exists at once and may be closed before; `connected` is not called then. Addresses as for os_listen. */
must_use enum err os_connect(struct os_loop *loop, str address, void (*connected)(void *ctx, enum err err), void *ctx,
                             struct os_socket **ret_socket);

/* Begin to deliver events. Once, when the socket is connected, and before the first write. */
void os_socket_start(struct os_socket *socket, const struct os_socket_events *events, void *ctx);

/* Stop and resume reading (back-pressure); reading is on after os_socket_start. */
void os_socket_pause(struct os_socket *socket, bool paused);

/* One write at a time may be under way. The bytes (not the iov) stay valid until `done`, which gets the `ctx` of
 * os_socket_start and is never called from inside this call: OK when the kernel has everything, else CLOSED if the peer
 * is gone, IO, NO_MEMORY or CANCELLED; after an error the socket only wants to be closed. */
void os_socket_write(struct os_socket *socket, const struct os_iov *iov, size_t count,
                     void (*done)(void *ctx, enum err err));

/* End our side after what was written. No write may follow; a second call is harmless. */
void os_socket_shutdown(struct os_socket *socket);

/* Drop it; `closed` follows later, after any `done` of a pending write (with CANCELLED, or OK if it had gone out). Of a
 * socket that was never started nothing is told. Once. */
void os_socket_close(struct os_socket *socket);

/* ---- signals (real world: SIGTERM and SIGINT as OS_STOP, SIGHUP as OS_RELOAD) ----------------------------------- */

enum os_signal { OS_STOP, OS_RELOAD };

void os_on_signal(struct os_loop *loop, void (*signalled)(void *ctx, enum os_signal signal), void *ctx);
