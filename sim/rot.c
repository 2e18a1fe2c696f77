/* rot.c: a copy of the disk rots, and a server starts on the copy.
 *
 * Whatever bit has flipped, and wherever a sector cannot be read any more: the server refuses to start and says why, or
 * it serves. What it serves is what was put, in its order; what was acknowledged and is not there any more was told in
 * the log, and is one piece of a shard, for one place on the disk was hurt. Then the disk is put back as it was: a
 * backup was restored, and everything is there again. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "codec/base64.h"
#include "sim.h"

enum { FILES_MAX = 256, NAME_BYTES = 96, ITERATOR_BYTES = 1024, TRIES = 100, SECTOR = 512, TELL_US = 200000 };

struct listing {
    char names[FILES_MAX][NAME_BYTES];
    size_t count;
};

static enum err list_name(void *ctx, const char *name)
{
    struct listing *listing = ctx;

    if (listing->count < FILES_MAX)
        (void)snprintf(listing->names[listing->count++], NAME_BYTES, "/data/%s", name);
    return OK;
}

/* ---- hurting ------------------------------------------------------------------------------------------------------- */

/* Where there are zeros, mostly nothing was written yet. */
static bool is_worth(struct sim *sim, const char *name, uint64_t offset)
{
    struct os_file *file;
    char byte = 0;
    size_t size;

    if (os_open(sim->os, name, OS_READ, &file) != OK)
        return false;
    if (os_read_at(file, &byte, 1, offset, &size) != OK)
        byte = 0;
    os_close(file);
    return byte != 0 || below(sim, 10) == 0;
}

/* Mostly anywhere; now and then near the beginning, where heads and small files are. */
static bool hurt(struct sim *sim, char *ret_what, size_t what_size)
{
    struct listing listing = { .count = 0 };
    struct os_stat stat;

    if (os_list(sim->os, "/data", list_name, &listing) != OK || listing.count == 0)
        return false;
    for (int i = 0; i < TRIES; i++) {
        const char *name = listing.names[below(sim, listing.count)];
        uint64_t offset;
        enum err err;

        if (os_stat(sim->os, name, &stat) != OK || stat.directory || stat.size == 0)
            continue;
        offset = below(sim, below(sim, 4) || stat.size < SECTOR ? stat.size : SECTOR);
        if (!is_worth(sim, name, offset))
            continue;
        if (below(sim, 6))
            err = sim_flip(sim->os, name, offset, (unsigned)below(sim, 8));
        else
            err = sim_break(sim->os, name, offset / SECTOR * SECTOR, SECTOR);
        (void)snprintf(ret_what, what_size, "%s at %llu", name, (unsigned long long)offset);
        if (err == OK)
            return true;
    }
    return false;
}

/* ---- judging ------------------------------------------------------------------------------------------------------- */

struct judge {
    struct sim *sim;
    const char *what;
    uint64_t number;
    size_t missing, gaps; /* gaps: in the shard at hand */
};

/* One record that was shown. `*at`: of the next known one. */
static void judge_record(struct judge *judge, struct shard_model *shard, const struct node *node, size_t *at, char *last)
{
    struct sim *sim = judge->sim;
    str coded = json_text(node, "Data"), number = json_text(node, "SequenceNumber"), key = json_text(node, "PartitionKey");
    char *data = malloc(coded.size + 1), seqno[SEQNO_BYTES] = "", key_text[16] = "";
    struct record *record = NULL;
    size_t size, to = *at;

    if (data == NULL)
        abort();
    if (str_present(coded) && number.size < SEQNO_BYTES && base64_decode(coded, data, &size) == OK)
        record = model_record(sim, shard, str_bytes(data, size));
    free(data);
    if (sim->failed)
        return;
    (void)snprintf(seqno, sizeof(seqno), "%.*s", (int)number.size, number.at);
    if (record)
        (void)snprintf(key_text, sizeof(key_text), "k%u", record->key);
    while (to < shard->known_count && shard->known[to] != record)
        to++;
    if (record == NULL || !str_eq(key, str_of(key_text)) || seqno_cmp(last, seqno) >= 0 ||
        (record->fate == FATE_ACKNOWLEDGED && (record->shard != shard || strcmp(record->seqno, seqno) != 0)) ||
        (record->seen && to == shard->known_count))
        refute(sim, "%s %s shows a wrong record: %s, behind %s", shard->stream->name, shard->id, seqno, last);
    memcpy(last, seqno, sizeof(seqno));
    if (record)
        record->judged = judge->number;
    if (to == shard->known_count)
        return;
    while (*at < to && record_may_be_gone(shard->known[*at]))
        ++*at;
    judge->gaps += to > *at;
    *at = to + 1;
}

static void judge_missing(struct judge *judge, const struct shard_model *shard, size_t at)
{
    const struct model *model = &judge->sim->model;

    for (uint64_t i = 0; i < model->record_count; i++) {
        const struct record *record = model->records[i];

        judge->missing += record->shard == shard && !record_may_be_gone(record) && (record->seen || record->fate == FATE_ACKNOWLEDGED) &&
                          record->judged != judge->number;
    }
    while (at < shard->known_count && record_may_be_gone(shard->known[at]))
        at++;
    judge->gaps += at < shard->known_count;
    if (judge->gaps > 1)
        refute(judge->sim, "rot of %s, one place, has cost %zu pieces of %s %s", judge->what, judge->gaps,
               shard->stream->name, shard->id);
}

static void judge_shard(struct judge *judge, struct shard_model *shard)
{
    struct sim *sim = judge->sim;
    char body[ITERATOR_BYTES + 64], iterator[ITERATOR_BYTES], last[SEQNO_BYTES] = "";
    size_t at = 0;
    const struct node *answer;
    int status;
    bool more = true;

    judge->gaps = 0;
    model_tick(sim);
    (void)snprintf(body, sizeof(body), "{\"StreamName\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"TRIM_HORIZON\"}",
                   shard->stream->name, shard->id);
    answer = verify_get(sim, "GetShardIterator", body, &status);
    while (more && !sim->failed && status == 200) {
        str next = json_text(answer, str_present(json_text(answer, "ShardIterator")) ? "ShardIterator" : "NextShardIterator");
        const struct node *records;

        if (!str_present(next))
            break;
        (void)snprintf(iterator, sizeof(iterator), "%.*s", (int)next.size, next.at);
        (void)snprintf(body, sizeof(body), "{\"ShardIterator\":\"%s\"}", iterator);
        answer = verify_get(sim, "GetRecords", body, &status);
        records = json_get(answer, "Records");
        more = (records && records->child) || !str_eq(json_text(answer, "MillisBehindLatest"), STR("0"));
        for (const struct node *node = records ? records->child : NULL; node && !sim->failed; node = node->next)
            judge_record(judge, shard, node, &at, last);
    }
    judge_missing(judge, shard, at);
}

static void judge_all(struct judge *judge)
{
    struct sim *sim = judge->sim;

    for (size_t i = 0; i < sim->model.stream_count; i++) {
        struct stream_model *stream = &sim->model.streams[i];

        for (size_t j = 0; j < stream->shard_count && stream->life == LIFE_ALIVE && !sim->failed; j++)
            if (!stream->shards[j]->hidden)
                judge_shard(judge, stream->shards[j]);
    }
    (void)sim_run_until(sim->os, TELL_US, NULL, NULL);
    if (judge->missing && sim->told == 0)
        refute(sim, "rot of %s has cost %zu records in silence", judge->what, judge->missing);
}

/* ---- the directory of a newer version ------------------------------------------------------------------------------- */

/* A number of all names and contents. */
static uint32_t digest(struct sim *sim)
{
    struct listing listing = { .count = 0 };
    uint32_t crc = 0;

    if (os_list(sim->os, "/data", list_name, &listing) != OK)
        abort();
    for (size_t i = 0; i < listing.count; i++) {
        char *at;
        size_t size;

        crc = crc32c(crc, listing.names[i], strlen(listing.names[i]));
        if (os_read_file(sim->os, listing.names[i], DISK_FILE_MAX, &at, &size) != OK)
            continue;
        crc = crc32c(crc, at, size);
        free(at);
    }
    return crc;
}

static void newer(struct sim *sim)
{
    uint32_t before;

    note(sim, "the directory is of a newer version");
    if (os_replace_file(sim->os, "/data/format", STR("leat 2\n")) != OK)
        abort();
    before = digest(sim);
    sim->trouble = true;
    if (life_boot(sim) || !sim->stopped || sim->exit_code != 1)
        refute(sim, "a server starts on the directory of a newer version");
    life_end(sim, false);
    if (digest(sim) != before)
        refute(sim, "the directory of a newer version was changed");
}

/* ---- one probe ------------------------------------------------------------------------------------------------------- */

static void probe(struct sim *sim)
{
    char what[NAME_BYTES + 32] = "nothing";
    struct judge judge = { .sim = sim, .what = what, .number = ++sim->model.judges };
    bool late = below(sim, 4) == 0; /* while it runs */

    if (!late && !hurt(sim, what, sizeof(what)))
        return;
    note(sim, "rot: %s", late ? "later" : what);
    sim->trouble = true;
    if (life_boot(sim)) {
        sim->trouble = true;
        if (late && hurt(sim, what, sizeof(what)))
            note(sim, "rot: %s", what);
        judge_all(&judge);
        note(sim, "rot: %zu records missing, %u lines about it", judge.missing, sim->told);
    } else if (!sim->failed && (!sim->stopped || sim->exit_code != 1 || sim->complaints == 0)) {
        refute(sim, "rot of %s: the server does not start, and does not say why", what);
    }
    if (!sim->failed)
        life_end(sim, false);
}

void rot_probe(struct sim *sim)
{
    struct sim_image *image;
    struct os_stat stat;

    if (os_stat(sim->os, "/data/format", &stat) != OK)
        return;
    if (sim_save(sim->os, &image) != OK)
        abort();
    for (uint64_t i = 0, count = 1 + below(sim, 4); i < count && !sim->failed; i++) {
        if (below(sim, 12))
            probe(sim);
        else
            newer(sim);
        if (!sim->failed && sim_restore(sim->os, image) != OK)
            abort();
    }
    sim_forget(image);
}
