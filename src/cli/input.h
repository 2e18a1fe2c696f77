/* input.h: the bytes of a file or of standard input, read on a worker so that a slow pipe keeps nobody waiting. */
#pragma once

#include "base/buf.h"
#include "os/os.h"

enum { INPUT_CHUNK_BYTES = 256 << 10 };

struct input {
    /* Bytes came (at least one); an empty `bytes` is the end. The next are read only after input_more. */
    void (*bytes)(struct input *input, str bytes);
    void (*failed)(struct input *input, const char *why);
    void *ctx;
    /* private */
    struct os_loop *loop;
    struct os_worker *worker;
    struct os_job job;
    int fd;
    bool reading;
    long got;
    int error;
    char chunk[INPUT_CHUNK_BYTES];
};

/* `path` "-" or NULL is standard input. MISSING or IO if it cannot be opened. */
must_use enum err input_open(struct input *input, struct os_loop *loop, struct os_worker *worker, const char *path);
void input_close(struct input *input);

/* Read on. No read may be under way. */
void input_more(struct input *input);
