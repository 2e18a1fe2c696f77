/* throttle.h: token buckets in fixed point. Pure: time is an argument.
 *
 * A bucket is full at first, refills at `rate` per second up to `burst`, and may go into debt: a call is admitted
 * while the balance is not negative and is then charged what it turned out to cost. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    int64_t balance; /* in millionths of a unit below full: 0 is full, so that a zeroed bucket is full */
    int64_t at_us;
};

/* Refill up to now; returns how many whole units are there (negative: debt). */
int64_t bucket_level(struct bucket *bucket, int64_t rate, int64_t burst, int64_t now_us);

/* Charge `units` after bucket_level of the same moment. */
void bucket_charge(struct bucket *bucket, int64_t units);

/* Admit `units` if that many are there, and charge them. */
bool bucket_take(struct bucket *bucket, int64_t rate, int64_t burst, int64_t units, int64_t now_us);

/* Microseconds until the level is not negative; 0 if it is not. */
int64_t bucket_wait_us(const struct bucket *bucket, int64_t rate, int64_t burst);
