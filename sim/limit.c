/* limit.c: what one shard has taken in one second of a life, as far as it is certain: puts that were sent behind the
 * second's beginning and acknowledged before its end. A shard at rest takes a second's worth at once and goes on at its
 * rate, so twice a second's worth is the most. A put is counted once: one that waited while its shard was split or merged
 * is taken by the child uncounted, so children are judged from the next life on. */
#include "sim.h"

enum { SECOND_US = 1000000 };

static void check_from(struct sim *sim, const struct shard_model *shard, uint64_t first)
{
    const struct model *model = &sim->model;
    const struct settings *settings = &sim->settings;
    int64_t until = model->records[first]->sent_us + SECOND_US;
    uint64_t records = 0, bytes = 0, largest = 0;

    for (uint64_t i = first; i < model->record_count && model->records[i]->sent_us < until; i++) {
        const struct record *record = model->records[i];

        if (record->shard != shard || record->fate != FATE_ACKNOWLEDGED || record->acked_us == 0 || record->acked_us > until)
            continue;
        records++;
        bytes += record->size;
        largest = record->size > largest ? record->size : largest;
    }
    if (records > 2 * settings->shard_write_records || bytes > 2 * settings->shard_write_bytes + largest)
        refute(sim, "%s %s has taken %llu records and %llu bytes in a second", shard->stream->name, shard->id,
               (unsigned long long)records, (unsigned long long)bytes);
}

static bool is_judged(const struct sim *sim, const struct record *record)
{
    const struct shard_model *shard = record->shard;

    return shard && record->fate == FATE_ACKNOWLEDGED &&
           (shard->life < sim->life || (shard->start_hash[0] && !shard->parent[0]));
}

void limit_check(struct sim *sim)
{
    const struct model *model = &sim->model;

    if (sim->settings.limits != RULES_AWS)
        return;
    for (uint64_t i = sim->first_record; i < model->record_count && !sim->failed; i++)
        if (is_judged(sim, model->records[i]))
            check_from(sim, model->records[i]->shard, i);
}
