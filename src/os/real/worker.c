/* worker.c: threads that take jobs from one queue. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/real/real.h"

enum { NAME_BYTES = 16 }; /* the kernel's bound for a thread's name */

struct os_worker {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct os_job *first, **last;
    bool stopping;
    char name[NAME_BYTES];
    unsigned thread_count;
    pthread_t threads[];
};

static void tell_done(struct os_message *message)
{
    struct os_job *job = container_of(message, struct os_job, message);

    job->done(job);
}

/* The next job, or NULL when the worker stops and nothing is left. */
static struct os_job *take(struct os_worker *worker)
{
    struct os_job *job;

    pthread_mutex_lock(&worker->mutex);
    while (worker->first == NULL && !worker->stopping)
        pthread_cond_wait(&worker->arrived, &worker->mutex);
    job = worker->first;
    if (job) {
        worker->first = job->next;
        if (worker->first == NULL)
            worker->last = &worker->first;
    }
    pthread_mutex_unlock(&worker->mutex);
    return job;
}

static void *serve(void *arg)
{
    struct os_worker *worker = arg;
    struct os_job *job;

    (void)pthread_setname_np(pthread_self(), worker->name);
    while ((job = take(worker)) != NULL) {
        job->work(job);
        os_post(job->loop, &job->message);
    }
    return NULL;
}

static void destroy_started(struct os_worker *worker, unsigned started)
{
    pthread_mutex_lock(&worker->mutex);
    worker->stopping = true;
    pthread_cond_broadcast(&worker->arrived);
    pthread_mutex_unlock(&worker->mutex);
    for (unsigned i = 0; i < started; i++)
        pthread_join(worker->threads[i], NULL);
    assert(worker->first == NULL);
    pthread_cond_destroy(&worker->arrived);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

/* Signals are for the loop; a worker's system calls are not to be interrupted. */
static unsigned start_threads(struct os_worker *worker)
{
    sigset_t all, before;
    unsigned started = 0;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < worker->thread_count && pthread_create(&worker->threads[started], NULL, serve, worker) == 0)
        started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

enum err os_worker_create(struct os *os, const char *name, unsigned threads, struct os_worker **ret_worker)
{
    struct os_worker *worker = calloc(1, sizeof(*worker) + threads * sizeof(worker->threads[0]));
    unsigned started;

    assert(threads > 0);
    if (worker == NULL)
        return ERR_NO_MEMORY;
    worker->last = &worker->first;
    worker->thread_count = threads;
    (void)snprintf(worker->name, sizeof(worker->name), "%s", name);
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->arrived, NULL);
    started = start_threads(worker);
    if (started < threads) {
        destroy_started(worker, started);
        return ERR_NO_MEMORY;
    }
    *ret_worker = worker;
    return OK;
}

void os_worker_destroy(struct os_worker *worker)
{
    destroy_started(worker, worker->thread_count);
}

void os_job_start(struct os_worker *worker, struct os_loop *loop, struct os_job *job)
{
    assert(job->work != NULL && job->done != NULL);
    job->loop = loop;
    job->next = NULL;
    job->message.run = tell_done;
    pthread_mutex_lock(&worker->mutex);
    assert(!worker->stopping);
    *worker->last = job;
    worker->last = &job->next;
    pthread_mutex_unlock(&worker->mutex);
    pthread_cond_signal(&worker->arrived); /* whoever wakes finds the mutex free */
}
