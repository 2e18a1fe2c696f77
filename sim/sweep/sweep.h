/* sweep.h: what the files of the sweeps share: a server in a simulated world, one caller, and points at which something
 * can be made to fail. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "os/sim/sim.h"
#include "server/serve.h"

enum {
    ANSWER_BYTES_MAX = 4 << 20,
    SAID_BYTES_MAX = 1 << 20,
    WHY_BYTES_MAX = 512,
    VARIABLES_MAX = 8,
    STEPS_MAX = 128,
};

/* ---- points.c: the places at which a run can be hit ----------------------------------------------------------------- */

enum point {
    POINT_ALLOC,  /* malloc, calloc, realloc, strdup of the program's own code */
    POINT_CRYPTO, /* what libcrypto and libssl ask for */
    POINT_READ,   /* os_read_at, os_stat, os_list */
    POINT_WRITE,  /* os_write_at, os_truncate, os_punch */
    POINT_SYNC,   /* os_sync, os_sync_dir */
    POINT_NAME,   /* os_open, os_rename, os_unlink, os_mkdir */
    POINT_WORKER, /* a thread that cannot be started */
    POINT_COUNT
};

extern const char *const point_names[POINT_COUNT];

/* Whose turn it is: only what the server does is counted. */
bool points_enter(bool server); /* what it was */

/* From here on each point of that kind, beginning with number `first` and then every `step`th, is told to `fork`, which
 * does that: in the child the point fails, alone or with all of its kind that follow (`forever`). */
struct points_plan {
    enum point kind;
    uint64_t first, step;
    bool forever;
    int (*fork)(void *ctx, uint64_t number);
    void *ctx;
};

void points_arm(const struct points_plan *plan);
void points_disarm(void);
uint64_t points_seen(void);   /* of the kind, since points_arm */
uint64_t points_struck(void); /* which it was, in a child; 0 in the parent */
bool points_take_crypto(void); /* before libcrypto is used: its allocations are points as well */

/* Memory that the server holds: pieces, and where the oldest was asked for (an address for addr2line). */
size_t points_held(uintptr_t *ret_site);
void points_forget(void); /* of a server that was killed */

/* ---- world.c: a server's life ---------------------------------------------------------------------------------------- */

struct sweep {
    struct os *os;
    struct os_loop *loop, *server_loop;
    struct server *server;
    struct settings settings;
    struct arena arena;
    bool tls;
    bool lasting; /* what fails goes on failing: a start may wait for better days */
    bool ready, stopped;
    int exit_code;
    struct buf said;   /* lines of level error and warn since the start */
    char why[WHY_BYTES_MAX]; /* what is wrong, once something is */
    /* caller.c */
    struct caller *caller;
    struct buf answer;
    char variables[VARIABLES_MAX][512];
    /* script.c */
    uint64_t answered_badly; /* 5xx, or cut */
    struct { bool tried, done; } steps[STEPS_MAX];
};

void sweep_init(struct sweep *sweep, uint64_t seed, bool tls);
void sweep_deinit(struct sweep *sweep);

/* The first complaint stays. */
void wrong(struct sweep *sweep, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool is_wrong(const struct sweep *sweep);

bool world_run(struct sweep *sweep, int64_t within_us, bool (*until)(void *ctx), void *ctx);
bool world_start(struct sweep *sweep); /* true: it is ready. else it has ended, or something is wrong */
void world_stop(struct sweep *sweep);  /* in order; what it holds is given back */
void world_end(struct sweep *sweep, bool power_loss); /* whatever runs is dropped */
bool world_told(const struct sweep *sweep, const char *text); /* a line that contains it */

/* ---- caller.c: one request at a time -------------------------------------------------------------------------------- */

/* The status; 0: cut, or none within 40 s (then something is wrong, if the server still runs). The body is in
 * sweep->answer. Of SubscribeToShard: 200 when the first event has come. */
int ask(struct sweep *sweep, const char *operation, const char *body);
void caller_init(struct sweep *sweep);
void caller_forget(struct sweep *sweep);
void caller_deinit(struct sweep *sweep);
bool answer_has(const struct sweep *sweep, const char *text);

/* ---- script.c: a workload that touches every operation --------------------------------------------------------------- */

bool script_is_complete(void); /* every operation of the model has a step; else names those that have none */

/* Goes on as long as there is a server. `strict`: who asks again must be served. */
void script_run(struct sweep *sweep, bool strict);

/* After a restart: whatever a step was told is done is there. */
void script_verify(struct sweep *sweep);

/* ---- readout.c: everything that can be read, as text ----------------------------------------------------------------- */

void readout_take(struct sweep *sweep, struct buf *ret_text); /* lines */
void readout_records(struct sweep *sweep, const char *stream, struct buf *to); /* of one stream: a line per record */

enum difference { READ_SAME, READ_LESS, READ_OTHER };

/* What `now` shows in comparison: the same; less (a call is refused, records are missing); or something else, which is
 * told in `ret_what`. */
enum difference readout_compare(str before, str now, char ret_what[static WHY_BYTES_MAX]);

/* ---- the sweeps ------------------------------------------------------------------------------------------------------- */

struct sweep_options {
    enum point kind;
    bool forever;
    uint64_t first, step; /* every step-th point (or byte), from the first on */
    uint64_t sample;      /* about so many of each kind, whatever there are; 0: all */
    uint64_t only;        /* that one, aloud; 0: all */
    unsigned children;
    const char *file;     /* flips: of that file only */
    bool aloud;
};

/* Print a line per kind or file; return how many were wrong, and add to `good` how many were not. */
uint64_t faults_sweep(const struct sweep_options *options, uint64_t *good);
uint64_t flips_sweep(const struct sweep_options *options, uint64_t *good);

/* ---- children.c: processes, at most so many at a time; each says at its end what became of it ------------------------ */

/* How a run may end well. */
enum way { WAY_UNNOTICED, WAY_ANSWERED, WAY_ENDED, WAY_NOT_STARTED, WAY_HARMLESS, WAY_TOLD, WAY_REFUSED, WAY_CUT, WAY_COUNT };

struct children {
    const char *name;
    struct child {
        int pid, fd;
        uint64_t number;
    } *at;
    unsigned count, max;
    bool aloud;
    uint64_t ended, bad, ways[WAY_COUNT];
};

void children_init(struct children *children, const char *name, unsigned max, bool aloud);
int children_fork(struct children *children, uint64_t number); /* as fork; the child has a deadline */
void children_wait(struct children *children);                 /* for all */
void children_say(int way, const char *why) __attribute__((noreturn)); /* of a child, at its end; -1: it was wrong */
void children_deinit(struct children *children);
