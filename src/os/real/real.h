/* real.h: what the files of os/real share. libuv does not leave this folder. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/list.h"
#include "os/os.h"

struct os {
    uint64_t start_ns; /* the zero of os_mono_us */
};

enum { SCRATCH_BYTES = 64 * 1024, SIGNAL_COUNT = 3 };

struct os_loop {
    struct os *os;
    uv_loop_t uv;
    uv_async_t wake;      /* another thread has posted to an empty queue */
    uv_prepare_t prepare; /* before each sleep: messages, finished writes, the next alarm */
    uv_idle_t again;      /* active when something was left over, so that the loop does not sleep */
    uv_timer_t alarm;     /* when the heap's root is due */
    struct os_timer *timers;
    int64_t alarm_at_us;                 /* what the alarm is set for; INT64_MAX: not set */
    int64_t turn_us;                     /* of os_turn_us; 0: not asked for yet */
    int64_t fired_us;                    /* timers up to this moment have been taken; a timer armed now is due later */
    _Atomic(struct os_message *) posted; /* last posted first */
    _Atomic(pthread_t) runner;           /* the thread inside os_loop_run, or 0 */
    struct list written;                 /* sockets whose write went out at once and whose `done` is owed */
    uv_signal_t signals[SIGNAL_COUNT];
    bool signals_open;
    void (*signalled)(void *ctx, enum os_signal signal);
    void *signal_ctx;
    char scratch[SCRATCH_BYTES]; /* lent to sockets whose owner gives no buffer */
};

/* socket.c: calls `done` of the writes in loop->written that were there when it began. */
void socket_tell_written(struct os_loop *loop);

/* socket.c: makes a socket of a connected descriptor, which it owns from then on even if it fails. */
must_use enum err socket_adopt(struct os_loop *loop, int fd, int family, struct os_socket **ret_socket);
