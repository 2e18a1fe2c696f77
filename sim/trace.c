/* trace.c: the last lines of what happened, and a hash of all of them. */
#include <stdarg.h>
#include <stdio.h>

#include "sim.h"

static void add(struct sim *sim, const char *format, va_list args)
{
    struct trace *trace = &sim->trace;
    char *line = trace->lines[trace->count++ % TRACE_LINES];
    int64_t us = sim->os ? os_mono_us(sim->os) : 0;
    int at = snprintf(line, TRACE_LINE_BYTES, "%3u %10.6f  ", sim->life, (double)us / 1e6);

    (void)vsnprintf(line + at, TRACE_LINE_BYTES - (size_t)at, format, args);
    for (const char *c = line; *c; c++)
        trace->hash = (trace->hash ^ (uint8_t)*c) * 0x100000001b3u;
    if (trace->aloud)
        (void)fprintf(stderr, "%s\n", line);
}

void note(struct sim *sim, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(sim, format, args);
    va_end(args);
}

void refute(struct sim *sim, const char *format, ...)
{
    va_list args;

    if (sim->failed)
        return;
    sim->failed = true;
    va_start(args, format);
    (void)vsnprintf(sim->why, sizeof(sim->why), format, args);
    va_end(args);
    note(sim, "FAILED %s", sim->why);
}

void trace_print(const struct sim *sim)
{
    const struct trace *trace = &sim->trace;
    uint64_t from = trace->count > TRACE_LINES ? trace->count - TRACE_LINES : 0;

    for (uint64_t i = from; i < trace->count; i++)
        (void)printf("%s\n", trace->lines[i % TRACE_LINES]);
}
