/* ledger.c: what was acknowledged, what was shown, and what follows from that.
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

enum { ANSWER_BYTES_EACH = 200 }; /* beside its data */

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
    record->sent_wall = os_wall_ms(sim->os);
    record->sent_us = os_mono_us(sim->os);
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

void model_acknowledged(struct sim *sim, struct record *record, str shard_id, str seqno)
{
    struct shard_model *shard = model_make_shard(sim, record->stream, shard_id);
    char text[SEQNO_BYTES];

    if (shard == NULL)
        return;
    if (!model_text(text, sizeof(text), seqno)) {
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
    record->acked_us = os_mono_us(sim->os);
    if (os_wall_ms(sim->os) < record->sent_wall)
        record->sent_wall = os_wall_ms(sim->os);
    if (record->sent_wall > shard->seen_open)
        shard->seen_open = record->sent_wall;
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
    shard->bytes += record->size + ANSWER_BYTES_EACH;
    return true;
}

/* When the server says it arrived: seconds in JSON, milliseconds in CBOR. */
static ms arrival_of(const struct node *node)
{
    str text = json_text(node, "ApproximateArrivalTimestamp");
    double number = str_present(text) ? strtod(text.at, NULL) : 0;

    return number < 1e11 ? (ms)(number * 1000 + 0.5) : (ms)number;
}

bool record_may_be_gone(const struct record *record)
{
    return (record->time ? record->time : record->sent_wall) < record->stream->expired_before;
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

struct record *ledger_shown(struct sim *sim, struct shard_model *shard, const struct node *node)
{
    ms time = arrival_of(node);
    str coded = json_text(node, "Data"), key = json_text(node, "PartitionKey");
    char seqno[SEQNO_BYTES], key_text[16];
    struct record *record = NULL;
    char *data = malloc(coded.size + 1);
    size_t size;

    sim->model.reads++;
    if (data == NULL)
        abort();
    if (!model_text(seqno, sizeof(seqno), json_text(node, "SequenceNumber")) || !str_present(coded) ||
        base64_decode(coded, data, &size) != OK)
        refute(sim, "a record cannot be read");
    else
        record = model_record(sim, shard, str_bytes(data, size));
    free(data);
    if (record == NULL || sim->failed)
        return NULL;
    (void)snprintf(key_text, sizeof(key_text), "k%u", record->key);
    if (!str_eq(key, str_of(key_text)))
        refute(sim, "record %llu has another key: %.*s", (unsigned long long)record->id, STR_ARG(key));
    if (time < sim->horizon)
        refute(sim, "record %llu is shown, %lld ms after its time", (unsigned long long)record->id,
               (long long)(sim->horizon - time));
    if (record->time && record->time != time)
        refute(sim, "record %llu arrived at %lld and now at %lld", (unsigned long long)record->id, (long long)record->time,
               (long long)time);
    record->time = time;
    return sim->failed ? NULL : record;
}

static void saw_record(struct sim *sim, struct shard_model *shard, size_t *at, const struct node *node)
{
    struct record *record = ledger_shown(sim, shard, node);
    char seqno[SEQNO_BYTES];
    size_t index;

    if (record == NULL || !model_text(seqno, sizeof(seqno), json_text(node, "SequenceNumber")))
        return;
    while (*at < shard->known_count && shard->known[*at] != record && seqno_cmp(shard->known[*at]->seqno, seqno) < 0 &&
           record_may_be_gone(shard->known[*at]))
        ++*at;
    if (*at < shard->known_count && !record->seen && record_may_be_gone(record) &&
        seqno_cmp(seqno, shard->known[*at]->seqno) < 0)
        return; /* nobody had seen it when its time was over; a longer retention, or the clock, has brought it back */
    index = (*at)++;
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
    saw_record(sim, shard, index, node);
    if (lie && sim->plant == PLANT_SHOWN_TWICE)
        saw_record(sim, shard, index, node);
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
    while (count < shard->known_count && record_may_be_gone(shard->known[count]))
        count++;
    if (count < shard->known_count)
        refute(sim, "%s %s: %zu records were shown before, now %zu", shard->stream->name, shard->id, shard->known_count,
             count);
    for (uint64_t i = 0; i < sim->model.record_count && !sim->failed; i++) {
        const struct record *record = sim->model.records[i];

        if (record->shard == shard && record->fate == FATE_ACKNOWLEDGED && !record->seen &&
            !record_may_be_gone(record))
            refute(sim, "record %llu (%s) was acknowledged and is lost from %s %s", (unsigned long long)record->id,
                 record->seqno, shard->stream->name, shard->id);
    }
    check_order(sim, shard);
}
