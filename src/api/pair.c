/* pair.c: large bodies are hashed two at a time, which costs three quarters of one after the other.
 *
 *   a large body --nobody waits--> waits --another comes in the same turn of the loop--> both are hashed, and go on
 *                                    +-----the turn ends--> goes on, hashed alone
 *
 * Nobody waits for what has not come yet: at the end of the turn the loop would otherwise sleep, or read more. */
#include "api/room.h"
#include "os/os.h"

enum { LARGE_BYTES = 4096 };

static void leave(struct rq *rq)
{
    rq->api->single = NULL;
}

static struct rq *take_single(struct api *api)
{
    struct rq *rq = api->single;

    api->single = NULL;
    if (rq)
        rq->cancel = NULL;
    return rq;
}

static void turn_ends(struct os_message *message)
{
    struct api *api = container_of(message, struct api, turn_ends);
    struct rq *rq = take_single(api);

    api->turn_ends_posted = false;
    if (rq)
        rq_admit(rq);
}

/* Will its body be hashed, and does it take long? */
static bool is_worth_it(const struct rq *rq)
{
    const struct api *api = rq->api;

    return rq->http->body_size >= LARGE_BYTES && api->credentials && sigv4_has_pairs(api->config.sigv4) &&
           !str_present(http_find(rq->http, STR("x-amz-content-sha256")));
}

static void wait_for_another(struct rq *rq)
{
    struct api *api = rq->api;

    api->single = rq;
    rq->cancel = leave;
    if (api->turn_ends_posted)
        return;
    api->turn_ends_posted = true;
    api->turn_ends.run = turn_ends;
    os_post(api->config.loop, &api->turn_ends);
}

/* Without memory each is hashed by itself. */
static void hash_both(struct rq *one, struct rq *other)
{
    const str bodies[2] = { str_bytes(one->http->body, one->http->body_size),
                            str_bytes(other->http->body, other->http->body_size) };
    char *to = arena_bytes(&one->arena, SIGV4_HASH_CHARS), *to_other = arena_bytes(&other->arena, SIGV4_HASH_CHARS);
    char hashes[2][SIGV4_HASH_CHARS];

    if (to == NULL || to_other == NULL)
        return;
    sigv4_hash_pair(one->api->config.sigv4, bodies, hashes);
    memcpy(to, hashes[0], SIGV4_HASH_CHARS);
    memcpy(to_other, hashes[1], SIGV4_HASH_CHARS);
    one->body_hash = to;
    other->body_hash = to_other;
}

void pair_admit(struct rq *rq)
{
    struct rq *single;

    if (!is_worth_it(rq)) {
        rq_admit(rq);
        return;
    }
    single = take_single(rq->api);
    if (single == NULL) {
        wait_for_another(rq);
        return;
    }
    hash_both(single, rq);
    rq_admit(single);
    rq_admit(rq);
}
