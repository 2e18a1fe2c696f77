/* model.c: what was acknowledged, what was shown, and what follows from that.
 *
 * The centre is `known` of each shard: the records that readers were shown, from the first, in order. Whoever reads
 * again must be shown the same at the same place, for ever; so a record that vanishes, moves, changes, comes twice or
 * is passed over by an iterator disagrees with it. Moments are counted, not measured: a put is sent at one and
 * acknowledged at another, and of two puts that did not overlap the order is known. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/u128.h"
#include "codec/base64.h"
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

struct stream_model *model_new_stream(struct sim *sim)
{
    struct stream_model *stream;

    if (sim->model.stream_count == STREAMS_MAX)
        return NULL;
    stream = &sim->model.streams[sim->model.stream_count];
    *stream = (struct stream_model){ .retention = 24 };
    (void)snprintf(stream->name, sizeof(stream->name), "s%zu", sim->model.stream_count++);
    return stream;
}

/* ---- records ------------------------------------------------------------------------------------------------------ */

struct record *model_new_record(struct sim *sim, struct stream_model *stream, uint32_t key, uint32_t size)
{
    struct model *model = &sim->model;
    struct record *record = calloc(1, sizeof(*record));

    if (model->record_count == model->record_capacity) {
        uint64_t capacity = model->record_capacity ? model->record_capacity * 2 : 1024;
        struct record **grown = realloc(model->records, (size_t)capacity * sizeof(struct record *));

        if (grown == NULL) {
            free(record);
            return NULL;
        }
        model->records = grown;
        model->record_capacity = capacity;
    }
    if (record == NULL)
        return NULL;
    *record = (struct record){ .id = model->record_count, .stream = stream, .key = key, .size = size < 24 ? 24 : size };
    record->sent = ++model->moment;
    record->acked = UINT64_MAX;
    model->records[model->record_count++] = record;
    return record;
}

/* "id " and then letters that follow from it. */
void record_data(const struct record *record, char *to)
{
    uint64_t state = record->id * 0x9e3779b97f4a7c15u + 1;
    int at = snprintf(to, 24, "%llu ", (unsigned long long)record->id);

    for (size_t i = (size_t)at; i < record->size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        to[i] = (char)('a' + (state >> 33) % 26);
    }
}

int seqno_cmp(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);

    if (a_size != b_size)
        return a_size < b_size ? -1 : 1;
    return strcmp(a, b);
}

static bool take_text(char *to, size_t size, str text)
{
    if (!str_present(text) || text.size >= size)
        return false;
    memcpy(to, text.at, text.size);
    to[text.size] = 0;
    return true;
}

static struct shard_model *shard_of(struct sim *sim, struct stream_model *stream, str id)
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
    (void)take_text(shard->id, sizeof(shard->id), id);
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

void model_acknowledged(struct sim *sim, struct record *record, str shard_id, str seqno)
{
    struct shard_model *shard = shard_of(sim, record->stream, shard_id);
    char text[SEQNO_BYTES];

    if (shard == NULL)
        return;
    if (!take_text(text, sizeof(text), seqno)) {
        refute(sim, "record %llu was acknowledged without a number", (unsigned long long)record->id);
        return;
    }
    if (record->seen && (record->shard != shard || strcmp(text, record->seqno) != 0))
        refute(sim, "record %llu was shown as %s and acknowledged as %s", (unsigned long long)record->id, record->seqno,
             text);
    if (!record->stream->active)
        record->stream->looks++;
    record->stream->created = record->stream->active = true;
    record->fate = FATE_ACKNOWLEDGED;
    record->shard = shard;
    record->acked = ++sim->model.moment;
    memcpy(record->seqno, text, sizeof(text));
    sim->model.acknowledged++;
}

struct record *model_record(struct sim *sim, const struct shard_model *shard, str data)
{
    str rest = data;
    uint64_t id;
    struct record *record;
    char *expected;
    bool same;

    if (str_u64(str_cut(&rest, ' '), &id) != OK || id >= sim->model.record_count) {
        refute(sim, "%s %s holds what nobody has put: %.*s", shard->stream->name, shard->id, 40, data.at);
        return NULL;
    }
    record = sim->model.records[id];
    expected = malloc(record->size);
    if (expected == NULL)
        abort();
    record_data(record, expected);
    same = str_eq(data, str_bytes(expected, record->size));
    free(expected);
    if (!same || record->stream != shard->stream) {
        refute(sim, "record %llu is not what was put, or where it was put", (unsigned long long)id);
        return NULL;
    }
    return record;
}

static bool known_add(struct shard_model *shard, struct record *record)
{
    if (shard->known_count == shard->known_capacity) {
        size_t capacity = shard->known_capacity ? shard->known_capacity * 2 : 64;
        struct record **grown = realloc(shard->known, capacity * sizeof(struct record *));

        if (grown == NULL)
            return false;
        shard->known = grown;
        shard->known_capacity = capacity;
    }
    shard->known[shard->known_count++] = record;
    return true;
}

/* Does the key belong into the shard's range? */
static bool is_within(const struct shard_model *shard, const struct record *record)
{
    uint8_t digest[16];
    char key[16];
    int size = snprintf(key, sizeof(key), "k%u", record->key);
    u128 start, end, hash;

    if (EVP_Digest(key, (size_t)size, digest, NULL, EVP_md5(), NULL) != 1 ||
        u128_parse(str_of(shard->start_hash), &start) != OK || u128_parse(str_of(shard->end_hash), &end) != OK)
        return false;
    hash = u128_load_be(digest);
    return start <= hash && hash <= end;
}

/* A record at the end of what was known of its shard. */
static void saw_new(struct sim *sim, struct shard_model *shard, struct record *record, const char *seqno)
{
    unsigned long long id = record->id;
    const struct record *before = shard->known_count ? shard->known[shard->known_count - 1] : NULL;

    if (record->fate == FATE_REFUSED)
        refute(sim, "record %llu was refused, and is there", id);
    if (record->seen)
        refute(sim, "record %llu is there twice: %s in %s and %s in %s", id, record->seqno, record->shard->id, seqno, shard->id);
    if (record->fate == FATE_ACKNOWLEDGED && (record->shard != shard || strcmp(record->seqno, seqno) != 0))
        refute(sim, "record %llu was acknowledged as %s in %s and is %s in %s", id, record->seqno, record->shard->id,
             seqno, shard->id);
    if (before && seqno_cmp(before->seqno, seqno) >= 0)
        refute(sim, "record %llu has %s, behind %s", id, seqno, before->seqno);
    if (shard->start_hash[0] && !is_within(shard, record))
        refute(sim, "record %llu has no place in %s: its key belongs elsewhere", id, shard->id);
    if (shard->first_seqno[0] && seqno_cmp(shard->first_seqno, seqno) > 0)
        refute(sim, "record %llu stands before its shard begins", id);
    if (shard->last_seqno[0] && seqno_cmp(shard->last_seqno, seqno) < 0)
        refute(sim, "record %llu stands behind the end of its shard %s", id, shard->id);
    record->shard = shard;
    record->seen = true;
    (void)snprintf(record->seqno, sizeof(record->seqno), "%s", seqno);
    if (!known_add(shard, record))
        abort();
}

static void saw_record(struct sim *sim, struct shard_model *shard, size_t index, const struct node *node)
{
    str coded = json_text(node, "Data"), key = json_text(node, "PartitionKey");
    char seqno[SEQNO_BYTES], key_text[16];
    struct record *record = NULL;
    char *data = malloc(coded.size + 1);
    size_t size;

    sim->model.reads++;
    if (data == NULL)
        abort();
    if (!take_text(seqno, sizeof(seqno), json_text(node, "SequenceNumber")) || !str_present(coded) ||
        base64_decode(coded, data, &size) != OK)
        refute(sim, "a record cannot be read");
    else
        record = model_record(sim, shard, str_bytes(data, size));
    free(data);
    if (record == NULL || sim->failed)
        return;
    (void)snprintf(key_text, sizeof(key_text), "k%u", record->key);
    if (!str_eq(key, str_of(key_text)))
        refute(sim, "record %llu has another key: %.*s", (unsigned long long)record->id, STR_ARG(key));
    if (index < shard->known_count) {
        const struct record *known = shard->known[index];

        if (known != record || strcmp(known->seqno, seqno) != 0)
            refute(sim, "%s %s: number %zu was record %llu (%s) and is %llu (%s)", shard->stream->name, shard->id, index,
                 (unsigned long long)known->id, known->seqno, (unsigned long long)record->id, seqno);
    } else if (index > shard->known_count) {
        refute(sim, "the simulator has lost its place");
    } else {
        saw_new(sim, shard, record, seqno);
    }
}

/* The planted lies of readers are told here. */
void model_saw_record(struct sim *sim, struct shard_model *shard, size_t *index, const struct node *node)
{
    bool lie = sim->plant >= PLANT_SHOWN_NOT && below(sim, 300) == 0;

    if (lie && sim->plant == PLANT_SHOWN_NOT)
        return;
    if (lie && sim->plant == PLANT_SHOWN_CHANGED && str_present(json_text(node, "Data")))
        *(char *)(uintptr_t)json_text(node, "Data").at ^= 1;
    saw_record(sim, shard, (*index)++, node);
    if (lie && sim->plant == PLANT_SHOWN_TWICE)
        saw_record(sim, shard, (*index)++, node);
}

/* Of puts that did not overlap, the earlier stands before. */
static void check_order(struct sim *sim, const struct shard_model *shard)
{
    const struct record *latest = NULL;

    for (size_t i = 0; i < shard->known_count; i++) {
        const struct record *record = shard->known[i];

        if (latest && record->acked < latest->sent)
            refute(sim, "%s %s: record %llu was acknowledged before %llu was sent, and stands behind it",
                 shard->stream->name, shard->id, (unsigned long long)record->id, (unsigned long long)latest->id);
        if (latest == NULL || record->sent > latest->sent)
            latest = record;
    }
}

void model_saw_all(struct sim *sim, struct shard_model *shard, size_t count)
{
    if (count < shard->known_count)
        refute(sim, "%s %s: %zu records were shown before, now %zu", shard->stream->name, shard->id, shard->known_count,
             count);
    for (uint64_t i = 0; i < sim->model.record_count && !sim->failed; i++) {
        const struct record *record = sim->model.records[i];

        if (record->shard == shard && record->fate == FATE_ACKNOWLEDGED && !record->seen)
            refute(sim, "record %llu (%s) was acknowledged and is lost from %s %s", (unsigned long long)record->id,
                 record->seqno, shard->stream->name, shard->id);
    }
    check_order(sim, shard);
}

/* ---- streams ------------------------------------------------------------------------------------------------------ */

/* A text that may not change once it is there. */
static void keep(struct sim *sim, const struct shard_model *shard, const char *what, char *kept, size_t size, str text)
{
    char now[SEQNO_BYTES] = "";

    if (str_present(text))
        (void)take_text(now, sizeof(now), text);
    if (kept[0] && strcmp(kept, now) != 0)
        refute(sim, "%s %s: %s was %s and is '%s'", shard->stream->name, shard->id, what, kept, now);
    else if (!kept[0])
        (void)snprintf(kept, size, "%s", now);
}

static void saw_shard(struct sim *sim, struct stream_model *stream, const struct node *node)
{
    struct shard_model *shard = shard_of(sim, stream, json_text(node, "ShardId"));
    const struct node *hash = json_get(node, "HashKeyRange"), *numbers = json_get(node, "SequenceNumberRange");

    if (shard == NULL)
        return;
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

    if (parent == NULL)
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

        if (stream->shards[i]->last_seqno[0])
            continue;
        if (u128_parse(str_of(stream->shards[i]->start_hash), &start) != OK ||
            u128_parse(str_of(stream->shards[i]->end_hash), &end) != OK)
            refute(sim, "%s %s has no range of keys", stream->name, stream->shards[i]->id);
        sum += end - start + 1;
    }
    if (sum != 0 && stream->shard_count > 0)
        refute(sim, "%s: the open shards do not share the space of keys", stream->name);
}

void model_saw_shards(struct sim *sim, struct stream_model *stream, const struct node *answer)
{
    const struct node *shards = json_get(answer, "Shards");
    size_t count = 0;

    for (const struct node *node = shards ? shards->child : NULL; node && !sim->failed; node = node->next, count++)
        saw_shard(sim, stream, node);
    for (size_t i = 0; i < stream->shard_count && !sim->failed; i++) {
        check_parent(sim, stream, stream->shards[i], stream->shards[i]->parent);
        check_parent(sim, stream, stream->shards[i], stream->shards[i]->adjacent);
    }
    check_cover(sim, stream);
    if (count != stream->shard_count)
        refute(sim, "%s has had %zu shards and shows %zu", stream->name, stream->shard_count, count);
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
