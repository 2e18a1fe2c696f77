/* histogram.h: the distribution of a quantity in buckets of powers of two, four to each: at most 19 % off. */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 4 * 40 };

struct histogram {
    uint64_t count, sum, max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The smallest bucket bound below which `per_mille` thousandths of the values lie; 0 when empty. */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille);

/* The upper bound of a bucket, inclusive. */
uint64_t histogram_bound(unsigned bucket);
