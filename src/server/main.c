/* main.c: a server in the real world, until it is told to stop. A file of its own, so that who brings another world
 * (the simulator) need not link this one. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "os/os.h"
#include "server/room.h"

enum { KEPT_BLOCK_MAX = 32 << 20, KEPT_MAX = 64 << 20 };

struct run {
    struct os_loop *loop;
    int exit_code;
};

/* Bodies and answers of megabytes come and go. If their memory went back to the system each time, the kernel would make
 * and clear the same pages again for the next one; it goes back when nobody asks any more. */
static void keep_memory(void)
{
#if defined(__GLIBC__)
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK_MAX);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_MAX);
#endif
}

static void give_memory_back(void *ctx)
{
#if defined(__GLIBC__)
    (void)malloc_trim(0);
#endif
}

static void tell_manager(void *ctx, bool serving)
{
    notify(serving ? STR("READY=1") : STR("STOPPING=1"));
}

static void stop_running(void *ctx, int exit_code)
{
    struct run *run = ctx;

    run->exit_code = exit_code;
    os_loop_stop(run->loop);
}

/* Descriptors that we may have; 0: as many as we like. */
static uint64_t files_max(void)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY ? 0 : files.rlim_cur;
}

int serve_main(const struct settings *settings)
{
    struct run run = { 0 };
    struct server_config config = {
        .settings = settings,
        .logger = { .fd = STDERR_FILENO,
                    .json = logger_wants_json(settings->log_format, STDERR_FILENO),
                    .level = settings->log_level },
        .serving = tell_manager,
        .resting = give_memory_back,
        .stopped = stop_running,
        .ctx = &run,
    };
    char sentence[CHECK_SENTENCE_BYTES];
    struct server *server;

    keep_memory();
    if (os_create(&config.os) != OK) {
        (void)fprintf(stderr, "leat: no memory to start with\n");
        return 1;
    }
    if (server_check(config.os, settings, sentence) != OK) {
        (void)fprintf(stderr, "leat: %s\n", sentence);
        os_destroy(config.os);
        return 2;
    }
    if (os_loop_create(config.os, &config.loop) != OK) {
        (void)fprintf(stderr, "leat: no memory to start with\n");
        return 1;
    }
    run.loop = config.loop;
    config.files_max = files_max(); /* as the world has raised it */
    if (server_create(&config, &server) != OK) {
        (void)fprintf(stderr, "leat: no memory to start with\n");
        return 1;
    }
    os_loop_run(config.loop);
    server_destroy(server);
    os_loop_destroy(config.loop);
    os_destroy(config.os);
    return run.exit_code;
}
