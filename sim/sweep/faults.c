/* faults.c: the script again and again; each time one thing more fails: the Nth of its kind, alone or with all after it.
 *
 *   parent   start --- script --- stop --- restart, look        (nothing fails: the script itself is right)
 *                 \        \          \
 *   children       Nth fails, go on: start, script, stop; power loss; restart, look: what was answered is there */
#include <stdio.h>
#include <stdlib.h>

#include "sweep.h"

enum { SEED = 1 };

struct faults {
    struct sweep sweep;
    struct children children;
};

static int fork_at(void *ctx, uint64_t number)
{
    return children_fork(&((struct faults *)ctx)->children, number);
}

/* What was answered is there, and everything is served. */
static void afterwards(struct sweep *sweep)
{
    world_end(sweep, /* power_loss: */ true);
    if (!world_start(sweep)) {
        wrong(sweep, "it does not start afterwards: %.300s", sweep->said.size ? sweep->said.at : "and does not say why");
        return;
    }
    script_verify(sweep);
    if (!is_wrong(sweep))
        world_stop(sweep);
}

static void life(struct sweep *sweep, bool forever, enum way *ret_way)
{
    bool up;

    sweep->lasting = forever;
    up = world_start(sweep);
    *ret_way = WAY_NOT_STARTED;
    if (up) {
        script_run(sweep, /* strict: */ !forever);
        *ret_way = sweep->stopped ? WAY_ENDED : sweep->answered_badly ? WAY_ANSWERED : WAY_UNNOTICED;
    }
    if (!is_wrong(sweep) && (up || sweep->stopped))
        world_stop(sweep);
    points_disarm();
    sweep->lasting = false;
    if (!is_wrong(sweep))
        afterwards(sweep);
}

/* Returns how many points there are. */
static uint64_t run(struct faults *faults, const struct sweep_options *options)
{
    struct points_plan plan = { .kind = options->kind, .first = options->first, .step = options->step,
                                .forever = options->forever, .fork = fork_at, .ctx = faults };
    uint64_t seen;
    enum way way;

    sweep_init(&faults->sweep, SEED, /* tls: */ false);
    points_arm(&plan);
    life(&faults->sweep, options->forever, &way);
    seen = points_seen();
    if (points_struck())
        children_say(is_wrong(&faults->sweep) ? -1 : (int)way, faults->sweep.why);
    children_wait(&faults->children);
    if (is_wrong(&faults->sweep) || way != WAY_UNNOTICED) {
        (void)printf("%s: WRONG, and nothing had failed: %s\n", point_names[options->kind], faults->sweep.why);
        faults->children.bad++;
    }
    sweep_deinit(&faults->sweep);
    return seen;
}

uint64_t faults_sweep(const struct sweep_options *options, uint64_t *good)
{
    struct sweep_options now = *options;
    char name[64];
    uint64_t seen, bad;

    (void)snprintf(name, sizeof(name), "%s%s", options->forever ? "from here on every " : "", point_names[options->kind]);
    struct faults *faults = calloc(1, sizeof(*faults));

    if (faults == NULL)
        abort();
    children_init(&faults->children, name, options->children, options->aloud);
    /* Once without: how many there are is not known before; and what libcrypto sets up but once is its own affair. */
    now.first = UINT64_MAX;
    now.step = 1;
    seen = run(faults, &now);
    now = *options;
    if (options->sample) {
        now.step = seen / options->sample + 1;
        now.first = 1 + options->first % now.step;
    }
    seen = run(faults, &now);
    (void)printf("%-34s %6llu points, %6llu failed: %llu unnoticed, %llu cost an answer, %llu ended the server, "
                 "%llu its start; %llu wrong\n",
                 name, (unsigned long long)seen, (unsigned long long)faults->children.ended,
                 (unsigned long long)faults->children.ways[WAY_UNNOTICED],
                 (unsigned long long)faults->children.ways[WAY_ANSWERED],
                 (unsigned long long)faults->children.ways[WAY_ENDED],
                 (unsigned long long)faults->children.ways[WAY_NOT_STARTED], (unsigned long long)faults->children.bad);
    (void)fflush(stdout);
    bad = faults->children.bad;
    *good += faults->children.ended - (bad < faults->children.ended ? bad : faults->children.ended);
    children_deinit(&faults->children);
    free(faults);
    return bad;
}
