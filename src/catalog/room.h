/* room.h: what the files of this room share. Nobody else includes it. */
#pragma once

#include "base/map.h"
#include "catalog/catalog.h"

struct catalog {
    struct catalog_config config;
    struct store *store;
    struct tree streams; /* by "account/region/name" */
    struct map by_id;
    bool opened, stopped;
    bool looked; /* expiry.c: at both clocks, when they were so */
    ms looked_wall, looked_mono, expiry_from; /* expiry_from: by the monotonic clock */
    void (*opened_call)(void *ctx, enum err err);
};

/* May things happen by themselves? */
static inline bool catalog_is_live(const struct catalog *catalog)
{
    return catalog->opened && !catalog->stopped;
}

/* view.c: the fold of one record into the objects. */
enum err view_changed(void *ctx, str key, str was, str now, ms time);
void view_free(struct catalog *catalog);

/* transition.c: what happens by itself. Arm or disarm the timers of an object after it has changed, or (`waited`) after
 * its timer has fired. */
void transition_arm_stream(struct stream *stream, bool waited);
void transition_arm_consumer(struct consumer *consumer, bool waited);

/* expiry.c: remove closed shards that have expired, now or when they will have. */
void expiry_arm(struct stream *stream);
