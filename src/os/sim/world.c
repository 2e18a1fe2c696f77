/* world.c: the seed, the clock, the loops and what runs next.
 *
 * One step runs one thing: a message or a due timer of some loop, or an event of the world (a job's work, a job's end,
 * bytes arriving). Which of the ready ones is picked by the seed; messages of one loop keep their order. When nothing
 * is ready the clock jumps to the next moment at which something is. Each step takes a microsecond, so that things
 * that keep each other busy cannot stop time. */
#include "os/sim/world.h"

#include <assert.h>
#include <stdlib.h>

static const ms WALL_START = 1767225600000; /* 2026-01-01T00:00:00Z */

/* ---- seed and trace -------------------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t sim_random(struct os *os)
{
    os->random += 0x9e3779b97f4a7c15u;
    return mix(os->random);
}

uint64_t sim_below(struct os *os, uint64_t bound)
{
    assert(bound > 0);
    return sim_random(os) % bound;
}

void sim_note(struct os *os, uint64_t what, uint64_t detail)
{
    os->trace = mix(os->trace ^ mix(what ^ mix(detail ^ (uint64_t)os->now_us)));
}

uint64_t sim_trace(const struct os *os)
{
    return os->trace;
}

void os_entropy(struct os *os, void *ret_bytes, size_t size)
{
    uint8_t *to = ret_bytes;

    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)sim_random(os);
}

/* ---- world ----------------------------------------------------------------------------------------------------- */

enum err sim_create(uint64_t seed, struct os **ret_os)
{
    struct os *os = calloc(1, sizeof(*os));

    if (os == NULL)
        return ERR_NO_MEMORY;
    os->random = mix(seed + 1);
    os->wall_offset = WALL_START;
    list_init(&os->loops);
    list_init(&os->workers);
    net_init(os);
    if (disk_init(os) != OK) {
        free(os);
        return ERR_NO_MEMORY;
    }
    *ret_os = os;
    return OK;
}

void os_destroy(struct os *os)
{
    net_free(os);
    workers_free(os);
    disk_free(os);
    list_each(link, &os->loops)
        free(container_of(link, struct os_loop, link));
    free(os);
}

ms os_wall_ms(struct os *os)
{
    return os->wall_offset + os->now_us / 1000;
}

int64_t os_mono_us(struct os *os)
{
    return os->now_us;
}

int64_t os_turn_us(struct os_loop *loop)
{
    return os_mono_us(loop->os);
}

void sim_step_wall(struct os *os, ms by)
{
    os->wall_offset += by;
}

void sim_spend(struct os *os, int64_t min_us, int64_t max_us)
{
    int64_t us = min_us + (int64_t)sim_below(os, (uint64_t)(max_us - min_us) + 1);

    /* In the real world this would block the loop. */
    assert(os->in_job || !os->stepping);
    if (os->in_job)
        os->spent_us += us;
    else
        os->now_us += us;
}

static void end(struct os *os)
{
    assert(!os->stepping);
    os->epoch++;
    list_each(link, &os->loops) {
        struct os_loop *loop = container_of(link, struct os_loop, link);

        loop->dead = true;
        loop->timers = NULL;
        loop->first = NULL;
        loop->last = &loop->first;
        loop->signalled = NULL;
    }
    workers_end(os);
    net_end(os);
    disk_end(os);
    sim_note(os, 'e', os->epoch);
}

void sim_crash(struct os *os)
{
    end(os);
    disk_crash(os);
}

void sim_kill(struct os *os)
{
    end(os);
}

/* ---- turns ------------------------------------------------------------------------------------------------------- */

static void begin_turn(struct os *os, const struct os_loop *loop)
{
    if (os->turn)
        os->turn(os->turn_ctx, loop);
}

void sim_on_turn(struct os *os, void (*turn)(void *ctx, const struct os_loop *loop), void *ctx)
{
    os->turn = turn;
    os->turn_ctx = ctx;
}

static size_t count_timers(const struct os_timer *timer)
{
    size_t count = 0;

    for (; timer; timer = timer->sibling)
        count += 1 + count_timers(timer->child);
    return count;
}

struct sim_census sim_count(const struct os *os, const struct os_loop *loop)
{
    struct sim_census census = { .timers = count_timers(loop->timers) };

    for (const struct os_message *message = loop->first; message; message = message->next)
        census.messages++;
    disk_count(os, &census);
    workers_count(os, &census);
    net_count(os, loop, &census);
    return census;
}

/* ---- events, timers, messages ---------------------------------------------------------------------------------- */

void event_start(struct os *os, struct event *event, int64_t delay_us)
{
    event_stop(os, event);
    event->armed = true;
    event->timer.at_us = os->now_us + delay_us;
    os->events = heap_add(os->events, &event->timer);
}

void event_stop(struct os *os, struct event *event)
{
    if (!event->armed)
        return;
    event->armed = false;
    os->events = heap_remove(os->events, &event->timer);
}

void os_timer_start(struct os_loop *loop, struct os_timer *timer, int64_t delay_us)
{
    int64_t now_us = loop->os->now_us;

    assert(delay_us >= 0);
    assert(timer->fire != NULL);
    os_timer_stop(timer);
    if (loop->dead)
        return;
    timer->loop = loop;
    timer->at_us = delay_us > INT64_MAX - now_us ? INT64_MAX : now_us + delay_us;
    loop->timers = heap_add(loop->timers, timer);
}

void os_timer_stop(struct os_timer *timer)
{
    struct os_loop *loop = timer->loop;

    if (loop == NULL)
        return;
    timer->loop = NULL;
    /* The heap of a dead loop may hold timers whose owners are gone; it is not touched. */
    if (!loop->dead)
        loop->timers = heap_remove(loop->timers, timer);
}

void os_post(struct os_loop *loop, struct os_message *message)
{
    assert(message->run != NULL);
    if (loop->dead)
        return;
    message->next = NULL;
    *loop->last = message;
    loop->last = &message->next;
}

void os_on_signal(struct os_loop *loop, void (*signalled)(void *ctx, enum os_signal signal), void *ctx)
{
    loop->signalled = signalled;
    loop->signal_ctx = ctx;
}

void sim_signal(struct os *os, enum os_signal signal)
{
    list_each(link, &os->loops) {
        struct os_loop *loop = container_of(link, struct os_loop, link);

        if (loop->signalled == NULL)
            continue;
        begin_turn(os, loop);
        loop->signalled(loop->signal_ctx, signal);
        begin_turn(os, NULL);
    }
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

static void run_message(struct os_loop *loop)
{
    struct os_message *message = loop->first;

    loop->first = message->next;
    if (loop->first == NULL)
        loop->last = &loop->first;
    message->run(message);
}

static void run_timer(struct os_loop *loop)
{
    struct os_timer *timer = loop->timers;

    os_timer_stop(timer);
    timer->fire(timer);
}

static void run_event(struct os *os)
{
    struct event *event = container_of(os->events, struct event, timer);

    event_stop(os, event);
    begin_turn(os, event->loop);
    event->run(os, event);
    begin_turn(os, NULL);
}

static bool is_due(const struct os *os, const struct os_timer *root)
{
    return root && root->at_us <= os->now_us;
}

/* How many things are ready. With `pick` below that number, that one is run. */
static uint64_t ready(struct os *os, uint64_t pick)
{
    uint64_t count = 0;

    list_each(link, &os->loops) {
        struct os_loop *loop = container_of(link, struct os_loop, link);

        if (loop->first && count++ == pick) {
            begin_turn(os, loop);
            run_message(loop);
            begin_turn(os, NULL);
            return count;
        }
        if (is_due(os, loop->timers) && count++ == pick) {
            begin_turn(os, loop);
            run_timer(loop);
            begin_turn(os, NULL);
            return count;
        }
    }
    if (is_due(os, os->events) && count++ == pick)
        run_event(os);
    return count;
}

/* The next moment at which something is due; INT64_MAX if there is none. */
static int64_t next_us(const struct os *os)
{
    int64_t at_us = os->events ? os->events->at_us : INT64_MAX;

    list_each(link, &os->loops) {
        const struct os_loop *loop = container_of(link, struct os_loop, link);

        if (loop->timers && loop->timers->at_us < at_us)
            at_us = loop->timers->at_us;
    }
    return at_us;
}

/* Run one thing not later than `until_us`; false if there is none. */
static bool step(struct os *os, int64_t until_us)
{
    uint64_t count = ready(os, UINT64_MAX), pick;

    if (count == 0) {
        int64_t at_us = next_us(os);

        if (at_us == INT64_MAX || at_us > until_us)
            return false;
        assert(at_us > os->now_us);
        os->now_us = at_us;
        count = ready(os, UINT64_MAX);
    }
    pick = sim_below(os, count);
    sim_note(os, 's', pick << 32 | count);
    os->stepping = true;
    os->now_us++;
    (void)ready(os, pick);
    os->stepping = false;
    return true;
}

bool sim_run_until(struct os *os, int64_t within_us, bool (*cond)(void *ctx), void *ctx)
{
    int64_t until_us = within_us > INT64_MAX - 1 - os->now_us ? INT64_MAX - 1 : os->now_us + within_us;

    assert(!os->stepping);
    for (;;) {
        if (cond && cond(ctx))
            return true;
        if (os->now_us >= until_us)
            return false;
        if (!step(os, until_us)) {
            if (next_us(os) != INT64_MAX)
                os->now_us = until_us;
            return false;
        }
    }
}

static bool is_stopped(void *ctx)
{
    return ((struct os_loop *)ctx)->stopped;
}

enum err os_loop_create(struct os *os, struct os_loop **ret_loop)
{
    struct os_loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return ERR_NO_MEMORY;
    loop->os = os;
    loop->last = &loop->first;
    list_push(&os->loops, &loop->link);
    *ret_loop = loop;
    return OK;
}

void os_loop_destroy(struct os_loop *loop)
{
    assert(loop->dead || loop->timers == NULL);
    list_remove(&loop->link);
    free(loop);
}

void os_loop_run(struct os_loop *loop)
{
    (void)sim_run_until(loop->os, INT64_MAX, is_stopped, loop);
    loop->stopped = false;
}

void os_loop_stop(struct os_loop *loop)
{
    loop->stopped = true;
}
