/* clock.c: steps of the wall clock, and which of its readings the server may act on for good.
 *
 * What has expired by the clock is hidden at once, but a closed shard may go only when the clock has been right, or wrong
 * in the same way, for ten minutes of a life. A step of less than five minutes does not count as one. A server that did
 * not look while a step came and was taken back has seen none: so a reading of ten minutes ago, of this life, will do. */
#include "sim.h"

enum { STEP_MS_MIN = 5 * 60 * 1000, TRUST_US = 10 * 60 * 1000 * 1000 };

static ms offset_of(struct sim *sim)
{
    return os_wall_ms(sim->os) - os_mono_us(sim->os) / 1000;
}

static bool is_step(ms by)
{
    return by > STEP_MS_MIN || by < -STEP_MS_MIN;
}

static void remember(struct sim *sim)
{
    struct clock *clock = &sim->clock;

    if (clock->count == READINGS_MAX)
        clock->count--;
    clock->readings[clock->count++] = (struct reading){ os_mono_us(sim->os), offset_of(sim) };
}

void clock_boot(struct sim *sim)
{
    sim->clock.count = 0;
    remember(sim);
}

bool clock_is_trusted(struct sim *sim)
{
    const struct clock *clock = &sim->clock;

    for (size_t i = 0; i < clock->count; i++)
        if (os_mono_us(sim->os) - clock->readings[i].since_us >= TRUST_US &&
            !is_step(offset_of(sim) - clock->readings[i].offset))
            return true;
    return false;
}

void clock_step(struct sim *sim, ms by)
{
    struct clock *clock = &sim->clock;

    model_tick(sim);
    sim_step_wall(sim->os, by);
    sim->steps++;
    clock->stepped_us = os_mono_us(sim->os);
    for (size_t i = 0; i < clock->count && !is_step(by); i++)
        clock->readings[i].offset += by;
    if (is_step(by))
        remember(sim);
    model_stepped(sim);
    model_tick(sim);
}
