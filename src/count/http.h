/* http.h: what is counted about connections. Plain fields, bumped on the loop's thread. */
#pragma once

#include <stdint.h>

struct count_http {
    uint64_t accepted, refused, requests, bytes_in, memory_refused;
    uint64_t connections;   /* now */
    uint64_t memory_bytes;  /* bodies and answers held; now */
};
