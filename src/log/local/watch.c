/* watch.c: who waits for a log to grow. Called from a message of its own, so never from within a call. */
#include <assert.h>
#include <stdlib.h>

#include "log/local/engine.h"

struct watch_node {
    log_id log;
    struct list watches;
    struct list dirty;
    uint32_t count;
    bool calling;
};

void watch_add(struct log *log, struct log_watch *watch)
{
    struct local *local = container_of(log, struct local, log);
    struct watch_node *node = idmap_get(&local->watches, watch->log);

    list_init(&watch->link);
    if (!node) {
        node = calloc(1, sizeof(*node));
        if (!node || idmap_put(&local->watches, watch->log, node) != OK) {
            list_push(&local->watches_deaf, &watch->link);
            free(node);
            return;
        }
        node->log = watch->log;
        list_init(&node->watches);
        list_init(&node->dirty);
    }
    list_push(&node->watches, &watch->link);
    node->count++;
}

static bool is_deaf(const struct local *local, const struct log_watch *watch)
{
    list_each(link, &local->watches_deaf) {
        if (link == &watch->link)
            return true;
    }
    return false;
}

static void node_drop(struct local *local, struct watch_node *node)
{
    if (node->count > 0 || node->calling)
        return;
    list_remove(&node->dirty);
    idmap_remove(&local->watches, node->log);
    free(node);
}

void watch_remove(struct log *log, struct log_watch *watch)
{
    struct local *local = container_of(log, struct local, log);
    struct watch_node *node = idmap_get(&local->watches, watch->log);

    if (list_empty(&watch->link))
        return;
    if (is_deaf(local, watch)) {
        list_remove(&watch->link);
        return;
    }
    assert(node && node->count > 0);
    list_remove(&watch->link);
    node->count--;
    node_drop(local, node);
}

static void node_call(struct local *local, struct watch_node *node)
{
    struct list now, *link;

    list_init(&now);
    list_take_all(&now, &node->watches);
    node->calling = true;
    while ((link = list_pop(&now))) {
        struct log_watch *watch = container_of(link, struct log_watch, link);

        list_push(&node->watches, link); /* it may unwatch itself, or others, from within */
        watch->grown(watch);
    }
    node->calling = false;
    node_drop(local, node);
}

void watch_run(struct local *local)
{
    struct list now, *link;

    list_init(&now);
    list_take_all(&now, &local->watches_dirty);
    while ((link = list_pop(&now)))
        node_call(local, container_of(link, struct watch_node, dirty));
    list_take_all(&now, &local->watches_deaf);
    while ((link = list_pop(&now))) {
        struct log_watch *watch = container_of(link, struct log_watch, link);

        list_push(&local->watches_deaf, link);
        watch->grown(watch);
    }
}

static void on_run(struct os_message *message)
{
    struct local *local = container_of(message, struct local, watches_run);

    local->watches_posted = false;
    watch_run(local);
    local_job_done(local);
}

void watch_grown(struct local *local, const struct tail_frame *frame)
{
    for (uint32_t i = 0; i < frame->batch_count && local->watches.count; i++) {
        struct watch_node *node = idmap_get(&local->watches, frame->logs[i]->id);

        if (node && list_empty(&node->dirty))
            list_push(&local->watches_dirty, &node->dirty);
    }
    if ((list_empty(&local->watches_dirty) && list_empty(&local->watches_deaf)) || local->watches_posted)
        return;
    local->watches_posted = true;
    local->watches_run.run = on_run;
    local->jobs++;
    os_post(local->loop, &local->watches_run);
}

void watches_deinit(struct local *local)
{
    size_t cursor = 0;

    for (struct idmap_slot *slot; (slot = idmap_next(&local->watches, &cursor));)
        free(slot->value);
    idmap_deinit(&local->watches);
}
