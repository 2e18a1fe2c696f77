#include "throttle.c"

#include "unit.h"

TEST("a fresh bucket is full, and refills at its rate up to its burst")
{
    struct bucket bucket = { 0 };
    int64_t now = 5000000;

    for (int i = 0; i < 1000; i++)
        CHECK(bucket_take(&bucket, 1000, 1000, 1, now));
    CHECK(!bucket_take(&bucket, 1000, 1000, 1, now));
    now += 500000;
    CHECK_INT(bucket_level(&bucket, 1000, 1000, now), 500);
    CHECK(bucket_take(&bucket, 1000, 1000, 500, now));
    CHECK(!bucket_take(&bucket, 1000, 1000, 1, now));
    now += 3600ll * 1000000;
    CHECK_INT(bucket_level(&bucket, 1000, 1000, now), 1000);
}

TEST("debt is paid off before the next admission")
{
    struct bucket bucket = { 0 };
    int64_t now = 1;

    CHECK_INT(bucket_level(&bucket, 2, 2, now), 2);
    bucket_charge(&bucket, 10);
    CHECK_INT(bucket_level(&bucket, 2, 2, now), -8);
    CHECK_INT(bucket_wait_us(&bucket, 2, 2), 4000000);
    now += 3999999;
    CHECK(bucket_level(&bucket, 2, 2, now) < 0);
    now += 1;
    CHECK_INT(bucket_level(&bucket, 2, 2, now), 0);
    CHECK_INT(bucket_wait_us(&bucket, 2, 2), 0);
}

TEST("a request that began earlier and is judged later brings no time twice")
{
    struct bucket bucket = { 0 };
    int64_t now = 10000000;

    CHECK(bucket_take(&bucket, 5, 5, 5, now));
    CHECK(!bucket_take(&bucket, 5, 5, 1, now - 1000000));
    CHECK(!bucket_take(&bucket, 5, 5, 1, now + 100000));
    CHECK_INT(bucket_level(&bucket, 5, 5, now + 200000), 1);
}

TEST("fractions are not lost between small steps")
{
    struct bucket bucket = { 0 };
    int64_t now = 0, taken = 0;

    for (int i = 0; i < 1000000; i += 7) {
        now += 7;
        taken += bucket_take(&bucket, 1000, 1, 1, now);
    }
    CHECK(taken >= 999 && taken <= 1002);
}

UNIT_MAIN
