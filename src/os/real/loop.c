/* loop.c: clock, entropy, the loop with its timers and messages, and signals, on libuv.
 *
 * One turn of the loop:
 *
 *   alarm      due timers fire
 *   prepare    posted messages run, finished writes are told, the alarm is set for the soonest timer
 *   poll       sockets: bytes come, connections are accepted
 *
 * So whatever a socket's event posts, arms or writes is carried out in the same turn without another system call.
 * A thread that posts wakes the loop only if the queue was empty: once per batch. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>

#include "os/heap.h"
#include "os/real/real.h"

/* ---- the world ------------------------------------------------------------------------------------------------ */

/* The soft limit is what it is for programs that use select; connections need more, and we may have them. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

enum err os_create(struct os **ret_os)
{
    struct os *os = calloc(1, sizeof(*os));

    if (os == NULL)
        return ERR_NO_MEMORY;
    /* A peer that went away is told by the write itself. */
    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    os->start_ns = uv_hrtime();
    *ret_os = os;
    return OK;
}

void os_destroy(struct os *os)
{
    free(os);
}

ms os_wall_ms(struct os *os)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t os_mono_us(struct os *os)
{
    return (int64_t)((uv_hrtime() - os->start_ns) / 1000);
}

void os_entropy(struct os *os, void *ret_bytes, size_t size)
{
    char *to = ret_bytes;

    while (size) {
        ssize_t got = getrandom(to, size, 0);

        /* Without entropy nothing may go on: identities and keys would repeat. */
        assert(got > 0 || errno == EINTR);
        if (got > 0) {
            to += got;
            size -= (size_t)got;
        }
    }
}

int64_t os_turn_us(struct os_loop *loop)
{
    if (loop->turn_us == 0)
        loop->turn_us = os_mono_us(loop->os);
    return loop->turn_us;
}

/* ---- timers --------------------------------------------------------------------------------------------------- */

void os_timer_start(struct os_loop *loop, struct os_timer *timer, int64_t delay_us)
{
    int64_t now_us = os_mono_us(loop->os);

    assert(delay_us >= 0);
    assert(timer->fire != NULL);
    os_timer_stop(timer);
    timer->loop = loop;
    timer->at_us = delay_us > INT64_MAX - now_us - 1 ? INT64_MAX - 1 : now_us + delay_us;
    if (timer->at_us <= loop->fired_us)
        timer->at_us = loop->fired_us + 1;
    loop->timers = heap_add(loop->timers, timer);
}

void os_timer_stop(struct os_timer *timer)
{
    if (timer->loop == NULL)
        return;
    timer->loop->timers = heap_remove(timer->loop->timers, timer);
    timer->loop = NULL;
}

static void fire_due(uv_timer_t *alarm)
{
    struct os_loop *loop = container_of(alarm, struct os_loop, alarm);

    loop->alarm_at_us = INT64_MAX;
    loop->fired_us = loop->turn_us = os_mono_us(loop->os);
    while (loop->timers && loop->timers->at_us <= loop->fired_us) {
        struct os_timer *timer = loop->timers;

        os_timer_stop(timer);
        timer->fire(timer);
    }
}

/* libuv counts in milliseconds; we round up, so that a timer is never early. */
static void set_alarm(struct os_loop *loop)
{
    int64_t at_us = loop->timers ? loop->timers->at_us : INT64_MAX, delay_us;

    if (at_us == loop->alarm_at_us)
        return;
    loop->alarm_at_us = at_us;
    if (at_us == INT64_MAX) {
        (void)uv_timer_stop(&loop->alarm);
        return;
    }
    delay_us = at_us - os_mono_us(loop->os);
    uv_update_time(&loop->uv);
    (void)uv_timer_start(&loop->alarm, fire_due, delay_us > 0 ? ((uint64_t)delay_us + 999) / 1000 : 0, 0);
}

/* ---- messages ------------------------------------------------------------------------------------------------- */

void os_post(struct os_loop *loop, struct os_message *message)
{
    struct os_message *head = atomic_load_explicit(&loop->posted, memory_order_relaxed);

    assert(message->run != NULL);
    do {
        message->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posted, &head, message, memory_order_acq_rel,
                                                    memory_order_relaxed));
    if (head == NULL && atomic_load_explicit(&loop->runner, memory_order_relaxed) != pthread_self())
        (void)uv_async_send(&loop->wake);
}

static void run_posted(struct os_loop *loop)
{
    struct os_message *last = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acq_rel), *first = NULL;

    while (last) {
        struct os_message *before = last->next;

        last->next = first;
        first = last;
        last = before;
    }
    while (first) {
        struct os_message *next = first->next;

        first->run(first);
        first = next;
    }
}

static void stop_again(uv_idle_t *again)
{
    (void)uv_idle_stop(again);
}

static void before_sleep(uv_prepare_t *prepare)
{
    struct os_loop *loop = container_of(prepare, struct os_loop, prepare);

    loop->turn_us = 0;
    run_posted(loop);
    socket_tell_written(loop);
    if (atomic_load_explicit(&loop->posted, memory_order_relaxed) || !list_empty(&loop->written))
        (void)uv_idle_start(&loop->again, stop_again);
    set_alarm(loop);
    loop->turn_us = 0;
}

/* The loop is awake now; before_sleep does the rest. */
static void woken(uv_async_t *wake)
{
}

/* ---- the loop ------------------------------------------------------------------------------------------------- */

enum err os_loop_create(struct os *os, struct os_loop **ret_loop)
{
    struct os_loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return ERR_NO_MEMORY;
    loop->os = os;
    loop->alarm_at_us = INT64_MAX;
    loop->fired_us = -1;
    list_init(&loop->written);
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return ERR_IO;
    }
    if (uv_async_init(&loop->uv, &loop->wake, woken) != 0) {
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return ERR_IO;
    }
    (void)uv_prepare_init(&loop->uv, &loop->prepare);
    (void)uv_prepare_start(&loop->prepare, before_sleep);
    (void)uv_idle_init(&loop->uv, &loop->again);
    (void)uv_timer_init(&loop->uv, &loop->alarm);
    *ret_loop = loop;
    return OK;
}

void os_loop_destroy(struct os_loop *loop)
{
    assert(loop->timers == NULL);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->again, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    for (int i = 0; loop->signals_open && i < SIGNAL_COUNT; i++)
        uv_close((uv_handle_t *)&loop->signals[i], NULL);
    /* Sockets that were closed in the last turn are told so here. */
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop->uv) != 0)
        assert(false && "a socket or listener outlives its loop");
    free(loop);
}

void os_loop_run(struct os_loop *loop)
{
    atomic_store_explicit(&loop->runner, pthread_self(), memory_order_relaxed);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    atomic_store_explicit(&loop->runner, 0, memory_order_relaxed);
    /* Messages posted by ourselves in the last turn woke nobody; a later run begins with them. */
}

void os_loop_stop(struct os_loop *loop)
{
    uv_stop(&loop->uv);
}

/* ---- signals -------------------------------------------------------------------------------------------------- */

static void signal_came(uv_signal_t *handle, int number)
{
    struct os_loop *loop = handle->data;

    loop->signalled(loop->signal_ctx, number == SIGHUP ? OS_RELOAD : OS_STOP);
}

void os_on_signal(struct os_loop *loop, void (*signalled)(void *ctx, enum os_signal signal), void *ctx)
{
    static const int numbers[SIGNAL_COUNT] = { SIGTERM, SIGINT, SIGHUP };

    loop->signalled = signalled;
    loop->signal_ctx = ctx;
    for (int i = 0; !loop->signals_open && i < SIGNAL_COUNT; i++) {
        (void)uv_signal_init(&loop->uv, &loop->signals[i]);
        loop->signals[i].data = loop;
        (void)uv_signal_start(&loop->signals[i], signal_came, numbers[i]);
    }
    loop->signals_open = true;
}
