/* expiry.c: a closed shard goes when the last of its records has expired.
 *
 * It goes for good, with its log: so nothing goes for a while after the start and after a step of the wall clock, as in
 * the log itself. A clock that is wrong for less than that while costs nothing; what seems to have expired is not shown
 * while it is wrong, and is there again when it has been put right. */
#include <stdlib.h>

#include "catalog/room.h"

enum {
    EXPIRY_ARENA_MAX = 64 << 20,
    EXPIRY_MS_MIN = 1000,
    EXPIRY_MS_MAX = 60 * 60 * 1000, /* look again not later: the clock may have stepped */
    STEP_MS_MIN = 5 * 60 * 1000,    /* what counts as one */
    PAUSE_MS = 10 * 60 * 1000,
};

struct removal {
    struct arena arena;
    struct store_txn txn;
};

static void removed(struct store_txn *txn, enum err err)
{
    struct removal *removal = txn->ctx;

    (void)err;
    arena_deinit(&removal->arena);
    free(removal);
}

static struct removal *removal_begin(struct stream *stream)
{
    struct removal *removal = calloc(1, sizeof(*removal));

    if (removal == NULL)
        return NULL;
    removal->txn.ctx = removal;
    arena_init(&removal->arena, EXPIRY_ARENA_MAX);
    catalog_begin(stream->catalog, &removal->txn, &removal->arena);
    catalog_read_stream(&removal->txn, stream);
    return removal;
}

/* Remove what has expired, unless nothing may go; returns when the next one is due (INT64_MAX: none). */
static ms expire(struct stream *stream, ms now, bool paused)
{
    struct removal *removal = NULL;
    ms next = INT64_MAX;

    for (size_t i = 0; i < stream->shard_count; i++) {
        struct shard *shard = stream->shards[i];
        ms end = shard->closed_at + stream_retention_ms(stream);

        if (shard->closed_at == 0)
            continue;
        if (end > now || paused) {
            next = end < next ? end : next;
            continue;
        }
        if (removal == NULL)
            removal = removal_begin(stream);
        if (removal == NULL)
            return now + EXPIRY_MS_MIN;
        catalog_remove_shard(&removal->txn, shard);
    }
    if (removal) {
        store_commit(&removal->txn, now, removed);
        next = now + EXPIRY_MS_MIN;
    }
    return next;
}

/* How long nothing may go yet: since the start, or since the wall clock went another way than the other one. */
static ms pause_ms(struct catalog *catalog, ms now)
{
    int64_t mono = os_mono_us(catalog->config.os) / 1000;
    int64_t step = (now - catalog->looked_wall) - (mono - catalog->looked_mono);

    if (!catalog->looked || step > STEP_MS_MIN || step < -STEP_MS_MIN)
        catalog->expiry_from = mono + PAUSE_MS;
    catalog->looked = true;
    catalog->looked_wall = now;
    catalog->looked_mono = mono;
    return catalog->expiry_from > mono ? catalog->expiry_from - mono : 0;
}

void expiry_arm(struct stream *stream)
{
    struct catalog *catalog = stream->catalog;
    ms now = os_wall_ms(catalog->config.os), next, wait, pause;

    if (!catalog_is_live(catalog))
        return;
    os_timer_stop(&stream->expiry);
    pause = pause_ms(catalog, now);
    next = expire(stream, now, pause > 0);
    if (next == INT64_MAX)
        return;
    wait = next > now ? next - now : 0;
    if (wait < pause)
        wait = pause;
    if (wait < EXPIRY_MS_MIN)
        wait = EXPIRY_MS_MIN;
    if (wait > EXPIRY_MS_MAX)
        wait = EXPIRY_MS_MAX;
    os_timer_start(catalog->config.loop, &stream->expiry, wait * 1000);
}
