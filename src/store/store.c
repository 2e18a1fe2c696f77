/* store.c: the fold, and the transactions that wait for it.
 *
 *   commit --> log --durable--> fold --+--> versions as read: writes applied, `changed`, done(OK)
 *                                      +--> else: nothing applied, done(CONFLICT)
 *
 * There is one way into the state: reading the log. So this process's own transactions take the same path as those
 * of any other, and a start is nothing but a long fold. */
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/keeper.h"
#include "store/record.h"
#include "store/snapshot.h"

enum { FOLD_BATCHES_MAX = 256, FOLD_BYTES_MAX = 1 << 20 };

struct store {
    struct store_config config;
    struct tree entries;
    size_t value_bytes;  /* of all entries: what a snapshot would weigh */
    log_pos folded_to;   /* everything before is folded in */
    uint64_t next_id;    /* of a transaction; random start, so that other writers' do not match */
    struct list pending; /* transactions submitted and not yet folded, oldest first */
    struct list refused; /* those that never reached the log, until `refusing` fires */
    struct os_timer refusing;
    struct log_watch watch;
    struct log_read read;
    bool reading, opened, failed;
    struct store_loss loss;
    struct keeper keeper; /* the snapshots */
    void (*opened_call)(void *ctx, enum err err);
};

static void pump(struct store *store);

/* ---- state ----------------------------------------------------------------------------------------------------- */

const struct store_entry *store_find(const struct store *store, str key)
{
    struct tree_node *node = tree_find(&store->entries, key);

    return node ? container_of(node, struct store_entry, node) : NULL;
}

const struct store_entry *store_seek(const struct store *store, str key, bool after, str prefix)
{
    struct tree_node *node = tree_seek(&store->entries, key, after);

    return node && str_starts(node->key, prefix) ? container_of(node, struct store_entry, node) : NULL;
}

size_t store_count(const struct store *store)
{
    return store->entries.count;
}

log_pos store_needed_from(const struct store *store)
{
    return keeper_needed_from(&store->keeper);
}

static void entry_free(struct store_entry *entry)
{
    free((void *)(uintptr_t)entry->value.at);
    free(entry);
}

/* A malloc of its own for bytes, never NULL for an empty str. */
static char *bytes_copy(str s)
{
    char *at = malloc(s.size ? s.size : 1);

    if (at && s.size)
        memcpy(at, s.at, s.size);
    return at;
}

static enum err entry_set(struct store *store, str key, str value, log_pos version)
{
    struct tree_node *node = tree_find(&store->entries, key);
    struct store_entry *entry;
    char *at = bytes_copy(value);

    if (at == NULL)
        return ERR_NO_MEMORY;
    if (node) {
        entry = container_of(node, struct store_entry, node);
        store->value_bytes -= entry->value.size;
        free((void *)(uintptr_t)entry->value.at);
    } else {
        entry = malloc(sizeof(*entry) + key.size);
        if (entry == NULL) {
            free(at);
            return ERR_NO_MEMORY;
        }
        memcpy(entry + 1, key.at, key.size);
        if (tree_add(&store->entries, &entry->node, str_bytes(entry + 1, key.size)) != OK)
            abort();
    }
    entry->value = str_bytes(at, value.size);
    entry->version = version;
    store->value_bytes += value.size;
    return OK;
}

static void entry_remove(struct store *store, str key)
{
    struct tree_node *node = tree_find(&store->entries, key);
    struct store_entry *entry;

    if (node == NULL)
        return;
    entry = container_of(node, struct store_entry, node);
    store->value_bytes -= entry->value.size;
    tree_remove(&store->entries, node);
    entry_free(entry);
}

/* ---- the fold -------------------------------------------------------------------------------------------------- */

static void fail(struct store *store, enum err err, const char *sentence)
{
    if (store->failed)
        return;
    store->failed = true;
    store->config.failed(store->config.ctx, err, str_of(sentence));
}

static void store_report(const struct store *store, int level, const char *sentence)
{
    if (store->config.report)
        store->config.report(store->config.ctx, level, str_of(sentence));
}

/* OK, or CONFLICT. CORRUPT: it was decided from a newer value than we have, although everything its writer had seen
 * stands before it in the log; so the log, or the snapshot we began with, lacks something. */
static enum err versions_hold(const struct store *store, struct record record)
{
    str key;
    log_pos version;
    enum err err = OK;

    while (record_next_read(&record, &key, &version)) {
        const struct store_entry *entry = store_find(store, key);

        if (entry && entry->version < version)
            return ERR_CORRUPT;
        if ((entry ? entry->version : 0) != version)
            err = ERR_CONFLICT;
    }
    return err;
}

static enum err apply(struct store *store, struct record record, log_pos position)
{
    str key, value;

    while (record_next_write(&record, &key, &value)) {
        const struct store_entry *entry = store_find(store, key);
        str was = { 0 };
        char *was_at = NULL;
        enum err err;

        if (entry) {
            was_at = bytes_copy(entry->value);
            if (was_at == NULL)
                return ERR_NO_MEMORY;
            was = str_bytes(was_at, entry->value.size);
        }
        if (str_present(value)) {
            err = entry_set(store, key, value, position);
            if (err != OK) {
                free(was_at);
                return err;
            }
        } else {
            entry_remove(store, key);
        }
        err = store->config.changed(store->config.ctx, key, was, value, record.time);
        free(was_at);
        TRY(err);
    }
    return OK;
}

/* The transaction of ours with that id; NULL if it is another process's. */
static struct store_txn *pending_find(struct store *store, uint64_t id)
{
    list_each(link, &store->pending) {
        struct store_txn *txn = container_of(link, struct store_txn, link);

        if (txn->id == id)
            return txn;
    }
    return NULL;
}

static void finish(struct store_txn *txn, enum err err)
{
    list_remove(&txn->link);
    free(txn->record);
    txn->record = NULL;
    txn->done(txn, err);
}

static enum err fold(struct store *store, const struct log_batch *batch)
{
    struct record record;
    struct store_txn *txn;
    enum err verdict;

    if (batch->count == 0)
        return OK;
    TRY(record_decode(batch->body, &record));
    verdict = versions_hold(store, record);
    if (verdict == ERR_CORRUPT && !store->config.accept_loss)
        return verdict;
    if (verdict != OK && store->loss.places)
        store->loss.transactions++;
    if (verdict == OK)
        TRY(apply(store, record, batch->first));
    store->folded_to = batch->first + batch->count;
    keeper_folded(&store->keeper, batch->body.size);
    txn = pending_find(store, record.id);
    if (txn == NULL)
        return OK;
    txn->err = verdict == OK ? OK : ERR_CONFLICT;
    txn->folded = true;
    if (txn->logged)
        finish(txn, txn->err);
    return OK;
}

/* A place in the log cannot be read any more. */
static void lost(struct store *store)
{
    char sentence[200];

    store->loss.places++;
    if (!store->config.accept_loss) {
        (void)snprintf(sentence, sizeof(sentence),
                       "the %.40s's log is damaged, and its state is not guessed: restore the data directory from a "
                       "backup, or see leat repair --help",
                       store->config.name);
        fail(store, ERR_CORRUPT, sentence);
        return;
    }
    (void)snprintf(sentence, sizeof(sentence), "the %.40s's log is damaged behind position %llu: what stood there is lost",
                   store->config.name, (unsigned long long)store->read.from);
    store_report(store, 2, sentence);
}

/* Fold what a read brought. True to go on reading. */
static bool fold_all(struct store *store, enum err err)
{
    bool more = false;

    if (err == ERR_STOPPED) { /* the log is closing: what is still pending is answered when the store is closed */
        store->failed = true;
        return false;
    }
    if (err != OK) {
        fail(store, err, "the log of the store cannot be read");
        return false;
    }
    if (store->read.damaged)
        lost(store);
    for (uint32_t i = 0; i < store->read.batch_count && !store->failed; i++) {
        enum err folded = fold(store, &store->read.batches[i]);

        if (folded != OK)
            fail(store, folded,
                 folded == ERR_CORRUPT ? "a record of the catalog's log rests on one that is missing: restore the data "
                                         "directory from a backup, or see leat repair --help"
                                       : "a record of the store's log cannot be folded");
    }
    if (!store->failed) {
        more = !store->read.at_end;
        if (store->folded_to < store->read.next)
            store->folded_to = store->read.next;
    }
    log_read_release(store->config.log, &store->read);
    return more;
}

static void caught_up(struct store *store)
{
    if (!store->opened) {
        store->opened = true;
        store->opened_call(store->config.ctx, OK);
    }
    keeper_consider(&store->keeper, &store->entries, store->value_bytes, store->folded_to);
}

static void read_done(struct log_read *read, enum err err)
{
    struct store *store = read->ctx;

    store->reading = false;
    if (fold_all(store, err))
        pump(store);
    else if (!store->failed)
        caught_up(store);
}

static void pump(struct store *store)
{
    while (!store->reading && !store->failed) {
        enum err err;

        store->read = (struct log_read){ .log = store->config.log_id,
                                         .from = store->folded_to,
                                         .bytes_max = FOLD_BYTES_MAX,
                                         .batches_max = FOLD_BATCHES_MAX,
                                         .done = read_done,
                                         .ctx = store };
        store->reading = true;
        err = log_read(store->config.log, &store->read);
        if (err == ERR_PENDING)
            return;
        store->reading = false;
        if (!fold_all(store, err)) {
            if (!store->failed)
                caught_up(store);
            return;
        }
    }
}

/* Refusals at once are told in a later turn as well, so that callers know one way only. */
static void refuse(struct os_timer *timer)
{
    struct store *store = container_of(timer, struct store, refusing);
    struct list refused, *link;

    list_init(&refused);
    list_take_all(&refused, &store->refused);
    while ((link = list_pop(&refused))) {
        struct store_txn *txn = container_of(link, struct store_txn, link);

        finish(txn, txn->err);
    }
}

static void grown(struct log_watch *watch)
{
    pump(container_of(watch, struct store, watch));
}

/* ---- open and close -------------------------------------------------------------------------------------------- */

/* The newest good snapshot has been read (or there is none): build the state from it and fold the rest. */
static void snapshot_loaded(void *ctx, enum err err, str bytes)
{
    struct store *store = ctx;
    struct snapshot snapshot;
    str key, value;
    log_pos version;

    if (store->failed) /* stopped meanwhile, and the log is closed */
        return;
    if (err == OK && str_present(bytes)) {
        err = snapshot_decode(bytes, &snapshot);
        store->folded_to = err == OK ? snapshot.position : 0;
        while (err == OK && snapshot_next(&snapshot, &key, &value, &version)) {
            err = entry_set(store, key, value, version);
            if (err == OK)
                err = store->config.changed(store->config.ctx, key, (str){ 0 }, value, 0);
        }
    }
    if (err != OK) {
        store->opened_call(store->config.ctx, err);
        return;
    }
    log_watch(store->config.log, &store->watch);
    if (log_watched(&store->watch))
        pump(store);
    else /* it would never hear of its own transactions */
        store->opened_call(store->config.ctx, ERR_NO_MEMORY);
}

enum err store_open(const struct store_config *config, void (*opened)(void *ctx, enum err err),
                    struct store **ret_store)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return ERR_NO_MEMORY;
    store->config = *config;
    store->opened_call = opened;
    store->watch = (struct log_watch){ .log = config->log_id, .grown = grown };
    list_init(&store->watch.link);
    list_init(&store->pending);
    list_init(&store->refused);
    store->refusing.fire = refuse;
    tree_init(&store->entries, config->seed);
    os_entropy(config->os, &store->next_id, sizeof(store->next_id));
    *ret_store = store;
    keeper_start(&store->keeper, &store->config, snapshot_loaded, store);
    store->keeper.held = config->accept_loss; /* the next one is written when its owner says so */
    return OK;
}

void store_hold(struct store *store, bool held)
{
    store->keeper.held = held;
}

enum err store_keep(struct store *store, void (*kept)(void *ctx, enum err err), void *ctx)
{
    return keeper_keep(&store->keeper, &store->entries, store->folded_to, kept, ctx);
}

struct store_loss store_loss(const struct store *store)
{
    return store->loss;
}

void store_stop(struct store *store)
{
    store->failed = true;
}

void store_close(struct store *store)
{
    struct list *link;
    struct tree_node *node;

    store->failed = true;
    keeper_stop(&store->keeper);
    list_take_all(&store->pending, &store->refused);
    while ((link = list_pop(&store->pending)))
        finish(container_of(link, struct store_txn, link), ERR_STOPPED);
    os_timer_stop(&store->refusing);
    while ((node = tree_first(&store->entries))) {
        tree_remove(&store->entries, node);
        entry_free(container_of(node, struct store_entry, node));
    }
    free(store);
}

/* ---- transactions ---------------------------------------------------------------------------------------------- */

void store_begin(struct store *store, struct store_txn *txn, struct arena *arena)
{
    void *ctx = txn->ctx;

    *txn = (struct store_txn){ .store = store, .arena = arena, .ctx = ctx };
    txn->last_write = &txn->writes;
    list_init(&txn->link);
}

const struct store_entry *store_read(struct store_txn *txn, str key)
{
    const struct store_entry *entry = store_find(txn->store, key);
    struct store_read *read;

    assert(key.size <= STORE_KEY_BYTES_MAX);
    for (read = txn->reads; read; read = read->next)
        if (str_eq(read->key, key))
            return entry;
    read = ARENA_NEW(txn->arena, struct store_read);
    if (read)
        read->key = arena_str(txn->arena, key);
    if (read == NULL || !str_present(read->key)) {
        txn->err = ERR_NO_MEMORY;
        return entry;
    }
    read->version = entry ? entry->version : 0;
    read->next = txn->reads;
    txn->reads = read;
    return entry;
}

static void add_write(struct store_txn *txn, str key, str value)
{
    struct store_write *write = ARENA_NEW(txn->arena, struct store_write);

    assert(key.size > 0 && key.size <= STORE_KEY_BYTES_MAX);
    if (write) {
        write->key = arena_str(txn->arena, key);
        write->value = arena_str(txn->arena, value);
    }
    if (write == NULL || !str_present(write->key) || (str_present(value) && !str_present(write->value))) {
        txn->err = ERR_NO_MEMORY;
        return;
    }
    *txn->last_write = write;
    txn->last_write = &write->next;
}

void store_put(struct store_txn *txn, str key, str value)
{
    assert(str_present(value));
    add_write(txn, key, value);
}

void store_remove(struct store_txn *txn, str key)
{
    add_write(txn, key, (str){ 0 });
}

bool store_has_writes(const struct store_txn *txn)
{
    return txn->writes != NULL;
}

static void fill(const struct log_append *append, char *to)
{
    const struct store_txn *txn = append->ctx;

    memcpy(to, txn->record, append->size);
}

/* The log has taken it (the fold answers, or has met it already and only waited for the log to let go of the
 * commit), or never will. */
static void logged(struct log_commit *commit, enum err err)
{
    struct store_txn *txn = commit->ctx;

    txn->logged = true;
    if (txn->folded)
        finish(txn, txn->err);
    else if (err != OK || txn->append.err != OK)
        finish(txn, err != OK ? err : ERR_STOPPED);
}

static enum err submit(struct store_txn *txn)
{
    struct store *store = txn->store;
    size_t size = record_size(txn);

    if (txn->err != OK)
        return txn->err;
    if (txn->arena->failed) /* what is to be written may lack a part */
        return ERR_NO_MEMORY;
    if (store->failed)
        return ERR_STOPPED;
    if (size > STORE_TXN_BYTES_MAX)
        return ERR_TOO_LARGE;
    txn->record = malloc(size);
    if (txn->record == NULL)
        return ERR_NO_MEMORY;
    txn->id = store->next_id++;
    record_encode(txn, txn->record);
    txn->append = (struct log_append){
        .log = store->config.log_id, .count = 1, .size = (uint32_t)size, .fill = fill, .ctx = txn
    };
    txn->commit = (struct log_commit){ .appends = &txn->append, .append_count = 1, .done = logged, .ctx = txn };
    return log_submit(store->config.log, &txn->commit);
}

void store_commit(struct store_txn *txn, ms time, void (*done)(struct store_txn *txn, enum err err))
{
    struct store *store = txn->store;

    assert(txn->writes || txn->err != OK);
    txn->time = time;
    txn->done = done;
    txn->err = submit(txn);
    if (txn->err == OK) {
        list_push(&store->pending, &txn->link);
        return;
    }
    if (list_empty(&store->refused))
        os_timer_start(store->config.loop, &store->refusing, 0);
    list_push(&store->refused, &txn->link);
}
