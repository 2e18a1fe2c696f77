/* autoscale.c: on-demand streams split shards that run hot.
 *
 * The rate of accepted bytes is averaged over ten seconds; a shard above the hot rate is halved, one at a time per
 * stream, while the stream is ACTIVE. The split is an ordinary job of the catalog, so lineage and order are those of
 * SplitShard. Nothing shrinks by itself. */
#include <stdlib.h>

#include "stream/room.h"

enum { WINDOW_US = 10000000, ARENA_MAX = 1 << 20 };

struct split {
    struct arena arena;
    struct store_txn txn;
};

/* Whatever the fold says: a split that was rejected is asked for again while the shard stays hot. */
static void split_done(struct store_txn *txn, enum err err)
{
    struct split *split = txn->ctx;

    (void)err;
    arena_deinit(&split->arena);
    free(split);
}

static void split_begin(struct streams *streams, struct stream *stream, const struct shard *shard)
{
    struct split *split = calloc(1, sizeof(*split));
    struct catalog_stream_record record = *stream->record;
    struct catalog_job job = { .kind = int_of(JOB_SPLIT), .shard = int_of(shard->index) };
    u128 middle = shard->start + (shard->end - shard->start) / 2 + 1;
    uint8_t at[16];

    if (split == NULL)
        return;
    for (int i = 0; i < 16; i++)
        at[i] = (uint8_t)(middle >> (8 * (15 - i)));
    job.at = str_bytes(at, sizeof(at));
    arena_init(&split->arena, ARENA_MAX);
    split->txn.ctx = split;
    catalog_begin(streams->config.catalog, &split->txn, &split->arena);
    catalog_read_stream(&split->txn, stream);
    catalog_begin_job(streams->config.catalog, &record, &job, os_wall_ms(streams->config.os));
    catalog_put_stream(&split->txn, &record);
    store_commit(&split->txn, os_wall_ms(streams->config.os), split_done);
}

void autoscale_note(struct streams *streams, struct stream *stream, struct shard_run *run, uint64_t bytes)
{
    const struct shard *shard = run->shard;
    int64_t now, passed;
    uint64_t rate;

    if (stream->record->mode.value != MODE_ON_DEMAND)
        return;
    now = os_mono_us(streams->config.os);
    if (run->rate_at_us == 0)
        run->rate_at_us = now;
    run->rate_bytes += bytes;
    passed = now - run->rate_at_us;
    if (passed < WINDOW_US)
        return;
    rate = run->rate_bytes * 1000000 / (uint64_t)passed;
    run->rate_bytes = 0;
    run->rate_at_us = now;
    if (rate > (uint64_t)streams->config.limits->hot_shard_bytes && shard->closed_at == 0 &&
        stream->record->status.value == STREAM_ACTIVE && shard->end - shard->start > 4)
        split_begin(streams, stream, shard);
}
