#include "count/histogram.h"

/* Values 0-3 have a bucket each; above, the top bit picks a group of four and the next two bits one of them. */
static unsigned bucket_of(uint64_t value)
{
    unsigned top, bucket;

    if (value < 4)
        return (unsigned)value;
    top = 63 - (unsigned)__builtin_clzll(value);
    bucket = (top - 1) * 4 + (unsigned)(value >> (top - 2) & 3);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_bound(unsigned bucket)
{
    unsigned top = bucket / 4 + 1;

    if (bucket < 4)
        return bucket;
    return ((uint64_t)(bucket % 4 + 5) << (top - 2)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->sum += value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->buckets[bucket_of(value)]++;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille)
{
    uint64_t want = (histogram->count * per_mille + 999) / 1000, seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= want && seen > 0)
            return histogram_bound(i) < histogram->max ? histogram_bound(i) : histogram->max;
    }
    return 0;
}
