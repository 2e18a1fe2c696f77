/* drive.c: a closed loop over N connections in one thread: whoever has its answer sends the next request. */
#include "drive.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct run {
    struct drive *drive;
    struct conn *conns;
    int epoll, busy;
    double last;
};

void drive_note(struct drive *drive, int status, const struct bytes *body)
{
    char text[160] = "";
    size_t size = body->size < sizeof(text) - 1 ? body->size : sizeof(text) - 1;

    if (drive->first_error[0])
        return;
    for (size_t i = 0; i < size; i++)
        text[i] = isprint((unsigned char)body->at[i]) ? body->at[i] : '.';
    snprintf(drive->first_error, sizeof(drive->first_error), "%d %s", status, text);
}

static void watch(struct run *run, int index, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.u32 = (uint32_t)index };

    epoll_ctl(run->epoll, EPOLL_CTL_MOD, run->conns[index].fd, &event);
}

static void lost(struct run *run, int index)
{
    struct bytes none = { 0 };

    run->drive->broken++;
    drive_note(run->drive, 0, &none);
    conn_close(&run->conns[index]);
    run->busy--;
}

static void push(struct run *run, int index)
{
    enum conn_step step = conn_write(&run->conns[index]);

    if (step == CONN_BROKEN)
        lost(run, index);
    else if (step == CONN_MORE)
        watch(run, index, EPOLLIN | EPOLLOUT);
}

/* False when this connection has nothing more to ask. */
static bool ask(struct run *run, int index)
{
    const struct request *request = run->drive->next(run->drive->ctx, index);

    if (!request)
        return false;
    conn_start(&run->conns[index], request);
    push(run, index);
    return true;
}

static void answered(struct run *run, int index)
{
    struct drive *drive = run->drive;
    struct conn *conn = &run->conns[index];

    run->last = clock_now();
    drive->answers++;
    if (!samples_add(&drive->latency, (run->last - conn->since) * 1e6) || !drive->good(drive->ctx, index, conn)) {
        drive->errors++;
        drive_note(drive, conn->answer.status, &conn->answer.body);
    }
    if (drive->errors + drive->broken > drive->errors_max || !ask(run, index))
        run->busy--;
}

static void happened(struct run *run, int index, uint32_t events)
{
    struct conn *conn = &run->conns[index];

    if (conn->fd < 0)
        return;
    if ((events & EPOLLOUT) && conn->sent < conn->request->size) {
        push(run, index);
        if (conn->fd >= 0 && conn->sent == conn->request->size)
            watch(run, index, EPOLLIN);
    }
    if (conn->fd < 0 || !(events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        return;
    switch (conn_read(conn)) {
    case CONN_DONE:
        answered(run, index);
        break;
    case CONN_BROKEN:
        lost(run, index);
        break;
    case CONN_MORE:
        break;
    }
}

static bool open_all(struct run *run)
{
    for (int i = 0; i < run->drive->connections; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };

        if (!conn_open(&run->conns[i], run->drive->port) ||
            epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->conns[i].fd, &event) != 0)
            return false;
    }
    return true;
}

static void loop(struct run *run)
{
    struct drive *drive = run->drive;
    struct epoll_event events[64];

    for (int i = 0; i < drive->connections; i++) {
        run->busy++;
        if (!ask(run, i))
            run->busy--;
    }
    while (run->busy > 0 && drive->errors + drive->broken <= drive->errors_max) {
        int count = epoll_wait(run->epoll, events, 64, 1000);

        for (int i = 0; i < count; i++)
            happened(run, (int)events[i].data.u32, events[i].events);
        if (count <= 0 && clock_now() - run->last > drive->silence_s) {
            drive->broken += (uint64_t)run->busy;
            snprintf(drive->first_error, sizeof(drive->first_error), "no answer for %.0f s", drive->silence_s);
            return;
        }
    }
}

bool drive_run(struct drive *drive)
{
    struct run run = { .drive = drive, .epoll = epoll_create1(EPOLL_CLOEXEC) };
    double cpu = cpu_self();
    bool began = false;

    run.conns = calloc((size_t)drive->connections, sizeof(*run.conns));
    if (run.epoll < 0 || !run.conns)
        goto out;
    for (int i = 0; i < drive->connections; i++)
        run.conns[i].fd = -1;
    if (open_all(&run)) {
        double start = run.last = clock_now();

        loop(&run);
        drive->seconds = clock_now() - start;
        drive->client_cpu_s = cpu_self() - cpu;
        began = true;
    }
    for (int i = 0; i < drive->connections; i++)
        conn_close(&run.conns[i]);
out:
    free(run.conns);
    if (run.epoll >= 0)
        close(run.epoll);
    return began;
}
