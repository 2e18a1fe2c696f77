/* limit.c: shards take and give what their token buckets let through, neither more nor less (with --limits aws).
 *
 * A bucket holds a second's worth (reads: an eighth of one) and fills at its rate. So of what was certainly charged
 * within a span of time there may be no more than the bucket held and what came in meanwhile: in every span, from the
 * sending of one call to the answer of another. A record that alone is more than the bucket holds empties it. And who is
 * refused must find, looking back from some moment, that more may have been charged since than would leave him room.
 *
 * A put is charged once: one that waited while its shard was split or merged was charged to the parent; so what was sent
 * before anybody knew of a child is not counted for it. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

enum { MICRO = 1000000, READ_PART = 8, CALLS_PER_GROWTH = 256, KIB = 1024 };

/* What one call has certainly taken from a bucket, between two moments; or may have taken. */
struct taken {
    int64_t from_us, to_us;
    uint64_t units;
};

static int by_end(const void *left, const void *right)
{
    const struct taken *a = left, *b = right;

    return (a->to_us > b->to_us) - (a->to_us < b->to_us);
}

/* The worst span's excess in units over `burst` and what `rate` brings; 0: none. `taken` is sorted. */
static uint64_t excess(const struct taken *taken, size_t count, uint64_t rate, uint64_t burst)
{
    uint64_t worst = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t from = taken[i].from_us;
        uint64_t sum = 0, over = 0;

        for (size_t k = 0; k < count; k++) {
            uint64_t most;

            if (taken[k].from_us < from)
                continue;
            sum += taken[k].units;
            over = taken[k].units > burst && taken[k].units - burst > over ? taken[k].units - burst : over;
            most = burst + over + rate * (uint64_t)(taken[k].to_us - from) / MICRO + 1;
            worst = sum > most && sum - most > worst ? sum - most : worst;
        }
    }
    return worst;
}

/* ---- what a shard takes --------------------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct record *record)
{
    char key[16];

    return record->size + (uint64_t)snprintf(key, sizeof(key), "k%u", record->key);
}

static uint64_t units_of(const struct record *record)
{
    uint64_t bytes = bytes_of(record);

    return record->alone ? (bytes + KIB - 1) / KIB * KIB : bytes; /* as PutRecord is charged */
}

/* Since when everything that a shard has taken was charged to it. */
static int64_t judged_from(const struct sim *sim, const struct shard_model *shard)
{
    return shard->life < sim->life || (shard->start_hash[0] && !shard->parent[0]) ? 0 : shard->met_us;
}

static void check_shard(struct sim *sim, const struct shard_model *shard, struct taken *taken)
{
    const struct settings *settings = &sim->settings;
    uint64_t more_records, more_bytes;
    size_t count = 0;

    for (uint64_t i = sim->first_record; i < sim->model.record_count; i++) {
        const struct record *record = sim->model.records[i];

        if (record->shard == shard && record->fate == FATE_ACKNOWLEDGED && record->acked_us &&
            record->sent_us >= judged_from(sim, shard))
            taken[count++] = (struct taken){ record->sent_us, record->acked_us, units_of(record) };
    }
    qsort(taken, count, sizeof(*taken), by_end);
    more_bytes = excess(taken, count, settings->shard_write_bytes, settings->shard_write_bytes);
    for (size_t i = 0; i < count; i++)
        taken[i].units = 1;
    more_records = excess(taken, count, settings->shard_write_records, settings->shard_write_records);
    if (more_bytes || more_records)
        refute(sim, "%s %s has taken %llu bytes and %llu records more than its limit", shard->stream->name, shard->id,
               (unsigned long long)more_bytes, (unsigned long long)more_records);
}

/* Sort by the latest moment at which each may have been charged; is there a moment since which there was no room? */
static bool was_short(struct taken *taken, size_t count, uint64_t rate, uint64_t need, int64_t now_us)
{
    uint64_t sum = 0;

    qsort(taken, count, sizeof(*taken), by_end);
    for (size_t i = count; i-- > 0;) {
        sum += taken[i].units;
        if (sum + need > rate + rate * (uint64_t)(now_us - taken[i].to_us) / MICRO)
            return true;
    }
    return false;
}

void limit_refused(struct sim *sim, const struct record *refused)
{
    const struct settings *settings = &sim->settings;
    struct taken *taken = calloc(sim->model.record_count - sim->first_record + 1, sizeof(*taken));
    uint64_t units = units_of(refused);
    bool lacks;
    size_t count = 0;

    if (taken == NULL)
        abort();
    for (uint64_t i = sim->first_record; i < sim->model.record_count; i++) {
        const struct record *record = sim->model.records[i];
        int64_t until = record->acked_us && record->acked_us < refused->sent_us ? record->acked_us : refused->sent_us;

        if (record != refused && record->stream == refused->stream && !record->throttled)
            taken[count++] = (struct taken){ record->sent_us, until, units_of(record) };
    }
    if (units > settings->shard_write_bytes)
        units = settings->shard_write_bytes;
    lacks = was_short(taken, count, settings->shard_write_bytes, units, refused->sent_us);
    for (size_t i = 0; i < count; i++)
        taken[i].units = 1;
    lacks = lacks || was_short(taken, count, settings->shard_write_records, 1, refused->sent_us);
    if (settings->limits != RULES_AWS || !lacks)
        refute(sim, "record %llu is refused, and no shard of %s can have reached its limit", (unsigned long long)refused->id,
               refused->stream->name);
    free(taken);
}

/* ---- what a shard gives --------------------------------------------------------------------------------------------- */

void limit_called(struct sim *sim, const struct shard_model *shard, bool read, int64_t asked_us, uint64_t bytes)
{
    struct limits *limits = &sim->shard_calls;

    if (sim->settings.limits != RULES_AWS)
        return;
    if (limits->count % CALLS_PER_GROWTH == 0) {
        limits->at = realloc(limits->at, (limits->count + CALLS_PER_GROWTH) * sizeof(limits->at[0]));
        if (limits->at == NULL)
            abort();
    }
    limits->at[limits->count++] = (struct shard_call){ shard, read, asked_us, os_mono_us(sim->os), bytes };
}

static void check_calls(struct sim *sim, const struct shard_model *shard, bool read, struct taken *taken)
{
    uint64_t rate = read ? sim->settings.shard_read_calls : sim->settings.shard_iterator_calls, more;
    size_t count = 0;

    for (size_t i = 0; i < sim->shard_calls.count; i++) {
        const struct shard_call *call = &sim->shard_calls.at[i];

        if (call->shard == shard && call->read == read)
            taken[count++] = (struct taken){ call->asked_us, call->answered_us, 1 };
    }
    qsort(taken, count, sizeof(*taken), by_end);
    more = excess(taken, count, rate, rate);
    if (more)
        refute(sim, "%s %s has answered %llu %s more than its limit", shard->stream->name, shard->id,
               (unsigned long long)more, read ? "GetRecords" : "GetShardIterator");
}

/* The bucket may go into debt, and nobody is let in while it is there: what was given before one was. */
static void check_given(struct sim *sim, const struct shard_call *let_in)
{
    uint64_t rate = sim->settings.shard_read_bytes;

    for (size_t i = 0; i < sim->shard_calls.count && !sim->failed; i++) {
        const struct shard_call *from = &sim->shard_calls.at[i];
        uint64_t sum = 0, most = rate / READ_PART + rate * (uint64_t)(let_in->answered_us - from->asked_us) / MICRO + 1;

        for (size_t k = 0; k < sim->shard_calls.count; k++) {
            const struct shard_call *call = &sim->shard_calls.at[k];

            if (call->shard == let_in->shard && call->asked_us >= from->asked_us && call->answered_us < let_in->asked_us)
                sum += call->bytes;
        }
        if (from->shard == let_in->shard && from->answered_us < let_in->asked_us && sum > most)
            refute(sim, "%s %s has given %llu bytes, %llu more than its limit, and one more reader is let in",
                   let_in->shard->stream->name, let_in->shard->id, (unsigned long long)sum, (unsigned long long)(sum - most));
    }
}

/* ---- at the end of a life -------------------------------------------------------------------------------------------- */

static void check_all(struct sim *sim, struct taken *taken)
{
    for (size_t i = 0; i < sim->model.stream_count && !sim->failed; i++)
        for (size_t j = 0; j < sim->model.streams[i].shard_count && !sim->failed; j++) {
            const struct shard_model *shard = sim->model.streams[i].shards[j];

            check_shard(sim, shard, taken);
            check_calls(sim, shard, true, taken);
            check_calls(sim, shard, false, taken);
        }
    for (size_t i = 0; i < sim->shard_calls.count && !sim->failed; i++)
        if (sim->shard_calls.at[i].read)
            check_given(sim, &sim->shard_calls.at[i]);
}

void limit_check(struct sim *sim)
{
    size_t most = (size_t)(sim->model.record_count - sim->first_record) + sim->shard_calls.count + 1;
    struct taken *taken = calloc(most, sizeof(*taken));

    if (taken == NULL)
        abort();
    if (sim->settings.limits == RULES_AWS && !sim->failed)
        check_all(sim, taken);
    free(taken);
}

void limit_forget(struct sim *sim)
{
    free(sim->shard_calls.at);
    sim->shard_calls = (struct limits){ 0 };
}
