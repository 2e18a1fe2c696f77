/* model.c: what is known of streams and their shards; ledger.c has the records. */
#include <stdio.h>
#include <stdlib.h>

#include "base/u128.h"
#include "sim.h"

void model_deinit(struct model *model)
{
    for (size_t i = 0; i < model->stream_count; i++)
        for (size_t j = 0; j < model->streams[i].shard_count; j++) {
            free(model->streams[i].shards[j]->known);
            free(model->streams[i].shards[j]);
        }
    for (uint64_t i = 0; i < model->record_count; i++)
        free(model->records[i]);
    free(model->records);
}

/* A stream that is gone, whose name nobody has taken since. */
static struct stream_model *free_name(struct sim *sim)
{
    for (size_t i = 0; i < sim->model.stream_count; i++)
        if (sim->model.streams[i].life == LIFE_DELETED && !sim->model.streams[i].replaced)
            return &sim->model.streams[i];
    return NULL;
}

struct stream_model *model_new_stream(struct sim *sim)
{
    struct stream_model *stream, *before = below(sim, 2) ? free_name(sim) : NULL;

    if (sim->model.stream_count == STREAMS_MAX)
        return NULL;
    stream = &sim->model.streams[sim->model.stream_count];
    *stream = (struct stream_model){ .retention = 24 };
    (void)snprintf(stream->name, sizeof(stream->name), "s%u", (unsigned)sim->model.stream_count++ % STREAMS_MAX);
    if (before) {
        before->replaced = true;
        memcpy(stream->name, before->name, sizeof(stream->name));
    }
    return stream;
}

bool model_text(char *to, size_t size, str text)
{
    if (!str_present(text) || text.size >= size)
        return false;
    memcpy(to, text.at, text.size);
    to[text.size] = 0;
    return true;
}

struct shard_model *model_make_shard(struct sim *sim, struct stream_model *stream, str id)
{
    struct shard_model *shard = model_shard(stream, id);

    if (shard)
        return shard;
    if (stream->shard_count == SHARDS_MAX || id.size >= SHARD_ID_BYTES) {
        refute(sim, "%s has a shard too many: %.*s", stream->name, STR_ARG(id));
        return NULL;
    }
    shard = calloc(1, sizeof(*shard));
    if (shard == NULL)
        abort();
    shard->stream = stream;
    shard->life = sim->life;
    shard->met_us = os_mono_us(sim->os);
    (void)model_text(shard->id, sizeof(shard->id), id);
    stream->shards[stream->shard_count++] = shard;
    return shard;
}

struct shard_model *model_shard(struct stream_model *stream, str id)
{
    for (size_t i = 0; i < stream->shard_count; i++)
        if (str_eq(str_of(stream->shards[i]->id), id))
            return stream->shards[i];
    return NULL;
}

enum { PATIENCE_MS = 60000 };

/* ---- time ---------------------------------------------------------------------------------------------------------- */

static ms kept_from(struct sim *sim, const struct stream_model *stream, bool longest)
{
    const uint64_t others[] = { stream->retention_asked, stream->retention_flight };
    uint64_t hours = stream->retention;

    for (int i = 0; i < 2; i++)
        if (others[i] && (longest ? others[i] > hours : others[i] < hours))
            hours = others[i];
    return os_wall_ms(sim->os) - (ms)hours * 3600000;
}

void model_tick(struct sim *sim)
{
    bool trusted = clock_is_trusted(sim);

    for (size_t i = 0; i < sim->model.stream_count; i++) {
        struct stream_model *stream = &sim->model.streams[i];
        ms from = kept_from(sim, stream, false);

        if (from > stream->expired_before)
            stream->expired_before = from;
        if (from > stream->shards_before && trusted)
            stream->shards_before = from;
    }
}

/* What was open may be closed at an earlier time than that at which it was seen. */
void model_stepped(struct sim *sim)
{
    ms now = os_wall_ms(sim->os);

    for (size_t i = 0; i < sim->model.stream_count; i++)
        for (size_t j = 0; j < sim->model.streams[i].shard_count; j++)
            if (sim->model.streams[i].shards[j]->seen_open > now)
                sim->model.streams[i].shards[j]->seen_open = now;
}

ms model_horizon(struct sim *sim, const struct stream_model *stream)
{
    return kept_from(sim, stream, true);
}

/* ---- streams ------------------------------------------------------------------------------------------------------ */

/* A text that may not change once it is there. */
static void keep(struct sim *sim, const struct shard_model *shard, const char *what, char *kept, size_t size, str text)
{
    char now[SEQNO_BYTES] = "";

    if (str_present(text))
        (void)model_text(now, sizeof(now), text);
    if (kept[0] && strcmp(kept, now) != 0)
        refute(sim, "%s %s: %s was %s and is '%s'", shard->stream->name, shard->id, what, kept, now);
    else if (!kept[0])
        (void)snprintf(kept, size, "%s", now);
}

static void saw_shard(struct sim *sim, struct stream_model *stream, const struct node *node)
{
    struct shard_model *shard = model_make_shard(sim, stream, json_text(node, "ShardId"));
    const struct node *hash = json_get(node, "HashKeyRange"), *numbers = json_get(node, "SequenceNumberRange");

    if (shard == NULL)
        return;
    if (!str_present(json_text(numbers, "EndingSequenceNumber")) &&
        os_mono_us(sim->os) - sim->clock.stepped_us > PATIENCE_MS * 1000)
        shard->seen_open = os_wall_ms(sim->os) - PATIENCE_MS; /* when it was asked */
    shard->listed = true;
    keep(sim, shard, "its parent", shard->parent, sizeof(shard->parent), json_text(node, "ParentShardId"));
    keep(sim, shard, "its other parent", shard->adjacent, sizeof(shard->adjacent),
         json_text(node, "AdjacentParentShardId"));
    keep(sim, shard, "its first key", shard->start_hash, sizeof(shard->start_hash), json_text(hash, "StartingHashKey"));
    keep(sim, shard, "its last key", shard->end_hash, sizeof(shard->end_hash), json_text(hash, "EndingHashKey"));
    keep(sim, shard, "its first number", shard->first_seqno, sizeof(shard->first_seqno),
         json_text(numbers, "StartingSequenceNumber"));
    keep(sim, shard, "its last number", shard->last_seqno, sizeof(shard->last_seqno),
         json_text(numbers, "EndingSequenceNumber"));
}

static void check_parent(struct sim *sim, struct stream_model *stream, const struct shard_model *child, const char *id)
{
    const struct shard_model *parent = id[0] ? model_shard(stream, str_of(id)) : NULL;

    if (parent == NULL || parent->hidden)
        return;
    if (!parent->last_seqno[0])
        refute(sim, "%s: %s is open, and so is its child %s", stream->name, id, child->id);
    else if (seqno_cmp(parent->last_seqno, child->first_seqno) >= 0)
        refute(sim, "%s: %s ends at %s and its child %s begins at %s", stream->name, id, parent->last_seqno, child->id,
             child->first_seqno);
}

void model_learn_shards(struct sim *sim, struct stream_model *stream, const struct node *answer)
{
    const struct node *shards = json_get(answer, "Shards");

    for (const struct node *node = shards ? shards->child : NULL; node && !sim->failed; node = node->next)
        if (model_shard(stream, json_text(node, "ShardId")) == NULL)
            saw_shard(sim, stream, node);
}

/* The open shards share the hash space: none of it is in two, or in none. */
static void check_cover(struct sim *sim, const struct stream_model *stream)
{
    u128 sum = 0;

    for (size_t i = 0; i < stream->shard_count; i++) {
        u128 start = 0, end = 0;

        if (stream->shards[i]->last_seqno[0] || stream->shards[i]->hidden)
            continue;
        if (u128_parse(str_of(stream->shards[i]->start_hash), &start) != OK ||
            u128_parse(str_of(stream->shards[i]->end_hash), &end) != OK)
            refute(sim, "%s %s has no range of keys", stream->name, stream->shards[i]->id);
        sum += end - start + 1;
    }
    if (sum != 0 && stream->shard_count > 0)
        refute(sim, "%s: the open shards do not share the space of keys", stream->name);
}

/* By the clock as it is, or was a moment ago, the last record has expired. */
static bool may_be_hidden(struct sim *sim, const struct shard_model *shard)
{
    bool stepped = os_mono_us(sim->os) - sim->clock.stepped_us <= PATIENCE_MS * 1000;

    return shard->seen_open < (stepped ? shard->stream->expired_before : kept_from(sim, shard->stream, false));
}

/* A closed shard is not shown while the last of its records has expired by the clock, right or wrong. It goes for good
 * when the clock could be trusted. */
static void saw_or_not(struct sim *sim, struct shard_model *shard)
{
    bool may_be_gone = shard->seen_open < shard->stream->shards_before || may_be_hidden(sim, shard);

    if (shard->listed && shard->gone)
        refute(sim, "%s %s was gone and is back", shard->stream->name, shard->id);
    shard->hidden = !shard->listed;
    if (shard->listed)
        return;
    for (size_t i = 0; i < shard->known_count; i++)
        may_be_gone = may_be_gone && record_may_be_gone(shard->known[i]);
    if (!may_be_gone)
        refute(sim, "%s %s is not shown any more, was open at %lld, and what was closed before %lld may be gone",
               shard->stream->name, shard->id, (long long)shard->seen_open, (long long)shard->stream->shards_before);
    shard->gone = !may_be_hidden(sim, shard);
}

void model_saw_shards(struct sim *sim, struct stream_model *stream, const struct node *answer)
{
    const struct node *shards = json_get(answer, "Shards");

    for (size_t i = 0; i < stream->shard_count; i++)
        stream->shards[i]->listed = false;
    for (const struct node *node = shards ? shards->child : NULL; node && !sim->failed; node = node->next)
        saw_shard(sim, stream, node);
    for (size_t i = 0; i < stream->shard_count && !sim->failed; i++)
        saw_or_not(sim, stream->shards[i]);
    for (size_t i = 0; i < stream->shard_count && !sim->failed; i++) {
        check_parent(sim, stream, stream->shards[i], stream->shards[i]->parent);
        check_parent(sim, stream, stream->shards[i], stream->shards[i]->adjacent);
    }
    check_cover(sim, stream);
}

static void saw_gone(struct sim *sim, struct stream_model *stream)
{
    if (stream->created && stream->life < LIFE_DELETE_ASKED)
        refute(sim, "%s is gone, and nobody has deleted it", stream->name);
    if (stream->created || stream->life == LIFE_DELETED)
        stream->life = LIFE_DELETED;
}

/* The stream rests, and nobody changes it. */
void model_saw_fact(struct sim *sim, struct stream_model *stream, enum fact_kind kind, int value)
{
    static const char *const names[FACT_COUNT] = {
        [FACT_ENCRYPTED] = "encryption", [FACT_MODE] = "mode", [FACT_POLICY] = "policy"
    };
    struct fact *fact = &stream->facts[kind];

    if (!fact->unsure && fact->value != value)
        refute(sim, "%s: its %s is %d instead of %d", stream->name, names[kind], value, fact->value);
    if (sim->working) /* what nobody knows the end of may still come */
        return;
    *fact = (struct fact){ .value = value };
}

void model_saw_summary(struct sim *sim, struct stream_model *stream, const struct node *answer)
{
    const struct node *summary = json_get(answer, "StreamDescriptionSummary");
    str status = json_text(summary, "StreamStatus");
    uint64_t hours;

    if (summary == NULL) {
        saw_gone(sim, stream);
        return;
    }
    if (stream->life == LIFE_DELETED && !str_eq(status, STR("DELETING")))
        refute(sim, "%s was deleted and is %.*s", stream->name, STR_ARG(status));
    if (stream->active && str_eq(status, STR("CREATING")))
        refute(sim, "%s was ACTIVE and is CREATING", stream->name);
    if (stream->deleting && !str_eq(status, STR("DELETING")))
        refute(sim, "%s was DELETING and is %.*s", stream->name, STR_ARG(status));
    if (str_eq(status, STR("DELETING")) && stream->life < LIFE_DELETE_ASKED)
        refute(sim, "%s is DELETING, and nobody asked", stream->name);
    stream->created = true;
    stream->active = stream->active || str_eq(status, STR("ACTIVE")) || str_eq(status, STR("UPDATING"));
    stream->deleting = str_eq(status, STR("DELETING"));
    if (stream->life == LIFE_ASKED)
        stream->life = LIFE_ALIVE;
    if (stream->busy || str_u64(json_text(summary, "RetentionPeriodHours"), &hours) != OK)
        return;
    if (hours != stream->retention && hours != stream->retention_asked)
        refute(sim, "%s keeps records for %llu hours instead of %llu", stream->name, (unsigned long long)hours,
             (unsigned long long)stream->retention);
    if (str_eq(status, STR("ACTIVE"))) {
        str mode = json_text(json_get(summary, "StreamModeDetails"), "StreamMode");

        model_saw_fact(sim, stream, FACT_ENCRYPTED, str_eq(json_text(summary, "EncryptionType"), STR("KMS")));
        model_saw_fact(sim, stream, FACT_MODE, str_eq(mode, STR("ON_DEMAND")));
    }
    if (sim->working) /* what nobody knows the end of may still come */
        return;
    stream->retention = hours;
    stream->retention_asked = 0;
}

void model_saw_tags(struct sim *sim, struct stream_model *stream, const struct node *answer)
{
    const struct node *tags = json_get(answer, "Tags");
    uint32_t seen = 0, sure = ~stream->tags_unsure;

    for (const struct node *tag = tags ? tags->child : NULL; tag; tag = tag->next) {
        str key = json_text(tag, "Key");

        if (key.size == 2 && key.at[0] == 't' && key.at[1] >= '0' && key.at[1] < '0' + TAGS_MAX)
            seen |= 1u << (key.at[1] - '0');
        else
            refute(sim, "%s has a tag that nobody gave: %.*s", stream->name, STR_ARG(key));
    }
    if ((seen & sure) != (stream->tags & sure))
        refute(sim, "%s has tags %x instead of %x", stream->name, seen, stream->tags);
    stream->tags = seen;
    stream->tags_unsure = 0;
}
