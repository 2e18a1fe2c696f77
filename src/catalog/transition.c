/* transition.c: what happens by itself: CREATING becomes ACTIVE, a reshard proceeds, what is DELETING goes. That closed
 * shards expire is in expiry.c.
 *
 * Each step is one transaction decided from folded state, so a restart in the middle, or a second process that does
 * the same, changes nothing: the step is decided again, and a step that is no longer due is rejected by its versions.
 * A shard is closed in two steps, the same on every engine: first its log is sealed (whoever comes second meets
 * SEALED, which is as good), then one transaction closes the parents and makes the children. Between the two a put
 * meets SEALED and waits for the children. */
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "catalog/keys.h"
#include "catalog/layout.h"
#include "catalog/room.h"

enum {
    TRANSITION_ARENA_MAX = 64 << 20,
    SLICE_SHARDS = 10000, /* so many are made or removed in one transaction, whose bytes the store bounds */
    RETRY_US = 1000000,
    DUE_MS_MIN = 1000, /* a deletion waits that long whatever the setting */
};

/* One step on its way. */
struct transition {
    struct catalog *catalog;
    uint64_t stream_id;
    struct arena arena;
    struct store_txn txn;
    uint32_t parents[2], parent_count; /* of a reshard */
    u128 split_at;
    bool again; /* more steps of the same job follow at once */
    struct log_append seals[2];
    struct log_commit seal;
};

static ms wall(const struct catalog *catalog)
{
    return os_wall_ms(catalog->config.os);
}

static void transition_free(struct transition *transition)
{
    arena_deinit(&transition->arena);
    free(transition);
}

/* The step has been folded, or rejected, or could not be written. What is due now is decided afresh. */
static void step_done(struct store_txn *txn, enum err err)
{
    struct transition *transition = txn->ctx;
    struct catalog *catalog = transition->catalog;
    struct stream *stream = err == ERR_STOPPED ? NULL : catalog_stream_by_id(catalog, transition->stream_id);

    transition_free(transition);
    if (stream == NULL)
        return;
    stream->moving = false;
    if (err == OK || err == ERR_CONFLICT)
        transition_arm_stream(stream, /* waited: */ false);
    else
        os_timer_start(catalog->config.loop, &stream->due, RETRY_US);
}

static void step_commit(struct transition *transition, const struct catalog_stream_record *record)
{
    if (record)
        catalog_put_stream(&transition->txn, record);
    store_commit(&transition->txn, wall(transition->catalog), step_done);
}

/* The record as it will be when the job is done. */
static struct catalog_stream_record settled(const struct stream *stream)
{
    struct catalog_stream_record record = *stream->record;

    record.status = int_of(STREAM_ACTIVE);
    record.due_at = (struct opt_ms){ 0 };
    record.job = NULL;
    return record;
}

/* ---- creation, deletion, plain waits ----------------------------------------------------------------------------- */

/* A slice of the shards; with the last the stream is ACTIVE, and until then nobody is shown any. */
static void create(struct transition *transition, struct stream *stream)
{
    struct catalog_stream_record record = settled(stream);
    uint32_t count = (uint32_t)stream->record->job->target.value;
    uint32_t first = (uint32_t)stream->record->next_shard.value;
    uint32_t end = count - first > SLICE_SHARDS ? first + SLICE_SHARDS : count;

    if (end < count) {
        record = *stream->record;
        record.due_at = ms_of(wall(transition->catalog));
    }
    for (uint32_t i = first; i < end; i++) {
        struct shard shard = {
            .index = i, .parent = SHARD_NONE, .adjacent = SHARD_NONE, .created_s = record.created_at.value / 1000
        };

        layout_range(count, i, &shard.start, &shard.end);
        catalog_put_shard(&transition->txn, stream->id, &shard);
    }
    record.next_shard = int_of(end);
    step_commit(transition, &record);
}

/* The last shards first; with the rest goes the stream. */
static void delete(struct transition *transition, struct stream *stream)
{
    struct catalog_stream_record record = *stream->record;

    if (stream->shard_count <= SLICE_SHARDS) {
        catalog_remove_stream(&transition->txn, stream);
        step_commit(transition, NULL);
        return;
    }
    for (size_t i = stream->shard_count - SLICE_SHARDS; i < stream->shard_count; i++)
        catalog_remove_shard(&transition->txn, stream->shards[i]);
    record.due_at = ms_of(wall(transition->catalog));
    step_commit(transition, &record);
}

static void encrypt(struct transition *transition, struct stream *stream)
{
    struct catalog_stream_record record = settled(stream);
    const struct catalog_job *job = stream->record->job;
    bool on = job->encrypt.present && job->encrypt.value;

    record.key_arn = on ? job->key_arn : (str){ 0 };
    record.key_name = on ? job->key_name : (str){ 0 };
    step_commit(transition, &record);
}

/* ---- resharding ------------------------------------------------------------------------------------------------- */

static void fill_nothing(const struct log_append *append, char *to)
{
    (void)append;
    (void)to;
}

/* Later than everything the parents can hold: children's sequence numbers are above those of their parents. */
static int64_t child_second(const struct shard *left, const struct shard *right, ms now)
{
    int64_t second = now / 1000 + 1;

    if (second <= left->created_s)
        second = left->created_s + 1;
    if (right && second <= right->created_s)
        second = right->created_s + 1;
    return second;
}

static void put_closed(struct transition *transition, const struct shard *parent, ms at)
{
    struct shard closed = *parent;

    closed.closed_at = at;
    catalog_put_shard(&transition->txn, parent->stream->id, &closed);
}

static void put_children(struct transition *transition, struct catalog_stream_record *record, const struct shard *left,
                         const struct shard *right, ms now)
{
    uint32_t next = (uint32_t)record->next_shard.value;
    struct shard child = { .index = next,
                           .parent = left->index,
                           .adjacent = right ? (int64_t)right->index : SHARD_NONE,
                           .start = left->start,
                           .end = right ? right->end : transition->split_at - 1,
                           .created_s = child_second(left, right, now) };

    catalog_put_shard(&transition->txn, left->stream->id, &child);
    record->next_shard = int_of(next + 1);
    if (right)
        return;
    child.index = next + 1;
    child.start = transition->split_at;
    child.end = left->end;
    catalog_put_shard(&transition->txn, left->stream->id, &child);
    record->next_shard = int_of(next + 2);
}

/* Not now: once more in a while. `stream` is NULL if it is gone, or everything stops. */
static void give_up(struct transition *transition, struct stream *stream)
{
    struct catalog *catalog = transition->catalog;

    transition_free(transition);
    if (stream == NULL)
        return;
    stream->moving = false;
    os_timer_start(catalog->config.loop, &stream->due, RETRY_US);
}

/* The parents' logs have ended (or could not be ended now: then the step is tried again). */
static void sealed(struct log_commit *commit, enum err err)
{
    struct transition *transition = commit->ctx;
    struct catalog *catalog = transition->catalog;
    struct stream *stream = err == ERR_STOPPED ? NULL : catalog_stream_by_id(catalog, transition->stream_id);
    struct shard *parents[2] = { NULL, NULL };
    struct catalog_stream_record record;
    ms now = wall(catalog);
    ms closed_at = err == OK && commit->time > now ? commit->time : now; /* no record of the parents came later */

    for (uint32_t i = 0; stream && i < transition->parent_count; i++)
        parents[i] = stream_shard(stream, transition->parents[i]);
    if (stream == NULL || err != OK || parents[0] == NULL || parents[0]->closed_at ||
        stream->record->status.value != STREAM_UPDATING) {
        give_up(transition, stream);
        return;
    }
    catalog_begin(catalog, &transition->txn, &transition->arena);
    catalog_read_stream(&transition->txn, stream);
    if (transition->again) {
        record = *stream->record;
        record.due_at = ms_of(now);
    } else {
        record = settled(stream);
    }
    for (uint32_t i = 0; i < transition->parent_count; i++)
        put_closed(transition, parents[i], closed_at);
    put_children(transition, &record, parents[0], parents[1], now);
    step_commit(transition, &record);
}

static void reshard(struct transition *transition, struct stream *stream, struct shard *left, struct shard *right)
{
    struct shard *parents[2] = { left, right };
    enum err err;

    transition->parent_count = right ? 2 : 1;
    for (uint32_t i = 0; i < transition->parent_count; i++) {
        transition->parents[i] = parents[i]->index;
        transition->seals[i] = (struct log_append){ .log = shard_log(stream->id, parents[i]->index),
                                                    .flags = LOG_SEAL,
                                                    .fill = fill_nothing };
    }
    transition->seal = (struct log_commit){
        .appends = transition->seals, .append_count = transition->parent_count, .done = sealed, .ctx = transition
    };
    err = log_submit(transition->catalog->config.log, &transition->seal);
    if (err != OK)
        sealed(&transition->seal, err);
}

static void scale(struct transition *transition, struct stream *stream)
{
    struct catalog_stream_record record;
    size_t count, at = 0;
    struct shard *const *open = stream_open_shards(stream, &count);
    enum layout_step step;

    if (count == 0) { /* no memory for the list */
        give_up(transition, stream);
        return;
    }
    step = layout_next(open, count, (uint32_t)stream->record->job->target.value, &at, &transition->split_at);
    if (step == LAYOUT_DONE) {
        record = settled(stream);
        step_commit(transition, &record);
        return;
    }
    transition->again = true;
    reshard(transition, stream, open[at], step == LAYOUT_MERGE ? open[at + 1] : NULL);
}

static void split_or_merge(struct transition *transition, struct stream *stream)
{
    const struct catalog_job *job = stream->record->job;
    struct shard *left = stream_shard(stream, (uint32_t)job->shard.value);
    struct shard *right = job->kind.value == JOB_MERGE ? stream_shard(stream, (uint32_t)job->adjacent.value) : NULL;
    struct catalog_stream_record record;

    if (left == NULL || left->closed_at || (job->kind.value == JOB_MERGE && (right == NULL || right->closed_at))) {
        record = settled(stream);
        step_commit(transition, &record);
        return;
    }
    if (job->kind.value == JOB_SPLIT)
        transition->split_at = u128_load_be((const uint8_t *)job->at.at);
    reshard(transition, stream, left, right);
}

static void update(struct transition *transition, struct stream *stream)
{
    const struct catalog_job *job = stream->record->job;
    struct catalog_stream_record record;

    switch (job ? (enum job_kind)job->kind.value : JOB_WAIT) {
    case JOB_SPLIT:
    case JOB_MERGE:
        split_or_merge(transition, stream);
        return;
    case JOB_SCALE:
        scale(transition, stream);
        return;
    case JOB_ENCRYPT:
        encrypt(transition, stream);
        return;
    case JOB_WAIT:
        record = settled(stream);
        step_commit(transition, &record);
        return;
    }
}

/* ---- when -------------------------------------------------------------------------------------------------------- */

static void step(struct stream *stream)
{
    struct catalog *catalog = stream->catalog;
    struct transition *transition = calloc(1, sizeof(*transition));

    if (transition == NULL) {
        os_timer_start(catalog->config.loop, &stream->due, RETRY_US);
        return;
    }
    transition->catalog = catalog;
    transition->stream_id = stream->id;
    transition->txn.ctx = transition;
    arena_init(&transition->arena, TRANSITION_ARENA_MAX);
    stream->moving = true;
    catalog_begin(catalog, &transition->txn, &transition->arena);
    catalog_read_stream(&transition->txn, stream);
    switch ((enum stream_status)stream->record->status.value) {
    case STREAM_CREATING:
        create(transition, stream);
        return;
    case STREAM_DELETING:
        delete(transition, stream);
        return;
    case STREAM_UPDATING:
        update(transition, stream);
        return;
    case STREAM_ACTIVE:
        break;
    }
    stream->moving = false;
    transition_free(transition);
}

/* Microseconds until `at` by the wall clock, never negative. If that is further away than it ever was, the clock has
 * gone back since: then the longest wait there is is waited once. */
static int64_t delay_us(const struct catalog *catalog, ms at, bool waited)
{
    ms now = wall(catalog);
    ms most = catalog->config.transition_ms > DUE_MS_MIN ? catalog->config.transition_ms : DUE_MS_MIN;

    if (at <= now)
        return 0;
    if (at - now > most)
        return waited ? 0 : most * 1000;
    return (at - now) * 1000;
}

void transition_arm_stream(struct stream *stream, bool waited)
{
    struct catalog *catalog = stream->catalog;
    int64_t delay;

    if (!catalog_is_live(catalog) || stream->moving)
        return;
    os_timer_stop(&stream->due);
    if (stream->record->status.value == STREAM_ACTIVE)
        return;
    delay = delay_us(catalog, stream->record->due_at.value, waited);
    if (delay == 0)
        step(stream);
    else
        os_timer_start(catalog->config.loop, &stream->due, delay);
}

/* ---- consumers --------------------------------------------------------------------------------------------------- */

static void consumer_done(struct store_txn *txn, enum err err)
{
    struct transition *transition = txn->ctx;

    (void)err;
    transition_free(transition);
}

static void consumer_step(struct consumer *consumer)
{
    struct catalog *catalog = consumer->stream->catalog;
    struct transition *transition = calloc(1, sizeof(*transition));
    struct catalog_consumer_record record = *consumer->record;

    /* Whatever becomes of this step, look again later: a rejected one has made another change first. */
    os_timer_start(catalog->config.loop, &consumer->due, RETRY_US);
    if (transition == NULL)
        return;
    transition->catalog = catalog;
    transition->txn.ctx = transition;
    arena_init(&transition->arena, TRANSITION_ARENA_MAX);
    catalog_begin(catalog, &transition->txn, &transition->arena);
    catalog_read_consumer(&transition->txn, consumer);
    if (record.status.value == CONSUMER_DELETING) {
        catalog_remove_consumer(&transition->txn, consumer);
    } else {
        record.status = int_of(CONSUMER_ACTIVE);
        record.due_at = (struct opt_ms){ 0 };
        catalog_put_consumer(&transition->txn, consumer->stream->id, &record);
    }
    store_commit(&transition->txn, wall(catalog), consumer_done);
}

void transition_arm_consumer(struct consumer *consumer, bool waited)
{
    struct catalog *catalog = consumer->stream->catalog;
    int64_t delay;

    if (!catalog_is_live(catalog))
        return;
    os_timer_stop(&consumer->due);
    if (consumer->record->status.value == CONSUMER_ACTIVE)
        return;
    delay = delay_us(catalog, consumer->record->due_at.value, waited);
    if (delay == 0)
        consumer_step(consumer);
    else
        os_timer_start(catalog->config.loop, &consumer->due, delay);
}
