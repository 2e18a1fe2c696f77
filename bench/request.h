/* request.h: a complete HTTP/1.1 request in memory, signed, ready to be sent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire {
    WIRE_JSON,
    WIRE_CBOR,
};

/* Whom we talk to. */
struct target {
    uint16_t port;
    const char *access_key, *secret_key, *region;
};

struct request {
    char *at;
    size_t size;
    int replies; /* how many a dialect's server gives; HTTP has one */
};

/* Signs with SigV4 for `target` as of now; the body is copied. False: no memory. */
bool request_build(const struct target *target, const char *operation, enum wire wire, const void *body, size_t size,
                   struct request *ret_request);
void request_deinit(struct request *request);

/* Growing bytes, for bodies. After the first failed allocation everything is refused and `failed` stays set. */
struct bytes {
    char *at;
    size_t size, capacity;
    bool failed;
};

bool bytes_reserve(struct bytes *bytes, size_t more);
void bytes_add(struct bytes *bytes, const void *at, size_t size);
__attribute__((format(printf, 2, 3))) void bytes_printf(struct bytes *bytes, const char *format, ...);
void bytes_deinit(struct bytes *bytes);
