/* os_test.h: a world for each test, real or simulated (LEAT_SIM). */
#pragma once

#include "os/os.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"
#include "unit.h"

#ifdef LEAT_SIM
#include "os/sim/sim.h"
#endif

static struct os *os;
static struct os_loop *loop;
static char dir[64];
static struct os_timer guard;

static void guard_fired(struct os_timer *timer)
{
    CHECK(false && "done within ten seconds");
    os_loop_stop(loop);
}

static void begin(void)
{
#ifdef LEAT_SIM
    static uint64_t seed = 1;

    assert(sim_create(seed++, &os) == OK);
    strcpy(dir, "/test");
    assert(os_mkdir(os, dir) == OK);
#else
    assert(os_create(&os) == OK);
    strcpy(dir, "/tmp/leat-os-test-XXXXXX");
    assert(mkdtemp(dir) != NULL);
#endif
    assert(os_loop_create(os, &loop) == OK);
    guard = (struct os_timer){ .fire = guard_fired };
    os_timer_start(loop, &guard, 10000000);
}

static enum err remove_name(void *ctx, const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void)!os_unlink(os, path);
    return OK;
}

static void finish(void)
{
    os_timer_stop(&guard);
    os_loop_destroy(loop);
    CHECK_INT(os_list(os, dir, remove_name, NULL), OK);
#ifndef LEAT_SIM
    (void)rmdir(dir);
#endif
    os_destroy(os);
}

static inline const char *in_dir(const char *name)
{
    static char paths[4][512];
    static unsigned next;

    next = (next + 1) % 4;
    (void)snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
    return paths[next];
}

static char trace[256];

static inline void trace_add(const char *what)
{
    strncat(trace, what, sizeof(trace) - strlen(trace) - 1);
}
