/* drive.c: a loop over N connections in one thread, closed or open. */
#include "drive.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct run {
    struct drive *drive;
    struct conn *conns;
    int epoll, busy;
    double last;
    struct pace pace;
    bool over;           /* an open loop has nothing more to ask */
};

bool pace_init(struct pace *pace, double rate, int connections)
{
    *pace = (struct pace){ .rate = rate, .start = clock_now(), .idle = calloc((size_t)connections, sizeof(int)) };
    if (!pace->idle)
        return false;
    for (int i = connections - 1; i >= 0; i--)
        pace_free(pace, i);
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* else each wait takes 50 us more than asked for */
    return true;
}

void pace_deinit(struct pace *pace)
{
    free(pace->idle);
    *pace = (struct pace){ 0 };
}

void pace_free(struct pace *pace, int connection)
{
    pace->idle[pace->idle_count++] = connection;
}

static double pace_due(const struct pace *pace)
{
    return pace->start + (double)pace->count / pace->rate;
}

int pace_take(struct pace *pace, double *ret_due)
{
    if (pace->idle_count == 0 || pace_due(pace) > clock_now())
        return -1;
    *ret_due = pace_due(pace);
    pace->count++;
    return pace->idle[--pace->idle_count];
}

int pace_wait(const struct pace *pace, int epoll, struct epoll_event *events, int count, double seconds_max)
{
    double seconds = pace->idle_count > 0 ? pace_due(pace) - clock_now() : seconds_max;
    struct timespec time;

    seconds = seconds < 0 ? 0 : seconds < seconds_max ? seconds : seconds_max;
    time = (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };
    return epoll_pwait2(epoll, events, count, &time, NULL);
}

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
    bool idle = !run->conns[index].request;

    run->drive->broken++;
    drive_note(run->drive, 0, &none);
    conn_close(&run->conns[index]);
    run->busy -= !idle;
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
    conn->request = NULL;
    drive->answers++;
    if (!samples_add(&drive->latency, (run->last - conn->since) * 1e6) || !drive->good(drive->ctx, index, conn)) {
        drive->errors++;
        drive_note(drive, conn->answer.status, &conn->answer.body);
    }
    if (drive->rate > 0) {
        pace_free(&run->pace, index);
        run->busy--;
    } else if (drive->errors + drive->broken > drive->errors_max || !ask(run, index)) {
        run->busy--;
    }
}

static void happened(struct run *run, int index, uint32_t events)
{
    struct conn *conn = &run->conns[index];

    if (conn->fd < 0)
        return;
    if ((events & EPOLLOUT) && conn->request && conn->sent < conn->request->size) {
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

        if (!conn_open_as(&run->conns[i], run->drive->port, run->drive->dialect, i) ||
            epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->conns[i].fd, &event) != 0)
            return false;
    }
    return true;
}

static void loop_open(struct run *run)
{
    struct drive *drive = run->drive;
    struct epoll_event events[64];

    while ((run->busy > 0 || !run->over) && drive->errors + drive->broken <= drive->errors_max) {
        double due;
        int index, count;

        while (!run->over && (index = pace_take(&run->pace, &due)) >= 0) {
            run->busy++;
            if (ask(run, index)) {
                run->conns[index].since = due;
            } else {
                run->busy--;
                run->over = true;
            }
        }
        if (run->over)
            run->pace.idle_count = 0; /* nobody waits for a time any more */
        count = pace_wait(&run->pace, run->epoll, events, 64, 1);
        for (int i = 0; i < count; i++)
            happened(run, (int)events[i].data.u32, events[i].events);
        if (count <= 0 && clock_now() - run->last > drive->silence_s) {
            drive->broken += (uint64_t)run->busy;
            snprintf(drive->first_error, sizeof(drive->first_error), "no answer for %.0f s", drive->silence_s);
            return;
        }
    }
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

        if (drive->rate <= 0)
            loop(&run);
        else if (pace_init(&run.pace, drive->rate, drive->connections))
            loop_open(&run);
        drive->seconds = clock_now() - start;
        drive->client_cpu_s = cpu_self() - cpu;
        began = true;
    }
    for (int i = 0; i < drive->connections; i++)
        conn_close(&run.conns[i]);
out:
    pace_deinit(&run.pace);
    free(run.conns);
    if (run.epoll >= 0)
        close(run.epoll);
    return began;
}
