/* world.h: what the files of os/sim share: the world and its events. */
#pragma once

#include "base/list.h"
#include "os/heap.h"
#include "os/sim/sim.h"

/* Something that the world itself does at a moment. Lives in its owner. */
struct event {
    struct os_timer timer; /* `timer.loop` is unused */
    bool armed;
    void (*run)(struct os *os, struct event *event);
    struct os_loop *loop; /* whose owner is told something; NULL: nobody's */
};

/* A planned failure. */
struct fault {
    unsigned kinds;
    uint64_t skip, count; /* operations before it strikes; how many it strikes; 0: no plan */
    enum err err;
    bool crash;
};

struct disk {
    struct inode *root;
    struct list inodes, files, moves; /* struct inode, struct os_file, struct move (oldest first) */
    uint64_t used_pages, capacity_pages;
    uint64_t ops[4]; /* by bit of enum sim_op */
    struct fault faults[SIM_FAULTS_MAX];
    int64_t sync_us_min, sync_us_max;
    unsigned lying_kinds, lies_per_million;
    bool frozen, away;
};

struct net {
    struct list listeners, sockets;
    uint16_t next_port;
    int64_t delay_us_max;
    unsigned cut_per_million;
};

struct os {
    uint64_t random, trace;
    int64_t now_us;
    ms wall_offset;
    unsigned epoch; /* grows with each end; what is older is dead */
    struct list loops, workers;
    struct os_timer *events;
    void (*turn)(void *ctx, const struct os_loop *loop); /* may be NULL */
    void *turn_ctx;
    bool stepping, in_job;
    int64_t spent_us; /* by the file operations of the present job */
    struct disk disk;
    struct net net;
};

struct os_loop {
    struct list link;
    struct os *os;
    bool dead, stopped;
    struct os_timer *timers;
    struct os_message *first, **last;
    void (*signalled)(void *ctx, enum os_signal signal);
    void *signal_ctx;
};

uint64_t sim_random(struct os *os);
void sim_note(struct os *os, uint64_t what, uint64_t detail); /* into the trace */

/* Moving an armed event is allowed; stopping one that is not armed is harmless. */
void event_start(struct os *os, struct event *event, int64_t delay_us);
void event_stop(struct os *os, struct event *event);

/* Virtual time that a file operation takes: of its job, or of the world outside of jobs. */
void sim_spend(struct os *os, int64_t min_us, int64_t max_us);

/* worker.c */
void workers_end(struct os *os); /* their jobs are dropped */
void workers_free(struct os *os);
void workers_count(const struct os *os, struct sim_census *census);

/* disk.c */
must_use enum err disk_init(struct os *os);
void disk_crash(struct os *os);
void disk_end(struct os *os); /* open files are dead, locks free */
void disk_free(struct os *os);
void disk_count(const struct os *os, struct sim_census *census);

/* net.c */
void net_init(struct os *os);
void net_end(struct os *os);
void net_free(struct os *os);
void net_count(const struct os *os, const struct os_loop *loop, struct sim_census *census);
