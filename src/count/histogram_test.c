#include "histogram.c"

#include "unit.h"

TEST("every value lies in a bucket that is at most a quarter too high")
{
    for (uint64_t value = 0; value < 100000; value++) {
        unsigned bucket = bucket_of(value);

        CHECK(value <= histogram_bound(bucket));
        CHECK(histogram_bound(bucket) <= value + value / 4);
        CHECK(bucket == 0 || histogram_bound(bucket - 1) < value);
    }
    CHECK(bucket_of(UINT64_MAX) == HISTOGRAM_BUCKETS - 1);
}

TEST("quantiles of a known distribution")
{
    struct histogram histogram = { 0 };

    CHECK_INT(histogram_quantile(&histogram, 500), 0);
    for (uint64_t value = 1; value <= 1000; value++)
        histogram_add(&histogram, value);
    CHECK(histogram_quantile(&histogram, 500) >= 500 && histogram_quantile(&histogram, 500) <= 625);
    CHECK_INT(histogram_quantile(&histogram, 1000), 1000);
    CHECK_INT(histogram.sum, 500500);
}

UNIT_MAIN
