/* points.c: the linker gives us every call of malloc and of the disk (--wrap); here it is decided which of them fail. */
#include <execinfo.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "os/sim/disk.h"
#include "sweep.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void __real_free(void *at);
struct verdict __real_disk_verdict(struct os *os, enum sim_op op);
enum err __real_os_worker_create(struct os *os, const char *name, unsigned threads, struct os_worker **ret_worker);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *at);
struct verdict __wrap_disk_verdict(struct os *os, enum sim_op op);
enum err __wrap_os_worker_create(struct os *os, const char *name, unsigned threads, struct os_worker **ret_worker);

/* The world's own memory: the files of os/sim are compiled with these names. */

const char *const point_names[POINT_COUNT] = { "allocation", "allocation of libcrypto", "read", "write", "sync",
                                               "name", "worker" };

enum { HELD_SLOTS = 1 << 15, SITE_FRAMES = 24 };

/* Calls of malloc carry no context: this is the one place of the sweeps with globals. */
static struct {
    bool server, armed;
    struct points_plan plan;
    uint64_t seen, number;
    struct { void *at; uintptr_t site; } held[HELD_SLOTS]; /* open addressing */
    size_t held_count;
} points;

bool points_enter(bool server)
{
    bool was = points.server;

    points.server = server;
    return was;
}

void points_arm(const struct points_plan *plan)
{
    points.plan = *plan;
    points.armed = true;
    points.seen = 0;
}

void points_disarm(void)
{
    points.armed = false;
}

uint64_t points_seen(void)
{
    return points.seen;
}

uint64_t points_struck(void)
{
    return points.number;
}

/* ---- striking ------------------------------------------------------------------------------------------------------ */

static void tell_place(void)
{
    void *frames[SITE_FRAMES];

    if (getenv("LEAT_SWEEP_ALOUD"))
        backtrace_symbols_fd(frames, backtrace(frames, SITE_FRAMES), 2);
}

static bool strikes(enum point kind)
{
    const struct points_plan *plan = &points.plan;
    int pid;

    if (!points.server || !points.armed || plan->kind != kind)
        return false;
    points.seen++;
    if (points.number)
        return plan->forever;
    if (points.seen < plan->first || (points.seen - plan->first) % plan->step)
        return false;
    points.armed = false; /* what the parent does about it is nobody's point */
    pid = plan->fork(plan->ctx, points.seen);
    points.armed = true;
    if (pid)
        return false;
    points.number = points.seen;
    points.armed = false;
    tell_place();
    points.armed = true;
    return true;
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */

static size_t home(const void *at)
{
    return (size_t)(((uintptr_t)at >> 4) * 0x9e3779b97f4a7c15u >> 40) & (HELD_SLOTS - 1);
}

static void *hold(void *at, void *site)
{
    size_t i = home(at);

    if (at == NULL || !points.server)
        return at;
    while (points.held[i].at)
        i = (i + 1) & (HELD_SLOTS - 1);
    points.held[i].at = at;
    points.held[i].site = (uintptr_t)site;
    if (++points.held_count * 2 > HELD_SLOTS)
        abort();
    return at;
}

/* Whoever stands behind moves up. */
static void let_go(const void *at)
{
    size_t i = home(at), hole;

    if (at == NULL)
        return;
    while (points.held[i].at && points.held[i].at != at)
        i = (i + 1) & (HELD_SLOTS - 1);
    if (points.held[i].at == NULL)
        return;
    points.held_count--;
    for (hole = i, i = (i + 1) & (HELD_SLOTS - 1); points.held[i].at; i = (i + 1) & (HELD_SLOTS - 1))
        if (((i - home(points.held[i].at)) & (HELD_SLOTS - 1)) >= ((i - hole) & (HELD_SLOTS - 1))) {
            points.held[hole] = points.held[i];
            hole = i;
        }
    points.held[hole].at = NULL;
}

size_t points_held(uintptr_t *ret_site)
{
    extern char __executable_start;

    *ret_site = 0;
    for (size_t i = 0; i < HELD_SLOTS && points.held_count && *ret_site == 0; i++)
        if (points.held[i].at)
            *ret_site = points.held[i].site - (uintptr_t)&__executable_start;
    return points.held_count;
}

void points_forget(void)
{
    memset(points.held, 0, sizeof(points.held));
    points.held_count = 0;
}

void *__wrap_malloc(size_t size)
{
    return strikes(POINT_ALLOC) ? NULL : hold(__real_malloc(size), __builtin_return_address(0));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return strikes(POINT_ALLOC) ? NULL : hold(__real_calloc(count, size), __builtin_return_address(0));
}

void *__wrap_realloc(void *at, size_t size)
{
    void *now;

    if (strikes(POINT_ALLOC))
        return NULL;
    now = __real_realloc(at, size);
    if (now == NULL)
        return NULL;
    let_go(at);
    return hold(now, __builtin_return_address(0));
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *at = strikes(POINT_ALLOC) ? NULL : hold(__real_malloc(size), __builtin_return_address(0));

    if (at)
        memcpy(at, text, size);
    return at;
}

void __wrap_free(void *at)
{
    let_go(at);
    __real_free(at);
}

/* ---- libcrypto ------------------------------------------------------------------------------------------------------ */

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return strikes(POINT_CRYPTO) ? NULL : __real_malloc(size);
}

static void *crypto_realloc(void *at, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size == 0) {
        __real_free(at);
        return NULL;
    }
    return strikes(POINT_CRYPTO) ? NULL : __real_realloc(at, size);
}

static void crypto_free(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    __real_free(at);
}

bool points_take_crypto(void)
{
    return CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1;
}

/* ---- the disk and threads ------------------------------------------------------------------------------------------- */

static enum point point_of(enum sim_op op)
{
    switch (op) {
    case SIM_READ:
        return POINT_READ;
    case SIM_WRITE:
        return POINT_WRITE;
    case SIM_SYNC:
        return POINT_SYNC;
    case SIM_META:
    case SIM_ANY:
        break;
    }
    return POINT_NAME;
}

struct verdict __wrap_disk_verdict(struct os *os, enum sim_op op)
{
    struct verdict verdict = __real_disk_verdict(os, op);

    if (strikes(point_of(op)))
        verdict = (struct verdict){ ERR_IO, EFFECT_PART };
    return verdict;
}

enum err __wrap_os_worker_create(struct os *os, const char *name, unsigned threads, struct os_worker **ret_worker)
{
    return strikes(POINT_WORKER) ? ERR_NO_MEMORY : __real_os_worker_create(os, name, threads, ret_worker);
}
