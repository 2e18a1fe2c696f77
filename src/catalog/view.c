/* view.c: the objects follow the fold, record by record.
 *
 * A stream's record comes before those of its shards and consumers in the transaction that makes it, and in a
 * snapshot "consumer/" and "shard/" sort before "stream/": so a shard or consumer may arrive first. It then finds an
 * object without a record yet, made for its stream's id, which is completed when the stream's record follows. */
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/grow.h"
#include "catalog/keys.h"
#include "catalog/room.h"
#include "shape/decode.h"

enum { RECORD_ARENA_MAX = 1 << 20 };

static void event(struct stream *stream, enum catalog_event what, void *object)
{
    struct catalog *catalog = stream->catalog;

    if (catalog_is_live(catalog))
        catalog->config.event(catalog->config.ctx, what, stream, object);
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

static void due(struct os_timer *timer)
{
    transition_arm_stream(container_of(timer, struct stream, due), /* waited: */ true);
}

static void expiry(struct os_timer *timer)
{
    expiry_arm(container_of(timer, struct stream, expiry));
}

static struct stream *stream_of_id(struct catalog *catalog, uint64_t id)
{
    struct map_node *node = map_find(&catalog->by_id, str_bytes(&id, sizeof(id)));
    struct stream *stream;

    if (node)
        return container_of(node, struct stream, by_id);
    stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return NULL;
    stream->id = id;
    stream->catalog = catalog;
    stream->due.fire = due;
    stream->expiry.fire = expiry;
    arena_init(&stream->memory, RECORD_ARENA_MAX);
    tree_init(&stream->consumers, catalog->config.seed);
    if (map_add(&catalog->by_id, &stream->by_id, str_bytes(&stream->id, sizeof(stream->id))) != OK) {
        free(stream);
        return NULL;
    }
    return stream;
}

static void consumer_free(struct consumer *consumer)
{
    os_timer_stop(&consumer->due);
    tree_remove(&consumer->stream->consumers, &consumer->node);
    arena_deinit(&consumer->memory);
    free(consumer);
}

static void stream_free(struct stream *stream)
{
    struct tree_node *node;

    os_timer_stop(&stream->due);
    os_timer_stop(&stream->expiry);
    while ((node = tree_first(&stream->consumers)))
        consumer_free(container_of(node, struct consumer, node));
    for (size_t i = 0; i < stream->shard_count; i++)
        free(stream->shards[i]);
    free(stream->shards);
    free(stream->open);
    if (stream->record)
        tree_remove(&stream->catalog->streams, &stream->node);
    map_remove(&stream->catalog->by_id, &stream->by_id);
    arena_deinit(&stream->memory);
    free(stream);
}

/* A decoded copy of a record, in `memory`. */
static void *record_decode(const struct shape *shape, str bytes, struct arena *memory, enum err *ret_err)
{
    void *record = arena_alloc(memory, shape->size);
    str copy = arena_str(memory, bytes);
    str message;

    *ret_err = ERR_NO_MEMORY;
    if (record == NULL || !str_present(copy))
        return NULL;
    *ret_err = shape_decode(&format_aws_cbor, shape, (char *)(uintptr_t)copy.at, copy.size, memory, record, &message);
    return *ret_err == OK ? record : NULL;
}

static enum err stream_set(struct catalog *catalog, str key, str now)
{
    struct arena memory;
    struct catalog_stream_record *record;
    struct stream *stream;
    enum err err;
    bool fresh;

    arena_init(&memory, RECORD_ARENA_MAX);
    record = record_decode(&catalog_stream_record_shape, now, &memory, &err);
    key = arena_str(&memory, key);
    stream = record && str_present(key) ? stream_of_id(catalog, (uint64_t)record->id.value) : NULL;
    if (stream == NULL) {
        arena_deinit(&memory);
        return err != OK ? err : ERR_NO_MEMORY;
    }
    fresh = stream->record == NULL;
    if (!fresh)
        tree_remove(&catalog->streams, &stream->node);
    arena_deinit(&stream->memory);
    stream->memory = memory;
    stream->record = record;
    if (tree_add(&catalog->streams, &stream->node, key) != OK)
        return ERR_CORRUPT;
    transition_arm_stream(stream, /* waited: */ false);
    expiry_arm(stream);
    event(stream, STREAM_CHANGED, stream);
    return OK;
}

static void stream_unset(struct catalog *catalog, str key)
{
    struct tree_node *node = tree_find(&catalog->streams, key);
    struct stream *stream = node ? container_of(node, struct stream, node) : NULL;

    if (stream == NULL)
        return;
    for (size_t i = 0; i < stream->shard_count; i++)
        event(stream, SHARD_GONE, stream->shards[i]);
    event(stream, STREAM_GONE, stream);
    stream_free(stream);
}

/* ---- shards ---------------------------------------------------------------------------------------------------- */

static enum err shard_insert(struct stream *stream, struct shard *shard)
{
    size_t at = stream_shard_from(stream, shard->index);

    TRY(GROW(stream->shards, stream->shard_count, stream->shard_capacity, 4));
    memmove(stream->shards + at + 1, stream->shards + at, (stream->shard_count - at) * sizeof(*stream->shards));
    stream->shards[at] = shard;
    stream->shard_count++;
    return OK;
}

static enum err shard_set(struct stream *stream, uint32_t index, str now)
{
    struct arena memory;
    struct catalog_shard_record *record;
    struct shard *shard = stream_shard(stream, index);
    enum err err;

    arena_init(&memory, RECORD_ARENA_MAX);
    record = record_decode(&catalog_shard_record_shape, now, &memory, &err);
    if (record == NULL || record->start.size != 16 || record->end.size != 16) {
        arena_deinit(&memory);
        return err != OK ? err : ERR_CORRUPT;
    }
    if (shard == NULL) {
        shard = calloc(1, sizeof(*shard));
        if (shard) {
            shard->index = index;
            shard->stream = stream;
            err = shard_insert(stream, shard);
        }
        if (shard == NULL || err != OK) {
            free(shard);
            arena_deinit(&memory);
            return ERR_NO_MEMORY;
        }
    }
    shard->parent = record->parent.present ? record->parent.value : SHARD_NONE;
    shard->adjacent = record->adjacent.present ? record->adjacent.value : SHARD_NONE;
    shard->start = u128_load_be((const uint8_t *)record->start.at);
    shard->end = u128_load_be((const uint8_t *)record->end.at);
    shard->created_s = record->created_second.value;
    shard->closed_at = record->closed_at.present ? record->closed_at.value : 0;
    stream->open_stale = true;
    arena_deinit(&memory);
    event(stream, SHARD_CHANGED, shard);
    return OK;
}

static void shard_unset(struct stream *stream, uint32_t index)
{
    struct shard *shard = stream_shard(stream, index);
    size_t at = stream_shard_from(stream, index);

    if (shard == NULL)
        return;
    event(stream, SHARD_GONE, shard);
    memmove(stream->shards + at, stream->shards + at + 1, (stream->shard_count - at - 1) * sizeof(*stream->shards));
    stream->shard_count--;
    stream->open_stale = true;
    free(shard);
}

/* ---- consumers ------------------------------------------------------------------------------------------------- */

static void consumer_due(struct os_timer *timer)
{
    transition_arm_consumer(container_of(timer, struct consumer, due), /* waited: */ true);
}

static enum err consumer_set(struct stream *stream, str now)
{
    struct arena memory;
    struct catalog_consumer_record *record;
    struct consumer *consumer;
    enum err err;

    arena_init(&memory, RECORD_ARENA_MAX);
    record = record_decode(&catalog_consumer_record_shape, now, &memory, &err);
    consumer = record ? stream_consumer(stream, record->name) : NULL;
    if (record && consumer == NULL) {
        consumer = calloc(1, sizeof(*consumer));
        if (consumer) {
            consumer->stream = stream;
            consumer->due.fire = consumer_due;
        }
    } else if (consumer) {
        tree_remove(&stream->consumers, &consumer->node);
        arena_deinit(&consumer->memory);
    }
    if (consumer == NULL) {
        arena_deinit(&memory);
        return err != OK ? err : ERR_NO_MEMORY;
    }
    consumer->memory = memory;
    consumer->record = record;
    if (tree_add(&stream->consumers, &consumer->node, record->name) != OK)
        return ERR_CORRUPT;
    transition_arm_consumer(consumer, /* waited: */ false);
    event(stream, CONSUMER_CHANGED, consumer);
    return OK;
}

static void consumer_unset(struct stream *stream, str name)
{
    struct consumer *consumer = stream_consumer(stream, name);

    if (consumer == NULL)
        return;
    event(stream, CONSUMER_GONE, consumer);
    consumer_free(consumer);
}

/* ---- the fold -------------------------------------------------------------------------------------------------- */

/* "<16 hex digits>/<rest>" */
static bool split_id(str text, uint64_t *ret_id, str *ret_rest)
{
    uint8_t bytes[8];

    if (text.size < 18 || text.at[16] != '/' || str_unhex(str_slice(text, 0, 16), bytes) != OK)
        return false;
    *ret_id = load_be64(bytes);
    *ret_rest = str_slice(text, 17, text.size);
    return true;
}

/* True if `key` begins with `prefix`; then `ret_rest` is what follows. */
static bool under(str key, str prefix, str *ret_rest)
{
    *ret_rest = str_slice(key, prefix.size, key.size);
    return str_starts(key, prefix);
}

static enum err shard_changed(struct catalog *catalog, str rest, str now)
{
    uint64_t id;
    uint8_t index[4];
    str tail;
    struct stream *stream;

    if (!split_id(rest, &id, &tail) || tail.size != 8 || str_unhex(tail, index) != OK)
        return ERR_CORRUPT;
    if (!str_present(now)) {
        stream = catalog_stream_by_id(catalog, id);
        if (stream)
            shard_unset(stream, load_be32(index));
        return OK;
    }
    stream = stream_of_id(catalog, id);
    return stream ? shard_set(stream, load_be32(index), now) : ERR_NO_MEMORY;
}

static enum err consumer_changed(struct catalog *catalog, str rest, str now)
{
    uint64_t id;
    str name;
    struct stream *stream;

    if (!split_id(rest, &id, &name))
        return ERR_CORRUPT;
    if (!str_present(now)) {
        stream = catalog_stream_by_id(catalog, id);
        if (stream)
            consumer_unset(stream, name);
        return OK;
    }
    stream = stream_of_id(catalog, id);
    return stream ? consumer_set(stream, now) : ERR_NO_MEMORY;
}

enum err view_changed(void *ctx, str key, str was, str now, ms time)
{
    struct catalog *catalog = ctx;
    enum err err = OK;
    str rest;

    (void)was;
    (void)time;
    if (under(key, STR("stream/"), &rest)) {
        if (str_present(now))
            err = stream_set(catalog, rest, now);
        else
            stream_unset(catalog, rest);
    } else if (under(key, STR("shard/"), &rest)) {
        err = shard_changed(catalog, rest, now);
    } else if (under(key, STR("consumer/"), &rest)) {
        err = consumer_changed(catalog, rest, now);
    }
    return err;
}

void view_free(struct catalog *catalog)
{
    struct map_node *node;

    while ((node = map_next(&catalog->by_id, NULL)))
        stream_free(container_of(node, struct stream, by_id));
    map_deinit(&catalog->by_id);
}
