/* iter.h: the tokens that clients keep for us: shard iterators and page tokens.
 *
 * An iterator is not a thing we keep but a sealed text: position, shard, incarnation of the stream and time of issue,
 * encrypted and authenticated. A million idle readers cost nothing, and a restarted server honours tokens it never
 * saw. The price: a token can be replayed. So it grants nothing its owner could not read anyway, and it dies after
 * five minutes.
 *
 *   8 bytes 00 00 00 00 00 00 00 01 | sealed (vault/seal.h): kind, issued, ids, names, padded so that all but the
 *   first 8 bytes is a multiple of 16; base64 of 152 to 280 bytes begins AAAAAAAAAAE, F, G or H for iterators
 *
 * Three refusals, kept apart because clients react differently: EXPIRED_ITERATOR (ask for a new one), INVALID_ARGUMENT
 * (not ours, or altered), and NOT_FOUND, which is the caller's to say (the shard went with its retention). */
#pragma once

#include "base/arena.h"
#include "base/date.h"
#include "log/log.h"
#include "vault/seal.h"

enum { ITER_LIFE_MS = 300000, ITER_TEXT_MAX = 128 };

struct iter_sealer; /* one key, one thread */

must_use enum err iter_sealer_create(const uint8_t key[static SEAL_KEY_BYTES], uint32_t epoch,
                                     struct iter_sealer **ret_sealer);
void iter_sealer_destroy(struct iter_sealer *sealer);

struct iter {
    ms issued;
    uint64_t stream_id;
    uint32_t shard;
    log_pos position;                 /* the first position wanted */
    ms not_before;                    /* of an AT_TIMESTAMP that has not found its record yet; 0 otherwise */
    str account, region, stream_name; /* for texts after the stream is gone; cut at ITER_TEXT_MAX */
};

/* The text, in `arena`; absent without memory. */
str iter_encode(struct iter_sealer *sealer, const struct iter *iter, struct arena *arena);

/* INVALID_ARGUMENT if it is not ours; texts point into `arena`. The age is not looked at: see iter_expired. One pair of
 * double quotes around it is passed over. */
must_use enum err iter_decode(struct iter_sealer *sealer, str text, struct arena *arena, struct iter *ret_iter);

bool iter_expired(ms issued, ms now);

/* A page token: the name of its operation, when it was issued, and whatever the operation needs to go on (at most
 * 4 KiB). Decoding another operation's token is INVALID_ARGUMENT. */
str page_encode(struct iter_sealer *sealer, str operation, ms now, str state, struct arena *arena);
must_use enum err page_decode(struct iter_sealer *sealer, str operation, str text, struct arena *arena, ms *ret_issued,
                              str *ret_state);
