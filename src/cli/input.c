/* input.c: the bytes of a file or of standard input, read on a worker.
 *
 * Plain read(2) rather than os_read_at: standard input is often a pipe, which has no offsets, and a pipe must give what
 * it has rather than wait for a full buffer. */
#include "cli/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/list.h"

static void work(struct os_job *job)
{
    struct input *input = container_of(job, struct input, job);

    do
        input->got = read(input->fd, input->chunk, sizeof(input->chunk));
    while (input->got < 0 && errno == EINTR);
    input->error = input->got < 0 ? errno : 0;
}

static void done(struct os_job *job)
{
    struct input *input = container_of(job, struct input, job);

    input->reading = false;
    if (input->got < 0)
        input->failed(input, strerror(input->error));
    else
        input->bytes(input, str_bytes(input->chunk, (size_t)input->got));
}

enum err input_open(struct input *input, struct os_loop *loop, struct os_worker *worker, const char *path)
{
    input->loop = loop;
    input->worker = worker;
    input->reading = false;
    input->job = (struct os_job){ .work = work, .done = done };
    input->fd = STDIN_FILENO;
    if (!path || strcmp(path, "-") == 0)
        return OK;
    input->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (input->fd >= 0)
        return OK;
    return errno == ENOENT ? ERR_MISSING : ERR_IO;
}

void input_close(struct input *input)
{
    assert(!input->reading);
    if (input->fd != STDIN_FILENO)
        close(input->fd);
}

void input_more(struct input *input)
{
    assert(!input->reading);
    input->reading = true;
    os_job_start(input->worker, input->loop, &input->job);
}
