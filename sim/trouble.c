/* trouble.c: what goes wrong while clients work: planned when a life begins, or in the midst of it. */
#include "heap.h"
#include "sim.h"

enum {
    HOURS_MAX = 72,
    REST_MAX_US = 90 * 1000 * 1000,
    SHIFT_MS_MAX = 6 * 3600 * 1000,
};

void trouble_scarce(struct sim *sim)
{
    unsigned per_million = 1u << below(sim, 14);

    note(sim, "planned: %u of a million allocations fail", per_million);
    heap_fail(below(sim, UINT64_MAX), per_million);
    sim->trouble = true;
}

void trouble_plan(struct sim *sim)
{
    static const unsigned kinds[] = { SIM_SYNC, SIM_WRITE, SIM_META, SIM_READ, SIM_ANY };
    unsigned kind = kinds[below(sim, 5)];
    uint64_t nth = 1 + below(sim, 500);

    switch (below(sim, 10)) {
    case 0:
    case 1:
        note(sim, "planned: the power fails in operation %llu of kinds %u", (unsigned long long)nth, kind);
        sim_crash_at(sim->os, kind, nth);
        sim->trouble = true;
        break;
    case 2:
    case 7:
        kind = below(sim, 4) ? kind : SIM_SYNC | SIM_WRITE;
        if (below(sim, 3) == 0) /* the one that a commit must not get wrong */
            kind = SIM_WRITE;
        note(sim, "planned: operation %llu of kinds %u fails", (unsigned long long)nth, kind);
        sim_fail_at(sim->os, kind, nth, 1 + below(sim, 3), ERR_IO);
        sim->trouble = true;
        break;
    case 3:
        note(sim, "planned: syncs are slow");
        sim_set_sync_us(sim->os, 1000, 200 * 1000);
        break;
    case 4:
        note(sim, "planned: the disk is small");
        sim_set_capacity(sim->os, (uint64_t)(1 + below(sim, 12)) << 20);
        sim->trouble = true;
        break;
    case 5:
        note(sim, "planned: a bad network");
        sim_set_net(sim->os, (int64_t)(1000 + below(sim, 50000)), (unsigned)below(sim, 20000));
        break;
    case 6:
        trouble_scarce(sim);
        break;
    default:
        break;
    }
}

void trouble_meanwhile(struct sim *sim)
{
    if (sim->wrong_by && below(sim, 3) == 0) {
        note(sim, "the clock is put right, by %lld minutes", (long long)(sim->wrong_by / 60000));
        clock_step(sim, -sim->wrong_by);
        sim->wrong_by = 0;
    }
    switch (below(sim, 10)) {
    case 0:
        note(sim, "connections are cut");
        (void)sim_cut(sim->os, 500);
        break;
    case 1: {
        ms by = (ms)below(sim, SHIFT_MS_MAX / 8) - SHIFT_MS_MAX / 16;

        if (below(sim, 3) == 0 && os_wall_ms(sim->os) < INT64_MAX) {
            note(sim, "the clock steps by %lld ms", (long long)by);
            clock_step(sim, by);
        }
        break;
    }
    case 2:
        sim_set_capacity(sim->os, DISK_BYTES);
        break;
    case 3:
        access_change(sim);
        break;
    case 4:
        sim_signal(sim->os, OS_RELOAD);
        break;
    default:
        break;
    }
}

/* The disk lies while clients work; that the server complains of what it finds then is not enough. */
void trouble_lie(struct sim *sim)
{
    if (sim->plant == PLANT_SYNC_SKIPPED)
        sim_lie(sim->os, SIM_SYNC, 1000000);
    if (sim->plant == PLANT_SYNC_SOMETIMES)
        sim_lie(sim->os, SIM_SYNC, 100000);
    if (sim->plant == PLANT_WRITE_LOST)
        sim_lie(sim->os, SIM_WRITE, 5000);
}

static bool is_idle(void *ctx)
{
    struct sim *sim = ctx;

    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (sim->clients[i].busy)
            return false;
    return follow_is_idle(sim) && access_is_idle(sim);
}

/* Any number, or so many that what some stream was just given has nearly expired. */
static ms hours_to_pass(struct sim *sim)
{
    const struct model *model = &sim->model;
    uint64_t hours = 1 + below(sim, HOURS_MAX);

    if (model->stream_count == 0 || below(sim, 2))
        return (ms)hours * 3600000;
    hours = model->streams[below(sim, model->stream_count)].retention;
    return (ms)hours * 3600000 - (ms)below(sim, 3600000);
}

/* Everybody rests, and days pass at once. Either it is the clock that is wrong; or, often, minutes pass in earnest, after
 * which what has expired is given back. */
void trouble_pass_days(struct sim *sim)
{
    ms by = hours_to_pass(sim);

    sim->working = false;
    if (!sim_run_until(sim->os, REST_MAX_US, is_idle, sim) || life_is_down(sim))
        return;
    note(sim, "%lld minutes pass", (long long)(by / 60000));
    clock_step(sim, by);
    sim->days++;
    if (below(sim, 3) == 0)
        sim->wrong_by += by;
    else if (below(sim, 3))
        (void)sim_run_until(sim->os, (int64_t)(1 + below(sim, 40)) * 60 * 1000 * 1000, life_is_down, sim);
    if (!life_is_down(sim))
        work_start(sim);
}
