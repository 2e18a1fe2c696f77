/* since.c: readers that begin at LATEST or at a moment do not know the number of the first record that they are shown. So
 * they are judged by sequence numbers: what they are shown rises, none that was acknowledged lies between two of them or
 * before the first, and none of it is older than what was asked for. */
#include "work.h"

#include <stdio.h>

void since_begin(struct since *since, struct sim *sim, bool latest, ms time)
{
    *since = (struct since){ .on = true, .latest = latest, .time = time, .asked = sim->model.moment };
}

void since_answered(struct since *since, struct sim *sim)
{
    since->answered = ++sim->model.moment;
}

/* Should a reader who began there have been shown it? What nobody can be sure of is not asked for. */
static bool is_due(const struct since *since, const struct record *record)
{
    if (since->latest)
        return record->sent > since->answered;
    return record->time > 0 && record->time >= since->time;
}

static void check_between(struct since *since, struct sim *sim, const struct shard_model *shard, const char *seqno)
{
    for (uint64_t i = 0; i < sim->model.record_count; i++) {
        const struct record *record = sim->model.records[i];

        if (record->shard != shard || record->fate != FATE_ACKNOWLEDGED || record_may_be_gone(record) ||
            seqno_cmp(record->seqno, seqno) >= 0 || (since->last[0] && seqno_cmp(record->seqno, since->last) <= 0))
            continue;
        if (since->last[0] || is_due(since, record))
            refute(sim, "%s %s: a reader since %s is shown %s and not %s before", shard->stream->name, shard->id,
                   since->latest ? "the latest" : "a moment", seqno, record->seqno);
    }
}

void since_saw(struct since *since, struct sim *sim, struct shard_model *shard, const struct node *node)
{
    str number = json_text(node, "SequenceNumber");
    char seqno[SEQNO_BYTES];
    struct record *record = ledger_shown(sim, shard, node);

    if (sim->failed || record == NULL || !model_text(seqno, sizeof(seqno), number))
        return;
    if (since->last[0] && seqno_cmp(since->last, seqno) >= 0)
        refute(sim, "%s %s: %s is shown behind %s", shard->stream->name, shard->id, seqno, since->last);
    if (since->latest && record->acked < since->asked)
        refute(sim, "%s %s: record %llu was there before LATEST was asked for", shard->stream->name, shard->id,
               (unsigned long long)record->id);
    if (!since->latest && record->time < since->time)
        refute(sim, "%s %s: record %llu arrived before the moment that was asked for", shard->stream->name, shard->id,
               (unsigned long long)record->id);
    check_between(since, sim, shard, seqno);
    memcpy(since->last, seqno, sizeof(seqno));
}
