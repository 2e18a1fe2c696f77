#include "stream/throttle.h"

enum { MICRO = 1000000 };

int64_t bucket_level(struct bucket *bucket, int64_t rate, int64_t burst, int64_t now_us)
{
    int64_t passed = now_us - bucket->at_us;

    if (passed > 0 && bucket->balance < 0) {
        /* rate per second in millionths per microsecond is the same number; no overflow below 292 years at 1/s */
        if (passed > -bucket->balance / rate + 1)
            bucket->balance = 0;
        else
            bucket->balance += passed * rate;
        if (bucket->balance > 0)
            bucket->balance = 0;
    }
    if (passed > 0) /* else somebody who began later was judged before */
        bucket->at_us = now_us;
    return burst + (bucket->balance - (MICRO - 1) * (bucket->balance < 0)) / MICRO;
}

void bucket_charge(struct bucket *bucket, int64_t units)
{
    bucket->balance -= units * MICRO;
}

bool bucket_take(struct bucket *bucket, int64_t rate, int64_t burst, int64_t units, int64_t now_us)
{
    if (bucket_level(bucket, rate, burst, now_us) < units)
        return false;
    bucket_charge(bucket, units);
    return true;
}

int64_t bucket_wait_us(const struct bucket *bucket, int64_t rate, int64_t burst)
{
    int64_t debt = -(bucket->balance + burst * MICRO);

    return debt > 0 ? (debt + rate - 1) / rate : 0;
}
