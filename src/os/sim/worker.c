/* worker.c: jobs at moments that the seed picks.
 *
 * A worker has as many desks as it has threads. A job goes to a free desk in order of arrival, its work runs as a whole
 * some time later, and its `done` is posted after the time that its file operations took. So jobs of one desk keep
 * their order, and with several desks their works and ends mix. */
#include <assert.h>
#include <stdlib.h>

#include "os/sim/world.h"

struct desk {
    struct event event; /* first the work, then the end */
    struct os_worker *worker;
    struct os_job *job; /* NULL: free */
    bool worked;
};

struct os_worker {
    struct list link;
    struct os *os;
    bool dead;
    struct os_job *first, **last;
    unsigned desk_count;
    struct desk desks[];
};

static void tell_done(struct os_message *message)
{
    struct os_job *job = container_of(message, struct os_job, message);

    job->done(job);
}

/* Mostly soon, now and then late. */
static int64_t delay_us(struct os *os)
{
    return (int64_t)sim_below(os, sim_below(os, 16) ? 50 : 5000);
}

static void do_work(struct os *os, struct desk *desk)
{
    assert(!os->in_job);
    os->in_job = true;
    os->spent_us = 0;
    desk->job->work(desk->job);
    desk->worked = true;
    os->in_job = false;
}

static void finish(struct desk *desk)
{
    struct os_job *job = desk->job;

    desk->job = NULL;
    desk->worked = false;
    os_post(job->loop, &job->message);
}

/* Give waiting jobs to free desks. */
static void assign(struct os_worker *worker)
{
    for (unsigned i = 0; i < worker->desk_count && worker->first; i++) {
        struct desk *desk = &worker->desks[i];

        if (desk->job)
            continue;
        desk->job = worker->first;
        worker->first = desk->job->next;
        if (worker->first == NULL)
            worker->last = &worker->first;
        desk->event.loop = desk->job->loop;
        event_start(worker->os, &desk->event, delay_us(worker->os));
    }
}

static void desk_event(struct os *os, struct event *event)
{
    struct desk *desk = container_of(event, struct desk, event);

    if (!desk->worked) {
        do_work(os, desk);
        event_start(os, &desk->event, os->spent_us + (int64_t)sim_below(os, 20));
        return;
    }
    finish(desk);
    assign(desk->worker);
}

enum err os_worker_create(struct os *os, const char *name, unsigned threads, struct os_worker **ret_worker)
{
    struct os_worker *worker = calloc(1, sizeof(*worker) + threads * sizeof(worker->desks[0]));

    assert(threads > 0);
    if (worker == NULL)
        return ERR_NO_MEMORY;
    worker->os = os;
    worker->last = &worker->first;
    worker->desk_count = threads;
    for (unsigned i = 0; i < threads; i++) {
        worker->desks[i].worker = worker;
        worker->desks[i].event.run = desk_event;
    }
    list_push(&os->workers, &worker->link);
    *ret_worker = worker;
    return OK;
}

/* Those at desks are finished first, then the waiting, in order. */
void os_worker_destroy(struct os_worker *worker)
{
    struct os *os = worker->os;

    assert(!os->in_job);
    while (!worker->dead) {
        bool busy = false;

        for (unsigned i = 0; i < worker->desk_count; i++) {
            struct desk *desk = &worker->desks[i];

            if (desk->job == NULL)
                continue;
            busy = true;
            event_stop(os, &desk->event);
            if (!desk->worked)
                do_work(os, desk);
            finish(desk);
        }
        if (!busy)
            break;
        assign(worker);
    }
    list_remove(&worker->link);
    free(worker);
}

void os_job_start(struct os_worker *worker, struct os_loop *loop, struct os_job *job)
{
    assert(job->work != NULL && job->done != NULL);
    if (worker->dead)
        return;
    job->loop = loop;
    job->next = NULL;
    job->message.run = tell_done;
    *worker->last = job;
    worker->last = &job->next;
    assign(worker);
}

void workers_end(struct os *os)
{
    list_each(link, &os->workers) {
        struct os_worker *worker = container_of(link, struct os_worker, link);

        worker->dead = true;
        for (unsigned i = 0; i < worker->desk_count; i++)
            event_stop(os, &worker->desks[i].event);
    }
}

void workers_count(const struct os *os, struct sim_census *census)
{
    list_each(link, &os->workers)
        census->workers += !container_of(link, struct os_worker, link)->dead;
}

void workers_free(struct os *os)
{
    list_each(link, &os->workers)
        free(container_of(link, struct os_worker, link));
}
