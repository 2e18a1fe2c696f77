/* main.c: leat-sim: seeds, one after the other or one alone.
 *
 *   leat-sim --seed N [--aloud] [--plant P]     one run; on failure the end of its trace
 *   leat-sim --seconds S [--from N]             seeds N, N+1, ... for S seconds, each in a process of its own; the first
 *                                               is run twice, and its traces must be the same
 *   leat-sim --selftest                         planted faults that the checker must find */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

enum { PLANT_SEEDS_MAX = 40, CPU_S_MAX = 120, ALARM_S = 3600 };

static const char *const plants[PLANT_COUNT] = {
    [PLANT_NONE] = "none",
    [PLANT_SYNC_SKIPPED] = "no sync does anything",
    [PLANT_WRITE_LOST] = "a write in 200 is lost",
    [PLANT_SYNC_SOMETIMES] = "a sync in 10 does nothing",
    [PLANT_SHOWN_NOT] = "a reader is not shown a record in 300",
    [PLANT_SHOWN_TWICE] = "a reader is shown a record in 300 twice",
    [PLANT_SHOWN_CHANGED] = "a record in 300 has another byte",
};

static bool run_here(uint64_t seed, unsigned plant, bool aloud, bool quiet, uint64_t *ret_hash)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    bool good;

    if (sim == NULL)
        abort();
    good = sim_run(sim, seed, plant, aloud);
    *ret_hash = sim->trace.hash;
    if (!good && !quiet) {
        trace_print(sim);
        (void)printf("seed %llu FAILED: %s\nreplay: build/sim/leat-sim --seed %llu%s%.0u --aloud\n",
                     (unsigned long long)seed, sim->why, (unsigned long long)seed, plant ? " --plant " : "", plant);
    } else if (!quiet) {
        (void)printf("seed %llu: %u lives, %llu records acknowledged, %llu shown, trace %016llx\n",
                     (unsigned long long)seed, sim->life, (unsigned long long)sim->model.acknowledged,
                     (unsigned long long)sim->model.reads, (unsigned long long)sim->trace.hash);
    }
    (void)fflush(stdout);
    sim_deinit(sim);
    free(sim);
    return good;
}

/* In a process of its own: an assertion of the server is a failure of its seed. */
static bool run_apart(uint64_t seed, unsigned plant, bool quiet, uint64_t *ret_hash)
{
    int fds[2], status = 0;
    pid_t pid;

    *ret_hash = 0;
    (void)fflush(stdout);
    if (pipe(fds) != 0)
        return false;
    pid = fork();
    if (pid == 0) {
        uint64_t hash = 0;
        bool good;

        (void)setrlimit(RLIMIT_CPU, &(struct rlimit){ .rlim_cur = CPU_S_MAX, .rlim_max = CPU_S_MAX });
        (void)alarm(ALARM_S); /* late: who runs in the background may have to wait long */
        if (quiet)
            (void)(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
        good = run_here(seed, plant, false, quiet, &hash);
        _exit(write(fds[1], &hash, sizeof(hash)) == (ssize_t)sizeof(hash) && good ? 0 : 1);
    }
    (void)close(fds[1]);
    if (pid < 0 || read(fds[0], ret_hash, sizeof(*ret_hash)) < 0 || waitpid(pid, &status, 0) < 0)
        status = 1;
    (void)close(fds[0]);
    if (pid > 0 && WIFSIGNALED(status) && !quiet)
        (void)printf("seed %llu FAILED: ended by signal %d\nreplay: build/sim/leat-sim --seed %llu --aloud\n",
                     (unsigned long long)seed, WTERMSIG(status), (unsigned long long)seed);
    return status == 0;
}

static int run_seconds(uint64_t from, long seconds)
{
    time_t end = time(NULL) + seconds;
    unsigned passed = 0, failed = 0;
    uint64_t first, second, seed = from;

    if (run_apart(seed, PLANT_NONE, true, &first) == run_apart(seed, PLANT_NONE, true, &second) && first == second) {
        passed++;
    } else {
        failed++;
        (void)printf("seed %llu FAILED: two runs have different traces\n", (unsigned long long)seed);
    }
    while (time(NULL) < end) {
        if (run_apart(seed++, PLANT_NONE, false, &first))
            passed++;
        else
            failed++;
    }
    (void)printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}

static int selftest(void)
{
    unsigned passed = 0, failed = 0;

    for (unsigned plant = 1; plant < PLANT_COUNT; plant++) {
        uint64_t seed = 1, hash;

        while (seed <= PLANT_SEEDS_MAX && run_apart(seed, plant, true, &hash))
            seed++;
        if (seed <= PLANT_SEEDS_MAX)
            (void)printf("found with seed %2llu: %s\n", (unsigned long long)seed, plants[plant]);
        else
            (void)printf("NOT FOUND: %s\n", plants[plant]);
        passed += seed <= PLANT_SEEDS_MAX;
        failed += seed > PLANT_SEEDS_MAX;
    }
    (void)printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, hash;
    long seconds = 0;
    unsigned plant = PLANT_NONE;
    bool aloud = false;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "0";

        if (strcmp(argv[i], "--selftest") == 0)
            return selftest();
        if (strcmp(argv[i], "--aloud") == 0)
            aloud = true;
        else if (strcmp(argv[i], "--seed") == 0 || strcmp(argv[i], "--from") == 0)
            seed = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtol(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--plant") == 0)
            plant = (unsigned)strtoul(value, NULL, 10), i++;
        else
            return (void)fprintf(stderr, "leat-sim: --seed N | --seconds S [--from N] | --selftest\n"), 2;
    }
    if (seconds > 0)
        return run_seconds(seed, seconds);
    return run_here(seed, plant < PLANT_COUNT ? plant : PLANT_NONE, aloud, false, &hash) ? 0 : 1;
}
