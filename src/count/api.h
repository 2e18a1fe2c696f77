/* api.h: what is counted about requests. Plain fields, bumped on the loop's thread. */
#pragma once

#include "count/histogram.h"

enum { COUNT_OPERATIONS_MAX = 256 };

struct count_operation {
    uint64_t ok, refused, failed; /* 2xx, 4xx, 5xx */
    struct histogram micros;
};

struct count_api {
    struct count_operation operations[COUNT_OPERATIONS_MAX]; /* by the service's operation index */
    uint64_t envelope_refused;   /* before an operation was known */
    uint64_t signature_refused, access_denied, rate_refused;
    uint64_t conflicts;          /* handlers run again */
    uint64_t bytes_in, bytes_out;
    uint64_t live;               /* now */
};
