#include "catalog/layout.h"

#include <assert.h>

/* floor(2^128 / n) */
static u128 width_of(uint32_t n)
{
    u128 quotient = U128_MAX / n;

    return U128_MAX % n == n - 1 ? quotient + 1 : quotient;
}

void layout_range(uint32_t n, uint32_t i, u128 *ret_start, u128 *ret_end)
{
    u128 width;

    assert(n > 0 && i < n);
    if (n == 1) {
        *ret_start = 0;
        *ret_end = U128_MAX;
        return;
    }
    width = width_of(n);
    *ret_start = width * i;
    *ret_end = i == n - 1 ? U128_MAX : width * (i + 1) - 1;
}

bool layout_precedes(u128 a_end, u128 b_start)
{
    return a_end != U128_MAX && a_end + 1 == b_start;
}

enum layout_step layout_next(struct shard *const *open, size_t open_count, uint32_t target, size_t *ret_at,
                             u128 *ret_key)
{
    size_t at = 0;

    for (uint32_t i = 0; i < target && at < open_count; i++) {
        u128 start, end;

        layout_range(target, i, &start, &end);
        assert(open[at]->start == start);
        *ret_at = at;
        *ret_key = end + 1;
        if (open[at]->end > end)
            return LAYOUT_SPLIT;
        if (open[at]->end < end) {
            assert(at + 1 < open_count);
            if (open[at + 1]->end <= end)
                return LAYOUT_MERGE;
            *ret_at = at + 1;
            return LAYOUT_SPLIT;
        }
        at++;
    }
    return LAYOUT_DONE;
}
