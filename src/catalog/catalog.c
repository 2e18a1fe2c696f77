#include "catalog/catalog.h"

#include <assert.h>
#include <stdlib.h>

#include "catalog/keys.h"
#include "catalog/room.h"
#include "shape/decode.h"

enum { ACCOUNT_RECORD_BYTES_MAX = 4096 };

/* Transitions that were under way when the last server stopped go on from here. */
static void store_opened(void *ctx, enum err err)
{
    struct catalog *catalog = ctx;

    catalog->opened = err == OK;
    for (struct map_node *node = map_next(&catalog->by_id, NULL); node && err == OK;
         node = map_next(&catalog->by_id, node)) {
        struct stream *stream = container_of(node, struct stream, by_id);

        if (stream->record == NULL)
            continue;
        transition_arm_stream(stream, /* waited: */ false);
        expiry_arm(stream);
        for (struct tree_node *at = tree_first(&stream->consumers); at; at = tree_next(at))
            transition_arm_consumer(container_of(at, struct consumer, node), /* waited: */ false);
    }
    catalog->opened_call(catalog->config.ctx, err);
}

static void store_failed(void *ctx, enum err err, str sentence)
{
    struct catalog *catalog = ctx;

    catalog->stopped = true; /* what the objects say is not the state that was acknowledged: nothing may follow from it */
    catalog->config.failed(catalog->config.ctx, err, sentence);
}

static void store_reports(void *ctx, int level, str sentence)
{
    struct catalog *catalog = ctx;

    if (catalog->config.report)
        catalog->config.report(catalog->config.ctx, level, sentence);
}

enum err catalog_open(const struct catalog_config *config, void (*opened)(void *ctx, enum err err),
                      struct catalog **ret_catalog)
{
    struct catalog *catalog = calloc(1, sizeof(*catalog));
    struct store_config store = { .os = config->os,
                                  .loop = config->loop,
                                  .worker = config->worker,
                                  .log = config->log,
                                  .log_id = CATALOG_LOG,
                                  .dir = config->dir,
                                  .name = "catalog",
                                  .seed = config->seed,
                                  .snapshot_bytes_min = config->snapshot_bytes_min,
                                  .changed = view_changed,
                                  .failed = store_failed,
                                  .report = store_reports,
                                  .ctx = catalog };
    enum err err;

    if (catalog == NULL)
        return ERR_NO_MEMORY;
    catalog->config = *config;
    catalog->opened_call = opened;
    tree_init(&catalog->streams, config->seed);
    map_init(&catalog->by_id, config->seed);
    *ret_catalog = catalog; /* `opened` may be called before we return */
    err = store_open(&store, store_opened, &catalog->store);
    if (err != OK) {
        *ret_catalog = NULL;
        free(catalog);
    }
    return err;
}

void catalog_stop(struct catalog *catalog)
{
    catalog->stopped = true;
    store_stop(catalog->store);
}

void catalog_close(struct catalog *catalog)
{
    catalog_stop(catalog);
    store_close(catalog->store);
    view_free(catalog);
    free(catalog);
}

struct store *catalog_store(struct catalog *catalog)
{
    return catalog->store;
}

int64_t catalog_transition_ms(const struct catalog *catalog)
{
    return catalog->config.transition_ms;
}

/* Streams whose data expires together share files: by retention in days, on a scale of powers of two. */
static uint8_t retention_class(int64_t hours)
{
    uint8_t class = 1;

    while (hours > 24 && class < 12) {
        hours /= 2;
        class ++;
    }
    return class;
}

struct log_horizon catalog_horizon(const struct catalog *catalog, log_id id, ms now)
{
    struct stream *stream;

    if (id == CATALOG_LOG)
        return (struct log_horizon){ .before = store_needed_from(catalog->store) };
    if (!catalog_is_live(catalog))
        return (struct log_horizon){ 0 };
    stream = catalog_stream_by_id(catalog, id >> 32);
    if (stream == NULL || stream->record == NULL || stream_shard(stream, (uint32_t)id) == NULL)
        return (struct log_horizon){ .gone = true };
    return (struct log_horizon){ .before_time = now - stream_retention_ms(stream),
                                 .retention_class = retention_class(stream->record->retention_hours.value) };
}

/* ---- finding --------------------------------------------------------------------------------------------------- */

/* The objects are keyed like the store, without the leading "stream/". */
static str view_key(const struct key *key)
{
    return str_slice(key_str(key), STR("stream/").size, key->size);
}

struct stream *catalog_stream(const struct catalog *catalog, str account, str region, str name)
{
    struct key key = key_stream(account, region, name);
    struct tree_node *node = tree_find(&catalog->streams, view_key(&key));

    return node ? container_of(node, struct stream, node) : NULL;
}

struct stream *catalog_stream_by_id(const struct catalog *catalog, uint64_t id)
{
    struct map_node *node = map_find(&catalog->by_id, str_bytes(&id, sizeof(id)));

    return node ? container_of(node, struct stream, by_id) : NULL;
}

struct stream *catalog_next_stream(const struct catalog *catalog, str account, str region, str after)
{
    struct key key = key_stream(account, region, after);
    struct key prefix = key_stream(account, region, STR(""));
    struct tree_node *node = tree_seek(&catalog->streams, view_key(&key), /* after: */ str_present(after));

    return node && str_starts(node->key, view_key(&prefix)) ? container_of(node, struct stream, node) : NULL;
}

struct stream *catalog_each_stream(const struct catalog *catalog, const struct stream *after)
{
    struct tree_node *node = after ? tree_next(&after->node) : tree_first(&catalog->streams);

    return node ? container_of(node, struct stream, node) : NULL;
}

size_t stream_shard_from(const struct stream *stream, uint32_t index)
{
    size_t low = 0, high = stream->shard_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (stream->shards[middle]->index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct shard *stream_shard(const struct stream *stream, uint32_t index)
{
    size_t at = stream_shard_from(stream, index);

    return at < stream->shard_count && stream->shards[at]->index == index ? stream->shards[at] : NULL;
}

static int by_start(const void *left, const void *right)
{
    const struct shard *a = *(struct shard *const *)left, *b = *(struct shard *const *)right;

    return (a->start > b->start) - (a->start < b->start);
}

struct shard *const *stream_open_shards(struct stream *stream, size_t *ret_count)
{
    if (stream->record->status.value == STREAM_CREATING) { /* some are there already, but not all */
        *ret_count = 0;
        return stream->open;
    }
    if (stream->open_stale) {
        struct shard **open = realloc(stream->open, (stream->shard_count + 1) * sizeof(*open));

        stream->open_count = 0;
        if (open) {
            stream->open = open;
            stream->open_stale = false;
            for (size_t i = 0; i < stream->shard_count; i++)
                if (stream->shards[i]->closed_at == 0)
                    open[stream->open_count++] = stream->shards[i];
            qsort(open, stream->open_count, sizeof(struct shard *), by_start);
        }
    }
    *ret_count = stream->open_count;
    return stream->open;
}

struct shard *stream_shard_for(struct stream *stream, u128 hash)
{
    size_t high, low = 0;
    struct shard *const *open = stream_open_shards(stream, &high);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (hash < open[middle]->start)
            high = middle;
        else if (hash > open[middle]->end)
            low = middle + 1;
        else
            return open[middle];
    }
    return NULL;
}

struct consumer *stream_consumer(const struct stream *stream, str name)
{
    struct tree_node *node = tree_find(&stream->consumers, name);

    return node ? container_of(node, struct consumer, node) : NULL;
}

struct consumer *stream_next_consumer(const struct stream *stream, str after)
{
    struct tree_node *node = tree_seek(&stream->consumers, after, /* after: */ str_present(after));

    return node ? container_of(node, struct consumer, node) : NULL;
}

struct catalog_account_record *catalog_account(const struct catalog *catalog, str account, str region,
                                               struct arena *arena)
{
    struct key key = key_account(account, region);
    const struct store_entry *entry = store_find(catalog->store, key_str(&key));
    struct catalog_account_record *record = ARENA_NEW(arena, struct catalog_account_record);
    str message;
    str copy;

    if (entry == NULL || record == NULL)
        return record;
    copy = arena_str(arena, entry->value);
    if (!str_present(copy) || shape_decode(&format_aws_cbor, &catalog_account_record_shape, (char *)(uintptr_t)copy.at,
                                           copy.size, arena, record, &message) != OK)
        return NULL;
    return record;
}
