/* declare.c: the streams that the settings name exist before the ready line. */
#include <stdlib.h>

#include "server/room.h"

enum { ARENA_MAX = 1 << 20, RETENTION_HOURS = 24, RECORD_KIB = 1024, LOOK_US = 10000 };

struct declare {
    struct server *server;
    void (*done)(struct server *server);
    struct arena arena;
    struct store_txn txn;
    struct os_timer again;
    bool waiting; /* for the fold, or for ACTIVE */
};

static void next(struct declare *declare);

static void folded(struct store_txn *txn, enum err err)
{
    struct declare *declare = txn->ctx;

    declare->waiting = false;
    if (declare->server->state != SERVER_STARTING)
        return;
    if (err != OK && err != ERR_CONFLICT)
        server_fail(declare->server, err, STR("a stream of the settings cannot be created"));
    else
        next(declare);
}

static void create(struct declare *declare, str account, str region, str name, uint32_t shards)
{
    struct server *server = declare->server;
    ms now = server_now(server) / 1000 * 1000;
    struct catalog_job job = { .kind = int_of(JOB_WAIT), .target = int_of(shards) };
    struct catalog_stream_record record = {
        .name = name,
        .account = account,
        .region = region,
        .created_at = ms_of(now),
        .status = int_of(STREAM_CREATING),
        .due_at = ms_of(now),
        .job = &job,
        .mode = int_of(MODE_PROVISIONED),
        .retention_hours = int_of(RETENTION_HOURS),
        .record_kib = int_of(RECORD_KIB),
        .distribution = int_of(DISTRIBUTION_USER_KEY),
        .next_shard = int_of(0),
    };

    arena_reset(&declare->arena);
    declare->txn.ctx = declare;
    catalog_begin(server->catalog, &declare->txn, &declare->arena);
    catalog_read_stream_name(&declare->txn, account, region, name);
    record.id = int_of((int64_t)catalog_take_id(server->catalog, &declare->txn));
    catalog_put_stream(&declare->txn, &record);
    declare->waiting = true;
    store_commit(&declare->txn, server_now(server), folded);
    LOG(&server->logger, server_now(server), stream_declared, LOG_TEXT("stream", name), LOG_NUMBER("shards", shards));
}

/* Look at one stream after the other; wait where there is something to wait for. */
static void next(struct declare *declare)
{
    struct server *server = declare->server;
    void (*done)(struct server * server) = declare->done;
    const struct settings *settings = server->settings;
    str account = str_of(settings->account), region = str_of(settings->region);

    if (server->state != SERVER_STARTING)
        return;
    while (server->declared < settings->stream.count) {
        uint32_t shards;
        str name = settings_stream(settings->stream.items[server->declared], &shards);
        struct stream *stream = catalog_stream(server->catalog, account, region, name);

        if (stream == NULL) {
            create(declare, account, region, name, shards);
            return;
        }
        if (stream->record->status.value == STREAM_CREATING)
            return;
        if (stream->record->status.value == STREAM_DELETING) { /* as it was when the last run ended */
            os_timer_start(server->loop, &declare->again, LOOK_US);
            return;
        }
        server->declared++;
    }
    declare_stop(server);
    done(server);
}

static void again(struct os_timer *timer)
{
    next(container_of(timer, struct declare, again));
}

void declare_start(struct server *server, void (*done)(struct server *server))
{
    struct declare *declare = calloc(1, sizeof(*declare));

    if (declare == NULL) {
        server_fail(server, ERR_NO_MEMORY, STR("no memory to start with"));
        return;
    }
    declare->server = server;
    declare->done = done;
    declare->again.fire = again;
    arena_init(&declare->arena, ARENA_MAX);
    server->declare = declare;
    next(declare);
}

void declare_look(struct server *server)
{
    if (server->declare && !server->declare->waiting)
        next(server->declare);
}

void declare_stop(struct server *server)
{
    struct declare *declare = server->declare;

    server->declare = NULL;
    if (declare == NULL)
        return;
    os_timer_stop(&declare->again);
    arena_deinit(&declare->arena);
    free(declare);
}
