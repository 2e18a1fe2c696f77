/* main.c: leat-sweep: everything that can fail, one after the other.
 *
 *   leat-sweep                               all kinds, all points, alone and from there on; all flips
 *   leat-sweep --sample N                    about N points of each kind, and N flips, others with each --first
 *   leat-sweep --kind K [--forever]          one kind: allocation, crypto, read, write, sync, name, worker; or flips
 *   leat-sweep --kind K --only N --aloud     one point, and the server's log and the place on stderr
 *   leat-sweep --kind flips --file NAME [--only N]   of one file of the data directory
 *
 * The last line counts points: "N passed, N failed". */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sweep.h"

static const char *const kinds[POINT_COUNT] = { "allocation", "crypto", "read", "write", "sync", "name", "worker" };

struct run {
    struct sweep_options options;
    const char *kind;      /* NULL: all */
};

static bool parse(int argc, char **argv, struct run *run)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "0";
        bool taken = true;

        if (strcmp(argv[i], "--kind") == 0)
            run->kind = value;
        else if (strcmp(argv[i], "--file") == 0)
            run->options.file = value;
        else if (strcmp(argv[i], "--first") == 0)
            run->options.first = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--step") == 0)
            run->options.step = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--sample") == 0)
            run->options.sample = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            run->options.only = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--children") == 0)
            run->options.children = (unsigned)strtoul(value, NULL, 10);
        else
            taken = false;
        if (strcmp(argv[i], "--forever") == 0)
            run->options.forever = true;
        else if (strcmp(argv[i], "--aloud") == 0)
            run->options.aloud = true;
        else if (!taken)
            return false;
        i += taken;
    }
    return run->options.step > 0 && run->options.children > 0;
}

static void sweep_kind(const struct run *run, enum point kind, uint64_t *bad, uint64_t *good)
{
    struct sweep_options options = run->options;

    options.kind = kind;
    if (options.only) {
        options.first = options.only;
        options.step = UINT64_MAX;
    }
    for (int forever = 0; forever < 2; forever++) {
        if (run->kind && (bool)forever != run->options.forever)
            continue;
        options.forever = forever;
        *bad += faults_sweep(&options, good);
    }
}

int main(int argc, char **argv)
{
    struct run run = { .options = { .first = 1, .step = 1, .children = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) } };
    uint64_t bad = 0, good = 0;

    if (!parse(argc, argv, &run))
        return (void)fprintf(stderr, "leat-sweep: [--kind K] [--sample N] [--step N] [--first N] [--only N] [--forever] "
                                     "[--file NAME] [--children N] [--aloud]\n"), 2;
    if (run.options.aloud && setenv("LEAT_SWEEP_ALOUD", "1", 1) != 0)
        return 2;
    if (!points_take_crypto() || !script_is_complete())
        return 1;
    for (unsigned kind = 0; kind < POINT_COUNT; kind++)
        if (run.kind == NULL || strcmp(run.kind, kinds[kind]) == 0)
            sweep_kind(&run, kind, &bad, &good);
    if (run.kind == NULL || strcmp(run.kind, "flips") == 0)
        bad += flips_sweep(&run.options, &good);
    (void)printf("%llu passed, %llu failed\n", (unsigned long long)good, (unsigned long long)bad);
    return bad ? 1 : 0;
}
