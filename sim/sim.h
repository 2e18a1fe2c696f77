/* sim.h: what the files of the simulator share: a world, a server in it, its clients, and what they know.
 *
 * The name of this folder's room is `sim`; the simulated world itself is os/sim/sim.h. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "os/sim/sim.h"
#include "server/serve.h"

enum {
    TRACE_LINES = 200,
    TRACE_LINE_BYTES = 200,
    STREAMS_MAX = 16,
    SHARDS_MAX = 160,/* per stream */
    CLIENTS_MAX = 8,
    GUEST_NUMBER = 99,
    TAGS_MAX = 4,
    SEQNO_BYTES = 64,
    SHARD_ID_BYTES = 24,
    RECORDS_MAX = 1 << 20,
    BODY_BYTES_MAX = 1 << 20,
    ANSWER_BYTES_MAX = 8 << 20,
    DISK_FILE_MAX = 64 << 20,
    DISK_BYTES = 1 << 30,
};

#define SIM_ADDRESS "127.0.0.1:4567"
#define STREAM_ARN  "arn:aws:kinesis:us-east-1:123456789012:stream/"

struct sim;

/* ---- trace.c: what happened, for people, and one number of it ----------------------------------------------------- */

struct trace {
    uint64_t count, hash;
    bool aloud; /* every line at once, to stderr */
    char lines[TRACE_LINES][TRACE_LINE_BYTES];
};

void note(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first lie that the checker met ends the run. */
void refute(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace_print(const struct sim *sim);

/* ---- json.c: an answer as a tree --------------------------------------------------------------------------------- */

struct node {
    struct node *next, *child;
    str key, text; /* `text` of a string, number or word; absent of objects and arrays */
};

/* NULL if it does not follow the grammar. */
struct node *json_tree(struct arena *arena, char *body, size_t size);
const struct node *json_get(const struct node *node, const char *key); /* NULL: absent */
str json_text(const struct node *node, const char *key);               /* absent: absent */
uint64_t json_record_bytes(const struct node *records);                /* their data and keys */

/* ---- dialect.c: CBOR ----------------------------------------------------------------------------------------------- */

/* The same as CBOR; reading destroys the JSON. */
void dialect_write(struct buf *to, char *json, size_t size);

/* As json_tree. */
struct node *dialect_tree(struct arena *arena, char *body, size_t size);

/* ---- client.c: one signed request at a time over HTTP/1.1 or HTTP/2 -------------------------------------------------------- */

struct conn;

/* One signed request. */
struct asked {
    const char *target, *content_type;
    str amz_date, authorization, body;
};

/* `status` 0: cut, or no answer in time; nobody knows whether it was done. `answer` is NULL unless it is JSON. */
typedef void answered(struct sim *sim, void *ctx, int status, const struct node *answer);

/* An event of a subscription. */
typedef void told(struct sim *sim, void *ctx, str type, const struct node *event);

struct client {
    struct sim *sim;
    unsigned number;
    bool cbor, h2;     /* what it speaks */
    const char *access_key, *secret_key;
    struct conn *conn; /* NULL: not connected */
    struct os_timer deadline, think;
    struct buf request, answer, events; /* events: out of their chunks */
    struct buf dialect, scratch; /* dialect: the body as it is sent */
    char target[64];
    struct asked asked; /* of the last request; its texts live in `arena` and `dialect` */
    struct arena arena; /* of the answer, of one event */
    answered *done;
    told *event;        /* NULL: one answer is asked for */
    bool flowing, ended; /* events flow; the last chunk was seen */
    void *ctx;
    bool busy;
    struct reader *reader; /* work.c */
    struct call *call;
};

void client_init(struct client *client, struct sim *sim, unsigned number);
void client_deinit(struct client *client);

/* The world has ended: the connection is forgotten and whoever waits is told that nobody knows. */
void client_forget(struct client *client);
void conns_forget(struct sim *sim);
void client_call(struct client *client, const char *operation, str body, answered *done, void *ctx);

/* As client_call, and `event` for each event before; `done` when they end. */
void client_follow(struct client *client, const char *operation, str body, told *event, answered *done, void *ctx);

/* Whatever is asked for is not waited for any more: `done` is told that nobody knows. */
void client_leave(struct client *client);

/* ---- model.c, ledger.c: what must be true ----------------------------------------------------------------------------------- */

enum fate { FATE_UNKNOWN, FATE_ACKNOWLEDGED, FATE_REFUSED };

struct record {
    uint64_t id;
    struct stream_model *stream;
    struct shard_model *shard; /* NULL: not known */
    char seqno[SEQNO_BYTES];
    enum fate fate;
    bool seen;             /* at its place in shard->known */
    bool alone, throttled; /* in its call; it was refused because of a shard's limit */
    uint32_t size, key;
    int64_t sent_us, acked_us; /* acked: 0 unless the answer came */
    ms sent_wall, time;    /* not later than it arrived; when it did (0: not known) */
    uint64_t sent, acked;  /* moments, counted */
    uint64_t judged;       /* rot.c: by the judge of that number it was shown */
};

struct shard_model {
    struct stream_model *stream;
    char id[SHARD_ID_BYTES];
    char start_hash[40], end_hash[40];
    char parent[SHARD_ID_BYTES], adjacent[SHARD_ID_BYTES];
    char first_seqno[SEQNO_BYTES], last_seqno[SEQNO_BYTES]; /* last: empty while it is open */
    struct record **known; /* from the beginning, in order: what readers were shown */
    size_t known_count, known_capacity;
    size_t bytes;          /* of all of these, as they are answered */
    ms seen_open;          /* by the wall clock, the latest */
    bool listed;           /* in the last list */
    bool hidden, gone;     /* it has expired by the clock; for good */
    unsigned life;         /* in which it was met first */
    int64_t met_us;        /* when, by the monotonic clock */
};

enum life { LIFE_ASKED, LIFE_ALIVE, LIFE_DELETE_ASKED, LIFE_DELETED };

/* What a stream is, as one of a few values. */
enum fact_kind { FACT_ENCRYPTED, FACT_MODE, FACT_POLICY, FACT_COUNT };

struct fact {
    int value;   /* as acknowledged, or seen; 0 at first */
    bool unsure; /* nobody knows what became of a change */
};

struct stream_model {
    char name[16];
    enum life life;
    bool created;       /* acknowledged, or seen */
    bool active, deleting; /* seen so */
    bool deleted;       /* the call was acknowledged */
    bool busy;          /* somebody changes it */
    bool replaced;      /* it is gone, and another has its name */
    uint64_t looks;     /* changes and descriptions so far: what was asked for before the latest is stale */
    ms expired_before; /* what arrived earlier may be gone for good */
    ms shards_before;  /* closed shards whose last record arrived earlier may be */
    uint64_t retention, retention_asked, retention_flight; /* hours; unknown outcome; being asked for; 0: none */
    uint32_t tags, tags_unsure; /* bits of TAGS_MAX */
    struct fact facts[FACT_COUNT];
    struct shard_model *shards[SHARDS_MAX];
    size_t shard_count;
};

struct model {
    struct stream_model streams[STREAMS_MAX];
    size_t stream_count;
    struct record **records;
    uint64_t record_count, record_capacity;
    uint64_t moment;
    uint64_t acknowledged, reads, judges;
};

void model_deinit(struct model *model);
struct stream_model *model_new_stream(struct sim *sim);
struct record *model_new_record(struct sim *sim, struct stream_model *stream, uint32_t key, uint32_t size);
bool record_may_be_gone(const struct record *record); /* its time is over */
void record_data(const struct record *record, char *to);    /* record->size bytes */

/* The record that some data belongs to; NULL if nobody has put it there, which is refuted. */
struct record *model_record(struct sim *sim, const struct shard_model *shard, str data);
void model_acknowledged(struct sim *sim, struct record *record, str shard_id, str seqno);
struct shard_model *model_shard(struct stream_model *stream, str id);


/* To be called whenever the clock or a retention may have changed. What arrived before the horizon may not be shown. */
void model_tick(struct sim *sim);
void model_stepped(struct sim *sim); /* the clock has just stepped */
ms model_horizon(struct sim *sim, const struct stream_model *stream);

bool model_text(char *to, size_t size, str text); /* a copy; false: absent, or it does not fit */
struct shard_model *model_make_shard(struct sim *sim, struct stream_model *stream, str id);

/* Shards that an answer names; nothing is checked, for it may be stale. */
void model_learn_shards(struct sim *sim, struct stream_model *stream, const struct node *answer);

/* An answer that is not stale: of ListShards, of DescribeStreamSummary (NULL: there is no such stream), of ListTagsForStream. */
void model_saw_shards(struct sim *sim, struct stream_model *stream, const struct node *answer);
void model_saw_summary(struct sim *sim, struct stream_model *stream, const struct node *answer);
void model_saw_fact(struct sim *sim, struct stream_model *stream, enum fact_kind kind, int value);
void model_saw_tags(struct sim *sim, struct stream_model *stream, const struct node *answer);

/* One record that a reader was given as number `*index` of the shard; it goes on to the next. */
void model_saw_record(struct sim *sim, struct shard_model *shard, size_t *index, const struct node *record);

/* The record that a reader was shown, if it is what was put where it was put and arrived when it did before; its number
 * and place are left to the caller. NULL: refuted. */
struct record *ledger_shown(struct sim *sim, struct shard_model *shard, const struct node *record);

/* Everything of the shard was read: `count` records. */
void model_saw_all(struct sim *sim, struct shard_model *shard, size_t count);
int seqno_cmp(const char *a, const char *b);

/* ---- follow.c: subscriptions -------------------------------------------------------------------------------------- */

struct follower;

void follow_init(struct sim *sim);
void follow_deinit(struct sim *sim);
void follow_start(struct sim *sim);
bool follow_is_idle(const struct sim *sim);
void follow_forget(struct sim *sim); /* the world has ended */

/* ---- work.c, verify.c --------------------------------------------------------------------------------------------- */

void work_init(struct sim *sim);
void work_deinit(struct sim *sim);
void work_start(struct sim *sim);   /* every client begins */
bool is_error(const struct node *answer, const char *name);
void verify(struct sim *sim);       /* read everything back */

/* The answer, asked for again while it is throttled or cut; it lives until the next call. NULL: the server has ended. */
const struct node *verify_get(struct sim *sim, const char *operation, const char *body, int *ret_status);

/* ---- clock.c: steps of the wall clock ---------------------------------------------------------------------------------- */

enum { READINGS_MAX = 64 };

struct reading {
    int64_t since_us;
    ms offset; /* of the wall clock from the monotonic one */
};

struct clock {
    struct reading readings[READINGS_MAX]; /* of this life */
    size_t count;
    int64_t stepped_us; /* the last time */
};

void clock_boot(struct sim *sim);
void clock_step(struct sim *sim, ms by);
bool clock_is_trusted(struct sim *sim); /* may what has expired by it go for good? */

/* ---- access.c: who may call ----------------------------------------------------------------------------------------- */

struct access;

must_use bool access_init(struct sim *sim); /* the credentials file is on the disk */
void access_deinit(struct sim *sim);
void access_booted(struct sim *sim);
void access_change(struct sim *sim); /* another file */
void access_loaded(struct sim *sim); /* the server has said so */
void access_start(struct sim *sim);
bool access_is_idle(const struct sim *sim);
void access_forget(struct sim *sim); /* the world has ended */

/* ---- limit.c ------------------------------------------------------------------------------------------------------ */

/* A GetRecords (`read`) or GetShardIterator that was answered with what was asked for. */
struct shard_call {
    const struct shard_model *shard;
    bool read;
    int64_t asked_us, answered_us;
    uint64_t bytes;
};

struct limits {
    struct shard_call *at; /* of this life */
    size_t count;
};

void limit_called(struct sim *sim, const struct shard_model *shard, bool read, int64_t asked_us, uint64_t bytes);
void limit_refused(struct sim *sim, const struct record *refused); /* because of a shard's limit */
void limit_check(struct sim *sim); /* of this life, which ends */
void limit_forget(struct sim *sim);

/* ---- rot.c: what a flipped bit, a bad sector or a newer format does to a server that starts on them ------------------ */

void rot_probe(struct sim *sim); /* between an end by power loss and a start; the disk is as before afterwards */

/* ---- trouble.c ---------------------------------------------------------------------------------------------------- */

void trouble_plan(struct sim *sim);      /* for the life that begins */
void trouble_scarce(struct sim *sim);    /* allocations fail */
void trouble_meanwhile(struct sim *sim); /* perhaps something, now */
void trouble_pass_days(struct sim *sim);
void trouble_lie(struct sim *sim);       /* the planted lies of the disk */

/* ---- life.c ------------------------------------------------------------------------------------------------------- */

struct sim {
    uint64_t seed;
    struct os *os;
    struct os_loop *loop, *server_loop;
    struct server *server;
    struct settings settings;
    struct arena arena;
    bool ready, stopped;
    int exit_code;
    bool trouble;      /* faults were planned in this life: the server may end, and say so */
    bool working;      /* clients may begin something new */
    int64_t pace;      /* of this life: clients think so many times as long */
    bool failed;
    ms horizon;        /* what arrived earlier may not be shown by the present answer */
    unsigned steps;    /* of the wall clock: a signature made before may be too old or too new */
    unsigned days;     /* how often days passed at once */
    ms wrong_by;       /* so far ahead is the clock, until somebody puts it right */
    bool at_rest;      /* the last life ended with a power loss: nothing of the disk is in a cache */
    unsigned complaints; /* lines of level error in this life */
    unsigned told;     /* lines of the log that tell of damage or of a cut, in this life */
    char why[TRACE_LINE_BYTES];
    unsigned life, lives;
    uint64_t first_record; /* of this life */
    unsigned plant;
    struct list conns; /* of clients */
    struct client clients[CLIENTS_MAX];
    struct follower *followers;
    struct access *access;
    struct trace trace;
    struct model model;
    struct limits shard_calls;
    struct clock clock;
};

/* Lies of the disk; and of readers, from PLANT_SHOWN_NOT on. */
enum {
    PLANT_NONE,
    PLANT_SYNC_SKIPPED,
    PLANT_WRITE_LOST,
    PLANT_SYNC_SOMETIMES,
    PLANT_SHOWN_NOT,
    PLANT_SHOWN_TWICE,
    PLANT_SHOWN_CHANGED,
    PLANT_COUNT
};

/* One server on the disk as it is: true if it is ready. Then, in any case: its end. */
bool life_boot(struct sim *sim);
void life_end(struct sim *sim, bool power_loss);
bool life_is_down(void *sim); /* without power nobody answers */

/* A whole run; false: it failed, and the reason is in sim->why. */
bool sim_run(struct sim *sim, uint64_t seed, unsigned plant, bool aloud);
void sim_deinit(struct sim *sim);

static inline uint64_t below(struct sim *sim, uint64_t bound)
{
    return sim_below(sim->os, bound);
}
