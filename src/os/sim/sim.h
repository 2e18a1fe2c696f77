/* sim.h: a simulated world, from one seed.
 *
 * One thread, a virtual clock, a disk that may lose what was not synced, a network that cuts and delays. Which ready
 * thing runs next, how long a job takes and what survives a crash is picked by the seed: the same seed and the same
 * calls give the same run (sim_trace). Every loop is run by the world, whoever drives it: os_loop_run, until that loop
 * is stopped (or nothing will ever happen again), or sim_run_until.
 *
 * A sweep over all crash points of a scenario, for example:
 *
 *   run the scenario once; n = sim_ops(os, SIM_ANY);
 *   for (i = 1; i <= n; i++) {
 *       sim_create(seed, &os);
 *       sim_crash_at(os, SIM_ANY, i);
 *       run the scenario (it meets IO; the program may be shut down in order or simply forgotten);
 *       sim_crash(os);
 *       start again on what the disk kept, and check;
 *   } */
#pragma once

#include "os/os.h"

must_use enum err sim_create(uint64_t seed, struct os **ret_os);

/* ---- time ------------------------------------------------------------------------------------------------------ */

/* Run until `cond` holds (true), `within_us` of virtual time have passed or nothing will ever happen again (both
 * false). `cond` NULL: until then in any case. */
bool sim_run_until(struct os *os, int64_t within_us, bool (*cond)(void *ctx), void *ctx);

/* Step the wall clock, forward or back. The other clock goes on. */
void sim_step_wall(struct os *os, ms by);

/* Raise a signal at every loop that asked. */
void sim_signal(struct os *os, enum os_signal signal);

/* Calls `turn` with a loop before anything that belongs to it is run (messages, timers, signals, what its sockets and
 * listeners are told, the works of its jobs), and with NULL behind it. */
void sim_on_turn(struct os *os, void (*turn)(void *ctx, const struct os_loop *loop), void *ctx);

/* What there is of a loop: of the living, not of what a crash or a kill dropped. Open files and workers, which belong to
 * no loop, are counted in any case. */
struct sim_census {
    size_t files, workers, sockets, listeners, timers, messages;
};

struct sim_census sim_count(const struct os *os, const struct os_loop *loop);

/* A number of everything that happened so far, in order. */
uint64_t sim_trace(const struct os *os);

/* From the world's seed, for tests that want to vary with it: 0 .. bound-1. */
uint64_t sim_below(struct os *os, uint64_t bound);

/* ---- ends ------------------------------------------------------------------------------------------------------ */

/* Power loss. Of every file, unsynced writes survive, are lost or torn between sectors of 512 bytes; of every
 * directory, a prefix of the unsynced changes survives, renames whole. Then everything that ran is dropped: loops,
 * timers, jobs, sockets, open files. Their handles may still be stopped, closed and destroyed, without effect, or be
 * forgotten; memory of the program is the program's. Planned faults are forgotten, other settings stay. The world goes
 * on: create new loops on the same `os`. Not from inside a callback. */
void sim_crash(struct os *os);

/* The process is killed: as above, but the kernel lives and every write is kept. */
void sim_kill(struct os *os);

/* The power fails now: every file operation from here on returns IO and has no effect, until sim_crash. For programs
 * that shall be destroyed in order before. */
void sim_freeze(struct os *os);
bool sim_frozen(const struct os *os);

/* ---- the disk's faults ----------------------------------------------------------------------------------------- */

enum sim_op {
    SIM_READ = 1,  /* os_read_at, os_stat, os_list */
    SIM_WRITE = 2, /* os_write_at, os_truncate, os_punch */
    SIM_SYNC = 4,  /* os_sync, os_sync_dir */
    SIM_META = 8,  /* os_open, os_rename, os_unlink, os_mkdir */
    SIM_ANY = 15,
};

enum { SIM_FAULTS_MAX = 16 };

/* Operations of these kinds (ored) since the world began. */
uint64_t sim_ops(const struct os *os, unsigned kinds);

/* The `nth` operation of these kinds from now (1: the next) and the `count` - 1 after it fail with `err`. A failed
 * write may have written a part; after a failed sync what was unsynced is still read but lost at the next crash, as on
 * Linux. At most SIM_FAULTS_MAX plans at a time. */
void sim_fail_at(struct os *os, unsigned kinds, uint64_t nth, uint64_t count, enum err err);

/* sim_freeze in the midst of the `nth` operation of these kinds, which may or may not have had its effect. */
void sim_crash_at(struct os *os, unsigned kinds, uint64_t nth);

/* Forget all plans. */
void sim_heal(struct os *os);

/* What the files together may hold; beyond it NO_SPACE. Counted in pages of 4 KiB. */
void sim_set_capacity(struct os *os, uint64_t bytes);

/* How long each sync takes from now on, picked between. */
void sim_set_sync_us(struct os *os, int64_t min_us, int64_t max_us);

/* For tests of a checker: each write or sync (of these `kinds`, ored) claims success without an effect with that chance.
 * No disk that anybody should have to live with. */
void sim_lie(struct os *os, unsigned kinds, unsigned per_million);

/* Rot: flip one bit (0-7) of the byte at `offset`. MISSING where there is none. */
must_use enum err sim_flip(struct os *os, const char *path, uint64_t offset, unsigned bit);

/* The disk is gone, or back. Meanwhile reads answer from the page cache only, which knows the ends of files. */
void sim_away(struct os *os, bool away);

/* Reading any byte of the range gives IO from now on; size 0 heals. One range per file. */
must_use enum err sim_break(struct os *os, const char *path, uint64_t offset, uint64_t size);

/* The disk as it is now, to come back to as often as one likes; everything in it is durable then. Both between an end
 * (sim_crash, sim_kill) and the next start only. Forget all images before os_destroy. */
struct sim_image;

must_use enum err sim_save(struct os *os, struct sim_image **ret_image);
must_use enum err sim_restore(struct os *os, const struct sim_image *image);
void sim_forget(struct sim_image *image);

/* ---- the network's faults -------------------------------------------------------------------------------------- */

/* Each connection is cut with a chance of `per_mille`: both ends meet IO. Returns how many were. */
size_t sim_cut(struct os *os, unsigned per_mille);

/* From now on each piece delivered takes up to `delay_us_max`, and cuts its connection with that chance. */
void sim_set_net(struct os *os, int64_t delay_us_max, unsigned cut_per_million);
