/* run.c: what is kept per stream and shard while it is in use, and the puts that wait.
 *
 * A put waits when its shard has ended and the children are not there yet, or while a data key is on its way to the
 * disk. Every change of the catalog or of the keys lets all of them try again, one turn later; a put that has waited
 * too long is refused. */
#include <assert.h>
#include <stdlib.h>

#include "stream/room.h"
#include "stream/subscription.h"

enum { WAITING_LOOK_US = 1000000 };

struct stream_run *stream_run(struct stream *stream)
{
    struct stream_run *run = stream->run;

    if (run == NULL) {
        run = stream->run = calloc(1, sizeof(*run));
        if (run)
            list_init(&run->waiting);
    }
    return run;
}

struct shard_run *shard_run(struct shard *shard)
{
    struct shard_run *run = shard->run;

    if (run == NULL) {
        run = shard->run = calloc(1, sizeof(*run));
        if (run) {
            run->shard = shard;
            list_init(&run->subscriptions);
        }
    }
    return run;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static void again(struct os_timer *timer)
{
    struct streams *streams = container_of(timer, struct streams, again);
    struct list puts;

    list_init(&puts);
    for (struct stream *stream = catalog_each_stream(streams->config.catalog, NULL); stream;
         stream = catalog_each_stream(streams->config.catalog, stream)) {
        struct stream_run *run = stream->run;

        if (run)
            list_take_all(&puts, &run->waiting);
    }
    while (!list_empty(&puts)) {
        struct put *put = container_of(list_pop(&puts), struct put, link);

        streams->waiting_count--;
        put_again(put);
    }
}

static void start_again(struct streams *streams)
{
    if (streams->waiting_count > 0 && !streams->stopped)
        os_timer_start(streams->config.loop, &streams->again, 0);
}

bool waiting_add(struct streams *streams, struct stream_run *run, struct put *put)
{
    if (streams->waiting_count >= streams->config.waiting_max || streams->stopped)
        return false;
    if (put->waiting_since_us == 0)
        put->waiting_since_us = os_mono_us(streams->config.os);
    if (streams->waiting_count++ == 0)
        os_timer_start(streams->config.loop, &streams->waiting_timer, WAITING_LOOK_US);
    list_push(&run->waiting, &put->link);
    return true;
}

/* Refuse what has waited too long. */
static void waiting_look(struct os_timer *timer)
{
    struct streams *streams = container_of(timer, struct streams, waiting_timer);
    int64_t oldest_us = os_mono_us(streams->config.os) - streams->config.waiting_ms_max * 1000;

    for (struct stream *stream = catalog_each_stream(streams->config.catalog, NULL); stream;
         stream = catalog_each_stream(streams->config.catalog, stream)) {
        struct stream_run *run = stream->run;

        if (run == NULL)
            continue;
        list_each(link, &run->waiting) {
            struct put *put = container_of(link, struct put, link);

            if (put->waiting_since_us > oldest_us)
                continue;
            list_remove(link);
            streams->waiting_count--;
            put_give_up(put, ERR_TIMEOUT);
        }
    }
    if (streams->waiting_count)
        os_timer_start(streams->config.loop, timer, WAITING_LOOK_US);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

enum err streams_create(const struct streams_config *config, struct streams **ret_streams)
{
    struct streams *streams = calloc(1, sizeof(*streams));

    if (streams == NULL)
        return ERR_NO_MEMORY;
    streams->config = *config;
    streams->again.fire = again;
    streams->waiting_timer.fire = waiting_look;
    *ret_streams = streams;
    return OK;
}

static void shard_run_free(struct shard *shard)
{
    struct shard_run *run = shard->run;

    if (run == NULL)
        return;
    subscriptions_end(&run->subscriptions, ERR_NOT_FOUND);
    free(run);
    shard->run = NULL;
}

static void stream_run_free(struct streams *streams, struct stream *stream, enum err err)
{
    struct stream_run *run = stream->run;

    if (run == NULL)
        return;
    while (!list_empty(&run->waiting)) { /* who is told so counts it here, and would make another run */
        streams->waiting_count--;
        put_give_up(container_of(list_pop(&run->waiting), struct put, link), err);
    }
    stream->run = NULL;
    free(run);
}

void streams_stop(struct streams *streams)
{
    streams->stopped = true;
    os_timer_stop(&streams->again);
    os_timer_stop(&streams->waiting_timer);
}

void streams_destroy(struct streams *streams)
{
    streams_stop(streams);
    for (struct stream *stream = catalog_each_stream(streams->config.catalog, NULL); stream;
         stream = catalog_each_stream(streams->config.catalog, stream)) {
        for (size_t i = 0; i < stream->shard_count; i++)
            shard_run_free(stream->shards[i]);
        stream_run_free(streams, stream, ERR_STOPPED);
    }
    assert(streams->waiting_count == 0);
    free(streams);
}

void streams_event(struct streams *streams, enum catalog_event event, struct stream *stream, void *object)
{
    switch (event) {
    case SHARD_GONE:
        shard_run_free(object);
        break;
    case STREAM_GONE:
        stream_run_free(streams, stream, ERR_NOT_FOUND);
        break;
    case CONSUMER_GONE:
        subscriptions_end_consumer(stream, object);
        break;
    case STREAM_CHANGED:
    case SHARD_CHANGED:
    case CONSUMER_CHANGED:
        break;
    }
    start_again(streams);
}

void streams_keys_changed(struct streams *streams)
{
    start_again(streams);
}

ms stream_horizon(const struct stream *stream, ms now)
{
    return now - stream_retention_ms(stream);
}
